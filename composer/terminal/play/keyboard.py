"""The keyboard at the left of the stage's roll, whose keys light up as they sound."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Final

from rich.segment import Segment

from composer.pictures.cells import SOUNDING, PitchRows, code, shade
from composer.pictures.layout import is_black
from composer.pictures.palette import Palette
from composer.pictures.text import pitch_name
from composer.terminal.palette import style
from composer.terminal.text import Line

NAMES: Final = 4  # columns for the names of pitches
KEYS: Final = 3  # columns for the keys
WIDTH: Final = NAMES + KEYS + 1

Lit = Mapping[int, tuple[int, int]]
"""Pitch and track of the lit key, by pixel."""


def ground_of(rows: PitchRows, palette: Palette, line: int) -> str:
    """Return the ground of a line: every other octave has a band behind it."""
    is_banded = rows.pitch(2 * line + 1) // 12 % 2
    return palette.band if is_banded else palette.ground


@lru_cache(maxsize=64)
def keyboard(
    rows: PitchRows, palette: Palette, sounding: tuple[tuple[int, int], ...]
) -> list[Line]:
    """Return the lines of keys; those of `sounding` (pitch, track) are lit, the melody over the
    others.
    """
    lit: dict[int, tuple[int, int]] = {}
    # The melody comes last and stays.
    for pitch, track in sorted(sounding, key=lambda pair: -pair[1]):
        for pixel in range(*rows.span(pitch)):
            lit[pixel] = (pitch, track)
    octaves = {}
    for pitch in range(0, 128, 12):
        if rows.holds([pitch]):
            octaves[rows.pixel(pitch) // 2] = pitch
    count = rows.pixels // 2
    return [
        _key_line(
            rows,
            palette,
            line,
            lit,
            octaves.get(line),
        )
        for line in range(count)
    ]


def _key_line(
    rows: PitchRows,
    palette: Palette,
    line: int,
    lit: Lit,
    octave: int | None,
) -> Line:
    """Return the name of a lit key, else of the C that begins an `octave`, and two keys above each
    other.
    """
    ground = ground_of(rows, palette, line)
    upper, lower = 2 * line, 2 * line + 1
    lit_here = [lit[pixel] for pixel in (upper, lower) if pixel in lit]
    # A thick key begins in one line only, that of its name.
    begun = [pair for pair in lit_here if rows.pixel(pair[0]) // 2 == line]
    pitch, track = min(
        begun,
        key=lambda pair: pair[1],
        default=(octave, -1),
    )
    name = "" if pitch is None else pitch_name(pitch)
    color = palette.faint if track < 0 else shade(palette, code(track, SOUNDING))
    near = [
        _key_color(
            rows,
            palette,
            pixel,
            lit,
            is_end=False,
        )
        for pixel in (upper, lower)
    ]
    ends = [
        _key_color(
            rows,
            palette,
            pixel,
            lit,
            is_end=True,
        )
        for pixel in (upper, lower)
    ]
    return [
        Segment(
            name.ljust(NAMES)[:NAMES],
            style(
                color,
                ground,
                track >= 0,
            ),
        ),
        Segment("▀" * (KEYS - 1), style(*near)),
        Segment("▀", style(*ends)),
        Segment(" ", style(palette.beat_line, ground)),
    ]


def _key_color(
    rows: PitchRows,
    palette: Palette,
    pixel: int,
    lit: Lit,
    is_end: bool,
) -> str:
    """Return the colour of a key, near the names or at its end, which black keys do not reach."""
    pitch, track = lit.get(pixel, (rows.pitch(pixel), -1))
    if not 0 <= pitch <= 127:
        return palette.ground
    is_dark = is_black(pitch) and not is_end
    reaches = is_dark or not is_black(pitch)
    if track >= 0 and reaches:
        return shade(palette, code(track, SOUNDING))
    return palette.black_key if is_dark else palette.white_key
