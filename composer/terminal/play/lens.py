"""The part of the music that the stage shows: beats around the playhead, pitches with room for
those to come.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import ceil, floor
from typing import Final

from composer.pictures.cells import BeatColumns, PitchRows

PER_BEAT: Final = (8, 16, 24, 32)  # pixels; sixteenths are whole ones in all
LEAST_BEATS: Final = 12.0  # in view, before a beat gets more pixels
PLAYHEAD: Final = 0.7  # of the width is what was played
# Pitches that have room from the start: the lower G of the bass to the E of a soprano.
USUAL: Final = (43, 76)


@dataclass(frozen=True)
class Lens:
    """Moments in view: `columns` characters, `per_beat` pixels a beat, the playhead at column
    `head`.
    """

    columns: int
    per_beat: int
    head: int

    def now(self, beat: float) -> int:
        """Return the pixel of a beat, counted from beat 0; it moves on when a pixel's time is
        over.
        """
        return floor(beat * self.per_beat + 1e-6)

    def left(self, beat: float) -> int:
        """Return the pixel at the left edge when it is `beat`."""
        return self.now(beat) - 2 * self.head

    def at(self, beat: float) -> BeatColumns:
        """Return the columns of pixels when it is `beat`."""
        return BeatColumns(2 * self.columns, self.per_beat, self.left(beat))


def lens_for(columns: int) -> Lens:
    """Return the lens with as many pixels a beat as leave LEAST_BEATS in view."""
    fitting = [pixels for pixels in PER_BEAT if 2 * columns / pixels >= LEAST_BEATS]
    per_beat = max(fitting, default=PER_BEAT[0])
    return Lens(columns, per_beat, int(columns * PLAYHEAD))


def rows_for(
    pitches: Iterable[int], lines: int, wanted: tuple[int, int] = USUAL
) -> PitchRows:
    """Return the rows of so many lines that hold `pitches` and `wanted`, octaves at the edges of
    lines.

    If there is room to spare the semitones grow, then the view; if there is too little, semitones
    share pixels.
    """
    pitches = list(pitches)
    low = min([wanted[0], *pitches])
    high = max([wanted[1], *pitches])
    pixels = max(2 * lines, 2)
    needed = high + 1 - low
    semitone = float(max(pixels // (needed + 1), 1))
    shown = int(pixels / semitone)
    # More pitches than pixels: some share one.
    if needed > shown:
        return PitchRows(low, high, pixels / needed, pixels)
    spare = shown - needed
    top = min(high + spare // 2, 127)
    # A C in the lower half of its line lets octaves begin with a line.
    if semitone % 2 and top % 2 == 0 and spare:
        top += 1 if top + 1 - high <= spare else -1
    return PitchRows(top + 1 - shown, top, semitone, pixels)


def rulings(
    beat: float, lens: Lens, beats_per_bar: int
) -> tuple[str, list[tuple[int, int]]]:
    """Return (the beat and bar lines of an empty line, [(column, number of the bar that begins
    there)]).
    """
    left = lens.left(beat)
    first = ceil(left / lens.per_beat)
    last = ceil((left + 2 * lens.columns) / lens.per_beat)
    line = [" "] * lens.columns
    numbers = []
    for at in range(first, last):
        column, half = divmod(at * lens.per_beat - left, 2)
        if at % beats_per_bar:
            line[column] = "┊"
            continue
        line[column] = "▏│"[half]
        numbers.append((column, at // beats_per_bar + 1))
    return "".join(line), numbers
