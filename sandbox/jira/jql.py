"""JQL, as much of it as a work list needs, with the refusals that Jira Cloud is known for."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

TOKEN = re.compile(
    r"""\s*(?:(?P<string>"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*')|(?P<sign>>=|<=|!=|!~|[=~<>(),])|(?P<word>[^\s(),=!<>~"']+))"""
)
RELATIVE = re.compile(r"([+-]?)(?:(\d+)w)?\s*(?:(\d+)d)?\s*(?:(\d+)h)?\s*(?:(\d+)m)?")
FORMATS = ("%Y-%m-%d %H:%M", "%Y/%m/%d %H:%M", "%Y-%m-%d", "%Y/%m/%d")
DATES = ("created", "updated", "duedate", "due", "resolutiondate")
TEXTS = ("summary", "text", "comment", "description")
ORDERABLE = ("created", "updated", "priority", "key", "duedate", "due", "status", "issuekey", "id")

Test = Callable[[Any], bool]


class Wrong(ValueError):
    """The query is refused; the text is Jira's own manner of saying so."""


@dataclass
class Query:
    test: Test
    orders: list[tuple[str, bool]]
    """Field, and whether descending."""


@dataclass
class Asker:
    """Who asks: `currentUser()`, and the zone in which the dates of the query are read."""

    account_id: str
    zone: str
    now: datetime


class Parser:
    def __init__(self, text: str, asker: Asker) -> None:
        self.asker = asker
        self.tokens: list[tuple[str, str]] = []
        place = 0
        text = text.strip()
        while place < len(text):
            match = TOKEN.match(text, place)
            if match is None:
                raise Wrong(f"Error in the JQL Query: The character '{text[place]}' is a reserved JQL character.")
            kind = match.lastgroup or ""
            value = match[kind]
            self.tokens.append((kind, re.sub(r"\\(.)", r"\1", value[1:-1]) if kind == "string" else value))
            place = match.end()
        self.place = 0

    # -- reading

    def peek(self, *words: str) -> bool:
        if self.place >= len(self.tokens):
            return False
        kind, value = self.tokens[self.place]
        return kind != "string" and value.lower() in words

    def take(self, *words: str) -> bool:
        if self.peek(*words):
            self.place += 1
            return True
        return False

    def next(self) -> tuple[str, str]:
        if self.place >= len(self.tokens):
            raise Wrong("Error in the JQL Query: Expecting a value, list or function before the end of the query.")
        self.place += 1
        return self.tokens[self.place - 1]

    def query(self) -> Query:
        if not self.tokens or self.peek("order"):
            raise Wrong("Unbounded JQL queries are not allowed here. Please add a search restriction to your query.")
        test = self.any_of()
        orders: list[tuple[str, bool]] = []
        if self.take("order"):
            if not self.take("by"):
                raise Wrong("Error in the JQL Query: Expecting 'by' after 'order'.")
            while True:
                field = self.next()[1].lower()
                if field not in ORDERABLE:
                    raise Wrong(f"Not able to sort using field '{field}'.")
                descending = self.take("desc")
                if not descending:
                    self.take("asc")
                orders.append((field, descending))
                if not self.take(","):
                    break
        if self.place < len(self.tokens):
            raise Wrong(
                f"Error in the JQL Query: Expecting either 'OR' or 'AND' but got '{self.tokens[self.place][1]}'."
            )
        return Query(test, orders)

    def any_of(self) -> Test:
        tests = [self.all_of()]
        while self.take("or", "||"):
            tests.append(self.all_of())
        return lambda issue: any(test(issue) for test in tests)

    def all_of(self) -> Test:
        tests = [self.one()]
        while self.take("and", "&&"):
            tests.append(self.one())
        return lambda issue: all(test(issue) for test in tests)

    def one(self) -> Test:
        if self.take("not"):
            test = self.one()
            return lambda issue: not test(issue)
        if self.take("("):
            test = self.any_of()
            if not self.take(")"):
                raise Wrong("Error in the JQL Query: Expecting ')'.")
            return test
        return self.clause()

    def clause(self) -> Test:
        field = self.next()[1].lower()
        operator = self.next()[1].lower()
        longer = {"is": "not", "not": "in", "was": "in"}.get(operator)
        if longer and self.take(longer):
            operator += f" {longer}"
        values = self.listed() if operator.endswith("in") else [self.value()]
        return self.compare(field, operator, values)

    def listed(self) -> list[str]:
        if not self.take("("):
            return [self.value()]
        values = [self.value()]
        while self.take(","):
            values.append(self.value())
        if not self.take(")"):
            raise Wrong("Error in the JQL Query: Expecting ',' or ')'.")
        return values

    def value(self) -> str:
        kind, text = self.next()
        if kind == "word" and self.take("("):
            argument = "" if self.peek(")") else self.next()[1]
            if not self.take(")"):
                raise Wrong("Error in the JQL Query: Expecting ')'.")
            return self.called(text.lower(), argument)
        if kind == "word" and text.lower() in ("empty", "null"):
            return ""
        return text

    def called(self, name: str, argument: str) -> str:
        if name == "currentuser":
            return self.asker.account_id
        local = self.asker.now.astimezone(ZoneInfo(self.asker.zone))
        if name == "now":
            moment = local
        elif name == "startofday":
            moment = local.replace(hour=0, minute=0) + timedelta(days=int(re.sub("[^-0-9]", "", argument) or 0))
        else:
            raise Wrong(f"Unable to find JQL function '{name}()'.")
        return moment.strftime("%Y-%m-%d %H:%M")

    # -- meaning

    def compare(self, field: str, operator: str, values: list[str]) -> Test:
        if field in DATES:
            return self.dated(field, operator, values[0])
        if field in TEXTS or operator in ("~", "!~"):
            words = values[0].strip('"').lower()
            return lambda issue: (words in issue.text(field)) == (operator != "!~")
        wanted = {value.lower() for value in values}
        if operator in ("was", "was in"):
            if field != "assignee":
                raise Wrong(f"History searches do not support the '{field}' field.")
            return lambda issue: bool(wanted & {past.lower() for past in issue.past_assignees})
        if operator not in ("=", "!=", "in", "not in", "is", "is not"):
            raise Wrong(f"The operator '{operator}' is not supported by the '{field}' field.")
        if not self.known(field):
            raise Wrong(f"Field '{field}' does not exist or you do not have permission to view it.")
        positive = operator in ("=", "in", "is")

        def test(issue: Any) -> bool:
            held = {value.lower() for value in issue.values(field)} or {""}
            if not positive and held == {""} and wanted != {""}:
                return False  # `!=` does not find what is empty
            return bool(held & wanted) == positive

        return test

    def known(self, field: str) -> bool:
        return field in (
            "assignee", "reporter", "creator", "status", "statuscategory", "project", "priority", "key", "issuekey",
            "issue", "id", "labels", "type", "issuetype", "resolution", "watcher",
        )  # fmt: skip

    def dated(self, field: str, operator: str, text: str) -> Test:
        if operator in ("is", "is not"):
            return lambda issue: (issue.moment(field) is None) == (operator == "is")
        limit, length = self.moment(text)
        end = limit + length
        tests: dict[str, Callable[[datetime], bool]] = {
            ">=": lambda at: at >= limit,
            ">": lambda at: at >= end if length else at > limit,
            "<=": lambda at: at < end if length else at <= limit,
            "<": lambda at: at < limit,
            "=": lambda at: limit <= at < (end if length else limit + timedelta(minutes=1)),
        }
        if operator not in tests:
            raise Wrong(f"The operator '{operator}' is not supported by the '{field}' field.")
        within = tests[operator]

        def test(issue: Any) -> bool:
            at = issue.moment(field)
            return at is not None and within(at)

        return test

    def moment(self, text: str) -> tuple[datetime, timedelta]:
        """An instant, and how long the minute or the day that was named lasts."""
        relative = RELATIVE.fullmatch(text)
        if relative and any(relative.groups()[1:]):
            weeks, days, hours, minutes = (int(part or 0) for part in relative.groups()[1:])
            span = timedelta(weeks=weeks, days=days, hours=hours, minutes=minutes)
            return self.asker.now + (-span if relative[1] == "-" else span), timedelta()
        for form in FORMATS:
            try:
                local = datetime.strptime(text, form).replace(tzinfo=ZoneInfo(self.asker.zone))
            except ValueError:
                continue
            return local, timedelta(minutes=1) if "%H" in form else timedelta()
        raise Wrong(
            f"Date value '{text}' for field 'updated' is invalid. Valid formats include: 'yyyy/MM/dd HH:mm', "
            "'yyyy-MM-dd HH:mm', 'yyyy/MM/dd', 'yyyy-MM-dd', or a period format e.g. '-5d', '4w 2d'."
        )
