"""A first sync of 5,000 issues beside dlt and tap-github with target-postgres: `python -m bench.peers`.

All read the same recorded pages from the same small server and end in the same PostgreSQL. dlt (REST source, flat,
merged) and tap-github are told of by the environment, and left out where they are not: BENCH_DLT_PYTHON, a Python
that has `dlt[postgres]`; BENCH_TAP_GITHUB and BENCH_TARGET_POSTGRES, the two programs. tap's time is that of the
whole processes, the others' begins behind their imports.
"""

from __future__ import annotations

import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bench import figures, roles, stage, sync
from bench.replay import REPOSITORY

DLT, TAP, TARGET = "BENCH_DLT_PYTHON", "BENCH_TAP_GITHUB", "BENCH_TARGET_POSTGRES"


def record(folder: Path) -> tuple[int, str]:
    """The sandbox's pages, and an account that is connected to it."""
    import httpx

    with roles.sandbox() as base:
        spec = {"count": sync.ITEMS, "account": "mara", "page_kb": 445}
        httpx.post(f"{base}/github/_control/items", json=spec, timeout=60).raise_for_status()
        number, token = sync.connect()
        url: str | None = f"{base}/github/issues?filter=assigned&state=open&per_page=100"
        page = 0
        while url:
            answer = httpx.get(url, headers={"Authorization": f"token {token}"}, timeout=60).raise_for_status()
            page += 1
            issues = [{**issue, "type": None} for issue in answer.json()]  # GitHub tells of types, and tap asks for it
            (folder / f"{page}.json").write_text(json.dumps(issues))
            url = answer.links.get("next", {}).get("url")
    return number, token


@contextmanager
def replayed(folder: Path) -> Iterator[str]:
    port = stage.free_port()
    process = subprocess.Popen([sys.executable, "-m", "bench.replay", str(port), str(folder)], cwd=stage.ROOT)
    try:
        time.sleep(0.7)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(10)


def address() -> str:
    """The database as other programs have it; they ask for a password where none is needed."""
    return stage.POSTGRESQL.replace("+psycopg", "").replace("@", ":none@", 1)


def dlt(base: str) -> dict[str, Any]:
    # -I: the script's folder holds modules of ours that are called like the library's.
    script = str(stage.ROOT / "bench" / "with_dlt.py")
    command = [os.environ[DLT], "-I", script, f"{base}/github/", address()]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, cwd=tempfile.gettempdir())
    return dict(json.loads(done.stdout.splitlines()[-1]))


def tap(base: str) -> dict[str, Any]:
    """tap-github, its issues alone, into target-postgres."""
    folder = Path(tempfile.mkdtemp())
    source = {"repositories": [REPOSITORY], "api_url_base": f"{base}/github", "start_date": "2000-01-01T00:00:00Z"}
    target = {"sqlalchemy_url": stage.POSTGRESQL, "default_target_schema": "with_tap"}
    (folder / "tap.json").write_text(json.dumps(source))
    (folder / "target.json").write_text(json.dumps(target))
    command = [os.environ[TAP], "--config", str(folder / "tap.json")]
    clean = {name: value for name, value in os.environ.items() if "TOKEN" not in name}
    found = json.loads(subprocess.run([*command, "--discover"], check=True, stdout=subprocess.PIPE, env=clean).stdout)
    for stream in found["streams"]:
        for entry in stream["metadata"]:
            if not entry["breadcrumb"]:
                entry["metadata"]["selected"] = stream["tap_stream_id"] == "issues"
    (folder / "catalog.json").write_text(json.dumps(found))
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    began = time.perf_counter()
    with (folder / "log").open("w") as log:
        reader = subprocess.Popen(
            [*command, "--catalog", str(folder / "catalog.json")], stdout=subprocess.PIPE, stderr=log, env=clean
        )
        subprocess.run(
            [os.environ[TARGET], "--config", str(folder / "target.json")], check=True, stdin=reader.stdout,
            stdout=subprocess.DEVNULL, stderr=log,
        )  # fmt: skip
        if reader.wait():
            raise RuntimeError((folder / "log").read_text()[-2000:])
    seconds = time.perf_counter() - began
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {"items": stored("with_tap.issues"), "seconds": seconds, "cpu": cpu}


def stored(table: str) -> int:
    from sqlalchemy import text

    from models import db

    with db.transaction(reading=True):
        return int(db.session.scalar(text(f"SELECT count(*) FROM {table}")) or 0)


def forget() -> None:
    from sqlalchemy import text

    from models import db

    with db.transaction():
        for schema in ("with_dlt", "with_dlt_staging", "with_tap"):
            db.session.execute(text(f"DROP SCHEMA IF EXISTS {schema} CASCADE"))


def main() -> None:
    parser = figures.parser(__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    stage.prepare("postgresql")
    folder = Path(tempfile.mkdtemp())
    number, token = record(folder)
    runs: dict[str, tuple[float, Callable[[str], dict[str, Any]]]] = {}
    for name, needed, bar, run in (
        ("dlt, flat, merge", (DLT,), 4.0, dlt), ("tap-github | target-postgres", (TAP, TARGET), 8.0, tap)
    ):  # fmt: skip
        if all(os.environ.get(each) for each in needed):
            runs[name] = (bar, run)
        else:
            print(f"{name}: not installed ({', '.join(needed)} name no program)")
    seen: dict[str, list[dict[str, Any]]] = {name: [] for name in ("ours", *runs)}
    with replayed(folder) as base:
        given = {"BENCH_INTEGRATION": str(number), "BENCH_TOKEN": token, "SANDBOX_URL": base}
        for _ in range(options.rounds):
            sync.reset(number)
            seen["ours"].append(sync.variant("ours", **given))
            for name, (_, run) in runs.items():
                forget()
                seen[name].append(run(base))
    assert all(each["items"] == sync.ITEMS for every in seen.values() for each in every), seen
    rates = {name: statistics.median(each["items"] / each["seconds"] for each in every) for name, every in seen.items()}
    cpu = {name: statistics.median(each["cpu"] for each in every) for name, every in seen.items()}
    if not runs:
        figures.report(f"first sync of {sync.ITEMS:,} recorded issues", rates["ours"], "items/s")
    for name, (bar, _) in runs.items():
        figures.report(f"first sync of {sync.ITEMS:,} recorded issues", rates["ours"], "items/s",
                       beside=(name, rates[name]), at_least=bar)  # fmt: skip
        figures.report("its CPU", cpu["ours"], "s", beside=(name, cpu[name]))


if __name__ == "__main__":
    main()
