"""The sandbox's Linear, as a GraphQL client sees it."""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from pathlib import Path

import pytest

SHARED = Path(__file__).resolve().parents[3] / "shared" / "payloads"
ASSIGNED = """
query Assigned($first: Int!, $after: String, $filter: IssueFilter, $archived: Boolean) {
  viewer {
    id
    assignedIssues(first: $first, after: $after, filter: $filter, includeArchived: $archived, orderBy: updatedAt) {
      nodes {
        id identifier title description url priority dueDate updatedAt archivedAt trashed
        state { name type } team { key } labels(first: 5) { nodes { name } }
      }
      pageInfo { hasNextPage endCursor }
    }
  }
}
"""


@pytest.fixture(autouse=True)
def fresh(control):
    control("linear", "POST", "/reset")


@pytest.fixture
def ask(http, bearer):
    headers = bearer("linear")

    def query(text, **variables):
        return http.post("/linear/graphql", json={"query": text, "variables": variables}, headers=headers)

    return query


@pytest.fixture
def assigned(ask):
    def pages(first=100, **more):
        found, after = [], None
        while True:
            answer = ask(ASSIGNED, first=first, after=after, **more)
            assert answer.status_code == 200, answer.text
            part = answer.json()["data"]["viewer"]["assignedIssues"]
            found += part["nodes"]
            after = part["pageInfo"]["endCursor"]
            if not part["pageInfo"]["hasNextPage"]:
                return found

    return pages


def test_assigned_issues_come_in_pages(assigned, ask):
    issues = assigned(first=4)
    assert len(issues) == 19 == len({issue["id"] for issue in issues})
    kinds = {issue["state"]["type"] for issue in issues}
    assert kinds == {"triage", "backlog", "unstarted", "started", "completed", "canceled"}
    assert {issue["priority"] for issue in issues} == {0, 1, 2, 3, 4}
    stamps = [issue["updatedAt"] for issue in issues]
    assert stamps == sorted(stamps, reverse=True) and stamps[0].endswith("Z")
    answer = ask("{ viewer { assignedIssues { nodes { id } } } }")
    assert int(answer.headers["X-Complexity"]) > 50 and len(answer.headers["X-RateLimit-Requests-Reset"]) == 13


@pytest.mark.skipif(not SHARED.is_dir(), reason="no recorded payloads here")
def test_answers_have_the_shape_of_recorded_ones(ask):
    def recorded(name):
        return json.loads((SHARED / "linear" / name).read_text())["data"]

    viewer = ask("{ viewer { id name email avatarUrl displayName organization { id name urlKey } } }").json()["data"]
    assert set(viewer["viewer"]) == set(recorded("viewer.json")["viewer"])
    theirs = recorded("issue.json")["issue"]
    query = """query($id: String!) { issue(id: $id) { id identifier title description url number priority estimate
        dueDate createdAt updatedAt archivedAt state { id name color } assignee { id } team { id name key }
        labels { nodes { id } } project { id } } }"""
    ours = ask(query, id="ENG-1").json()["data"]["issue"]
    assert set(ours) == set(theirs)
    fields = json.loads((SHARED / "linear" / "schema_fields.json").read_text())
    from sandbox.linear.graphql import schema

    for name in ("Query", "Issue", "User", "Team", "WorkflowState", "Organization", "PageInfo", "IssueLabel"):
        known = set(schema().type_map[name].fields)
        assert known <= set(fields[name]), f"{name} has no {known - set(fields[name])}"


def test_filters_by_time_and_state(assigned, control):
    item = control("linear", "POST", "/items", title="Fresh", account="mara", priority=1)
    since = {"updatedAt": {"gte": item["updated"][:23] + "Z"}}
    assert [issue["id"] for issue in assigned(filter=since)] == [item["id"]]
    assert [issue["id"] for issue in assigned(filter={"updatedAt": {"gt": "-PT1M"}})] == [item["id"]]
    open_ones = {"state": {"type": {"nin": ["completed", "canceled"]}}}
    assert item["id"] in [issue["id"] for issue in assigned(filter=open_ones)]
    control("linear", "POST", f"/items/{item['id']}/close")
    assert item["id"] not in [issue["id"] for issue in assigned(filter=open_ones)]
    control("linear", "POST", f"/items/{item['id']}/reopen")
    assert item["id"] in [issue["id"] for issue in assigned(filter={"and": [open_ones, {"priority": {"eq": 1}}]})]
    control("linear", "PATCH", f"/items/{item['id']}", assignee="jun")
    assert item["id"] not in [issue["id"] for issue in assigned()]


def test_what_is_in_the_trash_is_shown_only_on_demand(assigned, control):
    item = control("linear", "POST", "/items", title="Bin", account="mara")
    control("linear", "DELETE", f"/items/{item['id']}")
    assert item["id"] not in [issue["id"] for issue in assigned()]
    found = next(issue for issue in assigned(archived=True) if issue["id"] == item["id"])
    assert found["trashed"] is True and found["archivedAt"]


