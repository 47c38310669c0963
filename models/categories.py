"""Categories of time: six that everybody has, and each user's own."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Self

from sqlalchemy import ForeignKey, String, bindparam, func, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, mapped_column

from models.clock import now
from models.db import Base, Record, session
from models.errors import Conflict, Forbidden, Invalid, NotFound
from models.plans import check_limit
from models.statements import Statement
from models.users import User

SYSTEM = (
    ("Deep Work", "#6366f1", "brain"),
    ("GitHub", "#10b981", "github"),
    ("Jira", "#2684ff", "jira"),
    ("Meeting", "#f59e0b", "calendar"),
    ("Slack", "#e01e5a", "slack"),
    ("Other", "#64748b", "circle"),
)
"""Name, color and icon of the categories that everybody sees; the first migration writes them."""
DEEP_WORK = ("Deep Work",)
MOST = 500
"""Of one user's own, on any plan."""


class Category(Base):
    """What kind of time a block is."""

    __tablename__ = "categories"

    owner_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    name: Mapped[str] = mapped_column(String(100))
    color: Mapped[str] = mapped_column(String(7))
    icon: Mapped[str] = mapped_column(String(50))
    created_at: Mapped[datetime] = mapped_column(default=now)

    @property
    def is_system(self) -> bool:
        return self.owner_id is None

    @classmethod
    def of(cls, user_id: int, uid: uuid.UUID) -> Self:
        """One that this user sees. Errors: NotFound."""
        category = session.scalar(
            select(cls).where(cls.uid == uid, or_(cls.owner_id == user_id, cls.owner_id.is_(None)))
        )
        if category is None:
            raise NotFound("Category not found")
        return category

    @classmethod
    def named(cls, user_id: int, uid: uuid.UUID, field: str) -> Self:
        """One that a request's body names. Errors: Invalid, as the input is wrong, not the address."""
        try:
            return cls.of(user_id, uid)
        except NotFound as error:
            raise Invalid({field: ["There is no such category"]}) from error

    @classmethod
    def system(cls, name: str) -> Self:
        """The system category of that name."""
        return session.scalars(select(cls).where(cls.owner_id.is_(None), cls.name == name)).one()

    @classmethod
    def create(cls, owner: User, name: str, color: str, icon: str) -> Self:
        """Make one of a user's own. Errors: LimitReached, Conflict (too many)."""
        owner.lock()
        used = session.scalar(select(func.count()).select_from(cls).where(cls.owner_id == owner.id)) or 0
        check_limit(owner.plan, "custom_categories", used, "custom categories")
        if used >= MOST:
            raise Conflict(f"An account may have {MOST} categories; delete one that you no longer use")
        category = cls(owner_id=owner.id, name=name, color=color.lower(), icon=icon)
        session.add(category)
        session.flush()
        return category

    def change(self, **values: str) -> None:
        """Rename or recolor one of the user's own. Errors: Forbidden."""
        self._refuse_if_system("edited")
        for name, value in values.items():
            setattr(self, name, value.lower() if name == "color" else value)

    def delete(self) -> None:
        """Remove one of the user's own that no block uses. Errors: Forbidden, Conflict."""
        from models.blocks import TimeBlock  # blocks know categories, so categories learn of them late

        self._refuse_if_system("deleted")
        # Deleted blocks can still be restored; they must not hold the category, nor lose theirs.
        session.execute(
            update(TimeBlock)
            .where(TimeBlock.category_id == self.id, TimeBlock.deleted_at.is_not(None))
            .values(category_id=Category.system("Other").id)
        )
        try:
            # The foreign key decides, so a block that is made at the same moment cannot be left without a category.
            with session.begin_nested():
                session.delete(self)
        except IntegrityError as error:
            raise Conflict("The category has blocks; move them to another one first") from error

    def _refuse_if_system(self, verb: str) -> None:
        if self.is_system:
            raise Forbidden(f"System categories cannot be {verb}")


def list_categories(user_id: int) -> list[Record]:
    """All that a user sees, the system's first: uid, name, color, icon, owner_id."""
    return list(_LISTING.rows(owner=user_id))


_LISTING = Statement(
    select(Category.uid, Category.name, Category.color, Category.icon, Category.owner_id)
    .where(or_(Category.owner_id == bindparam("owner"), Category.owner_id.is_(None)))
    .order_by(Category.owner_id.is_not(None), Category.id)
)
