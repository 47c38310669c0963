"""The clock of the house: RedBeat, but alive through a Redis that goes away or forgets everything.

RedBeat's own scheduler ends when its lock is gone, or Redis with it, and until it is started again nothing ticks.
"""

from __future__ import annotations

import logging
from typing import Any

from kombu.exceptions import OperationalError
from redbeat import RedBeatScheduler
from redis.exceptions import ConnectionError as Unreached
from redis.exceptions import LockError
from redis.exceptions import TimeoutError as TimedOut

log = logging.getLogger(__name__)
PAUSE = 1.0
"""Seconds until the next try."""


class Clock(RedBeatScheduler):
    """One of several may tick at a time: whoever has the lock. It is asked for again when it is lost."""

    _is_lost = False
    _waits = False

    def tick(self, *args: Any, **kwargs: Any) -> float:
        """Announce what is due; seconds until the next tick."""
        try:
            if self._is_lost and not self._take_over():
                return PAUSE
            until = float(super().tick(*args, **kwargs))
        except LockError:
            log.warning("the clock's lock is gone; it is asked for again")
            self._is_lost = True
            return 0.0
        except (Unreached, TimedOut, OperationalError) as error:
            if not self._waits:  # said once, however long it takes
                log.warning("the clock waits for Redis", extra={"reason": str(error)})
            self._waits = True
            return PAUSE
        self._waits = False
        return until

    def _take_over(self) -> bool:
        if not self.lock.acquire(blocking=False):
            return False
        # Whoever emptied Redis took the schedule too.
        self.setup_schedule()
        self._is_lost = False
        log.info("the clock ticks again")
        return True
