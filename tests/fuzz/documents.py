"""The six documents of the five contracts as Schemathesis reads them, over the WSGI application itself."""

from __future__ import annotations

import os

import schemathesis
from schemathesis.config import SchemathesisConfig

from tests.fuzz.traveller import Traveller
from wsgi import application

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "15"))
_CONFIG = {
    "seed": int(os.environ.get("FUZZ_SEED", "20261120")),
    "suppress-health-check": ["all"],
    "generation": {"max-examples": EXAMPLES, "database": "none", "with-security-parameters": False},
    "checks": {
        # A document says of which kind a value is; what only the rules say (an end after its start, a category that
        # exists, a token that was mailed) is refused with the same 400. Any other refusal of valid data is a fault.
        "positive_data_acceptance": {"enabled": True, "expected-statuses": ["2xx", 400, 401, 402, 403, 404, 409, 502]},
    },
}


def document(base: str, traveller: Traveller) -> schemathesis.BaseSchema:
    """One contract's document, asked by one person after another."""
    schema = schemathesis.openapi.from_wsgi(
        f"{base}/openapi.json", application, config=SchemathesisConfig.from_dict(_CONFIG)
    )

    @schema.auth(refresh_interval=None)
    class Login:
        get = staticmethod(traveller.get)
        set = staticmethod(traveller.set)

    return schema
