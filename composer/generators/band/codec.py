"""From a melody to the networks' inputs and from their outputs to tracks.

Every added track is a row of cells, one a pitch (or a drum), on four steps a pulse: binary
pianorolls as in MuseGAN (Dong et al. 2018), with where notes start beside them. Everything but
drums is transposed so that the melody's likeliest diatonic scale is C major's. The networks first
plan a chord for each pulse, one of the pitch-class sets that are commonest in the training songs;
then, coarse to fine, what each track sounds: its lowest cell, its highest, those between. Every
decision is the inverse of a distribution at a number in 0..1, which comes from the latents.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from composer.generators.band.config import (
    BAR_LENGTH,
    BAR_OF_FOUR,
    COMPOUND,
    FIRST_PULSE,
    IN_BAR,
    LAST_OF_BAR,
    LAST_PULSE,
    MARGIN,
    PLACES,
    TRANSPOSED,
    BandConfig,
)
from composer.generators.band.latents import draw_latents, spread_latents
from composer.generators.family import Arrays, Request
from composer.generators.latents import Array
from composer.generators.layers.melody import fold, octave_shift, pitch_class_weights
from composer.songs.edit import TINY, Melody
from composer.songs.grid import REST, Bools, Ints, PulseGrid, pulse_grid, sample_line
from composer.songs.song import Note, Song, Track
from composer.songs.theory import signature_shift

SOFTER = 0.85  # velocity of the added notes, times what the melody plays at the time


@dataclass(frozen=True)
class Encoded:
    """The context in which `decode` goes back from the networks' outputs to notes."""

    grid: PulseGrid

    shift: int
    """Semitones that were added to reach C."""

    config: BandConfig


def encode(
    song: Song,
    melody: Melody,
    request: Request,
    config: BandConfig,
) -> tuple[Arrays, Encoded]:
    """Return the networks' inputs for `melody` under the metre of `song`, and what `decode` needs.

    request: where the latents come from.
    """
    grid, places = pulses(song, config.strides[0], melody.line.end)
    pitches, onsets = sample_line(melody.line, grid)
    # One key for all: what is learnt in C then holds in every key.
    fitted = fit_octaves(pitches, config.melody_low, config.melody_high)
    shift = signature_shift(pitch_class_weights(fitted))
    inputs = melody_inputs(fitted, onsets, shift, config)
    inputs["place"] = with_shift(places, shift)
    inputs["allowed"] = config.cells.allowed(shift)
    bars = int(grid.bar.max()) + 1
    inputs |= spread_latents(draw_latents(request.origin, bars, config), grid, config)
    batch = {name: values[None] for name, values in inputs.items()}
    return batch, Encoded(grid, shift, config)


def pulses(
    song: Song,
    multiple: int,
    until: float | None = None,
) -> tuple[PulseGrid, Array]:
    """Return the pulses of a song up to beat `until`, and their places, float [pulse, PLACES].

    They are a multiple of `multiple`: after the last one follow some of rest, whose places are 0.
    """
    grid = pulse_grid(song, until)
    places = place_inputs(grid)
    places[0, FIRST_PULSE] = 1
    places[-1, LAST_PULSE] = 1
    longer = grid.extended(multiple)
    return longer, np.pad(places, [(0, len(longer) - len(grid)), (0, 0)])


def fit_octaves(pitches: Ints, low: int, high: int) -> Ints:
    """Return a line moved by octaves so that most of it lies in low..high, then single notes; rests
    (-1) stay.

    >>> fit_octaves(np.array([-1, 36, 38, 40, 70, -1]), 60, 79).tolist()
    [-1, 60, 62, 64, 70, -1]
    """
    octaves = octave_shift(pitches, low, high)
    return fold(np.where(pitches == REST, REST, pitches + octaves), low, high)


def melody_inputs(
    fitted: Ints,
    onsets: Bools,
    shift: int,
    config: BandConfig,
) -> Arrays:
    """Return melody int [pulse, 4], from 0, a rest the highest; and attack float [pulse, 4], 1
    where a note starts.
    """
    in_c = fitted + shift - config.melody_low + MARGIN
    index = np.where(fitted == REST, config.melody_pitches, in_c)
    return {
        "melody": index.reshape(-1, 4).astype(np.int32),
        "attack": onsets.reshape(-1, 4).astype(np.float32),
    }


