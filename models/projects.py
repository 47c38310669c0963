"""Projects: what tasks belong to."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Self

from sqlalchemy import ColumnElement, ForeignKey, Index, String, Text, and_, or_, select
from sqlalchemy.orm import Mapped, mapped_column

from models.clock import now
from models.db import Base, session
from models.errors import Invalid, NotFound
from models.organizations import Organization, is_member

COLOR = "#3498db"


class Project(Base):
    """Something that tasks work towards."""

    __tablename__ = "projects"
    __table_args__ = (Index("ix_projects_owner", "owner_id", "created_at"),)

    owner_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    organization_id: Mapped[int | None] = mapped_column(
        ForeignKey("organizations.id", ondelete="SET NULL"), index=True
    )
    """None for a personal project, which nobody but its owner ever sees."""
    name: Mapped[str] = mapped_column(String(200))
    description: Mapped[str] = mapped_column(Text, default="")
    color_code: Mapped[str] = mapped_column(String(7), default=COLOR)
    is_active: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[datetime] = mapped_column(default=now)
    updated_at: Mapped[datetime] = mapped_column(default=now, onupdate=now)

    @classmethod
    def of(cls, user_id: int, id: int) -> Self:
        """One of this user's projects. Errors: NotFound."""
        return cls._only(owned_by(user_id), cls.id == id)

    @classmethod
    def named(cls, user_id: int, id: int, field: str = "project") -> Self:
        """One that a request's body names, his own or his organisation's. Errors: Invalid: the input is wrong."""
        try:
            return cls._only(or_(owned_by(user_id), is_member(user_id, cls.organization_id)), cls.id == id)
        except NotFound as error:
            raise Invalid({field: ["There is no such project"]}) from error

    @classmethod
    def _only(cls, *wanted: Any) -> Self:
        project = session.scalar(select(cls).where(*wanted))
        if project is None:
            raise NotFound("Project not found")
        return project

    @classmethod
    def create(cls, owner_id: int, name: str, **values: Any) -> Self:
        """Make a project."""
        project = cls(owner_id=owner_id, name=name, **values)
        session.add(project)
        session.flush()
        return project

    @property
    def organization(self) -> str | None:
        """The slug of the organisation that it belongs to."""
        return session.get_one(Organization, self.organization_id).slug if self.organization_id is not None else None

    def change(self, **values: Any) -> None:
        """Change what it is called and looks like, or whether it is active."""
        for name, value in values.items():
            setattr(self, name, value)
        session.flush()

    def delete(self) -> None:
        """Remove it. Its tasks and their time stay, in no project."""
        session.delete(self)
        session.flush()


def owned_by(user_id: int) -> ColumnElement[bool]:
    """Which projects are somebody's: his own, and those that he made for an organisation while he is in it."""
    return and_(
        Project.owner_id == user_id,
        or_(Project.organization_id.is_(None), is_member(user_id, Project.organization_id)),
    )
