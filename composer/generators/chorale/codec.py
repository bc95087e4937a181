"""From a melody to the networks' inputs and from their outputs to three voices.

The melody is laid on its pulses (four steps each), moved by octaves into the first voice's range,
and transposed so that its likeliest diatonic scale is C major's. The networks decide the voices in
rounds: first what sounds on the pulses, coarse to fine (every `strides[0]`th pulse, then those
half-way ...), bass, alto, tenor; then what moves between them. Every decision is the inverse of a
distribution at a number in 0..1, which comes from the latents.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import repeat

import numpy as np
from numpy.typing import NDArray

from composer.generators.chorale.config import (
    DECIDED,
    DOWNBEAT,
    FIRST_PULSE,
    HIDDEN,
    LAST_PULSE,
    MEMORY,
    METRE_KNOWN,
    PLACE,
    RECALL,
    TRANSPOSED,
    ChoraleConfig,
)
from composer.generators.chorale.latents import draw_latents, spread_latents
from composer.generators.family import Arrays, Request
from composer.generators.keep import Ahead, Kept, continued, keep_voices
from composer.generators.latents import Array
from composer.generators.layers.melody import (
    LOW,
    PITCHES,
    bridge_rests,
    fold,
    octave_shift,
    pitch_class_weights,
)
from composer.songs.edit import TINY, Melody, cut_notes, outside
from composer.songs.grid import (
    REST,
    Bools,
    Ints,
    PulseGrid,
    line_notes,
    pulse_grid,
    sample_line,
)
from composer.songs.song import Note, Song, Track
from composer.songs.theory import signature_shift

SOFTER = 0.85  # velocity of the added voices, times that of the melody


@dataclass(frozen=True)
class Encoded:
    """The context in which `decode` goes back from the networks' outputs to notes."""

    grid: PulseGrid

    octaves: int
    """Semitones that brought the melody into the first voice's range."""

    shift: int
    """Semitones that were added to reach C."""

    sounds: Bools
    """Bool [step]: where the added voices may sound."""

    config: ChoraleConfig

    end: float = 0.0
    """The beat at which the voices end."""

    now: float | None = None
    """The beat up to which the melody was heard, if the voices play ahead of it."""

    kept: tuple[Kept, ...] = ()
    """What stays as it is of alto, tenor and bass, if anything does."""


def encode(
    song: Song,
    melody: Melody,
    request: Request,
    config: ChoraleConfig,
) -> tuple[Arrays, Encoded]:
    """Return the networks' inputs for `melody` under the metre of `song`, and what `decode` needs.

    request: where the latents come from, which voices of `song` stay as they are, how far to play
    ahead.
    """
    ahead = request.ahead
    now = ahead.now if ahead else None
    line, end = _stretch(melody, ahead)
    pulses = _pulses(song, request, end, config.strides[0])
    grid = pulses.grid
    heard = _heard(line, grid, config)
    # Kept pitches are laid on the same pulses, so that the networks see them beside the melody.
    kept: list[Kept] = []
    if request.keep:
        voices = config.parts[1:]
        kept = keep_voices(request.keep, song, voices, melody.index, grid, end)

    known_metre = bool(song.time_signatures)
    inputs = _melody_inputs(heard, pulses, known_metre, ahead)
    inputs["given"] = _given(inputs["given"], kept, heard.octaves + heard.shift)
    if now is not None:
        inputs["given"] = _recall(inputs["given"], grid, now)
    inputs["allowed"] = allowed_pitches(heard.shift, config)
    bars = int(grid.bar.max()) + 1
    latents = draw_latents(request.origin, bars)
    inputs |= spread_latents(latents, grid, config)
    batch = {name: values[None] for name, values in inputs.items()}
    context = Encoded(
        grid,
        heard.octaves,
        heard.shift,
        _may_sound(heard.sounds, grid, now),
        config,
        end,
        now,
        tuple(kept),
    )
    return batch, context


def _stretch(melody: Melody, ahead: Ahead | None) -> tuple[Track, float]:
    """Return the melody to go by, and the beat at which the voices end."""
    if ahead is None:
        return melody.line, melody.line.end
    return ahead.line(melody.line), ahead.end


def _may_sound(sounds: Bools, grid: PulseGrid, now: float | None) -> Bools:
    """Return the steps at which the added voices may sound: bool [step].

    They sound while the melody does, and anywhere after beat `now`: nobody knows yet whether the
    melody will rest there.
    """
    if now is None:
        return sounds
    return np.asarray(sounds | (grid.step_beats()[:-1] >= now - TINY))


@dataclass(frozen=True)
class _Pulses:
    """The pulses that the networks see of a song."""

    grid: PulseGrid
    cut: int  # pulses of the song that were left out before them
    last: int  # the pulse on which the melody ends; a few of rest may follow


