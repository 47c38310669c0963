"""The wire's fields: what each kind of value looks like in a request, and in the OpenAPI document."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time
from typing import Any

from email_validator import EmailNotValidError, validate_email
from marshmallow import ValidationError, fields, validate

from models.clock import ZONES
from models.errors import MISSING
from web.body import is_storable

EARLIEST, LATEST = date(1970, 1, 1), date(2199, 12, 31)
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_CLOCK = re.compile(r"([01]\d|2[0-3]):[0-5]\d", re.ASCII)
_COLOR = re.compile(r"#([0-9a-fA-F]{3}|[0-9a-fA-F]{6})\Z", re.ASCII)
_INSTANT = re.compile(r"\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?([Zz]|[+-]\d{2}:?\d{2})", re.ASCII)

fields.Field.default_error_messages["required"] = MISSING
fields.Field.default_error_messages["null"] = "This field may not be null"


class Text(fields.String):
    """Text of bounded length, trimmed; NUL and lone surrogates are refused. `blank=True` allows the empty text."""

    def __init__(self, longest: int = 200, *, blank: bool = False, trims: bool = True, **kwargs: Any) -> None:
        self.trims = trims
        rule = validate.Length(0 if blank else 1, longest, error=self._bounds(blank, longest))
        checks = kwargs.pop("validate", [])
        super().__init__(validate=[rule, *(checks if isinstance(checks, list) else [checks])], **kwargs)

    @staticmethod
    def _bounds(blank: bool, longest: int) -> str:
        return f"Must be at most {longest} characters" if blank else f"Must be 1 to {longest} characters"

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        if not isinstance(value, str):
            raise ValidationError("Must be text")
        if not is_storable(value):
            raise ValidationError("Text may not hold NUL or lone surrogates")
        return value.strip() if self.trims else value


class Password(Text):
    """A password, as typed."""

    def __init__(self, shortest: int = 8, **kwargs: Any) -> None:
        rule = validate.Length(shortest, None, error=f"Password must be at least {shortest} characters")
        super().__init__(1024, blank=True, trims=False, validate=rule, metadata={"format": "password"}, **kwargs)


class Email(Text):
    """An e-mail address that could be written to."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(254, metadata={"format": "email"}, **kwargs)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        text = super()._deserialize(value, attr, data, **kwargs)
        try:
            validate_email(text, check_deliverability=False, test_environment=True)
        except EmailNotValidError as error:
            raise ValidationError("Invalid email format") from error
        return text


class LoginName(Text):
    """An e-mail address or password given to log in: any text, since a wrong one is simply wrong."""


class Int(fields.Integer):
    """A whole number: not `1.9`, `"1"` in JSON, or `true`."""

    def __init__(self, low: int | None = None, high: int | None = None, **kwargs: Any) -> None:
        rules = [validate.Range(low, high)] if low is not None or high is not None else []
        super().__init__(strict=True, validate=rules, **kwargs)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int):
            raise ValidationError("Must be a whole number")
        return value


class QueryInt(Int):
    """A whole number in a query."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> int:
        if not isinstance(value, str) or not re.fullmatch(r"-?[0-9]{1,18}", value):
            raise ValidationError("Must be a whole number")
        return int(value)


class Flag(fields.Boolean):
    """`true` or `false`, nothing like them."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> bool:
        if not isinstance(value, bool):
            raise ValidationError("Must be true or false")
        return value


class QueryFlag(fields.Boolean):
    """`true` or `false` in a query."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> bool:
        lowered = value.lower() if isinstance(value, str) else value
        if lowered not in ("true", "false", "1", "0"):
            raise ValidationError("Must be true or false")
        return lowered in ("true", "1")


class Day(fields.Date):
    """A calendar day, `YYYY-MM-DD`, between 1970 and 2199."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> date:
        if not isinstance(value, str) or not _DATE.fullmatch(value):
            raise ValidationError("Must be a date as YYYY-MM-DD")
        try:
            day = date.fromisoformat(value)
        except ValueError as error:
            raise ValidationError("There is no such date") from error
        if not EARLIEST <= day <= LATEST:
            raise ValidationError(f"Must be between {EARLIEST} and {LATEST}")
        return day


class Clock(fields.Time):
    """A time of day, `HH:mm`."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(format="%H:%M", metadata={"pattern": r"^([01]\d|2[0-3]):[0-5]\d$"}, **kwargs)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> time:
        if not isinstance(value, str) or not _CLOCK.fullmatch(value):
            raise ValidationError("Must be a time as HH:mm")
        return time.fromisoformat(value)


class Timestamp(fields.AwareDateTime):
    """An instant: ISO 8601 with a zone in requests, UTC ending in `Z` in answers."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> datetime:
        if not isinstance(value, str) or not _INSTANT.fullmatch(value):
            raise ValidationError("Must be a timestamp as 2026-01-31T10:00:00Z")
        try:
            moment = datetime.fromisoformat(value.upper().replace(" ", "T")).astimezone(UTC)
        except (ValueError, OverflowError) as error:
            raise ValidationError("There is no such moment") from error
        if not EARLIEST <= moment.date() <= LATEST:
            raise ValidationError(f"Must be between {EARLIEST} and {LATEST}")
        return moment


class Zone(Text):
    """The IANA name of a time zone."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(64, trims=False, **kwargs)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        text = super()._deserialize(value, attr, data, **kwargs)
        if text not in ZONES:
            raise ValidationError("Unknown time zone")
        return text


class Color(Text):
    """A hex color, `#10b981` or `#fff`."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(7, validate=validate.Regexp(_COLOR, error="Must be a hex color"), **kwargs)


class WebAddress(Text):
    """An http or https address."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(2000, validate=validate.URL(schemes={"http", "https"}, require_tld=False), **kwargs)


class Choice(Text):
    """One of a few words."""

    def __init__(self, *words: str, **kwargs: Any) -> None:
        error = "Must be one of: " + ", ".join(words)
        super().__init__(50, blank=True, validate=validate.OneOf(words, error=error), **kwargs)


class Uid(fields.UUID):
    """An id that was given out before."""

    default_error_messages = {"invalid_uuid": "Must be an id"}
