"""Flow Sudoku: puzzle sessions in sync, at `api.flowsudoku.com/v1` and `/flow-sudoku/v1`."""

from __future__ import annotations

from web.app import ContractApp, create_app
from web.docs import Document
from web.flow_sudoku import auth, sessions, subscription
from web.flow_sudoku.shape import shape

HOST = "api.flowsudoku.com"


def create() -> ContractApp:
    """The contract's app."""
    resources = (auth, sessions, subscription)
    return create_app(shape, Document("/v1", "Flow Sudoku", "1.0.0", [resource.routes for resource in resources]))
