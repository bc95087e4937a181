"""The colours of a piano roll, on a light ground and on a dark one, for every surface.

A colour is written "#RRGGBB".
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

# The one warm red: no other track comes near it.
MELODY: Final = "#E4472E"
OTHERS: Final = (
    "#2C6FB7",
    "#26977D",
    "#8457B8",
    "#D7932A",
    "#3FA5C9",
    "#B84E7C",
    "#73902B",
    "#7A6A58",
)
"""Tracks beside the melody, in order; further ones begin again with the first."""

WHITE: Final = "#FFFFFF"
BLACK: Final = "#000000"


@dataclass(frozen=True)
class Palette:
    """The colours that stand around the notes, and how far the notes keep their own."""

    ground: str
    # Behind the rows of black keys, or every other octave.
    band: str
    beat_line: str
    bar_line: str
    text: str
    # Text that matters less.
    faint: str
    white_key: str
    black_key: str
    # The colour that a sounding note shines towards.
    lit: str
    # Share of a track's own colour; the rest is `lit`.
    strength: float = 1.0
    # Share of its own colour at the start of a note; the rest is `lit`.
    onset: float = 0.72

    def track(self, place: int) -> str:
        """Return the colour of the track at `place`; 0 is the melody."""
        return mix(track_color(place), self.lit, self.strength)


LIGHT: Final = Palette(
    ground=WHITE,
    band="#F0F2F5",
    beat_line="#DFE3E8",
    bar_line="#8B919C",
    text="#22252B",
    faint="#666D78",
    white_key=WHITE,
    black_key="#22252B",
    lit="#101216",
)
DARK: Final = Palette(
    ground="#14161A",
    band="#1A1D22",
    beat_line="#3A404A",
    bar_line="#4A515D",
    text="#E6E8EB",
    faint="#8B929E",
    white_key="#D5D8DC",
    black_key="#2A2E35",
    lit=WHITE,
    strength=0.86,
)

# Without a ground of its own, for a terminal that may be dark or light: notes keep their colours.
ANY_GROUND: Final = replace(DARK, strength=1.0, onset=0.55)


def track_color(place: int) -> str:
    """Return the colour of the track at `place`, 0 for the melody.

    >>> track_color(0), track_color(1) == track_color(9)
    ('#E4472E', True)
    """
    if place == 0:
        return MELODY
    return OTHERS[(place - 1) % len(OTHERS)]


def track_colors(count: int, melody: int = 0) -> list[str]:
    """Return a colour for each of `count` tracks; track `melody` has one of its own, -1 for none.

    >>> track_colors(3, melody=1)
    ['#2C6FB7', '#E4472E', '#26977D']
    """
    colors = []
    place = 1
    for index in range(count):
        if index == melody:
            colors.append(MELODY)
        else:
            colors.append(track_color(place))
            place += 1
    return colors


def rgb(color: str) -> tuple[int, int, int]:
    """Return red, green and blue of a colour, 0 to 255 each.

    >>> rgb("#E4472E")
    (228, 71, 46)
    """
    red, green, blue = bytes.fromhex(color[1:])
    return red, green, blue


def mix(color: str, other: str, share: float) -> str:
    """Return `share` of `color` and the rest of `other`.

    >>> mix("#FFFFFF", "#000000", 0.5)
    '#808080'
    """
    mixed = []
    for a, b in zip(rgb(color), rgb(other), strict=True):
        mixed.append(round(share * a + (1 - share) * b))
    return "#" + bytes(mixed).hex().upper()
