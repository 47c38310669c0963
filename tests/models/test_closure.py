"""The end of an account: every door at once, a way back for 30 days, then not a trace in a dump."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
import time_machine
from sqlalchemy import select, text

import models.tables  # noqa: F401
from models.closure import erase_account
from models.db import Base, session
from models.integrations import Integration, claim_due
from models.invites import Invite
from models.mail import Mail
from models.organizations import Organization
from models.subscriptions import Subscription
from models.users import User
from sandbox.app import Address
from tests.cast import PASSWORD, Front, Person, transaction
from tests.connect import Provider, connect
from tests.post import Post
from tests.shop import Shop, at_an_address
from tests.web.tymblok.test_stats import plan_done
from workers.housekeeping import erase_due, tidy_up
from workers.revocations import revoke
from workers.subscriptions import check_subscription

MARK = "Zanzibar"


@pytest.fixture(autouse=True)
def _as_many_requests_as_it_takes(unlimited: None) -> None:
    pass


@pytest.fixture
def shop(sandbox: Address) -> Iterator[Shop]:
    with at_an_address() as daybook, Shop(sandbox, daybook) as opened:
        yield opened


def live(person: Person, github: Provider, shop: Shop) -> None:
    """Do something at every door, so that a trace is left in as many tables as can be."""
    person.patch("/users/me", {"name": f"Zoe {MARK}"})
    own = person.post("/categories", {"name": f"{MARK} work", "color": "#fff", "icon": "x"}).json["data"]["id"]
    plan_done(person, "2026-03-20", 30)
    body = {"title": MARK, "date": "2026-03-21", "startTime": "09:00", "durationMinutes": 30, "categoryId": own}
    block = person.post("/blocks", body).json["data"]["id"]
    person.get("/stats/summary")
    item = person.post("/inbox", {"title": f"{MARK} item"}).json["data"]["id"]
    person.post(f"/inbox/{item}/schedule", {k: v for k, v in body.items() if k != "title"})
    person.delete(f"/blocks/{block}")
    connect(person, "github")
    shop.buy(person)
    shop.send()
    focusflow = {"email": person.email, "password": PASSWORD}
    token = person.front.call("POST", "/focusflow/api/v1/auth/login/", focusflow).json["tokens"]["access"]
    call = lambda method, path, body=None: person.front.call(  # noqa: E731
        method, f"/focusflow/api{path}", body, token=token
    )
    assert call("POST", "/v1/auth/api-keys/", {"name": MARK}).status_code == 201
    project = call("POST", "/v1/projects/", {"name": MARK, "color_code": "#FF5733"}).json["id"]
    task = call("POST", "/v1/tasks/", {"title": MARK, "project_id": project}).json["id"]
    assert call("POST", f"/v1/tasks/{task}/start/", {"duration": 1}).status_code in (200, 201)
    slug = f"org-{uuid.uuid4().hex[:8]}"
    with transaction():
        owner = session.get_one(User, person.id)
        organization = Organization.create(owner, name=MARK, slug=slug)
        Invite.send(organization, owner, "admin", email="guest@example.com", role="employee", message=MARK)


def dump() -> str:
    """Every value of every table, as a dump would hold it."""
    rows = []
    with transaction(reading=True):
        for table in Base.metadata.sorted_tables:
            for row in session.execute(select(table)):
                rows.append(f"{table.name}: {tuple(row)!r}")
    return "\n".join(rows)


def owned(user_id: int) -> dict[str, int]:
    """How many rows of each table name a user."""
    found = {}
    with transaction(reading=True):
        for table in Base.metadata.sorted_tables:
            for name in ("user_id", "owner_id", "assigned_by_id", "invited_by_id"):
                if name in table.columns:
                    query = text(f'SELECT count(*) FROM {table.name} WHERE {name} = :id')
                    if count := session.scalar(query, {"id": user_id}):
                        found[f"{table.name}.{name}"] = count
    return found


def token_for(front: Front, person: Person) -> tuple[int, int]:
    body = {"email": person.email, "password": PASSWORD}
    return (
        front.call("POST", "/tymblok/v1/auth/login", body).status_code,
        front.call("POST", "/focusflow/api/v1/auth/login/", body).status_code,
    )


def test_after_thirty_days_no_trace_is_left(alice: Person, bob: Person, github: Provider, shop: Shop) -> None:
    plan_done(bob, "2026-03-20", 30)
    before_bob = owned(bob.id)
    live(alice, github, shop)
    user_id, uid = alice.id, alice.data["user"]["id"]
    assert len(owned(user_id)) > 15, owned(user_id)
    closed = alice.delete("/users/me").json["data"]
    erased_at = datetime.fromisoformat(closed["deletionDate"])
    assert abs(erased_at.timestamp() - time.time() - 30 * 86400) < 60
    with transaction():
        assert not erase_account(user_id)
    with time_machine.travel(erased_at - timedelta(seconds=30), tick=False):
        erase_due()
        assert owned(user_id)
    with time_machine.travel(erased_at + timedelta(seconds=30), tick=False):
        assert erase_due() >= 1
        with transaction(reading=True):
            waiting = list(session.scalars(text("SELECT id FROM revocations")))
        assert all(revoke(each) for each in waiting)
        with transaction():
            tidy_up.run()
    assert owned(user_id) == {}
    traces = dump()
    for word in (MARK, MARK.lower(), alice.email, uid, uuid.UUID(uid).hex):
        assert word not in traces, [line[:200] for line in traces.splitlines() if word in line]
    assert owned(bob.id) == before_bob
    assert Person.register(alice.front, "again")  # the address is free again for whoever has it
    again = {"email": alice.email, "password": PASSWORD, "name": "New"}
    assert alice.front.call("POST", "/tymblok/v1/auth/register", again).status_code == 201


def test_every_door_is_closed_at_once(alice: Person, github: Provider, shop: Shop) -> None:
    live(alice, github, shop)
    login = {"email": alice.email, "password": PASSWORD}
    other = alice.front.call("POST", "/focusflow/api/v1/auth/login/", login).json["tokens"]
    assert alice.delete("/users/me").status_code == 200
    assert alice.get("/users/me").status_code == 401
    assert alice.front.call("GET", "/focusflow/api/v1/auth/profile/", token=other["access"]).status_code == 401
    renewed = alice.front.call("POST", "/focusflow/api/v1/auth/refresh/", {"refresh": other["refresh"]})
    assert renewed.status_code == 401
    assert token_for(alice.front, alice) == (401, 401)
    refresh = {"refreshToken": alice.data["refreshToken"]}
    assert alice.front.call("POST", "/tymblok/v1/auth/refresh", refresh).status_code == 401


def test_syncs_and_mails_stop_and_the_subscription_is_cancelled(
    alice: Person, github: Provider, shop: Shop, post: Post
) -> None:
    live(alice, github, shop)
    assert alice.delete("/users/me").status_code == 200
    with transaction():
        integration = Integration.of(alice_id(alice), "github")
        integration.announce_at = datetime.fromisoformat("2020-01-01T00:00:00Z")
        session.flush()
        assert integration.id not in claim_due(1000)
        subjects = list(session.scalars(select(Mail.id).where(Mail.recipient == alice.email, Mail.sent_at.is_(None))))
        row = Subscription.of_user(alice_id(alice))
        subscription_id, customer = row.id, row.customer_id
    assert len(subjects) == 1  # the way back
    check_subscription.run(subscription_id)
    assert [each["status"] for each in shop.control("GET", "/items") if each["customer"] == customer] == ["canceled"]
    post.deliver(alice.email)
    assert post.to(alice.email)[0]["subject"] == "Your Daybook account is closed"


def alice_id(person: Person) -> int:
    user = User.by_email(person.email, includes_deleted=True)
    assert user is not None
    return user.id
