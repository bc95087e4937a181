"""A melody is brought into the range and key of the networks."""

from __future__ import annotations

import numpy as np
import pytest
from composer.errors import MelodyError
from composer.generators.layers.melody import bridge_rests, fold, octave_shift


def test_octave_shift_moves_most_of_the_steps_into_the_soprano_range() -> None:
    assert octave_shift(np.array([60, 72, -1, 79]), 57, 81) == 0
    assert octave_shift(np.array([41, 45, 48, -1]), 57, 81) == 24
    assert octave_shift(np.array([96, 98, 88]), 57, 81) == -24
    with pytest.raises(MelodyError):
        octave_shift(np.array([-1, -1]), 57, 81)


def test_fold_brings_every_note_into_range_and_leaves_rests() -> None:
    folded = fold(np.array([30, -1, 60, 96]), 57, 81)
    assert folded.tolist() == [66, -1, 60, 72]


def test_bridge_rests_fills_one_step_and_keeps_longer_rests() -> None:
    sounds, filled = bridge_rests(np.array([60, -1, 62, 62, -1, -1, 64]))
    assert filled.tolist() == [60, 60, 62, 62, -1, -1, 64]
    assert sounds.tolist() == [True, True, True, True, False, False, True]
