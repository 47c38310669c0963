"""Atlassian's document format, read as text. https://developer.atlassian.com/cloud/jira/platform/apis/document/structure/"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

DEEPEST = 60
BLOCKS = ("paragraph", "heading", "listItem", "codeBlock", "blockquote", "tableRow", "panel", "rule", "hardBreak")


def plain(document: object) -> str:
    """The words of a document, a line for each block. Older answers hold text instead, which is given back."""
    if isinstance(document, str):
        return document.strip()
    words: list[str] = []
    for node in _nodes(document):
        kind, attributes = node.get("type"), node.get("attrs")
        attributes = attributes if isinstance(attributes, dict) else {}
        if kind in BLOCKS and words and not words[-1].endswith("\n"):
            words.append("\n")
        said = {
            "text": node.get("text"), "mention": attributes.get("text"), "emoji": attributes.get("shortName"),
            "inlineCard": attributes.get("url"), "date": attributes.get("timestamp"), "status": attributes.get("text"),
        }.get(str(kind))
        if isinstance(said, str):
            words.append(said)
    return "".join(words).strip()


def mentions(document: object) -> set[str]:
    """The account ids that a document, or a text in wiki markup, mentions."""
    if isinstance(document, str):
        return {part.split("]", 1)[0] for part in document.split("[~accountid:")[1:]}
    found = set()
    for node in _nodes(document):
        attributes = node.get("attrs")
        if node.get("type") == "mention" and isinstance(attributes, dict):
            found.add(str(attributes.get("id", "")).removeprefix("accountid:"))
    return found


def _nodes(node: object, depth: int = 0) -> Iterator[dict[str, Any]]:
    if not isinstance(node, dict) or depth > DEEPEST:
        return
    yield node
    content = node.get("content")
    for child in content if isinstance(content, list) else ():
        yield from _nodes(child, depth + 1)
