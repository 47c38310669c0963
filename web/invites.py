"""The page that an invitation's link opens. It accepts nothing by itself: that takes the invited person's login."""

from __future__ import annotations

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from models.invites import show_invitation

routes = Blueprint("invites", __name__)


@routes.get("/invite/<token>")
def show(token: str) -> ResponseReturnValue:
    """What one is invited to, and what to do now."""
    found = show_invitation(token)
    if found is None:
        gone = "It was used, withdrawn or replaced, or it is older than seven days. Ask for a new one."
        return render_template("message.html", title="This invitation is no longer open", text=gone), 404
    text = (
        f"You are invited to join {found.name} as {found.role}. Log in to FocusFlow as {found.email} and accept the "
        f"invitation there with this code, until {found.expires_at:%d %B %Y}: {token}"
    )
    return render_template("message.html", title=f"Join {found.name}", text=text)
