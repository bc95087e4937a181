"""Song to grid and back: quantised steps, pianorolls, voices with onsets, and the pulse grid of the generators.

Grids hold pitch per step, and where notes start beside it: a repeated note is two onsets, not one long note.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import ceil

import numpy as np
from numpy.typing import NDArray

from composer.errors import ShapeError
from composer.songs.song import Note, Song, TimeSignature, Track

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]

RESOLUTION = 4
REST = -1


def quantise(song: Song, resolution: int = RESOLUTION, triplets: bool = True) -> Song:
    """Onsets and ends moved to the nearest of `resolution` steps a beat; no note becomes shorter than a step.

    With `triplets`, a beat whose onsets lie nearer to thirds of the beat than to its steps, and of which at least
    one lies between steps, is rounded to thirds. Swing is not undone: long-short eighths land on the nearest of both
    grids. Every note of a beat is rounded alike.
    """
    return replace(
        song, tracks=tuple(_quantise_track(t, resolution, triplets) for t in song.tracks)
    )


def _quantise_track(track: Track, resolution: int, triplets: bool) -> Track:
    beats: dict[int, list[float]] = {}
    for note in track.notes:
        beats.setdefault(int(note.onset + 1e-6), []).append(note.onset)
    ternary = {
        beat
        for beat, onsets in beats.items()
        if triplets and _is_ternary(np.array(onsets), resolution)
    }

    def snap(at: float) -> float:
        steps = (
            3
            if int(at + 1e-6) in ternary or (at % 1 < 1e-6 and int(at) - 1 in ternary)
            else resolution
        )
        return round(at * steps) / steps

    def moved(note: Note) -> Note:
        onset = snap(note.onset)
        steps = 3 if int(note.onset + 1e-6) in ternary else resolution
        return replace(note, onset=onset, duration=max(snap(note.end) - onset, 1 / steps))

    return replace(track, notes=tuple(moved(n) for n in track.notes))


def _is_ternary(onsets: Floats, resolution: int) -> bool:
    binary = np.abs(onsets * resolution - np.round(onsets * resolution)) / resolution
    ternary = np.abs(onsets * 3 - np.round(onsets * 3)) / 3
    return bool(ternary.sum() + 1e-9 < binary.sum() and binary.max() > 1 / 24)


def to_pianoroll(song: Song, resolution: int = RESOLUTION) -> Bools:
    """Which pitch sounds when: bool [step, 128, track], `resolution` steps a beat."""
    roll = np.zeros((_steps(song, resolution), 128, len(song.tracks)), bool)
    for i, track in enumerate(song.tracks):
        for note in track.notes:
            start, end = _span(note, resolution)
            roll[start:end, note.pitch, i] = True
    return roll


def to_onsets(song: Song, resolution: int = RESOLUTION) -> Bools:
    """Which pitch starts when: bool [step, 128, track], beside `to_pianoroll`; a repeated note shows only here."""
    onsets = np.zeros((_steps(song, resolution), 128, len(song.tracks)), bool)
    for i, track in enumerate(song.tracks):
        for note in track.notes:
            onsets[_span(note, resolution)[0], note.pitch, i] = True
    return onsets


def from_pianoroll(
    roll: Bools,
    onsets: Bools | None = None,
    resolution: int = RESOLUTION,
    like: Sequence[Track] = (),
) -> Song:
    """Notes of a bool [step, 128, track] pianoroll; `onsets`, of the same shape, splits repeated notes.

    `like` gives names and programs of the tracks. Raises ShapeError for another shape or type.
    """
    if roll.ndim != 3 or roll.shape[1] != 128 or roll.dtype != bool:
        raise ShapeError(
            f"a pianoroll is bool [step, 128, track], got {roll.dtype} {list(roll.shape)}"
        )
    if onsets is not None and onsets.shape != roll.shape:
        raise ShapeError(
            f"onsets are as the pianoroll, {list(roll.shape)}, got {list(onsets.shape)}"
        )
    tracks = []
    for i in range(roll.shape[2]):
        held = np.zeros((1, 128), bool)
        before = np.concatenate([held, roll[:-1, :, i]])
        starts = roll[:, :, i] & (~before | (onsets[:, :, i] if onsets is not None else False))
        notes = []
        for step, pitch in np.argwhere(starts):
            stops = np.flatnonzero(~roll[step:, pitch, i] | np.r_[False, starts[step + 1 :, pitch]])
            length = int(stops[0]) if len(stops) else len(roll) - int(step)
            notes.append(Note(int(step) / resolution, int(pitch), length / resolution))
        tracks.append(replace(like[i] if i < len(like) else Track(), notes=tuple(notes)))
    return Song(tuple(tracks))


def to_voices(song: Song, resolution: int = RESOLUTION) -> tuple[Ints, Bools]:
    """One pitch a track and step: int [step, voice] (-1 = rest) and bool onsets of the same shape.

    Of notes that sound together in a track, the one that starts last is kept; pass chords through `top_line` first.
    """
    shape = (_steps(song, resolution), len(song.tracks))
    voices, onsets = np.full(shape, REST, np.int64), np.zeros(shape, bool)
    for i, track in enumerate(song.tracks):
        for note in track.notes:
            start, end = _span(note, resolution)
            voices[start:end, i] = note.pitch
            onsets[start, i] = True
    return voices, onsets


def from_voices(
    voices: Ints, onsets: Bools, resolution: int = RESOLUTION, like: Sequence[Track] = ()
) -> Song:
    """Notes of int [step, voice] pitches (-1 = rest); one starts at every onset and wherever the pitch changes."""
    if voices.ndim != 2 or voices.shape != onsets.shape:
        raise ShapeError(
            f"voices and onsets are [step, voice], got {list(voices.shape)} and {list(onsets.shape)}"
        )
    tracks = []
    for i in range(voices.shape[1]):
        notes = line_notes(voices[:, i], onsets[:, i], np.arange(len(voices) + 1) / resolution)
        tracks.append(replace(like[i] if i < len(like) else Track(), notes=tuple(notes)))
    return Song(tuple(tracks))


def line_notes(pitches: Ints, onsets: Bools, beats: Floats, velocity: int = 80) -> list[Note]:
    """Notes of one voice: pitches int [step], onsets bool [step], beats float [step + 1] where each step lies."""
    new = np.ones(len(pitches), bool)
    new[1:] = (pitches[1:] != pitches[:-1]) | onsets[1:]
    starts = np.flatnonzero(new)
    ends = np.append(starts, len(pitches))[1:]
    fields = zip(
        beats[starts].tolist(),
        pitches[starts].tolist(),
        (beats[ends] - beats[starts]).tolist(),
        strict=True,
    )
    return [
        Note(onset, pitch, duration, velocity) for onset, pitch, duration in fields if pitch != REST
    ]


def _steps(song: Song, resolution: int) -> int:
    """Steps from the start to the end of the last note, which may be rounded past the end of the song."""
    ends = (_span(note, resolution)[1] for track in song.tracks for note in track.notes)
    return max(int(np.ceil(song.end * resolution - 1e-6)), max(ends, default=0))


def _span(note: Note, resolution: int) -> tuple[int, int]:
    """The steps that a note takes, at least one: (first, one past the last)."""
    start = round(note.onset * resolution)
    return start, max(start + 1, round(note.end * resolution))


@dataclass(frozen=True)
class PulseGrid:
    """The beats that one would tap: four steps each, whatever the metre.

    beats: float [pulse + 1], where each pulse starts (in beats; a pickup may make the first negative), and the end.
    bar: int [pulse], from 0. place: int [pulse], in its bar, from 0; a pickup counts from the end of a full bar.
    compound: bool [pulse]; such a pulse holds three eighths, at steps 0, 2 and 3, so that its first is its longest.
    """

    beats: Floats
    bar: Ints
    place: Ints
    compound: Bools

    def __len__(self) -> int:
        return len(self.bar)

    def extended(self, multiple: int, more: int = 0) -> PulseGrid:
        """The grid with `more` pulses like the last after its end, and up to a multiple of `multiple` pulses."""
        count = more + -(len(self) + more) % multiple
        after = np.arange(1, count + 1)
        last = self.beats[-1] - self.beats[-2]
        return PulseGrid(
            np.append(self.beats, self.beats[-1] + last * after),
            np.append(self.bar, np.repeat(self.bar[-1:], count)),
            np.append(self.place, self.place[-1] + after),
            np.append(self.compound, np.repeat(self.compound[-1:], count)),
        )

    def since(self, pulse: int) -> PulseGrid:
        """The grid from that pulse on, counted from 0; bars and places keep their numbers."""
        return PulseGrid(
            self.beats[pulse:], self.bar[pulse:], self.place[pulse:], self.compound[pulse:]
        )

    def to_steps(self, onsets: Floats | Sequence[float]) -> Floats:
        """Position in steps (4 a pulse, fractions kept) of onsets in beats."""
        x, steps = self._corners()
        return np.asarray(np.interp(np.asarray(onsets, float), x, steps))

    def step_beats(self) -> Floats:
        """Where each step starts, in beats: float [4 * pulse + 1]."""
        x, steps = self._corners()
        return np.asarray(np.interp(np.arange(4 * len(self) + 1), steps, x))

    def _corners(self) -> tuple[Floats, Floats]:
        span = np.diff(self.beats)[:, None]
        within = np.where(self.compound[:, None], [[0, 1 / 3, 2 / 3]], [[0, 1 / 2, 3 / 4]])
        x = (self.beats[:-1, None] + within * span).ravel()
        steps = (4 * np.arange(len(self))[:, None] + np.array([[0, 2, 3]])).ravel()
        return np.append(x, self.beats[-1]), np.append(steps, 4.0 * len(self))


def pulse_length(numerator: int, denominator: int) -> float:
    """The beat that is tapped, in quarter notes: 1 in 4/4 and 2/2, 1.5 in 6/8, 0.5 in 3/8 and 7/8."""
    if denominator < 8:
        return 1.0
    unit = 4.0 / denominator
    return 3 * unit if numerator % 3 == 0 and numerator > 3 else unit


def pulse_grid(song: Song, until: float | None = None) -> PulseGrid:
    """The pulses of `song` from its start to `until` (beats; default: the end of its last note), at least one.

    Bars are cut into pulses from their start, a short first bar (a pickup) from its end.
    """
    until = max(song.end if until is None else until, 1e-3)
    starts = song.bar_onsets(until)
    metres = [song.metre_at(start) for start in starts]
    ends = [*starts[1:], starts[-1] + metres[-1].beats_per_bar]
    if _begins_with_pickup(starts, metres):
        metres[0] = metres[1]  # a pickup is the end of a bar like the next
    beats: list[float] = []
    bar: list[int] = []
    place: list[int] = []
    compound: list[bool] = []
    for i, (start, end, metre) in enumerate(zip(starts, ends, metres, strict=True)):
        pulse = pulse_length(metre.numerator, metre.denominator)
        count = ceil((end - start) / pulse - 1e-9)
        first, offset = start, 0
        if i == 0 and _begins_with_pickup(starts, metres):
            first, offset = end - count * pulse, ceil(metre.beats_per_bar / pulse - 1e-9) - count
        for k in range(count):
            if first + k * pulse >= until - 1e-9 and beats:
                break
            beats.append(first + k * pulse)
            bar.append(i)
            place.append(offset + k)
            compound.append(abs(pulse * metre.denominator / 4 - 3) < 1e-9)
    edge = beats[-1] + pulse_length(metres[bar[-1]].numerator, metres[bar[-1]].denominator)
    return PulseGrid(np.array([*beats, edge]), np.array(bar), np.array(place), np.array(compound))


def _begins_with_pickup(starts: Sequence[float], metres: Sequence[TimeSignature]) -> bool:
    return len(starts) > 1 and starts[1] - starts[0] < metres[1].beats_per_bar - 1e-9


def sample_line(track: Track, grid: PulseGrid) -> tuple[Ints, Bools]:
    """A one-line track on a pulse grid: int pitches [step] (-1 = rest) and bool onsets [step], 4 steps a pulse.

    What ends before the grid begins is not on it.
    """
    pitches, onsets = np.full(4 * len(grid), REST, np.int64), np.zeros(4 * len(grid), bool)
    notes = [n for n in track.notes if n.end > grid.beats[0] + 1e-6]
    if notes:
        edges = grid.to_steps(np.array([[n.onset, n.end] for n in notes]))
        for note, (at, end) in zip(notes, np.round(edges + 1e-6).astype(int).tolist(), strict=True):
            start = min(at, len(pitches) - 1)  # a grace note before the very end is rounded past it
            pitches[start : max(start + 1, end)] = note.pitch
            onsets[start] = True
    return pitches, onsets
