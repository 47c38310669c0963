"""What is planned as a feed for calendar apps: shown, opened and closed at every contract that has a place for it."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, fields
from marshmallow.fields import Field

from models.feeds import Feed
from web.auth import caller, current_user, logged_in
from web.fields import Timestamp
from web.ical import address
from web.routes import Routes
from web.shape import Shape


def feed_routes(shape: Shape, path: str) -> Routes:
    """The three routes at one path of a contract, their fields spelled as it spells its own."""
    routes = Routes("feed", __name__, shape=shape, description="What is planned, for calendar apps")
    is_open, opened_at = shape.spell("is_open"), shape.spell("opened_at")
    members: dict[str, Field] = {
        is_open: fields.Boolean(required=True),
        opened_at: Timestamp(required=True, allow_none=True),
    }
    url = fields.String(required=True, metadata={"description": "Secret, and shown this once"})

    def present(feed: Feed | None) -> dict[str, Any]:
        return {is_open: feed is not None, opened_at: None if feed is None else feed.opened_at}

    @routes.get(path)
    @routes.response(200, Schema.from_dict(members, name="FeedSchema"))
    def show() -> dict[str, Any]:
        """Say whether the feed is open."""
        return present(Feed.of(caller().id))

    @routes.post(path)
    @routes.response(201, Schema.from_dict({**members, "url": url}, name="OpenedFeedSchema"))
    def create() -> dict[str, Any]:
        """Open the feed at a new secret address; an older one stops working."""
        logged_in()
        feed, secret = Feed.open(current_user())
        return {**present(feed), "url": address(secret)}

    @routes.delete(path)
    @routes.response(204)
    def delete() -> None:
        """Close the feed: its address stops working."""
        logged_in()
        Feed.close(current_user())

    return routes
