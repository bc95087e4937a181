"""The noise of family `unet`, one array a window; it has no latents with names, so only a seed."""

from __future__ import annotations

import numpy as np

from composer.generators.latents import Array, Between, Origin
from composer.generators.unet.config import BOTTLENECK, UnetConfig

NAMES: tuple[str, ...] = ()


def draw_noise(origin: Origin, windows: int, config: UnetConfig) -> Array:
    """Return noise [window, 2, 8, config.noise]; window n draws the same however many there are."""
    # There are no latents with names to blend, so the first end decides.
    while isinstance(origin, Between):
        origin = origin.first
    drawn = []
    for window in range(windows):
        # A stream for each window: a longer melody then begins as a shorter one does.
        rng = np.random.default_rng([origin.seed, window])
        drawn.append(truncated_normal(rng, (*BOTTLENECK, config.noise)))
    return np.stack(drawn)


def truncated_normal(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    """Return standard normal numbers, those outside -2..2 drawn again.

    >>> bool(abs(truncated_normal(np.random.default_rng(0), (1000,))).max() <= 2)
    True
    """
    drawn = rng.standard_normal(shape, np.float32)
    is_outside = np.abs(drawn) > 2
    while is_outside.any():
        drawn[is_outside] = rng.standard_normal(int(is_outside.sum()), np.float32)
        is_outside = np.abs(drawn) > 2
    return drawn
