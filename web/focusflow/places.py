"""Places on an organisation's live channel: at most fifty sockets of its members, over all processes.

Redis holds who has one, each for a minute at a time, so a process that dies gives its places back. While Redis is
away this process counts its own.
"""

from __future__ import annotations

import logging
import secrets
import threading
import time
from collections import defaultdict
from collections.abc import Sequence

import redis

from models.errors import TooMany
from workers.live import channel, connect

log = logging.getLogger(__name__)
MOST = 50
HELD_SECONDS = 60
PAUSE_SECONDS = 1.0
_TAKE = """
for _, key in ipairs(KEYS) do
    redis.call('ZREMRANGEBYSCORE', key, '-inf', ARGV[2])
    if not redis.call('ZSCORE', key, ARGV[1]) and redis.call('ZCARD', key) >= tonumber(ARGV[4]) then return 0 end
end
for _, key in ipairs(KEYS) do
    redis.call('ZADD', key, ARGV[3], ARGV[1])
    redis.call('EXPIRE', key, ARGV[5])
end
return 1
"""


class Places:
    """What this process knows of the channels of organisations."""

    def __init__(self) -> None:
        self._redis = connect(0.5)
        self._take = self._redis.register_script(_TAKE)
        self._own: dict[int, set[str]] = defaultdict(set)
        self._lock = threading.Lock()
        self._away_until = 0.0

    def take(self, organization_ids: Sequence[int]) -> Place:
        """A place in each of these organisations. Errors: TooMany, where one is full."""
        place = Place(self, tuple(organization_ids), secrets.token_hex(8))
        if not place.organization_ids:
            return place
        if not self.hold(place):
            raise TooMany(f"An organization can have {MOST} live connections; close one and try again", 30)
        with self._lock:
            for id in place.organization_ids:
                self._own[id].add(place.name)
        return place

    def hold(self, place: Place) -> bool:
        """Take a place or keep it for another minute; whether there is room."""
        present = time.time()
        keys = [_key(id) for id in place.organization_ids]
        if time.monotonic() >= self._away_until:
            try:
                return bool(
                    self._take(keys=keys, args=[place.name, present, present + HELD_SECONDS, MOST, HELD_SECONDS * 2])
                )
            except redis.RedisError:  # everybody who comes back at once would wait for it in turn
                self._away_until = time.monotonic() + PAUSE_SECONDS
        with self._lock:
            return all(len(self._own[id] - {place.name}) < MOST for id in place.organization_ids)

    def leave(self, place: Place) -> None:
        """Give a place back."""
        with self._lock:
            for id in place.organization_ids:
                self._own[id].discard(place.name)
        try:
            for id in place.organization_ids:
                self._redis.zrem(_key(id), place.name)
        except redis.RedisError as error:  # it runs out by itself
            log.info("a place on a live channel was not given back", extra={"reason": str(error)})


class Place:
    """One socket's place in each organisation that its user belongs to."""

    def __init__(self, places: Places, organization_ids: tuple[int, ...], name: str) -> None:
        self._places = places
        self.organization_ids = organization_ids
        self.name = name

    def keep(self) -> None:
        """Still here."""
        if self.organization_ids:
            self._places.hold(self)

    def leave(self) -> None:
        """Gone."""
        if self.organization_ids:
            self._places.leave(self)


def _key(organization_id: int) -> str:
    return f"{channel()}:team:{organization_id}"


places = Places()
