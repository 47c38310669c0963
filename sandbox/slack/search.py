"""`search.messages`: what a person can find with Slack's search words; for user tokens only."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from flask import Blueprint, g

from sandbox.slack.api import Wrong, given, me, method, slack
from sandbox.slack.workspace import Conversation, Message, letters

routes = Blueprint("slack_search", __name__)
Test = Callable[[Conversation, Message], bool]


def word(text: str) -> Test:
    """What one word of the query asks for."""
    if text.startswith("-") and len(text) > 1:
        test = word(text[1:])
        return lambda channel, message: not test(channel, message)
    key, colon, value = text.partition(":")
    if colon and key in ("from", "to", "in", "is", "after", "before", "on", "has"):
        return qualified(key, value)
    wanted, mine = text.strip('"').lower(), me()
    if wanted in (f"@{slack.person().login}".lower(), "@me"):
        wanted = f"<@{mine}>".lower()
    return lambda channel, message: wanted in message.text.lower()


def qualified(key: str, value: str) -> Test:
    mine = me()
    if key in ("after", "before", "on"):
        try:
            limit = date.fromisoformat(value)
        except ValueError:
            raise Wrong("bad_query") from None
        zone = ZoneInfo(slack.person().time_zone)  # search reads days on the person's own clock

        def day(message: Message) -> date:
            return datetime.fromtimestamp(float(message.ts), zone).date()

        return {
            "after": lambda channel, message: day(message) > limit,
            "before": lambda channel, message: day(message) < limit,
            "on": lambda channel, message: day(message) == limit,
        }[key]
    if key == "from":
        who = mine if value == "me" else value.strip("<@>")
        return lambda channel, message: message.user == who
    if key == "to" and value == "me":
        return lambda channel, message: f"<@{mine}>" in message.text or (channel.is_im and message.user != mine)
    if key == "in":
        name = value.strip("#<>")
        return lambda channel, message: name in (channel.name, channel.id)
    if key == "is" and value == "dm":
        return lambda channel, message: channel.is_im
    if key == "is" and value == "thread":
        return lambda channel, message: message.thread_ts is not None
    if key == "is" and value in ("saved", "starred"):
        saved = {(each.channel, each.ts) for each in slack.workspace.saved if each.user == mine}
        return lambda channel, message: (channel.id, message.ts) in saved
    return lambda channel, message: False


def match_shape(channel: Conversation, message: Message) -> dict[str, Any]:
    workspace = slack.workspace
    author = workspace.person(message.user)
    where = {
        "id": channel.id, "is_channel": not channel.is_im, "is_group": False, "is_im": channel.is_im, "is_mpim": False,
        "is_private": channel.is_im, "is_shared": False, "is_org_shared": False, "is_ext_shared": False,
        "is_pending_ext_shared": False, "pending_shared": [],
        "name": next((each for each in channel.members if each != me()), me()) if channel.is_im else channel.name,
    }  # fmt: skip
    return {
        "iid": letters("match", channel.id, message.ts).lower(), "team": workspace.team_id, "channel": where,
        "type": "im" if channel.is_im else "message", "user": message.user, "text": message.text, "ts": message.ts,
        "username": author.login if author else "", "permalink": workspace.permalink(channel, message),
    }  # fmt: skip


def number(name: str, default: int, most: int) -> int:
    text = given(name) or str(default)
    return max(1, min(int(text), most)) if text.isdigit() else default


@method("search.messages", "search:read", only_user=True, blueprint=routes)
def search_messages() -> dict[str, Any]:
    """By page and count, 100 at most; what is deeper than page 100 cannot be reached."""
    query = given("query").strip()
    if not query:
        raise Wrong("no_query")
    tests = [word(text) for text in query.split()]
    found = [
        (channel, message)
        for channel in slack.workspace.of(me())
        for message in channel.messages.values()
        if all(test(channel, message) for test in tests)
    ]
    found.sort(key=lambda pair: pair[1].ts, reverse=given("sort_dir") != "asc")
    count, page = number("count", 20, 100), number("page", 1, 100)
    first, pages = (page - 1) * count, -(-len(found) // count)
    shown = found[first : first + count]
    if first and shown and slack.faults.take("duplicates", account=g.account):
        shown = [found[first - 1], *shown]
    if page < pages and slack.faults.take("update_while_paging", account=g.account):
        channel, _ = found[0]
        slack.workspace.say(channel, channel.members[-1], f"{query} — just now")
    return {
        "query": query,
        "messages": {
            "total": len(found),
            "pagination": {
                "total_count": len(found), "page": page, "per_page": count, "page_count": pages, "first": first + 1,
                "last": first + len(shown),
            },
            "paging": {"count": count, "total": len(found), "page": page, "pages": pages},
            "matches": [match_shape(channel, message) for channel, message in shown],
        },
    }  # fmt: skip
