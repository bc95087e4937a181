"""Training side of family `band` without networks: songs on their pulses, windows, and what a
corpus calls for (numpy).

A song's first track is its melody, the others are the config's tracks in order; an empty one is a
role that the piece lacks, and the networks are told to leave it silent there.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from composer.config import from_dict
from composer.errors import ConfigError
from composer.generators.band.codec import (
    fit_octaves,
    melody_inputs,
    pulses,
    with_shift,
)
from composer.generators.band.config import MARGIN, BandConfig, chord_masks
from composer.generators.family import Arrays
from composer.generators.latents import Array
from composer.generators.layers.melody import fold, pitch_class_weights
from composer.songs.edit import top_line
from composer.songs.grid import REST, Bools, Ints, PulseGrid, sample_line
from composer.songs.song import Song, Track
from composer.songs.theory import signature_shift

# The most that `configure` chooses.
DRUM_PITCHES = 24
CHORDS = 64
WIDEST = 60  # semitones of a track

KICK = 36  # General MIDI

C_MAJOR = 0b10010001  # C, E, G

# How likely a window is moved this many semitones from the key that its melody suggests: melodies
# modulate, and the key of a short one is guessed wrongly.
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
"""Fields of a config that `configure` finds in the songs."""


@dataclass(frozen=True)
class BandPiece:
    """A song on its pulses."""

    line: Ints
    """Pitches of the melody as it is heard, in the config's range: int [step], -1 for a rest."""

    attack: Bools
    """Bool [step]: where a note of the melody starts."""

    notes: Ints
    """Int [note, 4]: first step, one past the last, pitch as heard in its track's range, track."""

    places: Array
    """Where each pulse lies, float [pulse, PLACES]."""

    moves: tuple[int, ...]
    """Semitones by which it can be transposed."""

    shift: int
    """Semitones that bring its melody to C."""

    present: Bools
    """Bool [track]: the tracks that have notes."""

    def __len__(self) -> int:
        return len(self.places)


def to_piece(song: Song, config: BandConfig) -> BandPiece | None:
    """Return the song as its config sees it; None if it has no melody.

    Raise ConfigError if it has another number of tracks.
    """
    _check_tracks(song, config)
    melody, _ = top_line(song.tracks[0])
    if not melody.notes:
        return None
    grid, places = pulses(song, config.strides[0])
    heard, attack = sample_line(melody, grid)
    line = fit_octaves(heard, config.melody_low, config.melody_high)
    added = song.tracks[1:]
    parts = [
        _cell_notes(track, grid, index, config) for index, track in enumerate(added)
    ]
    notes = np.concatenate(parts)
    present = np.array([bool(track.notes) for track in added])
    shift = signature_shift(pitch_class_weights(line))
    return BandPiece(
        line,
        attack,
        notes,
        places,
        _moves(line, notes, config),
        shift,
        present,
    )


def _check_tracks(song: Song, config: BandConfig) -> None:
    count = len(config.names)
    if len(song.tracks) != count + 1:
        raise ConfigError(
            f"family band was made for a melody and {count} tracks ({', '.join(config.names)}); "
            f"{song.title or 'a song'} has {len(song.tracks)} tracks in all"
        )


def on_grid(track: Track, grid: PulseGrid) -> Ints:
    """Return notes as int [note, 3]: first step, one past the last, pitch. None is shorter than a
    step.
    """
    if not track.notes:
        return np.zeros((0, 3), np.int64)
    beats = np.array([[note.onset, note.end] for note in track.notes])
    # Half a step is rounded up always, not to the nearest even one: rhythms stay regular.
    edges = np.round(grid.to_steps(beats) + 1e-6).astype(np.int64)
    start = np.minimum(edges[:, 0], 4 * len(grid) - 1)
    end = np.maximum(edges[:, 1], start + 1)
    pitch = np.array([note.pitch for note in track.notes])
    return np.stack([start, end, pitch], axis=1)


