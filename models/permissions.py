"""Who may do what in an organisation: the contract's "Permissions" lines, in one table."""

from __future__ import annotations

from typing import Literal

from models.errors import Forbidden

Role = Literal["employee", "manager", "admin"]
ROLES: tuple[Role, ...] = ("employee", "manager", "admin")
"""From the least to the most that one may do."""

EVERY_MEMBER = frozenset(ROLES)
MANAGER_OR_ADMIN = frozenset({"manager", "admin"})
ADMIN_ONLY = frozenset({"admin"})

PERMISSIONS: dict[str, frozenset[str]] = {
    "get organization details": EVERY_MEMBER,
    "update organization": ADMIN_ONLY,
    "leave organization": EVERY_MEMBER,
    "list members": EVERY_MEMBER,
    "invite member": MANAGER_OR_ADMIN,
    "list invites": MANAGER_OR_ADMIN,
    "withdraw invite": MANAGER_OR_ADMIN,
    "update member role": ADMIN_ONLY,
    "remove member": ADMIN_ONLY,
    "make organization project": MANAGER_OR_ADMIN,
    "make organization task": EVERY_MEMBER,
    "list organization tasks": MANAGER_OR_ADMIN,
    "assign task": MANAGER_OR_ADMIN,
    "live activity feed": MANAGER_OR_ADMIN,
    "team overview": MANAGER_OR_ADMIN,
    "employee detail view": MANAGER_OR_ADMIN,
    "see what managers see of oneself": EVERY_MEMBER,
    "team performance": MANAGER_OR_ADMIN,
    "project analytics": MANAGER_OR_ADMIN,
    "export team reports": MANAGER_OR_ADMIN,
    "configure webhooks": ADMIN_ONLY,
    "hear the manager channel": MANAGER_OR_ADMIN,
}


def is_allowed(role: str, action: str) -> bool:
    """Whether a member with this role may do that."""
    return role in PERMISSIONS[action]


def check(role: str, action: str) -> None:
    """Refuse a member whose role does not allow that. Errors: Forbidden."""
    if not is_allowed(role, action):
        raise Forbidden("Your role in this organization does not allow this")


def check_hands_out(own: str, given: str) -> None:
    """Nobody makes others more than he is himself. Errors: Forbidden."""
    if ROLES.index(given) > ROLES.index(own):
        raise Forbidden(f"Only an admin can make somebody {given}")
