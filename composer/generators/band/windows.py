"""Training side of family `band` without networks: songs on their pulses, windows, and what a corpus calls for (numpy).

A song's first track is its melody, the others are the config's tracks in order; an empty one is a role that the piece
lacks, and the networks are told to leave it silent there.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from composer.config import from_dict
from composer.errors import ConfigError
from composer.generators.band.codec import (
    MARGIN,
    Array,
    BandConfig,
    Bools,
    Ints,
    fit_octaves,
    melody_inputs,
    place_inputs,
    with_shift,
)
from composer.generators.layers.melody import fold, pitch_class_weights
from composer.songs.edit import top_line
from composer.songs.grid import REST, PulseGrid, pulse_grid, sample_line
from composer.songs.song import Song, Track
from composer.songs.theory import signature_shift

DRUM_PITCHES, CHORDS, WIDEST = 24, 64, 60  # at most, that `configure` chooses
C_MAJOR = 0b10010001  # C, E, G
# How likely a window is moved this many semitones from the key that its melody suggests: modulations, wrong guesses.
_DETOURS = {0: 0.7, 5: 0.1, 7: 0.1, 2: 0.05, 10: 0.05}
_FOUND = (
    "names",
    "programs",
    "drums",
    "lows",
    "highs",
    "drum_pitches",
    "chords",
    "melody_low",
    "melody_high",
)


@dataclass(frozen=True)
class Piece:
    """A song on its pulses.

    line: int [step], the melody as it is heard, in the config's range. attack: bool [step]. notes: int [note, 4], first
    step, one past the last, pitch as heard in its track's range, track. places: float [pulse, PLACES].
    moves: semitones by which it can be transposed. shift: those that bring its melody to C. present: bool [track].
    """

    line: Ints
    attack: Bools
    notes: Ints
    places: Array
    moves: tuple[int, ...]
    shift: int
    present: Bools

    def __len__(self) -> int:
        return len(self.places)


def to_piece(song: Song, config: BandConfig) -> Piece | None:
    """The song as its config sees it; None where it has no melody. Raises ConfigError for another number of tracks."""
    tracks = song.tracks
    if len(tracks) != len(config.names) + 1:
        raise ConfigError(
            f"family band was made for a melody and {len(config.names)} tracks ({', '.join(config.names)}); "
            f"{song.title or 'a song'} has {len(tracks)} tracks in all"
        )
    melody = top_line(tracks[0])[0]
    if not melody.notes:
        return None
    grid, places = _pulses(song, config.strides[0])
    heard, attack = sample_line(melody, grid)
    line = fit_octaves(heard, config.melody_low, config.melody_high)
    ranges = zip(tracks[1:], config.drums, config.lows, config.highs, strict=True)
    parts = [
        _cell_notes(on_grid(t, grid), i, d, low, high) for i, (t, d, low, high) in enumerate(ranges)
    ]
    notes = np.concatenate(parts)
    present = np.array([bool(t.notes) for t in tracks[1:]])
    shift = signature_shift(pitch_class_weights(line))
    return Piece(line, attack, notes, places, _moves(line, notes, config), shift, present)


def _pulses(song: Song, multiple: int) -> tuple[PulseGrid, Array]:
    """The song's pulses, some of rest after them, and their places with the ends marked."""
    grid = pulse_grid(song)
    places = place_inputs(grid)
    places[0, 14] = places[-1, 15] = 1
    longer = grid.extended(multiple)
    return longer, np.pad(places, [(0, len(longer) - len(grid)), (0, 0)])


def on_grid(track: Track, grid: PulseGrid) -> Ints:
    """Notes as int [note, 3]: first step, one past the last, pitch. None shorter than a step."""
    if not track.notes:
        return np.zeros((0, 3), np.int64)
    last = 4 * len(grid)
    edges = np.round(
        grid.to_steps(np.array([[n.onset, n.end] for n in track.notes])) + 1e-6
    ).astype(np.int64)
    start = np.minimum(edges[:, 0], last - 1)
    return np.stack(
        [start, np.maximum(edges[:, 1], start + 1), [n.pitch for n in track.notes]], axis=1
    )


def _cell_notes(notes: Ints, track: int, is_drum: bool, low: int, high: int) -> Ints:
    """Notes in the track's range, as `Piece` holds them; one that starts ends what its pitch was sounding."""
    pitch = notes[:, 2] if is_drum else fold(notes[:, 2], low, high)
    start, end, pitch = np.stack([notes[:, 0], notes[:, 1], pitch])[
        :, np.lexsort((notes[:, 1], notes[:, 0], pitch))
    ]
    struck = (pitch[1:] == pitch[:-1]) & (start[1:] > start[:-1])
    end = np.minimum(end, np.append(np.where(struck, start[1:], end[:-1]), end[-1:]))
    return np.stack([start, end, pitch, np.full(len(start), track)], axis=1)


