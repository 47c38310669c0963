"""Daybook on several hosts over a real network, a web host and a worker host of which are cut off for a while."""

from __future__ import annotations

import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from sandbox.app import serve
from tests.connect import Provider, consent
from tests.faults import cluster, network
from tests.faults.journal import DOORS, Journal, Writer
from tests.faults.network import Network
from tests.faults.somebody import wait_for
from tests.faults.stage import Role, Stage

pytestmark = [pytest.mark.timeout(540), pytest.mark.chaos]
PORT, PROVIDERS, SMTP = 8000, 9100, 9125
ITEMS = 40
PEOPLE = 8


class House:
    """The stage on the host `data`, a web on each web host, a worker and a beat on each worker host."""

    def __init__(self, net: Network, stage: Stage) -> None:
        self.net, self.stage = net, stage
        data = net.address("data")
        stage.environment |= {
            "SANDBOX_URL": f"http://{data}:{PROVIDERS}",
            "SMTP_URL": f"smtp://{data}:{SMTP}",
            "PUBLIC_URL": self.url("web1"),
            "HOST": "0.0.0.0",
            "PORT": str(PORT),
            "WEB_WORKERS": "1",
        }
        self.workers: dict[str, list[Role]] = {}

    def url(self, host: str) -> str:
        return f"http://{self.net.address(host)}:{PORT}"

    def open(self) -> None:
        for host in ("web1", "web2"):
            self.start(host, "web")
        for host in ("work1", "work2"):
            self.workers[host] = [self.start(host, "worker"), self.start(host, "beat")]
        for host in ("web1", "web2"):
            wait_for(lambda host=host: self.answers(host), 90)

    def start(self, host: str, role: str) -> Role:
        with self.net.inside(host):
            return self.stage.start(role, VAR_DIR=str(self.stage.folder / host))

    def answers(self, host: str) -> bool:
        try:
            return httpx.get(f"{self.url(host)}/readyz", timeout=3, trust_env=False).status_code == 200
        except httpx.TransportError:
            return False

    def tended(self) -> bool:
        """What a supervisor on each worker host does: who ended is started again."""
        for host, roles in self.workers.items():
            for role in roles:
                if role.process is not None and role.process.poll() is not None:
                    with self.net.inside(host):
                        role.start()
        return True

    def make_due(self) -> None:
        with self.stage.postgres.connect() as connection:
            connection.execute("UPDATE integrations SET next_sync_at = now(), announce_at = now()")

    def count(self, sql: str) -> int:
        with self.stage.postgres.connect() as connection:
            found = connection.execute(sql).fetchone()
        return int(found[0]) if found else 0


@pytest.fixture
def house() -> Iterator[House]:
    if reason := network.missing() or cluster.missing():
        pytest.skip(reason)
    hosts = ("client", "web1", "web2", "work1", "work2", "data")
    with Network(*hosts) as net, tempfile.TemporaryDirectory(prefix="daybook-stage-") as folder, net.inside("data"):
        address = net.address("data")
        redirects = (f"http://{net.address('web1')}:{PORT}/oauth/*/callback",)
        with (
            Stage(Path(folder), host=address) as stage,
            serve(PROVIDERS, SMTP, redirects=redirects, host=address),
            net.inside("client"),
        ):
            made = House(net, stage)
            made.open()
            yield made


RUNNING = "SELECT count(*) FROM integrations WHERE lease_token IS NOT NULL"
SYNCED = "SELECT count(*) FROM integrations WHERE last_sync_at > to_timestamp({}) AND last_sync_error IS NULL"


def test_a_web_host_and_a_worker_host_that_are_cut_off_cost_nothing(house: House, report) -> None:
    net, stage = house.net, house.stage
    people = [Writer(house.url("web1"), "tymblok", Journal()) for _ in range(PEOPLE)]
    with Provider(f"http://{net.address('data')}:{PROVIDERS}", "github") as github:
        github.fill(5)
        for person in people:
            asked = person.http.post("/tymblok/v1/integrations/github/connect", json={}).json()
            assert person.http.get(consent(asked["data"]["authUrl"])).status_code < 400
        github.fill(ITEMS)
        github.fault("delay", seconds=6, times=None, path="/issues")
        journals = {host: Journal() for host in ("web1", "web2")}
        writers = [
            Writer(house.url(host), DOORS[number], journals[host]) for host in journals for number in range(len(DOORS))
        ]
        with stage.postgres.connect() as connection:
            connection.execute("UPDATE users SET plan = 'pro_monthly'")
        ended = threading.Event()
        threads = [threading.Thread(target=writer.write_until, args=(ended, 0.1)) for writer in writers]
        for thread in threads:
            thread.start()
        try:
            since = time.time()
            house.make_due()
            wait_for(lambda: house.count(RUNNING) >= 3, 60, pause=0.05)  # more than one host can have taken
            net.cut("web1", "work1")
            cut = time.monotonic()
            github.mend()
            synced = wait_for(lambda: house.tended() and house.count(SYNCED.format(since)) == PEOPLE, 120)
            time.sleep(max(0.0, 40 - (time.monotonic() - cut)))
            net.mend("web1", "work1")
            mended = time.monotonic()
            back = wait_for(lambda: house.tended() and house.answers("web1"), 60)
            wait_for(lambda: any(each.at > mended for each in journals["web1"].entries if each.status == 201), 60)
            for role in house.workers.pop("work2"):  # from here on there is nobody but the one that was away
                role.kill()
            github.fill(ITEMS + 5)
            since = time.time()
            house.make_due()
            rejoined = wait_for(lambda: house.tended() and house.count(SYNCED.format(since)) == PEOPLE, 120)
        finally:
            ended.set()
            for thread in threads:
                thread.join(60)
    report(
        "hosts", f"web and worker cut off for {mended - cut:.0f} s: {PEOPLE} syncs done {synced:.1f} s after the cut, "
        f"by the other; the web answers {back:.1f} s after the mend, the worker alone has synced all {rejoined:.1f} s "
        f"after; web that stayed: {journals['web2']}; web that was away: {journals['web1']}",
    )  # fmt: skip
    # A transaction that was open on a host that went holds its rows until PostgreSQL ends it, after 15 s; whoever wants
    # one of them meanwhile is told to come back. Everybody else at the other web notices nothing.
    refused = [entry for entry in journals["web2"].entries if entry.status not in (200, 201)]
    assert {entry.status for entry in refused} <= {503} and len(refused) <= len(journals["web2"].entries) / 100
    assert all(entry.at < cut + 20 for entry in refused)
    assert set(journals["web1"].statuses) <= {0, 200, 201, 503}
    both = Journal([*journals["web1"].entries, *journals["web2"].entries])
    with stage.postgres.connect() as connection:
        both.hold_against(connection, committing=len(writers))
    for person in people:
        page = httpx.get(
            f"{house.url('web2')}/tymblok/v1/inbox?pageSize=100", trust_env=False,
            headers={"Authorization": f"Bearer {person.token}"},
        ).json()  # fmt: skip
        items = Counter(item["externalId"] for item in page["data"])
        assert len(items) == ITEMS + 5 and set(items.values()) == {1}