def _pulses(
    song: Song,
    request: Request,
    end: float,
    stride: int,
) -> _Pulses:
    """Return the pulses of a song up to beat `end`, a multiple of `stride`."""
    whole = pulse_grid(song, end)
    cut = 0
    if request.ahead is not None and request.keep is not None:
        cut = _not_needed(len(whole), stride)
    short = whole.since(cut)
    # Rest is added up to a multiple of the first stride: the rounds need it.
    return _Pulses(short.extended(stride), cut, len(short) - 1)


@dataclass(frozen=True)
class _Heard:
    """A melody on its pulses, in the range of the first voice."""

    pitches: Ints  # [step], as heard; -1 is a rest
    onsets: Bools  # [step]
    sounds: Bools  # [step], True where the melody does, short rests bridged
    octaves: int  # semitones that were added to reach the range
    shift: int  # semitones from there to C


def _heard(line: Track, grid: PulseGrid, config: ChoraleConfig) -> _Heard:
    """Return a melody on its pulses. Raise MelodyError if nothing of it sounds there."""
    pitches, onsets = sample_line(line, grid)
    low = config.lowest[0]
    high = config.highest[0]
    octaves = octave_shift(pitches, low, high)
    # A breath between two notes is no rest to the networks; the key is guessed without it too.
    sounds, bridged = bridge_rests(pitches)
    moved = fold(bridged + np.where(bridged == REST, 0, octaves), low, high)
    shift = signature_shift(pitch_class_weights(moved))
    return _Heard(moved, onsets, sounds, octaves, shift)


def _melody_inputs(
    heard: _Heard,
    pulses: _Pulses,
    known_metre: bool,
    ahead: Ahead | None,
) -> Arrays:
    """Return what the networks are told of a melody, its first and last pulse included."""
    inputs = melody_inputs(
        heard.pitches,
        heard.onsets,
        pulses.grid,
        heard.shift,
        known_metre,
    )
    _mark_ends(inputs["place"], pulses, ahead)
    return inputs


def _mark_ends(place: Array, pulses: _Pulses, ahead: Ahead | None) -> None:
    """Mark in `place` the first pulse of the melody, and its last one or, when playing ahead, those
    whose melody is not known.
    """
    place[0, FIRST_PULSE] = pulses.cut == 0
    if ahead is None:
        place[pulses.last, LAST_PULSE] = 1
    else:
        is_hidden = pulses.grid.beats[:-1] >= ahead.known - TINY
        place[is_hidden, HIDDEN] = 1


def _given(
    nothing: NDArray[np.int32],
    kept: list[Kept],
    moved: int,
) -> NDArray[np.int32]:
    """Return the pitches of kept voices as the networks know them: int [pulse, 4, 3], voices as
    DECIDED.
    """
    given = nothing.copy()
    for voice, one in enumerate(kept, 1):
        given[:, :, DECIDED.index(voice)] = given_pitches(one.pitches, moved)
    return given


def _recall(given: NDArray[np.int32], grid: PulseGrid, now: float) -> NDArray[np.int32]:
    """Return, of what was played [pulse, 4, 3], the last RECALL pulses, and of the last one how it
    ended.

    From there the voices go on: told how it began, they run in parallel with the melody five times
    as often.
    """
    told = given.copy()
    played = np.flatnonzero(grid.beats[1:] <= now + TINY)
    told[played[:-RECALL]] = PITCHES
    last = played[-1:]
    ended = given[last, 3]
    told[last, 0] = np.where(ended == PITCHES, given[last, 0], ended)
    return told


