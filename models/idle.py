"""Members who have not worked for their organisation for a while, within its working hours. Each pause is told once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import or_, select, update

from models.activity import publish, show_person
from models.clock import instant, local, now, timestamp
from models.db import session
from models.focus import FocusSession
from models.organizations import Membership, Organization
from models.stretches import last_worked
from models.users import User
from settings import settings

_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Idle:
    """Somebody has done nothing since then."""

    membership_id: int
    user_id: int
    since: datetime


def organizations_at_work() -> list[int]:
    """Ids of the organisations whose working hours it is."""
    found = select(
        Organization.id, Organization.timezone, Organization.work_starts, Organization.work_ends, Organization.work_days
    ).where(Organization.is_active.is_(True))
    at_work = []
    for row in session.execute(found):
        here = local(now(), row.timezone)
        is_hour = row.work_starts <= here.time().replace(tzinfo=None) < row.work_ends
        if is_hour and str(here.isoweekday()) in row.work_days:
            at_work.append(row.id)
    return at_work


def tell_of_idle(organization_id: int) -> int:
    """Tell the managers of members who have newly been idle for long enough; returns how many."""
    organization = session.get(Organization, organization_id)
    if organization is None:
        return 0
    told = 0
    for idle in _idle(organization):
        noted = session.execute(
            update(Membership)
            .where(
                Membership.id == idle.membership_id,
                or_(Membership.idle_noted.is_(None), Membership.idle_noted < idle.since),
            )
            .values(idle_noted=idle.since)
        )
        if noted.rowcount:  # type: ignore[attr-defined]  # an UPDATE gives a CursorResult
            person = session.get_one(User, idle.user_id)
            data = {
                "user": show_person(person),
                "idle_since": timestamp(idle.since),
                "idle_duration_minutes": (now() - idle.since) // _MINUTE,
            }
            publish(organization, person.id, "employee_idle", data, now())
            told += 1
    return told


def _idle(organization: Organization) -> list[Idle]:
    """Employees at whose clocks nothing runs, and for how long. Work cannot begin before the working day does."""
    here = local(now(), organization.timezone)
    began = instant(here.date(), organization.work_starts, organization.timezone)
    worked = last_worked(organization.id, began)
    running = (
        select(FocusSession.id)
        .where(FocusSession.owner_id == Membership.user_id, FocusSession.running_since.is_not(None))
        .exists()
    )
    members = session.execute(
        select(Membership.id, Membership.user_id, Membership.joined_at)
        .join(User, User.id == Membership.user_id)
        .where(
            Membership.organization_id == organization.id,
            Membership.role == "employee",
            Membership.left_at.is_(None),
            User.deleted_at.is_(None),
            ~running,
        )
    )
    long_ago = now() - timedelta(minutes=settings.idle_minutes)
    found = []
    for row in members:
        since = max(began, row.joined_at, worked.get(row.user_id, began))
        if since <= long_ago:
            found.append(Idle(row.id, row.user_id, since))
    return found
