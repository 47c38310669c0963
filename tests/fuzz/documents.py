"""The six documents of the five contracts as Schemathesis reads them, over the WSGI application itself."""

from __future__ import annotations

import os
from typing import Any

import schemathesis
from schemathesis.config import SchemathesisConfig

from tests.fuzz import own
from tests.fuzz.traveller import Traveller, household
from tests.operations import BASES

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "15"))
# A document says of which kind a value is; what only the rules say (an end after its start, a category that exists, a
# token that was mailed) is refused with the same 400. Any other refusal of valid data is a fault; above all 401, for
# the login is in order.
_TAKEN_OR_REFUSED = ["2xx", 400, 402, 403, 404, 409, 502]
_CONFIG = {
    "seed": int(os.environ.get("FUZZ_SEED", "20261120")),
    "suppress-health-check": ["all"],
    "generation": {"max-examples": EXAMPLES, "database": "none", "with-security-parameters": False},
    "checks": {"positive_data_acceptance": {"enabled": True, "expected-statuses": _TAKEN_OR_REFUSED}},
    "operations": [  # the first that fits counts
        {
            # Passwords are guessed at most ten times a minute for one address, and the same address is made up often.
            "include-path-regex": "/auth/(login|signin)",
            "checks": {"positive_data_acceptance": {"expected-statuses": [*_TAKEN_OR_REFUSED, 401, 429]}},
        },
        {
            # What proves who somebody is, a password or a token in the body, is made up and so is wrong.
            "include-path-regex": "/auth/|/password",
            "checks": {"positive_data_acceptance": {"expected-statuses": [*_TAKEN_OR_REFUSED, 401]}},
        },
    ],
}


def document(base: str, traveller: Traveller) -> schemathesis.BaseSchema:
    """One contract's document, asked by one person after another."""
    schema = schemathesis.openapi.from_wsgi(
        f"{base}/openapi.json", traveller, config=SchemathesisConfig.from_dict(_CONFIG)
    )

    @schema.auth(refresh_interval=None)
    class Login:
        def get(self, _case: Any, _context: Any) -> str:
            return own.TOKEN

        def set(self, case: Any, token: str, _context: Any) -> None:
            case.headers["Authorization"] = f"Bearer {token}"

    return schema


def at_home(base: str) -> schemathesis.BaseSchema:
    """A document for requests that stand alone: three of four are about the person's own things."""
    schema = document(base, Traveller(household(base, BASES[base])))
    schema.hook("map_case")(own.mean)
    return schema
