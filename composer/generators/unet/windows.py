"""Training windows of family `unet`: two bars, from any beat of any piece, in the key of the
score.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from composer.errors import ConfigError
from composer.generators.family import Arrays
from composer.generators.unet.codec import signed
from composer.generators.unet.config import BEATS, BOTTLENECK, STEPS, UnetConfig
from composer.generators.unet.latents import truncated_normal
from composer.songs.grid import RESOLUTION, to_pianoroll
from composer.songs.song import Song


class Windows:
    """Training windows, drawn at random from the pieces that are as long as one."""

    def __init__(self, songs: Sequence[Song], config: UnetConfig) -> None:
        rolls = [to_pianoroll(song) for song in songs]
        self.rolls = [roll for roll in rolls if len(roll) >= STEPS]
        self.config = config

    def batch(
        self,
        rng: np.random.Generator,
        size: int,
        length: int,  # noqa: ARG002
    ) -> Arrays:
        """Return the networks' inputs, and target [B, 32, 128, 4].

        `length` is there for other families; here a window has 8 beats. Raise ConfigError if no
        piece is as long.
        """
        if not self.rolls:
            raise ConfigError(
                f"training needs pieces of at least {BEATS} beats; there is none"
            )
        # Each beat at which a window can start is as likely as any other, whatever its piece.
        starts = np.array(
            [(len(roll) - STEPS) // RESOLUTION + 1 for roll in self.rolls]
        )
        chosen = rng.choice(len(starts), size, p=starts / starts.sum())
        first = RESOLUTION * rng.integers(starts[chosen])
        cuts = []
        for index, start in zip(chosen, first, strict=True):
            cuts.append(self.rolls[index][start : start + STEPS])
        target = signed(np.stack(cuts))
        noise = truncated_normal(rng, (size, *BOTTLENECK, self.config.noise))
        return {"melody": target[..., :1], "target": target, "noise": noise}
