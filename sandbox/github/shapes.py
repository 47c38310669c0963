"""Users, repositories and issues as GitHub's REST API shows them."""

from __future__ import annotations

import base64
from datetime import UTC, datetime
from typing import Any
from zlib import crc32

import orjson

from sandbox.people import Person

LABELS = {
    "bug": ("d73a4a", "Something isn't working"),
    "enhancement": ("a2eeef", "New feature or request"),
    "documentation": ("0075ca", "Improvements or additions to documentation"),
    "good first issue": ("7057ff", "Good for newcomers"),
    "help wanted": ("008672", "Extra attention is needed"),
    "question": ("d876e3", "Further information is requested"),
    "wontfix": ("ffffff", "This will not be worked on"),
}
REPOSITORIES = {
    # full name: (description, language, private)
    "harborline/ferry-api": ("Bookings, fares and manifests", "Python", True),
    "harborline/booking-web": ("harborline.example", "TypeScript", True),
    "harborline/timetable-service": ("When which vessel sails", "Go", True),
    "harborline/infra": ("Everything that runs, as text", "HCL", True),
    "harborline/mobile-app": ("Tickets in the pocket", "Kotlin", True),
    "harborline/design-system": ("Buttons, colours and good manners", "TypeScript", False),
    "harborline/data-pipeline": ("Figures, every night", "Python", True),
    "harborline/handbook": ("How we work", None, False),
    "opentide/tide-tables": ("Tide tables for every port, free for everybody", "Python", False),
    "mara-lindqvist/dotfiles": (None, "Shell", False),
}
REPOSITORY_URLS = {
    "forks": "", "keys": "{/key_id}", "collaborators": "{/collaborator}", "teams": "", "hooks": "",
    "issue_events": ("issues/events", "{/number}"), "events": "", "assignees": "{/user}", "branches": "{/branch}",
    "tags": "", "blobs": ("git/blobs", "{/sha}"), "git_tags": ("git/tags", "{/sha}"),
    "git_refs": ("git/refs", "{/sha}"),
    "trees": ("git/trees", "{/sha}"), "statuses": ("statuses", "/{sha}"), "languages": "", "stargazers": "",
    "contributors": "", "subscribers": "", "subscription": "", "commits": "{/sha}",
    "git_commits": ("git/commits", "{/sha}"), "comments": "{/number}",
    "issue_comment": ("issues/comments", "{/number}"),
    "contents": ("contents", "/{+path}"), "compare": ("compare", "/{base}...{head}"), "merges": "",
    "archive": ("", "{archive_format}{/ref}"), "downloads": "", "issues": "{/number}", "pulls": "{/number}",
    "milestones": "{/number}", "notifications": "{?since,all,participating}", "labels": "{/name}", "releases": "{/id}",
    "deployments": "",
}  # fmt: skip


def stamp(seconds: float | None) -> str | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def node_id(prefix: str, *numbers: int) -> str:
    return f"{prefix}_" + base64.urlsafe_b64encode(b"".join(n.to_bytes(6, "big") for n in numbers)).decode().rstrip("=")


def user(base: str, origin: str, person: Person, kind: str = "User") -> dict[str, Any]:
    """The short form, as it stands inside of issues."""
    api = f"{base}/users/{person.login}"
    return {
        "login": person.login,
        "id": person.number,
        "node_id": node_id("U", person.number),
        "avatar_url": f"{origin}/avatars/{person.key}.svg",
        "gravatar_id": "",
        "url": api,
        "html_url": f"{base}/{person.login}",
        "followers_url": f"{api}/followers",
        "following_url": f"{api}/following{{/other_user}}",
        "gists_url": f"{api}/gists{{/gist_id}}",
        "starred_url": f"{api}/starred{{/owner}}{{/repo}}",
        "subscriptions_url": f"{api}/subscriptions",
        "organizations_url": f"{api}/orgs",
        "repos_url": f"{api}/repos",
        "events_url": f"{api}/events{{/privacy}}",
        "received_events_url": f"{api}/received_events",
        "type": kind,
        "user_view_type": "public",
        "site_admin": False,
    }


