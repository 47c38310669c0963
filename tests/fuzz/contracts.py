"""Every operation of every document, asked by Schemathesis: alone, and in chains that follow the ids of answers.

Run by `make fuzz`; `make fuzz ARGS="--examples 100"` goes further, `FUZZ_SEED` another way.
"""

from __future__ import annotations

import hypothesis
import pytest
from schemathesis.generation.stateful import run_state_machine_as_test

from tests.fuzz.documents import EXAMPLES, document
from tests.fuzz.traveller import Traveller, is_end, nothing, organization, work

pytestmark = pytest.mark.timeout(900)

travellers = {
    "tymblok": Traveller("tymblok", nothing),
    "focusflow": Traveller("focusflow", work),
    "organizations": Traveller("focusflow", organization),
    "produktifin": Traveller("produktifin", nothing),
    "pomodoro-timer": Traveller("pomodoro-timer", nothing),
    "flow-sudoku": Traveller("flow-sudoku", nothing),
}
tymblok = document("/tymblok/v1", travellers["tymblok"])
focusflow = document("/focusflow/api/v1", travellers["focusflow"])
organizations = document("/focusflow/api/v2", travellers["organizations"])
produktifin = document("/produktifin/v1", travellers["produktifin"])
pomodoro_timer = document("/pomodoro-timer/api/v1", travellers["pomodoro-timer"])
flow_sudoku = document("/flow-sudoku/v1", travellers["flow-sudoku"])

CHAINED = {"tymblok": tymblok, "focusflow": focusflow, "organizations": organizations, "produktifin": produktifin}
"""Documents in which one answer's ids are asked for by another operation."""


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
    # What ends an account would make the next request somebody else's, to whom the chain's own things are not found;
    # a session that is deleted from the history is rightly gone from where it was made.
    lasting = CHAINED[name].exclude(lambda context: is_end(context.operation.method, context.operation.path))
    lasting = lasting.exclude(method="DELETE", path_regex="/history/")

    class Chain(lasting.as_state_machine()):
        def setup(self):
            travellers[name].begin()

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
