"""When voices move, proved by hand on lopsided grids."""

from __future__ import annotations

import numpy as np
import pytest
from composer.metrics.rhythm import note_lengths, offbeat_changes, rhythm_features

from tests.support.grids import line, steps


def test_rhythm():
    grid = np.full((12, 4), 60)
    grid[:, 0] = [72, 72, 72, 72, 72, 72, 74, 74, 74, 74, 74, 74]  # starts 0, 6
    grid[:, 1] = [60, 60, 60, 62, 62, 62, 64, 64, -1, -1, -1, 64]  # starts 0, 3, 6, 11
    grid[:, 3] = [40, 40, 41, 41, 41, 41, 43, 43, 43, 43, 43, 43]  # starts 0, 2, 6
    measured = {k: float(v) for k, v in rhythm_features(grid).items()}
    assert measured["onsets_A"] == pytest.approx(4 / 3) and measured["onsets_T"] == pytest.approx(
        1 / 3
    )
    assert measured["offbeat_eighths_A"] == pytest.approx(1 / 3)
    assert measured["offbeat_eighths_B"] == pytest.approx(2 / 3)
    assert (
        measured["offbeat_sixteenths_A"] == pytest.approx(2 / 3)
        and measured["offbeat_sixteenths_B"] == 0
    )
    assert measured["with_soprano_A"] == pytest.approx(2 / 4)
    assert measured["with_soprano_B"] == pytest.approx(2 / 3) and measured["with_soprano_T"] == 1
    assert (measured["long_notes_A"], measured["long_notes_T"]) == (0, 1)
    assert measured["homorhythm"] == pytest.approx(1 / 5)  # steps 0, 2, 3, 6, 11; all voices at 0


def test_long_notes_are_two_beats_or_more_and_rests_are_none():
    line_of_7_and_9 = line(*[60] * 7, *[62] * 9, *[-1] * 8, voice=2)
    assert note_lengths(line_of_7_and_9)[:, 2].tolist() == [7] * 7 + [9] * 9 + [0] * 8
    assert rhythm_features(line_of_7_and_9)["long_notes_T"] == pytest.approx(9 / 24)
    assert rhythm_features(line(*[60] * 8, *[62] * 3, voice=2))["long_notes_T"] == pytest.approx(
        8 / 11
    )


def test_offbeat_changes_are_between_the_eighths():
    alto = [60, 60, 62, 64, 65, 65, 67, -1, 67, 69, -1, 67]  # new at 3, 9, 11 of 1 3 5 9 11
    grid = np.array([[72, pitch] for pitch in alto])
    np.testing.assert_allclose(offbeat_changes(grid), [0, 3 / 5])
    # Thirds of a beat: new at 2, 4, 8, 11 of 1 2 4 5 8 11.
    np.testing.assert_allclose(offbeat_changes(grid, steps_per_beat=3), [0, 4 / 6])
    assert np.isnan(offbeat_changes(grid, steps_per_beat=2)).all()
    assert np.isnan(offbeat_changes(steps([60, -1], [61, -1]))).tolist() == [False, True]
