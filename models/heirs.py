"""What becomes of an organisation when the account of one of its people is closed, and later erased.

Work belongs to the organisation: tasks, time, statistics and feed stay in it when a person goes. Erasing takes the
person out of them: they then stand under a former member, a row made for this one organisation that has no name, no
address and no way in, and that nothing connects with who it was.
"""

from __future__ import annotations

from typing import Any

import orjson
from sqlalchemy import delete, exists, func, or_, select, update

from models.activity import Activity, note_membership
from models.clock import now
from models.db import session
from models.deliveries import Delivery
from models.focus import FocusSession
from models.letters import send_made_admin
from models.organizations import Membership, Organization, admins_of
from models.projects import Project
from models.stretches import stretches
from models.tasks import Task
from models.team_days import team_days
from models.users import User
from models.webhooks import Webhook


def keep_governed(user: User) -> None:
    """Give each organisation that a closed account was the last admin of to the member next in line.

    That is the longest-serving manager, else the longest-serving employee; he is told by mail. An organisation of
    nobody else waits for its admin to come back, and is erased with him.
    """
    run = select(Membership.organization_id).where(
        Membership.user_id == user.id, Membership.role == "admin", Membership.left_at.is_(None)
    )
    for organization in list(session.scalars(select(Organization).where(Organization.id.in_(run)))):
        organization.lock()
        heir = _heir(organization, user)
        person = session.get_one(User, heir.user_id) if heir is not None else user
        if heir is None or heir.role == "admin" or person.deleted_at is not None:
            continue
        heir.change_role("admin")
        note_membership(organization, person, "role_changed", "admin")
        send_made_admin(person, organization.name)
    session.flush()


def take_up(user: User) -> None:
    """Somebody is back whose organisation has nobody to run it meanwhile: its admins' accounts were closed too."""
    for member in session.scalars(
        select(Membership).where(Membership.user_id == user.id, Membership.left_at.is_(None))
    ).all():
        session.get_one(Organization, member.organization_id).lock()
        if not admins_of(member.organization_id):
            member.change_role("admin")


def leave_to_teams(user: User) -> None:
    """Before a person is erased: what he did for organisations is theirs, and no longer under his name."""
    in_it = exists().where(Membership.organization_id == Organization.id, Membership.user_id == user.id)
    wanted = select(Organization).where(or_(Organization.owner_id == user.id, in_it)).order_by(Organization.id)
    for organization in list(session.scalars(wanted)):
        organization.lock()
        heir = _heir(organization, user)
        if heir is None:
            _erase(organization)
        else:
            _pass_on(organization, user, heir)


def _heir(organization: Organization, user: User) -> Membership | None:
    """Who else could run an organisation: an admin, else a manager, else anybody, the longest-serving first.

    Somebody whose account is closed, but who may still come back, is better than nobody.
    """
    return session.scalar(
        select(Membership)
        .join(User, User.id == Membership.user_id)
        .where(
            Membership.organization_id == organization.id,
            Membership.user_id != user.id,
            Membership.left_at.is_(None),
        )
        .order_by(
            User.deleted_at.is_not(None),
            Membership.role != "admin",
            Membership.role != "manager",
            Membership.joined_at,
            Membership.id,
        )
        .limit(1)
    )


def _pass_on(organization: Organization, user: User, heir: Membership) -> None:
    """The heir gets what needs somebody who can change it, a former member all that tells who did what."""
    heir.change_role("admin")  # as he is already, unless all who could run it have closed their accounts
    former = User.former()
    ours, his = organization.id, user.id
    for each in session.scalars(
        select(FocusSession).where(
            FocusSession.owner_id == his, FocusSession.organization_id == ours, FocusSession.ended_at.is_(None)
        )
    ).all():
        each.abandon()
    session.flush()
    deeds: list[tuple[Any, dict[str, Any]]] = [
        (update(Organization).where(Organization.id == ours, Organization.owner_id == his), {"owner_id": heir.user_id}),
        (update(Project).where(Project.organization_id == ours, Project.owner_id == his), {"owner_id": heir.user_id}),
        (update(Task).where(Task.organization_id == ours, Task.owner_id == his),
         {"owner_id": former.id, "inbox_item_id": None}),
        (update(Task).where(Task.organization_id == ours, Task.assigned_by_id == his), {"assigned_by_id": former.id}),
        (update(FocusSession).where(FocusSession.organization_id == ours, FocusSession.owner_id == his),
         {"owner_id": former.id, "block_id": None}),
        (update(stretches).where(stretches.c.organization_id == ours, stretches.c.owner_id == his),
         {"owner_id": former.id}),
        (update(team_days).where(team_days.c.organization_id == ours, team_days.c.user_id == his),
         {"user_id": former.id}),
        (update(Activity).where(Activity.organization_id == ours, Activity.user_id == his), {"user_id": former.id}),
        (update(Membership).where(Membership.organization_id == ours, Membership.user_id == his),
         {"user_id": former.id, "role": "employee", "left_at": func.coalesce(Membership.left_at, now())}),
    ]  # fmt: skip
    for statement, values in deeds:
        session.execute(statement.values(values).execution_options(synchronize_session=False))
    # What was posted to endpoints is kept for a while as it went out, with the person's name in it.
    name = orjson.dumps({"username": user.username}).decode()[1:-1]
    webhooks = select(Webhook.id).where(Webhook.organization_id == ours)
    named = Delivery.payload.contains(name, autoescape=True)
    session.execute(
        delete(Delivery).where(Delivery.webhook_id.in_(webhooks), named).execution_options(synchronize_session=False)
    )


def _erase(organization: Organization) -> None:
    """An organisation of nobody goes, with its tasks, its projects and its former members."""
    people = select(Membership.user_id).where(Membership.organization_id == organization.id)
    gone = list(session.scalars(select(User.id).where(User.id.in_(people), User.is_former())))
    for kind in (Task, Project):
        session.execute(delete(kind).where(kind.organization_id == organization.id))
    session.delete(organization)
    session.flush()
    session.execute(delete(User).where(User.id.in_(gone)))
