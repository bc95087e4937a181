"""Training windows of family `chorale`: pieces cut, transposed and partly hidden (numpy only).

Pieces are split before this; a piece lends a window from anywhere, in any key in which its voices stay in range.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from composer.errors import ConfigError
from composer.generators.chorale.codec import (
    DECIDED,
    HIDDEN,
    Array,
    ChoraleConfig,
    allowed_pitches,
    melody_inputs,
)
from composer.generators.layers.melody import (
    LOW,
    PITCHES,
    bridge_rests,
    fold,
    pitch_class_weights,
)
from composer.songs.edit import top_line
from composer.songs.grid import REST, PulseGrid, pulse_grid, sample_line
from composer.songs.song import Song
from composer.songs.theory import signature_shift

Ints = NDArray[np.int64]
_ORDER = (0, *DECIDED)
# How likely a window is moved this many semitones from the key that its melody suggests: modulations, wrong guesses.
_DETOURS = {0: 0.6, 5: 0.15, 7: 0.15, 2: 0.05, 10: 0.05}

HIDDEN_FUTURES, LIVE = 0.15, 0.25  # of the windows
LIVE_WEIGHT = 8.0  # of the one pulse that a live window decides in the last round
STRUCK = 0.6  # of them: the pitch that begins it is known
SLIPS = 0.1  # of the pulses of half of the live windows, which are not as Bach wrote them


@dataclass(frozen=True)
class Piece:
    """A four-part piece on its pulses: lines int [step, 4] (melody, bass, alto, tenor), onsets bool alike.

    moves: semitones by which it can be transposed. shift: those that bring its melody to C. last: the pulse on
    which it ends; a few of rest follow.
    """

    lines: Ints
    onsets: NDArray[np.bool_]
    grid: PulseGrid
    moves: tuple[int, ...]
    shift: int
    last: int


def to_piece(song: Song, config: ChoraleConfig) -> Piece:
    """A song of four tracks, the melody first, then from high to low.

    Of chords the highest note is taken, notes out of a voice's range are moved by octaves, and rests of the added
    voices are filled by what sounded.
    """
    grid = pulse_grid(song)
    last = len(grid) - 1
    grid = grid.extended(4)
    sampled = [sample_line(top_line(song.tracks[v])[0], grid) for v in _ORDER]
    ranges = [(config.lowest[v], config.highest[v]) for v in _ORDER]
    lines = np.stack([fold(p, *span) for (p, _), span in zip(sampled, ranges, strict=True)], axis=1)
    lines[:, 0] = bridge_rests(lines[:, 0])[1]
    for v in (1, 2, 3):
        lines[:, v] = _filled(lines[:, v])
    spans = [
        (lines[lines[:, v] != REST, v].min(), lines[lines[:, v] != REST, v].max()) for v in range(4)
    ]
    moves = tuple(
        m
        for m in range(-6, 7)
        if m == 0
        or all(
            low + m >= r[0] and high + m <= r[1]
            for (low, high), r in zip(spans, ranges, strict=True)
        )
    )
    shift = signature_shift(pitch_class_weights(lines[:, 0]))
    return Piece(lines, np.stack([o for _, o in sampled], axis=1), grid, moves, shift, last)


def _filled(line: Ints) -> Ints:
    """Every rest given the pitch before it (at the start: the first one)."""
    sounding = np.flatnonzero(line != REST)
    before = np.searchsorted(sounding, np.arange(len(line)), side="right") - 1
    return np.asarray(line[sounding[np.maximum(before, 0)]])


class Windows:
    """Draws batches. `length` in pulses. Raises ConfigError where no piece is as long."""

    def __init__(self, songs: Sequence[Song], config: ChoraleConfig) -> None:
        self.pieces = [
            to_piece(song, config) for song in songs if all(track.notes for track in song.tracks)
        ]
        self.config = config

    def batch(
        self, rng: np.random.Generator, size: int, length: int
    ) -> dict[str, NDArray[np.generic]]:
        """The networks' inputs and noise, target int [B, P, 4, 3], strike, shown, counts and half; see the networks."""
        long = [p for p in self.pieces if len(p.grid) >= length]
        if not long:
            raise ConfigError(
                f"training needs pieces of at least {length} beats; of {len(self.pieces)} none is as long"
            )
        weights = np.array([len(p.grid) - length + 8 for p in long], float)
        chosen = rng.choice(len(long), size, p=weights / weights.sum())
        rows = [self._window(long[i], rng, length) for i in chosen]
        return {name: np.stack([row[name] for row in rows]) for name in rows[0]}

    def _window(
        self, piece: Piece, rng: np.random.Generator, length: int
    ) -> dict[str, NDArray[np.generic]]:
        start = int(rng.integers(len(piece.grid) - length + 1))
        steps = slice(4 * start, 4 * (start + length))
        move = int(rng.choice(piece.moves))
        detour = int(rng.choice(list(_DETOURS), p=list(_DETOURS.values())))
        shift = (piece.shift - move + detour + 6) % 12 - 6
        lines = piece.lines[steps] + np.where(piece.lines[steps] == REST, 0, move)
        row = self._melody(piece, lines[:, 0], rng, start, length, shift)
        target = np.clip(lines[:, 1:] + shift - LOW, 0, PITCHES - 1).reshape(length, 4, 3)
        row["target"] = target.astype(np.int32)
        row["strike"] = _strikes(piece, start, length)
        row["shown"] = _shown(rng, length).astype(np.float32)
        row["counts"] = 1 - row["shown"]
        row["half"] = (rng.random(3) < 0.1).astype(np.float32)[None]
        row["given"][:, 0] = np.where(_locked(rng, length), target[:, 0], PITCHES)
        kind = rng.random()
        if kind < HIDDEN_FUTURES:
            hide(row, int(rng.integers(1, length)))
        elif kind < HIDDEN_FUTURES + LIVE:
            _play_live(row, target[:, 0], rng)
        row["on_pulse"] = rng.random((length, 3), np.float32)
        row["between"] = rng.random((length, 4, 3), np.float32)
        return row

    def _melody(
        self,
        piece: Piece,
        line: Ints,
        rng: np.random.Generator,
        start: int,
        length: int,
        shift: int,
    ) -> dict[str, NDArray[np.generic]]:
        grid = piece.grid
        cut = PulseGrid(
            grid.beats[start : start + length + 1],
            grid.bar[start : start + length],
            grid.place[start : start + length],
            grid.compound[start : start + length],
        )
        onsets = piece.onsets[4 * start : 4 * (start + length), 0]
        if rng.random() < 0.5:  # as from a source that does not tell repeated notes
            onsets = np.r_[True, line[1:] != line[:-1]] & (line != REST)
        row = melody_inputs(line, onsets, cut, shift, known_metre=bool(rng.random() < 0.5))
        row["place"][0, 2] = start == 0
        row["place"][:, 3] = np.arange(start, start + length) == piece.last
        row["allowed"] = allowed_pitches(shift, self.config)
        return row


