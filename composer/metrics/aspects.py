"""Compare two arrangements of one melody, and describe one of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from composer.errors import ShapeError
from composer.metrics.grids import (
    STEPS_PER_BEAT,
    Bools,
    Floats,
    Ints,
    mean_where,
    on_beats,
)
from composer.metrics.harmony import QUALITIES, TRIADS, chord_numbers, pitch_class_sets
from composer.songs.grid import to_voices
from composer.songs.song import Song

MOVES = ("harmony", "rhythm", "contour", "spacing", "doubling", "activity")
"""The names of what `moved` returns; the last three are the texture."""

MINOR_QUALITIES = [QUALITIES.index(name) for name in ("m", "m7", "mMaj7")]
NOT_A_CHORD = (
    1000  # added to the pitch classes of what is none, so that no chord has that number
)


@dataclass(frozen=True)
class Grid:
    """An arrangement as grids. Raise ShapeError if they do not fit each other.

    voices: int [step, voice], the melody first, -1 for a rest. onsets: bool alike. bars: int
    [step], the bar, from 0. places: int [step], the step within the bar; a pickup counts from the
    end of a bar.

    >>> steps = np.arange(2)
    >>> voices = np.array([[72, 48], [74, 50]])
    >>> Grid(voices, np.ones((2, 2), bool), steps // 16, steps).cut(1).voices
    array([[72, 48]])
    """

    voices: Ints
    onsets: Bools
    bars: Ints
    places: Ints

    def __post_init__(self) -> None:
        steps = len(self.voices)
        fits = self.voices.ndim == 2 and self.onsets.shape == self.voices.shape
        if not fits or len(self.bars) != steps or len(self.places) != steps:
            shapes = sorted({self.voices.shape, self.onsets.shape})
            raise ShapeError(
                f"voices and onsets are [step, voice], bars and places [step], got {shapes}, "
                f"{list(self.bars.shape)} and {list(self.places.shape)}"
            )

    def cut(self, steps: int) -> Grid:
        """Return the first `steps` steps."""
        return Grid(
            self.voices[:steps],
            self.onsets[:steps],
            self.bars[:steps],
            self.places[:steps],
        )


def song_grid(song: Song) -> Grid:
    """Return a song as grids, four steps a beat, drums left out.

    >>> from composer.songs.song import Note, Song, Track
    >>> song_grid(Song((Track((Note(0.0, 72, 1.0), Note(1.0, 74, 1.0))),))).voices[:, 0]
    array([72, 72, 72, 72, 74, 74, 74, 74])
    """
    voices, onsets = to_voices(song, STEPS_PER_BEAT)
    pitched = [i for i, track in enumerate(song.tracks) if not track.is_drum]
    bar_onsets = np.array(song.bar_onsets())
    starts = np.round(STEPS_PER_BEAT * bar_onsets).astype(int)
    steps = np.arange(len(voices))
    bars_begun = np.searchsorted(starts, steps, side="right")
    bars = np.maximum(bars_begun - 1, 0)
    places = steps - starts[bars]
    if len(starts) > 2:
        first, second = np.diff(starts[:3])
        # A first bar that is shorter than the second is a pickup, and lies at the end of a bar.
        if first < second:
            places[bars == 0] += second - first
    return Grid(
        voices[:, pitched],
        onsets[:, pitched],
        bars,
        places,
    )


# --- two arrangements --------------------------------------------------------------------


def moved(first: Grid, second: Grid) -> dict[str, float]:
    """Return how far two arrangements of one melody are apart, by the names of MOVES; 0 if alike.

    harmony: share of beats with another chord, root or quality. rhythm: see `rhythm_moved`.
    contour: see `contour_moved`. The others are means over beats of differences: spacing of the
    semitones between neighbouring voices, doubling of the number of pitch classes, activity of the
    number of notes that start. Of two lengths the shorter counts.

    >>> steps = np.arange(8)
    >>> voices = np.tile([72, 64, 55, 48], (8, 1))
    >>> other = np.where(steps[:, None] < 4, voices, [72, 64, 57, 45])  # A minor on the second beat
    >>> onsets = np.zeros(voices.shape, bool)
    >>> first = Grid(voices, onsets, steps // 16, steps)
    >>> second = Grid(other, onsets, steps // 16, steps)
    >>> moved(first, second)["harmony"]
    0.5
    """
    steps = min(len(first.voices), len(second.voices))
    a = first.cut(steps)
    b = second.cut(steps)
    if not steps:
        return dict.fromkeys(MOVES, 0.0)
    chords_a = _chords(on_beats(a.voices))
    chords_b = _chords(on_beats(b.voices))
    is_other_chord = chords_a != chords_b
    differences = {
        "harmony": float(is_other_chord.mean()),
        "rhythm": rhythm_moved(a, b),
        "contour": contour_moved(a, b),
    }
    texture_a = _texture(a)
    texture_b = _texture(b)
    for name, one, other in zip(MOVES[3:], texture_a, texture_b, strict=True):
        difference = np.abs(one - other)
        differences[name] = float(difference.mean())
    return differences


def rhythm_moved(first: Grid, second: Grid) -> float:
    """Return how far the onset patterns are apart: notes a bar that start in one of them alone.

    The pattern of a voice is how often, over all bars, it starts a note on each step of the bar.
    Mean over the added voices.
    """
    if not len(first.bars):
        return 0.0
    apart = np.abs(_pattern(first) - _pattern(second))
    return float(apart.sum(0).mean())


def contour_moved(first: Grid, second: Grid) -> float:
    """Return the semitones between the lines, each taken as its mean pitch in every bar.

    Mean over bars and added voices; a bar in which a voice rests in either is left out.
    """
    # Bars instead of steps: a line that is only delayed has not moved.
    apart = np.abs(_registers(first) - _registers(second))
    # A rest is NaN, and so is its distance from anything.
    known = apart[~np.isnan(apart)]
    return float(known.mean()) if len(known) else 0.0


def _chords(beats: Ints) -> Ints:
    """Number what sounds on each beat: by its chord, or by its pitch classes if they make none."""
    numbers = chord_numbers(beats)
    bits = 1 << np.arange(12)
    classes = pitch_class_sets(beats) @ bits
    return np.where(numbers >= 0, numbers, NOT_A_CHORD + classes)


def _pattern(grid: Grid) -> Floats:
    """Return how often each added voice starts a note on each step of the bar.

    float [step of the bar, voice].
    """
    size = int(grid.places.max()) + 1
    onsets = grid.onsets[:, 1:]
    starts = np.zeros((size, onsets.shape[1]))
    np.add.at(starts, grid.places, onsets)
    # A step that no bar reaches is divided by one instead of zero.
    times = np.bincount(grid.places, minlength=size)
    return starts / np.maximum(times, 1)[:, None]


def _registers(grid: Grid) -> Floats:
    """Return the mean pitch of each added voice in each bar: float [bar, voice]; NaN for a rest."""
    added = grid.voices[:, 1:]
    sounds = added >= 0
    bars = int(grid.bars.max(initial=0)) + 1
    shape = (bars, added.shape[1])
    total = np.zeros(shape)
    count = np.zeros(shape)
    pitches = np.where(sounds, added, 0)
    np.add.at(total, grid.bars, pitches)
    np.add.at(count, grid.bars, sounds)
    means = total / np.maximum(count, 1)
    return np.where(count > 0, means, np.nan)


def _texture(grid: Grid) -> tuple[Floats, Floats, Floats]:
    """Return three numbers of each beat.

    They are the semitones between neighbouring voices, float [beat, voice - 1], the number of
    pitch classes and the number of notes that start, float [beat].
    """
    beats = on_beats(grid.voices)
    # Sorted, so that voices that cross are not apart by less than nothing.
    ordered = np.sort(beats, axis=1)
    gaps = np.diff(ordered, axis=1)
    doubling = pitch_class_sets(beats).sum(1)
    starts = np.zeros(len(beats))
    started = grid.onsets[:, 1:].sum(1)
    beat_of_step = np.arange(len(started)) // STEPS_PER_BEAT
    np.add.at(starts, beat_of_step, started)
    return gaps.astype(float), doubling.astype(float), starts


# --- one arrangement ---------------------------------------------------------------------


def character(grid: Grid) -> dict[str, float]:
    """Describe an arrangement in six numbers, by name; of the added voices.

    minor chords, sevenths: shares of the beats with a chord, 0 without any. notes a beat. between
    beats: the share of the notes that start there. mean pitch, and spread, the semitones from the
    lowest to the highest voice: NaN if nothing sounds.

    >>> steps = np.arange(4)
    >>> voices = np.tile([72, 64, 57, 45], (4, 1))  # a beat of A minor
    >>> onsets = np.repeat(steps[:, None] == 0, 4, axis=1)
    >>> found = character(Grid(voices, onsets, steps // 16, steps))
    >>> found["minor chords"], found["notes a beat"], found["spread"]
    (1.0, 1.0, 27.0)
    """
    added = grid.voices[:, 1:]
    onsets = grid.onsets[:, 1:]
    numbers = chord_numbers(on_beats(grid.voices))
    is_chord = numbers >= 0
    qualities = numbers % len(QUALITIES)
    is_minor = np.isin(qualities, MINOR_QUALITIES)
    is_seventh = qualities >= len(TRIADS)
    is_full = (grid.voices >= 0).all(1)
    spread = np.ptp(grid.voices[is_full], axis=1)
    return {
        "minor chords": float(mean_where(is_minor, is_chord, empty=0.0)),
        "sevenths": float(mean_where(is_seventh, is_chord, empty=0.0)),
        "notes a beat": float(STEPS_PER_BEAT * onsets.mean()),
        "between beats": _between_beats(onsets),
        "mean pitch": _mean(added[added >= 0]),
        "spread": _mean(spread),
    }


def _between_beats(onsets: Bools) -> float:
    """Return the share of the notes that start between beats."""
    # Of no notes none lie between beats, and nothing is divided by zero.
    notes = max(int(onsets.sum()), 1)
    on_beat = int(onsets[::STEPS_PER_BEAT].sum())
    return 1.0 - on_beat / notes


def _mean(values: Ints) -> float:
    return float(values.mean()) if len(values) else float("nan")
