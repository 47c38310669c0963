"""Who may do what: eight kinds of people at every operation of version 2, cell by cell, as the contract says."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.cast import Front, Person
from tests.web.focusflow.conftest import project, register, task
from tests.web.focusflow.crew import Team, at_v2

# "Permissions: Admin only" and its kin, one line for each operation. Without such a line every member may.
TABLE = """
GET    /organizations/                                       200  200  200
POST   /organizations/                                       201  201  201
GET    /organizations/{slug}/                                200  200  200
PATCH  /organizations/{slug}/                                403  403  200
GET    /organizations/{slug}/members/                        200  200  200
PATCH  /organizations/{slug}/members/{member}/               403  403  200
DELETE /organizations/{slug}/members/{member}/               403  403  204
GET    /organizations/{slug}/invites/                        403  200  200
POST   /organizations/{slug}/invites/                        403  201  201
DELETE /organizations/{slug}/invites/{invite}/               403  204  204
GET    /organizations/{slug}/tasks/                          403  200  200
POST   /organizations/{slug}/tasks/assign/                   403  200  200
GET    /organizations/{slug}/dashboard/activity/             403  200  200
GET    /organizations/{slug}/dashboard/overview/             403  200  200
GET    /organizations/{slug}/employees/{member}/             403  200  200
GET    /organizations/{slug}/employees/me/                   200  200  200
GET    /organizations/{slug}/analytics/team/                 403  200  200
GET    /organizations/{slug}/analytics/projects/{project}/   403  200  200
GET    /organizations/{slug}/analytics/export/               403  200  200
GET    /organizations/{slug}/webhooks/                       403  403  200
POST   /organizations/{slug}/webhooks/                       403  403  201
GET    /organizations/{slug}/webhooks/{hook}/                403  403  200
PATCH  /organizations/{slug}/webhooks/{hook}/                403  403  200
DELETE /organizations/{slug}/webhooks/{hook}/                403  403  204
POST   /organizations/{slug}/webhooks/{hook}/rotate-secret/  403  403  200
GET    /organizations/{slug}/webhooks/{hook}/deliveries/     403  403  200
POST   /organizations/{slug}/webhooks/{hook}/deliveries/{delivery}/redeliver/  403  403  200
POST   /organizations/{slug}/leave/                          204  204  409
"""
ROLES = ("employee", "manager", "admin")
STRANGERS = ("nobody", "outsider", "manager elsewhere", "invited", "removed")
OPEN_TO_ALL = {"GET /organizations/": 200, "POST /organizations/": 201}
LINES = [line.split() for line in TABLE.strip().splitlines()]
CELLS = [
    (role, method, path, int(dict(zip(ROLES, statuses, strict=True))[role]))
    for method, path, *statuses in LINES
    for role in ROLES
] + [
    (role, method, path, 401 if role == "nobody" else OPEN_TO_ALL.get(f"{method} {path}", 404))
    for method, path, *_ in LINES
    for role in STRANGERS
]


class Stage:
    """One organisation with something to do for every operation, made anew before whatever was used up."""

    def __init__(self, front: Front) -> None:
        self.front = front
        self.people: dict[str, Person] = {name: register(front, name.replace(" ", "")) for name in (*ROLES, *STRANGERS)}
        self.team = Team(self.people["admin"])
        for name in ("employee", "manager", "removed"):
            self.team.take_in(self.people[name], "manager" if name == "manager" else "employee")
        self.team.remove(self.people["removed"])
        self.team.invite(self.people["invited"].email)
        Team(register(front, "other")).take_in(self.people["manager elsewhere"], "manager")
        self.project = project(self.people["admin"], organization=self.team.slug)["id"]
        self.count = 0

    def call(self, role: str, method: str, path: str) -> int:
        """The status that somebody gets."""
        self.count += 1
        parts = {"slug": self.team.slug, "project": self.project}
        for name in ("member", "invite", "hook", "delivery"):
            if f"{{{name}}}" in path:
                parts |= getattr(self, f"_{name}")(parts)
        url = path.format(**parts)
        who = at_v2(self.people[role])
        if role == "nobody":
            who.token = ""
        if path.endswith("/leave/") and role in ("employee", "manager"):
            who = at_v2(self.team.take_in(register(self.front, "leaver"), role))
        return who.call(method, url, self._body(method, path)).status_code

    def _member(self, _: dict[str, Any]) -> dict[str, Any]:
        return {"member": self.team.take_in(register(self.front, "member")).data["id"]}

    def _invite(self, _: dict[str, Any]) -> dict[str, Any]:
        self.team.invite(f"somebody{self.count}@example.com")
        return {"invite": self.team.get(self.people["admin"], "invites/")["results"][0]["id"]}

    def _hook(self, _: dict[str, Any]) -> dict[str, Any]:
        found = self.team.get(self.people["admin"], "webhooks/")["results"]
        if found:
            return {"hook": found[0]["id"]}
        made = self.team.post(self.people["admin"], "webhooks/", self._body("POST", "/webhooks/"), 201)
        return {"hook": made["id"]}

    def _delivery(self, parts: dict[str, Any]) -> dict[str, Any]:
        self._assignment()
        path = f"webhooks/{parts['hook']}/deliveries/"
        self.team.assign(task(self.people["admin"]), self.people["employee"])
        return {"delivery": self.team.get(self.people["admin"], path)["results"][0]["id"]}

    def _assignment(self) -> dict[str, Any]:
        made = task(self.people["admin"], project=self.project)
        self.team.assign(made, self.people["employee"])
        return {"task_id": made["id"], "assigned_to": self.people["employee"].data["id"]}

    def _body(self, method: str, path: str) -> Any:
        if method == "POST" and path == "/organizations/":
            return {"name": "Mine", "slug": f"mine-{self.count}-{self.team.slug}"}
        if path.endswith("/tasks/assign/"):
            return self._assignment()
        bodies: dict[str, Any] = {
            "PATCH {slug}/": {"name": "Renamed"},
            "PATCH {member}/": {"role": "employee"},
            "POST invites/": {"email": f"new{self.count}@example.com", "role": "employee"},
            "POST webhooks/": {"url": "http://127.0.0.1:9/", "events": ["task_assigned"], "secret": "12345678"},
            "PATCH {hook}/": {"events": ["task_assigned"]},
        }
        return bodies.get(f"{method} {path.rstrip('/').rpartition('/')[2]}/")


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    with pytest.MonkeyPatch.context() as patch:
        from settings import settings

        free = settings.model_copy(update={"rate_limits": False, "webhook_allowed_hosts": ("127.0.0.1:9",)})
        for module in ("web.app", "web.focusflow.seat", "connectors.outgoing"):
            patch.setattr(f"{module}.settings", free)
        yield Stage(Front("127.3.1.1"))


@pytest.mark.parametrize(("role", "method", "path", "status"), CELLS)
def test_everybody_may_do_what_the_contract_says(
    stage: Stage, role: str, method: str, path: str, status: int
) -> None:
    assert stage.call(role, method, path) == status


def test_the_table_names_every_operation(front: Front) -> None:
    document = front.call("GET", "/focusflow/api/v2/openapi.json").json
    documented = {
        f"{method.upper()} {path.removeprefix('/api/v2')}"
        for path, item in document["paths"].items()
        for method in item
        if method != "parameters"
    }
    named = {f"{method} {path}" for method, path, *_ in LINES} | {"POST /invites/accept/"}
    plain = lambda names: {"".join("{}" if part.startswith("{") else part for part in _parts(name)) for name in names}  # noqa: E731
    assert plain(documented) == plain(named)


def _parts(name: str) -> list[str]:
    return [piece for part in name.split("/") for piece in ("/", part)]


def test_an_invitation_is_accepted_by_the_invited_alone(stage: Stage) -> None:
    newcomer = register(stage.front, "newcomer")
    token = stage.team.invite(newcomer.email)
    for name, person in stage.people.items():
        who = at_v2(person)
        if name == "nobody":
            who.token = ""
        status = who.post("/invites/accept/", {"token": token}).status_code
        assert status == (401 if name == "nobody" else 403), name
    assert at_v2(newcomer).post("/invites/accept/", {"token": token}).status_code == 200
