"""Layers and operations that the networks over pulses share, in Keras 3 (any backend).

Shapes: B pieces, P pulses, N = PITCHES pitches, C channels. Rows: R = B * P pulses one after another, [R, any]; so they
convert to few and plain operations.
"""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import layers, ops

from composer.generators.layers.melody import PITCHES

Tensor = Any

FOLD = np.equal.outer(np.arange(PITCHES) % 12, np.arange(12)).astype(
    np.float32
)  # network pitch to pitch class
PERFECT = (0, 5, 7)  # unison or octave; fifth above; fifth below, as pitch-class distances
_PAIRS = 4 * len(PERFECT)  # other voice and interval
# Pitch classes of four voices [48] to those a perfect interval up, by voice and interval [_PAIRS * 12].
_UP = np.kron(np.eye(4), np.hstack([np.roll(np.eye(12), k, axis=1) for k in PERFECT])).astype(
    np.float32
)
_SUM = np.kron(np.eye(_PAIRS), np.ones((12, 1))).astype(np.float32)  # [_PAIRS * 12] to [_PAIRS]
_TILE = np.tile(np.eye(12, dtype=np.float32), _PAIRS)  # [12] to [_PAIRS * 12]
_EACH = np.kron(np.eye(4), np.ones((12, len(PERFECT)))).astype(np.float32)  # [4 * 12] to [_PAIRS]


def one_hot(index: Tensor) -> Tensor:
    """Network pitches int [...] to float [..., N]; PITCHES (rest, unknown) is all zeros."""
    return ops.one_hot(index, PITCHES, dtype="float32")


def rows(x: Tensor, axes: int = 2) -> Tensor:
    """[B, P, ...] to [R, ...], all after the first `axes` as one."""
    return ops.reshape(x, (-1, int(np.prod(x.shape[axes:]))))


def constant(x: Any) -> Tensor:
    """An array as a tensor."""
    return ops.convert_to_tensor(np.asarray(x, np.float32))


def join(*parts: Tensor) -> Tensor:
    """Side by side, on the last axis."""
    return ops.concatenate(parts, axis=-1)


def later(x: Tensor, by: int, pieces: int) -> Tensor:
    """Rows [R, any] of `by` pulses later in the same piece (negative: earlier), zeros past the ends."""
    ends = [[max(-by, 0), max(by, 0)], [0, 0]]
    if (
        pieces == 1
    ):  # plainer, and that is how it is played; padded first: a piece can be shorter than the way
        y = ops.pad(x, ends)
        return y[by:] if by > 0 else y[:by]
    y = ops.pad(ops.reshape(x, (pieces, -1, x.shape[-1])), [[0, 0], *ends])
    return ops.reshape(y[:, by:] if by > 0 else y[:, :by], (-1, x.shape[-1]))


def with_sides(x: Tensor, by: int, pieces: int) -> Tensor:
    """Rows beside those of `by` pulses before and after in the same piece: [R, F] to [R, 3 * F]."""
    if pieces > 1:
        return join(later(x, -by, pieces), x, later(x, by, pieces))
    y = ops.pad(x, [[by, by], [0, 0]])
    return join(y[: -2 * by], x, y[2 * by :])


def every(x: Tensor, stride: int, pieces: int, phase: int = 0) -> Tensor:
    """Rows of every `stride`th pulse from `phase` on: [R, F] to [R / stride, F]."""
    if stride == 1:
        return x
    width = x.shape[-1]
    wide = ops.reshape(ops.reshape(x, (pieces, -1, stride * width)), (-1, stride * width))
    return wide[:, phase * width : (phase + 1) * width]


def spread(x: Tensor, stride: int, phase: int = 0) -> Tensor:
    """Rows put back on every `stride`th pulse from `phase` on, zeros between: [R / stride, F] to [R, F]."""
    if stride == 1:
        return x
    width = x.shape[-1]
    return ops.reshape(
        ops.pad(x, [[0, 0], [phase * width, (stride - 1 - phase) * width]]), (-1, width)
    )


