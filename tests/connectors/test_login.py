"""Signing in: an address counts only where the provider vouches for it."""

from __future__ import annotations

import pytest

from connectors.base import ConnectorError, Credentials
from connectors.login import SCOPES, login_profile
from tests.connectors.stub import Reply

NAMES = {"github": "github", "google": "google-calendar"}


@pytest.mark.parametrize("provider", SCOPES)
@pytest.mark.parametrize(("account", "is_verified"), [("mara", True), ("olena", False)])
def test_whose_account_it_is(sandbox, connect, provider, account, is_verified):
    credentials = connect(NAMES[provider], account=account, scopes=SCOPES[provider])
    profile = login_profile(provider, credentials)
    assert profile.is_email_verified is is_verified
    assert profile.external_id and profile.name and profile.email and profile.email.endswith("@example.com")


@pytest.mark.parametrize("emails", [
    [], [5, None], [{"email": None, "primary": True, "verified": True}],
    [{"email": "a@b.c", "primary": False, "verified": True}], [{"email": "a@b.c", "primary": True, "verified": "yes"}],
])
def test_nothing_else_is_an_address_that_is_vouched_for(stub, emails):
    stub.answer = lambda asked: Reply({"id": 1, "login": "x"} if asked.path.endswith("/user") else emails)
    assert not login_profile("github", Credentials("t")).is_email_verified


@pytest.mark.parametrize("reply", [Reply([]), Reply({}), Reply(b""), Reply({"id": None}), Reply({}, 500)])
@pytest.mark.parametrize("provider", SCOPES)
def test_garbage_is_said_plainly(stub, provider, reply):
    stub.answer = lambda asked: reply
    with pytest.raises(ConnectorError):
        login_profile(provider, Credentials("t"))