def _not_needed(pulses: int, stride: int) -> int:
    """Return the number of pulses at the start that are left out when playing ahead.

    Those to come are to be the last of the grid, so that they are decided with all before them
    known and nothing guessed after them. And a decision is to take as long after an hour as after a
    minute.
    """
    beyond_memory = max(0, (pulses - MEMORY) // stride) * stride
    cut = min(pulses - stride, pulses % stride + beyond_memory)
    return max(0, cut)


def given_pitches(pitches: Ints, moved: int) -> NDArray[np.int32]:
    """Return kept pitches [step], transposed by `moved` semitones, as the networks know them: int
    [pulse, 4].

    Those beyond what they know are folded into it, for the networks alone; PITCHES where nothing is
    kept.
    """
    is_rest = pitches == REST
    transposed = np.where(is_rest, REST, pitches + moved)
    index = fold(transposed, LOW, LOW + PITCHES - 1)
    known = np.where(is_rest, PITCHES, index - LOW)
    return known.astype(np.int32).reshape(-1, 4)


def melody_inputs(
    pitches: Ints,
    onsets: Bools,
    grid: PulseGrid,
    shift: int,
    known_metre: bool,
) -> Arrays:
    """Return what the networks are told of a melody.

    melody int [pulse, 4], PITCHES for a rest. attack float [pulse, 4], 1 where a note starts. place
    float [pulse, PLACE]; last pulse and hidden ones are left to the caller. given int [pulse, 4,
    3], nothing yet.
    """
    count = len(grid)
    # Pitches count from the lowest that the networks know; one past the highest is a rest.
    index = np.where(pitches == REST, PITCHES, pitches + shift - LOW)
    place = np.zeros((count, PLACE), np.float32)
    place[:, DOWNBEAT] = known_metre * (grid.place == 0)
    place[:, METRE_KNOWN] = known_metre
    place[0, FIRST_PULSE] = 1
    place[:, TRANSPOSED + shift % 12] = 1
    return {
        "melody": index.reshape(count, 4).astype(np.int32),
        "attack": onsets.reshape(count, 4).astype(np.float32),
        "place": place,
        "given": np.full((count, 4, 3), PITCHES, np.int32),
    }


def allowed_pitches(shift: int, config: ChoraleConfig) -> Array:
    """Return 1 where a voice may sing: float [3, PITCHES], voices as DECIDED."""
    heard = np.arange(PITCHES) + LOW - shift
    rows = []
    for voice in DECIDED:
        high_enough = heard >= config.lowest[voice]
        low_enough = heard <= config.highest[voice]
        rows.append(high_enough & low_enough)
    return np.array(rows, np.float32)


def decode(
    outputs: Arrays,
    encoded: Encoded,
    song: Song,
    melody: Melody,
) -> Song:
    """Return the arrangement: the melody as it came, then alto, tenor and bass.

    outputs: pitches int [1, pulse, 4, 3] of network pitches, voices as DECIDED; strike float [1,
    pulse, 3], above 0.5 if a pitch that goes on over the pulse starts again there.
    """
    pitches, struck = _sung(outputs, encoded)
    velocity = _velocity(melody.line)

    config = encoded.config
    # Voices without an instrument of their own play the melody's.
    programs = config.programs or tuple(repeat(melody.kept.program, 3))
    tracks = [_named(melody.kept)]
    for voice in (1, 2, 3):
        column = DECIDED.index(voice)
        sung = pitches[:, :, column].ravel()
        again = struck[:, :, column].ravel()
        notes = _voice_notes(sung, again, encoded, velocity)
        made = Track(tuple(notes), config.parts[voice], programs[voice - 1])
        if encoded.kept:
            made = _merged(encoded.kept[voice - 1], made, encoded.now)
        tracks.append(made)
    return replace(song, tracks=tuple(tracks))


def _sung(outputs: Arrays, encoded: Encoded) -> tuple[Ints, Bools]:
    """Return MIDI pitches as they are heard, and where they start again: [pulse, 4, 3] each."""
    pitches = (
        outputs["pitches"][0].astype(np.int64) + LOW - encoded.shift - encoded.octaves
    )
    # Only on a pulse can a note start again at the same pitch; between them it holds on.
    struck = np.zeros(pitches.shape, bool)
    struck[:, 0] = outputs["strike"][0] > 0.5
    return pitches, struck


def _velocity(line: Track) -> int:
    """Return the velocity of the added voices: a little softer than the melody on average."""
    loudness = float(np.mean([note.velocity for note in line.notes]))
    return max(1, round(SOFTER * loudness))


def _voice_notes(
    pitches: Ints,
    struck: Bools,
    encoded: Encoded,
    velocity: int,
) -> list[Note]:
    """Return the notes of a voice, from its pitches and where they start again, both [step]."""
    # The first pulse of a pickup may begin before beat 0.
    beats = np.maximum(encoded.grid.step_beats(), 0.0)
    line = np.where(encoded.sounds, pitches, REST)
    notes = line_notes(line, struck, beats, velocity)
    return _fit(notes, encoded.end)


def _named(melody: Track) -> Track:
    return melody if melody.name else replace(melody, name="Melody")


def _merged(kept: Kept, made: Track, now: float | None) -> Track:
    """Return a voice whose kept notes stay, with what was made around them or, when playing ahead,
    after them.
    """
    if now is None:
        return replace(
            kept.track, notes=(*kept.notes, *outside(made.notes, kept.spans))
        )
    return replace(kept.track, notes=continued(kept.notes, made.notes, now))


def _fit(notes: list[Note], end: float) -> list[Note]:
    """Return the notes cut at beat `end`, without those that have no MIDI pitch."""
    return [note for note in cut_notes(notes, end) if 0 <= note.pitch <= 127]
