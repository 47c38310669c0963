"""A Slack workspace: people, conversations, messages, reminders and saved items."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from typing import Any

from sandbox.people import COLLEAGUES, Accounts, Person

LINES = Path(__file__).parent / "messages.txt"
HOUR = 3600


def letters(*words: str) -> str:
    """Ten letters and digits, the same every time."""
    digest = int.from_bytes(hashlib.sha256(" ".join(words).encode()).digest()[:10], "big")
    alphabet = "0123456789ABCDEFGHJKLMNPQRSTUVWXYZ"
    return "".join(alphabet[digest // 34**place % 34] for place in range(10))


@dataclass
class Message:
    ts: str
    """Text, and unique in its conversation: never a number."""
    user: str
    text: str
    thread_ts: str | None = None
    edited: str | None = None


@dataclass
class Conversation:
    id: str
    name: str
    members: list[str]
    is_im: bool = False
    messages: dict[str, Message] = field(default_factory=dict)

    def newest_first(self) -> list[Message]:
        return sorted(self.messages.values(), key=lambda message: message.ts, reverse=True)


@dataclass
class Reminder:
    id: str
    user: str
    text: str
    time: int
    complete_ts: int = 0


@dataclass
class Saved:
    user: str
    channel: str
    ts: str
    date_create: int


class Workspace:
    """All of it; everybody of the sandbox is a member."""

    team_id, name, domain, app_id, bot_id = "T0HARBRLNE", "Harborline", "harborline", "A0DAYBOOK1", "U0DAYBOOK1"

    def __init__(self, accounts: Accounts, base: str) -> None:
        self.accounts, self.base = accounts, base
        self.conversations: dict[str, Conversation] = {}
        self.reminders: dict[str, Reminder] = {}
        self.saved: list[Saved] = []
        self._last = 0

    # -- people

    def user_id(self, person: Person) -> str:
        return f"U{letters('user', person.key)}"

    def people(self) -> Iterator[Person]:
        yield from self.accounts.people.values()
        yield from COLLEAGUES

    def person(self, user_id: str) -> Person | None:
        return next((person for person in self.people() if self.user_id(person) == user_id), None)

    # -- conversations

    def channel(self, name: str) -> Conversation:
        id = f"C{letters('channel', name)}"
        if id not in self.conversations:
            members = [self.user_id(person) for person in self.people()]
            self.conversations[id] = Conversation(id, name, members)
        return self.conversations[id]

    def direct(self, one: Person, other: Person) -> Conversation:
        pair = sorted((self.user_id(one), self.user_id(other)))
        id = f"D{letters('direct', *pair)}"
        if id not in self.conversations:
            self.conversations[id] = Conversation(id, "", pair, is_im=True)
        return self.conversations[id]

    def of(self, user_id: str) -> list[Conversation]:
        """What a person takes part in; new people are in every channel."""
        return [each for each in self.conversations.values() if not each.is_im or user_id in each.members]

    # -- messages

    def say(
        self, where: Conversation, who: str, text: str, at: float | None = None, thread_ts: str | None = None
    ) -> Message:
        """Say something: `text` is escaped as Slack keeps it."""
        micro = max(int((time.time() if at is None else at) * 1e6), self._last + 1 if at is None else 0)
        if at is None:
            self._last = micro
        ts = f"{micro // 1_000_000}.{micro % 1_000_000:06d}"
        while ts in where.messages:
            micro += 1
            ts = f"{micro // 1_000_000}.{micro % 1_000_000:06d}"
        message = where.messages[ts] = Message(ts, who, text, thread_ts)
        return message

    def permalink(self, where: Conversation, message: Message) -> str:
        """Its address; that of an answer in a thread names the thread, which searches show nowhere else."""
        address = f"{self.base}/archives/{where.id}/p{message.ts.replace('.', '')}"
        if message.thread_ts in (None, message.ts):
            return address
        return f"{address}?thread_ts={message.thread_ts}&cid={where.id}"

    def remind(self, who: str, text: str, at: float) -> Reminder:
        reminder = Reminder(f"Rm{letters('reminder', text, str(len(self.reminders)))}", who, text, int(at))
        self.reminders[reminder.id] = reminder
        return reminder

    def fill(self) -> None:
        """The first day of the first account; the others have their workspace, and nothing that waits."""
        mara = self.accounts.people["mara"]
        me, now = self.user_id(mara), int(time.time() // HOUR) * HOUR
        for place, line in enumerate(LINES.read_text("utf-8").splitlines()):
            if not line.strip() or line.startswith("#"):
                continue
            kind, where, hours, text = (part.strip() for part in line.split("|", 3))
            at, text = now - int(hours) * HOUR - 60 * place, text.replace("@me", f"<@{me}>")
            colleague = COLLEAGUES[place % len(COLLEAGUES)]
            if kind in ("dm", "answered"):
                other = next(person for person in COLLEAGUES if person.key == where)
                direct = self.direct(mara, other)
                self.say(direct, me, "See you tomorrow!", at - 5 * HOUR)
                self.say(direct, self.user_id(other), text, at)
                if kind == "answered":
                    self.say(direct, me, "Yes, gladly.", at + 600)
            elif kind == "reminder":
                self.remind(me, text, now + int(hours) * HOUR)
            else:
                message = self.say(self.channel(where), self.user_id(colleague), text, at)
                if kind == "saved":
                    self.saved.append(Saved(me, self.channel(where).id, message.ts, int(at) + 60))


def plain(text: str) -> str:
    """Text as Slack keeps it: &, < and > escaped, nothing else."""
    return escape(text, quote=False)


def shape(workspace: Workspace, message: Message) -> dict[str, Any]:
    """A message as `conversations.history` shows it."""
    shown: dict[str, Any] = {
        "user": message.user, "type": "message", "ts": message.ts, "text": message.text, "team": workspace.team_id,
        "client_msg_id": letters("client", message.ts).lower(),
        "blocks": [{"type": "rich_text", "block_id": letters(message.ts)[:3], "elements": [
            {"type": "rich_text_section", "elements": [{"type": "text", "text": message.text}]}]}],
    }  # fmt: skip
    if message.thread_ts:
        shown["thread_ts"] = message.thread_ts
    if message.edited:
        shown["edited"] = {"user": message.user, "ts": message.edited}
    return shown
