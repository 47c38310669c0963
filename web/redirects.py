"""Addresses that clients ask to be returned to: only those that the operator allowed."""

from __future__ import annotations

from models.errors import Invalid
from settings import settings


def check_return(address: str, field: str, *, is_scheme_enough: bool = False) -> str:
    """The address, if it is on the list as exact text; with `is_scheme_enough` also an app's whole scheme counts.

    A whole scheme is not enough where the browser brings a secret back. Errors: Invalid.
    """
    allowed = settings.allowed_redirect_uris
    scheme, separator, rest = address.partition("://")
    if rest and (address in allowed or (is_scheme_enough and f"{scheme}{separator}" in allowed)):
        return address
    raise Invalid({field: ["This address is not allowed"]})
