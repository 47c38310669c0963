"""A first sync of 5,000 issues over 50 pages beside plain httpx + orjson: `python -m bench.sync [--sqlite]`.

The yardstick reads the same pages from the same stand-in and writes the same rows with the same upsert into the same
table; what it leaves out is all that a product needs besides. Each variant runs in a process of its own.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from typing import Any

from bench import figures, roles, stage

RUNS = ([], ["--sqlite"])
ITEMS = 5000
LARGE = 10_000
"""As many as a first sync of GitHub goes for."""


def raw(token: str, base: str) -> dict[str, Any]:
    """Plain httpx and orjson, page by page into the inbox's table."""
    import httpx
    import orjson

    import models.tables  # noqa: F401
    from connectors.base import Item
    from models import db
    from models.arrivals import Filing
    from models.integrations import Integration

    with db.transaction():
        integration = db.session.get_one(Integration, int(os.environ["BENCH_INTEGRATION"]))
        filing, lease = Filing(integration), integration.lease()
    stored = 0
    with httpx.Client(headers={"Authorization": f"token {token}"}) as client:
        url: str | None = f"{base}/github/issues?filter=assigned&state=open&per_page=100"
        while url:
            answer = client.get(url)
            items = [
                Item(f"raw:{raw['id']}", raw["title"], raw["html_url"], "github", "task", "normal", raw["body"])
                for raw in orjson.loads(answer.content)
            ]
            with db.transaction():
                filing.store(filing.compare(items), lease, {})
            stored += len(items)
            url = answer.links.get("next", {}).get("url")
    return {"items": stored}


def ours() -> dict[str, Any]:
    """The worker's sync, as it is."""
    import models.tables  # noqa: F401
    from workers.sync import sync

    outcome = sync(int(os.environ["BENCH_INTEGRATION"]))
    if outcome.error:
        raise outcome.error
    return {"items": outcome.counts.synced}


def timed(kind: str) -> None:
    """One variant in this process; prints what it took as JSON."""
    import workers  # noqa: F401  # imports are not part of a sync, nor is the connector's, which a worker has loaded
    from connectors.registry import CONNECTORS

    assert CONNECTORS["github"]

    began, cpu = time.perf_counter(), time.process_time()
    outcome = ours() if kind == "ours" else raw(os.environ["BENCH_TOKEN"], os.environ["SANDBOX_URL"])
    outcome |= {
        "seconds": time.perf_counter() - began,
        "cpu": time.process_time() - cpu,
        "megabytes": stage.peak_megabytes(os.getpid()),
    }
    print(json.dumps(outcome))


def variant(kind: str, **environment: str) -> dict[str, Any]:
    """Run one variant in a fresh process."""
    done = subprocess.run(
        [sys.executable, "-m", "bench.sync", "--variant", kind],
        cwd=stage.ROOT,
        env={**os.environ, **environment},
        check=True,
        stdout=subprocess.PIPE,
    )
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return result


def connect() -> tuple[int, str]:
    """An account connected through the sandbox's consent page: the integration's id and its token."""
    from urllib.parse import parse_qs, urlsplit

    import httpx

    import models.tables  # noqa: F401
    from models import db
    from models.integrations import Integration
    from models.users import User
    from workers import connections

    connections.FIRST_SYNC_SECONDS = -1  # the measurement does the first sync
    with db.transaction():
        user = User.register("bench@example.com", "SecurePass123!")
        address, _ = connections.ask_consent(user, "github")
        user_id = user.id
    answer = httpx.get(f"{address}&decision=allow&account=mara")
    given = parse_qs(urlsplit(answer.headers["location"]).query)
    connections.connect("github", given["code"][0], given["state"][0])
    with db.transaction(reading=True):
        integration = Integration.of(user_id, "github")
        return integration.id, integration.credentials["access_token"]


def reset(integration_id: int) -> None:
    """Back to before the first sync."""
    from sqlalchemy import delete, update

    from models import db
    from models.inbox import InboxItem
    from models.integrations import Integration

    with db.transaction():
        db.session.execute(delete(InboxItem))
        fresh = update(Integration).where(Integration.id == integration_id).values(cursor={}, lease_until=None)
        db.session.execute(fresh)


def main() -> None:
    parser = figures.parser(__doc__, sqlite=True)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--variant", choices=("ours", "raw"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.variant:
        timed(options.variant)
        return
    stage.prepare("sqlite" if options.sqlite else "postgresql")
    with roles.sandbox() as base:
        measure(options.rounds, base)


def measure(rounds: int, base: str) -> None:
    """Both variants in turns, then a second sync with nothing changed."""
    fill(base, ITEMS)
    integration_id, token = connect()
    given = {"BENCH_INTEGRATION": str(integration_id), "BENCH_TOKEN": token}
    ratios, seen = [], {"raw": [], "ours": []}
    for _ in range(rounds):
        for kind in ("raw", "ours"):
            reset(integration_id)
            seen[kind].append(variant(kind, **given))
        rates = {kind: all[-1]["items"] / all[-1]["seconds"] for kind, all in seen.items()}
        ratios.append(rates["ours"] / rates["raw"])
    rate = {kind: statistics.median(each["items"] / each["seconds"] for each in all) for kind, all in seen.items()}
    cpu = {kind: statistics.median(each["cpu"] for each in all) for kind, all in seen.items()}
    peak = {kind: max(each["megabytes"] for each in all) for kind, all in seen.items()}
    raw = "raw httpx + orjson"
    figures.report(f"first sync of {ITEMS:,} issues", rate["ours"], "items/s", beside=(raw, rate["raw"]),
                   ratio=statistics.median(ratios), at_least=0.65)  # fmt: skip
    figures.report("first sync, CPU", cpu["ours"], "s", beside=(raw, cpu["raw"]), at_most=2)
    figures.report("first sync, peak memory", peak["ours"], "MB", at_most=150)
    reset(integration_id)
    _, first = asked_by(base, given)
    # Fifty pages, and the newest changes twice, to tell whether pages moved. Reviews and mentions are other lists.
    figures.report("first sync: requests for issues", sum("/issues" in path and "search" not in path for path in first),
                   at_most=52)  # fmt: skip
    figures.report("first sync: requests in all", len(first))
    again, asked = asked_by(base, given)
    figures.report("nothing changed: requests", len(asked), at_most=3)
    figures.report("nothing changed: rows written", again["items"], at_most=0)
    fill(base, LARGE)
    reset(integration_id)
    large = variant("ours", **given)
    assert large["items"] == LARGE, large
    figures.report(f"peak memory of {LARGE:,}", large["megabytes"], "MB",
                   beside=(f"of {ITEMS:,}", peak["ours"]), at_most=1.1)  # fmt: skip


def fill(base: str, count: int) -> None:
    import httpx

    spec = {"count": count, "account": "mara", "page_kb": 445}
    httpx.post(f"{base}/github/_control/items", json=spec, timeout=120).raise_for_status()


def asked_by(base: str, given: dict[str, str]) -> tuple[dict[str, Any], list[str]]:
    """One sync, and the paths that it asked for."""
    import httpx

    httpx.delete(f"{base}/github/_control/requests")
    outcome = variant("ours", **given)
    return outcome, [each["path"] for each in httpx.get(f"{base}/github/_control/requests").json()["requests"]]


if __name__ == "__main__":
    main()
