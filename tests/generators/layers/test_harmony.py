"""Intervals, lines and parallels."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from composer.generators.layers import harmony as layers
from composer.generators.layers.melody import PITCHES
from composer.generators.layers.pulses import one_hot


def hot(*pitches: int) -> Any:
    return np.eye(PITCHES, dtype=np.float32)[list(pitches)]


def test_parallels_warn_of_the_pitch_that_makes_them_and_of_no_other() -> None:
    layer = layers.Parallels()
    layer.build()
    # Before: bass B flat, soprano F (a fifth above). Now the soprano goes to G: the bass must not
    # go to C.
    nobody = np.zeros((3, PITCHES), np.float32)
    there, here = (layers.classes(hot(p), *(v[None] for v in nobody)) for p in (17, 19))
    own = layers.classes(hot(10))
    logits = np.asarray(layer(own, there, here, voice=0))[0]
    assert np.flatnonzero(logits < -1).tolist() == [0]
    assert not np.asarray(
        layer(layers.classes(hot(11)), there, here, voice=0)
    ).any()  # not perfect before
    assert not np.asarray(
        layer(own, there, there, voice=0)
    ).any()  # nothing moves, nothing is parallel


def test_intervals_are_the_same_wherever_they_lie() -> None:
    layer = layers.Intervals(1)
    layer.build()
    table = np.zeros((3, 1, 2 * PITCHES - 1), np.float32)
    table[1, 0, PITCHES - 1 + 2] = 3.0  # a tone up
    layer.table.assign(table)
    for start in (5, 40):
        logits = np.asarray(layer(hot(start), voice=1))[0]
        assert np.flatnonzero(logits).tolist() == [start + 2]


def test_interval_classes_count_up_from_the_second_voice() -> None:
    a, b = layers.classes(hot(20)), layers.classes(hot(13))
    assert np.asarray(layers.interval_classes(a, b)).argmax(-1).tolist() == [7]
    assert np.asarray(layers.interval_classes(b, a)).argmax(-1).tolist() == [5]


def test_lines_look_up_the_interval_tables_of_their_voice() -> None:
    rng = np.random.default_rng(3)
    lines = layers.Lines()
    lines.build()
    table = rng.standard_normal(lines.table.shape).astype(np.float32)
    lines.table.assign(table)
    pitches = rng.integers(0, PITCHES, (6, 4))
    pitches[0, 1] = pitches[1, 0] = pitches[2, 3] = PITCHES  # unknown
    beside = [one_hot(pitches[:, i]) for i in range(4)]
    found = np.asarray(lines(beside, voice=2))
    clip = lambda d: int(np.clip(d, -layers.SPAN, layers.SPAN)) + layers.SPAN  # noqa: E731
    for row, (two_before, before, after, two_after) in enumerate(pitches):
        for pitch in (0, 20, 56):
            pairs = (
                (before, after, before),
                (two_before, before, before),
                (after, two_after, after),
            )
            terms = (
                table[2, i, clip(second - first), clip(pitch - near)]
                for i, (first, second, near) in enumerate(pairs)
                if PITCHES not in (first, second)
            )
            assert found[row, pitch] == pytest.approx(sum(terms), abs=1e-5)
