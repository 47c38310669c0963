"""Many integrations due at once, on the two processes of one worker, against the sandbox: `python -m bench.due`.

First all of them read their account for the first time, then all of them again, with nothing changed. How long each
waited is the time from the moment at which it was due to the end of its sync.
"""

from __future__ import annotations

import os
import statistics
import time
from datetime import UTC, datetime

from bench import crowd, figures, roles, stage

LISTS = 3
"""GitHub's lists that a sync asks: issues, reviews, notifications."""


def forget_messages() -> None:
    """What an earlier run left on the broker."""
    import redis

    redis.Redis.from_url(os.environ["REDIS_URL"]).flushdb()


def waits_of(numbers: list[int], began: datetime, longest: float) -> list[float]:
    """Seconds that each waited, once all are done."""
    from sqlalchemy import func, select

    from models import db
    from models.integrations import Integration

    deadline = time.monotonic() + longest
    done = select(Integration.last_sync_at).where(Integration.id.in_(numbers), Integration.last_sync_at > began)
    while True:
        with db.transaction(reading=True):
            count = db.session.scalar(select(func.count()).select_from(done.subquery()))
        if count == len(numbers):
            break
        if time.monotonic() > deadline:
            raise TimeoutError(f"{count} of {len(numbers)} were synced within {longest:.0f} s")
        time.sleep(0.25)
    with db.transaction(reading=True):
        return [(at - began).total_seconds() for at in db.session.scalars(done)]


def measure(name: str, numbers: list[int]) -> None:
    """One round in which all are due."""
    began = datetime.now(UTC)
    crowd.make_due(numbers)
    waits = sorted(waits_of(numbers, began, 30 + len(numbers) / 5))
    median = statistics.median(waits)
    figures.report(f"{name}: rate", len(waits) / waits[-1], "syncs/s")
    figures.report(f"{name}: longest wait", waits[-1], "s", beside=("median", median), at_most=2.0)


def main() -> None:
    parser = figures.parser(__doc__, sqlite=True)
    parser.add_argument("--accounts", type=int, default=1000)
    options = parser.parse_args()
    stage.prepare("sqlite" if options.sqlite else "postgresql")
    forget_messages()
    with roles.sandbox() as base:
        import httpx

        numbers = crowd.settle(base, options.accounts)
        with roles.employed("worker", "beat"):
            crowd.make_due(numbers[:2])
            waits_of(numbers[:2], datetime.min.replace(tzinfo=UTC), 60)  # the worker is up
            measure("first sync", numbers)
            httpx.delete(f"{base}/github/_control/requests")
            measure("nothing changed", numbers)
        asked = httpx.get(f"{base}/github/_control/requests", timeout=60).json()["requests"]
        figures.report("requests of an unchanged account", len(asked) / len(numbers), at_most=LISTS)
        unconditional = [each for each in asked if each["status"] != 304]
        figures.report("of these not conditional", len(unconditional) / len(numbers), at_most=0)


if __name__ == "__main__":
    main()
