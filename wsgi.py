"""What gunicorn serves: the five contracts, the consent pages, webhooks, health."""

from __future__ import annotations

import logs
import models.tables  # noqa: F401  # foreign keys name tables, so all must be known
from web import focusflow, house, tymblok
from web.dispatch import Dispatcher, Mount
from workers import listen

logs.set_up()
listen()
application = Dispatcher(
    house.create(),
    [
        Mount("tymblok", tymblok.create(), tymblok.HOST),
        Mount("focusflow", focusflow.create(), focusflow.HOST),
    ],
)