@pytest.mark.parametrize(
    ("query", "variables", "code"),
    [
        ("{ viewer { shoeSize } }", {}, "GRAPHQL_VALIDATION_FAILED"),
        ("{ viewer {", {}, "GRAPHQL_PARSE_FAILED"),
        ("{ viewer { assignedIssues(first: 251) { nodes { id } } } }", {}, "INPUT_ERROR"),
        ("{ issues(first: 250) { nodes { id title labels { nodes { id name color } } } } }", {}, "INPUT_ERROR"),
        ("{ viewer { assignedIssues(after: \"nothing\") { nodes { id } } } }", {}, "INPUT_ERROR"),
        (ASSIGNED, {"first": 10, "filter": {"updatedAt": {"gt": "soon"}}}, "INPUT_ERROR"),
        (ASSIGNED, {}, "INPUT_ERROR"),
    ],
)  # fmt: skip
def test_what_linear_refuses_is_refused_with_400(ask, query, variables, code):
    answer = ask(query, **variables)
    assert answer.status_code == 400 and answer.json()["errors"][0]["extensions"]["code"] == code


def test_limits_are_400_and_a_200_may_hold_errors(ask, control, http):
    control("linear", "POST", "/faults", kind="rate_limit", retry_after=5)
    answer = ask("{ viewer { id } }")
    assert answer.status_code == 400 and answer.json()["errors"][0]["extensions"]["code"] == "RATELIMITED"
    assert 0 < int(answer.headers["X-RateLimit-Requests-Reset"]) / 1000 - time.time() <= 6
    control("linear", "POST", "/faults", kind="partial")
    answer = ask("{ viewer { id } }")
    assert answer.status_code == 200 and answer.json()["data"] and answer.json()["errors"]
    answer = http.post(
        "/linear/graphql", json={"query": "{ viewer { id } }"}, headers={"Authorization": "Bearer lin_oauth_no"}
    )
    assert answer.status_code == 401 and answer.json()["errors"][0]["extensions"]["code"] == "AUTHENTICATION_ERROR"


def test_faults_while_paging(assigned, control):
    control("linear", "POST", "/items", count=250)
    assert len(assigned()) == 250
    control("linear", "POST", "/faults", kind="duplicates")
    issues = assigned()
    assert len(issues) == 251 and len({issue["id"] for issue in issues}) == 250
    control("linear", "POST", "/faults", kind="empty_page", skip=0)
    assert len({issue["id"] for issue in assigned()}) == 250
    control("linear", "POST", "/faults", kind="update_while_paging")
    assert len({issue["id"] for issue in assigned()}) == 249, "the changed one jumped in front"


def test_tokens_last_a_day_and_rotate(visitor, base, http):
    reply, session = visitor.connect("linear", "/oauth/authorize", "/oauth/token", "read")
    assert reply["expires_in"] == 86_399 and reply["scope"] == "read"
    renewed = session.refresh_token(f"{base}/linear/oauth/token", refresh_token=reply["refresh_token"])
    assert renewed["refresh_token"] != reply["refresh_token"]
    body = {"grant_type": "refresh_token", "client_id": "sandbox-linear", "client_secret": "sandbox-linear-secret"}
    again = http.post("/linear/oauth/token", data=body | {"refresh_token": reply["refresh_token"]})
    assert again.status_code == 400 and again.json()["error"] == "invalid_grant"
    assert http.post("/linear/oauth/token", json=body | {"refresh_token": "x"}).json()["error"] == "invalid_request"
    fresh, _ = visitor.connect("linear", "/oauth/authorize", "/oauth/token", "read")
    bearer = {"Authorization": f"Bearer {fresh['access_token']}"}
    assert http.post("/linear/oauth/revoke", headers=bearer).status_code == 200
    assert http.post("/linear/graphql", headers=bearer, json={"query": "{ viewer { id } }"}).status_code == 401
    assert http.post("/linear/oauth/revoke", headers=bearer).status_code == 400


def test_webhooks_are_signed_and_dated(control, receiver):
    item = control("linear", "POST", "/items", title="Pushed", account="mara")
    control("linear", "POST", "/webhook", url=receiver.url, item=item["id"], action="create", times=2)
    (_, headers, body), (_, again, _) = receiver.kept
    assert headers["Linear-Delivery"] == again["Linear-Delivery"] and headers["Linear-Event"] == "Issue"
    assert headers["Linear-Signature"] == hmac.new(b"sandbox-linear-webhook", body, hashlib.sha256).hexdigest()
    event = json.loads(body)
    assert event["action"] == "create" and abs(event["webhookTimestamp"] / 1000 - time.time()) < 60
    if SHARED.is_dir():
        theirs = json.loads((SHARED / "webhooks" / "linear" / "issue_create.json").read_text())
        assert set(theirs) <= set(event) and set(theirs["data"]) - {"descriptionData", "startedAt"} <= set(
            event["data"]
        )
