"""Knowledge of intervals between voices: tables that are learnt, and warnings of parallels (Keras
3).

An interval sounds the same wherever it lies, so a table by interval learns from few pieces what a
table by pitches would need many for. Looking up a table is written as products with one-hot
matrices: these have gradients, run on every backend and convert to LiteRT. `plain` has each of them
as loops in numpy, which is how to read them.

Shapes: R rows (pulses), N = PITCHES pitches; voices in order of soprano, bass, alto, tenor.
"""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import layers, ops

from composer.generators.layers.melody import PITCHES
from composer.generators.layers.pulses import constant, join

Tensor = Any

FOLD = np.equal.outer(np.arange(PITCHES) % 12, np.arange(12)).astype(np.float32)
"""Network pitch to pitch class, [N, 12]."""

PERFECT = (0, 5, 7)  # unison or octave; fourth; fifth, in semitones up
SPAN = 19  # semitones either way that a table of lines tells apart

_PAIRS = 4 * len(PERFECT)  # other voice and interval
# Pitch classes of four voices [48] to those a perfect interval up, by voice and interval [_PAIRS *
# 12].
_SHIFTS = np.hstack([np.roll(np.eye(12), interval, axis=1) for interval in PERFECT])
_UP = np.kron(np.eye(4), _SHIFTS).astype(np.float32)
_SUM = np.kron(np.eye(_PAIRS), np.ones((12, 1))).astype(
    np.float32
)  # [_PAIRS * 12] to [_PAIRS]
_TILE = np.tile(np.eye(12, dtype=np.float32), _PAIRS)  # [12] to [_PAIRS * 12]
_EACH = np.kron(np.eye(4), np.ones((12, len(PERFECT)))).astype(
    np.float32
)  # [4 * 12] to [_PAIRS]


def relative(voices: Tensor, bases: Tensor, span: int = 12) -> Tensor:
    """Return how far each of n voices lies above its base, both one-hot [R, n * N].

    One-hot [R, n * (2 * span + 1)], clipped; all zeros where one of them is unknown. No gradient.
    """
    count = voices.shape[-1] // PITCHES
    size = 2 * span + 1
    # A product with the numbers of the pitches turns one-hot rows into pitches.
    number = constant(np.kron(np.eye(count), np.arange(PITCHES)[:, None]))
    sounding = constant(np.kron(np.eye(count), np.ones((PITCHES, 1))))
    known = ops.matmul(voices, sounding) * ops.matmul(bases, sounding)
    semitones = ops.matmul(voices - bases, number)
    distance = ops.clip(semitones, -span, span) + span
    table = ops.one_hot(ops.cast(ops.round(distance), "int32"), size, dtype="float32")
    told = ops.reshape(table * ops.expand_dims(known, -1), (-1, count * size))
    return ops.stop_gradient(told)


def classes(*voices: Tensor) -> Tensor:
    """Return pitch classes of voices [R, N], side by side: [R, 12 * voices]."""
    return ops.matmul(join(*voices), constant(np.kron(np.eye(len(voices)), FOLD)))


def interval_classes(a: Tensor, b: Tensor) -> Tensor:
    """Return the pitch-class interval from `b` up to `a`, both pitch classes [R, 12]: float [R,
    12], differentiable.
    """
    apart = np.subtract.outer(np.arange(12), np.arange(12)) % 12
    table = np.equal.outer(apart, np.arange(12))
    pairs = ops.expand_dims(a, -1) * ops.expand_dims(b, -2)
    return ops.matmul(ops.reshape(pairs, (-1, 144)), constant(table.reshape(144, 12)))


