"""What clients send that no contract means: bodies, values, paths and queries, as data alone.

`REFUSED` must be answered with the contract's 400, whatever else the request holds. `ODD` may be taken or refused;
both may never break anything. What a list holds for a kind of field is found by `refused` and `odd`.
"""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from typing import Any

MEBIBYTE = 1024 * 1024
LONGEST = 5 * MEBIBYTE
"""More than any body that a contract takes."""


class Raw(str):
    """A value that stands in the JSON as it is, for what no JSON writer would write."""


class Body:
    """A whole body, its content type, and the statuses that it may be answered with."""

    def __init__(self, name: str, data: bytes, *statuses: int, kind: str = "application/json", **headers: str) -> None:
        self.name, self.data = name, data
        self.statuses = statuses or (400,)
        self.headers = {"Content-Type": kind} | {key.replace("_", "-"): value for key, value in headers.items()}

    def __repr__(self) -> str:
        return self.name


BODIES = (
    Body("null", b"null"),
    Body("a list", b"[]"),
    Body("a list of objects", b"[{}]"),
    Body("a text", b'"x"'),
    Body("a number", b"1"),
    Body("true", b"true"),
    Body("half an object", b"{"),
    Body("an object and more", b"{} {}"),
    Body("single quotes", b"{'a': 1}"),
    Body("a comment", b'{"a": 1} // no'),
    Body("a trailing comma", b'{"a": 1,}'),
    Body("NaN", b'{"a": NaN}'),
    Body("Infinity", b'{"a": -Infinity}'),
    Body("a number beyond all", b'{"a": 1e999}'),
    Body("a number of 5,000 digits", b'{"a": ' + b"9" * 5000 + b"}"),
    Body("doubled keys", b'{"a": 1, "a": 2}'),
    Body("100,000 lists deep", b"[" * 100_000 + b"]" * 100_000),
    Body("100,000 objects deep", b'{"a":' * 100_000 + b"1" + b"}" * 100_000),
    Body("33 lists deep", b'{"a": ' + b"[" * 33 + b"]" * 33 + b"}"),
    Body("NUL in a text", b'{"a": "\\u0000"}'),
    Body("NUL in a key", b'{"\\u0000": 1}'),
    Body("a bare NUL", b"{}\0"),
    Body("a lone surrogate", b'{"a": "\\ud800"}'),
    Body("a lone surrogate in a key", b'{"\\udfff": 1}'),
    Body("bad UTF-8", b'{"a": "\xff\xfe"}'),
    Body("overlong UTF-8", b'{"a": "\xc0\x80"}'),
    Body("UTF-16", '{"a": 1}'.encode("utf-16")),
    Body("a BOM", b"\xef\xbb\xbf{}"),
    Body("gzip", gzip.compress(b"{}"), Content_Encoding="gzip"),
    Body("plain text", b"{}", 415, kind="text/plain"),
    Body("a form", b"a=1", 415, kind="application/x-www-form-urlencoded"),
    Body("parts", b"--x\r\n\r\n--x--", 415, kind="multipart/form-data; boundary=x"),
    Body("XML", b"<a/>", 415, kind="application/xml"),
    Body("no content type", b"{}", 415, kind=""),
    Body("five mebibytes and more", b'{"a": "' + b"x" * LONGEST + b'"}', 413),
)

TEXTS = (
    "", " ", "x" * 200_000, "\u202e\u200f\u200brtl", "👩‍👩‍👧‍👦" * 40, "Z̸̡̢͓" * 30, "ﷺ" * 50,
    "' OR '1'='1' --", '"; DROP TABLE users; --', "%_\\", "../../etc/passwd", "<script>alert(1)</script>",
    "=cmd|' /C calc'!A0", "${jndi:ldap://x}", "{{7*7}}", "\r\nSet-Cookie: a=b", "null", "__proto__", "\ufeff",
    "\x1b[31m", "A" * 501,
)  # fmt: skip
EMAILS = ("a@b", "a@", "@b.example", "a b@example.com", "a@example.com\n.", "x" * 250 + "@example.com", "a@b@c.de")
DATES = (
    "2026-02-30", "2026-13-01", "2026-00-10", "2027-02-29", "2026-W01-1", "2026-1-1", "20260101", "26-01-01",
    "0001-01-01", "9999-12-31", "0000-00-00", "10000-01-01", "-2026-01-01", "２０２６-01-31", "٢٠٢٦-٠١-٣١", "today",
    "2026-01-31\n", "2026-01-31T00:00:00Z ", "",
)  # fmt: skip
INSTANTS = (
    "2026-02-30T10:00:00Z", "2026-01-31T25:00:00Z", "2026-01-31T24:00:00Z", "2026-01-31T10:60:00Z",
    "2026-01-31T10:00:00", "0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59", "2026-01-31T10:00:00+99:99",
    "2026-W05-6T10:00:00Z", "10:00", "yesterday", "1769853600", "",
)  # fmt: skip
CLOCKS = ("24:00", "9:5", "09:60", "9:05 PM", "0900", "٠٩:٠٠", "09:00:00.1", "")
ZONES = (
    "Mars/Olympus", "America", "../etc/passwd", "/etc/passwd", "tzdata.zi", "localtime", "posixrules", "Factory",
    "posix/UTC", "europe/stockholm", "UTC\n", "Europe/Stockholm ", "+02:00", "",
)  # fmt: skip
IDS = (
    "", "x", "1", "00000000-0000-4000-8000", "zzzzzzzz-zzzz-zzzz-zzzz-zzzzzzzzzzzz", "' OR 1=1 --",
)  # fmt: skip
NUMBERS: tuple[Any, ...] = (
    1.9, "1", "", True, Raw("1e999"), Raw("NaN"), Raw("9" * 5000), 2**63, -(2**63) - 1, 1e300, "0x10", [1],
)  # fmt: skip
"""No whole number in JSON, or none that a computer word holds."""
EDGES = (-1, 0, 2**31, 2**31 - 1, 2**53 + 1, 2**63 - 1, -(2**63), 10**9)
"""Whole numbers, each out of some field's range and in another's."""