def hide(row: dict[str, NDArray[np.generic]], start: int) -> None:
    """Take away what is not heard yet: the melody from a pulse on, and that it ends."""
    row["melody"][start:] = PITCHES
    row["attack"][start:] = 0
    row["place"][start:, 3] = 0
    row["place"][start:, HIDDEN] = 1


def _play_live(row: dict[str, NDArray[np.generic]], voices: Ints, rng: np.random.Generator) -> None:
    """As when playing along: the last pulse is decided, all before it is played.

    Its melody is what is struck there, as if held, or hidden, rarely with some before it. voices: int [P, 3]. Half the
    time some of what was played does not fit, as it comes of deciding so.
    """
    length, last = len(voices), len(voices) - 1
    row["place"][last, 3] = 0
    if rng.random() < STRUCK:
        row["melody"][last] = row["melody"][last, 0]
        row["attack"][last, 1:] = 0
    else:
        hide(row, max(1, last - int(rng.choice((0, 1, 3), p=(0.8, 0.1, 0.1)))))
    slips = rng.random(length) < SLIPS * (rng.random() < 0.5)
    played = voices[np.where(slips, rng.integers(length, size=length), np.arange(length))]
    row["given"][:last, 0], row["given"][last] = played[:last], PITCHES
    row["shown"][:] = 0
    row["counts"] = LIVE_WEIGHT * (np.arange(length) == last).astype(np.float32)


def _shown(rng: np.random.Generator, length: int) -> NDArray[np.bool_]:
    """Pulses known before the last round: every other, three of four, or any: bool [P]."""
    kind, place = rng.random(), np.arange(length)
    if kind < 0.4:
        return np.asarray(place % 2 == 0)
    if kind < 0.8:
        return np.asarray((place + rng.integers(4)) % 4 > 0)
    return np.asarray(rng.random(length) < rng.random())


def _locked(rng: np.random.Generator, length: int) -> NDArray[np.bool_]:
    """Cells on the pulse that are given from outside: bool [P, 3].

    Mostly none; else any, whole voices, or all up to a place, as when voices or bars are locked or the past is played.
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


def _strikes(piece: Piece, start: int, length: int) -> Array:
    """1 where a pitch that goes on over a pulse starts anew, 0 where it is held, -1 where the pitch changes."""
    first = 4 * np.arange(start, start + length)
    same = (piece.lines[first, 1:] == piece.lines[first - 1, 1:]) & (first > 0)[:, None]
    return np.where(same, piece.onsets[first, 1:], -1).astype(np.float32)
