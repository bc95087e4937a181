"""Test what a model listens to: whether another melody changes its arrangement, and another seed.

A model that ignores its melody, or its noise, can still score well in every other metric.
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

PITCHES: Final = 128
OCTAVE: Final = 12
# Semitones: all transpositions, up and down, short of a whole octave.
SHIFTS: Final = range(-11, 12)

# A random number for each interval within a chord: the sum of its intervals' numbers names a
# chord. The last is for the pitch on which a chord stands.
NUMBERS: Final = np.random.default_rng(0).integers(1, 2**62, PITCHES + 1)

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
    """A model that can be tested: a `composer.Model`, or anything else that arranges."""

    def arrange(self, song: Song, seed: int = 0) -> Song:
        """Return the melody as the first track, then the added ones."""


def responses(
    model: Arranger,
    melodies: Sequence[Song],
    seeds: Sequence[int] = (0, 1),
    arranged: Sequence[Sequence[Song]] | None = None,
) -> dict[str, float]:
    """Return how a model responds to its melody and to its seed, by the names of RESPONSES.

    melodies: of a song the first track counts. arranged: what `model` makes of them,
    [seed][melody], if known.

    conditioning: share of cells (a step of an added track) that change when the model is given
    the notes of the next melody, under the same metre and seed. Of all transpositions of the
    second answer the nearest counts, so that a model that moves one fixed answer to the melody's
    key gets 0. noise: share of cells that change with the next seed. The others are as in
    `agreements`. NaN if undefined: with one melody, or one seed.

    >>> from composer.songs.song import Note, Song, Track
    >>> class Deaf:  # it plays a C below whatever comes
    ...     def arrange(self, song, seed=0):
    ...         return Song((song.tracks[0], Track((Note(0.0, 48, 4.0),))))
    >>> tunes = [Song((Track((Note(0.0, 72, 2.0), Note(2.0, pitch, 2.0))),)) for pitch in (74, 76)]
    >>> found = responses(Deaf(), tunes)
    >>> found["conditioning"], found["noise"]
    (0.0, 0.0)
    """
    songs = [only_melody(song) for song in melodies]
    if arranged is None:
        arranged = [
            [model.arrange(song, seed=seed) for song in songs] for seed in seeds
        ]
    everything = [song for row in arranged for song in row]
    return {
        "conditioning": _conditioning(model, songs, seeds[0], arranged[0]),
        "noise": _noise(arranged),
        **agreements(everything),
    }


def _conditioning(
    model: Arranger,
    songs: Sequence[Song],
    seed: int,
    arranged: Sequence[Song],
) -> float:
    """Return the share of cells that change with another melody's notes."""
    changes = []
    for i, other in _next_melodies(songs):
        # Only the notes change: metre and tempo would change the answer by themselves.
        swapped = with_notes(songs[i], songs[other].tracks[0])
        answer = model.arrange(swapped, seed=seed)
        changes.append(nearest_change(arranged[i], answer))
    return _mean(changes)


def _noise(arranged: Sequence[Sequence[Song]]) -> float:
    """Return the share of cells that change from one seed to the next, melody by melody."""
    changes = []
    for first, second in pairwise(arranged):
        changes += [
            change(one, other) for one, other in zip(first, second, strict=True)
        ]
    return _mean(changes)


def dataset_responses(songs: Sequence[Song]) -> dict[str, float]:
    """Return the same numbers of songs as they are: what changes is from each piece to the next."""
    changes = [
        nearest_change(songs[i], songs[other]) for i, other in _next_melodies(songs)
    ]
    return {"conditioning": _mean(changes), "noise": float("nan"), **agreements(songs)}


def agreements(songs: Sequence[Song]) -> dict[str, float]:
    """Return the agreement of the added tracks with the melody, and with the next song's.

    `key_agreement` and `chord_agreement` of `composer.metrics.response`, without drums. The next
    song's melody keeps its key for the one and is moved to this song's for the other: what is
    left is the luck of two tunes in one key.
    """
    parts = [_parts(song) for song in songs]
    key, chord = [], []
    for melody, added in parts:
        key.append(key_agreement(melody, added))
        chord.append(chord_agreement(*_cut(melody, added)))
    other_key, other_chord = [], []
    for i, other in _next_melodies(songs):
        melody, added = parts[i]
        other_melody = parts[other][0]
        other_key.append(key_agreement(other_melody, added))
        in_this_key = _in_key_of(other_melody, melody)
        other_chord.append(chord_agreement(*_cut(in_this_key, added)))
    return {
        "key_agreement": _mean(key),
        "key_agreement_other": _mean(other_key),
        "chord_agreement": _mean(chord),
        "chord_agreement_other": _mean(other_chord),
    }


