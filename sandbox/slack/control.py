"""What control can do with the sandbox's Slack: mentions, direct messages, reminders, saved items."""

from __future__ import annotations

import time
from typing import Any

from sandbox import words
from sandbox.people import COLLEAGUES, Person
from sandbox.slack.workspace import Conversation, Message, Saved, plain
from sandbox.stand import Unknown

KINDS = ("mention", "dm", "talk", "reminder", "saved")


class Control:
    """Messages and reminders made and changed from outside; ids are `<conversation>:<ts>`, `Rm…`, `saved:…`."""

    def find_message(self: Any, id: str) -> tuple[Conversation, Message]:
        channel_id, _, ts = id.removeprefix("saved:").partition(":")
        channel = self.workspace.conversations.get(channel_id)
        if channel is None or ts not in channel.messages:
            raise Unknown(f"no item {id}")
        return channel, channel.messages[ts]

    def shown(self: Any, channel: Conversation, message: Message, **more: Any) -> dict[str, Any]:
        id = f"{channel.id}:{message.ts}"
        link = self.workspace.permalink(channel, message)
        return {"id": id, "text": message.text, "channel": channel.id, "ts": message.ts, "permalink": link, **more}

    def show_items(self: Any, account: str | None) -> list[dict[str, Any]]:
        user = self.workspace.user_id(self.who(account))
        said = [
            self.shown(channel, message, kind="dm" if channel.is_im else "mention")
            for channel in self.workspace.of(user)
            for message in channel.messages.values()
            if (channel.is_im and message.user != user) or f"<@{user}>" in message.text
        ]
        reminders = [
            vars(each) | {"kind": "reminder"} for each in self.workspace.reminders.values() if each.user == user
        ]
        saved = [
            vars(each) | {"id": f"saved:{each.channel}:{each.ts}", "kind": "saved"} for each in self.workspace.saved
        ]
        return said + reminders + [each for each in saved if each["user"] == user]

    def add_items(self: Any, spec: dict[str, Any]) -> list[dict[str, Any]]:
        """By `kind` (see KINDS): text, account, from, channel, thread, minutes; or `count` mentions."""
        person, kind = self.who(spec.get("account")), spec.get("kind", "mention")
        if kind not in KINDS:
            raise ValueError(f"kind must be one of {', '.join(KINDS)}")
        user, text = self.workspace.user_id(person), plain(str(spec.get("text") or spec.get("title") or ""))
        if "count" in spec:
            return self.heap(user, int(spec["count"]), spec.get("keep", False))
        if kind == "reminder":
            reminder = self.workspace.remind(user, spec["text"], time.time() + 60 * float(spec.get("minutes", 60)))
            return [vars(reminder) | {"kind": kind}]
        author = self.author(spec.get("from"))
        where = (
            self.workspace.direct(person, author)
            if kind == "dm"
            else self.workspace.channel(spec.get("channel", "ops"))
        )
        if kind == "mention":
            text = f"<@{user}> {text}"
        message = self.workspace.say(where, self.workspace.user_id(author), text, thread_ts=spec.get("thread"))
        if kind == "saved":
            self.workspace.saved.append(Saved(user, where.id, message.ts, int(time.time())))
            return [self.shown(where, message, kind=kind) | {"id": f"saved:{where.id}:{message.ts}"}]
        self.announce("message", f"{where.id}:{message.ts}", account=person.key)
        return [self.shown(where, message, kind=kind)]

    def author(self: Any, name: str | None) -> Person:
        return next((person for person in self.workspace.people() if person.key == name), COLLEAGUES[0])

    def heap(self: Any, user: str, count: int, keep: bool) -> list[dict[str, Any]]:
        if not keep:
            for channel in self.workspace.of(user):
                gone = [ts for ts, each in channel.messages.items() if channel.is_im or f"<@{user}>" in each.text]
                for ts in gone:
                    del channel.messages[ts]
        where, now = self.workspace.channel("heap"), time.time()
        apart = 0.001 if keep else 60  # what comes to what is there comes now
        for number in range(1, count + 1):
            author = self.workspace.user_id(COLLEAGUES[number % 8])
            self.workspace.say(where, author, f"<@{user}> {plain(words.title(number))}", now - apart * number)
        return [{}] * count

    def change_item(self: Any, id: str, spec: dict[str, Any]) -> dict[str, Any]:
        """A message: text, `reply` by the account, state closed (answered); a reminder or saved item: state."""
        closed = spec.get("state") == "closed"
        if id in self.workspace.reminders:
            reminder = self.workspace.reminders[id]
            reminder.text = spec.get("text", reminder.text)
            if "state" in spec:
                reminder.complete_ts = int(time.time()) if closed else 0
            return vars(reminder)
        channel, message = self.find_message(id)
        if id.startswith("saved:"):
            person = self.workspace.user_id(self.who(spec.get("account")))
            self.workspace.saved = [
                each for each in self.workspace.saved if (each.channel, each.ts) != (channel.id, message.ts)
            ]
            if not closed:
                self.workspace.saved.append(Saved(person, channel.id, message.ts, int(time.time())))
            return self.shown(channel, message, kind="saved")
        if "text" in spec:
            message.text, message.edited = plain(spec["text"]), f"{time.time():.6f}"
        if closed or spec.get("reply"):
            self.answer(channel, message, str(spec.get("reply") or "Done."), spec.get("account"))
        elif spec.get("state") == "open":
            self.workspace.say(channel, message.user, "One more question …")
        return self.shown(channel, message)

    def answer(self: Any, channel: Conversation, message: Message, text: str, account: str | None) -> None:
        """The account answers: in the thread of a mention, or in the conversation."""
        person = self.who(account)
        if channel.is_im and account is None:
            person = next(p for p in self.accounts.people.values() if self.workspace.user_id(p) in channel.members)
        thread = None if channel.is_im else message.thread_ts or message.ts
        if thread:
            message.thread_ts = message.thread_ts or thread
        said = self.workspace.say(channel, self.workspace.user_id(person), plain(text), thread_ts=thread)
        self.announce("message", f"{channel.id}:{said.ts}", account=person.key)

    def delete_item(self: Any, id: str) -> dict[str, Any]:
        if id in self.workspace.reminders:
            return vars(self.workspace.reminders.pop(id))
        channel, message = self.find_message(id)
        del channel.messages[message.ts]
        return self.shown(channel, message)
