"""Training windows of family `chorale`: pieces cut, transposed and partly hidden (numpy only).

Pieces are split before this; a piece lends a window from anywhere, in any key in which its voices
stay in range.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from composer.config import from_dict
from composer.errors import ConfigError
from composer.generators.chorale.codec import allowed_pitches, melody_inputs
from composer.generators.chorale.config import (
    DECIDED,
    FIRST_PULSE,
    HIDDEN,
    LAST_PULSE,
    PARTS,
    REACH,
    ChoraleConfig,
)
from composer.generators.family import Arrays
from composer.generators.latents import Array
from composer.generators.layers.melody import (
    LOW,
    PITCHES,
    bridge_rests,
    fold,
    pitch_class_weights,
)
from composer.songs.edit import top_line
from composer.songs.grid import REST, Bools, Ints, PulseGrid, pulse_grid, sample_line
from composer.songs.song import Song, Track
from composer.songs.theory import signature_shift

_ORDER = (0, *DECIDED)  # columns of a piece: melody, bass, alto, tenor

# How likely a window is moved this many semitones from the key that its melody suggests: melodies
# modulate, and the key of a short one is guessed wrongly.
_DETOURS = {0: 0.6, 5: 0.15, 7: 0.15, 2: 0.05, 10: 0.05}
_NO_METRE = 0.5  # of the windows are not told their metre
_NO_REPEATS = 0.5  # come as from a source that does not tell repeated notes
_HALF_SHOWN = 0.1  # of the voices are known half-way between pulses before the others

HIDDEN_FUTURES = 0.15  # of the windows have a melody that is not known to its end
LIVE = 0.25  # are as when playing along
LIVE_WEIGHT = 8.0  # of the one pulse that a live window decides in the last round
STRUCK = 0.6  # of the live ones know the pitch that begins it
SLIPS = 0.1  # of the pulses of half of the live windows are not as Bach wrote them


@dataclass(frozen=True)
class ChoralePiece:
    """A four-part piece on its pulses."""

    lines: Ints
    """Pitches, int [step, 4]: melody, bass, alto, tenor; -1 is a rest."""

    onsets: Bools
    """Bool [step, 4]: where a note starts."""

    grid: PulseGrid

    moves: tuple[int, ...]
    """Semitones by which it can be transposed."""

    shift: int
    """Semitones that bring its melody to C."""

    last: int
    """The pulse on which it ends; a few of rest follow."""


def to_piece(song: Song, config: ChoraleConfig) -> ChoralePiece:
    """Return a song of four tracks, the melody first, then from high to low, on its pulses.

    Of chords the highest note is taken, notes out of a voice's range are moved by octaves, and
    rests of the added voices are filled by what sounded.
    """
    grid = pulse_grid(song)
    last = len(grid) - 1
    # A few pulses of rest may follow, as when playing, so that endings are learnt with them.
    grid = grid.extended(4)
    lines, onsets = [], []
    for voice in _ORDER:
        line, _ = top_line(song.tracks[voice])
        pitches, starts = sample_line(line, grid)
        folded = fold(pitches, config.lowest[voice], config.highest[voice])
        lines.append(_filled(folded) if voice else bridge_rests(folded)[1])
        onsets.append(starts)
    shift = signature_shift(pitch_class_weights(lines[0]))
    moves = tuple(move for move in range(-6, 7) if _fits(lines, move, config))
    return ChoralePiece(
        np.stack(lines, axis=1),
        np.stack(onsets, axis=1),
        grid,
        moves,
        shift,
        last,
    )


def _filled(line: Ints) -> Ints:
    """Return the line with every rest given the pitch before it (at the start: the first one)."""
    sounding = np.flatnonzero(line != REST)
    before = np.searchsorted(sounding, np.arange(len(line)), side="right") - 1
    return np.asarray(line[sounding[np.maximum(before, 0)]])


def _fits(lines: Sequence[Ints], move: int, config: ChoraleConfig) -> bool:
    """Return whether all voices stay in range when moved; as it is, a piece is always taken."""
    if move == 0:
        return True
    for voice, line in zip(_ORDER, lines, strict=True):
        sounding = line[line != REST]
        too_low = sounding.min() + move < config.lowest[voice]
        too_high = sounding.max() + move > config.highest[voice]
        if too_low or too_high:
            return False
    return True


class Windows:
    """Training windows of pieces, drawn at random.

    pieces: those of the songs in which every track has notes.
    """

    def __init__(self, songs: Sequence[Song], config: ChoraleConfig) -> None:
        whole = [song for song in songs if all(track.notes for track in song.tracks)]
        self.pieces = [to_piece(song, config) for song in whole]
        self.config = config

    def batch(self, rng: np.random.Generator, size: int, length: int) -> Arrays:
        """Return `size` windows of `length` pulses: the networks' inputs and what they are to
        learn.

        Beside the inputs: target int [B, P, 4, 3]; strike, shown, counts and half as
        `Generator.cross_entropy` takes them. Raise ConfigError if no piece is as long.
        """
        long = [piece for piece in self.pieces if len(piece.grid) >= length]
        if not long:
            raise ConfigError(
                f"training needs pieces of at least {length} beats; "
                f"of {len(self.pieces)} none is as long"
            )
        # Long pieces more often, so that each beat comes as often as any; short ones not never.
        weights = np.array([len(piece.grid) - length + 8 for piece in long], float)
        chosen = rng.choice(len(long), size, p=weights / weights.sum())
        rows = [self._window(long[index], rng, length) for index in chosen]
        return {name: np.stack([row[name] for row in rows]) for name in rows[0]}

    def _window(
        self,
        piece: ChoralePiece,
        rng: np.random.Generator,
        length: int,
    ) -> Arrays:
        """Return one window of a piece. The order of the draws decides what a seed trains on."""
        start = int(rng.integers(len(piece.grid) - length + 1))
        steps = slice(4 * start, 4 * (start + length))
        move, shift = _draw_key(piece, rng)
        written = piece.lines[steps]
        lines = written + np.where(written == REST, 0, move)
        voices = np.clip(lines[:, 1:] + shift - LOW, 0, PITCHES - 1)
        target = voices.reshape(length, 4, 3)

        row = self._melody(piece, lines[:, 0], rng, start, shift)
        row["target"] = target.astype(np.int32)
        row["strike"] = _strikes(piece, start, length)
        _ask(row, target[:, 0], rng)
        row["on_pulse"] = rng.random((length, 3), np.float32)
        row["between"] = rng.random((length, 4, 3), np.float32)
        return row

    def _melody(
        self,
        piece: ChoralePiece,
        line: Ints,
        rng: np.random.Generator,
        start: int,
        shift: int,
    ) -> Arrays:
        """Return what is told of the melody `line`, int [step], which begins at pulse `start` of
        the piece.
        """
        end = start + len(line) // 4
        grid = _cut(piece.grid, start, end)
        onsets = piece.onsets[4 * start : 4 * end, 0]
        # A pitch tracker, say, does not hear that a note is struck again at the same pitch.
        if rng.random() < _NO_REPEATS:
            changes = np.r_[True, line[1:] != line[:-1]]
            onsets = changes & (line != REST)
        known_metre = bool(rng.random() < _NO_METRE)
        row = melody_inputs(line, onsets, grid, shift, known_metre)
        row["place"][0, FIRST_PULSE] = start == 0
        row["place"][:, LAST_PULSE] = np.arange(start, end) == piece.last
        row["allowed"] = allowed_pitches(shift, self.config)
        return row


def _draw_key(piece: ChoralePiece, rng: np.random.Generator) -> tuple[int, int]:
    """Return the semitones by which a window is moved, and those that then bring it to C."""
    move = int(rng.choice(piece.moves))
    detour = int(rng.choice(list(_DETOURS), p=list(_DETOURS.values())))
    # The nearest way to C, at most a tritone up or down.
    shift = (piece.shift - move + detour + 6) % 12 - 6
    return move, shift


def _cut(grid: PulseGrid, start: int, end: int) -> PulseGrid:
    """Return the pulses from `start` to before `end`."""
    return PulseGrid(
        grid.beats[start : end + 1],
        grid.bar[start:end],
        grid.place[start:end],
        grid.compound[start:end],
    )


def _ask(row: Arrays, voices: Ints, rng: np.random.Generator) -> None:
    """Put into a window what of it is known, and so what is asked. voices: int [pulse, 3], on the
    pulses.

    One network is to arrange, to fill in around what is kept, and to play ahead; so it is asked for
    all of them.
    """
    length = len(voices)
    row["shown"] = _shown(rng, length).astype(np.float32)
    row["counts"] = 1 - row["shown"]
    row["half"] = (rng.random(3) < _HALF_SHOWN).astype(np.float32)[None]
    row["given"][:, 0] = np.where(_locked(rng, length), voices, PITCHES)
    kind = rng.random()
    if kind < HIDDEN_FUTURES:
        hide(row, int(rng.integers(1, length)))
    elif kind < HIDDEN_FUTURES + LIVE:
        _play_live(row, voices, rng)


def hide(row: Arrays, start: int) -> None:
    """Take away from a window what is not heard yet: the melody from pulse `start` on, and that it
    ends.
    """
    row["melody"][start:] = PITCHES
    row["attack"][start:] = 0
    row["place"][start:, LAST_PULSE] = 0
    row["place"][start:, HIDDEN] = 1


def _play_live(row: Arrays, voices: Ints, rng: np.random.Generator) -> None:
    """Make a window as when playing along: the last pulse is decided, all before it is played.

    voices: int [pulse, 3], on the pulses. The melody of the last pulse is what is struck there, as
    if held, or hidden, rarely with some before it. Half the time some of what was played does not
    fit, as comes of deciding ahead.
    """
    length = len(voices)
    last = length - 1
    row["place"][last, LAST_PULSE] = 0
    if rng.random() < STRUCK:
        row["melody"][last] = row["melody"][last, 0]
        row["attack"][last, 1:] = 0
    else:
        hidden_before = int(rng.choice((0, 1, 3), p=(0.8, 0.1, 0.1)))
        hide(row, max(1, last - hidden_before))
    row["given"][:last, 0] = _played(voices, rng)[:last]
    row["given"][last] = PITCHES
    row["shown"][:] = 0
    is_last = np.arange(length) == last
    row["counts"] = LIVE_WEIGHT * is_last.astype(np.float32)


def _played(voices: Ints, rng: np.random.Generator) -> Ints:
    """Return voices [pulse, 3] in which, half the time, some pulses come from elsewhere.

    A player's past was decided ahead and is not Bach's; so some of it is not, here too.
    """
    length = len(voices)
    slips = rng.random(length) < SLIPS * (rng.random() < 0.5)
    elsewhere = rng.integers(length, size=length)
    source = np.where(slips, elsewhere, np.arange(length))
    return np.asarray(voices[source])


def _shown(rng: np.random.Generator, length: int) -> Bools:
    """Return the pulses known before the last round: every other, three of four, or any: bool
    [pulse].
    """
    kind = rng.random()
    place = np.arange(length)
    if kind < 0.4:
        return np.asarray(place % 2 == 0)
    if kind < 0.8:
        return np.asarray((place + rng.integers(4)) % 4 > 0)
    return np.asarray(rng.random(length) < rng.random())


def _locked(rng: np.random.Generator, length: int) -> Bools:
    """Return cells on the pulse that are given from outside: bool [pulse, 3].

    Mostly none; else any, whole voices, or all up to a place, as when voices or bars are kept or
    the past is played.
    """
    kind = rng.random()
    cells = np.zeros((length, 3), bool)
    if kind < 0.07:
        cells = rng.random((length, 3)) < rng.random()
    elif kind < 0.14:
        cells[:, rng.random(3) < 0.5] = True
    elif kind < 0.25:
        cells[: rng.integers(length)] = True
    return cells


def _strikes(piece: ChoralePiece, start: int, length: int) -> Array:
    """Return 1 where a pitch that goes on over a pulse starts again, 0 where it is held, -1 where
    it changes.
    """
    first = 4 * np.arange(start, start + length)
    goes_on = piece.lines[first, 1:] == piece.lines[first - 1, 1:]
    # Nothing comes before the first pulse, and an index of -1 would be the last step.
    goes_on &= (first > 0)[:, None]
    return np.where(goes_on, piece.onsets[first, 1:], -1).astype(np.float32)


def configure(given: dict[str, Any], songs: Sequence[Song]) -> ChoraleConfig:
    """Return the config that `given` (JSON values) and the songs' four tracks call for.

    Names, ranges and programs are those of the songs, unless they are the chorales' own or given.
    Raise ConfigError for songs that are not in four parts.
    """
    tracks = songs[0].tracks if songs else ()  # all songs of a corpus have the same
    names = tuple(track.name for track in tracks)
    has_drums = any(track.is_drum for track in tracks)
    if songs and (len(names) != len(PARTS) or has_drums):
        shown = ", ".join(names)
        raise ConfigError(
            f"family chorale has a melody and three voices, the songs have {shown}",
            mend="family",
        )
    found = {} if names in ((), PARTS) else voices_of(songs)
    return from_dict(ChoraleConfig, {**found, **given})


def voices_of(songs: Sequence[Song]) -> dict[str, Any]:
    """Return names, ranges (at least an octave, within what the networks hold) and programs of four
    tracks.
    """
    found: dict[str, Any] = {"parts": [], "lowest": [], "highest": [], "programs": []}
    for voice in range(len(PARTS)):
        tracks = [song.tracks[voice] for song in songs]
        low, high = _range_of(tracks)
        found["parts"].append(tracks[0].name)
        found["lowest"].append(low)
        found["highest"].append(high)
        found["programs"].append(max(track.program for track in tracks))
    found["programs"] = found["programs"][1:]  # the melody keeps its own
    return found


def _range_of(tracks: Sequence[Track]) -> tuple[int, int]:
    """Return the range of a voice, at least an octave, from its tracks in all songs."""
    pitches = [note.pitch for track in tracks for note in track.notes] or [60]
    # A hundredth at either end is left out: a few strays would make the range too wide.
    ends = np.percentile(np.array(pitches), (1, 99)).astype(int)
    low, high = np.clip(ends, *REACH).tolist()
    low = min(low, REACH[1] - 11)
    return low, max(high, low + 11)
