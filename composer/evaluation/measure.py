"""Measure songs: all metrics that pianorolls and voices have, for each piece and track.

The first track is the melody, which is given, so "all" means the tracks after it. What is
undefined is NaN.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from composer.errors import ShapeError
from composer.metrics import rolls
from composer.metrics.counterpoint import voice_metrics
from composer.songs.grid import (
    RESOLUTION,
    REST,
    Bools,
    Floats,
    Ints,
    to_onsets,
    to_pianoroll,
)
from composer.songs.song import Song

ALL: Final = "all"
"""The name of the column that holds the added tracks together."""

PITCHES: Final = 128
# The only number of voices whose ranges are known.
CHORALE_VOICES: Final = 4


class Metric(NamedTuple):
    """The title of a metric on a page, and how much of it counts.

    least: the smallest spread of a dataset that counts when two sets are compared; less would
    make a trifle far.
    """

    title: str
    least: float = 0.02


METRICS: Final = {
    "empty_bar_ratio": Metric("empty bars"),
    "c_major_ratio": Metric("in C major"),
    "own_key_ratio": Metric("in the piece's own key"),
    "mean_pitch": Metric("mean pitch", 1.0),
    "pitches_per_bar": Metric("pitches a bar", 0.25),
    "pitch_classes_per_bar": Metric("pitch classes a bar", 0.25),
    "notes_per_beat": Metric("notes a beat", 0.1),
    "note_length": Metric("note length", 0.1),
    "qualified_note_ratio": Metric("notes of 2 steps or more"),
    "polyphonic_ratio": Metric("steps with 2 pitches or more"),
    "melody_tonal_distance": Metric("tonal distance to melody", 0.05),
    "added_tonal_distance": Metric("tonal distance to the others", 0.05),
    "drum_pattern_ratio": Metric("drum strokes on the eighths"),
    "out_of_range": Metric("outside S, A, T, B's ranges"),
    "crossing": Metric("steps with crossed voices"),
    "wide_spacing": Metric("steps with wide gaps"),
    "parallel_fifths": Metric("parallel fifths in 100 beats", 0.5),
    "parallel_octaves": Metric("parallel octaves in 100 beats", 0.5),
    "dissonance": Metric("dissonant with the melody"),
    "offbeat_changes": Metric("changes between the eighths"),
    "chord_share": Metric("beats that make a chord"),
}
"""All metrics of a set of songs, in the order of a page."""


@dataclass(frozen=True)
class Measured:
    """Songs in numbers; see `measure`.

    tracks: their names, the melody's first. values: for each of METRICS float [piece, track + 1],
    the last column for the added tracks together. pitches: float [piece, track, 128], and
    pitch_classes: float [piece, track, 12], shares of the notes.
    """

    tracks: tuple[str, ...]
    values: dict[str, Floats]
    pitches: Floats
    pitch_classes: Floats

    def __len__(self) -> int:
        return len(self.pitches)

    def __getitem__(self, which: slice) -> Measured:
        """Return some of the pieces."""
        values = {name: value[which] for name, value in self.values.items()}
        return Measured(
            self.tracks,
            values,
            self.pitches[which],
            self.pitch_classes[which],
        )


class _Piece(NamedTuple):
    """One song in numbers: metrics, float [track + 1] each, and shares of its pitches by track."""

    values: dict[str, Floats]
    pitches: Floats
    pitch_classes: Floats


def measure(songs: Sequence[Song]) -> Measured:
    """Measure songs that have the same tracks in the same order, the melody first.

    On the grid of 4 steps a beat, in the bars of the time signatures (4/4 if there are none).
    Drums have no pitches, other tracks no drum pattern, and a track that ever plays two notes at
    once is no voice. "all" is the mean of the added tracks; of voices against each other, the
    melody is one of them. The piece's own key is that of all its notes
    (`songs.theory.estimate_key`): signatures in MIDI files are often a default. The tracks are
    named as in the first song.

    Raise ShapeError if there is no song, a song without tracks, or one with other tracks.

    >>> from composer.songs.song import Note, Song, Track
    >>> tune = Track((Note(0.0, 72, 4.0),), "Tune")
    >>> bass = Track((Note(0.0, 36, 1.0), Note(1.0, 37, 3.0)), "Bass")
    >>> measure([Song((tune, bass))]).values["c_major_ratio"]  # the tune, the bass, all added
    array([[1.  , 0.25, 0.25]])
    """
    counts = sorted({len(song.tracks) for song in songs})
    if len(counts) != 1 or counts == [0]:
        found = counts or "no song"
        raise ShapeError(
            f"songs to measure have the same tracks, one at least; tracks found: {found}"
        )
    pieces = [_measure(song) for song in songs]
    undefined = np.full(counts[0] + 1, np.nan)
    values = {}
    for name in METRICS:
        values[name] = np.stack([piece.values.get(name, undefined) for piece in pieces])
    return Measured(
        tracks=track_names(songs[0]),
        values=values,
        pitches=np.stack([piece.pitches for piece in pieces]),
        pitch_classes=np.stack([piece.pitch_classes for piece in pieces]),
    )


def track_names(song: Song) -> tuple[str, ...]:
    """Return a name for every track, no two alike: its own, or "Track 2".

    >>> from composer.songs.song import Song, Track
    >>> track_names(Song((Track(name="Lead"), Track(name="Lead"), Track())))
    ('Lead', 'Lead (2)', 'Track 3')
    """
    names: list[str] = []
    for number, track in enumerate(song.tracks, 1):
        name = track.name or f"Track {number}"
        is_taken = name in names or name == ALL
        names.append(f"{name} ({number})" if is_taken else name)
    return tuple(names)


def mean_known(values: Floats, axis: int = 0) -> Floats:
    """Return the mean of what is defined; NaN if nothing is.

    >>> mean_known(np.array([1.0, np.nan, 3.0]))
    array(2.)
    """
    # Not `np.nanmean`: it warns of columns without a number.
    known = ~np.isnan(values)
    total = np.where(known, values, 0).sum(axis)
    return _ratio(total, known.sum(axis))


def lead(song: Song) -> int:
    """Return the steps, 0 to 3, that put the bar after a pickup on the first step of a beat."""
    second = song.bar_onsets()[1:2]
    return -round(second[0] * RESOLUTION) % RESOLUTION if second else 0


def _measure(song: Song) -> _Piece:
    roll = _track_by_track(to_pianoroll(song))
    onsets = _track_by_track(to_onsets(song))
    if not len(roll):
        # One step of silence: its bar is empty, and all else is undefined.
        roll = onsets = np.zeros((1, *roll.shape[1:]), bool)
    drums = np.array([track.is_drum for track in song.tracks])
    by_track = _track_values(
        roll,
        onsets,
        _bars(song, len(roll)),
        drums,
    )
    values = {
        name: np.append(value, mean_known(value[1:]))
        for name, value in by_track.items()
    }
    values.update(_voice_values(roll, drums, lead(song)))
    classes = np.where(drums[:, None], np.nan, rolls.pitch_class_histogram(onsets))
    return _Piece(values, rolls.pitch_histogram(onsets), classes)


def _track_by_track(roll: Bools) -> Bools:
    """Return the same array, in memory one track after the other."""
    # Most metrics then take half the time.
    return np.ascontiguousarray(roll.transpose(2, 0, 1)).transpose(1, 2, 0)


def _bars(song: Song, steps: int) -> Ints:
    """Return the first step of each bar."""
    onsets = np.array(song.bar_onsets()) * RESOLUTION
    # Two bars that round to one step are one.
    starts = np.unique(np.round(onsets).astype(np.int64))
    return np.asarray(starts[starts < steps])


def _track_values(
    roll: Bools,
    onsets: Bools,
    bars: Ints,
    drums: Bools,
) -> dict[str, Floats]:
    """Return the metrics of single tracks, float [track] each."""
    strokes = rolls.drum_pattern_ratio(onsets, bars=bars)
    values = {
        "empty_bar_ratio": rolls.empty_bar_ratio(roll, bars),
        "pitches_per_bar": rolls.pitches_per_bar(roll, bars),
        "notes_per_beat": onsets.sum((0, 1)) * RESOLUTION / len(roll),
        "drum_pattern_ratio": np.where(drums, strokes, np.nan),
    }
    for name, value in _pitched_values(roll, onsets, bars, drums).items():
        values[name] = np.where(drums, np.nan, value)
    return values


def _pitched_values(
    roll: Bools,
    onsets: Bools,
    bars: Ints,
    drums: Bools,
) -> dict[str, Floats]:
    """Return the metrics that only pitches have, float [track] each; ignore those of drums."""
    sounding = roll.sum(0)  # [pitch, track]
    steps = sounding.sum(0)
    notes = onsets.sum((0, 1))
    own_scale = rolls.own_scale(roll[:, :, ~drums])
    apart = rolls.tonal_distance(roll)
    # A track is no distance from itself, and drums have no tones.
    apart[:, drums] = np.nan
    np.fill_diagonal(apart, np.nan)
    return {
        "c_major_ratio": rolls.in_scale_ratio(roll),
        "own_key_ratio": rolls.in_scale_ratio(roll, own_scale),
        "mean_pitch": _ratio(np.arange(PITCHES) @ sounding, steps),
        "pitch_classes_per_bar": rolls.pitch_classes_per_bar(roll, bars),
        "note_length": _ratio(steps / RESOLUTION, notes),
        "qualified_note_ratio": rolls.qualified_note_ratio(roll, onsets),
        "polyphonic_ratio": np.where(steps > 0, rolls.polyphonic_ratio(roll), np.nan),
        "melody_tonal_distance": apart[:, 0],
        "added_tonal_distance": mean_known(apart[:, 1:], 1),
    }


def _voice_values(
    roll: Bools,
    drums: Bools,
    before: int,
) -> dict[str, Floats]:
    """Return the metrics of tracks that play one pitch at a time, float [track + 1] each.

    None if there are fewer than two.

    before: steps of rest to begin with.
    """
    pitches = roll.sum(1)  # [step, track]
    # A track that ever plays two notes at once is no voice.
    which = np.flatnonzero(~drums & (pitches.max(0) == 1))
    if len(which) < 2:
        return {}
    voices = np.where(
        pitches[:, which] > 0,
        roll[:, :, which].argmax(1),
        REST,
    )
    # Rests before a pickup bring the first full bar onto a beat: chords are looked for there.
    voices = np.pad(
        voices,
        ((before, 0), (0, 0)),
        constant_values=REST,
    )
    table = {}
    for name, value in voice_metrics(voices).items():
        row = np.full(len(drums) + 1, np.nan)
        if np.ndim(value) == 0:
            row[-1] = value
        else:
            row[which] = value
            row[-1] = mean_known(row[1:-1])
        table[name] = row
    # Four voices among more tracks need not be soprano, alto, tenor and bass.
    if len(drums) != CHORALE_VOICES:
        del table["out_of_range"]
    return table


def _ratio(above: ArrayLike, below: ArrayLike) -> Floats:
    """Divide counts by counts; NaN if there is nothing below."""
    below = np.asarray(below)
    return np.asarray(np.where(below > 0, above / np.maximum(below, 1), np.nan))
