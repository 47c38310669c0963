"""What one member of Slack's lists becomes."""

from __future__ import annotations

import html
import re
from datetime import UTC, datetime
from typing import Any

from connectors import text
from connectors.base import Item, Kind
from connectors.text import Malformed

TITLE = 200
_MARKED = re.compile(r"<([^<>|]*)(?:\|([^<>]*))?>")


def said(value: object, me: str = "") -> str:
    """Slack's markup as a person would read it: names for ids, words for links. https://api.slack.com/reference/surfaces/formatting"""

    def shown(found: re.Match[str]) -> str:
        inner, label = found[1], found[2]
        if inner.startswith(("@", "!subteam")):
            return "@you" if inner == f"@{me}" else f"@{(label or 'someone').lstrip('@')}"
        if inner.startswith("#"):
            return f"#{label or 'channel'}"
        if inner.startswith("!"):
            return label or f"@{inner[1:].split('^')[0]}"
        return label or inner.removeprefix("mailto:")

    return html.unescape(_MARKED.sub(shown, text.clean(value)))


def message_item(raw: object, scope: str, kind: Kind, me: str, external_id: str = "") -> Item:
    """A message, from a search or a list of saved ones."""
    message = text.member(raw)
    channel, ts = channel_of(message), ts_of(message)
    words = said(message.get("text"), me) or _attached(message, me)
    where, who = _place(message), text.clean(message.get("username"), 100)
    return Item(
        external_id=external_id or f"{scope}:{channel}-{ts}",
        title=text.clean(text.title(words), TITLE),
        url=text.link(message.get("permalink")),
        source="slack",
        type=kind,
        description=text.clean("\n\n".join(part for part in (" ".join(p for p in (who, where) if p), words) if part)),
    )


def reminder_item(raw: object) -> Item:
    """A reminder; one that comes again is open as long as it stands."""
    reminder = text.member(raw)
    identity = text.clean(reminder.get("id"), 80)
    if not identity:
        raise Malformed("no id")
    at = reminder.get("time")
    return Item(
        external_id=f"reminder:{identity}",
        title=text.clean(text.title(said(reminder.get("text"))), TITLE),
        url=None,
        source="slack",
        type="reminder",
        is_open=not reminder.get("complete_ts"),
        starts_at=datetime.fromtimestamp(at, UTC) if isinstance(at, int) and 0 < at < 1 << 33 else None,
    )


def saved_item(raw: object, me: str) -> Item | None:
    """A saved message or file. Starred channels and people are no work: None."""
    saved = text.member(raw)
    kind = saved.get("type")
    if kind == "message":
        message = text.member(saved.get("message"))
        return message_item({"channel": saved.get("channel"), **message}, "saved", "task", me)
    if kind in ("file", "file_comment"):
        file = text.member(saved.get("file"))
        identity = text.clean(file.get("id"), 80)
        if not identity:
            raise Malformed("no id")
        return Item(
            external_id=f"saved:{identity}",
            title=text.clean(text.title(file.get("title") or file.get("name")), TITLE),
            url=text.link(file.get("permalink")),
            source="slack",
            type="task",
        )
    return None


def channel_of(message: dict[str, Any]) -> str:
    channel = message.get("channel")
    identity = channel.get("id") if isinstance(channel, dict) else channel
    if not isinstance(identity, str) or not identity.isalnum():
        raise Malformed("no channel")
    return identity


def is_direct(message: dict[str, Any]) -> bool:
    """Whether it stands in a conversation of few, not in a channel."""
    channel = message.get("channel")
    if isinstance(channel, dict) and (channel.get("is_im") or channel.get("is_mpim")):
        return True
    return channel_of(message).startswith("D")


def ts_of(message: dict[str, Any]) -> str:
    ts = message.get("ts")
    if not isinstance(ts, str) or not ts.replace(".", "", 1).isdigit():
        raise Malformed("no time")
    return ts


def order(ts: str) -> tuple[int, int]:
    """A time stamp is an id, not a number with a fraction: both halves count as they stand."""
    seconds, _, rest = ts.partition(".")
    return int(seconds or 0), int(rest or 0)


def _place(message: dict[str, Any]) -> str:
    channel = message.get("channel")
    if not isinstance(channel, dict):
        return ""
    name = text.clean(channel.get("name"), 80)
    return f"in #{name}" if name and not channel.get("is_im") and not channel.get("is_mpim") else "in a direct message"


def _attached(message: dict[str, Any], me: str) -> str:
    """Apps often write their words into attachments or blocks alone."""
    for each in message.get("attachments") or message.get("files") or ():
        if isinstance(each, dict):
            for key in ("title", "text", "fallback", "name"):
                if words := said(each.get(key), me):
                    return words
    return ""