def _cell_notes(
    track: Track,
    grid: PulseGrid,
    index: int,
    config: BandConfig,
) -> Ints:
    """Return the notes of track `index` in its range, as `BandPiece` holds them.

    One that starts ends what its pitch was sounding: a cell is on or off.
    """
    start, end, pitch = on_grid(track, grid).T
    if not config.drums[index]:
        pitch = fold(pitch, config.lows[index], config.highs[index])
    # Sorted by pitch, then start, the next note of the same pitch lies right behind each one.
    order = np.lexsort((end, start, pitch))
    start, end, pitch = start[order], end[order], pitch[order]
    struck = (pitch[1:] == pitch[:-1]) & (start[1:] > start[:-1])
    until = np.where(struck, start[1:], end[:-1])
    end = np.minimum(end, np.append(until, end[-1:]))
    return np.stack([start, end, pitch, np.full(len(start), index)], axis=1)


def _moves(line: Ints, notes: Ints, config: BandConfig) -> tuple[int, ...]:
    """Return the transpositions in which the melody and every pitched track stay in range."""
    spans = [(line[line != REST], config.melody_low, config.melody_high)]
    for index, is_drum in enumerate(config.drums):
        if not is_drum:
            pitches = notes[notes[:, 3] == index, 2]
            spans.append((pitches, config.lows[index], config.highs[index]))
    sounding = [(pitches, low, high) for pitches, low, high in spans if len(pitches)]
    down = max((low - int(pitches.min()) for pitches, low, _ in sounding), default=0)
    up = min((high - int(pitches.max()) for pitches, _, high in sounding), default=0)
    return tuple(move for move in range(-6, 7) if move == 0 or down <= move <= up)


