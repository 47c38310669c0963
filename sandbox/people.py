"""Who has accounts in the sandbox: the same few people at every provider, and as many more as a test asks for."""

from __future__ import annotations

import zlib
from dataclasses import dataclass


@dataclass(frozen=True)
class Person:
    """A fictional person; `key` is what a test passes as `account=`."""

    key: str
    name: str
    login: str
    email: str
    is_email_verified: bool = True
    time_zone: str = "Europe/Stockholm"
    about: str = ""

    @property
    def number(self) -> int:
        """A number that stays the same from run to run, for ids."""
        return 10_000_000 + zlib.crc32(self.key.encode()) % 80_000_000

    @property
    def given_name(self) -> str:
        return self.name.split()[0]

    @property
    def family_name(self) -> str:
        return self.name.split()[-1]

    @property
    def initials(self) -> str:
        return self.given_name[0] + self.family_name[0]


PEOPLE = (
    Person("mara", "Mara Lindqvist", "mara-lindqvist", "mara.lindqvist@example.com", about="A full working day"),
    Person("jun", "佐藤 純", "jun-sato", "jun.sato@example.com", time_zone="Asia/Tokyo", about="A quiet account"),
    Person(
        "olena", "Олена Коваль", "olena-koval", "olena.koval@example.com", is_email_verified=False,
        time_zone="Europe/Kyiv", about="Brand new and empty, its e-mail address not verified",
    ),
)  # fmt: skip

COLLEAGUES = tuple(
    Person(login, name, login, f"{login}@example.com")
    for login, name in (
        ("tomasz-w", "Tomasz Wójcik"),
        ("aiko-hayashi", "林 愛子"),
        ("s-dlamini", "Sibusiso Dlamini"),
        ("r-fernandez", "Rocío Fernández"),
        ("priya-n", "प्रिया नायर"),
        ("noor-a", "نور العلي"),
        ("l-okafor", "Lotanna Okafor"),
        ("e-bergstrom", "Elsa Bergström"),
    )
)


class Accounts:
    """Those who can be chosen on the consent pages."""

    def __init__(self) -> None:
        self.people = {person.key: person for person in PEOPLE}

    def find(self, word: str | None) -> Person | None:
        """By key, login or e-mail address."""
        if not word:
            return None
        if word in self.people:
            return self.people[word]
        return next((p for p in self.people.values() if word in (p.login, p.email)), None)

    def add(self, key: str, name: str = "", email: str = "", verified: bool = True, time_zone: str = "UTC") -> Person:
        person = Person(
            key, name or key.replace("-", " ").title(), key, email or f"{key}@example.com", verified, time_zone
        )
        self.people[key] = person
        return person
