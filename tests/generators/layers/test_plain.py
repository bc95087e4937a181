"""What is written as matrices for LiteRT gives the same as plain loops in numpy, on random
input.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.conftest import needs

keras = needs("keras")

from composer.generators.layers import harmony, plain, pulses  # noqa: E402
from composer.generators.layers.melody import PITCHES  # noqa: E402

ROWS = 24
PIECES = 2


def numbers(tensor: object) -> Any:
    return keras.ops.convert_to_numpy(tensor)


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(7)


def voices(rng: np.random.Generator, count: int) -> Any:
    """Pitches int [ROWS, count], a fifth of them unknown; few enough for intervals to come
    again.
    """
    drawn = rng.integers(10, 40, (ROWS, count))
    return np.where(rng.random((ROWS, count)) < 0.2, PITCHES, drawn)


def hot(pitches: Any) -> Any:
    """One-hot [ROWS, count * PITCHES]."""
    return numbers(pulses.one_hot(pitches)).reshape(ROWS, -1)


@pytest.mark.parametrize("by", [-15, -3, -1, 1, 2, 12])
@pytest.mark.parametrize("pieces", [1, PIECES])
def test_later(rng: np.random.Generator, by: int, pieces: int) -> None:
    x = rng.random((ROWS, 3), np.float32)
    assert np.array_equal(numbers(pulses.later(x, by, pieces)), plain.later(x, by, pieces))


@pytest.mark.parametrize(("stride", "phase"), [(1, 0), (2, 0), (2, 1), (4, 3)])
def test_every_and_spread(rng: np.random.Generator, stride: int, phase: int) -> None:
    x = rng.random((ROWS, 3), np.float32)
    cut = pulses.Cut(stride, phase, PIECES)
    kept = plain.every(x, stride, phase)
    assert np.array_equal(numbers(cut(x)), kept)
    assert np.array_equal(numbers(cut.back(kept)), plain.spread(kept, stride, phase))


@pytest.mark.parametrize(("temperature", "min_p"), [(1.0, 0.0), (0.6, 0.08)])
def test_sample(rng: np.random.Generator, temperature: float, min_p: float) -> None:
    logits = 2 * rng.standard_normal((500, 9)).astype(np.float32)
    uniform = rng.random((500, 1), np.float32)
    drawn = numbers(pulses.sample(logits, uniform, temperature, min_p, soft=False))
    assert (drawn.argmax(-1) == plain.sample(logits, uniform[:, 0], temperature, min_p)).all()


def test_relative(rng: np.random.Generator) -> None:
    above, bases = voices(rng, 3), voices(rng, 3)
    told = numbers(harmony.relative(hot(above), hot(bases))).reshape(ROWS, 3, 25)
    distance = plain.relative(above, bases)
    known = distance <= 12
    assert (told.sum(-1) == known).all() and 0.3 < known.mean() < 0.9
    assert (told.argmax(-1)[known] == distance[known] + 12).all()


def test_classes_and_the_intervals_between_them(rng: np.random.Generator) -> None:
    two = voices(rng, 2)
    one_hots = [hot(two[:, i]) for i in range(2)]
    found = numbers(harmony.classes(*one_hots))
    assert np.array_equal(found, plain.classes(two[:, 0], two[:, 1]))
    a, b = rng.random((2, ROWS, 12), np.float32)
    assert np.allclose(numbers(harmony.interval_classes(a, b)), plain.interval_classes(a, b))


def test_intervals(rng: np.random.Generator) -> None:
    layer = harmony.Intervals(4)
    layer.build()
    table = rng.standard_normal(layer.table.shape).astype(np.float32)
    layer.table.assign(table)
    near = voices(rng, 3)
    found = numbers(layer(hot(near), voice=1))
    assert np.allclose(found, plain.intervals(table[1], near), atol=1e-5)


def test_lines(rng: np.random.Generator) -> None:
    layer = harmony.Lines()
    layer.build()
    table = rng.standard_normal(layer.table.shape).astype(np.float32)
    layer.table.assign(table)
    beside = voices(rng, 4)
    beside[0] = (0, 56, 3, 50)  # further apart than the tables tell
    found = numbers(layer([hot(beside[:, i]) for i in range(4)], voice=2))
    assert np.allclose(found, plain.lines(table[2], beside), atol=1e-5)


@pytest.mark.parametrize("voice", [0, 1, 2])
def test_parallels(rng: np.random.Generator, voice: int) -> None:
    learnt, own, there, here = [], [], [], []
    expected = np.zeros((ROWS, 12))
    for _ in range(2):
        layer = harmony.Parallels()
        layer.build()
        layer.weight.assign(-rng.random((3, 4, 3), np.float32))
        learnt.append(layer)
        before, now = voices(rng, 4), voices(rng, 4)
        own.append(numbers(harmony.classes(hot(before[:, voice + 1]))))
        there.append(numbers(harmony.classes(*(hot(before[:, v]) for v in range(4)))))
        here.append(numbers(harmony.classes(*(hot(now[:, v]) for v in range(4)))))
        weight = numbers(layer.weight)
        expected += plain.held_back(weight, before[:, voice + 1], before, now, voice)
    found = numbers(harmony.held_back(learnt, own, there, here, voice))
    assert np.allclose(found, expected, atol=1e-5)
    assert 0.05 < (expected < 0).mean() < 0.5  # some are warned, most are not
