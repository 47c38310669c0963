"""Which calendars of a connected Google account arrive; the contract knows no such choice, so it stands beside it."""

from __future__ import annotations

from typing import Any

from marshmallow import fields

from models.errors import Invalid
from models.integrations import Integration
from web.auth import caller
from web.fields import Text
from web.tymblok.shape import Camel, Routes

PROVIDER = "google-calendar"
MOST = 50

routes = Routes(
    "calendars",
    __name__,
    url_prefix=f"/integrations/{PROVIDER}/calendars",
    description="The calendars of a connected Google account",
)


class OfferedCalendarSchema(Camel):
    id = fields.String(required=True, metadata={"example": "team@group.calendar.google.com"})
    name = fields.String(required=True, metadata={"example": "Team"})
    is_primary = fields.Boolean(required=True)
    is_chosen = fields.Boolean(required=True, metadata={"description": "Whether its events arrive"})


class ChoiceSchema(Camel):
    calendar_ids = fields.List(
        Text(300),
        required=True,
        validate=lambda ids: len(ids) <= MOST,
        metadata={"description": "Empty: those that Google Calendar shows", "example": ["primary@example.com"]},
    )


def show_calendars(integration: Integration) -> list[dict[str, Any]]:
    """As the last sync found them; what was chosen since then counts already."""
    from connectors.google.calendar import offered  # Google's client costs a second of every start

    chosen = integration.chosen
    return [
        {
            "id": each.id,
            "name": each.name,
            "isPrimary": each.is_primary,
            "isChosen": each.id in chosen if chosen else each.is_read,
        }
        for each in offered(integration.cursor)
    ]


@routes.get("")
@routes.response(200, OfferedCalendarSchema(many=True))
def index() -> list[dict[str, Any]]:
    """List the calendars that can be chosen."""
    return show_calendars(Integration.of(caller().id, PROVIDER))


@routes.put("")
@routes.arguments(ChoiceSchema)
@routes.response(200, OfferedCalendarSchema(many=True))
def choose(given: dict[str, Any]) -> list[dict[str, Any]]:
    """Choose calendars; events of the others leave with the next sync, which begins at once."""
    integration = Integration.of(caller().id, PROVIDER)
    known = {each["id"] for each in show_calendars(integration)}
    if unknown := set(given["calendar_ids"]) - known:
        raise Invalid({"calendarIds": [f"There is no calendar {id}" for id in sorted(unknown)[:5]]})
    integration.choose(list(dict.fromkeys(given["calendar_ids"])))
    return show_calendars(integration)
