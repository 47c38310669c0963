"""From a change at a provider to the inbox, by push, for each provider: `python -m bench.push`.

The whole product runs: web, worker, beat, and the sandbox, which pushes every change as the provider would. Time is
taken from before the change is made there until the item can be read here.
"""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable
from functools import partial
from typing import Any

from bench import figures, roles, stage

PROVIDERS = {"github": "github", "jira": "jira", "google-calendar": "google", "slack": "slack", "notion": "notion",
             "linear": "linear"}  # fmt: skip
LONGEST = 60.0
MANY = 30


def connect(base: str, person: Any, provider: str) -> None:
    """Ask, consent on the provider's page, come back: as a browser does."""
    import httpx

    asked = person.post(f"/tymblok/v1/integrations/{provider}/connect", json={}).raise_for_status()
    sent = httpx.post(asked.json()["data"]["authUrl"], data={"decision": "allow", "account": "mara"}, timeout=30)
    httpx.get(sent.headers["location"], timeout=60).raise_for_status()


def has_arrived(title: str) -> bool:
    """Whether an item with this title stands in the inbox."""
    from sqlalchemy import select

    from models import db
    from models.inbox import InboxItem

    with db.transaction(reading=True):
        return db.session.scalar(select(InboxItem.id).where(InboxItem.title.contains(title))) is not None


def wait(condition: Callable[[], bool], what: str) -> float:
    began = time.perf_counter()
    while not condition():
        if time.perf_counter() - began > LONGEST:
            raise TimeoutError(what)
        time.sleep(0.005)
    return time.perf_counter() - began


def is_idle() -> bool:
    """No sync runs or waits: the next push finds the account at rest."""
    from sqlalchemy import func, or_, select

    from models import db
    from models.clock import now
    from models.integrations import Integration

    with db.transaction(reading=True):
        at_it = or_(Integration.lease_until.is_not(None), Integration.next_sync_at <= now())
        return db.session.scalar(select(func.count()).where(at_it)) == 0


def channels() -> int:
    from sqlalchemy import func, select

    from models import db
    from models.channels import PushChannel

    with db.transaction(reading=True):
        return db.session.scalar(select(func.count()).select_from(PushChannel)) or 0


def measure(base: str, provider: str, rounds: int) -> None:
    import httpx

    control = httpx.Client(base_url=f"{base}/{PROVIDERS[provider]}/_control", timeout=30)
    seen = []
    for number in range(rounds):
        wait(is_idle, "an account at rest")
        title = f"Pushed {provider} {number} {time.time_ns()}"
        began = time.perf_counter()
        control.post("/items", json={"title": title, "account": "mara"}).raise_for_status()
        wait(partial(has_arrived, title), f"{provider}: {title} did not arrive")
        seen.append(time.perf_counter() - began)
    seen.sort()
    figures.report(f"{provider}: push to inbox, p50 of {rounds}", statistics.median(seen), "s")
    figures.report(f"{provider}: p95", seen[min(len(seen) - 1, int(len(seen) * 0.95))], "s")
    figures.report(f"{provider}: longest", seen[-1], "s", at_most=2.0)


def burst(base: str) -> None:
    """Many pushes for one account at once."""
    import httpx

    wait(is_idle, "an account at rest")
    control = httpx.Client(base_url=f"{base}/github/_control", timeout=30)
    control.delete("/requests")
    for number in range(MANY):
        control.post("/items", json={"title": f"One of many {number}.", "account": "mara"}).raise_for_status()
    wait(lambda: has_arrived(f"One of many {MANY - 1}."), "the last of many")
    wait(is_idle, "an account at rest")
    asked = control.get("/requests").json()["requests"]
    syncs = [each for each in asked if each["path"] == "/issues" and "state=all" in each["query"]]
    figures.report(f"syncs that {MANY} pushes at once woke", len(syncs), at_most=MANY / 2)


def main() -> None:
    parser = figures.parser(__doc__, sqlite=True)
    parser.add_argument("--rounds", type=int, default=20)
    options = parser.parse_args()
    stage.prepare("sqlite" if options.sqlite else "postgresql")
    os.environ.update(RATE_LIMITS="false", LOG_LEVEL="WARNING")
    port = stage.free_port()
    here = f"http://127.0.0.1:{port}"
    os.environ["PUBLIC_URL"] = here
    with roles.sandbox("--webhook-base", here) as base, stage.server(PORT=str(port), PUBLIC_URL=here):
        import httpx

        import models.tables  # noqa: F401
        from models import db
        from models.users import User

        with db.transaction():
            User.register("bench@example.com", "SecurePass123!").plan = "pro_monthly"
        person = httpx.Client(base_url=here, timeout=60)
        given = person.post(
            "/tymblok/v1/auth/login", json={"email": "bench@example.com", "password": "SecurePass123!"}
        ).raise_for_status()
        person.headers["Authorization"] = f"Bearer {given.json()['data']['accessToken']}"
        with roles.employed("worker", "beat"):
            for provider in PROVIDERS:
                connect(base, person, provider)
            wait(lambda: channels() > 0, "Google's channels")
            for provider in PROVIDERS:
                measure(base, provider, options.rounds)
            burst(base)


if __name__ == "__main__":
    main()
