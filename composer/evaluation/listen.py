"""What a model listens to: whether another melody changes its arrangement, and another seed.

A model that ignores its melody, or its noise, can still score well in every other measure.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Final, Protocol

import numpy as np

from composer.evaluation.measure import lead, mean_known
from composer.metrics.response import changed_cells, chord_agreement, key_agreement
from composer.songs.edit import cut_notes, only_melody
from composer.songs.grid import Bools, Ints, to_pianoroll
from composer.songs.song import Note, Song, Track
from composer.songs.theory import signature_shift

SHIFTS: Final = range(-11, 12)  # semitones
NUMBERS: Final = np.random.default_rng(0).integers(
    1, 2**62, 129
)  # of the intervals in a chord; their sums name it
RESPONSES: Final = {
    "conditioning": "changes with the melody",
    "noise": "changes with the seed",
    "key_agreement": "agrees with the melody's key",
    "key_agreement_other": "  with another melody's",
    "chord_agreement": "melody notes in the chord",
    "chord_agreement_other": "  another melody's, same key",
}
"""Names of the numbers, and what they are called on a page."""


class Arranger(Protocol):
    """What is tested: a `composer.Model`, or anything else that arranges."""

    def arrange(self, song: Song, seed: int = 0) -> Song:
        """The melody as the first track, then the added ones."""


def responses(
    model: Arranger,
    melodies: Sequence[Song],
    seeds: Sequence[int] = (0, 1),
    arranged: Sequence[Sequence[Song]] | None = None,
) -> dict[str, float]:
    """How a model responds to its melody and to its seed; RESPONSES names the numbers.

    melodies: of a song the first track counts. arranged: what `model` makes of them, [seed][melody], where known.
    conditioning: share of cells (a step of an added track) that change when the model is given the notes of the next
    melody under the same metre and seed; of all transpositions of the second answer the nearest counts, so that a
    model that moves one fixed answer to the melody's key gets 0. noise: share of cells that change with the next seed.
    The others are as in `agreements`. NaN where undefined: one melody, one seed.
    """
    songs = [only_melody(song) for song in melodies]
    if arranged is None:
        arranged = [[model.arrange(song, seed=seed) for song in songs] for seed in seeds]
    swapped = ((i, with_notes(songs[i], songs[other].tracks[0])) for i, other in _others(songs))
    changes = [
        nearest_change(arranged[0][i], model.arrange(song, seed=seeds[0])) for i, song in swapped
    ]
    noise = [
        change(a, b)
        for first, second in pairwise(arranged)
        for a, b in zip(first, second, strict=True)
    ]
    return {
        "conditioning": _mean(changes),
        "noise": _mean(noise),
        **agreements([s for row in arranged for s in row]),
    }


def dataset_responses(songs: Sequence[Song]) -> dict[str, float]:
    """The same numbers of songs as they are, to compare with: what changes is from each piece to the next."""
    changes = [nearest_change(songs[i], songs[other]) for i, other in _others(songs)]
    return {"conditioning": _mean(changes), "noise": float("nan"), **agreements(songs)}


def agreements(songs: Sequence[Song]) -> dict[str, float]:
    """How the added tracks agree with the melody, and with the next song's: means over the songs.

    `key_agreement` and `chord_agreement` of `composer.metrics.response`, without drums. The next song's melody keeps
    its key for the one and is moved to this song's for the other: what is left is the luck of two tunes in one key.
    """
    parts = [_parts(song) for song in songs]
    others = [(parts[i][0], parts[other][0], parts[i][1]) for i, other in _others(songs)]
    return {
        "key_agreement": _mean([key_agreement(melody, added) for melody, added in parts]),
        "key_agreement_other": _mean([key_agreement(other, added) for _, other, added in others]),
        "chord_agreement": _mean(
            [chord_agreement(*_cut(melody, added)) for melody, added in parts]
        ),
        "chord_agreement_other": _mean(
            [chord_agreement(*_cut(_moved(b, a), added)) for a, b, added in others]
        ),
    }


def with_notes(song: Song, melody: Track) -> Song:
    """A melody's song with the notes of another, cut where its own end; metre, tempo and signatures stay."""
    notes = cut_notes(melody.notes, song.end)
    return replace(song, tracks=(replace(song.tracks[0], notes=tuple(notes)),))


def change(first: Song, second: Song) -> float:
    """Share of cells, steps of an added track, in which other pitches sound; up to the end of the shorter song."""
    return changed_cells(*(_codes(*_chords(roll)) for roll in _cut(_added(first), _added(second))))


def nearest_change(first: Song, second: Song) -> float:
    """The smallest `change` over all transpositions of `second` by up to 11 semitones; drums stay."""
    a, b = (_chords(roll) for roll in _cut(_added(first), _added(second)))
    moving = np.array([not track.is_drum for track in second.tracks[1:]], np.int64)
    return min(changed_cells(_codes(*a), _codes(*b, shift * moving)) for shift in SHIFTS)


def _chords(roll: Bools) -> tuple[Ints, Ints]:
    """What each track plays at each step: its lowest pitch, and a number for the chord above it, 0 for a rest.

    Two int [step, track]. A chord in another place has the same number, so that transpositions are compared quickly.
    """
    lowest = roll.argmax(1)
    step, pitch, track = np.nonzero(roll)
    kind = np.zeros(lowest.shape, np.int64)
    np.add.at(kind, (step, track), NUMBERS[pitch - lowest[step, track]])
    return lowest, kind


def _codes(lowest: Ints, kind: Ints, shift: Ints | int = 0) -> Ints:
    """One number for what `_chords` gives, moved by so many semitones."""
    return np.where(kind != 0, kind + NUMBERS[-1] * (lowest + shift), 0)


def _added(song: Song) -> Bools:
    return to_pianoroll(song)[:, :, 1:]


def _parts(song: Song) -> tuple[Bools, Bools]:
    """Melody and added tracks without drums, bool [step, 128, track] each, full bars on beats."""
    roll = np.pad(to_pianoroll(song), ((lead(song), 0), (0, 0), (0, 0)))
    pitched = [i for i, track in enumerate(song.tracks) if i and not track.is_drum]
    return roll[:, :, :1], roll[:, :, pitched]


def _cut(first: Bools, second: Bools) -> tuple[Bools, Bools]:
    steps = min(len(first), len(second))
    return first[:steps], second[:steps]


def _moved(melody: Bools, into: Bools) -> Bools:
    """The melody, moved to the key signature of the other."""
    shift = _signature_shift(melody) - _signature_shift(into)
    return np.roll(melody, (shift + 6) % 12 - 6, axis=1)


def _signature_shift(roll: Bools) -> int:
    pitches = roll.sum((0, 2))
    return signature_shift(np.bincount(np.arange(128) % 12, weights=pitches, minlength=12))


def _others(songs: Sequence[Song]) -> Iterator[tuple[int, int]]:
    """For each song the index of the next one, in a circle, with another melody; none where all have the same."""
    for i, song in enumerate(songs):
        for j in (*range(i + 1, len(songs)), *range(i)):
            notes = songs[j].tracks[0].notes
            if notes and notes[0].onset < song.end and _line(notes) != _line(song.tracks[0].notes):
                yield i, j
                break


def _line(notes: Sequence[Note]) -> list[tuple[float, int]]:
    """What makes a melody another one: onsets, and pitches from the first; not its key."""
    return [(note.onset, note.pitch - notes[0].pitch) for note in notes]


def _mean(values: Sequence[float]) -> float:
    return float(mean_known(np.array(values, float)))
