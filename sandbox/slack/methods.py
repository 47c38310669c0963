"""Slack's Web API: conversations, people, reminders, saved items, and the token itself."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, g, render_template, request

from sandbox.people import Person
from sandbox.reply import reply
from sandbox.slack.api import Wrong, channel_of, given, limit, me, method, needs, paged, slack
from sandbox.slack.workspace import Conversation, shape

routes = Blueprint("slack_methods", __name__)


def user_shape(person: Person) -> dict[str, Any]:
    picture = slack.avatar(person)
    profile = {
        "real_name": person.name, "display_name": person.login, "real_name_normalized": person.name,
        "first_name": person.given_name, "last_name": person.family_name, "team": slack.workspace.team_id,
        "status_text": "", "status_emoji": "", **{f"image_{size}": picture for size in (24, 32, 48, 72, 192, 512)},
    }  # fmt: skip
    if "users:read.email" in g.token.grant.scopes:
        profile["email"] = person.email
    return {
        "id": slack.workspace.user_id(person), "name": person.login, "team_id": slack.workspace.team_id,
        "deleted": False,
        "real_name": person.name, "tz": person.time_zone, "is_bot": False, "is_admin": False, "is_app_user": False,
        "is_email_confirmed": person.is_email_verified, "updated": 1772031587, "profile": profile,
    }  # fmt: skip


def conversation_shape(each: Conversation) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "id": each.id, "created": 1772031275, "is_org_shared": False, "is_im": each.is_im, "is_archived": False,
        "context_team_id": slack.workspace.team_id, "updated": 1773088761261,
    }  # fmt: skip
    if each.is_im:
        other = next((member for member in each.members if member != me()), me())
        return shown | {"user": other, "is_user_deleted": False, "priority": 0}
    return shown | {
        "name": each.name, "name_normalized": each.name, "is_channel": True, "is_group": False, "is_mpim": False,
        "is_private": False, "is_general": each.name == "general", "is_shared": False, "is_ext_shared": False,
        "is_member": True, "num_members": len(each.members), "creator": each.members[0], "unlinked": 0,
        "topic": {"value": "", "creator": "", "last_set": 0}, "purpose": {"value": "", "creator": "", "last_set": 0},
        "previous_names": [],
    }  # fmt: skip


@method("api.test", blueprint=routes)
def api_test() -> dict[str, Any]:
    return {"args": request.values.to_dict()}


@method("auth.test", blueprint=routes)
def auth_test() -> dict[str, Any]:
    workspace, person = slack.workspace, slack.person()
    return {
        "url": f"{slack.base}/", "team": workspace.name, "user": person.login, "team_id": workspace.team_id,
        "user_id": workspace.user_id(person), "is_enterprise_install": False,
    }  # fmt: skip


@method("auth.revoke", blueprint=routes)
def auth_revoke() -> dict[str, Any]:
    if given("test") in ("1", "true"):
        return {"revoked": False}
    g.token.grant.is_revoked = True
    return {"revoked": True}


@method("team.info", "team:read", blueprint=routes)
def team_info() -> dict[str, Any]:
    workspace = slack.workspace
    team = {"id": workspace.team_id, "name": workspace.name, "domain": workspace.domain, "url": f"{slack.base}/"}
    return {"team": team | {"email_domain": "", "icon": {"image_default": True}}}


@method("users.info", "users:read", blueprint=routes)
def users_info() -> dict[str, Any]:
    person = slack.workspace.person(given("user"))
    if person is None:
        raise Wrong("user_not_found")
    return {"user": user_shape(person)}


@method("users.list", "users:read", blueprint=routes)
def users_list() -> dict[str, Any]:
    people, more = paged(list(slack.workspace.people()), limit(1000, 1000))
    return {"members": [user_shape(person) for person in people], **more}


@method("conversations.list", blueprint=routes)
def conversations_list() -> dict[str, Any]:
    kinds = (given("types") or "public_channel").split(",")
    needed = {"public_channel": "channels:read", "private_channel": "groups:read", "im": "im:read", "mpim": "mpim:read"}
    for kind in kinds:
        if kind not in needed:
            raise Wrong("invalid_types")
        if needed[kind] not in g.token.grant.scopes:
            raise Wrong("missing_scope")
    mine = [each for each in slack.workspace.of(me()) if ("im" if each.is_im else "public_channel") in kinds]
    shown, more = paged(mine, limit(100, 1000))
    return {"channels": [conversation_shape(each) for each in shown], **more}


@method("conversations.info", blueprint=routes)
def conversations_info() -> dict[str, Any]:
    channel = channel_of()
    needs("im:read" if channel.is_im else "channels:read")
    own = [message.ts for message in channel.messages.values() if message.user == me()]
    return {"channel": conversation_shape(channel) | {"last_read": max(own, default="0000000000.000000")}}


@method("conversations.history", blueprint=routes)
def conversations_history() -> dict[str, Any]:
    """Messages of a conversation, the newest first; the bounds are left out unless `inclusive`."""
    channel = channel_of()
    needs("im:history" if channel.is_im else "channels:history")
    oldest, latest = float(given("oldest") or 0), float(given("latest") or 1e12)
    inclusive = given("inclusive").lower() in ("1", "true")
    found = [
        message
        for message in channel.newest_first()
        if (message.thread_ts in (None, message.ts))
        and (oldest < float(message.ts) < latest or (inclusive and float(message.ts) in (oldest, latest)))
    ]
    shown, more = paged(found, limit(100, 999))
    body: dict[str, Any] = {
        "messages": [shape(slack.workspace, message) for message in shown],
        "has_more": False,
        "pin_count": 0,
    }
    if more["response_metadata"]["next_cursor"]:
        body |= more | {"has_more": True}
        if slack.faults.take("update_while_paging", account=g.account):
            slack.workspace.say(channel, channel.members[-1], "just now")
    return body


@method("conversations.replies", blueprint=routes)
def conversations_replies() -> dict[str, Any]:
    channel, ts = channel_of(), given("ts")
    needs("im:history" if channel.is_im else "channels:history")
    thread = [each for each in channel.newest_first()[::-1] if ts in (each.ts, each.thread_ts)]
    if not thread:
        raise Wrong("thread_not_found")
    shown, more = paged(thread, limit(1000, 1000))
    return {"messages": [shape(slack.workspace, message) for message in shown], "has_more": False, **more}


@method("chat.getPermalink", blueprint=routes)
def permalink() -> dict[str, Any]:
    channel = channel_of()
    message = channel.messages.get(given("message_ts"))
    if message is None:
        raise Wrong("message_not_found")
    return {"permalink": slack.workspace.permalink(channel, message), "channel": channel.id}


@method("reminders.list", "reminders:read", only_user=True, blueprint=routes)
def reminders_list() -> dict[str, Any]:
    mine = [reminder for reminder in slack.workspace.reminders.values() if reminder.user == me()]
    return {
        "reminders": [
            {
                "id": each.id, "creator": each.user, "user": each.user, "text": each.text, "recurring": False,
                "time": each.time, "complete_ts": each.complete_ts,
            }
            for each in mine
        ]
    }  # fmt: skip


@method("stars.list", "stars:read", only_user=True, blueprint=routes)
def stars_list() -> dict[str, Any]:
    workspace = slack.workspace
    items: list[dict[str, Any]] = []
    mine = sorted((saved for saved in workspace.saved if saved.user == me()), key=lambda saved: -saved.date_create)
    for saved in mine:
        channel = workspace.conversations[saved.channel]
        message = channel.messages.get(saved.ts)
        if message:
            link = {"permalink": workspace.permalink(channel, message), "is_starred": True}
            starred = {"message": shape(workspace, message) | link, "date_create": saved.date_create}
            items.append({"type": "message", "channel": channel.id, **starred})
    shown, more = paged(items, limit(100, 1000))
    paging = {"per_page": len(shown), "spill": 0, "page": 1, "total": len(items), "pages": 1}
    return {"items": shown, "paging": paging, **more}


@routes.get("/archives/<channel_id>/p<ts>")
def page(channel_id: str, ts: str) -> Any:
    """What a person sees who follows a message's link."""
    channel = slack.workspace.conversations.get(channel_id)
    message = channel.messages.get(f"{ts[:-6]}.{ts[-6:]}") if channel else None
    if channel is None or message is None:
        return reply({"ok": False, "error": "message_not_found"}, 404)
    author = slack.workspace.person(message.user)
    place = f"{'Direct message' if channel.is_im else '#' + channel.name} · {author.name if author else ''}"
    return render_template("item.html", provider="Slack", title=message.text, state=message.ts, body=None, place=place)