# --- songs -------------------------------------------------------------------------------


def with_notes(song: Song, melody: Track) -> Song:
    """Return a song with another melody's notes, cut at its own end; metre and tempo stay."""
    notes = cut_notes(melody.notes, song.end)
    return replace(song, tracks=(replace(song.tracks[0], notes=tuple(notes)),))


def _next_melodies(songs: Sequence[Song]) -> Iterator[tuple[int, int]]:
    """Yield each song's index and that of the next with another melody; the first follows the last.

    Songs that all have one melody have no next.
    """
    count = len(songs)
    for i, song in enumerate(songs):
        for j in [*range(i + 1, count), *range(i)]:
            if _is_other_melody(songs[j].tracks[0].notes, song):
                yield i, j
                break


def _is_other_melody(notes: Sequence[Note], song: Song) -> bool:
    """Return whether notes that begin before the song's end make another melody than the song's."""
    if not notes or notes[0].onset >= song.end:
        return False
    return _line(notes) != _line(song.tracks[0].notes)


def _line(notes: Sequence[Note]) -> list[tuple[float, int]]:
    """Return onsets, and pitches from the first: a melody in another key is no other."""
    return [(note.onset, note.pitch - notes[0].pitch) for note in notes]


# --- changes -----------------------------------------------------------------------------


def change(first: Song, second: Song) -> float:
    """Return the share of cells, steps of an added track, in which other pitches sound.

    Up to the end of the shorter song.
    """
    one, other = _cut(_added(first), _added(second))
    return changed_cells(_codes(*_chords(one)), _codes(*_chords(other)))


def nearest_change(first: Song, second: Song) -> float:
    """Return the smallest `change` over transpositions of `second` by 11 semitones at most."""
    one, other = (_chords(roll) for roll in _cut(_added(first), _added(second)))
    codes = _codes(*one)
    # Drums have no key to be moved to.
    moving = np.array([not track.is_drum for track in second.tracks[1:]], np.int64)
    return min(changed_cells(codes, _codes(*other, shift * moving)) for shift in SHIFTS)


def _chords(roll: Bools) -> tuple[Ints, Ints]:
    """Return each track's lowest pitch at each step, and a number for the chord above it.

    Two int [step, track]; the number is 0 for a rest.
    """
    # A chord in another place has the same number: transpositions need no second pianoroll.
    lowest = roll.argmax(1)
    step, pitch, track = np.nonzero(roll)
    kind = np.zeros(lowest.shape, np.int64)
    np.add.at(
        kind,
        (step, track),
        NUMBERS[pitch - lowest[step, track]],
    )
    return lowest, kind


def _codes(
    lowest: Ints,
    kind: Ints,
    shift: Ints | int = 0,
) -> Ints:
    """Return one number for what `_chords` gives, moved by `shift` semitones."""
    return np.where(
        kind != 0,
        kind + NUMBERS[-1] * (lowest + shift),
        0,
    )


# --- parts -------------------------------------------------------------------------------


def _added(song: Song) -> Bools:
    return to_pianoroll(song)[:, :, 1:]


def _parts(song: Song) -> tuple[Bools, Bools]:
    """Return the melody and the added tracks without drums: bool [step, 128, track] each."""
    roll = np.pad(to_pianoroll(song), ((lead(song), 0), (0, 0), (0, 0)))
    pitched = [i for i, track in enumerate(song.tracks) if i and not track.is_drum]
    return roll[:, :, :1], roll[:, :, pitched]


def _cut(first: Bools, second: Bools) -> tuple[Bools, Bools]:
    # A model may hold its last chord longer; that is no other answer.
    steps = min(len(first), len(second))
    return first[:steps], second[:steps]


def _in_key_of(melody: Bools, other: Bools) -> Bools:
    """Return the melody, moved the short way to the key signature of the other."""
    shift = _signature_shift(melody) - _signature_shift(other)
    half = OCTAVE // 2
    return np.roll(melody, (shift + half) % OCTAVE - half, axis=1)


def _signature_shift(roll: Bools) -> int:
    classes = np.arange(PITCHES) % OCTAVE
    weights = np.bincount(classes, weights=roll.sum((0, 2)), minlength=OCTAVE)
    return signature_shift(weights)


def _mean(values: Sequence[float]) -> float:
    return float(mean_known(np.array(values, float)))
