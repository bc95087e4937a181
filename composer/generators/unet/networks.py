"""Generator and critic of family `unet`, in Keras 3 layers and operations (any backend).

A U-Net (Ronneberger et al. 2015) over pianorolls as images: four convolutions that halve steps and
pitches, noise at the bottom, four that double them again, each seeing what the halving of the same
size saw. Shapes: B windows; rolls [B, 32 steps, 128 pitches, tracks], values -1 to 1.
"""

from __future__ import annotations

from typing import Any

import keras
from keras import layers

from composer.generators.family import Shapes
from composer.generators.unet.config import (
    BOTTLENECK,
    PITCHES,
    STEPS,
    TRACKS,
    UnetConfig,
)

Tensor = Any
LEVELS = 4
KERNEL = 4


def halved(x: Tensor, filters: int, normalised: bool = True) -> Tensor:
    """Return an image half as high and wide: [B, S, P, any] to [B, S / 2, P / 2, filters]."""
    x = layers.Conv2D(filters, KERNEL, strides=2, padding="same")(x)
    x = layers.LeakyReLU(negative_slope=0.2)(x)
    return layers.BatchNormalization(momentum=0.8)(x) if normalised else x


def doubled(x: Tensor, skipped: Tensor, filters: int) -> Tensor:
    """Return an image twice as high and wide: [B, S, P, any] to [B, 2 S, 2 P, filters + those of
    `skipped`].
    """
    x = layers.UpSampling2D(2)(x)
    x = layers.Conv2D(filters, KERNEL, padding="same")(x)
    x = layers.BatchNormalization(momentum=0.8)(x)
    x = layers.ReLU()(x)
    # What the halving of the same size saw: without it, where a note starts and ends would be lost
    # at the bottom.
    return layers.Concatenate()([x, skipped])


def build_generator(config: UnetConfig) -> keras.Model:
    """Return a model of {"melody": [B, 32, 128, 1], "noise": [B, 2, 8, noise]} to all voices, [B,
    32, 128, 4].
    """
    melody = keras.Input((STEPS, PITCHES, 1), name="melody")
    noise = keras.Input((*BOTTLENECK, config.noise), name="noise")
    seen = [halved(melody, config.filters, normalised=False)]
    for level in range(1, LEVELS):
        seen.append(halved(seen[-1], config.filters * 2**level))
    x = layers.Concatenate()([seen.pop(), noise])
    for level in reversed(range(LEVELS - 1)):
        x = doubled(x, seen.pop(), config.filters * 2**level)
    x = layers.UpSampling2D(2)(x)
    roll = layers.Conv2D(
        TRACKS, KERNEL, padding="same", activation="tanh", name="roll"
    )(x)
    return keras.Model({"melody": melody, "noise": noise}, roll, name="generator")


def build_critic(config: UnetConfig) -> keras.Model:
    """Return a model of {"melody": [B, 32, 128, 1], "roll": [B, 32, 128, 4]} to scores [B, 1].

    No normalisation: the gradient penalty is of each piece alone, and normalising would mix the
    batch.
    """
    melody = keras.Input((STEPS, PITCHES, 1), name="melody")
    roll = keras.Input((STEPS, PITCHES, TRACKS), name="roll")
    x = layers.Concatenate()([roll, melody])
    for level in range(LEVELS):
        x = halved(x, config.filters * 2**level, normalised=False)
    score = layers.Dense(1)(layers.Flatten()(x))
    return keras.Model({"melody": melody, "roll": roll}, score, name="critic")


class Networks:
    """Generator and critic of one config, built, and what a training step asks of them.

    batch: tensors by name as `Windows.batch` draws them. Pieces: float [B, 32, 128, 4], -1 to 1.
    """

    def __init__(self, config: UnetConfig) -> None:
        self.generator = build_generator(config)
        self.critic = build_critic(config)

    def generate(self, batch: dict[str, Tensor], training: bool = True) -> Tensor:
        """Return pieces under the batch's melodies."""
        return self.generator(
            {"melody": batch["melody"], "noise": batch["noise"]},
            training=training,
        )

    def real(self, batch: dict[str, Tensor]) -> Tensor:
        """Return Bach's pieces under the same melodies."""
        return batch["target"]

    def score(self, batch: dict[str, Tensor], pieces: Tensor) -> Tensor:
        """Return the critic's scores [B]."""
        return self.critic({"melody": batch["melody"], "roll": pieces})[:, 0]

    def supervised(self, batch: dict[str, Tensor]) -> Tensor:  # noqa: ARG002
        """Return 0: the sample learns from its critic alone."""
        return 0.0


def playing_model(
    generator: keras.Model,
) -> tuple[Any, Shapes]:
    """Return what is exported, for any number of windows at once: a function of the inputs by name,
    and their shapes.
    """

    def play(x: dict[str, Tensor]) -> dict[str, Tensor]:
        return {"roll": generator(x, training=False)}

    shapes: Shapes = {}
    for name, tensor in generator.input.items():
        shapes[name] = (tuple(tensor.shape), "float32")
    return play, shapes
