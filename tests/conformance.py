"""The conformance runner against the product, on ports and data of its own: `python -m tests.conformance [ARGS]`."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from settings import ROOT
from tests.product import Product

RUNNER = ROOT.parent / "shared" / "conformance" / "run.py"
WHAT_ITS_CLIENTS_NEED = {
    "TRUSTED_PROXIES": "1",
    "WEBHOOK_ALLOWED_HOSTS": "127.0.0.1:8765",
    "ALLOWED_REDIRECT_URIS": "tymblok://auth/callback,tymblok://",
}


def main(arguments: list[str]) -> int:
    if not RUNNER.exists():
        print(f"conformance: not run, there is no {RUNNER}")
        return 0
    wanted = {name: os.environ[name] for name in ("DATABASE_URL", "REDIS_URL", "BROKER_URL") if name in os.environ}
    with tempfile.TemporaryDirectory() as folder, Product(Path(folder), **WHAT_ITS_CLIENTS_NEED, **wanted) as product:
        try:
            product.wait_until_it_serves(90)
        except TimeoutError as error:
            print(error)
            return 2
        command = [sys.executable, str(RUNNER), "--base", product.url, "--trust-forwarded", *arguments]
        environment = os.environ | {"PYTHONDONTWRITEBYTECODE": "1"}
        return subprocess.run(command, env=environment, stdin=subprocess.DEVNULL, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
