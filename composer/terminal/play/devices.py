"""The third line of the stage: keyboard and output, what to do if one is out, and the latencies."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Final, NamedTuple

from rich.segment import Segment

from composer.terminal.palette import TerminalPalette, style
from composer.terminal.text import Chunk, Line, apart, clean, length, squeeze

if TYPE_CHECKING:
    from composer.live.session.state import Latency, State

LONG: Final = {
    "thru": "key to sound",
    "decision": "decided in",
    "ready": "ready before the beat",
}
SHORT: Final = {
    "thru": "thru",
    "decision": "decided",
    "ready": "ready",
}
# Of latencies; the highest gives way first.
RANKS: Final = {
    "thru": 0,
    "ready": 1,
    "decision": 2,
}
LEAST_RANK: Final = 9
FIGURES: Final = "ms last/99%"  # what the two figures of a latency are
DECIMALS: Final = 10.0  # ms; below it, latencies have one

# A long text, and a short one for narrow terminals.
NO_KEYBOARD: Final = (
    "no keyboard: plug one in, or Tab plays the letters",
    "no keyboard: Tab plays the letters",
)
GONE: Final = ("is gone: plug it in, it comes back by itself", "gone: plug it in")
SILENT: Final = ("is silent: it is tried again and again", "silent: tried again")
NO_OUTPUT: Final = ("no sound: what is saved can still be heard", "no sound")

SHORTEST_NAME: Final = (
    9  # columns of a device or output; the latencies have what names leave
)
LONGEST_DEVICE: Final = 30
LONGEST_OUTPUT: Final = 24
AROUND: Final = 8  # columns for lights and spaces

Measured = Sequence[tuple[str, "Latency"]]


class Devices(NamedTuple):
    """The parts of a state that the line shows; equal ones are drawn once."""

    device: str
    plugged: bool
    output: str
    output_alive: bool
    latencies: tuple[tuple[str, Latency], ...]

    @classmethod
    def of(cls, state: State) -> Devices:
        """Return the parts of a state that the line shows."""
        return cls(
            device=state.device,
            plugged=state.plugged,
            output=state.output,
            output_alive=state.output_alive,
            latencies=tuple(state.latencies.items()),
        )


@lru_cache(maxsize=64)
def devices(shown: Devices, width: int, palette: TerminalPalette) -> Line:
    """Return the line, `width` columns wide."""
    blank = style(palette.faint, palette.head)
    lights = _lights(shown, width, False, palette)
    if length(lights) > width:
        lights = _lights(shown, width, True, palette)
    right = latencies(shown.latencies, width - length(lights) - 2, palette)
    return apart(lights, right, width, blank)


def _lights(
    shown: Devices, width: int, is_short: bool, palette: TerminalPalette
) -> Line:
    """Return the lights of keyboard and output."""
    blank = style(palette.faint, palette.head)
    # What is out needs room for its text, and then no latencies are measured.
    is_troubled = not (shown.plugged and shown.output_alive)
    room = width - AROUND if is_troubled else (width - AROUND) // 2
    room = max(room, SHORTEST_NAME)
    keyboard = _light(
        shown.plugged,
        clean(shown.device, min(room, LONGEST_DEVICE)),
        (NO_KEYBOARD[is_short], GONE[is_short]),
        palette,
    )
    sound = _light(
        shown.output_alive,
        clean(shown.output, min(room, LONGEST_OUTPUT)),
        (NO_OUTPUT[is_short], SILENT[is_short]),
        palette,
    )
    return [Segment(" ", blank), *keyboard, Segment("   ", blank), *sound]


def _light(
    on: bool, name: str, trouble: tuple[str, str], palette: TerminalPalette
) -> Line:
    """Return a green light and a name, or a red one and what to do.

    trouble: the text if there is none, and the text if one went away.
    """
    if on:
        light = Segment("● ", style(palette.good, palette.head, True))
        return [light, Segment(name, style(palette.text, palette.head))]
    none, gone = trouble
    bad = style(palette.bad, palette.head, True)
    return [Segment("○ ", bad), Segment(f"{name} {gone}" if name else none, bad)]


def latencies(measured: Measured, width: int, palette: TerminalPalette) -> Line:
    """Return the latencies in ms: of each the last, and what 99 of 100 keep to.

    What does not fit is left out.
    """
    # With long names it is all or nothing; with short ones the least gives way.
    for names, room in ((LONG, sys.maxsize), (SHORT, width - 1)):
        line = _figures(measured, names, room, palette)
        if line and length(line) < width:
            return [*line, Segment(" ", style(palette.faint, palette.head))]
    return []


def _figures(
    measured: Measured, names: Mapping[str, str], room: int, palette: TerminalPalette
) -> Line:
    blank = style(palette.faint, palette.head)
    look = style(palette.text, palette.head)
    pieces = []
    for kind, latency in measured:
        name = Segment(f"{names.get(kind, kind)} ", blank)
        figures = Segment(_milliseconds(latency), look)
        pieces.append(Chunk(RANKS.get(kind, LEAST_RANK - 1), (name, figures)))
    if not pieces:
        return []
    return squeeze(
        [*pieces, Chunk(LEAST_RANK, (Segment(FIGURES, blank),))], room, blank
    )


def _milliseconds(latency: Latency) -> str:
    if latency.last is None:
        return "–"
    figures = [latency.last]
    if latency.p99 is not None:
        figures.append(latency.p99)
    return "/".join(_rounded(figure) for figure in figures)


def _rounded(figure: float) -> str:
    return f"{figure:.1f}" if abs(figure) < DECIMALS else f"{figure:.0f}"
