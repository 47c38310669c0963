"""What is counted of requests."""

from __future__ import annotations

from tests.cast import Front


def series(front: Front) -> set[str]:
    lines = front.call("GET", "/metrics").text.splitlines()
    counted = (line.rpartition(" ")[0] for line in lines if line.startswith("daybook_requests_total"))
    return {each for each in counted if "/metrics" not in each}


def test_a_client_cannot_make_up_things_to_count(front: Front) -> None:
    paths = ("/tymblok/v1/blocks", "/produktifin/v1/history", "/healthz")
    for path in paths:
        front.call("BREW0", path)
        front.call("GET", f"{path}/made-up-0")
    before = series(front)
    for number in range(1, 6):
        for path in paths:
            assert front.call(f"BREW{number}", path).status_code == 405
            front.call("GET", f"{path}/made-up-{number}", headers={"Host": f"made-up-{number}.example"})
    assert series(front) == before
    assert not [line for line in before if "BREW" in line or "made-up" in line]
