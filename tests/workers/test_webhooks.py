"""Events posted to endpoints: signed, tried again, and one endpoint never in the way of another."""

from __future__ import annotations

import itertools
import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from sqlalchemy import update
from standardwebhooks import Webhook as Verifier

from models import db
from models.deliveries import SCHEDULE, Delivery
from models.webhooks import Webhook, lanes_due
from settings import ROOT, settings
from tests.cast import Person, transaction
from tests.parallel import at_once
from tests.post import Post
from tests.receiver import Receiver
from tests.web.focusflow.conftest import do, register, task
from tests.web.focusflow.crew import Team, at_v2
from workers.webhooks import deliver

SECRET = "your-webhook-secret"
RUN_SAMPLE = """
const { readFileSync } = await import("node:fs");
const body = readFileSync(process.argv[2]);
console.log(isGenuine(body, process.argv[3]), isGenuine(body, "another secret"));
"""


@pytest.fixture
def receiver(allow: Callable[..., None]) -> Iterator[Receiver]:
    found = Receiver()
    allow(found)
    yield found
    found.close()


@pytest.fixture
def allow(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    hosts: list[str] = []

    def add(*receivers: Receiver) -> None:
        hosts.extend(each.host for each in receivers)
        change = {"webhook_allowed_hosts": tuple(hosts)}
        monkeypatch.setattr("connectors.outgoing.settings", settings.model_copy(update=change))

    return add


@pytest.fixture
def meet(front: Any) -> Callable[..., Person]:
    return lambda name, **profile: register(front, name, lasts=True, **profile)


class Hook:
    """A team with one webhook."""

    def __init__(
        self, boss: Person, receiver: Receiver, secret: str | None = SECRET, events: Any = ("task_assigned",)
    ) -> None:
        self.team, self.boss = Team(boss), boss
        body = {"url": receiver.url, "events": list(events), **({"secret": secret} if secret else {})}
        made = self.team.post(boss, "webhooks/", body, 201)
        self.id: int = made["id"]
        self.secret: str = made["secret"]

    def happen(self, times: int = 1) -> None:
        """Events of which the webhook is to hear."""
        made = task(self.boss, "Task")
        for _ in range(times):
            self.team.assign(made, self.boss)

    def show(self) -> dict[str, Any]:
        found: dict[str, Any] = self.team.get(self.boss, f"webhooks/{self.id}/")
        return found

    def deliveries(self, **query: Any) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.team.get(self.boss, f"webhooks/{self.id}/deliveries/", **query)["results"]
        return found


def test_an_event_arrives_as_documented(alice: Person, bob: Person, receiver: Receiver) -> None:
    hook = Hook(alice, receiver, events=("task_completed",))
    hook.team.take_in(bob)
    made = task(alice, 'Łódź ✓ <b>"quotes" \\ 東京')
    hook.team.assign(made, bob)
    do(bob, "start", made)
    do(bob, "complete", made)
    assert deliver(hook.id) == 1
    [arrival] = receiver.arrivals
    assert arrival.headers["content-type"] == "application/json" and len(arrival.body) < 20_000
    payload = arrival.payload
    assert list(payload) == ["event", "organization", "data", "timestamp", "signature"]
    assert (payload["event"], payload["organization"]) == (
        "task_completed",
        {"id": hook.team.id, "slug": hook.team.slug},
    )
    assert payload["data"]["user"]["id"] == bob.data["id"]
    assert payload["data"]["task"]["title"] == made["title"]
    assert arrival.is_signed_in_body(SECRET) and arrival.is_signed_in_headers(SECRET)
    [listed] = hook.deliveries()
    assert (listed["state"], listed["attempts"], listed["last_status"], listed["message_id"]) == (
        "delivered",
        1,
        204,
        arrival.id,
    )


def test_a_hundred_are_verified_by_an_independent_library(alice: Person, receiver: Receiver) -> None:
    hook = Hook(alice, receiver, secret=None)
    assert hook.secret.startswith("whsec_")
    hook.happen(100)
    assert deliver(hook.id) == 100
    for arrival in receiver.arrivals:
        assert Verifier(hook.secret).verify(arrival.body, arrival.headers)["event"] == "task_assigned"
        assert arrival.is_signed_in_body(hook.secret)
    assert len({arrival.id for arrival in receiver.arrivals}) == 100


@pytest.mark.parametrize("sample", ["python", "javascript"])
def test_the_samples_in_the_document_verify(alice: Person, receiver: Receiver, tmp_path: Any, sample: str) -> None:
    hook = Hook(alice, receiver)
    hook.happen()
    deliver(hook.id)
    [arrival] = receiver.arrivals
    text = (ROOT / "docs" / "webhooks.md").read_text()
    code = text.partition(f"```{sample}\n")[2].partition("```")[0]
    signature, body = json.loads(arrival.body)["signature"], arrival.body
    if sample == "python":
        scope: dict[str, Any] = {}
        exec(code, scope)
        assert scope["is_genuine"](body, SECRET) and not scope["is_genuine"](body, "another secret")
        assert not scope["is_genuine"](body.replace(b"Task", b"Tusk"), SECRET) and signature
        return
    script = tmp_path / "check.mjs"
    script.write_text(code + RUN_SAMPLE)
    (tmp_path / "body").write_bytes(body)
    try:
        done = subprocess.run(
            ["node", str(script), str(tmp_path / "body"), SECRET], capture_output=True, text=True, timeout=30
        )
    except FileNotFoundError:
        pytest.skip("there is no Node here")
    assert done.stdout.strip() == "true false", done.stderr


def test_both_secrets_sign_for_a_day_after_a_rotation(alice: Person, receiver: Receiver) -> None:
    hook = Hook(alice, receiver)
    new = hook.team.post(alice, f"webhooks/{hook.id}/rotate-secret/", {})["secret"]
    with time_machine.travel(datetime.now(UTC) + timedelta(hours=23), tick=True):
        hook.happen()
        deliver(hook.id)
        during = receiver.arrivals[-1]
        assert (
            during.is_signed_in_headers(new) and during.is_signed_in_headers(SECRET) and during.is_signed_in_body(new)
        )
        assert len(during.headers["x-focusflow-signature"].split(" ")) == 2
    with time_machine.travel(datetime.now(UTC) + timedelta(hours=25), tick=True):
        hook.happen()
        deliver(hook.id)
        after = receiver.arrivals[-1]
        assert after.is_signed_in_headers(new) and not after.is_signed_in_headers(SECRET)


def test_secrets_are_sealed_and_shown_once(alice: Person, receiver: Receiver) -> None:
    hook = Hook(alice, receiver, secret="a-secret-canary-7531")
    with transaction(reading=True):
        row = db.session.get_one(Webhook, hook.id)
        assert "canary" not in row.sealed_secret and row.secrets == ["a-secret-canary-7531"]
    assert "canary" not in str(hook.show()) + str(hook.team.get(alice, "webhooks/"))
    for wrong in ("short", "whsec_***", "whsec_YQ==", ""):
        body = {"url": receiver.url, "events": ["task_assigned"], "secret": wrong}
        assert at_v2(alice).post(hook.team.path("webhooks/"), body).status_code == 400


def test_the_schedule_is_that_of_the_specification(alice: Person, receiver: Receiver) -> None:
    hook = Hook(alice, receiver)
    receiver.answers = [500] * 20
    hook.happen()
    began = datetime.now(UTC)
    attempts = []
    with time_machine.travel(began, tick=False) as clock:
        for _ in SCHEDULE:
            assert deliver(hook.id) == 0
            attempts.append(datetime.now(UTC))
            with transaction(reading=True):
                row = db.session.get_one(Delivery, hook.deliveries()[0]["id"])
                hook_row = db.session.get_one(Webhook, hook.id)
                assert hook_row.closed_until is not None and hook_row.closed_until <= max(
                    row.run_at, datetime.now(UTC) + timedelta(minutes=6)
                )
                clock.move_to(max(row.run_at, hook_row.closed_until) + timedelta(milliseconds=1), tick=False)
    waits = [(after - before).total_seconds() for before, after in itertools.pairwise(attempts)]
    for wait, wanted in zip(waits, SCHEDULE[1:], strict=True):
        assert 0.8 * wanted <= wait <= 1.2 * wanted + 1
    [listed] = hook.deliveries()
    assert (listed["state"], listed["attempts"], listed["last_status"]) == ("failed", len(SCHEDULE), 500)
    assert len({arrival.id for arrival in receiver.arrivals}) == 1 and len(receiver.arrivals) == len(SCHEDULE)
    assert len({arrival.headers["webhook-signature"] for arrival in receiver.arrivals}) > 1


@pytest.mark.parametrize("status", [301, 302, 307, 308, 400, 401, 404, 422, 500, 502, 503])
def test_only_a_2xx_is_success(alice: Person, receiver: Receiver, status: int) -> None:
    hook = Hook(alice, receiver)
    receiver.answers, receiver.headers = [status], {"Location": receiver.url}
    hook.happen()
    assert deliver(hook.id) == 0 and len(receiver.arrivals) == 1
    [listed] = hook.deliveries(state="pending")
    assert (listed["last_status"], listed["attempts"]) == (status, 1) and str(status) in listed["last_error"]


def test_a_receiver_that_asks_for_patience_gets_it(alice: Person, receiver: Receiver) -> None:
    hook = Hook(alice, receiver)
    receiver.answers, receiver.headers = [429], {"Retry-After": "100"}
    hook.happen()
    deliver(hook.id)
    receiver.headers = {}
    with time_machine.travel(datetime.now(UTC) + timedelta(seconds=90), tick=True):
        hook.happen()
        assert hook.id not in due() and deliver(hook.id) == 0
    with time_machine.travel(datetime.now(UTC) + timedelta(seconds=101), tick=True):
        assert hook.id in due() and deliver(hook.id) == 2


def due() -> list[int]:
    with transaction(reading=True):
        return lanes_due()


def test_gone_switches_it_off_and_the_admins_hear_of_it(alice: Person, receiver: Receiver, post: Post) -> None:
    hook = Hook(alice, receiver)
    receiver.answers = [410]
    hook.happen()
    deliver(hook.id)
    assert hook.show()["is_active"] is False and "410" in hook.show()["off_reason"]
    hook.happen()
    assert deliver(hook.id) == 0 and len(hook.deliveries()) == 1
    post.deliver(alice.email)
    assert receiver.url in post.to(alice.email, "switched off")[0]["text"]
    failed = hook.deliveries(state="failed")[0]
    assert at_v2(alice).patch(hook.team.path(f"webhooks/{hook.id}/"), {"is_active": True}).json["is_active"] is True
    hook.team.post(alice, f"webhooks/{hook.id}/deliveries/{failed['id']}/redeliver/", {})
    assert deliver(hook.id) == 1 and receiver.arrivals[-1].id == receiver.arrivals[0].id


def test_after_five_days_of_failures_it_is_switched_off(alice: Person, receiver: Receiver) -> None:
    hook = Hook(alice, receiver)
    hook.happen()
    receiver.answers = [500] * 50
    deliver(hook.id)
    for day, is_active in ((4.9, True), (5.1, False)):
        with time_machine.travel(datetime.now(UTC) + timedelta(days=day), tick=True):
            hook.happen()
            deliver(hook.id)
            assert hook.show()["is_active"] is is_active


def test_one_success_begins_the_five_days_anew(alice: Person, receiver: Receiver) -> None:
    hook = Hook(alice, receiver)
    receiver.answers = [500]
    hook.happen()
    deliver(hook.id)
    assert hook.show()["failing_since"]
    with time_machine.travel(datetime.now(UTC) + timedelta(days=1), tick=True):
        assert deliver(hook.id) == 1
    assert hook.show()["failing_since"] is None


def test_what_waited_goes_out_as_soon_as_the_receiver_is_back(alice: Person, allow: Callable[..., None]) -> None:
    gone = Receiver()
    allow(gone)
    hook = Hook(alice, gone)
    gone.close()
    hook.happen(20)
    with time_machine.travel(datetime.now(UTC), tick=True) as clock:
        for _ in range(4):
            deliver(hook.id)
            clock.shift(timedelta(seconds=90))
        back = Receiver(gone.port)
        try:
            while hook.deliveries(state="pending"):
                clock.shift(timedelta(seconds=20))
                deliver(hook.id)
            assert len({arrival.id for arrival in back.arrivals}) == len(back.arrivals) == 20
        finally:
            back.close()


def test_an_event_that_the_receiver_cannot_digest_keeps_to_its_schedule(alice: Person, receiver: Receiver) -> None:
    hook = Hook(alice, receiver)
    receiver.answers = [500]
    hook.happen()
    deliver(hook.id)
    with time_machine.travel(datetime.now(UTC) + timedelta(seconds=6), tick=True) as clock:
        receiver.answers = [500]
        deliver(hook.id)
        clock.shift(timedelta(seconds=15))
        hook.happen(3)
        assert deliver(hook.id) == 3
        assert deliver(hook.id) == 0 and hook.deliveries(state="pending")[0]["attempts"] == 2


def test_twenty_workers_at_once_post_each_event_once(alice: Person, receiver: Receiver) -> None:
    hook = Hook(alice, receiver)
    hook.happen(30)
    assert sum(at_once(*[lambda: deliver(hook.id)] * 20)) == 30
    assert Counter(arrival.id for arrival in receiver.arrivals).most_common(1)[0][1] == 1


def test_a_hanging_receiver_holds_up_nobody_else(
    alice: Person, bob: Person, receiver: Receiver, allow: Callable[..., None]
) -> None:
    hanging = Receiver()
    allow(hanging)
    hanging.seconds = 3
    try:
        stuck, quick = Hook(alice, hanging), Hook(bob, receiver)
        stuck.happen(40)
        quick.happen(40)
        began = time.monotonic()
        arrived = at_once(lambda: deliver(quick.id), lambda: begin(stuck.id))
        assert arrived[0] == 40 and receiver.arrivals[-1].at - time.time() < 0
        assert time.monotonic() - began < 8
    finally:
        hanging.close()


def begin(webhook_id: int) -> int:
    """One round of a lane."""
    from workers import webhooks

    with db.transaction():
        lane, posts = webhooks._begin(webhook_id)
    assert lane is not None and len(posts) == webhooks.AT_ONCE
    outcomes = webhooks._post_all(posts)
    with db.transaction():
        webhooks._note(webhook_id, lane, outcomes)
    return len(outcomes)


def test_no_transaction_is_open_while_a_receiver_is_waited_for(alice: Person, receiver: Receiver) -> None:
    hook = Hook(alice, receiver)
    hook.happen()
    receiver.seconds = 1.0

    def write_meanwhile() -> float:
        while not receiver.arrivals:
            time.sleep(0.01)
        began = time.monotonic()
        task(alice)
        return time.monotonic() - began

    arrived, seconds = at_once(lambda: deliver(hook.id), write_meanwhile)  # type: ignore[list-item]
    assert arrived == 1 and seconds < 0.5


def test_the_event_and_its_cause_are_one_transaction(
    alice: Person, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    hook = Hook(alice, receiver)

    def fail(*_: object) -> None:
        raise RuntimeError("the cause is undone")

    made = task(alice)
    with monkeypatch.context() as patch:
        patch.setattr("web.focusflow.team_tasks.assign", lambda *given: (assign(*given), fail()))
        body = {"task_id": made["id"], "assigned_to": alice.data["id"]}
        assert at_v2(alice).post(hook.team.path("tasks/assign/"), body).status_code == 500
    assert hook.deliveries() == [] and hook.team.get(alice, "dashboard/activity/")["activities"] == []


def assign(*given: Any) -> Any:
    from models.assignments import assign

    return assign(*given)


INSIDE = (
    "http://127.0.0.1/",
    "http://localhost:5432/",
    "http://169.254.169.254/",
    "http://[::1]/",
    "http://10.0.0.1/",
    "https://2130706433/",
)


@pytest.mark.parametrize("url", INSIDE)
def test_an_address_that_leads_inside_is_refused_when_it_is_made(alice: Person, url: str) -> None:
    team = Team(alice)
    answer = at_v2(alice).post(team.path("webhooks/"), {"url": url, "events": ["task_assigned"], "secret": SECRET})
    assert answer.status_code == 400 and answer.json["error"]["details"]["url"]


@pytest.mark.parametrize("url", INSIDE)
def test_and_when_it_is_posted_to(alice: Person, receiver: Receiver, url: str) -> None:
    hook = Hook(alice, receiver)
    with transaction():
        db.session.execute(
            update(Webhook).where(Webhook.id == hook.id).values(url=url.replace(":5432", f":{receiver.port}"))
        )
    hook.happen()
    assert deliver(hook.id) == 0 and receiver.arrivals == []
    [listed] = hook.deliveries()
    assert (listed["last_status"] is None and "may" in listed["last_error"]) or "port" in listed["last_error"]


WORKER = """
import time
from datetime import timedelta
import models.deliveries, models.tables, models.webhooks
from models import db
models.deliveries.ATTEMPT = models.webhooks.LANE = timedelta(seconds=2)  # how soon the dead are noticed
from models.webhooks import lanes_due
from workers.webhooks import deliver
while True:
    with db.transaction(reading=True):
        due = lanes_due()
    for id in due:
        deliver(id)
    time.sleep(0.05)
"""


def test_nothing_is_lost_when_workers_are_killed_and_the_receiver_is_down(
    alice: Person, allow: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The full figure is `python -m bench.webhooks`; here it is scaled down."""
    away = Receiver()
    allow(away)
    hook = Hook(alice, away)
    away.close()
    environment = {
        **os.environ,
        "WEBHOOK_ALLOWED_HOSTS": away.host,
        "WEBHOOK_RETRY_SCALE": "0.02",
        "PYTHONPATH": str(ROOT),
    }

    def start() -> subprocess.Popen[bytes]:
        return subprocess.Popen([sys.executable, "-c", WORKER], env=environment, cwd=ROOT)

    workers = [start(), start()]
    receiver = None
    try:
        hook.happen(50)
        time.sleep(1.5)
        receiver = Receiver(away.port)
        receiver.seconds = 0.05
        for _ in range(3):
            time.sleep(1.0)
            killed = workers.pop(0)
            os.kill(killed.pid, signal.SIGKILL)
            killed.wait()
            workers.append(start())
        deadline = time.monotonic() + 40
        while len({arrival.id for arrival in receiver.arrivals}) < 50 and time.monotonic() < deadline:
            time.sleep(0.2)
        time.sleep(1)
    finally:
        for worker in workers:
            worker.kill()
            worker.wait()
        if receiver is not None:
            receiver.close()
    assert receiver is not None
    ids = [arrival.id for arrival in receiver.arrivals]
    assert len(set(ids)) == 50
    assert len(ids) <= 50 + 3 * 4  # at most a round for each worker that was killed in the middle of one
