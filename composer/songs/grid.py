"""Songs to grids and back: pianorolls, voices with onsets, and pulses.

Grids hold a pitch for each step, and beside it where notes start: a repeated note is two onsets,
not one long note.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from math import ceil

import numpy as np
from numpy.typing import NDArray

from composer.errors import ShapeError
from composer.songs.song import Note, Song, TimeSignature, Track

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]

RESOLUTION = 4  # steps a beat
REST = -1
PITCHES = 128
TINY = 1e-6  # beats; what rounding may add to an onset
CLOSE = 1e-9
PULSE_STEPS = 4


# --- pianorolls --------------------------------------------------------------------------


def to_pianoroll(song: Song, resolution: int = RESOLUTION) -> Bools:
    """Return the pitches that sound: bool [step, 128, track], `resolution` steps a beat.

    >>> roll = to_pianoroll(Song((Track((Note(0.0, 60, 0.5),)),)))
    >>> roll.shape, roll[:, 60, 0].tolist()
    ((2, 128, 1), [True, True])
    """
    steps = _steps(song, resolution)
    roll = np.zeros((steps, PITCHES, len(song.tracks)), bool)
    for i, track in enumerate(song.tracks):
        for note in track.notes:
            start, end = _span(note, resolution)
            roll[start:end, note.pitch, i] = True
    return roll


def to_onsets(song: Song, resolution: int = RESOLUTION) -> Bools:
    """Return the pitches that start: bool [step, 128, track], beside `to_pianoroll`.

    A repeated note shows only here.

    >>> to_onsets(Song((Track((Note(0.0, 60, 0.5),)),)))[:, 60, 0].tolist()
    [True, False]
    """
    steps = _steps(song, resolution)
    onsets = np.zeros((steps, PITCHES, len(song.tracks)), bool)
    for i, track in enumerate(song.tracks):
        for note in track.notes:
            start, _ = _span(note, resolution)
            onsets[start, note.pitch, i] = True
    return onsets


def from_pianoroll(
    roll: Bools,
    onsets: Bools | None = None,
    resolution: int = RESOLUTION,
    like: Sequence[Track] = (),
) -> Song:
    """Return the notes of a bool [step, 128, track] pianoroll as a Song.

    onsets: of the same shape, splits repeated notes. like: tracks that give names and programs.
    Raise ShapeError for another shape or type.

    >>> roll = np.zeros((4, 128, 1), bool)
    >>> roll[1:3, 60, 0] = True
    >>> from_pianoroll(roll).tracks[0].notes
    (Note(onset=0.25, pitch=60, duration=0.5, velocity=80),)
    """
    if roll.ndim != 3 or roll.shape[1] != PITCHES or roll.dtype != bool:
        raise ShapeError(
            f"a pianoroll is bool [step, 128, track], got {roll.dtype} {list(roll.shape)}"
        )
    if onsets is not None and onsets.shape != roll.shape:
        raise ShapeError(
            f"onsets are as the pianoroll, {list(roll.shape)}, got {list(onsets.shape)}"
        )
    tracks = []
    for i in range(roll.shape[2]):
        starts = None if onsets is None else onsets[:, :, i]
        notes = _roll_notes(roll[:, :, i], starts, resolution)
        tracks.append(replace(_like(like, i), notes=tuple(notes)))
    return Song(tuple(tracks))


def _roll_notes(cells: Bools, onsets: Bools | None, resolution: int) -> list[Note]:
    """Return the notes of one track: cells and onsets are bool [step, 128]."""
    starts = cells.copy()
    starts[1:] &= ~cells[:-1]
    if onsets is not None:
        starts |= cells & onsets
    notes = []
    for step, pitch in np.argwhere(starts).tolist():
        length = _length(cells[step:, pitch], starts[step:, pitch])
        notes.append(Note(step / resolution, pitch, length / resolution))
    return notes


def _length(cells: Bools, starts: Bools) -> int:
    """Return the steps of the note that begins with the first cell: to a rest or the next start."""
    stops = ~cells
    stops[1:] |= starts[1:]
    return int(stops.argmax()) if stops.any() else len(cells)


def _like(like: Sequence[Track], i: int) -> Track:
    return like[i] if i < len(like) else Track()


# --- voices ------------------------------------------------------------------------------


def to_voices(song: Song, resolution: int = RESOLUTION) -> tuple[Ints, Bools]:
    """Return one pitch for each track and step: int [step, voice] (-1 = rest), and bool onsets.

    Of notes that sound together in a track, the one that starts last is kept; pass chords through
    `top_line` first.

    >>> voices, onsets = to_voices(Song((Track((Note(0.25, 60, 0.5),)),)))
    >>> voices[:, 0].tolist(), onsets[:, 0].tolist()
    ([-1, 60, 60], [False, True, False])
    """
    shape = (_steps(song, resolution), len(song.tracks))
    voices = np.full(shape, REST, np.int64)
    onsets = np.zeros(shape, bool)
    for i, track in enumerate(song.tracks):
        for note in track.notes:
            start, end = _span(note, resolution)
            voices[start:end, i] = note.pitch
            onsets[start, i] = True
    return voices, onsets


def from_voices(
    voices: Ints,
    onsets: Bools,
    resolution: int = RESOLUTION,
    like: Sequence[Track] = (),
) -> Song:
    """Return the notes of int [step, voice] pitches (-1 = rest) as a Song.

    A note starts at every onset and wherever the pitch changes. like: tracks that give names and
    programs. Raise ShapeError if the shapes differ.

    >>> voices, onsets = np.array([[60], [60]]), np.array([[True], [True]])
    >>> [note.onset for note in from_voices(voices, onsets).tracks[0].notes]
    [0.0, 0.25]
    """
    if voices.ndim != 2 or voices.shape != onsets.shape:
        raise ShapeError(
            f"voices and onsets are [step, voice], "
            f"got {list(voices.shape)} and {list(onsets.shape)}"
        )
    beats = np.arange(len(voices) + 1) / resolution
    tracks = []
    for i in range(voices.shape[1]):
        notes = line_notes(voices[:, i], onsets[:, i], beats)
        tracks.append(replace(_like(like, i), notes=tuple(notes)))
    return Song(tuple(tracks))


def line_notes(
    pitches: Ints, onsets: Bools, beats: Floats, velocity: int = 80
) -> list[Note]:
    """Return the notes of one voice.

    pitches: int [step], -1 = rest. onsets: bool [step]. beats: float [step + 1], where each step
    lies, and the end.

    >>> steps = np.array([0.0, 0.5, 1.0])
    >>> [note.duration for note in line_notes(np.array([60, 60]), np.array([True, False]), steps)]
    [1.0]
    """
    # The first step begins something, a note or a rest.
    is_new = np.ones(len(pitches), bool)
    changes = pitches[1:] != pitches[:-1]
    is_new[1:] = changes | onsets[1:]
    starts = np.flatnonzero(is_new)
    ends = np.append(starts[1:], len(pitches))
    starts_in_beats = beats[starts]
    durations = beats[ends] - starts_in_beats
    # Lists, as a Note holds Python's numbers.
    fields = zip(
        starts_in_beats.tolist(),
        pitches[starts].tolist(),
        durations.tolist(),
        strict=True,
    )
    notes = []
    for onset, pitch, duration in fields:
        if pitch != REST:
            notes.append(Note(onset, pitch, duration, velocity))
    return notes


def _steps(song: Song, resolution: int) -> int:
    """Return the steps to the end of the last note, which may be rounded past that of the song."""
    last = ceil(song.end * resolution - TINY)
    for track in song.tracks:
        for note in track.notes:
            _, end = _span(note, resolution)
            last = max(last, end)
    return last


def _span(note: Note, resolution: int) -> tuple[int, int]:
    """Return the steps that a note takes, at least one: the first, one past the last."""
    start = round(note.onset * resolution)
    end = round(note.end * resolution)
    return start, max(start + 1, end)


# --- pulses ------------------------------------------------------------------------------


@dataclass(frozen=True)
class PulseGrid:
    """The beats that one would tap: four steps each, whatever the metre.

    >>> waltz = Song((Track((Note(0.0, 60, 6.0),)),), time_signatures=(TimeSignature(0.0, 3, 4),))
    >>> grid = pulse_grid(waltz)
    >>> grid.bar.tolist(), grid.place.tolist()
    ([0, 0, 0, 1, 1, 1], [0, 1, 2, 0, 1, 2])
    """

    # float [pulse + 1]: the beat at which each pulse starts, and the end. A pickup may make the
    # first negative.
    beats: Floats
    bar: Ints  # int [pulse], from 0
    place: Ints  # int [pulse], in its bar, from 0; a pickup counts from the end of a full bar
    # bool [pulse]. Such a pulse holds three eighths, at steps 0, 2 and 3, so that its first is its
    # longest.
    compound: Bools

    def __len__(self) -> int:
        return len(self.bar)

    def extended(self, multiple: int, more: int = 0) -> PulseGrid:
        """Return the grid with `more` pulses like the last, and up to a multiple of `multiple`."""
        missing = -(len(self) + more) % multiple
        count = more + missing
        after = np.arange(1, count + 1)
        length = self.beats[-1] - self.beats[-2]
        beats = self.beats[-1] + length * after
        # Places go on counting: no bar begins in what is added.
        bar = np.repeat(self.bar[-1:], count)
        place = self.place[-1] + after
        compound = np.repeat(self.compound[-1:], count)
        return PulseGrid(
            np.append(self.beats, beats),
            np.append(self.bar, bar),
            np.append(self.place, place),
            np.append(self.compound, compound),
        )

    def since(self, pulse: int) -> PulseGrid:
        """Return the grid from a pulse on, counted from 0; bars and places keep their numbers."""
        return PulseGrid(
            self.beats[pulse:],
            self.bar[pulse:],
            self.place[pulse:],
            self.compound[pulse:],
        )

    def to_steps(self, onsets: Floats | Sequence[float]) -> Floats:
        """Return the position in steps (4 a pulse, fractions kept) of onsets in beats."""
        beats, steps = self._corners()
        at = np.asarray(onsets, float)
        return np.asarray(np.interp(at, beats, steps))

    def step_beats(self) -> Floats:
        """Return the beat at which each step starts: float [4 * pulse + 1]."""
        beats, steps = self._corners()
        edges = np.arange(PULSE_STEPS * len(self) + 1)
        return np.asarray(np.interp(edges, steps, beats))

    def _corners(self) -> tuple[Floats, Floats]:
        """Return beats and steps of the same places, between which both go evenly."""
        thirds = [[0, 1 / 3, 2 / 3]]  # steps 0, 2 and 3 of a compound pulse
        quarters = [[0, 1 / 2, 3 / 4]]  # the same steps of any other
        within = np.where(self.compound[:, None], thirds, quarters)
        lengths = np.diff(self.beats)[:, None]
        starts = self.beats[:-1, None]
        beats = starts + within * lengths
        first_steps = PULSE_STEPS * np.arange(len(self))[:, None]
        steps = first_steps + np.array([[0, 2, 3]])
        end = float(PULSE_STEPS * len(self))
        all_beats = np.append(beats, self.beats[-1])
        all_steps = np.append(steps, end)
        return all_beats, all_steps


def pulse_length(numerator: int, denominator: int) -> float:
    """Return the beat that one taps, in quarter notes.

    >>> pulse_length(4, 4), pulse_length(6, 8), pulse_length(7, 8)
    (1.0, 1.5, 0.5)
    """
    if denominator < 8:
        return 1.0
    unit = 4.0 / denominator
    is_compound = numerator % 3 == 0 and numerator > 3
    return 3 * unit if is_compound else unit


@dataclass(frozen=True)
class _Bar:
    """One bar of a song, in beats."""

    start: float
    end: float
    metre: TimeSignature
    is_pickup: bool

    @property
    def pulse(self) -> float:
        return pulse_length(self.metre.numerator, self.metre.denominator)

    @property
    def count(self) -> int:
        """Pulses that begin in it."""
        return ceil((self.end - self.start) / self.pulse - CLOSE)

    @property
    def first(self) -> float:
        """The beat of its first pulse: a pickup is cut into pulses from its end."""
        return self.end - self.count * self.pulse if self.is_pickup else self.start

    @property
    def first_place(self) -> int:
        """The place of its first pulse in a full bar."""
        if not self.is_pickup:
            return 0
        return ceil(self.metre.beats_per_bar / self.pulse - CLOSE) - self.count

    @property
    def is_compound(self) -> bool:
        return abs(self.pulse * self.metre.denominator / 4 - 3) < CLOSE


def pulse_grid(song: Song, until: float | None = None) -> PulseGrid:
    """Return the pulses of a song from its start to `until`, at least one.

    until: in beats, by default the end of the last note. Bars are cut into pulses from their start,
    a short first bar (a pickup) from its end.
    """
    until = max(song.end if until is None else until, 1e-3)
    beats: list[float] = []
    bar: list[int] = []
    place: list[int] = []
    compound: list[bool] = []
    last = 1.0
    for number, one in enumerate(_bars(song, until)):
        for k in range(one.count):
            onset = one.first + k * one.pulse
            if onset >= until - CLOSE and beats:
                break
            beats.append(onset)
            bar.append(number)
            place.append(one.first_place + k)
            compound.append(one.is_compound)
            last = one.pulse
    edges = np.array([*beats, beats[-1] + last])
    return PulseGrid(
        edges,
        np.array(bar),
        np.array(place),
        np.array(compound),
    )


def _bars(song: Song, until: float) -> Iterator[_Bar]:
    starts = song.bar_onsets(until)
    metres = [song.metre_at(start) for start in starts]
    end_of_last = starts[-1] + metres[-1].beats_per_bar
    ends = [*starts[1:], end_of_last]
    has_pickup = False
    if len(starts) > 1:
        length = starts[1] - starts[0]
        has_pickup = length < metres[1].beats_per_bar - CLOSE
    if has_pickup:
        # A pickup is the end of a bar like the next.
        metres[0] = metres[1]
    for i, (start, end, metre) in enumerate(zip(starts, ends, metres, strict=True)):
        yield _Bar(start, end, metre, is_pickup=has_pickup and i == 0)


def sample_line(track: Track, grid: PulseGrid) -> tuple[Ints, Bools]:
    """Return a one-line track on a pulse grid: int pitches and bool onsets, [step].

    A pulse has 4 steps; -1 is a rest. What ends before the grid begins is not on it.
    """
    steps = PULSE_STEPS * len(grid)
    pitches = np.full(steps, REST, np.int64)
    onsets = np.zeros(steps, bool)
    notes = [note for note in track.notes if note.end > grid.beats[0] + TINY]
    if not notes:
        return pitches, onsets
    spans = np.array([[note.onset, note.end] for note in notes])
    edges = np.round(grid.to_steps(spans) + TINY)
    rounded = edges.astype(int).tolist()
    for note, (at, end) in zip(notes, rounded, strict=True):
        # A grace note before the very end is rounded past it.
        start = min(at, steps - 1)
        pitches[start : max(start + 1, end)] = note.pitch
        onsets[start] = True
    return pitches, onsets
