"""A long export: `python -m bench.export [--sessions 100000]`, as JSON and as CSV, over HTTP from the real server.

Shown are the seconds to the first byte and to the last, by how much the web's peak memory grew beyond that of an export
of a hundredth of it, and what other requests wait meanwhile. The file is read back and counted.
"""

from __future__ import annotations

import csv
import io
import json
import os
import subprocess
import time
import urllib.request

from bench import figures, load, stage
from bench.pace import Pace

BAR_FIRST, BAR_LAST, BAR_MB = 2.0, 60.0, 200.0
_SESSIONS = """
INSERT INTO focus_sessions (owner_id, kind, planned_seconds, started_at, ended_at, counted_us, pomodoros, completed,
                            uid)
SELECT :owner, 'focus', 1500, began, began + interval '25 minutes', 1500000000, 1, true, gen_random_uuid()
FROM (SELECT now() - number * interval '30 minutes' - interval '1 day' AS began
      FROM generate_series(0, :count - 1) AS number) AS made
"""
_STRETCHES = """
INSERT INTO focus_stretches (owner_id, session_id, started_at, ended_at, seconds)
SELECT owner_id, id, started_at, ended_at, 1500 FROM focus_sessions
"""


def main() -> None:
    given = figures.parser(__doc__)
    given.add_argument("--sessions", type=int, default=100_000)
    count = given.parse_args().sessions
    stage.prepare()
    os.environ.update(RATE_LIMITS="false", LOG_LEVEL="ERROR", WEB_WORKERS="1")
    few, many, other = furnish(count // 100, count)
    for format in ("json", "csv"):
        with stage.server() as web:
            worker = int(subprocess.run(["pgrep", "-P", str(web.pid)], stdout=subprocess.PIPE, check=True).stdout)
            reads = [load.get("/tymblok/v1/blocks?date=2026-01-31", other)]
            load.run(web.port, reads, connections=4, seconds=1)
            fetch(web.port, format, few)
            before = stage.peak_megabytes(worker)
            pace = Pace(web.port, reads, 20)
            time.sleep(3)
            alone = pace.stop()
            pace = Pace(web.port, reads, 20)
            first, last, text = fetch(web.port, format, many)
            beside = pace.stop()
            grown = stage.peak_megabytes(worker) - before
        rows = len(json.loads(text)["pomodoro_sessions"]) if format == "json" else sum(
            row["record"] == "session" for row in csv.DictReader(io.StringIO(text, newline=""))
        )  # fmt: skip
        assert rows == count, f"{rows} sessions of {count}"
        what = f"{format}, {count:,} sessions, {len(text) / 1e6:.0f} MB"
        figures.report(f"{what}: first byte", first, "s", at_most=BAR_FIRST)
        figures.report(f"{what}: last byte", last, "s", at_most=BAR_LAST)
        figures.report(f"{what}: growth of the web's peak memory", grown, "MB", at_most=BAR_MB)
        figures.report(f"{what}: reads next to it, p95", beside.p95, "ms", beside=("alone", alone.p95))


def furnish(few: int, many: int) -> tuple[str, str, str]:
    """Tokens of two people with so many sessions, and of one who asks for other things."""
    from sqlalchemy import text

    import models.tables  # noqa: F401
    from models import db
    from models.logins import Login
    from models.users import User

    tokens = []
    with db.transaction():
        db.session.execute(text("SET LOCAL statement_timeout = 0"))
        for name, count in (("few", few), ("many", many)):
            user = User.register(f"{name}@example.com", None)
            db.session.execute(text(_SESSIONS), {"owner": user.id, "count": count})
            tokens.append(Login.start(user, "focusflow", 3600).access)
        db.session.execute(text(_STRETCHES))
        other = Login.start(User.register("other@example.com", None), "tymblok", 3600).access
    return tokens[0], tokens[1], other


def fetch(port: int, format: str, token: str) -> tuple[float, float, str]:
    """Seconds to the first and to the last byte, and the text."""
    address = f"http://127.0.0.1:{port}/focusflow/api/v1/export/data/?format={format}"
    began = time.monotonic()
    with urllib.request.urlopen(
        urllib.request.Request(address, headers={"Authorization": f"Bearer {token}"}), timeout=120
    ) as answer:
        start = answer.read(1)
        first = time.monotonic() - began
        text = (start + answer.read()).decode()
    return first, time.monotonic() - began, text


if __name__ == "__main__":
    main()
