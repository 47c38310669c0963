"""What gunicorn serves: the five contracts, the consent pages, webhooks, health."""

from __future__ import annotations

import logs
import models.tables  # noqa: F401  # foreign keys name tables, so all must be known
from web import flow_sudoku, focusflow, house, pomodoro_timer, produktifin, tymblok
from web.dispatch import Dispatcher, Mount
from workers import listen

logs.set_up()
listen()
application = Dispatcher(
    house.create(),
    [
        Mount("tymblok", tymblok.create(), tymblok.HOST),
        Mount("focusflow", focusflow.create(), focusflow.HOST),
        Mount("produktifin", produktifin.create(), produktifin.HOST),
        Mount("pomodoro-timer", pomodoro_timer.create()),
        Mount("flow-sudoku", flow_sudoku.create(), flow_sudoku.HOST),
    ],
)
