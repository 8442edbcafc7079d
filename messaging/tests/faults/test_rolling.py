"""Two hosts behind the documented nginx are restarted one after the other, and nobody notices."""

import pytest

from chatproject.tests.nginx import Nginx, needs_nginx
from messaging.tests.faults.conftest import ROUNDS, needs_both
from messaging.tests.faults.rolling import hosts, restart_under_load

pytestmark = [pytest.mark.faults, pytest.mark.search, needs_both, needs_nginx]


async def test_a_rolling_restart_loses_nothing_and_refuses_nobody() -> None:
    with hosts(workers=2) as both, Nginx(*both) as proxy:
        seen = await restart_under_load(both, proxy, rate=25, rounds=ROUNDS)

    assert (seen["lost"], seen["twice"]) == (0, 0), seen
    assert set(seen["http"]) <= {"201", "200", "503"}, seen  # a busy server may say so; the proxy says nothing
    assert set(seen["handshakes"]) <= {"hello", "closed before hello", "hung"}, seen
    assert seen["slowest handshake s"] < 20, seen  # not until the server behind it has stopped or started
    assert seen["sends"] > 50, seen
