"""`python -m sandbox`: the stand-ins on one port, the mail server on another, until Ctrl-C or SIGTERM."""

from __future__ import annotations

import argparse
import signal
import sys
import threading

from sandbox.app import serve


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m sandbox", description="Stand-ins of the providers.")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on")
    parser.add_argument("--port", type=int, default=9100, help="HTTP port")
    parser.add_argument("--smtp-port", type=int, default=9125, help="SMTP port")
    parser.add_argument("--webhook-base", help="push every change to <this>/webhooks/<provider>")
    parser.add_argument(
        "--redirect", action="append", default=[], help="one more redirect address to register, `*` for any part"
    )
    given = parser.parse_args()

    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    try:
        with serve(given.port, given.smtp_port, given.webhook_base, tuple(given.redirect), given.host) as base:
            sys.stdout.write(f"sandbox: {base} · mail on port {base.smtp_port}, to read at {base}/outbox\n")
            sys.stdout.flush()
            ended.wait()
    except OSError as error:
        sys.stderr.write(f"sandbox: cannot listen on {given.host}, ports {given.port} and {given.smtp_port}: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
