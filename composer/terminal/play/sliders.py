"""The second line of the stage: a slider for each knob of the model."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from rich.segment import Segment

from composer.pictures.palette import mix
from composer.terminal.palette import TerminalPalette, style
from composer.terminal.text import Line, fit, length

KNOBS: Final = 4  # that the line has room for, also if a model has fewer
NARROWEST: Final = 3  # columns of a slider
WIDEST: Final = 25
AROUND: Final = 5  # columns for what stands around name and slider

Values = tuple[tuple[str, float], ...]
"""Name and value, -1 to 1, of each knob."""


@lru_cache(maxsize=64)
def sliders(values: Values, chosen: str, width: int, palette: TerminalPalette) -> Line:
    """Return the line, `width` columns wide; the knob that is `chosen` stands out."""
    blank = style(palette.faint, palette.head)
    if not values:
        return fit([Segment(" this model has no knobs", blank)], width, blank)
    # A model with fewer knobs has them where another one has its first.
    each = (width - 1) // max(len(values), KNOBS)
    longest = max(len(name) for name, _ in values)
    track = max(min(each - longest - AROUND, WIDEST), NARROWEST)
    line: Line = [Segment(" ", blank)]
    for number, (name, value) in enumerate(values, 1):
        is_chosen = name == chosen
        label = f"{number} {name:<{longest}}"
        part = _knob(label, value, track, is_chosen, palette)
        line += fit(part, each, blank)
    return fit(line, width, blank)


def _knob(
    label: str, value: float, track: int, is_chosen: bool, palette: TerminalPalette
) -> Line:
    ground = palette.chosen if is_chosen else palette.head
    look = style(palette.text, ground, is_chosen)
    # The mark can be read without colours, too.
    mark = "▸" if is_chosen else " "
    return [
        Segment(f"{mark}{label} ", look),
        *slider(value, track, ground, palette),
        Segment(" ", look),
    ]


def slider(value: float, columns: int, ground: str, palette: TerminalPalette) -> Line:
    """Return a track with a handle: -1 is its left end, +1 its right one, 0 the middle."""
    # A middle needs an odd number of columns.
    columns -= columns % 2 == 0
    middle = columns // 2
    handle = round((value + 1) / 2 * (columns - 1))
    handle = min(max(handle, 0), columns - 1)
    rail = style(mix(palette.faint, ground, 0.6), ground)
    moved = style(palette.warn, ground)
    grip = style(palette.text if value == 0 else palette.warn, ground, True)
    line = []
    for column in range(columns):
        is_between = min(middle, handle) <= column <= max(middle, handle)
        if column == handle:
            line.append(Segment("●", grip))
        elif is_between and value != 0:
            line.append(Segment("━", moved))
        else:
            line.append(Segment("┼" if column == middle else "─", rail))
    assert length(line) == columns
    return line
