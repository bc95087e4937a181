"""Songs in numbers: every measure of `composer.metrics.rolls` and `counterpoint`, for each piece and track.

The first track is the melody, which is given, so "all" means the tracks after it. What is undefined is NaN.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import numpy as np

from composer.errors import ShapeError
from composer.metrics import rolls
from composer.metrics.counterpoint import voice_metrics
from composer.songs.grid import RESOLUTION, REST, Bools, Floats, Ints, to_onsets, to_pianoroll
from composer.songs.song import Song

ALL: Final = "all"
"""The name of the column that holds the added tracks together."""


class Measure(NamedTuple):
    """What a measure is called on a page; the least spread that counts when two sets are compared; its unit.

    unit: "share", 0 to 1; else what it counts.
    """

    title: str
    least: float = 0.02
    unit: str = "share"


MEASURES: Final = {
    "empty_bar_ratio": Measure("empty bars"),
    "c_major_ratio": Measure("in C major"),
    "own_key_ratio": Measure("in the piece's own key"),
    "mean_pitch": Measure("mean pitch", 1.0, "pitch"),
    "pitches_per_bar": Measure("pitches a bar", 0.25, "count"),
    "pitch_classes_per_bar": Measure("pitch classes a bar", 0.25, "count"),
    "notes_per_beat": Measure("notes a beat", 0.1, "count"),
    "note_length": Measure("note length", 0.1, "beats"),
    "qualified_note_ratio": Measure("notes of 2 steps or more"),
    "polyphonic_ratio": Measure("steps with 2 pitches or more"),
    "melody_tonal_distance": Measure("tonal distance to melody", 0.05, "distance"),
    "added_tonal_distance": Measure("tonal distance to the others", 0.05, "distance"),
    "drum_pattern_ratio": Measure("drum strokes on the eighths"),
    "out_of_range": Measure("outside S, A, T, B's ranges"),
    "crossing": Measure("steps with crossed voices"),
    "wide_spacing": Measure("steps with wide gaps"),
    "parallel_fifths": Measure("parallel fifths in 100 beats", 0.5, "count"),
    "parallel_octaves": Measure("parallel octaves in 100 beats", 0.5, "count"),
    "dissonance": Measure("dissonant with the melody"),
    "offbeat_changes": Measure("changes between the eighths"),
    "chord_share": Measure("beats that make a chord"),
}
"""Every measure of a set of songs, in the order of a page."""


@dataclass(frozen=True)
class Measured:
    """Songs, measured; see `measure`.

    tracks: their names, the melody first. values: for each of MEASURES float [piece, track + 1], the last column for
    the added tracks together. pitches: float [piece, track, 128] and pitch_classes: float [piece, track, 12], shares
    of the notes.
    """

    tracks: tuple[str, ...]
    values: dict[str, Floats]
    pitches: Floats
    pitch_classes: Floats

    def __len__(self) -> int:
        return len(self.pitches)

    def __getitem__(self, which: slice) -> Measured:
        """Some of the pieces."""
        values = {name: value[which] for name, value in self.values.items()}
        return Measured(self.tracks, values, self.pitches[which], self.pitch_classes[which])


def measure(songs: Sequence[Song]) -> Measured:
    """Measure songs that have the same tracks in the same order, the melody first; the names are those of the first.

    On the grid of 4 steps a beat, in the bars that the time signatures give (4/4 where there are none). Pitches of
    drums are no pitches, other tracks have no drum pattern, and a track that ever plays two notes at once is no voice.
    "all" is the mean of the added tracks; of voices against each other, the melody among them. The piece's own key is
    that of all its notes (`theory.estimate_key`): signatures in MIDI files are often a default.
    Raises ShapeError where there is no song, a song without tracks, or one with other tracks.
    """
    counts = sorted({len(song.tracks) for song in songs})
    if len(counts) != 1 or counts == [0]:
        raise ShapeError(
            f"songs to measure have the same tracks, one at least; tracks found: {counts or 'no song'}"
        )
    rows, pitches, classes = zip(*map(_measure, songs), strict=True)
    nothing = np.full(counts[0] + 1, np.nan)
    values = {name: np.stack([row.get(name, nothing) for row in rows]) for name in MEASURES}
    return Measured(track_names(songs[0]), values, np.stack(pitches), np.stack(classes))


def track_names(song: Song) -> tuple[str, ...]:
    """A name for every track, no two alike: its own, or "Track 2"."""
    names: list[str] = []
    for i, track in enumerate(song.tracks):
        name = track.name or f"Track {i + 1}"
        names.append(f"{name} ({i + 1})" if name in (*names, ALL) else name)
    return tuple(names)


def mean_known(values: Floats, axis: int = 0) -> Floats:
    """Mean of what is defined; NaN where nothing is."""
    known = ~np.isnan(values)
    return _ratio(np.where(known, values, 0).sum(axis), known.sum(axis))


def lead(song: Song) -> int:
    """Steps, 0 to 3, to put before a song so that the bar after its pickup starts on a step that is a beat's."""
    second = song.bar_onsets()[1:2]
    return -round(second[0] * RESOLUTION) % RESOLUTION if second else 0


