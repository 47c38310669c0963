"""How far any provider may go: bytes, time, hosts, and what becomes of a foreign exception."""

from __future__ import annotations

import gc
import gzip
import http.client
from typing import Any

import httpx
import httpx2
import pytest
import requests

import connectors.transport
from connectors.base import ConnectorError, Credentials, Page
from connectors.faults import NAMES, guarded, spoken, wait
from connectors.registry import CONNECTORS
from tests.connectors.stub import Reply, Stub

BOMB = gzip.compress(b" " * (20 * 1024 * 1024))
CREDENTIALS = Credentials("secret-token", extra={"user_id": "U1"})


def failing(provider: str) -> ConnectorError:
    with pytest.raises(ConnectorError) as caught:
        list(CONNECTORS[provider].pull(CREDENTIALS, {}))
    error = caught.value
    assert NAMES[provider] in error.message and "secret-token" not in error.message
    return error


@pytest.mark.parametrize("provider", CONNECTORS)
def test_an_answer_that_is_too_long_is_not_read_to_its_end(stub, provider):
    stub.answer = lambda asked: Reply(b"[" + b" " * (6 * 1024 * 1024) + b"]")
    assert "too long" in failing(provider).message


@pytest.mark.parametrize("provider", CONNECTORS)
def test_a_small_answer_that_unpacks_to_a_large_one_is_refused_too(stub, provider):
    stub.answer = lambda asked: Reply(BOMB, 200, {"Content-Encoding": "gzip"})
    assert "too long" in failing(provider).message


@pytest.mark.parametrize("provider", CONNECTORS)
def test_an_answer_that_never_ends_is_given_up(stub, monkeypatch, provider):
    monkeypatch.setattr(connectors.transport, "WHOLE_SECONDS", 0.0)
    stub.answer = lambda asked: Reply({"some": "thing"})
    assert "in time" in failing(provider).message


@pytest.mark.parametrize("status", [301, 302, 307, 308])
@pytest.mark.parametrize("provider", CONNECTORS)
def test_no_token_goes_to_another_host(stub, provider, status):
    other = Stub()
    try:
        stub.answer = lambda asked: Reply(b"", status, {"Location": f"{other.url}/stolen"})
        failing(provider)
        assert not other.asked
    finally:
        other.close()


@pytest.mark.parametrize("provider", CONNECTORS)
def test_a_provider_that_is_away_is_said_so(stub, provider):
    stub.close()
    assert "could not be reached" in failing(provider).message


@pytest.mark.parametrize("provider", CONNECTORS)
def test_a_provider_that_answers_nothing_at_all(stub, provider):
    stub.answer = lambda asked: Reply(harm="hang")
    assert failing(provider).kind == "later"


@pytest.mark.parametrize("body", [b"null", b"5", b'"text"', b"[]", b"{}", b"[" * 200_000, b"\xff\xfe", b'{"a": NaN}'])
@pytest.mark.parametrize("provider", CONNECTORS)
def test_any_body_ends_in_items_or_in_a_plain_message(stub, provider, body):
    stub.answer = lambda asked: Reply(body)
    gc.collect()  # the deepest body leaves no stack to the finalizers of what earlier tests threw away
    try:
        assert not [item for page in CONNECTORS[provider].pull(CREDENTIALS, {}) for item in page.items]
    except ConnectorError as error:
        assert NAMES[provider] in error.message


@pytest.mark.parametrize("error", [
    OSError(), ValueError(), KeyError(), IndexError(), TypeError(), AttributeError(), RecursionError(), OverflowError(),
    UnicodeDecodeError("utf-8", b"", 0, 1, ""), http.client.IncompleteRead(b""), TimeoutError(), BrokenPipeError(),
    requests.ReadTimeout(), requests.exceptions.ChunkedEncodingError(), requests.exceptions.InvalidURL(),
    httpx.ReadError(""), httpx.InvalidURL(""), httpx2.RemoteProtocolError(""), httpx2.ConnectTimeout(""), EOFError(),
])
def test_every_foreign_exception_gets_a_name(error):
    with pytest.raises(ConnectorError, match=r"^Jira .*\.$") as caught, spoken("Jira"):
        raise error
    assert caught.value.kind == "later" and caught.value.__cause__ is error


def test_what_the_caller_does_with_a_page_stays_the_callers():
    def pages() -> Any:
        yield Page([], {})
        raise KeyError("ours")

    run = guarded("Jira", pages())
    next(run)
    with pytest.raises(ConnectorError):
        next(run)
    with pytest.raises(KeyError):
        for _ in guarded("Jira", pages()):
            raise KeyError("the caller's")


@pytest.mark.parametrize(("headers", "seconds"), [
    ({"Retry-After": "7"}, 7), ({"retry-after": "0"}, 1), ({"Retry-After": "-5"}, 1), ({"Retry-After": "1e12"}, 86400),
    ({"Retry-After": "soon"}, None), ({}, None), ({"Retry-After": "nan"}, 60), ({"Retry-After": ""}, None),
    ({"Retry-After": "Fri, 20 Nov 2026 10:00:30 GMT", "Date": "Fri, 20 Nov 2026 10:00:00 GMT"}, 30),
    ({"X-Reset": "1795168830", "Date": "Fri, 20 Nov 2026 10:00:00 GMT"}, 30), ({"X-Reset": "x"}, None),
])
def test_when_to_come_again(headers, seconds):
    assert wait(headers, "x-reset") == seconds
