"""Google: the events of the chosen calendars, files newly shared, and comments that assign or mention the user."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime

from connectors import text
from connectors.base import ConnectorError, Credentials, Cursor, Page, Profile
from connectors.faults import guarded, spoken
from connectors.google.api import NAME, Api
from connectors.google.calendar import Calendars
from connectors.google.drive import Drive
from connectors.oauth import revoke_token

AUTH = "https://www.googleapis.com/auth/"


class Google:
    """The connector. Which calendars are chosen stands in the credentials' `extra["calendars"]`, by commas; without it
    they are those that the user shows in Google Calendar."""

    provider = "google-calendar"
    scopes: tuple[str, ...] = (
        "openid", f"{AUTH}userinfo.email", f"{AUTH}userinfo.profile", f"{AUTH}calendar.readonly",
        f"{AUTH}drive.readonly",
    )

    def profile(self, credentials: Credentials) -> Profile:
        with closing(Api(credentials.access_token)) as api:
            me = api.ask(api.service("oauth2").userinfo().get())
            with spoken(NAME):
                email = text.clean(me.get("email"), 254) or None
                return Profile(
                    external_id=text.named(me.get("id")),
                    username=email,
                    avatar_url=text.link(me.get("picture")),
                    name=text.clean(me.get("name"), 200) or None,
                    email=email,
                    is_email_verified=me.get("verified_email") is True,
                )

    def pull(self, credentials: Credentials, cursor: Cursor) -> Iterator[Page]:
        with closing(Api(credentials.access_token)) as api:
            yield from guarded(NAME, _pages(api, credentials, cursor))

    def revoke(self, credentials: Credentials) -> None:
        revoke_token("google", credentials.refresh_token or credentials.access_token)


def _pages(api: Api, credentials: Credentials, cursor: Cursor) -> Iterator[Page]:
    """Calendar, then Drive; a user may have ticked one of them only at consent."""
    now = datetime.now(UTC).replace(microsecond=0)
    calendar, drive = cursor.get("calendar", {}), cursor.get("drive", {})
    granted = credentials.scope
    if not granted or "calendar" in granted:
        for page in Calendars(api, calendar, credentials.extra.get("calendars", ""), now).pages():
            calendar = page.cursor
            yield replace(page, cursor={"calendar": calendar, "drive": drive})
    if not granted or "drive" in granted:
        try:
            for page in Drive(api, drive, now).pages():
                drive = page.cursor
                yield replace(page, cursor={"calendar": calendar, "drive": drive})
        except ConnectorError as error:
            if error.kind != "refused":
                raise
    yield Page([], {"calendar": calendar, "drive": drive})
