"""The live piano roll as arrays: which note covers which pixel at a beat, and which characters show that.

A character holds four pixels, two pitches above each other and two moments beside each other (quadrant blocks), so
that four octaves fit 24 rows and time flows by half a column. Pure functions on arrays; nothing is drawn here.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import ceil, floor
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from composer.terminal.play.palette import COMING, EMPTY, PLAYED, SOUNDING, code

if TYPE_CHECKING:
    from composer.live.session.state import ShownNote

Ints = NDArray[np.int64]

QUADRANTS: Final = (
    " ▘▝▀▖▌▞▛▗▚▐▜▄▙▟█"  # by bits: 1 upper left, 2 upper right, 4 lower left, 8 lower right
)
PER_BEAT: Final = (8, 16, 24, 32)  # pixels; sixteenths are whole ones in all
LEAST_BEATS: Final = 12.0  # in view, before a beat gets more pixels
PLAYHEAD: Final = 0.7  # of the width is what was played
USUAL: Final = (
    43,
    76,
)  # pitches that have room from the start: the lower G of the bass to the E of a soprano
LONG: Final = 4  # pixels, from which on a note has an onset of two
TOUCHING: Final = 0.02  # beats
LONGEST: Final = 4096.0  # beats; a note that is held on for longer is drawn no further


@dataclass(frozen=True)
class Scope:
    """The pitches in view: `high` is the uppermost; a semitone is `semitone` pixels high, 1 or more, or a share."""

    low: int
    high: int
    semitone: float
    pixels: int

    def pixel(self, pitch: int) -> int:
        """The uppermost pixel of a pitch, counted from above; outside the view it is the one at the edge."""
        return min(max(int((self.high - pitch) * self.semitone + 1e-9), 0), self.pixels - 1)

    def span(self, pitch: int) -> tuple[int, int]:
        """The pixels of a pitch: the first, and the one after the last."""
        first = self.pixel(pitch)
        return first, min(first + max(int(self.semitone), 1), self.pixels)

    def pitch(self, pixel: int) -> int:
        """The pitch of a pixel; the highest of those that share it."""
        steps = pixel / self.semitone
        return self.high - (floor(steps) if self.semitone >= 1 else ceil(steps - 1e-9))

    def holds(self, pitches: Iterable[int]) -> bool:
        """Whether all of these are in view."""
        return all(self.low <= pitch <= self.high for pitch in pitches)


def scope_for(pitches: Iterable[int], rows: int, wanted: tuple[int, int] = USUAL) -> Scope:
    """The view of `rows` rows of characters that holds `pitches` and `wanted`, octaves at the edges of rows.

    Where there is room to spare the semitones grow, then the view; where there is too little, semitones share pixels.
    """
    low, high = min([wanted[0], *pitches]), max([wanted[1], *pitches])
    pixels = max(2 * rows, 2)
    needed = high + 1 - low
    semitone = float(max(pixels // (needed + 1), 1))
    shown = int(pixels / semitone)
    if needed > shown:
        return Scope(low, high, pixels / needed, pixels)
    spare = shown - needed
    top = min(high + spare // 2, 127)
    if (
        semitone % 2 and top % 2 == 0 and spare
    ):  # odd: a C is in the lower half of its row, so octaves begin with a row
        top += 1 if top + 1 - high <= spare else -1
    return Scope(top + 1 - shown, top, semitone, pixels)


@dataclass(frozen=True)
class Lens:
    """The moments in view: `columns` characters, `per_beat` pixels a beat, the playhead at column `head`."""

    columns: int
    per_beat: int
    head: int

    def now(self, beat: float) -> int:
        """The pixel of a beat, counted from beat 0; it moves on when a pixel's time is over."""
        return floor(beat * self.per_beat + 1e-6)

    def left(self, beat: float) -> int:
        """The pixel at the left edge when it is `beat`."""
        return self.now(beat) - 2 * self.head

    def beats(self, beat: float) -> tuple[float, float]:
        """The first beat in view, and the first one that is not, when it is `beat`."""
        left = self.left(beat)
        return left / self.per_beat, (left + 2 * self.columns) / self.per_beat


def lens_for(columns: int) -> Lens:
    """As many pixels a beat as leave LEAST_BEATS in view."""
    fitting = [n for n in PER_BEAT if 2 * columns / n >= LEAST_BEATS]
    return Lens(columns, max(fitting, default=PER_BEAT[0]), int(columns * PLAYHEAD))