class Windows:
    """Training windows of pieces, drawn at random.

    pieces: the songs that have a melody.
    """

    def __init__(self, songs: Sequence[Song], config: BandConfig) -> None:
        found = (to_piece(song, config) for song in songs)
        self.pieces = [piece for piece in found if piece is not None]
        self.config = config
        self._cell = config.cells.table()
        self._chords = chord_masks(config.chords)

    def batch(self, rng: np.random.Generator, size: int, length: int) -> Arrays:
        """Return `size` windows of `length` pulses: the networks' inputs, and what the song plays.

        Beside the inputs: sound and onset float [B, P, 4, F], plan int [B, P]. Raise ConfigError if
        no piece is as long, or the length is no multiple of the first stride.
        """
        long = self._long_enough(length)
        # Long pieces more often, so that each beat comes as often as any; short ones not never.
        weights = np.array([len(piece) - length + 8 for piece in long], float)
        chosen = rng.choice(len(long), size, p=weights / weights.sum())
        rows = [self._window(long[index], rng, length) for index in chosen]
        return {name: np.stack([row[name] for row in rows]) for name in rows[0]}

    def _long_enough(self, length: int) -> list[BandPiece]:
        multiple = self.config.strides[0]
        if length % multiple:
            raise ConfigError(
                f"the length of a window is a multiple of {multiple} beats (strides), got {length}"
            )
        long = [piece for piece in self.pieces if len(piece) >= length]
        if not long:
            bars = -(-length // 4)
            raise ConfigError(
                f"training needs pieces of at least {length} beats ({bars} bars of 4/4); "
                f"of {len(self.pieces)} with a melody none is as long"
            )
        return long

    def _window(
        self,
        piece: BandPiece,
        rng: np.random.Generator,
        length: int,
    ) -> Arrays:
        """Return one window of a piece. The order of the draws decides what a seed trains on."""
        config = self.config
        start = int(rng.integers(len(piece) - length + 1))
        steps = slice(4 * start, 4 * (start + length))
        move, shift = _draw_key(piece, rng)
        written = piece.line[steps]
        line = written + np.where(written == REST, 0, move)
        row = melody_inputs(line, piece.attack[steps], shift, config)
        row["place"] = with_shift(piece.places[start : start + length], shift)
        row["allowed"] = config.cells.allowed(shift, piece.present)

        # Notes go straight to C: moved with the melody, and shifted as it is.
        sound, onset = self.render(piece.notes, 4 * start, 4 * length, move + shift)
        row["sound"] = sound.reshape(length, 4, -1).astype(np.float32)
        row["onset"] = onset.reshape(length, 4, -1).astype(np.float32)
        played = pulse_classes(sound, config)
        row["plan"] = nearest_chord(played, self._chords).astype(np.int32)
        row |= self._numbers(rng, length)
        return row

    def _numbers(self, rng: np.random.Generator, length: int) -> Arrays:
        """Return the numbers in 0..1 that decide a piece of `length` pulses."""
        tracks = len(self.config.names)
        cells = len(self.config.cells)
        widths = {"ends": 2 * tracks, "inner": cells, "again": tracks + cells}
        drawn: Arrays = {}
        for name, width in widths.items():
            drawn[name] = rng.random((length, 4, width), np.float32)
        drawn["chord"] = rng.random((length, 1), np.float32)
        return drawn

    def render(
        self,
        notes: Ints,
        first: int,
        steps: int,
        up: int,
    ) -> tuple[Bools, Bools]:
        """Return sound and onset, bool [step, F], of a piece's notes from step `first` on.

        Pitched notes are moved `up` semitones. A stroke of drums sounds for one step; one that
        began before the first step is not heard.
        """
        cells = self.config.cells
        start, end, cell = self._in_cells(notes, first, steps, up)
        is_drum = cells.drum[cell]
        begun = start >= 0
        start = np.maximum(start, 0)
        end = np.where(is_drum, start + 1, end)

        # How many notes begin and end at each step; what has begun and not ended sounds.
        change = np.zeros((steps + 1, len(cells)), np.int64)
        heard = begun | ~is_drum
        np.add.at(change, (start[heard], cell[heard]), 1)
        np.add.at(change, (end[heard], cell[heard]), -1)
        sound = change[:-1].cumsum(axis=0) > 0
        onset = np.zeros((steps, len(cells)), bool)
        onset[start[begun], cell[begun]] = True
        return sound, onset

    def _in_cells(
        self,
        notes: Ints,
        first: int,
        steps: int,
        up: int,
    ) -> tuple[Ints, Ints, Ints]:
        """Return start, end and cell of the notes that sound in a window; a start before it is
        below 0.
        """
        is_here = (notes[:, 0] < first + steps) & (notes[:, 1] > first)
        start, end, pitch, track = notes[is_here].T
        moved = pitch + np.where(np.array(self.config.drums)[track], 0, up)
        cell = self._cell[track, moved + MARGIN]
        # A pitch that its track cannot hold in this key is left out.
        known = cell >= 0
        end = np.minimum(end - first, steps)
        return (start - first)[known], end[known], cell[known]


def _draw_key(piece: BandPiece, rng: np.random.Generator) -> tuple[int, int]:
    """Return the semitones by which a window is moved, and those that then bring it to C."""
    move = int(rng.choice(piece.moves))
    detour = int(rng.choice(list(_DETOURS), p=list(_DETOURS.values())))
    # The nearest way to C, at most a tritone up or down.
    shift = (piece.shift - move + detour + 6) % 12 - 6
    return move, shift


def pulse_classes(sound: Bools, config: BandConfig) -> Bools:
    """Return the pitch classes of each pulse, bool [pulse, 12]: those that fill half of it, else
    all that sound.

    sound: bool [step, F]; drums are left out.
    """
    by_step = sound.astype(np.float32) @ config.cells.classes().astype(np.float32) > 0
    steps = by_step.reshape(-1, 4, 12).sum(axis=1)
    fills_half = steps >= 2
    any_does = fills_half.any(axis=1, keepdims=True)
    return np.asarray(np.where(any_does, fills_half, steps > 0))


def nearest_chord(classes: Bools, chords: Bools) -> Ints:
    """Return the index of the most alike of `chords`, bool [K, 12], for each row of `classes`, bool
    [any, 12].

    Alike is the share of all their classes that both have (Jaccard); of equals the first is taken.
    """
    a = classes.astype(np.int64)
    b = chords.astype(np.int64)
    both = a @ b.T
    either = a.sum(axis=1)[:, None] + b.sum(axis=1) - both
    # Two silences share no class, yet are wholly alike.
    alike = np.where(either == 0, 1.0, both / np.maximum(either, 1))
    return np.asarray(alike.argmax(axis=1))


def configure(given: dict[str, Any], songs: Sequence[Song]) -> BandConfig:
    """Return the config that `given` (JSON values) and, for what is not given, the training songs
    call for.

    Raise ConfigError if the songs differ in their number of tracks, or a field is unknown.
    """
    if not isinstance(given, dict) or set(_FOUND) <= set(given):
        return from_dict(BandConfig, given)
    # This raises the error that names the unknown field, before the songs are looked through.
    if set(given) - set(BandConfig.__dataclass_fields__):
        from_dict(BandConfig, given)
    found = _tracks(songs) | _melody_range(songs)
    config = from_dict(BandConfig, {**found, **given})
    if "chords" in given:
        return config
    found["chords"] = _common_chords(songs, config)
    return from_dict(BandConfig, {**found, **given})


def _tracks(songs: Sequence[Song]) -> dict[str, Any]:
    """Return names, programs, drums and ranges of the added tracks, and the commonest drums."""
    count = _count_tracks(songs)
    found: dict[str, Any] = {
        "names": [],
        "programs": [],
        "drums": [],
        "lows": [],
        "highs": [],
    }
    strokes: Counter[int] = Counter()
    for index in range(1, count):
        tracks = [song.tracks[index] for song in songs]
        # A role that a piece lacks says nothing of the role.
        played = [track for track in tracks if track.notes] or tracks
        is_drum = _are_drums(played)
        low, high = 0, 0
        if is_drum:
            strokes.update(_pitches(played))
        else:
            low, high = pitch_range(np.array(list(_pitches(played))))
        name = _commonest(track.name for track in played)
        found["names"].append(name or f"Track {index + 1}")
        found["programs"].append(_commonest(track.program for track in played))
        found["drums"].append(is_drum)
        found["lows"].append(low)
        found["highs"].append(high)
    found["drum_pitches"] = _common_strokes(strokes, any(found["drums"]))
    return found


def _count_tracks(songs: Sequence[Song]) -> int:
    """Return the number of tracks of every song. Raise ConfigError if they differ in it."""
    counts = {len(song.tracks) for song in songs}
    if len(counts) != 1 or counts & {0, 1}:
        raise ConfigError(
            "family band learns from songs with a melody and one or more other tracks, "
            f"the same number in each; numbers of tracks found: {sorted(counts) or 'no songs'}"
        )
    return counts.pop()


def _are_drums(tracks: Sequence[Track]) -> bool:
    """Return whether most of the tracks are drums."""
    count = sum(track.is_drum for track in tracks)
    return count * 2 > len(tracks)


def _common_strokes(strokes: Counter[int], has_drums: bool) -> list[int]:
    """Return the commonest drums, from low to high; one for drums that never play."""
    common = sorted(pitch for pitch, _ in strokes.most_common(DRUM_PITCHES))
    if has_drums and not common:
        return [KICK]
    return common


def _pitches(tracks: Sequence[Track]) -> Iterator[int]:
    for track in tracks:
        for note in track.notes:
            yield note.pitch


def _commonest(values: Iterator[Any]) -> Any:
    """Return the value that comes most often, the first of equals."""
    return Counter(values).most_common(1)[0][0]


def pitch_range(pitches: NDArray[Any]) -> tuple[int, int]:
    """Return the lowest and the highest pitch to provide for, one to five octaves.

    >>> pitch_range(np.array([60, 61]))
    (54, 67)
    """
    if not len(pitches):
        return 48, 72
    low = int(pitches.min())
    high = int(pitches.max())
    # Of too wide a range the rarer end gives way; what is left out comes back by octaves.
    while high - low >= WIDEST:
        if (pitches <= low).sum() <= (pitches >= high).sum():
            low += 1
        else:
            high -= 1
    # Too narrow a range is widened at both ends, because folding by octaves needs room.
    while high - low < 12:
        low = max(0, low - 1)
        high = min(127, high + 1)
    return low, high


def _melody_range(songs: Sequence[Song]) -> dict[str, int]:
    melodies = [top_line(song.tracks[0])[0] for song in songs]
    pitches = list(_pitches(melodies))
    if not pitches:
        raise ConfigError(
            "family band needs songs whose first track is a melody; none has notes there"
        )
    low, high = pitch_range(np.array(pitches))
    return {"melody_low": low, "melody_high": high}


def _common_chords(songs: Sequence[Song], config: BandConfig) -> list[int]:
    """Return silence and the commonest pitch-class sets of pulses, in C: the commonest first."""
    windows = Windows(songs, config)
    counts: Counter[int] = Counter()
    for piece in windows.pieces:
        sound, _ = windows.render(piece.notes, 0, 4 * len(piece), piece.shift)
        sets = pulse_classes(sound, config) @ (1 << np.arange(12))
        counts.update(sets.tolist())
    counts.pop(0, None)
    # At least two are there to choose from, with drums alone too.
    counts[C_MAJOR] += 0
    common = [chord for chord, _ in counts.most_common(CHORDS - 1)]
    return [0, *common]