def profile(base: str, origin: str, person: Person) -> dict[str, Any]:
    """The long form, of `/user`. The address is null, as for everybody who keeps it private."""
    return user(base, origin, person) | {
        "name": person.name, "company": "Harborline", "blog": "", "location": None, "email": None, "hireable": None,
        "bio": person.about or None, "twitter_username": None, "notification_email": None, "public_repos": 12,
        "public_gists": 3, "followers": 41, "following": 17, "created_at": "2014-04-03T11:51:25Z",
        "updated_at": "2026-10-08T14:54:47Z", "private_gists": 0, "total_private_repos": 7, "owned_private_repos": 0,
        "disk_usage": 71917, "collaborators": 0, "two_factor_authentication": True,
        "plan": {"name": "free", "space": 976562499, "collaborators": 0, "private_repos": 10000},
    }  # fmt: skip


def repository(base: str, origin: str, full_name: str) -> dict[str, Any]:
    description, language, private = REPOSITORIES.get(full_name, ("Made up on demand", "Python", False))
    owner, _, name = full_name.partition("/")
    number = 100_000_000 + crc32(full_name.encode()) % 900_000_000
    api = f"{base}/repos/{full_name}"
    kind = "User" if "lindqvist" in owner else "Organization"
    shown: dict[str, Any] = {
        "id": number,
        "node_id": node_id("R", number),
        "name": name,
        "full_name": full_name,
        "private": private,
        "owner": user(base, origin, Person(owner, owner.title(), owner, ""), kind),
        "html_url": f"{base}/{full_name}",
        "description": description,
        "fork": False,
        "url": api,
    }
    for key, value in REPOSITORY_URLS.items():
        path, tail = value if isinstance(value, tuple) else (key, value)
        shown[f"{key}_url"] = f"{api}/{path}{tail}" if path else f"{api}/{tail}"
    host = base.partition("://")[2]
    return shown | {
        "created_at": "2019-03-11T08:12:44Z", "updated_at": "2026-11-18T16:02:10Z", "pushed_at": "2026-11-19T19:44:05Z",
        "git_url": f"git://{host}/{full_name}.git", "ssh_url": f"git@{host}:{full_name}.git",
        "clone_url": f"{base}/{full_name}.git", "svn_url": f"{base}/{full_name}", "homepage": None,
        "size": 4120 + number % 90_000, "stargazers_count": number % 740, "watchers_count": number % 740,
        "language": language, "has_issues": True, "has_projects": True, "has_downloads": True, "has_wiki": False,
        "has_pages": False, "has_discussions": False, "forks_count": number % 31, "mirror_url": None, "archived": False,
        "disabled": False, "open_issues_count": 20 + number % 80, "license": None, "allow_forking": True,
        "is_template": False, "web_commit_signoff_required": False, "topics": [],
        "visibility": "private" if private else "public", "forks": number % 31, "open_issues": 20 + number % 80,
        "watchers": number % 740, "default_branch": "main",
    }  # fmt: skip


def label(api: str, name: str) -> dict[str, Any]:
    colour, description = LABELS.get(name, (f"{crc32(name.encode()) & 0xFFFFFF:06x}", None))
    number = 1_000_000_000 + crc32(name.encode())
    return {
        "id": number,
        "node_id": node_id("LA", number),
        "url": f"{api}/labels/{name.replace(' ', '%20')}",
        "name": name,
        "color": colour,
        "default": name in LABELS,
        "description": description,
    }


def reactions(url: str) -> dict[str, Any]:
    kinds = ("total_count", "+1", "-1", "laugh", "hooray", "confused", "heart", "rocket", "eyes")
    return {"url": f"{url}/reactions"} | dict.fromkeys(kinds, 0)


def dump(value: Any) -> bytes:
    return orjson.dumps(value)