class Notes:
    """Notes in columns of numbers, made once for many pictures; the melody is drawn last, over the others."""

    def __init__(self, notes: Sequence[ShownNote]) -> None:
        ordered = sorted(notes, key=lambda note: (-note.voice, note.onset))
        table = np.array(
            [(n.onset, n.end, n.pitch, n.voice, n.ahead) for n in ordered], float
        ).reshape(-1, 5)
        self.onsets: NDArray[np.float64] = table[:, 0]
        self.ends: NDArray[np.float64] = np.clip(table[:, 1], table[:, 0], table[:, 0] + LONGEST)
        self.pitches: Ints = table[:, 2].astype(int)
        self.voices: Ints = table[:, 3].astype(int)
        self.ahead: NDArray[np.bool_] = table[:, 4] > 0
        self.repeated = self._repeated()

    def _repeated(self) -> NDArray[np.bool_]:
        """Which notes end where their voice strikes the same pitch again."""
        order = np.lexsort((self.onsets, self.pitches, self.voices))
        now, then = order[:-1], order[1:]
        same = (self.voices[now] == self.voices[then]) & (self.pitches[now] == self.pitches[then])
        found = np.zeros(len(order), bool)
        found[now] = same & (np.abs(self.onsets[then] - self.ends[now]) < TOUCHING)
        return found

    def beats(self) -> tuple[int, int]:
        """The first beat in which something sounds, and the one after the last; none where nothing does."""
        if not len(self.onsets):
            return 0, 0
        return int(np.floor(self.onsets.min())), int(np.ceil(self.ends.max()))

    def sounding(self, beat: float) -> tuple[tuple[int, int], ...]:
        """(pitch, voice) of those that sound at a beat; of a unison the voice drawn last."""
        at = np.flatnonzero((self.onsets <= beat) & (beat < self.ends))
        return tuple(sorted({int(self.pitches[i]): int(self.voices[i]) for i in at}.items()))

    def in_view(self, beat: float, lens: Lens) -> Ints:
        """Which notes the lens shows when it is `beat`, in order of drawing."""
        first, last = lens.beats(beat)
        return np.flatnonzero((self.ends > first - 1 / lens.per_beat) & (self.onsets < last))


def picture(notes: Notes, beat: float, lens: Lens, scope: Scope) -> Ints:
    """Codes of `palette.code`, int [pixel row, pixel column], 0 where no note is.

    A note decided ahead is hatched, every other pixel of it, until its beat has come. A longer note begins with two
    pixels that stand out, and leaves one free where it is struck again.
    """
    pixels = np.full((scope.pixels, 2 * lens.columns), EMPTY, np.int64)
    left, seen = lens.left(beat), notes.in_view(beat, lens)
    starts = np.round(notes.onsets[seen] * lens.per_beat).astype(int) - left
    ends = np.maximum(np.round(notes.ends[seen] * lens.per_beat).astype(int) - left, starts + 1)
    ends -= notes.repeated[seen] & (ends - starts > 1)
    coming, over = notes.onsets[seen] > beat, notes.ends[seen] <= beat
    times = np.where(coming, COMING, np.where(over, PLAYED, SOUNDING))
    for i, index in enumerate(seen.tolist()):
        start, end, voice, time = (
            int(starts[i]),
            int(ends[i]),
            int(notes.voices[index]),
            int(times[i]),
        )
        first, last = scope.span(int(notes.pitches[index]))
        stride = 2 if time == COMING and notes.ahead[index] else 1
        if end > 0:
            pixels[first:last, max(start, start % stride) : end : stride] = code(voice, time)
        if 0 <= start < 2 * lens.columns:
            pixels[first:last, start] = code(voice, time, is_onset=True)
        if end - start >= LONG and stride == 1 and 0 <= start + 1 < 2 * lens.columns:
            pixels[first:last, start + 1] = code(voice, time, is_onset=True)
    return pixels


def characters(pixels: Ints) -> tuple[Ints, Ints, Ints]:
    """(Quadrants, codes in front, codes behind), each int [row, column], for pixels [2 * row, 2 * column].

    A character has two colours. Where its pixels have more, no onset stands out, and if that is not enough the right
    ones are shown at the left too: a pitch must not take another's colour.
    """
    rows, columns = pixels.shape[0] // 2, pixels.shape[1] // 2
    four = pixels.reshape(rows, 2, columns, 2).transpose(1, 3, 0, 2).reshape(4, rows, columns)
    front, back = four.max(0), four.min(0)
    for simpler in (_without_onsets, _right_ones):
        too_many = ((four != front) & (four != back)).any(0)
        if too_many.any():
            four = np.where(too_many, simpler(four), four)
            front, back = four.max(0), four.min(0)
    bits = ((four == front) & (front != EMPTY)) * np.array([1, 2, 4, 8])[:, None, None]
    return bits.sum(0), front, back


def _without_onsets(four: Ints) -> Ints:
    plainer: Ints = four - ((four != EMPTY) & (four % 2 == 0))  # codes of onsets are even
    return plainer


def _right_ones(four: Ints) -> Ints:
    right: Ints = four[[1, 1, 3, 3]]
    return right


def rulings(beat: float, lens: Lens, beats_per_bar: int) -> tuple[str, list[tuple[int, int]]]:
    """(The beat and bar lines of an empty row, [(column, number of the bar that begins there)])."""
    left = lens.left(beat)
    first, last = (ceil(left / lens.per_beat), ceil((left + 2 * lens.columns) / lens.per_beat))
    line, numbers = [" "] * lens.columns, []
    for at in range(first, last):
        column, half = divmod(at * lens.per_beat - left, 2)
        is_bar = at % beats_per_bar == 0
        line[column] = "▏│"[half] if is_bar else "┊"
        if is_bar:
            numbers.append((column, at // beats_per_bar + 1))
    return "".join(line), numbers
