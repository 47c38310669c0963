"""The caller's own account."""

from __future__ import annotations

from typing import Any

from marshmallow import fields

from models.closure import close_account
from models.letters import send_password_changed
from models.logins import end_logins
from models.users import User
from web.auth import current_user, logged_in
from web.fields import LoginName, Password, Text, Timestamp, WebAddress, Zone
from web.shape import MessageSchema
from web.tymblok.shape import Camel, Routes

routes = Routes("users", __name__, url_prefix="/users", description="The caller's own account")


class UserSchema(Camel):
    id = fields.UUID(required=True)
    email = fields.Email(required=True, metadata={"example": "user@example.com"})
    name = fields.String(required=True, metadata={"example": "John Doe"})
    avatar_url = fields.String(required=True, allow_none=True)
    theme = fields.String(required=True, metadata={"example": "dark"})
    high_contrast = fields.Boolean(required=True)
    reduce_motion = fields.Boolean(required=True)
    text_size = fields.String(required=True, metadata={"example": "medium"})
    timezone = fields.String(required=True, metadata={"description": "Where the user's days begin"})
    email_verified = fields.Boolean(required=True)
    created_at = Timestamp(required=True)


class UserChangeSchema(Camel):
    name = Text(200)
    avatar_url = WebAddress(allow_none=True)
    timezone = Zone()


class PasswordChangeSchema(Camel):
    current_password = LoginName(1024, trims=False, required=True)
    new_password = Password(required=True)


class DeletionSchema(MessageSchema):
    deletion_date = Timestamp(required=True, data_key="deletionDate")


def show_user(user: User) -> dict[str, Any]:
    """A user as the contract writes one."""
    return {
        "id": user.uid,
        "email": user.email,
        "name": user.name,
        "avatarUrl": user.avatar_url,
        "theme": user.theme,
        "highContrast": user.high_contrast,
        "reduceMotion": user.reduce_motion,
        "textSize": user.text_size,
        "timezone": user.timezone,
        "emailVerified": user.is_email_verified,
        "createdAt": user.created_at,
    }


@routes.get("/me")
@routes.response(200, UserSchema)
def show() -> dict[str, Any]:
    """Get the current user's profile."""
    return show_user(current_user())


@routes.patch("/me")
@routes.arguments(UserChangeSchema, example={"name": "John Smith"})
@routes.response(200, UserSchema)
def update(given: dict[str, Any]) -> dict[str, Any]:
    """Update the user's profile."""
    user = current_user()
    user.change(**given)
    return show_user(user)


@routes.delete("/me")
@routes.response(200, DeletionSchema)
def delete() -> dict[str, Any]:
    """Delete the account; for 30 days a mailed link restores it."""
    logged_in()
    return {"message": "Account scheduled for deletion", "deletionDate": close_account(current_user())}


@routes.put("/me/password")
@routes.arguments(PasswordChangeSchema, example={"currentPassword": "OldPass123!", "newPassword": "NewPass456!"})
@routes.response(200, MessageSchema)
def change_password(given: dict[str, Any]) -> dict[str, Any]:
    """Change the password; every other login ends."""
    user, login = current_user(), logged_in().login_id
    user.change_password(given["current_password"], given["new_password"], "newPassword")
    end_logins(user, keep=login)
    send_password_changed(user)
    return {"message": "Password changed successfully"}
