"""Sessions of focus: one clock of timestamps on the server, and at most one session running for each user.

No tick ever adds time. A session knows what was counted before its last pause and since when it runs; everything
else follows from the present moment, so neither sleep, a restart nor a lost message can change what was worked. Time
is counted in microseconds. Whoever changes a timer holds it first (`hold_timer`), and finds closed what is past its
time, whether a worker was there or not.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal, Self

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, select, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from models import team_days
from models.clock import now
from models.cycles import Cycle
from models.db import Base, session
from models.errors import Conflict, NotFound
from models.live import tell
from models.stretches import first_uncounted, write_stretches
from models.timer import SECOND, Reading, cycle_of, read_clock
from models.users import User
from settings import settings

if TYPE_CHECKING:
    from models.blocks import TimeBlock
    from models.tasks import Task

Kind = Literal["focus", "short_break", "long_break"]
LONGEST_MINUTES = 240
_RUNS = text("running_since IS NOT NULL")
_OPEN = text("ended_at IS NULL")
_COUNTS = text("pomodoros > 0")
_IN_TEAM = text("organization_id IS NOT NULL")


@dataclass(frozen=True, slots=True)
class PomodoroCompleted:
    """A session of focus is over; with `play_sound` because its time was up."""

    user_id: int
    session_id: int
    task_id: int | None
    completed_at: datetime
    play_sound: bool


@dataclass(frozen=True, slots=True)
class BreakStarted:
    """Somebody rests. `break_type` is short or long."""

    user_id: int
    session_id: int
    break_type: str
    duration_minutes: int
    started_at: datetime


class FocusSession(Base):
    """A pomodoro, a break, or a run of pomodoros and breaks that follows a cycle.

    It runs (`running_since`), is paused (`paused_at`) or has ended (`ended_at`). `ends_at` is when a worker must act:
    the time is up, or a run has been forgotten. A run has no planned length.
    """

    __tablename__ = "focus_sessions"
    __table_args__ = (
        CheckConstraint("kind IN ('focus', 'short_break', 'long_break')", name="kind"),
        CheckConstraint("counted_us >= 0", name="counted"),
        CheckConstraint("planned_seconds > 0", name="planned"),
        CheckConstraint("planned_seconds IS NULL OR counted_us <= planned_seconds * 1000000", name="within_plan"),
        CheckConstraint("(planned_seconds IS NULL) <> (cycle_focus IS NULL)", name="length"),
        CheckConstraint(
            "(CASE WHEN running_since IS NULL THEN 0 ELSE 1 END) + (CASE WHEN paused_at IS NULL THEN 0 ELSE 1 END)"
            " + (CASE WHEN ended_at IS NULL THEN 0 ELSE 1 END) = 1",
            name="one_state",
        ),
        CheckConstraint("(running_since IS NULL) = (ends_at IS NULL)", name="due"),
        CheckConstraint("ended_at IS NULL OR ended_at >= started_at", name="order"),
        Index("uq_focus_sessions_running", "owner_id", unique=True, sqlite_where=_RUNS, postgresql_where=_RUNS),
        Index("uq_focus_sessions_open_task", "task_id", unique=True, sqlite_where=_OPEN, postgresql_where=_OPEN),
        Index("ix_focus_sessions_due", "ends_at", sqlite_where=_RUNS, postgresql_where=_RUNS),
        Index("ix_focus_sessions_owner", "owner_id", "started_at"),
        Index("ix_focus_sessions_pomodoros", "owner_id", "started_at", sqlite_where=_COUNTS, postgresql_where=_COUNTS),
        Index("ix_focus_sessions_task_id", "task_id"),
        Index("ix_focus_sessions_block_id", "block_id"),
        Index("ix_focus_sessions_team", "organization_id", sqlite_where=_OPEN, postgresql_where=_OPEN),
        Index(
            "ix_focus_sessions_organization_id", "organization_id", sqlite_where=_IN_TEAM, postgresql_where=_IN_TEAM
        ),
    )

    owner_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    task_id: Mapped[int | None] = mapped_column(ForeignKey("tasks.id", ondelete="SET NULL"))
    block_id: Mapped[int | None] = mapped_column(ForeignKey("time_blocks.id", ondelete="SET NULL"))
    organization_id: Mapped[int | None] = mapped_column(ForeignKey("organizations.id", ondelete="SET NULL"))
    """Whose the task was when the session began; the time stays with it, whatever becomes of the task."""
    kind: Mapped[str] = mapped_column(String(12))
    planned_seconds: Mapped[int | None]
    cycle_focus: Mapped[int | None]
    cycle_short_break: Mapped[int | None]
    cycle_long_break: Mapped[int | None]
    cycle_interval: Mapped[int | None]
    started_at: Mapped[datetime]
    running_since: Mapped[datetime | None]
    paused_at: Mapped[datetime | None]
    ends_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    counted_us: Mapped[int] = mapped_column(default=0)
    pomodoros: Mapped[int] = mapped_column(default=0)
    completed: Mapped[bool] = mapped_column(default=False)

    task: Mapped[Task | None] = relationship(lazy="select", passive_deletes=True)
    block: Mapped[TimeBlock | None] = relationship(lazy="select", passive_deletes=True)

    # -- finding one

    @classmethod
    def of(cls, user_id: int, id: int) -> Self:
        """One of this user's sessions, by number. Errors: NotFound."""
        return cls._only(cls.owner_id == user_id, cls.id == id)

    @classmethod
    def hold(cls, user_id: int, id: int) -> Self:
        """One of this user's sessions, with the timer held until this transaction ends. Errors: NotFound."""
        hold_timer(user_id)
        return cls.of(user_id, id)

    @classmethod
    def hold_run(cls, user_id: int, uid: uuid.UUID) -> Self:
        """One of this user's sessions by uid, with the timer held. Errors: NotFound."""
        hold_timer(user_id)
        return cls._only(cls.owner_id == user_id, cls.uid == uid)

    @classmethod
    def _only(cls, *wanted: Any) -> Self:
        found = session.scalar(select(cls).where(*wanted).execution_options(populate_existing=True))
        if found is None:
            raise NotFound("Session not found")
        return found

    # -- beginning

    @classmethod
    def start_break(cls, owner: User, break_type: Literal["short", "long"]) -> Self:
        """Rest for as long as the profile says. Errors: Conflict."""
        hold_timer(owner.id)
        kind: Kind = "short_break" if break_type == "short" else "long_break"
        rest = cls.begin(owner.id, kind, planned_seconds=getattr(owner, kind) * 60)
        tell(BreakStarted(owner.id, rest.id, break_type, rest.duration_minutes, rest.started_at))
        return rest

    @classmethod
    def start_run(cls, owner_id: int, cycle: Cycle, *, block: TimeBlock | None = None) -> Self:
        """Begin to follow a cycle; it counts until it is paused or finished. Errors: Conflict."""
        hold_timer(owner_id)
        return cls.begin(owner_id, "focus", cycle=cycle, block=block)

    @classmethod
    def begin(
        cls,
        owner_id: int,
        kind: Kind,
        *,
        planned_seconds: int | None = None,
        cycle: Cycle | None = None,
        task: Task | None = None,
        block: TimeBlock | None = None,
    ) -> Self:
        """Start the clock of a new session. The timer is held. Errors: Conflict."""
        _refuse_second(owner_id)
        began = cls(owner_id=owner_id, kind=kind, planned_seconds=planned_seconds, task=task, block=block)
        began.organization_id = task.organization_id if task is not None else None
        began.counted_us, began.pomodoros, began.completed = 0, 0, False
        if cycle is not None:
            began.cycle_focus, began.cycle_interval = cycle.focus, cycle.interval
            began.cycle_short_break, began.cycle_long_break = cycle.short_break, cycle.long_break
        began.started_at = now()
        began._run_from(began.started_at)
        session.add(began)
        session.flush()
        return began

    # -- changing state; the timer is held

    def pause(self) -> datetime:
        """Stop the clock; what was counted stays. Returns when. Errors: Conflict."""
        if self.running_since is None:
            raise Conflict("This session is not running")
        moment = self._moment()
        self._pause_at(moment)
        return moment

    def resume(self) -> datetime:
        """Let the clock go on. Returns when. Errors: Conflict."""
        if self.paused_at is None:
            raise Conflict("This session is not paused")
        _refuse_second(self.owner_id)
        moment = self._moment()
        self._run_from(moment)
        session.flush()
        return moment

    def complete(self) -> datetime:
        """End it before its time, or finish a run; it counts as completed. Returns when. Errors: Conflict."""
        if self.ended_at is not None:
            raise Conflict("This session has ended already")
        moment = self._moment()
        self._end_at(moment, completed=True, play_sound=False)
        if self.block is not None and self.block.deleted_at is None:
            self.block.complete(self.read().focus_seconds)
        return moment

    def abandon(self) -> None:
        """End it without completing it: what was counted stays, but it is no pomodoro."""
        if self.ended_at is None:
            self._end_at(self._moment(), completed=False, play_sound=False)

    def run_out(self) -> None:
        """Its time is up: a session counts exactly what was planned, a forgotten run is paused."""
        due = self.ends_at
        if due is None:
            return
        if self.cycle is not None:
            self._pause_at(due)
        else:
            self._end_at(due, completed=True, play_sound=True)

    def delete(self) -> None:
        """Remove the record, and its time from every figure."""
        if self.ended_at is None:
            self.abandon()
        if self.task is not None:
            self.task.lose(self)
        session.delete(self)
        session.flush()
        if self.organization_id is not None and self.ended_at is not None:
            team_days.recount(self.organization_id, self.owner_id, self.started_at, self.ended_at)

    # -- what it shows

    @property
    def cycle(self) -> Cycle | None:
        """The plan of a run; None for a pomodoro or a break."""
        return cycle_of(self)

    @property
    def is_break(self) -> bool:
        return self.kind != "focus"

    @property
    def duration_minutes(self) -> int:
        """The planned length; of a run that of one of its pomodoros."""
        return self.read().duration_minutes

    def read(self, moment: datetime | None = None) -> Reading:
        """What its clock shows at a moment, now where none is given."""
        return read_clock(self, moment)

    # -- the clock

    def _moment(self) -> datetime:
        """Now, but never before what this session has seen already: the server's clock may be set back."""
        return max(now(), self.running_since or self.paused_at or self.started_at)

    def _run_from(self, moment: datetime) -> None:
        if not self.is_break:
            moment = first_uncounted(self.owner_id, moment)
        self.running_since, self.paused_at = moment, None
        if self.planned_seconds is None:
            self.ends_at = moment + timedelta(hours=settings.focus_run_hours)
        else:
            self.ends_at = moment + timedelta(microseconds=self.planned_seconds * SECOND - self.counted_us)

    def _pause_at(self, moment: datetime) -> None:
        self._count(moment)
        self.running_since = self.ends_at = None
        self.paused_at = moment
        session.flush()

    def _end_at(self, moment: datetime, *, completed: bool, play_sound: bool) -> None:
        self._count(moment)
        self.running_since = self.ends_at = self.paused_at = None
        self.ended_at = moment
        self.completed = completed
        is_pomodoro = completed and not self.is_break and self.cycle is None
        if is_pomodoro:
            self.pomodoros = 1
        if self.task is not None:
            self.task.session_ended(self)
        session.flush()
        if is_pomodoro:
            tell(PomodoroCompleted(self.owner_id, self.id, self.task_id, moment, play_sound))

    def _count(self, moment: datetime) -> None:
        """Bank what was worked since the clock was started; a day's figures read it from there."""
        if self.running_since is None:
            return
        began, before, after = self.running_since, self.counted_us, self.read(moment).worked_us
        cycle = self.cycle
        self.counted_us = after
        if cycle is not None:
            self.pomodoros = cycle.pomodoros(after)
        if not self.is_break:
            spans = [(before, after)] if cycle is None else list(cycle.stretches(before, after))
            worked = write_stretches(
                self.owner_id,
                self.organization_id,
                self.task_id if self.organization_id is not None else None,
                self.id,
                began,
                before,
                spans,
                cycle,
            )
            if self.task is not None:
                self.task.focus_seconds += sum(seconds for _, _, seconds in worked)
            if self.organization_id is not None:
                team_days.count(self.organization_id, self.owner_id, worked)


