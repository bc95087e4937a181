"""Settings and constants of family `unet`."""

from __future__ import annotations

from dataclasses import dataclass

from composer.errors import ConfigError
from composer.songs.grid import RESOLUTION

# Of a window: two bars of sixteenths, all MIDI pitches, four voices.
STEPS = 32
PITCHES = 128
TRACKS = 4
BEATS = STEPS // RESOLUTION

# What four halvings leave of 32 steps and 128 pitches; there the noise comes in.
BOTTLENECK = (2, 8)
VOICES = ("Soprano", "Alto", "Tenor", "Bass")


@dataclass(frozen=True)
class UnetConfig:
    """Sizes of the networks; the defaults are the sample's. Raise ConfigError if one is below 1."""

    filters: int = 64
    """Filters of the first of four convolutions, doubled by each that follows."""

    noise: int = 512
    """Channels of the noise."""

    def __post_init__(self) -> None:
        if self.filters < 1 or self.noise < 1:
            raise ConfigError(
                f"filters and noise lie above 0, got {self.filters} and {self.noise}"
            )
