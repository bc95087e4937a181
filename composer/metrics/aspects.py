"""What two arrangements of one melody differ in: harmony, rhythm, contour, texture; and what one of them is like.

voices: int [step, voice], the melody first, -1 where it rests; onsets: bool alike. bars: int [step], from 0; places:
int [step], the step of its bar, so that a pickup counts from the end of a bar.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from composer.errors import ShapeError
from composer.metrics.grids import STEPS, Bools, Floats, Ints, mean_where, on_beats
from composer.metrics.harmony import QUALITIES, TRIADS, chord_numbers, pitch_class_sets

MOVES = ("harmony", "rhythm", "contour", "spacing", "doubling", "activity")
"""What `moved` measures; the last three are the texture."""
_MINOR = [QUALITIES.index(name) for name in ("m", "m7", "mMaj7")]


@dataclass(frozen=True)
class Grid:
    """An arrangement as grids; see above."""

    voices: Ints
    onsets: Bools
    bars: Ints
    places: Ints

    def __post_init__(self) -> None:
        shapes = {self.voices.shape, self.onsets.shape}
        if (
            len(shapes) > 1
            or self.voices.ndim != 2
            or {len(self.bars), len(self.places)} != {len(self.voices)}
        ):
            raise ShapeError(
                f"voices and onsets are [step, voice], bars and places [step], got {sorted(shapes)}, "
                f"{list(self.bars.shape)} and {list(self.places.shape)}"
            )

    def cut(self, steps: int) -> Grid:
        """The first so many steps."""
        return Grid(
            self.voices[:steps], self.onsets[:steps], self.bars[:steps], self.places[:steps]
        )


def moved(first: Grid, second: Grid) -> dict[str, float]:
    """How far two arrangements of one melody are apart, by the names of MOVES; 0 alike.

    harmony: share of beats with another chord, root or quality. rhythm: see `rhythm_moved`. contour: see
    `contour_moved`. spacing: semitones by which the distances between voices differ, doubling: pitch classes by which
    their number differs, activity: notes by which those starting differ, all of them means over beats.
    """
    steps = min(len(first.voices), len(second.voices))
    a, b = first.cut(steps), second.cut(steps)
    beats = on_beats(a.voices), on_beats(b.voices)
    spacing, doubling, activity = (
        float(np.abs(x - y).mean()) if steps else 0.0
        for x, y in zip(_texture(a), _texture(b), strict=True)
    )
    return {
        "harmony": float((_chords(beats[0]) != _chords(beats[1])).mean()) if steps else 0.0,
        "rhythm": rhythm_moved(a, b),
        "contour": contour_moved(a, b),
        "spacing": spacing,
        "doubling": doubling,
        "activity": activity,
    }


def rhythm_moved(first: Grid, second: Grid) -> float:
    """How far the onset patterns are apart: notes a bar that start in one of them alone, mean over the added voices.

    The pattern of a voice is how often, over all bars, it starts a note on each step of the bar.
    """
    return (
        float(np.abs(_pattern(first) - _pattern(second)).sum(0).mean()) if len(first.bars) else 0.0
    )


def contour_moved(first: Grid, second: Grid) -> float:
    """Semitones between the lines, each taken as its mean pitch in every bar: mean over bars and added voices."""
    low, high = _registers(first), _registers(second)
    both = ~np.isnan(low) & ~np.isnan(high)
    return float(np.abs(low - high)[both].mean()) if both.any() else 0.0


def character(grid: Grid) -> dict[str, float]:
    """What an arrangement is like, by name; of the added voices, NaN where undefined.

    minor chords, sevenths (shares of the beats with a chord), notes a beat, those between beats (share), mean pitch,
    spread (semitones from the lowest to the highest voice).
    """
    beats, added, onsets = on_beats(grid.voices), grid.voices[:, 1:], grid.onsets[:, 1:]
    numbers = chord_numbers(beats)
    sounding = grid.voices[(grid.voices >= 0).all(1)]
    notes = max(int(onsets.sum()), 1)
    return {
        "minor chords": float(mean_where(np.isin(numbers % len(QUALITIES), _MINOR), numbers >= 0)),
        "sevenths": float(mean_where(numbers % len(QUALITIES) >= len(TRIADS), numbers >= 0)),
        "notes a beat": float(STEPS * onsets.mean()),
        "between beats": 1.0 - int(onsets[::STEPS].sum()) / notes,
        "mean pitch": float(added[added >= 0].mean()) if (added >= 0).any() else float("nan"),
        "spread": float(np.ptp(sounding, axis=1).mean()) if len(sounding) else float("nan"),
    }


def _chords(beats: Ints) -> Ints:
    """A number for what sounds on each beat: its chord, or where it is none its pitch classes."""
    numbers = chord_numbers(beats)
    return np.where(numbers >= 0, numbers, 1000 + pitch_class_sets(beats) @ (1 << np.arange(12)))


def _pattern(grid: Grid) -> Floats:
    """How often each added voice starts a note on each step of the bar: float [step of the bar, voice]."""
    size = int(grid.places.max()) + 1
    starts = np.zeros((size, grid.voices.shape[1] - 1))
    np.add.at(starts, grid.places, grid.onsets[:, 1:])
    return starts / np.maximum(np.bincount(grid.places, minlength=size), 1)[:, None]


def _registers(grid: Grid) -> Floats:
    """Mean pitch of each added voice in each bar: float [bar, voice]; NaN where it rests."""
    size, added = int(grid.bars.max(initial=0)) + 1, grid.voices[:, 1:]
    total, count = np.zeros((size, added.shape[1])), np.zeros((size, added.shape[1]))
    np.add.at(total, grid.bars, np.where(added >= 0, added, 0))
    np.add.at(count, grid.bars, added >= 0)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def _texture(grid: Grid) -> tuple[Floats, Floats, Floats]:
    """On each beat: semitones between neighbouring voices, number of pitch classes, notes that start during it."""
    beats = on_beats(grid.voices)
    starts = np.zeros(len(beats))
    np.add.at(starts, np.arange(len(grid.onsets)) // STEPS, grid.onsets[:, 1:].sum(1))
    gaps = np.diff(np.sort(beats, axis=1), axis=1)
    return gaps.astype(float), pitch_class_sets(beats).sum(1).astype(float), starts
