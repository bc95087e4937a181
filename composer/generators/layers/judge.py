"""The last layers of a critic over pulses (Keras 3)."""

from __future__ import annotations

from typing import Any

from keras import layers, ops

Tensor = Any


class TwoScores(layers.Layer):
    """Two scores in one: of what is heard locally, and of the whole.

    A critic that judges only the whole lets single wrong beats pass; one that judges only beats,
    aimless pieces.
    """

    def __init__(self, channels: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.local = [layers.Conv1D(channels, 3, padding="same") for _ in range(2)]
        self.whole = [
            layers.Conv1D(channels, 4, strides=2, padding="same") for _ in range(2)
        ]
        self.local_score = layers.Dense(1)
        self.whole_score = layers.Dense(1)

    def call(self, h: Tensor) -> Tensor:
        """Return scores [B] of float [B, P, C]."""
        h = ops.leaky_relu(h, 0.2)
        # Local layers add to what was there, so that a beat is still told apart from its
        # neighbours.
        for conv in self.local:
            h = h + ops.leaky_relu(conv(h), 0.2)
        local = ops.mean(self.local_score(h), axis=(1, 2))
        # Each of these halves the length: its outputs see ever more of the piece.
        for conv in self.whole:
            h = ops.leaky_relu(conv(h), 0.2)
        return local + ops.mean(self.whole_score(h), axis=(1, 2))
