"""Clients that send slowly hold up nobody else where the web serves with greenlets."""

import time

import pytest

from bench.slow_clients import HALF_SENT, measure, slow_clients, web

pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module")
def port():
    with web("gevent") as port:
        yield port


@pytest.mark.parametrize("part", HALF_SENT)
def test_200_half_sent_requests_stop_nobody_else(port, part):
    with slow_clients(port, 200, part):
        time.sleep(1)
        seen = measure(port, 3)
    assert seen.unanswered == 0
    assert len(seen.milliseconds) > 20
    assert sorted(seen.milliseconds)[int(len(seen.milliseconds) * 0.95)] < 500
