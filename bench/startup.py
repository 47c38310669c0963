"""Starting and resting: `python -m bench.startup [--starts 3] [--sqlite]`.

Runs `cli.py up` in a folder of its own: seconds from the command to the first answer of /healthz, for the first start,
which makes the database, and for later ones, which find it. Then what each role's processes hold in memory at rest
(PSS: what is shared is divided among those who share it), and the CPU that importing the application takes.
"""

from __future__ import annotations

import http.client
import os
import resource
import signal
import statistics
import subprocess
import sys
import time
from collections import defaultdict
from pathlib import Path

from bench import figures, stage

RUNS = ([], ["--sqlite"])
ROLES = {
    "gunicorn": "web", "webhooks@": "webhooks", "redbeat": "beat", "-Q default": "worker", "sandbox": "sandbox",
    "valkey": "valkey", "cli.py up": "supervisor",
}  # fmt: skip
PATIENCE = 120.0


class Daybook:
    """`cli.py up` in one folder, on ports of its own."""

    def __init__(self, folder: str, database: str) -> None:
        self.ports = {name: stage.free_port() for name in ("PORT", "VALKEY_PORT", "SANDBOX_SMTP_PORT", "SANDBOX")}
        given = {name: value for name, value in os.environ.items() if name not in ("REDIS_URL", "DATABASE_URL")}
        self.environment = given | {name: str(port) for name, port in self.ports.items()}
        self.environment |= {
            "SANDBOX_URL": f"http://127.0.0.1:{self.ports['SANDBOX']}",
            "PUBLIC_URL": f"http://127.0.0.1:{self.ports['PORT']}",
            "VAR_DIR": folder,
            "DATABASE_URL": database,
        }

    def start(self) -> float:
        """Seconds until /healthz answers."""
        began = time.monotonic()
        self.process = subprocess.Popen(
            [sys.executable, "cli.py", "up"], cwd=stage.ROOT, env=self.environment, start_new_session=True,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        while not self._answers():
            if self.process.poll() is not None or time.monotonic() - began > PATIENCE:
                raise RuntimeError("Daybook did not start")
            time.sleep(0.02)
        return time.monotonic() - began

    def _answers(self) -> bool:
        connection = http.client.HTTPConnection("127.0.0.1", self.ports["PORT"], timeout=2)
        try:
            connection.request("GET", "/healthz")
            return connection.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    def stop(self) -> None:
        self.process.send_signal(signal.SIGINT)
        self.process.wait(30)

    def memory(self) -> dict[str, list[float]]:
        """MB of each process, by role."""
        held = defaultdict(list)
        for pid in descendants(self.process.pid):
            command = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
            role = next((name for mark, name in ROLES.items() if mark in command), None)
            if role is not None:
                held[role].append(proportional_megabytes(pid))
        return held


def descendants(pid: int) -> list[int]:
    """A process and all below it."""
    found = [pid]
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    for child in map(int, children):
        found += descendants(child)
    return found


def proportional_megabytes(pid: int) -> float:
    """PSS of a process."""
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) / 1024
    return 0.0


def import_seconds() -> float:
    """CPU of a process that imports the application and ends."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-c", "import wsgi"], cwd=stage.ROOT, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> None:
    parser = figures.parser(__doc__, sqlite=True)
    parser.add_argument("--starts", type=int, default=3, help="how often to start again after the first start")
    options = parser.parse_args()
    stage.empty("sqlite" if options.sqlite else "postgresql")
    import_seconds()
    figures.report("import wsgi, CPU", statistics.median(import_seconds() for _ in range(3)), "s")
    daybook = Daybook(os.environ["VAR_DIR"], os.environ["DATABASE_URL"])
    figures.report("first start, with an empty database", daybook.start(), "s", at_most=90)
    daybook.stop()
    again = []
    for number in range(options.starts):
        again.append(daybook.start())
        if number < options.starts - 1:
            daybook.stop()
    figures.report("start with yesterday's data", statistics.median(again), "s", at_most=5)
    time.sleep(15)  # worker and beat start after the web
    for role, each in sorted(daybook.memory().items()):
        figures.report(f"memory of {role}, {len(each)} processes", sum(each), "MB")
    daybook.stop()


if __name__ == "__main__":
    main()
