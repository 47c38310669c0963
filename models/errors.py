"""What can go wrong, by meaning. Each contract's `shape` says which status, code and body that is there.

Refusal
├── Invalid              the input breaks a rule; names the fields
├── NotFound             no such thing, or it is another user's
├── Conflict             the thing is not in a state that allows this, or exists already
│   ├── EmailTaken
│   └── StillAtWork      the same request is being answered just now; says when to come back
├── Forbidden            the caller may not do this
│   └── LimitReached     his plan ends here
├── Unauthenticated      who calls is not known
│   ├── InvalidCredentials · TokenExpired · TokenInvalid · RefreshExpired
├── TooMany              later; says when
├── UpstreamFailed       a provider did not do its part
└── Unavailable          the database does not answer
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

MISSING = "This field is required"
"""The message of a required field that is not there; contracts that name missing fields look for it."""


class Refusal(Exception):
    """A request that is refused for a reason which the caller may read."""

    default = "The request was refused"

    def __init__(self, message: str | None = None) -> None:
        self.message = message or self.default
        super().__init__(self.message)


class Invalid(Refusal):
    """The input breaks a rule. `fields` maps the path of each wrong field to sentences."""

    default = "Validation failed"

    def __init__(self, fields: Mapping[str, Sequence[str]] | None = None, message: str | None = None) -> None:
        super().__init__(message)
        self.fields = {name: list(sentences) for name, sentences in (fields or {}).items()}


class NotFound(Refusal):
    """There is no such thing for this caller."""

    default = "Not found"


class Conflict(Refusal):
    """What is asked contradicts what is stored."""

    default = "This contradicts the present state"


class EmailTaken(Conflict):
    """An account with this e-mail address exists."""

    default = "This email is already registered"


class StillAtWork(Conflict):
    """The same request is being answered just now; come back after `retry_after` seconds."""

    default = "This request is still being worked on"
    retry_after = 1.0


class Forbidden(Refusal):
    """The caller is known and may not do this."""

    default = "You do not have permission to do this"


class LimitReached(Forbidden):
    """The caller's plan does not go further."""


class Unauthenticated(Refusal):
    """Nobody is known to be calling."""

    default = "Authentication is required"


class InvalidCredentials(Unauthenticated):
    """No account opens with this e-mail address and password."""

    default = "Email or password is incorrect"


class TokenExpired(Unauthenticated):
    """The access token was good once."""

    default = "The token has expired"


class TokenInvalid(Unauthenticated):
    """The token was never good here, or was withdrawn."""

    default = "The token is invalid"


class RefreshExpired(Unauthenticated):
    """The refresh token was good once."""

    default = "The refresh token has expired"


class ResetTokenInvalid(Refusal):
    """A mailed one-time token is unknown, used or too old."""

    default = "This link is invalid or has expired"


class TooMany(Refusal):
    """Too many requests; try again after `retry_after` seconds."""

    default = "Too many requests"

    def __init__(self, message: str | None = None, retry_after: float = 60) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class UpstreamFailed(Refusal):
    """A provider failed, or is not configured on this server."""

    default = "The external service failed"


class Unavailable(Refusal):
    """The database does not answer just now."""

    default = "Temporarily unavailable, please try again"
