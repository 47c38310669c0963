"""10,000 items filed into the inbox, new, unchanged, a tenth changed, beside the ORM: `python -m bench.upsert`.

Both file into the same table in one transaction: ours as a sync does (what is known is read once, then only what is
new or changed is written), the yardstick by looking each item up and setting its columns.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from bench import figures, stage

if TYPE_CHECKING:
    from connectors.base import Item

RUNS = ([], ["--sqlite"])
ITEMS = 10_000
ONE_BY_ONE = 2_000
"""The yardstick is asked for fewer, since its rate does not depend on their number."""
BARS: dict[str, dict[str, float]] = {"new": {"at_least": 20}, "unchanged": {"at_least": 30}, "a tenth changed": {}}
"""Times the ORM one by one."""


def items(count: int, changed: bool = False) -> list[Item]:
    """Issues as a connector gives them, every tenth with another title where that is asked for."""
    from connectors.base import Item

    made = [
        Item(f"issue:{number}", f"Check the seat map of sailing {number}", f"https://github.example/i/{number}",
             "github", "task", "normal", "What was seen, and what was expected instead. " * 8)
        for number in range(count)
    ]  # fmt: skip
    return [replace(each, title=each.title + " again") if changed and n % 10 == 0 else each
            for n, each in enumerate(made)]  # fmt: skip


def ours(integration_id: int, given: list[Item]) -> int:
    from models import db
    from models.arrivals import Filing
    from models.integrations import Integration

    with db.transaction():
        integration = db.session.get_one(Integration, integration_id)
        filing, lease = Filing(integration), integration.lease("bench")
        for start in range(0, len(given), 100):  # a page
            filing.store(filing.compare(given[start : start + 100]), lease, {})
    return filing.counts.synced


def one_by_one(integration_id: int, given: list[Item]) -> int:
    from sqlalchemy import select

    from models import db
    from models.arrivals import content_hash
    from models.inbox import InboxItem
    from models.integrations import Integration

    with db.transaction():
        owner_id = db.session.get_one(Integration, integration_id).owner_id
        for item in given:
            row = db.session.scalar(
                select(InboxItem).where(
                    InboxItem.integration_id == integration_id, InboxItem.external_id == item.external_id
                )
            )
            if row is None:
                row = InboxItem(owner_id=owner_id, integration_id=integration_id, external_id=item.external_id)
                db.session.add(row)
            row.title, row.description, row.external_url = item.title, item.description, item.url
            row.source, row.type, row.priority = item.source, item.type, item.priority
            row.content_hash = content_hash(item)
            db.session.flush()
    return len(given)


def empty() -> None:
    from sqlalchemy import delete

    from models import db
    from models.inbox import InboxItem

    with db.transaction():
        db.session.execute(delete(InboxItem))


def rates(file: Callable[[int, list[Item]], int], integration_id: int, count: int) -> dict[str, float]:
    """Items a second: new, unchanged, a tenth changed."""
    empty()
    given: dict[str, Any] = {"new": items(count), "unchanged": items(count), "a tenth changed": items(count, True)}
    seen = {}
    for name, each in given.items():
        began = time.perf_counter()
        file(integration_id, each)
        seen[name] = count / (time.perf_counter() - began)
    return seen


def main() -> None:
    parser = figures.parser(__doc__, sqlite=True)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    stage.prepare("sqlite" if options.sqlite else "postgresql")
    import models.tables  # noqa: F401
    from models import db
    from models.integrations import Integration
    from models.users import User

    with db.transaction():
        owner = User.register("bench@example.com", "SecurePass123!")
        connected = Integration.connect(
            owner, "github", account="1", username="bench", avatar_url=None, credentials={}, expires_at=None
        )
        number = connected.id
    ours_seen, orm_seen = [], []
    for _ in range(options.rounds):
        ours_seen.append(rates(ours, number, ITEMS))
        orm_seen.append(rates(one_by_one, number, ONE_BY_ONE))
    for name in BARS:
        rate = statistics.median(each[name] for each in ours_seen)
        orm = statistics.median(each[name] for each in orm_seen)
        ratio = statistics.median(a[name] / b[name] for a, b in zip(ours_seen, orm_seen, strict=True))
        figures.report(f"{ITEMS:,} items, {name}", rate, "items/s", beside=("ORM one by one", orm), ratio=ratio,
                       **BARS[name])  # fmt: skip
        if name == "unchanged" and not options.sqlite:
            figures.report(f"{ITEMS:,} items, unchanged", rate, "items/s", at_least=40_000)


if __name__ == "__main__":
    main()
