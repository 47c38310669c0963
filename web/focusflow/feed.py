"""What is planned as a feed, for calendar apps to subscribe to."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, fields

from models.feeds import Feed
from web.auth import caller, current_user, logged_in
from web.fields import Timestamp
from web.focusflow.shape import Routes
from web.ical import address

routes = Routes("feed", __name__, url_prefix="/auth/calendar-feed", description="What is planned, for calendar apps")


class FeedSchema(Schema):
    is_open = fields.Boolean(required=True)
    opened_at = Timestamp(required=True, allow_none=True)


class OpenedSchema(FeedSchema):
    url = fields.String(required=True, metadata={"description": "Secret, and shown this once"})


@routes.get("/")
@routes.response(200, FeedSchema)
def show() -> dict[str, Any]:
    """Say whether the feed is open."""
    return present(Feed.of(caller().id))


@routes.post("/")
@routes.response(201, OpenedSchema)
def create() -> dict[str, Any]:
    """Open the feed at a new secret address; an older one stops working."""
    logged_in()
    feed, secret = Feed.open(current_user())
    return {**present(feed), "url": address(secret)}


@routes.delete("/")
@routes.response(204)
def delete() -> None:
    """Close the feed: its address stops working."""
    logged_in()
    Feed.close(current_user())


def present(feed: Feed | None) -> dict[str, Any]:
    """A feed as the contract writes one."""
    return {"is_open": feed is not None, "opened_at": None if feed is None else feed.opened_at}
