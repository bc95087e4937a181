"""Settings of a film: its size, its speed, its sound, the snapshots that it shows."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from composer.errors import ConfigError

SMALLEST, LARGEST = (320, 180), (3840, 2160)
FASTEST: Final = 60.0


@dataclass(frozen=True)
class FilmConfig:
    """Size, speed and sound of a film, and the snapshots that it shows.

    >>> FilmConfig(size=(641, 360))
    Traceback (most recent call last):
    composer.errors.ConfigError: a film is even in width and height, got 641x360
    """

    # Frames a second.
    fps: float = 8.0
    # Width and height in pixels, even.
    size: tuple[int, int] = (1280, 720)
    # True if it has sound.
    audio: bool = False
    # The first iteration that may be shown.
    first: int | None = None
    # The last one.
    last: int | None = None

    def __post_init__(self) -> None:
        if not 0 < self.fps <= FASTEST:
            raise ConfigError(
                f"frames a second lie above 0 and at {FASTEST:g} at most, got {self.fps:g}"
            )
        # H.264 stores colours at half the width and height.
        if any(length % 2 for length in self.size):
            raise ConfigError(
                f"a film is even in width and height, got {_named(self.size)}"
            )
        fits = [
            least <= length <= most
            for least, length, most in zip(SMALLEST, self.size, LARGEST, strict=True)
        ]
        if not all(fits):
            raise ConfigError(
                f"a film is {_named(SMALLEST)} at least and {_named(LARGEST)} at most, "
                f"got {_named(self.size)}"
            )

    def wants(self, iteration: int) -> bool:
        """Return True if a snapshot is to be shown."""
        if self.first is not None and iteration < self.first:
            return False
        return self.last is None or iteration <= self.last


def _named(size: tuple[int, int]) -> str:
    return f"{size[0]}x{size[1]}"


def size_of(text: str) -> tuple[int, int]:
    """Return width and height from text; odd numbers become even. Raise ConfigError for other text.

    >>> size_of("1280x721")
    (1280, 720)
    """
    found = re.fullmatch(r"\s*([0-9]{1,5})\s*[xX×]\s*([0-9]{1,5})\s*", text)
    if not found:
        raise ConfigError(
            f"a size is WIDTHxHEIGHT in pixels, as 1280x720, got {text!r}"
        )
    width, height = (int(digits) // 2 * 2 for digits in found.groups())
    return width, height
