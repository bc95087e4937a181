"""Pictures made of characters: a curve as a sparkline, a song as the pixels of a piano roll."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from composer.pictures.layout import Bar, bars
from composer.songs.song import Note, Song

BLOCKS: Final = "▁▂▃▄▅▆▇█"
RAMP: Final = "_.-~=+*#"  # where there is only ASCII
WIDEST_BEAT: Final = 8.0  # columns
NARROWEST_BEAT: Final = 0.75  # a longer song is shown up to the bar that still fits
DRUM_LANES: Final = 3  # cymbals, snare and toms, kick
EMPTY: Final = -1

Ints = NDArray[np.int64]


def sparkline(
    values: Sequence[float], width: int, levels: str = BLOCKS, also: float = np.nan
) -> str:
    """`values`, oldest first, in at most `width` characters of `levels`, lowest first.

    Where there are more values than characters, each shows the mean of a few. The extreme twentieth at each end is
    clipped: a first loss of 200 must not flatten all others. also: a value that the scale has room for, besides.
    What is not finite is a space.
    """
    means = _means(np.array(values, float), max(width, 0))
    finite = np.append(means, also)[np.isfinite(np.append(means, also))]
    if not len(finite):
        return " " * len(means)
    low, high = (
        np.quantile(finite, [0.05, 0.95]) if len(finite) > 8 else (finite.min(), finite.max())
    )
    if np.isfinite(also):
        low, high = min(low, also), max(high, also)
    share = (
        np.clip((means - low) / (high - low), 0, 1)
        if high > low
        else np.where(np.isfinite(means), 0.5, np.nan)
    )
    return "".join(
        " " if np.isnan(s) else levels[min(int(s * len(levels)), len(levels) - 1)] for s in share
    )


def _means(values: NDArray[np.float64], most: int) -> NDArray[np.float64]:
    """Means of at most `most` stretches of `values`, of those that are finite in each."""
    count = min(len(values), most)
    if not count:
        return np.empty(0)
    starts = np.arange(count) * len(values) // count
    finite = np.isfinite(values)
    sums = np.add.reduceat(np.where(finite, values, 0.0), starts)
    counts = np.add.reduceat(finite.astype(float), starts)
    return np.asarray(np.where(counts > 0, sums / np.maximum(counts, 1), np.nan))


@dataclass(frozen=True)
class Roll:
    """A piano roll in rows of characters, each of one or two pixels above each other.

    pixels: int [pixel, column]: 2 * track, one more where a note starts, -1 where nothing sounds. labels: str [row],
    what stands at the left. bars: (column, number) of the bars shown; 0 is a pickup. whole: whether all bars are.
    """

    pixels: Ints
    labels: tuple[str, ...]
    bars: tuple[tuple[int, int], ...]
    whole: bool


@dataclass(frozen=True)
class _Scale:
    """Pixels of pitches (`low` to `high`, `semitone` pixels each), then of drums; columns of time."""

    low: int
    high: int
    semitone: float
    pitched: int
    drums: int
    beat: float
    columns: int

    def pixel(self, note: Note, is_drum: bool) -> int:
        if is_drum:
            return self.pitched + self.drums - DRUM_LANES + _lane(note.pitch)
        return min(int((self.high - note.pitch) * self.semitone), self.pitched - 1)

    def span(self, note: Note) -> tuple[int, int]:
        start = int(note.onset * self.beat + 1e-6)
        return start, max(start + 1, int(note.end * self.beat + 1e-6))


def draw(song: Song, rows: int, columns: int, per_row: int = 2) -> Roll:
    """`song` as a piano roll of at most `rows` rows and `columns` columns, fewer where it needs fewer.

    per_row: pixels above each other in a row. Pitches share pixels, and steps columns, where there is no room for all;
    the first track, the melody, is drawn over the others. Drums, where there are any, have three lanes below.
    """
    scale, shown, whole = _fit(song, rows, columns, per_row)
    pixels = np.full((scale.pitched + scale.drums, scale.columns), EMPTY, np.int64)
    for index, track in reversed(list(enumerate(song.tracks))):
        for note in track.notes:
            row, (start, end) = scale.pixel(note, track.is_drum), scale.span(note)
            pixels[row, start : start + 1 if track.is_drum else end] = 2 * index
            pixels[row, start : start + 1] = 2 * index + 1
    edges = tuple((int(bar.start * scale.beat + 1e-6), bar.number) for bar in shown)
    return Roll(pixels, _labels(scale, per_row), edges, whole)


def _fit(song: Song, rows: int, columns: int, per_row: int) -> tuple[_Scale, list[Bar], bool]:
    shown = bars(song)
    beat = columns / shown[-1].end
    whole = beat >= NARROWEST_BEAT or len(shown) == 1
    if not whole:
        shown = [bar for bar in shown if bar.end * NARROWEST_BEAT <= columns] or shown[:1]
        beat = columns / shown[-1].end
    beat = min(
        float(int(beat)) if beat >= 2 else beat, WIDEST_BEAT
    )  # whole columns, so that equal notes look equal
    has_drums = any(track.is_drum and track.notes for track in song.tracks)
    drums = -(-(DRUM_LANES + 1) // per_row) * per_row if has_drums else 0
    pitches = [note.pitch for track in song.tracks if not track.is_drum for note in track.notes]
    low, high = (min(pitches), max(pitches)) if pitches else (60, 59)
    pitched = min(-(-(high + 1 - low) // per_row), max(rows - drums // per_row, 1)) * per_row
    semitone = min(1.0, pitched / max(high + 1 - low, 1))
    width = min(columns, int(np.ceil(shown[-1].end * beat - 1e-6)))
    return _Scale(low, high, semitone, pitched, drums, beat, max(width, 1)), shown, whole


def _labels(scale: _Scale, per_row: int) -> tuple[str, ...]:
    """The names of the C's, of the G's too where every pitch has its pixel, and of the drums."""
    named = [""] * ((scale.pitched + scale.drums) // per_row)
    for pitch in range(scale.low, scale.high + 1):
        row = min(int((scale.high - pitch) * scale.semitone), scale.pitched - 1) // per_row
        if pitch % 12 == 0 or (pitch % 12 == 7 and scale.semitone == 1 and not named[row]):
            named[row] = f"{'C' if pitch % 12 == 0 else 'G'}{pitch // 12 - 1}"
    if scale.drums:
        named[-1] = "drum"
    return tuple(named)


def _lane(pitch: int) -> int:
    """The lane of a drum of General MIDI, from above: cymbals, snare and toms, kick."""
    return 2 if pitch < 37 else 1 if pitch <= 41 or pitch in (43, 45, 47, 48, 50) else 0