class Residual(layers.Layer):
    """x + two layers that see a pulse and one on either side, the first `dilation` away; starts as the identity."""

    def __init__(self, channels: int, dilation: int, dropout: float, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.dilation = dilation
        self.first = layers.Dense(channels)
        self.second = layers.Dense(channels, kernel_initializer="zeros")
        self.drop = layers.Dropout(dropout)

    def call(self, x: Tensor, pieces: int, training: bool = False) -> Tensor:
        """Float [R, C] to the same."""
        y = ops.relu(x)
        y = ops.relu(self.first(with_sides(y, self.dilation, pieces)))
        y = self.drop(y, training=training)
        return x + self.second(with_sides(y, 1, pieces))


class Stack(layers.Layer):
    """A projection, added to what came before, and residual blocks of growing dilation (1, 2, 4, 8, 1 ...)."""

    def __init__(self, channels: int, blocks: int, dropout: float, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.project = layers.Dense(channels)
        self.drop = layers.Dropout(dropout)
        self.blocks = [Residual(channels, 2 ** (i % 4), dropout) for i in range(blocks)]

    def call(
        self, x: Tensor, before: Tensor | None = None, pieces: int = 1, training: bool = False
    ) -> Tensor:
        """Float [R, any], and `before` [R, C], to [R, C]."""
        y = self.project(x)
        y = self.drop(y if before is None else y + before, training=training)
        for block in self.blocks:
            y = block(y, pieces=pieces, training=training)
        return ops.relu(y)


def relative(voices: Tensor, bases: Tensor, span: int = 12) -> Tensor:
    """How far each of n voices lies above its base, both one-hot [R, n * N]: one-hot [R, n * (2 * span + 1)], clipped.

    All zeros where one of them is unknown; no gradient.
    """
    count, size = voices.shape[-1] // PITCHES, 2 * span + 1
    number = constant(np.kron(np.eye(count), np.arange(PITCHES)[:, None]))
    sounding = constant(np.kron(np.eye(count), np.ones((PITCHES, 1))))
    known = ops.matmul(voices, sounding) * ops.matmul(bases, sounding)
    distance = ops.clip(ops.matmul(voices - bases, number), -span, span) + span
    table = ops.one_hot(ops.cast(ops.round(distance), "int32"), size, dtype="float32")
    return ops.stop_gradient(ops.reshape(table * ops.expand_dims(known, -1), (-1, count * size)))


def sample(
    logits: Tensor, uniform: Tensor, temperature: float = 1.0, min_p: float = 0.0, soft: bool = True
) -> Tensor:
    """One-hot draws [R, S] by inverse distribution at `uniform` [R, 1].

    What is less likely than `min_p` times the likeliest is left out. soft: gradients go straight through to the
    distribution; without, the draws are plain.
    """
    p = ops.softmax(logits if temperature == 1 else logits / temperature, axis=-1)
    if min_p:
        p = p * ops.cast(p >= min_p * ops.max(p, axis=-1, keepdims=True), "float32")
    # The share up to each symbol; as a product it is the same on every backend and converts to LiteRT.
    upper = ops.matmul(p, constant(np.triu(np.ones((p.shape[-1],) * 2))))
    passed = ops.cast(upper <= uniform * upper[:, -1:], "float32")
    before = ops.pad(passed[:, :-1], [[0, 0], [1, 0]], constant_values=1.0)
    hard = before * (1.0 - passed)  # the first symbol that is not passed
    return p + ops.stop_gradient(hard - p) if soft else hard


class Parallels(layers.Layer):
    """How much each pitch of each voice is held back because it would go in parallel with another voice.

    Where voices v and u stand a perfect interval apart at one time and u has moved by another time, v is warned of the
    pitch class that makes the same interval there. How strongly is learnt, for each pair and interval.
    """

    def build(self, *_: Any) -> None:
        """One weight for each voice (3), other voice (4, soprano first) and interval."""
        self.weight = self.add_weight(
            shape=(3, 4, len(PERFECT)), initializer=keras.initializers.Constant(-8.0)
        )

    def call(self, own: Tensor, there: Tensor, here: Tensor, voice: int) -> Tensor:
        """Logits by pitch class [R, 12] to add to `voice` here.

        own [R, 12] and there [R, 4 * 12] sound there, here [R, 4 * 12], as pitch classes, soprano first.
        """
        return held_back([self], [own], [there], [here], voice)


def held_back(
    learnt: list[Parallels], own: list[Tensor], there: list[Tensor], here: list[Tensor], voice: int
) -> Tensor:
    """What `voice` is warned of by several `Parallels` together, one a direction: logits by pitch class [R, 12]."""
    count, each = len(learnt), constant(_EACH)
    here_, there_, own_ = (ops.concatenate(x, axis=0) for x in (here, there, own))
    moved = ops.matmul(here_, each) * ops.matmul(there_, each) - ops.matmul(
        here_ * there_, each
    )  # [R, _PAIRS]
    apart = ops.matmul(
        ops.matmul(own_, constant(_TILE)) * ops.matmul(there_, constant(_UP)), constant(_SUM)
    )
    others = constant(1.0 - np.eye(4)[voice + 1][:, None])
    weight = ops.reshape(ops.stack([p.weight[voice] * others for p in learnt]), (count, 1, _PAIRS))
    warned = ops.reshape(ops.reshape(apart * moved, (count, -1, _PAIRS)) * weight, (-1, _PAIRS))
    by_class = ops.matmul(
        ops.matmul(warned, constant(_SUM.T)) * ops.matmul(here_, constant(_UP)), constant(_TILE.T)
    )
    return ops.sum(ops.reshape(by_class, (count, -1, 12)), axis=0)


def classes(*voices: Tensor) -> Tensor:
    """Pitch classes of voices [R, N], side by side: [R, 12 * voices]."""
    return ops.matmul(join(*voices), constant(np.kron(np.eye(len(voices)), FOLD)))


class Intervals(layers.Layer):
    """How well each pitch lies from pitches already known: logits by interval, learnt for each voice and neighbour."""

    def __init__(self, neighbours: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.neighbours = neighbours

    def build(self, *_: Any) -> None:
        """One logit for each voice, neighbour and interval, from 56 down to 56 up."""
        self.table = self.add_weight(
            shape=(3, self.neighbours, 2 * PITCHES - 1), initializer="zeros"
        )

    def call(self, near: Tensor, voice: int) -> Tensor:
        """Logits [R, N] of `voice` given its first n neighbours [R, n * N], zeros where unknown."""
        apart = PITCHES - 1 + np.arange(PITCHES) - np.arange(PITCHES)[:, None]  # [from, to]
        count = near.shape[-1] // PITCHES
        weight = ops.take(self.table[voice, :count], apart, axis=-1)  # [n, N, N]
        return ops.matmul(near, ops.reshape(weight, (count * PITCHES, PITCHES)))


SPAN = 19  # semitones either way that a table of lines tells apart


class Lines(layers.Layer):
    """How well each pitch goes on with its own voice: logits by the intervals to two known pitches of it.

    Three tables a voice: (one pulse before, one after), (two before, one before), (one after, two after).
    """

    def build(self, *_: Any) -> None:
        """One logit for each voice, table, interval from the first to the second, and from the nearer to the pitch."""
        size = 2 * SPAN + 1
        self.table = self.add_weight(shape=(3, 3, size, size), initializer="zeros")

    def call(self, beside: list[Tensor], voice: int) -> Tensor:
        """Logits [R, N]; beside: one-hot [R, N] of the pulses 2 before, 1 before, 1 after, 2 after; zeros: unknown."""
        size, number = 2 * SPAN + 1, constant(np.arange(PITCHES)[:, None])
        two_before, before, after, two_after = beside
        first = ops.concatenate([before, two_before, after], axis=0)
        second = ops.concatenate([after, before, two_after], axis=0)
        near = ops.matmul(ops.concatenate([before, before, after], axis=0), number)  # [3 * R, 1]
        known = ops.sum(first, -1, keepdims=True) * ops.sum(second, -1, keepdims=True)
        apart = ops.clip(ops.matmul(second - first, number)[:, 0], -SPAN, SPAN) + SPAN
        chosen = ops.one_hot(ops.cast(ops.round(apart), "int32"), size, dtype="float32") * known
        by_interval = ops.matmul(
            ops.reshape(chosen, (3, -1, size)), self.table[voice]
        )  # [3, R, size]
        # Where each pitch finds its interval in the rows one after another; sums count them: no shape is known here.
        row = ops.cumsum(0.0 * near + 1.0, axis=0) - 1.0
        column = ops.clip(constant(np.arange(PITCHES)[None]) - near, -SPAN, SPAN) + SPAN
        place = ops.cast(ops.round(row * size + column), "int32")
        logits = ops.take(ops.reshape(by_interval, (-1,)), ops.reshape(place, (-1,)))
        return ops.sum(ops.reshape(logits, (3, -1, PITCHES)), axis=0)


class Cut:
    """Every `stride`th pulse from `phase` on, of all rows."""

    def __init__(self, stride: int, phase: int, pieces: int) -> None:
        self.stride, self.phase, self.pieces = stride, phase, pieces

    def __call__(self, x: Tensor) -> Tensor:
        """Its rows of [R, F]: [R / stride, F]."""
        return every(x, self.stride, self.pieces, self.phase)

    def back(self, x: Tensor) -> Tensor:
        """Its rows where they were, zeros elsewhere: [R, F]."""
        return spread(x, self.stride, self.phase)

    def out(self, x: Tensor) -> Tensor:
        """All rows [R, F], its own as zeros."""
        return x - self.back(self(x))


def interval_classes(a: Tensor, b: Tensor) -> Tensor:
    """Pitch-class interval from `b` up to `a`, both pitch classes [R, 12]: float [R, 12], differentiable."""
    table = np.equal.outer(np.subtract.outer(np.arange(12), np.arange(12)) % 12, np.arange(12))
    pairs = ops.expand_dims(a, -1) * ops.expand_dims(b, -2)
    return ops.matmul(ops.reshape(pairs, (-1, 144)), constant(table.reshape(144, 12)))


class Judge(layers.Layer):
    """Two scores in one, what is heard judged locally and as a whole."""

    def __init__(self, channels: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.local = [layers.Conv1D(channels, 3, padding="same") for _ in range(2)]
        self.whole = [layers.Conv1D(channels, 4, strides=2, padding="same") for _ in range(2)]
        self.local_score, self.whole_score = layers.Dense(1), layers.Dense(1)

    def call(self, h: Tensor) -> Tensor:
        """Float [B, P, C] to scores [B]."""
        h = ops.leaky_relu(h, 0.2)
        for conv in self.local:
            h = h + ops.leaky_relu(conv(h), 0.2)
        local = ops.mean(self.local_score(h), axis=(1, 2))
        for conv in self.whole:
            h = ops.leaky_relu(conv(h), 0.2)
        return local + ops.mean(self.whole_score(h), axis=(1, 2))
