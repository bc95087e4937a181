"""The colours of the stage, for dark and for light terminals; voices have those of the project's other pictures."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from rich.style import Style

from composer.pictures.palette import MELODY, OTHERS

EMPTY: Final = 0  # the code of a pixel without a note
PLAYED, SOUNDING, COMING = 0, 1, 2
VOICES: Final = 4  # what is drawn; further ones take the colours anew
CODES: Final = 1 + 2 * 3 * VOICES


def code(voice: int, time: int, is_onset: bool = False) -> int:
    """The code of a pixel: of which voice, whether PLAYED, SOUNDING or COMING, whether a note begins there."""
    return 1 + 2 * (3 * (voice % VOICES) + time) + is_onset


def voice_of(pixel: int) -> int:
    """The voice that a pixel's code shows."""
    return (pixel - 1) // 6


def mix(color: str, other: str, share: float) -> str:
    """`share` of `color`, the rest of `other`; all are #rrggbb."""
    pairs = zip(bytes.fromhex(color[1:]), bytes.fromhex(other[1:]), strict=True)
    return "#" + bytes(round(share * a + (1 - share) * b) for a, b in pairs).hex()


@dataclass(frozen=True)
class Palette:
    """All colours as #rrggbb.

    ground: behind everything; band: behind every other octave. grid: beat and bar lines. ink, muted: text. lit: what a
    sounding note shines towards. white, black: keys. chosen: behind what is selected.
    """

    ground: str
    band: str
    head: str
    grid: str
    ink: str
    muted: str
    lit: str
    white: str
    black: str
    chosen: str
    good: str
    bad: str
    warn: str
    strength: float  # of a voice's own colour, the rest is `lit`

    def voice(self, number: int) -> str:
        """The colour of a voice; 0 is the melody."""
        own = (MELODY, *OTHERS)[number % VOICES]
        return mix(own, self.lit, self.strength)

    def pixel(self, pixel: int) -> str:
        """The colour of a pixel by its code: a sounding note shines, one to come is pale, an onset stands out."""
        if pixel == EMPTY:
            return self.ground
        color, time, is_onset = self.voice(voice_of(pixel)), (pixel - 1) // 2 % 3, (pixel - 1) % 2
        if time == COMING:
            color = mix(color, self.ground, 0.5)
        elif time == SOUNDING:
            color = mix(color, self.lit, 0.6)
        return mix(color, self.lit, 0.72) if is_onset else color


DARK: Final = Palette(
    ground="#14161A",
    band="#1A1D22",
    head="#1F2329",
    grid="#3A404A",
    ink="#E6E8EB",
    muted="#8B929E",
    lit="#FFFFFF",
    white="#D5D8DC",
    black="#2A2E35",
    chosen="#39424F",
    good="#4CBF73",
    bad="#FF6B5E",
    warn="#E5A93B",
    strength=0.86,
)
LIGHT: Final = Palette(
    ground="#FFFFFF",
    band="#F4F5F7",
    head="#ECEEF1",
    grid="#C3C8D0",
    ink="#22252B",
    muted="#666D78",
    lit="#101216",
    white="#E3E6EA",
    black="#3B4048",
    chosen="#D3DBE6",
    good="#1E8A45",
    bad="#C62F1D",
    warn="#A86C00",
    strength=1.0,
)


def is_light(environment: Mapping[str, str] = os.environ) -> bool:
    """Whether the terminal says, in COLORFGBG ("0;15": text, ground), that its ground is light; few terminals do."""
    ground = environment.get("COLORFGBG", "").rpartition(";")[2]
    return ground in ("7", "15")


@lru_cache(maxsize=4096)
def style(color: str, ground: str, bold: bool = False) -> Style:
    """A style, made once."""
    return Style(color=color, bgcolor=ground, bold=bold)