def _moves(line: Ints, notes: Ints, config: BandConfig) -> tuple[int, ...]:
    """Transpositions in which the melody and every pitched track stay in range."""
    spans = [(line[line != REST], config.melody_low, config.melody_high)]
    ranges = zip(config.drums, config.lows, config.highs, strict=True)
    spans += [
        (notes[notes[:, 3] == i, 2], low, high)
        for i, (drum, low, high) in enumerate(ranges)
        if not drum
    ]
    down = max((low - int(p.min()) for p, low, _ in spans if len(p)), default=0)
    up = min((high - int(p.max()) for p, _, high in spans if len(p)), default=0)
    return tuple(m for m in range(-6, 7) if m == 0 or down <= m <= up)


class Windows:
    """Draws batches. `length` in pulses. Raises ConfigError where no piece is as long."""

    def __init__(self, songs: Sequence[Song], config: BandConfig) -> None:
        found = (to_piece(song, config) for song in songs)
        self.pieces = [piece for piece in found if piece is not None]
        self.config = config
        self._cell = _cell_table(config)
        self._chords = chord_masks(config.chords)

    def batch(self, rng: np.random.Generator, size: int, length: int) -> dict[str, NDArray[Any]]:
        """The networks' inputs, and what the song plays: sound and onset float [B, P, 4, F], plan int [B, P]."""
        multiple = self.config.strides[0]
        if length % multiple:
            raise ConfigError(
                f"the length of a window is a multiple of {multiple} beats (strides), got {length}"
            )
        long = [p for p in self.pieces if len(p) >= length]
        if not long:
            bars = -(-length // 4)
            raise ConfigError(
                f"training needs pieces of at least {length} beats ({bars} bars of 4/4); "
                f"of {len(self.pieces)} with a melody none is as long"
            )
        weights = np.array([len(p) - length + 8 for p in long], float)
        chosen = rng.choice(len(long), size, p=weights / weights.sum())
        rows = [self._window(long[i], rng, length) for i in chosen]
        return {name: np.stack([row[name] for row in rows]) for name in rows[0]}

    def _window(
        self, piece: Piece, rng: np.random.Generator, length: int
    ) -> dict[str, NDArray[Any]]:
        start = int(rng.integers(len(piece) - length + 1))
        steps, config = slice(4 * start, 4 * (start + length)), self.config
        move, detour = (
            int(rng.choice(piece.moves)),
            int(rng.choice(list(_DETOURS), p=list(_DETOURS.values()))),
        )
        shift = (piece.shift - move + detour + 6) % 12 - 6
        line = piece.line[steps] + np.where(piece.line[steps] == REST, 0, move)
        row = melody_inputs(line, piece.attack[steps], shift, config)
        row["place"] = with_shift(piece.places[start : start + length], shift)
        row["allowed"] = config.cells.allowed(shift, piece.present)
        sound, onset = self.render(piece.notes, 4 * start, 4 * length, move + shift)
        row["sound"], row["onset"] = (
            x.reshape(length, 4, -1).astype(np.float32) for x in (sound, onset)
        )
        row["plan"] = nearest_chord(pulse_classes(sound, config), self._chords).astype(np.int32)
        tracks, cells = len(config.names), len(config.cells)
        widths = {"ends": 2 * tracks, "inner": cells, "again": tracks + cells}
        numbers = {
            name: rng.random((length, 4, width), np.float32) for name, width in widths.items()
        }
        return {**row, "chord": rng.random((length, 1), np.float32), **numbers}

    def render(self, notes: Ints, first: int, steps: int, up: int) -> tuple[Bools, Bools]:
        """Sound and onset bool [step, F] of a piece's notes from step `first` on, pitched ones moved `up`."""
        start, end, pitch, track = notes[(notes[:, 0] < first + steps) & (notes[:, 1] > first)].T
        cell = self._cell[
            track, pitch + np.where(np.array(self.config.drums)[track], 0, up) + MARGIN
        ]
        known = cell >= 0
        start, end, cell = start[known] - first, np.minimum(end[known] - first, steps), cell[known]
        end = np.where(
            self.config.cells.drum[cell], np.maximum(start, 0) + 1, end
        )  # a stroke is one step
        begun = start >= 0
        change = np.zeros((steps + 1, len(self.config.cells)), np.int64)
        heard = begun | ~self.config.cells.drum[cell]
        np.add.at(change, (np.maximum(start, 0)[heard], cell[heard]), 1)
        np.add.at(change, (end[heard], cell[heard]), -1)
        onset = np.zeros((steps, change.shape[1]), bool)
        onset[start[begun], cell[begun]] = True
        return change[:-1].cumsum(axis=0) > 0, onset


def _cell_table(config: BandConfig) -> Ints:
    """The cell of each pitch + MARGIN (after transposition) in each track: int [track, any], -1 where there is none."""
    table = np.full((len(config.names), 128 + 2 * MARGIN), -1, np.int64)
    cells = config.cells
    table[cells.track, cells.pitch + MARGIN] = np.arange(len(cells))
    return table


def pulse_classes(sound: Bools, config: BandConfig) -> Bools:
    """Pitch classes of each pulse, bool [pulse, 12]: those that fill half of it, else those that sound at all.

    sound: bool [step, F]; drums are left out.
    """
    cells = config.cells
    fold_to = np.equal.outer(cells.pitch % 12, np.arange(12)) & ~cells.drum[:, None]
    steps = (
        ((sound.astype(np.float32) @ fold_to.astype(np.float32)) > 0).reshape(-1, 4, 12).sum(axis=1)
    )
    half = steps >= 2
    return np.asarray(np.where(half.any(axis=1, keepdims=True), half, steps > 0))


def chord_masks(chords: Sequence[int]) -> Bools:
    """Numbers with bit c set for pitch class c, as bool [chord, 12]."""
    return np.asarray((np.array(chords)[:, None] >> np.arange(12)) % 2 == 1)


def nearest_chord(classes: Bools, chords: Bools) -> Ints:
    """The most alike of `chords` bool [K, 12] for each row of bool [any, 12]: shared classes of all classes; the first
    of equals.
    """
    a, b = classes.astype(np.int64), chords.astype(np.int64)
    both = a @ b.T
    either = a.sum(axis=1)[:, None] + b.sum(axis=1) - both
    alike = np.where(either == 0, 1.0, both / np.maximum(either, 1))
    return np.asarray(alike.argmax(axis=1))


def configure(given: dict[str, Any], songs: Sequence[Song]) -> BandConfig:
    """The config that `given` (JSON values) and, for what is not given, the training songs call for.

    Raises ConfigError where the songs differ in their number of tracks, or a field is unknown.
    """
    if not isinstance(given, dict) or set(_FOUND) <= set(given):
        return from_dict(BandConfig, given)
    unknown = set(given) - set(BandConfig.__dataclass_fields__)
    if unknown:
        from_dict(BandConfig, given)  # says which
    found = _tracks(songs) | _melody_range(songs)
    config = from_dict(BandConfig, {**found, **given})
    if "chords" in given:
        return config
    return from_dict(BandConfig, {**found, "chords": _common_chords(songs, config), **given})


def _tracks(songs: Sequence[Song]) -> dict[str, Any]:
    counts = {len(song.tracks) for song in songs}
    if len(counts) != 1 or counts & {0, 1}:
        raise ConfigError(
            "family band learns from songs with a melody and one or more other tracks, the same number in each; "
            f"numbers of tracks found: {sorted(counts) or 'no songs'}"
        )
    found: dict[str, Any] = {name: [] for name in ("names", "programs", "drums", "lows", "highs")}
    strokes: Counter[int] = Counter()
    for i in range(1, counts.pop()):
        tracks = [song.tracks[i] for song in songs]
        played = [t for t in tracks if t.notes] or tracks
        is_drum = sum(t.is_drum for t in played) * 2 > len(played)
        pitches = np.array([n.pitch for t in played for n in t.notes])
        low, high = (0, 0) if is_drum else pitch_range(pitches)
        if is_drum:
            strokes.update(pitches.tolist())
        name = Counter(t.name for t in played).most_common(1)[0][0]
        program = Counter(t.program for t in played).most_common(1)[0][0]
        values = (name or f"Track {i + 1}", program, is_drum, low, high)
        for field, value in zip(found, values, strict=True):
            found[field].append(value)
    common = sorted(pitch for pitch, _ in strokes.most_common(DRUM_PITCHES))
    return {**found, "drum_pitches": common or ([36] if any(found["drums"]) else [])}


def pitch_range(pitches: NDArray[Any]) -> tuple[int, int]:
    """The lowest and the highest pitch to provide for, one to five octaves."""
    if not len(pitches):
        return 48, 72
    low, high = int(pitches.min()), int(pitches.max())
    while high - low >= WIDEST:  # the rarer end gives way; what is left out comes back by octaves
        low, high = (
            (low + 1, high)
            if (pitches <= low).sum() <= (pitches >= high).sum()
            else (low, high - 1)
        )
    while high - low < 12:
        low, high = max(0, low - 1), min(127, high + 1)
    return low, high


def _melody_range(songs: Sequence[Song]) -> dict[str, int]:
    pitches = [n.pitch for song in songs for n in top_line(song.tracks[0])[0].notes]
    if not pitches:
        raise ConfigError(
            "family band needs songs whose first track is a melody; none has notes there"
        )
    low, high = pitch_range(np.array(pitches))
    return {"melody_low": low, "melody_high": high}


def _common_chords(songs: Sequence[Song], config: BandConfig) -> list[int]:
    """Silence and the commonest pitch-class sets of pulses, in C: the commonest first."""
    windows, counts = Windows(songs, config), Counter[int]()
    for piece in windows.pieces:
        sound, _ = windows.render(piece.notes, 0, 4 * len(piece), piece.shift)
        sets = pulse_classes(sound, config) @ (1 << np.arange(12))
        counts.update(sets.tolist())
    counts.pop(0, None)
    counts[C_MAJOR] += 0  # there are at least two to choose from, with drums alone too
    return [0, *(chord for chord, _ in counts.most_common(CHORDS - 1))]