class Intervals(layers.Layer):
    """A table of how well each pitch lies from those already known: logits by interval.

    One for each voice and neighbour.
    """

    def __init__(self, neighbours: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.neighbours = neighbours

    def build(self, *_: Any) -> None:
        """Make one logit for each voice, neighbour and interval, from 56 down to 56 up."""
        self.table = self.add_weight(
            shape=(3, self.neighbours, 2 * PITCHES - 1),
            initializer="zeros",
        )

    def call(self, near: Tensor, voice: int) -> Tensor:
        """Return logits [R, N] of `voice` given its first n neighbours [R, n * N], zeros where
        unknown.
        """
        # The table of intervals laid out once by pairs of pitches: then all rows are one product.
        apart = (
            PITCHES - 1 + np.arange(PITCHES) - np.arange(PITCHES)[:, None]
        )  # [from, to]
        count = near.shape[-1] // PITCHES
        weight = ops.take(self.table[voice, :count], apart, axis=-1)  # [n, N, N]
        return ops.matmul(near, ops.reshape(weight, (count * PITCHES, PITCHES)))


class Lines(layers.Layer):
    """Tables of how well each pitch goes on with its own voice: logits by the intervals to two
    known pitches.

    Three tables a voice: (one pulse before, one after), (two before, one before), (one after, two
    after).
    """

    def build(self, *_: Any) -> None:
        """Make one logit for each voice, table, interval between the two known pitches, and from
        the nearer to here.
        """
        size = 2 * SPAN + 1
        self.table = self.add_weight(shape=(3, 3, size, size), initializer="zeros")

    def call(self, beside: list[Tensor], voice: int) -> Tensor:
        """Return logits [R, N] of `voice`.

        beside: one-hot [R, N] of the pulses 2 before, 1 before, 1 after, 2 after; zeros where
        unknown. A table counts only if both of its pitches are known.
        """
        size = 2 * SPAN + 1
        number = constant(np.arange(PITCHES)[:, None])
        two_before, before, after, two_after = beside
        # The three tables one below another, [3 * R, ...]: few large operations are faster than
        # many small ones.
        first = ops.concatenate([before, two_before, after], axis=0)
        second = ops.concatenate([after, before, two_after], axis=0)
        nearer = ops.concatenate([before, before, after], axis=0)
        near = ops.matmul(nearer, number)  # [3 * R, 1]
        chosen = _chosen(first, second, number)
        by_interval = ops.matmul(ops.reshape(chosen, (3, -1, size)), self.table[voice])
        logits = _gathered(ops.reshape(by_interval, (-1,)), near)
        return ops.sum(ops.reshape(logits, (3, -1, PITCHES)), axis=0)


def _chosen(first: Tensor, second: Tensor, number: Tensor) -> Tensor:
    """Return the interval between two pitches [rows, N], one-hot [rows, 2 * SPAN + 1], zeros if one
    is unknown.

    number: [N, 1], the numbers of the pitches.
    """
    # A row of zeros is an unknown pitch, and its sum is 0.
    known = ops.sum(first, -1, keepdims=True) * ops.sum(second, -1, keepdims=True)
    semitones = ops.matmul(second - first, number)[:, 0]
    apart = ops.clip(semitones, -SPAN, SPAN) + SPAN
    index = ops.cast(ops.round(apart), "int32")
    return ops.one_hot(index, 2 * SPAN + 1, dtype="float32") * known


def _gathered(by_interval: Tensor, near: Tensor) -> Tensor:
    """Return, for each pitch, the logit of its interval from the nearer pitch `near` [rows, 1].

    by_interval: the logits of all rows one after another, 2 * SPAN + 1 each.
    """
    size = 2 * SPAN + 1
    # A running sum counts the rows, because the export knows no number of rows.
    row = ops.cumsum(0.0 * near + 1.0, axis=0) - 1.0
    column = ops.clip(constant(np.arange(PITCHES)[None]) - near, -SPAN, SPAN) + SPAN
    place = ops.cast(ops.round(row * size + column), "int32")
    return ops.take(by_interval, ops.reshape(place, (-1,)))


class Parallels(layers.Layer):
    """Warnings that hold back pitches which would go in parallel with another voice.

    If voices v and u stand a perfect interval apart at one time, and u has moved by another time, v
    is warned of the pitch class that makes the same interval there. How strongly is learnt, for
    each pair and interval.
    """

    def build(self, *_: Any) -> None:
        """Make one weight for each voice (3), other voice (4, soprano first) and interval.

        They start at -8: parallels are all but forbidden until pieces show where they are not.
        """
        self.weight = self.add_weight(
            shape=(3, 4, len(PERFECT)),
            initializer=keras.initializers.Constant(-8.0),
        )

    def call(
        self,
        own: Tensor,
        there: Tensor,
        here: Tensor,
        voice: int,
    ) -> Tensor:
        """Return logits by pitch class [R, 12] to add to `voice` here.

        own [R, 12] and there [R, 4 * 12] sound there, here [R, 4 * 12], as pitch classes, soprano
        first.
        """
        return held_back([self], [own], [there], [here], voice)


def held_back(
    learnt: list[Parallels],
    own: list[Tensor],
    there: list[Tensor],
    here: list[Tensor],
    voice: int,
) -> Tensor:
    """Return what `voice` is warned of by several `Parallels` together, one a direction in time:
    [R, 12].

    Arguments are as those of `Parallels.call`, one for each direction.
    """
    count = len(learnt)
    # All directions one below another: one product instead of several.
    all_here = ops.concatenate(here, axis=0)
    all_there = ops.concatenate(there, axis=0)
    all_own = ops.concatenate(own, axis=0)
    moved = _moved(all_here, all_there)
    apart = _apart(all_own, all_there)
    weight = _weights(learnt, voice)
    weighted = ops.reshape(apart * moved, (count, -1, _PAIRS)) * weight
    warned = ops.reshape(weighted, (-1, _PAIRS))
    # From pairs back to the pitch class that would make the interval again.
    spread = ops.matmul(warned, constant(_SUM.T)) * ops.matmul(all_here, constant(_UP))
    by_class = ops.matmul(spread, constant(_TILE.T))
    return ops.sum(ops.reshape(by_class, (count, -1, 12)), axis=0)


def _moved(here: Tensor, there: Tensor) -> Tensor:
    """Return 1 if the other voice of a pair sounds at both times and has moved: [R, _PAIRS]."""
    each = constant(_EACH)
    sounds_twice = ops.matmul(here, each) * ops.matmul(there, each)
    stays = ops.matmul(here * there, each)
    return sounds_twice - stays


def _apart(own: Tensor, there: Tensor) -> Tensor:
    """Return 1 if a voice stood the interval of a pair above the other one: [R, _PAIRS]."""
    up = ops.matmul(there, constant(_UP))
    tiled = ops.matmul(own, constant(_TILE))
    return ops.matmul(tiled * up, constant(_SUM))


def _weights(learnt: list[Parallels], voice: int) -> Tensor:
    """Return the weights of a voice's pairs, one row a direction: [direction, 1, _PAIRS]."""
    # A voice is not warned of itself.
    others = constant(1.0 - np.eye(4)[voice + 1][:, None])
    each_way = [one.weight[voice] * others for one in learnt]
    return ops.reshape(ops.stack(each_way), (len(learnt), 1, _PAIRS))
