"""Every operation of every document, asked by Schemathesis: alone, and in chains that follow the ids of answers.

Run by `make fuzz`; `make fuzz ARGS="--examples 100"` goes further, `FUZZ_SEED` another way.
"""

from __future__ import annotations

import hypothesis
import pytest
from schemathesis.generation.stateful import run_state_machine_as_test

from tests.fuzz.documents import EXAMPLES, at_home, document
from tests.fuzz.traveller import Traveller, is_end, newcomer, nothing, organization, work

pytestmark = pytest.mark.timeout(900)

tymblok = at_home("/tymblok/v1")
focusflow = at_home("/focusflow/api/v1")
organizations = at_home("/focusflow/api/v2")
produktifin = at_home("/produktifin/v1")
pomodoro_timer = at_home("/pomodoro-timer/api/v1")
flow_sudoku = at_home("/flow-sudoku/v1")

CHAINED = {
    "tymblok": ("/tymblok/v1", newcomer("tymblok", nothing)),
    "focusflow": ("/focusflow/api/v1", newcomer("focusflow", work)),
    "organizations": ("/focusflow/api/v2", newcomer("focusflow", organization)),
    "produktifin": ("/produktifin/v1", newcomer("produktifin", nothing)),
}
"""Documents in which one answer's ids are asked for by another operation, and who begins each chain."""


@pytest.fixture(autouse=True)
def _nobody_is_there_yet():
    """Each operation is asked by people of its own, so it goes the same way alone."""
    for schema in (tymblok, focusflow, organizations, produktifin, pomodoro_timer, flow_sudoku):
        schema.app.begin()


@tymblok.parametrize()
def test_tymblok(case):
    case.call_and_validate()


@focusflow.parametrize()
def test_focusflow(case):
    case.call_and_validate()


@organizations.parametrize()
def test_focusflow_organizations(case):
    case.call_and_validate()


@produktifin.parametrize()
def test_produktifin(case):
    case.call_and_validate()


@pomodoro_timer.parametrize()
def test_pomodoro_timer(case):
    case.call_and_validate()


@flow_sudoku.parametrize()
def test_flow_sudoku(case):
    case.call_and_validate()


@pytest.mark.parametrize("name", CHAINED)
def test_chains_of_requests(name):
    base, settle = CHAINED[name]
    traveller = Traveller(settle)
    # What ends an account would make the next request somebody else's, to whom the chain's own things are not found;
    # a session that is deleted from the history is rightly gone from where it was made.
    lasting = document(base, traveller).exclude(
        lambda context: is_end(context.operation.method, context.operation.path)
    )
    lasting = lasting.exclude(method="DELETE", path_regex="/history/")

    class Chain(lasting.as_state_machine()):
        def setup(self):
            traveller.begin()

    run_state_machine_as_test(
        Chain,
        settings=hypothesis.settings(
            max_examples=EXAMPLES,
            stateful_step_count=8,
            deadline=None,
            database=None,
            suppress_health_check=list(hypothesis.HealthCheck),
        ),
    )
