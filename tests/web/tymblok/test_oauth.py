"""Logging in with GitHub and Google at the sandbox, as a browser and a client do it together."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest
import time_machine
from werkzeug.test import TestResponse

from sandbox.app import Address
from tests.cast import PASSWORD, Front, Person, transaction
from tests.connect import Provider, consent
from tests.parallel import at_once

BASE = "/tymblok/v1/auth"
CLIENT = "tymblok://auth/callback"
MARA = "mara.lindqvist@example.com"


@pytest.fixture(autouse=True)
def _nobody_has_been_here(sandbox: Address, unlimited: None) -> Iterator[None]:
    yield
    from sqlalchemy import delete

    from models.db import session
    from models.users import User

    with transaction():
        session.execute(delete(User).where(User.email.like("%@example.com"), User.password_hash.is_(None)))
        session.execute(delete(User).where(User.email_key.in_([MARA, "olena.koval@example.com"])))


def start(front: Front, provider: str = "github", redirect_uri: str = CLIENT, sign: str = "") -> TestResponse:
    headers = {"Cookie": f"daybook_login={sign}"} if sign else {}
    return front.call(
        "GET", f"{BASE}/oauth/{provider}", query_string={"redirect_uri": redirect_uri}, headers=headers
    )


def sign_of(answer: TestResponse) -> str:
    return answer.headers["Set-Cookie"].partition("=")[2].partition(";")[0]


def brought(front: Front, provider: str = "github", account: str = "mara", **more: str) -> dict[str, str]:
    """Code and state, as the client's own address gets them in the end."""
    answer = start(front, provider)
    assert answer.status_code == 302, answer.text
    back = come_back(front, consent(answer.headers["Location"], account, **more), sign_of(answer))
    assert back.status_code == 302, back.text
    assert back.headers["Location"].startswith(f"{CLIENT}?")
    query = parse_qs(urlsplit(back.headers["Location"]).query)
    return {name: values[0] for name, values in query.items()}


def come_back(front: Front, address: str, sign: str = "") -> TestResponse:
    parts = urlsplit(address)
    headers = {"Host": parts.netloc, **({"Cookie": f"daybook_login={sign}"} if sign else {})}
    return front.call("GET", f"{parts.path}?{parts.query}", headers=headers)


def finish(front: Front, given: dict[str, str], provider: str = "github", sign: str = "") -> TestResponse:
    headers = {"Cookie": f"daybook_login={sign}"} if sign else {}
    body = {name: given[name] for name in ("code", "state")}
    return front.call("POST", f"{BASE}/oauth/{provider}/callback", body, headers=headers)


def me(front: Front, answer: TestResponse) -> dict:
    return front.call("GET", "/tymblok/v1/users/me", token=answer.json["data"]["accessToken"]).json["data"]


@pytest.mark.parametrize("provider", ["github", "google"])
def test_the_first_login_makes_the_account_and_the_next_opens_it(front: Front, provider: str) -> None:
    first = finish(front, brought(front, provider), provider)
    assert first.status_code == 200, first.text
    user = first.json["data"]["user"]
    assert (user["email"], user["name"], user["emailVerified"]) == (MARA, "Mara Lindqvist", True)
    again = finish(front, brought(front, provider), provider)
    assert me(front, again) == me(front, first) == user


def test_two_providers_with_one_verified_address_open_one_account(front: Front) -> None:
    with_github = finish(front, brought(front, "github"), "github")
    with_google = finish(front, brought(front, "google"), "google")
    assert me(front, with_github)["id"] == me(front, with_google)["id"]


def register(front: Front, email: str) -> dict:
    answer = front.call("POST", f"{BASE}/register", {"email": email, "password": PASSWORD, "name": "Mara"})
    return answer.json["data"]


def login(front: Front, email: str) -> int:
    return front.call("POST", f"{BASE}/login", {"email": email, "password": PASSWORD}).status_code


def verify(email: str) -> None:
    from models.clock import now
    from models.users import User

    with transaction():
        user = User.by_email(email)
        assert user is not None
        user.email_verified_at = now()


def test_a_verified_account_is_linked_and_keeps_its_password(front: Front) -> None:
    account = register(front, MARA.upper())
    verify(MARA)
    answer = finish(front, brought(front))
    assert me(front, answer)["id"] == account["user"]["id"]
    assert login(front, MARA) == 200
    assert front.call("GET", "/tymblok/v1/users/me", token=account["accessToken"]).status_code == 200


def test_who_registered_anothers_address_loses_it_to_its_owner(front: Front) -> None:
    thief = register(front, MARA)
    answer = finish(front, brought(front))
    assert me(front, answer)["id"] == thief["user"]["id"]
    assert me(front, answer)["emailVerified"] is True
    assert login(front, MARA) == 401
    assert front.call("GET", "/tymblok/v1/users/me", token=thief["accessToken"]).status_code == 401
    refresh = {"refreshToken": thief["refreshToken"]}
    assert front.call("POST", f"{BASE}/refresh", refresh).status_code == 401


@pytest.mark.parametrize("provider", ["github", "google"])
def test_an_address_that_nobody_verified_links_to_nothing(front: Front, provider: str) -> None:
    account = register(front, "olena.koval@example.com")
    verify("olena.koval@example.com")
    refused = finish(front, brought(front, provider, "olena"), provider)
    assert (refused.status_code, refused.json["error"]["code"]) == (409, "CONFLICT")
    assert front.call("GET", "/tymblok/v1/users/me", token=account["accessToken"]).status_code == 200


