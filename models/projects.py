"""Projects: what tasks belong to."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Self

from sqlalchemy import ForeignKey, Index, String, Text, select
from sqlalchemy.orm import Mapped, mapped_column

from models.clock import now
from models.db import Base, session
from models.errors import Invalid, NotFound

COLOR = "#3498db"


class Project(Base):
    """Something that tasks work towards."""

    __tablename__ = "projects"
    __table_args__ = (Index("ix_projects_owner", "owner_id", "created_at"),)

    owner_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(String(200))
    description: Mapped[str] = mapped_column(Text, default="")
    color_code: Mapped[str] = mapped_column(String(7), default=COLOR)
    is_active: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[datetime] = mapped_column(default=now)
    updated_at: Mapped[datetime] = mapped_column(default=now, onupdate=now)

    @classmethod
    def of(cls, user_id: int, id: int) -> Self:
        """One of this user's projects. Errors: NotFound."""
        project = session.scalar(select(cls).where(cls.id == id, cls.owner_id == user_id))
        if project is None:
            raise NotFound("Project not found")
        return project

    @classmethod
    def named(cls, user_id: int, id: int, field: str = "project") -> Self:
        """One that a request's body names. Errors: Invalid, as the input is wrong, not the address."""
        try:
            return cls.of(user_id, id)
        except NotFound as error:
            raise Invalid({field: ["There is no such project"]}) from error

    @classmethod
    def create(cls, owner_id: int, name: str, **values: Any) -> Self:
        """Make a project."""
        project = cls(owner_id=owner_id, name=name, **values)
        session.add(project)
        session.flush()
        return project

    def change(self, **values: Any) -> None:
        """Change what it is called and looks like, or whether it is active."""
        for name, value in values.items():
            setattr(self, name, value)
        session.flush()

    def delete(self) -> None:
        """Remove it. Its tasks and their time stay, in no project."""
        session.delete(self)
        session.flush()

