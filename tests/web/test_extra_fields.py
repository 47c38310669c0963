"""Fields that a body may not hold, on every write of every contract: none is stored, and none gives anybody a right."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from sqlalchemy import func, select

import models.tables  # noqa: F401
from models.categories import Category
from models.db import Base, session
from models.users import User
from tests.cast import transaction
from tests.household import Household
from tests.operations import BASES, operations

pytestmark = pytest.mark.usefixtures("unlimited", "sandbox")
RIGHTS = {
    "role": "admin", "user_type": "admin", "tier": "studio", "plan": "studio", "planId": "pro_yearly",
    "is_staff": True, "is_superuser": True, "emailVerified": True, "isSystem": True, "is_system": True,
}  # fmt: skip
"""What would give somebody more than is theirs, in words that would be understood."""
OWNERS = (
    "id", "uid", "user_id", "userId", "owner", "owner_id", "ownerId", "organization", "organization_id", "created_by",
    "stripeCustomerId", "stripe_customer_id", "password_hash", "external_account", "sealed_credentials",
)
INSTANTS = ("created_at", "createdAt", "updated_at", "completedAt", "completed_at", "deleted_at", "email_verified_at")


MARK = f"smuggled-{uuid.uuid4().hex}"


def extra(number: int, taken: set[str]) -> dict[str, Any]:
    """Fields that can be told again where they were stored; none that the operation documents."""
    marks: dict[str, Any] = {name: f"{MARK}-{number}-{name}" for name in OWNERS}
    marks |= dict.fromkeys(INSTANTS, f"2003-03-{1 + number % 28:02}T04:05:06Z")
    return {name: value for name, value in (marks | RIGHTS).items() if name not in taken}


def rights(email: str) -> tuple[Any, ...]:
    """What an account may do."""
    with transaction(reading=True):
        user = User.by_email(email)
        assert user is not None
        return user.uid, user.plan, user.email_verified_at, user.created_at


def systems() -> int:
    """Categories that belong to everybody."""
    with transaction(reading=True):
        return session.scalar(select(func.count()).where(Category.owner_id.is_(None))) or 0


def stored() -> list[str]:
    """Every row of every table."""
    with transaction(reading=True):
        tables = Base.metadata.sorted_tables
        return [str(tuple(row)) for table in tables for row in session.execute(table.select())]


@pytest.mark.parametrize("base", BASES)
def test_no_write_takes_more_than_it_documents(base: str) -> None:
    home = Household(base, BASES[base])
    before, taken = (rights(home.email), systems()), 0
    writes = [each for each in operations() if each.base == base and each.body is not None]
    for number, operation in enumerate(writes):
        if "password" in operation.path or ("/users/me" in operation.path and operation.method == "DELETE"):
            continue
        sample = home.sample(operation)
        if not isinstance(sample, dict):
            continue
        somebody = uuid.uuid4().hex[:12]  # the documented address is registered by now
        new = {"email": f"{somebody}@example.com", "username": somebody}
        sample |= {name: value for name, value in new.items() if name in sample}
        known = {str(step) for field in operation.fields() for step in field.path} | set(sample)
        answer = home.call(operation.method, home.path(operation), json={**extra(number, known), **sample})
        assert answer.status_code < 500, f"{operation}: {answer.text}"
        taken += answer.status_code < 300
        assert MARK not in answer.text or answer.status_code >= 400, f"{operation}: {answer.text}"
    assert taken, "no write was taken, so nothing was shown"
    assert (rights(home.email), systems()) == before
    assert [row for row in stored() if any(mark in row for mark in (MARK, "2003-03-", "2003, 3, "))] == []