def hold_timer(user_id: int) -> FocusSession | None:
    """Let nobody else move a user's timer until this transaction ends; returns the session that runs.

    A session past its time is closed on the way, so nothing depends on a worker's having been there.
    """
    session.execute(select(User.id).where(User.id == user_id).with_for_update())
    running = _running(user_id)
    if running is not None and running.ends_at is not None and running.ends_at <= now():
        running.run_out()
        return None
    return running


def is_overdue(user_id: int) -> bool:
    """Whether a session of this user is past its time and not closed yet."""
    return (
        session.scalar(
            select(FocusSession.id).where(
                FocusSession.owner_id == user_id,
                FocusSession.running_since.is_not(None),
                FocusSession.ends_at <= now(),
            )
        )
        is not None
    )


def owners_overdue(limit: int = 200) -> list[int]:
    """Whose sessions are past their time, those waiting longest first; each is locked by nobody else."""
    return list(
        session.scalars(
            select(User.id)
            .join(FocusSession, FocusSession.owner_id == User.id)
            .where(FocusSession.running_since.is_not(None), FocusSession.ends_at <= now())
            .order_by(FocusSession.ends_at)
            .limit(limit)
            .with_for_update(of=User, skip_locked=True)
        )
    )


def _running(user_id: int) -> FocusSession | None:
    return session.scalar(
        select(FocusSession)
        .where(FocusSession.owner_id == user_id, FocusSession.running_since.is_not(None))
        .execution_options(populate_existing=True)
    )


def _refuse_second(user_id: int) -> None:
    if _running(user_id) is not None:
        raise Conflict("Another session is running")


CLOCK = (
    FocusSession.kind,
    FocusSession.planned_seconds,
    FocusSession.cycle_focus,
    FocusSession.cycle_short_break,
    FocusSession.cycle_long_break,
    FocusSession.cycle_interval,
    FocusSession.counted_us,
    FocusSession.running_since,
    FocusSession.ends_at,
)
"""The columns that `models.timer` reads a session's clock from."""
