"""Counting an organisation's days anew after it moved to another time zone."""

from __future__ import annotations

from celery_app import celery
from models import db
from models.organizations import Organization
from models.team_days import moved, people_of, recount_person, settle


@celery.task(name="recount_moved_teams")
def recount_moved_teams() -> None:
    """Count the days of those that moved."""
    recount_moved()


def recount_moved() -> int:
    """Each person in a transaction of its own; of how many organisations the days were counted."""
    with db.transaction(reading=True):
        found = moved()
    for organization_id in found:
        with db.transaction(reading=True):
            zone = db.session.get_one(Organization, organization_id).timezone
            people = people_of(organization_id)
        for person in people:
            with db.transaction():
                recount_person(organization_id, person)
        with db.transaction():
            settle(organization_id, zone)
    return len(found)
