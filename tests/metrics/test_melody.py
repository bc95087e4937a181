"""Voices as melodies, proved by hand."""

from __future__ import annotations

import numpy as np
import pytest
from composer.metrics.melody import melody_features

from tests.support.grids import line


def test_melody():
    measured = melody_features(
        line(60, 62, 62, -1, 62, 71, 66, 66, voice=2)
    )  # intervals 2, 0, 9, -5
    assert measured["interval_size_T"] == pytest.approx(16 / 4)
    assert measured["steps_T"] == pytest.approx(1 / 4)
    assert measured["leaps_T"] == pytest.approx(2 / 4)
    assert measured["large_leaps_T"] == pytest.approx(1 / 4)
    assert measured["turns_T"] == pytest.approx(1 / 3)
    sounding = [60, 62, 62, 62, 71, 66, 66]
    assert measured["pitch_mean_T"] == pytest.approx(sum(sounding) / 7)
    assert measured["pitch_deviation_T"] == pytest.approx(np.std(sounding))
    assert measured["interval_size_A"] == 0 and measured["turns_B"] == 0


def test_size_limits_of_steps_and_leaps():
    measured = melody_features(line(60, 62, 65, 69, 74, 82, 73, voice=3))  # 2, 3, 4, 5, 8, 9
    assert [
        float(measured[f"{name}_B"]) * 6 for name in ("steps", "leaps", "large_leaps")
    ] == pytest.approx([1, 3, 1])
