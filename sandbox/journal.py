"""Which requests arrived, so that a test can count them."""

from __future__ import annotations

import time
from collections import Counter, deque
from dataclasses import dataclass, field
from typing import Any

from flask import Response, g, request

KEPT = 100_000


@dataclass
class Journal:
    """The requests of one provider since the last reset, its control left out."""

    entries: deque[dict[str, Any]] = field(default_factory=lambda: deque(maxlen=KEPT))

    def write(self, response: Response) -> None:
        self.entries.append(
            {
                "method": request.method,
                "path": g.path,
                "query": request.query_string.decode("latin-1"),
                "status": response.status_code,
                "account": g.get("account"),
                "note": g.get("note"),
                "fault": g.get("fault"),
                "at": round(time.time(), 3),
            }
        )

    def show(self) -> dict[str, Any]:
        entries = list(self.entries)
        counts = Counter(f"{entry['method']} {entry['path']} {entry['status']}" for entry in entries)
        return {"count": len(entries), "counts": dict(counts), "requests": entries}
