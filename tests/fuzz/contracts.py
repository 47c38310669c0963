"""Every operation of every document, asked by Schemathesis: alone, and in chains that follow the ids of answers.

Run by `make fuzz`; `make fuzz ARGS="--examples 100"` goes further, `FUZZ_SEED` another way.
"""

from __future__ import annotations

import hypothesis
import pytest
import schemathesis
from schemathesis.generation.stateful import run_state_machine_as_test

from tests.fuzz.documents import EXAMPLES, document
from tests.fuzz.traveller import Traveller, nothing, organization, work

pytestmark = pytest.mark.timeout(900)

tymblok = document("/tymblok/v1")
focusflow = document("/focusflow/api/v1")
organizations = document("/focusflow/api/v2")
produktifin = document("/produktifin/v1")
pomodoro_timer = document("/pomodoro-timer/api/v1")
flow_sudoku = document("/flow-sudoku/v1")

TRAVELLERS = {
    tymblok.location: Traveller("tymblok", nothing),
    focusflow.location: Traveller("focusflow", work),
    organizations.location: Traveller("focusflow", organization),
    produktifin.location: Traveller("produktifin", nothing),
    pomodoro_timer.location: Traveller("pomodoro-timer", nothing),
    flow_sudoku.location: Traveller("flow-sudoku", nothing),
}


def ask(case: schemathesis.Case) -> None:
    """Send one made-up request and hold the answer against everything that the document says."""
    traveller = TRAVELLERS[case.operation.schema.location]
    try:
        case.call_and_validate(headers=traveller.headers)
    finally:
        traveller.saw(case.method, case.path)


@tymblok.parametrize()
def test_tymblok(case):
    ask(case)


@focusflow.parametrize()
def test_focusflow(case):
    ask(case)


@organizations.parametrize()
def test_focusflow_organizations(case):
    ask(case)


@produktifin.parametrize()
def test_produktifin(case):
    ask(case)


@pomodoro_timer.parametrize()
def test_pomodoro_timer(case):
    ask(case)


@flow_sudoku.parametrize()
def test_flow_sudoku(case):
    ask(case)


@pytest.mark.parametrize(
    "schema",
    [
        pytest.param(schema, id=name)
        for name, schema in {
            "tymblok": tymblok,
            "focusflow": focusflow,
            "organizations": organizations,
            "produktifin": produktifin,
            "flow_sudoku": flow_sudoku,
        }.items()
    ],
)
def test_chains_of_requests(schema):
    traveller = TRAVELLERS[schema.location]

    class Chain(schema.as_state_machine()):
        def get_call_kwargs(self, case):
            return {"headers": traveller.headers}

        def after_call(self, response, case):
            super().after_call(response, case)
            traveller.saw(case.method, case.path)

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
