"""What one member of GitHub's lists becomes."""

from __future__ import annotations

import re
from array import array
from base64 import b64decode, b64encode
from collections.abc import Callable
from typing import Any
from zlib import crc32

from connectors import text
from connectors.base import Item, Profile
from connectors.members import read as read_members
from connectors.text import Malformed

MENTIONS = ("mention", "team_mention")
_SUBJECT = re.compile(r"/repos/([^/]+/[^/]+)/(issues|pulls|commits|discussions)/([^/?#]+)$")
_COMMENT = re.compile(r"/(issues|pulls)/comments/(\d+)$")


def issue_item(raw: object, scope: str = "issue") -> Item:
    """An issue or a pull request, from any list that holds issues."""
    issue = text.member(raw)
    url = text.link(issue.get("html_url"))
    if url is None or issue.get("state") not in ("open", "closed"):
        raise Malformed("no address or state")
    return Item(
        external_id=f"{scope}:{text.number(issue.get('id'))}",
        title=text.title(issue.get("title")),
        url=url,
        source="github",
        type="task",
        priority="high" if scope == "review" else "normal",
        description=_description(url, issue.get("body")),
        is_open=issue["state"] == "open",
    )


def review_item(raw: object) -> Item:
    """A pull request that waits for the user's review."""
    return issue_item(raw, "review")


def mention_item(raw: object) -> Item:
    """A notification thread in which the user, or a team of the user's, is mentioned."""
    thread = text.member(raw)
    subject, repository = text.member(thread.get("subject")), text.member(thread.get("repository"))
    identity = thread.get("id")
    if not isinstance(identity, str | int) or isinstance(identity, bool) or not str(identity).isdigit():
        raise Malformed("no id")
    name = text.clean(repository.get("full_name"), 200)
    whom = "Your team was" if thread.get("reason") == "team_mention" else "You were"
    return Item(
        external_id=f"mention:{identity}",
        title=text.title(subject.get("title")),
        url=_subject_address(subject, repository),
        source="github",
        type="update",
        description=f"{whom} mentioned in {name}" if name else f"{whom} mentioned",
    )


def _subject_address(subject: dict[str, Any], repository: dict[str, Any]) -> str | None:
    """The page of what a notification is about; the API gives only its own address."""
    home = text.link(repository.get("html_url"))
    found = _SUBJECT.search(str(subject.get("url") or ""))
    if not found or not home:
        return home
    kind = {"issues": "issues", "pulls": "pull", "commits": "commit", "discussions": "discussions"}[found[2]]
    comment = _COMMENT.search(str(subject.get("latest_comment_url") or ""))
    anchor = ""
    if comment:
        anchor = f"#issuecomment-{comment[2]}" if comment[1] == "issues" else f"#discussion_r{comment[2]}"
    return text.link(f"{home}/{kind}/{found[3]}{anchor}")


def _description(url: str, body: object) -> str:
    """Where it stands, and how it begins."""
    parts = url.split("/")
    place = f"{parts[-4]}/{parts[-3]} #{parts[-1]}" if len(parts) > 5 else ""
    return text.clean(f"{place}\n\n{body}" if isinstance(body, str) else place)


def is_elsewhere(thread: object, held: set[int]) -> bool:
    """A thread that mentions nobody here, was read, or is about what is in the inbox already."""
    if not isinstance(thread, dict):
        return False
    if thread.get("reason") not in MENTIONS or thread.get("unread") is False:
        return True
    subject = thread.get("subject")
    found = _SUBJECT.search(str(subject.get("url") or "")) if isinstance(subject, dict) else None
    return bool(found and found[2] in ("issues", "pulls") and _key(found[1], found[3]) in held)


def profile_of(raw: object) -> Profile:
    """The answer of `/user`."""
    user = text.member(raw)
    return Profile(
        external_id=str(text.number(user.get("id"))),
        username=text.clean(user.get("login"), 100) or None,
        avatar_url=text.link(user.get("avatar_url")),
        name=text.clean(user.get("name"), 200) or None,
        email=text.clean(user.get("email"), 254) or None,
    )


def read(members: list[Any], item_of: Callable[[object], Item]) -> tuple[list[Item], int, list[int | None]]:
    """Items, how many members could not be read, and every id; None stands for one that is unknown."""
    ids: list[int | None] = []
    for raw in members:
        try:
            ids.append(int(raw["id"]))
        except (TypeError, KeyError, ValueError, IndexError):
            ids.append(None)
    return *read_members(members, item_of), ids


# -- which issues are in the inbox already: four bytes each, so that five thousand fit into a cursor


def key_of(item: Item) -> int:
    parts = (item.url or "").split("/")
    return _key("/".join(parts[-4:-2]), parts[-1]) if len(parts) > 5 else 0


def _key(repository: str, number: str) -> int:
    return crc32(f"{repository}#{number}".lower().encode("utf-8", "replace"))


def packed(keys: set[int]) -> str:
    return b64encode(array("I", keys).tobytes()).decode()


def unpacked(value: object) -> set[int]:
    keys = array("I")
    if isinstance(value, str):
        keys.frombytes(b64decode(value))
    return set(keys)
