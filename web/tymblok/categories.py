"""Categories: the system's and the user's own."""

from __future__ import annotations

import uuid
from typing import Any

from marshmallow import fields

from models.categories import Category, list_categories
from models.db import Record
from web.auth import caller, current_user
from web.fields import Color, Text
from web.tymblok.shape import Camel, Routes

routes = Routes("categories", __name__, url_prefix="/categories", description="Kinds of time")


class CategorySchema(Camel):
    id = fields.UUID(required=True)
    name = fields.String(required=True, metadata={"example": "GitHub"})
    color = fields.String(required=True, metadata={"example": "#10b981"})
    icon = fields.String(required=True, metadata={"example": "github"})
    is_system = fields.Boolean(required=True)


class NewCategorySchema(Camel):
    name = Text(100, required=True)
    color = Color(required=True)
    icon = Text(50, required=True)


class CategoryChangeSchema(Camel):
    name = Text(100)
    color = Color()
    icon = Text(50)


def show_category(category: Category | Record) -> dict[str, Any]:
    """A category as the contract writes one."""
    return {
        "id": category.uid,
        "name": category.name,
        "color": category.color,
        "icon": category.icon,
        "isSystem": category.owner_id is None,
    }


@routes.get("")
@routes.response(200, CategorySchema(many=True))
def index() -> list[dict[str, Any]]:
    """List all categories."""
    return [show_category(row) for row in list_categories(caller().id)]


@routes.post("")
@routes.arguments(NewCategorySchema, example={"name": "Learning", "color": "#8b5cf6", "icon": "book"})
@routes.response(201, CategorySchema)
def create(given: dict[str, Any]) -> dict[str, Any]:
    """Create a custom category."""
    return show_category(Category.create(current_user(), **given))


@routes.patch("/<uuid:uid>")
@routes.arguments(CategoryChangeSchema, example={"name": "Reading"})
@routes.response(200, CategorySchema)
def update(given: dict[str, Any], uid: uuid.UUID) -> dict[str, Any]:
    """Update a custom category."""
    category = Category.of(caller().id, uid)
    category.change(**given)
    return show_category(category)


@routes.delete("/<uuid:uid>")
@routes.response(204)
def delete(uid: uuid.UUID) -> None:
    """Delete a custom category that no block uses."""
    Category.of(caller().id, uid).delete()
