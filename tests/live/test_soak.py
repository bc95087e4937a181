"""A minute and a half on the stage, with trouble: no note lost, none hanging. The hour is a benchmark (`soak`)."""

import pytest

from tests.support.soak import Soak, missing


def test_what_was_sent_is_looked_for_in_its_order():
    sent = [(0.1, 60, 1), (0.2, 62, 2), (0.3, 60, 1), (0.4, 64, 9)]
    assert missing(sent, [(60, 1), (62, 2), (60, 1), (64, 9)]) == ([], 0)
    assert missing(sent, [(60, 1), (60, 1), (62, 2), (99, 9), (60, 1), (64, 9)]) == ([], 2)
    assert missing(sent, [(60, 1), (60, 1), (62, 2), (64, 9)]) == (
        [(0.3, 60, 1)],
        1,
    )  # out of order is not there
    assert missing(sent[:1], [(1, 1)] * 5 + [(60, 1)], window=5) == ([(0.1, 60, 1)], 6)


@pytest.mark.slow
@pytest.mark.jack
def test_a_keyboard_that_is_unplugged_again_and_again_loses_no_note(tmp_path):
    rounds = 6
    found = Soak(tmp_path, rounds, 11.0).run()
    assert not found.broken()
    assert found.unplugs == rounds and len(found.returned) == rounds - 1
    assert (
        len(found.sent) > 10 * 5 * rounds and found.second > 10
    )  # it did play, and floods came besides
    assert found.stalled < 50
    assert found.synth_back is not None and found.takes >= rounds - 1
    assert max(found.files) - found.files[1] <= 4 and max(found.threads) - found.threads[1] <= 4
    assert (
        found.memory[-1] - found.memory[2] < 16
    )  # MiB; generous: what grows without end shows in the hour