def place_inputs(grid: PulseGrid) -> Array:
    """Return where each pulse lies, float [pulse, PLACES].

    Place in the bar (the eighth and all after it are one), last of the bar, bar in a group of four,
    compound, pulses of the bar. First and last pulse of the piece, and the transposition, are left
    0. The last bar, if it is cut short, counts as long as the one before.
    """
    places = np.zeros((len(grid), PLACES), np.float32)
    pulse = np.arange(len(grid))
    # Bars may differ in length, so the longest place seen says how long each is.
    lengths = np.zeros(int(grid.bar.max()) + 1, np.int64)
    np.maximum.at(lengths, grid.bar, grid.place + 1)
    lengths[-1] = max(lengths[-2:])
    length = lengths[grid.bar]
    places[pulse, IN_BAR + np.minimum(grid.place, 7)] = 1
    places[:, LAST_OF_BAR] = grid.place == length - 1
    places[pulse, BAR_OF_FOUR + grid.bar % 4] = 1
    places[:, COMPOUND] = grid.compound
    places[pulse, BAR_LENGTH - 1 + np.minimum(length, 8)] = 1
    return places


def with_shift(places: Array, shift: int) -> Array:
    """Return places that say by how much everything is transposed."""
    told = places.copy()
    told[:, TRANSPOSED + shift % 12] = 1
    return told


def decode(
    outputs: Arrays,
    encoded: Encoded,
    song: Song,
    melody: Melody,
) -> Song:
    """Return the arrangement: the melody as it came, then the added tracks, which play only while
    it lasts.

    outputs: sound and onset, float [1, pulse, 4, F], above 0.5 where a cell sounds and where a note
    starts.
    """
    config = encoded.config
    cells = config.cells
    sound = outputs["sound"][0].reshape(-1, len(cells)) > 0.5
    onset = outputs["onset"][0].reshape(-1, len(cells)) > 0.5
    kept = melody.kept
    tracks = [kept if kept.name else replace(kept, name="Melody")]
    for index, span in enumerate(cells.spans):
        is_drum = config.drums[index]
        spots = note_spots(sound[:, span], onset[:, span])
        if is_drum:
            spots[:, 1] = spots[:, 0] + 1  # a stroke lasts one step
        # The pitches of drums are instruments, so they were never transposed.
        back = 0 if is_drum else encoded.shift
        pitches = cells.pitch[span] - back
        notes = _notes(spots, pitches, encoded.grid)
        fitted = tuple(_within(notes, melody.line, is_drum))
        tracks.append(
            Track(fitted, config.names[index], config.programs[index], is_drum)
        )
    return replace(song, tracks=tuple(tracks))


def note_spots(sound: Bools, onset: Bools) -> Ints:
    """Return (first step, one past the last, cell) of each note: int [note, 3], by cell.

    sound, onset: bool [step, cell]. A note ends where its cell is silent or a note starts in it.

    >>> sound = np.array([[True], [True], [False]])
    >>> note_spots(sound, np.array([[True], [False], [False]])).tolist()
    [[0, 2, 0]]
    """
    steps = len(sound)
    # One cell after another, each with a step of silence at its end, so that one search finds where
    # notes end.
    stops_here = np.pad(~sound | onset, [(0, 1), (0, 0)], constant_values=True)
    stops = np.flatnonzero(stops_here.T)
    cell, start = np.nonzero((sound & onset).T)
    first = cell * (steps + 1)  # where each cell begins in that row
    end = stops[np.searchsorted(stops, first + start, side="right")] - first
    return np.stack([start, end, cell], axis=1)


def _notes(spots: Ints, pitches: Ints, grid: PulseGrid) -> list[Note]:
    """Return notes at the spots (`note_spots`); pitches: int [cell]."""
    beats = grid.step_beats()
    starts = beats[spots[:, 0]].tolist()
    ends = beats[spots[:, 1]].tolist()
    heard = pitches[spots[:, 2]].tolist()
    rows = zip(starts, ends, heard, strict=True)
    return [Note(start, pitch, end - start) for start, end, pitch in rows]


def _within(notes: list[Note], line: Track, is_drum: bool) -> list[Note]:
    """Return notes cut to the melody's span, a little softer than what it plays at the time.

    Strokes of drums before it are left out.
    """
    onsets = np.array([note.onset for note in line.notes])
    velocities = [note.velocity for note in line.notes]
    first = line.notes[0].onset
    end = line.end
    fitted = []
    for note in notes:
        start = max(note.onset, first)
        stop = min(note.end, end)
        too_early = is_drum and note.onset < first - TINY
        if too_early or stop - start <= TINY:
            continue
        beside = velocities[int(np.searchsorted(onsets, start, side="right")) - 1]
        velocity = max(1, round(SOFTER * beside))
        fitted.append(Note(start, note.pitch, stop - start, velocity))
    return fitted