def _measure(song: Song) -> tuple[dict[str, Floats], Floats, Floats]:
    """Of one song: measures, float [track + 1]; shares of its pitches, [track, 128]; of their classes, [track, 12]."""
    roll, onsets = _track_by_track(to_pianoroll(song)), _track_by_track(to_onsets(song))
    if not len(roll):  # one step of silence: its bar is empty, all else undefined
        roll = onsets = np.zeros((1, *roll.shape[1:]), bool)
    bars = _bars(song, len(roll))
    drums = np.array([track.is_drum for track in song.tracks])
    values = {
        "empty_bar_ratio": rolls.empty_bar_ratio(roll, bars),
        "pitches_per_bar": rolls.pitches_per_bar(roll, bars),
        "notes_per_beat": onsets.sum((0, 1)) * RESOLUTION / len(roll),
        "drum_pattern_ratio": np.where(drums, rolls.drum_pattern_ratio(onsets, bars=bars), np.nan),
        **{
            name: np.where(drums, np.nan, value)
            for name, value in _pitched(roll, onsets, bars, drums).items()
        },
    }
    classes = np.where(drums[:, None], np.nan, rolls.pitch_class_histogram(onsets))
    table = {name: np.append(value, mean_known(value[1:])) for name, value in values.items()}
    return {**table, **_voices(roll, drums, lead(song))}, rolls.pitch_histogram(onsets), classes


def _track_by_track(roll: Bools) -> Bools:
    """The same, in memory one track after the other: most measures then take half the time."""
    return np.ascontiguousarray(roll.transpose(2, 0, 1)).transpose(1, 2, 0)


def _bars(song: Song, steps: int) -> Ints:
    """The first step of each bar."""
    starts = np.unique(np.round(np.array(song.bar_onsets()) * RESOLUTION).astype(np.int64))
    return np.asarray(starts[starts < steps])


def _pitched(roll: Bools, onsets: Bools, bars: Ints, drums: Bools) -> dict[str, Floats]:
    """What only pitches have, by track; the values of drums mean nothing."""
    sounding = roll.sum(0)  # [pitch, track]
    steps = sounding.sum(0)
    apart = rolls.tonal_distance(roll)
    apart[:, drums] = np.nan
    np.fill_diagonal(apart, np.nan)
    return {
        "c_major_ratio": rolls.in_scale_ratio(roll),
        "own_key_ratio": rolls.in_scale_ratio(roll, rolls.own_scale(roll[:, :, ~drums])),
        "mean_pitch": _ratio(np.arange(128) @ sounding, steps),
        "pitch_classes_per_bar": rolls.pitch_classes_per_bar(roll, bars),
        "note_length": _ratio(steps / RESOLUTION, onsets.sum((0, 1))),
        "qualified_note_ratio": rolls.qualified_note_ratio(roll, onsets),
        "polyphonic_ratio": np.where(steps > 0, rolls.polyphonic_ratio(roll), np.nan),
        "melody_tonal_distance": apart[:, 0],
        "added_tonal_distance": mean_known(apart[:, 1:], 1),
    }


def _voices(roll: Bools, drums: Bools, before: int) -> dict[str, Floats]:
    """Measures of the tracks that play one pitch at a time, float [track + 1]; none where these are not two.

    before: rests to begin with. Ranges are known of soprano, alto, tenor and bass alone: four tracks, all voices.
    """
    count = roll.sum(1)  # [step, track]
    which = np.flatnonzero(~drums & (count.max(0) == 1))
    if len(which) < 2:
        return {}
    voices = np.where(count[:, which] > 0, roll[:, :, which].argmax(1), REST)
    voices = np.pad(voices, ((before, 0), (0, 0)), constant_values=REST)
    table = {}
    for name, value in voice_metrics(voices).items():
        row = np.full(len(drums) + 1, np.nan)
        row[-1] = value if np.ndim(value) == 0 else np.nan
        if np.ndim(value):
            row[which] = value
            row[-1] = mean_known(row[1:-1])
        table[name] = row
    if len(drums) != 4:
        del table["out_of_range"]
    return table


def _ratio(above: Any, below: Any) -> Floats:
    """Counts, one over the other; NaN where there is nothing below."""
    return np.asarray(np.where(below > 0, above / np.maximum(below, 1), np.nan))
