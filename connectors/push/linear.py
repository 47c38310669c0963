"""Linear. https://linear.app/developers/webhooks"""

from __future__ import annotations

from collections.abc import Mapping

from connectors.push.base import BadDelivery, Delivery, at, check, header, identity, ids, parsed, within

WINDOW = 60


def read(headers: Mapping[str, str], body: bytes, secret: str) -> Delivery:
    check(header(headers, "Linear-Signature"), secret, body)
    payload = parsed(body)
    sent_at = payload.get("webhookTimestamp")
    if isinstance(sent_at, bool) or not isinstance(sent_at, int | float):
        raise BadDelivery("The delivery has no time")
    within(sent_at / 1000, WINDOW)
    return Delivery(
        id=identity(header(headers, "Linear-Delivery"), body),
        accounts=ids(
            [
                at(payload, "data", "assigneeId"), at(payload, "data", "assignee", "id"),
                at(payload, "updatedFrom", "assigneeId"), at(payload, "data", "issue", "assigneeId"),
            ]
        ),
    )
