"""Rows of pulses, and draws."""

from __future__ import annotations

import numpy as np
import pytest
from composer.generators.layers import pulses as layers


def test_sample_is_the_inverse_of_the_distribution() -> None:
    logits = np.log(np.array([[0.5, 0.3, 0.2]] * 4, np.float32))
    drawn = np.asarray(
        layers.sample(logits, np.array([[0.1], [0.49], [0.51], [0.95]], np.float32), 1.0, 0.0)
    )
    assert drawn.argmax(-1).tolist() == [0, 0, 1, 2]
    assert np.allclose(drawn.sum(-1), 1) and np.allclose(drawn.max(-1), 1)


def test_sample_at_one_and_zero_stays_inside() -> None:
    logits = np.zeros((2, 5), np.float32)
    assert np.asarray(layers.sample(logits, np.array([[0.0], [1.0]], np.float32), 1.0, 0.0)).sum(
        -1
    )[0] == pytest.approx(1)


def test_min_p_leaves_the_tail_out() -> None:
    logits = np.log(np.array([0.9, 0.06, 0.04], np.float32))[None].repeat(99, 0)
    u = np.linspace(0.005, 0.995, 99, dtype=np.float32)[:, None]
    assert set(np.asarray(layers.sample(logits, u, 1.0, 0.0)).argmax(-1)) == {0, 1, 2}
    assert set(np.asarray(layers.sample(logits, u, 1.0, 0.05)).argmax(-1)) == {0, 1}


def test_rows_go_forth_and_back() -> None:
    x = np.arange(24, dtype=np.float32).reshape(8, 3)  # two pieces of four pulses
    assert np.asarray(layers.every(x, 2, 2))[:, 0].tolist() == [0, 6, 12, 18]
    assert np.asarray(layers.spread(layers.every(x, 2, 2), 2))[:, 0].tolist() == [
        0,
        0,
        6,
        0,
        12,
        0,
        18,
        0,
    ]
    assert np.asarray(layers.every(x, 2, 2, 1))[:, 0].tolist() == [3, 9, 15, 21]
    assert np.asarray(layers.Cut(2, 1, 2).back(layers.every(x, 2, 2, 1)))[:, 0].tolist() == [
        0,
        3,
        0,
        9,
        0,
        15,
        0,
        21,
    ]
    assert np.asarray(layers.Cut(2, 1, 2).out(x))[:, 0].tolist() == [0, 0, 6, 0, 12, 0, 18, 0]
    assert np.asarray(layers.later(x, 1, 2))[:, 0].tolist() == [3, 6, 9, 0, 15, 18, 21, 0]
    assert np.asarray(layers.later(x, -2, 2))[:, 0].tolist() == [0, 0, 0, 3, 0, 0, 12, 15]
    assert (
        np.asarray(layers.with_sides(x[:4], 1, 1)).tolist()
        == np.asarray(layers.with_sides(x, 1, 2))[:4].tolist()
    )
    for by in (-12, -8, 8, 12):  # further than a piece is long
        assert (
            np.asarray(layers.later(x, by, 2)).shape == (8, 3)
            and not np.asarray(layers.later(x, by, 2)).any()
        )
        assert (
            np.asarray(layers.later(x, by, 1)).shape == (8, 3)
            and not np.asarray(layers.later(x, by, 1)).any()
        )
