"""Ten teams with fifty sockets each: `python -m bench.tenants [--seconds 20] [--events 20] [--rest 60]`.

Employees start and complete tasks over REST while their managers listen and others read over REST, on two web
processes: the time from a request's being sent to each frame that tells of it, what that costs the reads, whether a
frame ever reached another team, and whether a team's fifty-first socket is refused.
"""

from __future__ import annotations

import http.client
import os
import statistics
import time
from collections import defaultdict
from dataclasses import dataclass, field

from bench import figures, load, stage
from bench.listeners import Heard, Listeners
from bench.pace import Pace

TEAMS, SEATS, MANAGERS = 10, 50, 10
BAR_SECONDS, BAR_READS = 1.0, 2.0
PATH = "/focusflow/ws/pomodoro/"


@dataclass
class Told:
    """What should be heard: an event's key, how many frames tell of it, and when its request was sent."""

    at: float
    frames: int
    arrived: list[float] = field(default_factory=list)


def main() -> None:
    given = figures.parser(__doc__)
    given.add_argument("--seconds", type=float, default=20)
    given.add_argument("--events", type=float, default=20)
    given.add_argument("--rest", type=float, default=60)
    asked = given.parse_args()
    stage.prepare()
    os.environ.update(RATE_LIMITS="false", LOG_LEVEL="ERROR", WEB_WORKERS="2")
    tokens, tasks, readers = furnish()
    reads = [load.get("/tymblok/v1/blocks?date=2026-01-31", token) for token in readers]
    with stage.server() as web:
        load.run(web.port, reads, connections=8, seconds=2)
        pace = Pace(web.port, reads, asked.rest)
        time.sleep(asked.seconds / 2)
        alone = pace.stop()
        everybody = [token for team in tokens for token in team]
        clients = Listeners(web.port, PATH, everybody)
        assert clients.connected == len(everybody), f"{clients.connected} of {len(everybody)} got a socket"
        one_more = [Listeners(web.port, PATH, [team[0]]) for team in tokens]
        refused = sum(not each.connected for each in one_more)
        for each in one_more:
            each.leave()
        pace = Pace(web.port, reads, asked.rest)
        told = act(web.port, tokens, tasks, asked.events, asked.seconds)
        time.sleep(2)
        beside = pace.stop()
        heard = clients.heard()
        clients.leave()
    assert set(alone.statuses) | set(beside.statuses) == {200}, (alone, beside)
    judge(heard, told, tasks)
    figures.report("fifty-first sockets refused, of ten teams'", refused, at_least=TEAMS)
    figures.report("reads next to it, p95", beside.p95, "ms", beside=("without", alone.p95), at_most=BAR_READS)


def furnish() -> tuple[list[list[str]], list[list[tuple[int, int]]], list[str]]:
    """Of each team its members' tokens, managers first, and a task of each employee; and tokens of readers."""
    import models.tables  # noqa: F401
    from models import db
    from models.logins import Login
    from models.organizations import Membership, Organization
    from models.tasks import Task
    from models.users import User

    tokens, tasks = [], []
    for team in range(TEAMS):
        with db.transaction():
            people = [User.register(f"t{team}p{seat}@example.com", None) for seat in range(SEATS)]
            made = Organization.create(people[0], name=f"Team {team}", slug=f"team-{team}")
            db.session.add_all(
                Membership(
                    organization_id=made.id, user_id=each.id, role="manager" if seat < MANAGERS else "employee"
                )
                for seat, each in enumerate(people)
                if seat
            )
            db.session.flush()
            tasks.append([
                (seat, Task.create(people[seat].id, f"Task of team {team}", organization_id=made.id).id)
                for seat in range(MANAGERS, SEATS)
                for _ in range(20)
            ])  # fmt: skip
            tokens.append([Login.start(each, "focusflow", 3600).access for each in people])
    with db.transaction():
        readers = [
            Login.start(User.register(f"r{number}@example.com", None), "tymblok", 3600).access for number in range(50)
        ]
    return tokens, tasks, readers


def act(
    port: int, tokens: list[list[str]], tasks: list[list[tuple[int, int]]], per_second: float, seconds: float
) -> dict[tuple[str, int], Told]:
    """Start and complete tasks, team after team; each step is told to the employee and to the managers."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    told: dict[tuple[str, int], Told] = {}
    # An employee starts one of his tasks and completes it before his next one.
    steps = [
        (team, seat, id, verb)
        for number in range(20 * (SEATS - MANAGERS))
        for team in range(TEAMS)
        for seat, id in [tasks[team][number % (SEATS - MANAGERS) * 20 + number // (SEATS - MANAGERS)]]
        for verb in ("start", "complete")
    ]
    began = time.monotonic()
    for number, (team, seat, id, verb) in enumerate(steps[: int(per_second * seconds)]):
        time.sleep(max(0.0, began + number / per_second - time.monotonic()))
        sent = time.monotonic()
        connection.request(
            "POST", f"/focusflow/api/v1/tasks/{id}/{verb}/", b"{}",
            {"Authorization": f"Bearer {tokens[team][seat]}", "Content-Type": "application/json"},
        )  # fmt: skip
        answer = connection.getresponse()
        body = answer.read()
        assert answer.status == 200, body
        kind = "task_started" if verb == "start" else "task_completed"
        told[kind, id] = Told(sent, 1)
        told[f"employee_{kind}", id] = Told(sent, MANAGERS)
        if verb == "complete":
            told["pomodoro_completed", id] = Told(sent, 1)
    return told


def judge(heard: list[Heard], told: dict[tuple[str, int], Told], tasks: list[list[tuple[int, int]]]) -> None:
    """Print how late frames came, how many are missing, and how many came to a wrong team."""
    team_of = {id: team for team, made in enumerate(tasks) for _, id in made}
    strangers = 0
    twice: dict[tuple[int, int], int] = defaultdict(int)
    for each in heard:
        data = each.frame["data"]
        id = data["task_id"] if "task_id" in data else data["task"]["id"]
        strangers += team_of[id] != each.client // SEATS
        twice[each.client, each.frame["id"]] += 1
        told[each.frame["type"], id].arrived.append(each.at)
    late = [at - each.at for each in told.values() for at in each.arrived]
    expected = sum(each.frames for each in told.values())
    cuts = statistics.quantiles(late, n=100)
    figures.report(f"request to frame over {len(late):,} frames, p50", cuts[49] * 1000, "ms")
    figures.report("request to frame, p95", cuts[94], "s", at_most=BAR_SECONDS)
    figures.report("frames missing", expected - len(late), at_most=0)
    figures.report("frames that came twice", sum(count > 1 for count in twice.values()), at_most=0)
    figures.report("frames that reached another team", strangers, at_most=0)


if __name__ == "__main__":
    main()