def test_an_unverified_address_makes_an_unverified_account(front: Front) -> None:
    answer = finish(front, brought(front, "github", "olena"))
    assert answer.json["data"]["user"]["emailVerified"] is False
    assert me(front, finish(front, brought(front, "github", "olena")))["email"] == "olena.koval@example.com"


def test_the_account_stays_the_same_when_the_address_changes(front: Front) -> None:
    first = me(front, finish(front, brought(front, "github")))
    with transaction():
        from models.users import User

        user = User.by_email(MARA)
        user.email = user.email_key = "elsewhere@example.com"
    assert me(front, finish(front, brought(front, "github")))["id"] == first["id"]


def test_a_closed_account_answers_as_to_a_wrong_password(front: Front) -> None:
    answer = finish(front, brought(front))
    token = answer.json["data"]["accessToken"]
    assert front.call("DELETE", "/tymblok/v1/users/me", token=token).status_code == 200
    for provider in ("github", "google"):
        refused = finish(front, brought(front, provider), provider)
        assert refused.json["error"]["code"] == "AUTH_INVALID_CREDENTIALS"


def test_a_state_is_good_once_and_for_its_provider_alone(front: Front) -> None:
    given = brought(front)
    assert finish(front, given, "google").status_code == 401
    assert finish(front, given).status_code == 200
    second = finish(front, given)
    assert (second.status_code, second.json["error"]["code"]) == (401, "AUTH_TOKEN_INVALID")


def test_one_state_in_many_hands_opens_one_login(front: Front) -> None:
    given = brought(front)
    statuses = at_once(*[lambda: finish(front, given).status_code] * 6)
    assert sorted(statuses) == [200] + [401] * 5


def test_a_state_is_forgotten_after_ten_minutes(front: Front) -> None:
    with time_machine.travel("2026-03-20T12:00:00Z", tick=True) as clock:
        given = brought(front)
        clock.shift(601)
        assert finish(front, given).status_code == 401


def test_a_code_that_the_provider_never_gave_is_refused(front: Front) -> None:
    for provider in ("github", "google"):
        refused = finish(front, {**brought(front, provider), "code": "guess"}, provider)
        assert (refused.status_code, refused.json["error"]["code"]) == (401, "AUTH_TOKEN_INVALID")


@pytest.mark.parametrize(
    "address",
    ["tymblok://auth/callback/", "tymblok://auth/callback?x=1", "tymblok://other", "tymblok://", "https://evil.example"],
)
def test_only_the_exact_addresses_are_returned_to(front: Front, address: str) -> None:
    refused = start(front, redirect_uri=address)
    assert [each["field"] for each in refused.json["error"]["details"]] == ["redirect_uri"]


def test_an_unknown_provider_is_not_found(front: Front) -> None:
    for provider in ("myspace", "jira", "slack"):
        assert start(front, provider).status_code == 404
        assert finish(front, {"code": "c", "state": "s"}, provider).status_code == 404


def test_the_address_carries_a_challenge_and_the_cookie_is_closed(front: Front) -> None:
    answer = start(front)
    query = parse_qs(urlsplit(answer.headers["Location"]).query)
    assert query["code_challenge_method"] == ["S256"] and len(query["code_challenge"][0]) == 43
    assert query["redirect_uri"] == ["http://daybook.test/oauth/github/callback"]
    cookie = answer.headers["Set-Cookie"]
    assert "HttpOnly" in cookie and "SameSite=Lax" in cookie
    assert sign_of(start(front, sign=sign_of(answer))) == sign_of(answer)  # two tabs of one browser


def test_a_browser_that_did_not_set_out_is_not_passed_on(front: Front) -> None:
    answer = start(front)
    address = consent(answer.headers["Location"])
    lured = come_back(front, address, sign="somebody-elses-browser")
    assert (lured.status_code, "Location" in lured.headers) == (400, False)
    state = parse_qs(urlsplit(address).query)
    given = {"code": state["code"][0], "state": state["state"][0]}
    assert finish(front, given, sign="somebody-elses-browser").status_code == 401


def test_who_says_no_comes_back_with_the_word(front: Front) -> None:
    given = brought(front, decision="deny")
    assert given["error"] == "access_denied" and "state" in given and "code" not in given


def test_a_provider_that_is_down_is_a_bad_gateway(front: Front, sandbox: Address) -> None:
    with Provider(sandbox, "github") as github:
        given = brought(front)
        github.fault("status", status=503, path="/login/oauth/access_token", times=None)
        refused = finish(front, given)
        assert (refused.status_code, refused.json["error"]["code"]) == (502, "INTEGRATION_ERROR")


def test_a_provider_that_is_not_configured_says_so(front: Front, monkeypatch: pytest.MonkeyPatch) -> None:
    import connectors.oauth
    from settings import settings

    monkeypatch.setattr(connectors.oauth, "settings", settings.model_copy(update={"daybook_env": "production"}))
    refused = start(front)
    assert (refused.status_code, refused.json["error"]["code"]) == (502, "INTEGRATION_ERROR")
    assert "not configured" in refused.json["error"]["message"]


def test_nobody_logs_in_at_anothers_consent(alice: Person, sandbox: Address) -> None:
    """A state of connecting is no state of logging in."""
    asked = alice.post("/integrations/github/connect").json["data"]
    code = parse_qs(urlsplit(consent(asked["authUrl"])).query)["code"][0]
    assert finish(alice.front, {"code": code, "state": asked["state"]}).status_code == 401
    assert httpx2.get(f"{sandbox}/healthz", trust_env=False).status_code == 200