REFUSED: dict[str, tuple[Any, ...]] = {
    "text": (5, 1.5, True, [], {}, ["x"], "a\0b", Raw('"\\ud800"'), Raw('"\\udc00x"')),
    "integer": (*NUMBERS, [], {}),
    "number": ("1", True, Raw("1e999"), Raw("-Infinity"), [], {}),
    "boolean": ("true", "maybe", 0, 1, "", [], {}),
    "date": (*DATES, 20260131, True, [], {}),
    "date-time": (*INSTANTS, 1769853600, True, [], {}),
    "time": (*CLOCKS, 900, []),
    "zone": (*ZONES, 1, []),
    "email": (*EMAILS, 1, [], {}),
    "uuid": (*IDS, 1, [], {}),
    "enum": ("nonsense", "", 1, [], {}),
    "array": ("x", 1, {}, {"0": 1}),
    "object": ("x", 1, []),
}
ODD: dict[str, tuple[Any, ...]] = {
    "text": TEXTS,
    "integer": EDGES,
    "number": (-1, 0, 0.1, 1e300, -1e300, 2**63 - 1),
    "date": ("1970-01-01", "2028-02-29", "2199-12-31"),
    "date-time": ("2026-01-31T10:00:00.123456789Z", "2026-03-29T02:30:00+01:00", "1970-01-01T00:00:00Z"),
    "time": ("00:00", "23:59"),
    "email": (" a@example.com\n", "ａ@example.com", "A@EXAMPLE.COM", "a+b@example.com"),
    "zone": ("Asia/Kathmandu", "America/Santiago"),
    "uuid": ("00000000-0000-0000-0000-000000000000", "FFFFFFFF-FFFF-4FFF-8FFF-FFFFFFFFFFFF"),
    "array": ([], [None], [[]], [{}], ["x"] * 2000),
    "object": ({}, {"__proto__": {"admin": True}, "constructor": {"prototype": {}}},),
}

QUERY_REFUSED: dict[str, tuple[str, ...]] = {
    "integer": ("x", "1.5", "1e3", "0x1", "%D9%A3", "9" * 5000, "1%00", "%2B1", "NaN", "1,2"),
    "boolean": ("maybe", "2", "yes", "%00"),
    "date": ("2026-02-30", "2026-13-01", "2026-W01-1", "20260101", "0001-01-01", "9999-12-31", "x", "2026-01-31%0A"),
    "date-time": ("2026-02-30T10:00:00Z", "x", "2026-01-31", "0001-01-01T00:00:00%2B23:59", "%00"),
    "enum": ("nonsense", "%00", "1"),
}
QUERY_ODD = (
    "", "%00", "%FF%FE", "%ED%A0%80", "x" * 3000, "%27%20OR%201=1--", "%25_", "-1", "0", "53", "54", "101", "9999",
    "2147483648", "9223372036854775808", "1000000000000", "password", "-user__password",
    "%0D%0ASet-Cookie:a=b", "..%2f..%2fetc", "%F0%9F%91%A9", "null", "[]", "{}",
)  # fmt: skip

PATH_PARTS = (
    "-1", "0", "00", "1.0", "1e3", "2147483648", "9223372036854775808", "9" * 5000, "%00", "1%00", "%FF", "%ED%A0%80",
    "%D9%A3", "1%2f..", "..%2f..%2fetc%2fpasswd", "%2e%2e", ".", "%20", "%0D%0Ax", "null", "undefined", "[]", "{uid}",
    "%27%20OR%201=1--", "00000000-0000-4000-8000-000000000000", "00000000-0000-4000-8000-00000000000g",
    "sess_" + "f" * 32, "sess_" + "F" * 32, "cal_" + "0" * 32, "cal_1", "task_", "u_%00", "x" * 2000, "%F0%9F%91%A9",
)  # fmt: skip


def kind_of(name: str, schema: dict[str, Any]) -> str:
    """Which list a field's values are in."""
    types = schema.get("type")
    types = types if isinstance(types, list) else [types]
    if "enum" in schema:
        return "enum"
    for plain in ("integer", "number", "boolean", "array", "object"):
        if plain in types:
            return plain
    shape = str(schema.get("format", ""))
    if shape in ("date", "date-time", "time", "uuid", "email"):
        return shape
    if "time_zone" in name or name.lower() in ("timezone", "time_zone"):
        return "zone"
    if str(schema.get("pattern", "")).startswith(r"^([01]\d|2[0-3]):"):
        return "time"
    return "text"


def refused(name: str, schema: dict[str, Any]) -> Iterator[Any]:
    """What a field of a body must not take."""
    kind = kind_of(name, schema)
    yield from REFUSED[kind]
    if kind == "text" and "maxLength" in schema:
        yield "x" * (schema["maxLength"] + 1)
    if kind == "integer":
        if "maximum" in schema:
            yield schema["maximum"] + 1
        if "minimum" in schema:
            yield schema["minimum"] - 1
    if not is_nullable(schema):
        yield None


def odd(name: str, schema: dict[str, Any]) -> Iterator[Any]:
    """What a field of a body may take or refuse."""
    kind = kind_of(name, schema)
    yield from ODD.get(kind, ())
    if is_nullable(schema):
        yield None


def is_nullable(schema: dict[str, Any]) -> bool:
    types = schema.get("type")
    return types is None or "null" in types or None in schema.get("enum", ())
