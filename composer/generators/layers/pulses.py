"""Layers and operations that the networks over pulses share, in Keras 3 (any backend).

Shapes: B pieces, P pulses, N = PITCHES pitches, C channels. Networks work on rows: R = B * P pulses
one after another, [R, any]. So convolutions become plain matrix products of few and large matrices,
which LiteRT runs several times faster than its convolutions, and their export needs no operation
that LiteRT lacks. `plain` has the same in numpy.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from keras import layers, ops

from composer.generators.layers.melody import PITCHES

Tensor = Any


def one_hot(index: Tensor) -> Tensor:
    """Return network pitches int [...] as float [..., N]; PITCHES (rest, unknown) is all zeros."""
    return ops.one_hot(index, PITCHES, dtype="float32")


def rows(x: Tensor, axes: int = 2) -> Tensor:
    """Return [B, P, ...] as [R, any]: the first `axes` become one, and all others become one."""
    return ops.reshape(x, (-1, int(np.prod(x.shape[axes:]))))


def constant(x: Any) -> Tensor:
    """Return an array as a tensor."""
    return ops.convert_to_tensor(np.asarray(x, np.float32))


def join(*parts: Tensor) -> Tensor:
    """Return tensors side by side, on the last axis."""
    return ops.concatenate(parts, axis=-1)


def later(x: Tensor, by: int, pieces: int) -> Tensor:
    """Return rows [R, any] of `by` pulses later in the same piece (negative: earlier), zeros past
    the ends.
    """
    ends = [[max(-by, 0), max(by, 0)], [0, 0]]
    if pieces == 1:
        # One piece is how it is played: plainer. Padded first, because a piece can be shorter than
        # the way.
        padded = ops.pad(x, ends)
        return padded[by:] if by > 0 else padded[:by]
    by_piece = ops.reshape(x, (pieces, -1, x.shape[-1]))
    padded = ops.pad(by_piece, [[0, 0], *ends])
    moved = padded[:, by:] if by > 0 else padded[:, :by]
    return ops.reshape(moved, (-1, x.shape[-1]))


def with_sides(x: Tensor, by: int, pieces: int) -> Tensor:
    """Return rows beside those of `by` pulses before and after in the same piece: [R, F] to [R, 3 *
    F].

    A matrix product with these is a convolution of width 3.
    """
    if pieces > 1:
        return join(later(x, -by, pieces), x, later(x, by, pieces))
    padded = ops.pad(x, [[by, by], [0, 0]])
    return join(padded[: -2 * by], x, padded[2 * by :])


def every(
    x: Tensor,
    stride: int,
    pieces: int,
    phase: int = 0,
) -> Tensor:
    """Return the rows of every `stride`th pulse from `phase` on: [R, F] to [R / stride, F].

    A strided slice of rows is slow in LiteRT; `stride` rows laid side by side, and a slice of
    columns, are not.
    """
    if stride == 1:
        return x
    width = x.shape[-1]
    by_piece = ops.reshape(x, (pieces, -1, stride * width))
    wide = ops.reshape(by_piece, (-1, stride * width))
    return wide[:, phase * width : (phase + 1) * width]


def spread(x: Tensor, stride: int, phase: int = 0) -> Tensor:
    """Return rows put back on every `stride`th pulse from `phase` on, zeros between: [R / stride,
    F] to [R, F].
    """
    if stride == 1:
        return x
    width = x.shape[-1]
    before = phase * width
    after = (stride - 1 - phase) * width
    return ops.reshape(ops.pad(x, [[0, 0], [before, after]]), (-1, width))


class Cut:
    """Every `stride`th pulse from `phase` on, of all rows."""

    def __init__(self, stride: int, phase: int, pieces: int) -> None:
        self.stride = stride
        self.phase = phase
        self.pieces = pieces

    def __call__(self, x: Tensor) -> Tensor:
        """Return its rows of [R, F]: [R / stride, F]."""
        return every(x, self.stride, self.pieces, self.phase)

    def back(self, x: Tensor) -> Tensor:
        """Return its rows where they were, zeros elsewhere: [R, F]."""
        return spread(x, self.stride, self.phase)

    def out(self, x: Tensor) -> Tensor:
        """Return all rows [R, F], its own as zeros."""
        return x - self.back(self(x))


class Residual(layers.Layer):
    """x + two layers that see a pulse and one on either side, the first `dilation` away.

    The second starts as zeros, so that a deep stack starts as the identity and learns at once.
    """

    def __init__(
        self,
        channels: int,
        dilation: int,
        dropout: float,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.dilation = dilation
        self.first = layers.Dense(channels)
        self.second = layers.Dense(channels, kernel_initializer="zeros")
        self.drop = layers.Dropout(dropout)

    def call(self, x: Tensor, pieces: int, training: bool = False) -> Tensor:
        """Return float [R, C] of the same."""
        y = ops.relu(x)
        y = ops.relu(self.first(with_sides(y, self.dilation, pieces)))
        y = self.drop(y, training=training)
        return x + self.second(with_sides(y, 1, pieces))


class Stack(layers.Layer):
    """A projection, added to what came before, and residual blocks of growing dilation (1, 2, 4, 8,
    1 ...).

    Four blocks see 19 pulses to either side: more than four bars of 4/4 in all.
    """

    def __init__(
        self,
        channels: int,
        blocks: int,
        dropout: float,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.project = layers.Dense(channels)
        self.drop = layers.Dropout(dropout)
        self.blocks = [Residual(channels, 2 ** (i % 4), dropout) for i in range(blocks)]

    def call(
        self,
        x: Tensor,
        before: Tensor | None = None,
        pieces: int = 1,
        training: bool = False,
    ) -> Tensor:
        """Return [R, C] of float [R, any] and `before` [R, C]."""
        y = self.project(x)
        # Added, not laid beside: what came before has as many channels and needs no layer more.
        if before is not None:
            y = y + before
        y = self.drop(y, training=training)
        for block in self.blocks:
            y = block(y, pieces=pieces, training=training)
        return ops.relu(y)


def sample(
    logits: Tensor,
    uniform: Tensor,
    temperature: float = 1.0,
    min_p: float = 0.0,
    soft: bool = True,
) -> Tensor:
    """Return one-hot draws [R, S]: the inverse of the distribution at `uniform` [R, 1].

    What is less likely than `min_p` times the likeliest is left out. soft: gradients go straight
    through the hard decision to the distribution; without, the draws are plain.
    """
    p = ops.softmax(logits if temperature == 1 else logits / temperature, axis=-1)
    # Left out of the export if it does nothing: each operation costs time when playing.
    if min_p:
        likely = p >= min_p * ops.max(p, axis=-1, keepdims=True)
        p = p * ops.cast(likely, "float32")
    # The share up to each symbol; as a product it is the same on every backend and converts to
    # LiteRT.
    upper = ops.matmul(p, constant(np.triu(np.ones((p.shape[-1],) * 2))))
    passed = ops.cast(upper <= uniform * upper[:, -1:], "float32")
    before = ops.pad(passed[:, :-1], [[0, 0], [1, 0]], constant_values=1.0)
    # The first symbol that is not passed.
    hard = before * (1.0 - passed)
    return p + ops.stop_gradient(hard - p) if soft else hard
