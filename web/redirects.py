"""Addresses that clients ask to be returned to, and the browser that sets out: is it the one that comes back?"""

from __future__ import annotations

import re

from flask import request

from models.errors import Invalid
from settings import settings

SIGN = "daybook_login"
"""The cookie by which a browser that set out to log in is known again."""
_SANE = re.compile(r"[\w-]{20,64}", re.ASCII)


def browser_sign() -> str | None:
    """The sign of a browser that set out to log in, where it shows one."""
    shown = request.cookies.get(SIGN, "")
    return shown if _SANE.fullmatch(shown) else None


def check_return(address: str, field: str, *, is_scheme_enough: bool = False) -> str:
    """The address, if it is on the list as exact text; with `is_scheme_enough` also an app's whole scheme counts.

    A whole scheme is not enough where the browser brings a secret back. Errors: Invalid.
    """
    allowed = settings.allowed_redirect_uris
    scheme, separator, rest = address.partition("://")
    if rest and (address in allowed or (is_scheme_enough and f"{scheme}{separator}" in allowed)):
        return address
    raise Invalid({field: ["This address is not allowed"]})
