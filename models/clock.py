"""The one clock. Instants are aware UTC datetimes; a day is a day in its user's time zone."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, available_timezones

# `localtime`, `posixrules` and `Factory` are files of the zone database, not places where a user lives.
ZONES = frozenset(
    name
    for name in available_timezones()
    if name not in {"localtime", "posixrules", "Factory"} and not name.startswith(("posix/", "right/"))
)


def now() -> datetime:
    """This instant, in UTC."""
    return datetime.now(UTC)


@lru_cache(maxsize=1024)
def zone(name: str) -> ZoneInfo:
    """The time zone of that IANA name. Errors: KeyError for names that are not on the list."""
    if name not in ZONES:
        raise KeyError(name)
    return ZoneInfo(name)


def today(zone_name: str) -> date:
    """The calendar day that it is now in that zone."""
    return now().astimezone(zone(zone_name)).date()


def day_start(day: date, zone_name: str) -> datetime:
    """The first instant of a local day, in UTC; where midnight is skipped, the first instant after the gap."""
    return instant(day, time.min, zone_name)


def day_bounds(first: date, last: date, zone_name: str) -> tuple[datetime, datetime]:
    """The half-open span of instants that the local days `first` to `last` (inclusive) cover."""
    return day_start(first, zone_name), day_start(last + timedelta(days=1), zone_name)


def instant(day: date, at: time, zone_name: str) -> datetime:
    """The instant of a wall-clock time. Of a time that comes twice the first; a skipped one moves past the gap."""
    return datetime.combine(day, at, zone(zone_name)).astimezone(UTC)


def local(moment: datetime, zone_name: str) -> datetime:
    """An instant as that zone's wall clock shows it."""
    return moment.astimezone(zone(zone_name))


def timestamp(moment: datetime | None) -> str | None:
    """An instant as all contracts write it: `2026-01-31T10:00:00Z`."""
    return None if moment is None else moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
