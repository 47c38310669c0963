"""What people type to get in, where the contracts ask for the same."""

from __future__ import annotations

from web.body import Input
from web.fields import Email, LoginName, Password, Text


class NewAccountSchema(Input):
    email = Email(required=True)
    password = Password(required=True)
    name = Text(200, required=True)


class LoginSchema(Input):
    email = LoginName(254, required=True)
    password = LoginName(1024, trims=False, required=True)


class ForgotSchema(Input):
    email = LoginName(254, required=True)


class RefreshSchema(Input):
    refresh_token = Text(500, required=True)
