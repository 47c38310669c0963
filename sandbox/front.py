"""The sandbox's own pages: what there is and how to drive it."""

from __future__ import annotations

from zlib import crc32

from flask import Blueprint, Response, current_app, render_template
from markupsafe import escape

from sandbox.faults import KINDS

routes = Blueprint("front", __name__)

COLOURS = ("#35618f", "#8f4a35", "#3f7a4a", "#6b4a91", "#8a6d1f", "#1f7a86", "#9b3f63")
AVATAR = """<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 96 96" width="96" height="96">
<rect width="96" height="96" fill="{colour}"/>
<text x="48" y="60" font-family="sans-serif" font-size="36" fill="#fff" text-anchor="middle">{initials}</text>
</svg>"""
EXAMPLES = (
    ("Add an item for an account; every change is also pushed where the sandbox was started with --webhook-base.",
     """-X POST {b}/github/_control/items -d '{{"account": "mara", "title": "Look at the staging certificate"}}'"""),
    ("Put 5,000 items in the place of all that the account has, about 445 kB to a page of 100.",
     """-X POST {b}/github/_control/items -d '{{"account": "mara", "count": 5000, "page_kb": 445}}'"""),
    ("List items; change, close, reopen, delete one by its id.",
     """{b}/github/_control/items?account=mara
curl -X PATCH {b}/github/_control/items/ID -d '{{"title": "New title", "assignee": null}}'
curl -X POST {b}/github/_control/items/ID/close
curl -X POST {b}/github/_control/items/ID/reopen
curl -X DELETE {b}/github/_control/items/ID"""),
    ("See which requests arrived; start counting anew.",
     """{b}/github/_control/requests
curl -X DELETE {b}/github/_control/requests"""),
    ("Switch a fault on for the next two requests to one path; take all faults away.",
     """-X POST {b}/github/_control/faults -d '{{"kind": "status", "status": 500, "times": 2, "path": "/issues"}}'
curl -X DELETE {b}/github/_control/faults"""),
    ("Let access tokens expire, take tokens back, get one without any consent.",
     """-X POST {b}/jira/_control/tokens/expire -d '{{"account": "mara"}}'
curl -X POST {b}/jira/_control/tokens/revoke -d '{{"account": "mara"}}'
curl -X POST {b}/jira/_control/tokens -d '{{"account": "mara"}}'"""),
    ("Add a thousand accounts, bench-1 to bench-1000.",
     """-X POST {b}/github/_control/accounts -d '{{"key": "bench", "count": 1000}}'"""),
    ("Send a signed webhook and see what the receiver answered.",
     """-X POST {b}/github/_control/webhook \\
     -d '{{"url": "http://127.0.0.1:8000/webhooks/github", "account": "mara"}}'"""),
    ("Back to the first day.", "-X POST {b}/github/_control/reset"),
)  # fmt: skip


@routes.get("/")
def index() -> str:
    world = current_app.extensions["sandbox"]
    people = list(world.accounts.people.values())
    return render_template(
        "front.html",
        base=world.base,
        stands=list(world.stands.values()),
        people=people[:20],
        more=len(people[20:]),
        smtp_port=world.smtp_port,
        kinds=KINDS,
        controls=_controls(list(world.stands)),
        examples=[(words, "curl " + command.format(b=world.base)) for words, command in EXAMPLES],
    )


def _controls(names: list[str]) -> dict[str, list[str]]:
    """The control addresses that only one provider has."""
    found: dict[str, list[str]] = {name: [] for name in names}
    for rule in current_app.url_map.iter_rules():
        _, name, *rest = rule.rule.split("/", 2)
        if name in found and rest and rest[0].startswith("_control/"):
            methods = "|".join(sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}))
            found[name].append(f"{methods} {rest[0].removeprefix('_control')}")
    return found


@routes.get("/avatars/<key>.svg")
def avatar(key: str) -> Response:
    """A face for everybody: the initials on a colour."""
    person = current_app.extensions["sandbox"].accounts.find(key)
    initials = person.initials if person else key[:2].upper()
    picture = AVATAR.format(colour=COLOURS[crc32(key.encode()) % len(COLOURS)], initials=escape(initials))
    return Response(picture, mimetype="image/svg+xml", headers={"Cache-Control": "max-age=86400"})


@routes.get("/healthz")
def health() -> str:
    return "ok"
