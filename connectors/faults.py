"""What can go wrong with a provider, in words that a user may read: a ConnectorError, whatever library failed."""

from __future__ import annotations

import http.client
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from email.utils import parsedate_to_datetime

import httpx
import httpx2
import requests
import urllib3

from connectors.base import ConnectorError, Page
from connectors.transport import SentElsewhere, TooLong

NAMES = {
    "github": "GitHub", "jira": "Jira", "google": "Google", "google-calendar": "Google", "slack": "Slack",
    "notion": "Notion", "linear": "Linear", "stripe": "Stripe",
}
LONGEST_WAIT = 86_400.0

TIMEOUTS = (TimeoutError, requests.Timeout, httpx.TimeoutException, httpx2.TimeoutException)
UNREACHED = (requests.ConnectionError, httpx.ConnectError, httpx2.ConnectError, ConnectionRefusedError)
FOREIGN = (
    OSError, ValueError, LookupError, TypeError, AttributeError, RuntimeError, AssertionError, ArithmeticError,
    EOFError, http.client.HTTPException, requests.RequestException, urllib3.exceptions.HTTPError,
    httpx.HTTPError, httpx.InvalidURL, httpx2.HTTPError, httpx2.InvalidURL,
)
"""What clients are known to let through beside their own classes. Named one by one, so that Celery's time limit,
which is an Exception too, is never taken for a provider's fault."""


class NotConfigured(ConnectorError):
    """This server has no OAuth client for a provider."""

    def __init__(self, provider: str) -> None:
        super().__init__(f"{provider} is not configured on this server", kind="refused")
        self.provider = provider


class TokenRefused(ConnectorError):
    """The access token was refused (401). Where a refresh token is at hand, refresh once before believing it."""

    def __init__(self, name: str) -> None:
        super().__init__(f"{name} no longer accepts this connection. Please connect it again.", kind="reconnect")


def unreadable(name: str) -> ConnectorError:
    return ConnectorError(f"{name} sent an answer that could not be read. It will be tried again.")


def busy(name: str, retry_after: float | None) -> ConnectorError:
    return ConnectorError(f"{name} asks us to wait before the next request.", "later", retry_after)


def forbidden(name: str, why: str = "") -> ConnectorError:
    reason = f": {why}" if why else ". A permission is missing; connecting again and granting it may help"
    return ConnectorError(f"{name} refuses this request{reason}.", kind="refused")


def of_status(name: str, status: int, headers: Mapping[str, str] | None = None) -> ConnectorError:
    """What an HTTP status means where the provider gives it no meaning of its own."""
    headers = headers or {}
    if status == 401:
        return TokenRefused(name)
    if status == 403:
        return forbidden(name)
    if status == 429:
        return busy(name, wait(headers))
    if status in (404, 410):
        return ConnectorError(f"{name} does not know what was asked for ({status}).", kind="refused")
    if status >= 500:
        message = f"{name} has a problem of its own ({status}). It will be tried again."
        return ConnectorError(message, "later", wait(headers))
    if 300 <= status < 400:
        return ConnectorError(f"{name} sent us to another address ({status}), which is not followed.")
    return ConnectorError(f"{name} did not accept a request ({status}). It will be tried again.")


def wait(headers: Mapping[str, str], reset: str | None = None) -> float | None:
    """Seconds until the next try, from `Retry-After` or else the header that holds the epoch second of the reset."""
    lowered = {key.lower(): value for key, value in headers.items()}
    after = lowered.get("retry-after")
    if after:
        try:
            return _within(float(after))
        except ValueError:
            try:
                return _within(parsedate_to_datetime(after).timestamp() - clock(lowered))
            except (ValueError, TypeError):
                pass
    if reset and lowered.get(reset):
        try:
            return _within(float(lowered[reset]) - clock(lowered))
        except ValueError:
            return None
    return None


def clock(headers: Mapping[str, str]) -> float:
    """The provider's own clock where it shows one, in epoch seconds. Keys in lower case."""
    try:
        return parsedate_to_datetime(headers["date"]).timestamp()
    except (KeyError, ValueError, TypeError):
        return time.time()


def _within(seconds: float) -> float:
    return min(max(seconds, 1.0), LONGEST_WAIT) if seconds == seconds else 60.0


@contextmanager
def spoken(name: str) -> Iterator[None]:
    """Turn whatever the libraries raise inside into a ConnectorError that names the provider."""
    try:
        yield
    except ConnectorError:
        raise
    except TIMEOUTS as error:
        raise ConnectorError(f"{name} did not answer in time. It will be tried again.") from error
    except SentElsewhere as error:
        raise ConnectorError(f"{name} sent us to another host, which is not followed.") from error
    except TooLong as error:
        raise ConnectorError(f"{name} sent an answer that is too long to be right.") from error
    except requests.exceptions.ChunkedEncodingError as error:
        raise ConnectorError(f"{name} broke off in the middle of an answer. It will be tried again.") from error
    except UNREACHED as error:
        raise ConnectorError(f"{name} could not be reached. It will be tried again.") from error
    except (http.client.HTTPException, ConnectionError, httpx.TransportError, httpx2.TransportError) as error:
        raise ConnectorError(f"{name} broke off in the middle of an answer. It will be tried again.") from error
    except FOREIGN as error:
        raise unreadable(name) from error


def guarded(name: str, pages: Iterator[Page]) -> Iterator[Page]:
    """A pull whose every step speaks in ConnectorErrors, while what its caller does with a page stays its caller's."""
    while True:
        with spoken(name):
            try:
                page = next(pages)
            except StopIteration:
                return
        yield page
