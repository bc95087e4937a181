"""What a session's runs share: latencies in ms, keys that are sent, instruments chosen once."""

from __future__ import annotations

import numpy as np
import pytest
from composer.live.melody.transport import Transport
from composer.live.session.context import MEASURED
from composer.live.session.state import SessionConfig

from tests.support.live_session import bare_stand


@pytest.fixture
def bare():
    return bare_stand(SessionConfig(), Transport.start(100.0, 120.0))


def test_the_tail_of_a_latency_is_its_slow_end_but_of_being_ready_the_early_end(bare):
    for ms in [*range(1, 101), 40]:
        bare.context.measure("thru", ms / 1e3)
        bare.context.measure("ready", ms / 1e3)
    found = bare.context.measured()
    assert (found["thru"].last, found["ready"].last) == pytest.approx((40.0, 40.0))
    values = [*range(1, 101), 40]
    assert found["thru"].p99 == pytest.approx(np.percentile(values, 99))
    assert found["ready"].p99 == pytest.approx(np.percentile(values, 1))
    assert found["ready"].p99 < 3 < 97 < found["thru"].p99


def test_only_the_latest_latencies_count(bare):
    bare.context.measure("thru", 9.0)
    for _ in range(MEASURED - 1):
        bare.context.measure("thru", 0.002)
    assert max(bare.context.latencies["thru"]) == pytest.approx(9000.0)
    bare.context.measure("thru", 0.002)
    assert bare.context.measured()["thru"].p99 == pytest.approx(2.0)
    assert max(bare.context.latencies["thru"]) == pytest.approx(2.0)


def test_a_key_goes_down_at_its_second_and_up_with_velocity_0(bare):
    bare.context.note(100.2, 5, 61, 93)
    bare.context.note(100.5, 5, 61, 0)
    bare.clock.at = 100.3
    bare.sequencer.due()
    assert bare.hanging == [(100.2, float("inf"), 61, 93)]
    bare.clock.at = 101.0
    bare.sequencer.due()
    assert bare.notes(5) == [(100.2, 100.5, 61, 93)]
    assert [m.type for _, m in bare.sequencer.sent] == ["note_on", "note_off"]


def test_keys_are_taken_back_by_their_tag_alone(bare):
    bare.context.note(100.2, 1, 61, 93, "duet")
    bare.context.note(100.2, 2, 50, 70, "answer")
    bare.sequencer.cancel("duet")
    bare.clock.at = 101.0
    bare.sequencer.due()
    assert [m.note for _, m in bare.sequencer.sent] == [50]


def test_an_instrument_is_sent_again_only_if_it_is_another(bare):
    for channel, program in [(1, 19), (1, 19), (2, 19), (1, 48), (1, 19), (2, 19)]:
        bare.context.program(channel, program)
    sent = [(m.channel, m.program) for _, m in bare.sequencer.sent]
    assert sent == [(1, 19), (2, 19), (1, 48), (1, 19)]
