"""Tiny networks of family unet, and a melody that crosses its windows."""

from __future__ import annotations

from typing import Any

import numpy as np
from composer.generators.unet import FAMILY
from composer.generators.unet.config import UnetConfig

TINY = UnetConfig(filters=2, noise=3)

LINE = ((0, 60, 3), (3, 67, 4.5), (7.5, 64, 1.25), (8.75, 72, 6), (15, 59, 2.25), (18, 62, 0.75))


def played(networks: Any, inputs: dict[str, Any]) -> np.ndarray[Any, Any]:
    play, _ = FAMILY.playing_model(networks)
    return np.asarray(play(inputs)["roll"].numpy())


def moved(network: Any, gradients: list[Any]) -> bool:
    """Whether one step of Adam with these gradients changes kernels, and all of them."""
    import keras

    kernels = [i for i, v in enumerate(network.trainable_variables) if v.name == "kernel"]
    before = [network.trainable_variables[i].numpy() for i in kernels]
    keras.optimizers.Adam(1e-3, beta_1=0.5, beta_2=0.9).apply(
        gradients, network.trainable_variables
    )
    after = [network.trainable_variables[i].numpy() for i in kernels]
    return len(kernels) > 3 and all((a != b).any() for a, b in zip(before, after, strict=True))
