"""How two arrangements of one melody differ, in harmony, rhythm, contour and texture; and what one of them is like."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from composer.errors import ShapeError
from composer.metrics.grids import STEPS_PER_BEAT, Bools, Floats, Ints, mean_where, on_beats
from composer.metrics.harmony import QUALITIES, TRIADS, chord_numbers, pitch_class_sets
from composer.songs.grid import to_voices
from composer.songs.song import Song

MOVES = ("harmony", "rhythm", "contour", "spacing", "doubling", "activity")
"""The names of what `moved` returns; the last three are the texture."""

MINOR_QUALITIES = [QUALITIES.index(name) for name in ("m", "m7", "mMaj7")]
NOT_A_CHORD = 1000  # added to the pitch classes of what is none, so that no chord has that number


@dataclass(frozen=True)
class Grid:
    """An arrangement as grids. Raise ShapeError if they do not fit each other.

    voices: int [step, voice], the melody first, -1 for a rest. onsets: bool alike. bars: int [step], the bar, from 0.
    places: int [step], the step within the bar; a pickup counts from the end of a bar.

    >>> steps = np.arange(2)
    >>> Grid(np.array([[72, 48], [74, 50]]), np.ones((2, 2), bool), steps // 16, steps).cut(1).voices
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
    starts = np.round(STEPS_PER_BEAT * np.array(song.bar_onsets())).astype(int)
    steps = np.arange(len(voices))
    bars = np.maximum(np.searchsorted(starts, steps, side="right") - 1, 0)
    places = steps - starts[bars]
    if len(starts) > 2 and starts[1] < starts[2] - starts[1]:  # a pickup
        places[bars == 0] += starts[2] - 2 * starts[1]
    return Grid(
        voices[:, pitched],
        onsets[:, pitched],
        bars,
        places,
    )


# --- two arrangements --------------------------------------------------------------------


def moved(first: Grid, second: Grid) -> dict[str, float]:
    """Return how far two arrangements of one melody are apart, by the names of MOVES; 0 if alike.

    harmony: share of beats with another chord, root or quality. rhythm: see `rhythm_moved`. contour: see
    `contour_moved`. The others are means over beats of differences: spacing of the semitones between neighbouring
    voices, doubling of the number of pitch classes, activity of the number of notes that start. Of two lengths the
    shorter counts.

    >>> steps = np.arange(8)
    >>> voices = np.tile([72, 64, 55, 48], (8, 1))
    >>> other = np.where(steps[:, None] < 4, voices, [72, 64, 57, 45])  # A minor on the second beat
    >>> onsets = np.zeros(voices.shape, bool)
    >>> moved(Grid(voices, onsets, steps // 16, steps), Grid(other, onsets, steps // 16, steps))["harmony"]
    0.5
    """
    steps = min(len(first.voices), len(second.voices))
    a, b = first.cut(steps), second.cut(steps)
    if not steps:
        return dict.fromkeys(MOVES, 0.0)
    other_chords = _chords(on_beats(a.voices)) != _chords(on_beats(b.voices))
    differences = {"harmony": float(other_chords.mean())}
    differences["rhythm"] = rhythm_moved(a, b)
    differences["contour"] = contour_moved(a, b)
    textures = zip(MOVES[3:], _texture(a), _texture(b), strict=True)
    for name, one, other in textures:
        differences[name] = float(np.abs(one - other).mean())
    return differences


def rhythm_moved(first: Grid, second: Grid) -> float:
    """Return how far the onset patterns are apart: notes a bar that start in one of them alone.

    The pattern of a voice is how often, over all bars, it starts a note on each step of the bar. Mean over the added
    voices.
    """
    if not len(first.bars):
        return 0.0
    return float(np.abs(_pattern(first) - _pattern(second)).sum(0).mean())


def contour_moved(first: Grid, second: Grid) -> float:
    """Return the semitones between the lines, each taken as its mean pitch in every bar.

    Mean over bars and added voices; a bar in which a voice rests in either is left out.
    """
    # Bars instead of steps: a line that is only delayed has not moved.
    low, high = _registers(first), _registers(second)
    both = ~np.isnan(low) & ~np.isnan(high)
    return float(np.abs(low - high)[both].mean()) if both.any() else 0.0


def _chords(beats: Ints) -> Ints:
    """Number what sounds on each beat: by its chord, or by its pitch classes if they make none."""
    numbers = chord_numbers(beats)
    classes = pitch_class_sets(beats) @ (1 << np.arange(12))
    return np.where(numbers >= 0, numbers, NOT_A_CHORD + classes)


def _pattern(grid: Grid) -> Floats:
    """Return how often each added voice starts a note on each step of the bar: float [step of the bar, voice]."""
    size = int(grid.places.max()) + 1
    starts = np.zeros((size, grid.voices.shape[1] - 1))
    np.add.at(starts, grid.places, grid.onsets[:, 1:])
    times = np.bincount(grid.places, minlength=size)
    return starts / np.maximum(times, 1)[:, None]


def _registers(grid: Grid) -> Floats:
    """Return the mean pitch of each added voice in each bar: float [bar, voice]; NaN for a rest."""
    added = grid.voices[:, 1:]
    shape = (int(grid.bars.max(initial=0)) + 1, added.shape[1])
    total, count = np.zeros(shape), np.zeros(shape)
    np.add.at(
        total,
        grid.bars,
        np.where(added >= 0, added, 0),
    )
    np.add.at(count, grid.bars, added >= 0)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def _texture(grid: Grid) -> tuple[Floats, Floats, Floats]:
    """Return of each beat: semitones between neighbouring voices, number of pitch classes, notes that start in it."""
    beats = on_beats(grid.voices)
    # Sorted, so that voices that cross are not apart by less than nothing.
    gaps = np.diff(np.sort(beats, axis=1), axis=1)
    doubling = pitch_class_sets(beats).sum(1)
    starts = np.zeros(len(beats))
    beat_of_step = np.arange(len(grid.onsets)) // STEPS_PER_BEAT
    np.add.at(
        starts,
        beat_of_step,
        grid.onsets[:, 1:].sum(1),
    )
    return gaps.astype(float), doubling.astype(float), starts


# --- one arrangement ---------------------------------------------------------------------


def character(grid: Grid) -> dict[str, float]:
    """Describe an arrangement in six numbers, by name; of the added voices.

    minor chords, sevenths: shares of the beats with a chord, 0 without any. notes a beat. between beats: the share of
    the notes that start there. mean pitch, and spread, the semitones from the lowest to the highest voice: NaN if
    nothing sounds.

    >>> steps = np.arange(4)
    >>> voices = np.tile([72, 64, 57, 45], (4, 1))  # a beat of A minor
    >>> onsets = np.repeat(steps[:, None] == 0, 4, axis=1)
    >>> found = character(Grid(voices, onsets, steps // 16, steps))
    >>> found["minor chords"], found["notes a beat"], found["spread"]
    (1.0, 1.0, 27.0)
    """
    added, onsets = grid.voices[:, 1:], grid.onsets[:, 1:]
    numbers = chord_numbers(on_beats(grid.voices))
    is_chord = numbers >= 0
    qualities = numbers % len(QUALITIES)
    is_minor = np.isin(qualities, MINOR_QUALITIES)
    # Of no notes none lie between beats, and nothing is divided by zero.
    notes = max(int(onsets.sum()), 1)
    on_beat = int(onsets[::STEPS_PER_BEAT].sum())
    full_steps = grid.voices[(grid.voices >= 0).all(1)]
    return {
        "minor chords": float(mean_where(is_minor, is_chord, empty=0.0)),
        "sevenths": float(mean_where(qualities >= len(TRIADS), is_chord, empty=0.0)),
        "notes a beat": float(STEPS_PER_BEAT * onsets.mean()),
        "between beats": 1.0 - on_beat / notes,
        "mean pitch": _mean(added[added >= 0]),
        "spread": _mean(np.ptp(full_steps, axis=1)),
    }


def _mean(values: Ints) -> float:
    return float(values.mean()) if len(values) else float("nan")
