"""Family `band`: one melody in, any number of tracks out, chords and drums too (no Keras here).

Every added track is a row of cells, one a pitch (or a drum), on four steps a pulse: binary pianorolls as in MuseGAN
(Dong et al. 2018), with where notes start beside them. Key as in `chorale`: everything but drums is transposed so that
the melody's likeliest scale is C major's. The networks (`band_networks`) first plan a chord for each pulse, one of the
pitch-class sets that are commonest in the training songs; then, coarse to fine, what each track sounds: its lowest
cell, its highest, those between. Every decision is the inverse of a distribution at a number in 0..1, and those
numbers come from MuseGAN's four latents.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise
from math import sqrt
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from composer.errors import ConfigError
from composer.generators.family import Request
from composer.generators.latents import NAMES, Origin, draw, uniform
from composer.generators.layers.melody import fold, octave_shift, pitch_class_weights
from composer.songs.edit import Melody
from composer.songs.grid import REST, PulseGrid, pulse_grid, sample_line
from composer.songs.song import Note, Song, Track
from composer.songs.theory import signature_shift

if TYPE_CHECKING:
    from composer.generators.band.networks import Networks
    from composer.generators.band.windows import Windows

Array = NDArray[np.float32]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

MARGIN = 6  # semitones that a transposition to C can add at either end
CELLS = 32  # steps of a bar that a latent tells apart; later steps begin again
PLACES = 36
_KINDS = 4  # of numbers that `style` tells apart: chord, lowest and highest cell, cells between, striking again


@dataclass(frozen=True)
class BandConfig:
    """What is played, and sizes of the networks; `configure` finds the first group in the training songs.

    names, programs, drums: of the added tracks, in the order in which they are decided. lows, highs: MIDI pitches of
    each, at least an octave (not looked at where it is drums). drum_pitches: of all drum tracks. chords: pitch-class
    sets after transposition to C, as numbers with bit c set for class c. melody_low, melody_high: of the melody.

    channels, encoder_blocks, plan_blocks, track_blocks, fine_blocks: residual blocks of two layers over pulses.
    strides: pulses between those decided at once, coarse to fine; each half the one before.
    temperature, min_p: logits are divided by the one, and what is less likely than the other times the likeliest is
    left out (when playing; training sees the bare distribution).
    groove_share, style_share: of those latents in the variance of each decision's number; groove in rhythm alone.
    """

    names: tuple[str, ...]
    programs: tuple[int, ...]
    drums: tuple[bool, ...]
    lows: tuple[int, ...]
    highs: tuple[int, ...]
    drum_pitches: tuple[int, ...] = ()
    chords: tuple[int, ...] = (0,)
    melody_low: int = 57
    melody_high: int = 81
    channels: int = 64
    encoder_blocks: int = 3
    plan_blocks: int = 2
    track_blocks: int = 1
    fine_blocks: int = 1
    critic_channels: int = 64
    dropout: float = 0.1
    strides: tuple[int, ...] = (4, 2, 1)
    temperature: float = 0.9
    min_p: float = 0.05
    groove_share: float = 0.6
    style_share: float = 0.05

    def __post_init__(self) -> None:
        self._check_tracks()
        if any(a != 2 * b for a, b in zip(self.strides, (*self.strides[1:], 0.5), strict=True)):
            raise ConfigError(f"strides halve down to 1, like [4, 2, 1], got {list(self.strides)}")
        if not 0 <= self.dropout < 1 or self.temperature <= 0 or not 0 <= self.min_p < 1:
            raise ConfigError("dropout and min_p lie in 0..1, temperature above 0")
        if min(self.groove_share, self.style_share) < 0 or self.groove_share + self.style_share > 1:
            raise ConfigError("groove_share and style_share are 0 or more, together at most 1")
        if min(self.channels, self.critic_channels) < 1:
            raise ConfigError(
                f"channels lie above 0, got {self.channels} and {self.critic_channels}"
            )

    def _check_tracks(self) -> None:
        counts = {n: len(getattr(self, n)) for n in ("names", "programs", "drums", "lows", "highs")}
        if len(set(counts.values())) > 1 or not self.names:
            raise ConfigError(
                f"names, programs, drums, lows and highs have one value a track, got {counts}"
            )
        spans = {"the melody": (self.melody_low, self.melody_high)}
        ranges = zip(self.names, self.drums, self.lows, self.highs, strict=True)
        spans |= {name: (low, high) for name, is_drum, low, high in ranges if not is_drum}
        for name, (low, high) in spans.items():
            if not 0 <= low <= high - 11 <= 116:
                raise ConfigError(f"{name} needs an octave of pitches in 0..127, got {low}..{high}")
        if any(self.drums) and not self.drum_pitches:
            raise ConfigError("a drum track needs drum_pitches")
        if not all(0 <= p <= 127 for p in (*self.programs, *self.drum_pitches)):
            raise ConfigError("programs and drum_pitches lie in 0..127")
        if not self.chords or not all(0 <= c < 4096 for c in self.chords):
            raise ConfigError("chords are pitch-class sets, numbers of 0..4095, at least one")

    @cached_property
    def cells(self) -> Cells:
        """Where the cells of each track lie."""
        return Cells(self)


class Cells:
    """All tracks' cells side by side, [F].

    spans: slice of each track. pitch: int [F], after transposition to C (drums: their own). track: int [F].
    drum: bool [F]. low, high: int [F], the track's range as it is heard.
    """

    def __init__(self, config: BandConfig) -> None:
        ranges = zip(config.drums, config.lows, config.highs, strict=True)
        drums = np.array(sorted(set(config.drum_pitches)), np.int64)
        pitches = [
            drums if d else np.arange(low - MARGIN, high + MARGIN + 1) for d, low, high in ranges
        ]
        self.counts = tuple(len(p) for p in pitches)
        edges = np.cumsum([0, *self.counts]).tolist()
        self.spans = tuple(slice(a, b) for a, b in pairwise(edges))
        self.pitch = np.concatenate(pitches)
        self.track = np.repeat(np.arange(len(pitches)), self.counts)
        self.drum = np.array(config.drums)[self.track]
        self.low, self.high = np.array(config.lows)[self.track], np.array(config.highs)[self.track]

    def __len__(self) -> int:
        return len(self.pitch)

    def allowed(self, shift: int, present: Bools | None = None) -> Array:
        """1 where a cell may sound, float [F]: in its track's range, `shift` semitones away from C.

        present: bool [track], the tracks that play at all; by default every one.
        """
        heard = self.pitch - shift
        inside = self.drum | ((heard >= self.low) & (heard <= self.high))
        return (inside if present is None else inside & present[self.track]).astype(np.float32)


@dataclass(frozen=True)
class Encoded:
    """What is needed to go back. shift: semitones that were added to reach C."""

    grid: PulseGrid
    shift: int
    config: BandConfig


def encode(
    song: Song, melody: Melody, request: Request, config: BandConfig
) -> tuple[dict[str, NDArray[Any]], Encoded]:
    """The arrays for arranging `melody` under the metre of `song`, and what `decode` needs.

    request: where the latents come from.
    """
    grid = pulse_grid(song, melody.line.end)
    places = place_inputs(grid)
    places[0, 14] = places[-1, 15] = 1
    count = len(grid)
    grid = grid.extended(config.strides[0])
    pitches, onsets = sample_line(melody.line, grid)
    fitted = fit_octaves(pitches, config.melody_low, config.melody_high)
    shift = signature_shift(pitch_class_weights(fitted))
    places = np.pad(places, [(0, len(grid) - count), (0, 0)])
    inputs: dict[str, NDArray[Any]] = {
        **melody_inputs(fitted, onsets, shift, config),
        "place": with_shift(places, shift),
        "allowed": config.cells.allowed(shift),
        **spread_latents(
            draw_latents(request.origin, int(grid.bar.max()) + 1, config), grid, config
        ),
    }
    return {k: v[None] for k, v in inputs.items()}, Encoded(grid, shift, config)


def fit_octaves(pitches: Ints, low: int, high: int) -> Ints:
    """A line moved by whole octaves so that most of it lies in low..high, then single notes; rests (-1) stay."""
    octaves = octave_shift(pitches, low, high)
    return fold(np.where(pitches == REST, REST, pitches + octaves), low, high)


def melody_inputs(
    fitted: Ints, onsets: Bools, shift: int, config: BandConfig
) -> dict[str, NDArray[Any]]:
    """By name: melody int [pulse, 4], from 0, a rest the highest; attack float [pulse, 4], where a note starts."""
    index = np.where(
        fitted == REST, melody_pitches(config), fitted + shift - config.melody_low + MARGIN
    )
    return {
        "melody": index.reshape(-1, 4).astype(np.int32),
        "attack": onsets.reshape(-1, 4).astype(np.float32),
    }


def melody_pitches(config: BandConfig) -> int:
    """How many pitches the networks know a melody to have."""
    return config.melody_high - config.melody_low + 1 + 2 * MARGIN


def place_inputs(grid: PulseGrid) -> Array:
    """Where each pulse lies, float [pulse, PLACES].

    From 0: place in the bar (the eighth and all after it are one), last of the bar (8), bar in a group of four (9),
    compound (13), first and last pulse of the piece (14, 15; left 0), transposition as one of twelve (16; left 0),
    pulses of the bar (28). The last bar, where it is cut short, counts as long as the one before.
    """
    places, count = np.zeros((len(grid), PLACES), np.float32), np.arange(len(grid))
    lengths = np.zeros(int(grid.bar.max()) + 1, np.int64)
    np.maximum.at(lengths, grid.bar, grid.place + 1)
    lengths[-1] = max(lengths[-2:])
    length = lengths[grid.bar]
    places[count, np.minimum(grid.place, 7)] = 1
    places[:, 8] = grid.place == length - 1
    places[count, 9 + grid.bar % 4] = 1
    places[:, 13] = grid.compound
    places[count, 27 + np.minimum(length, 8)] = 1
    return places


def with_shift(places: Array, shift: int) -> Array:
    """Places that say by how much everything is transposed."""
    told = places.copy()
    told[:, 16 + shift % 12] = 1
    return told


def sample_latents(seed: int, bars: int, config: BandConfig) -> dict[str, Array]:
    """Standard normal: chords [bar, CELLS / 4], style [CELLS, 4], melody [bar, CELLS, any], groove [CELLS, any].

    Bar n draws the same numbers however many bars there are. The last axis is that of `spread_latents`.
    """
    rng, width = np.random.default_rng(seed), 3 * len(config.names) + 2 * len(config.cells)
    style, groove = (
        rng.standard_normal((CELLS, _KINDS), np.float32),
        rng.standard_normal((CELLS, width), np.float32),
    )
    per_bar = rng.standard_normal((bars, CELLS // 4 + CELLS * width), np.float32)
    chords, melody = per_bar[:, : CELLS // 4], per_bar[:, CELLS // 4 :].reshape(bars, CELLS, width)
    return {"chords": chords, "style": style, "melody": melody, "groove": groove}


def draw_latents(origin: Origin, bars: int, config: BandConfig) -> dict[str, Array]:
    """The latents of so many bars; they have no knobs."""
    return draw(origin, lambda seed: sample_latents(seed, bars, config), {})


def spread_latents(
    latents: dict[str, Array], grid: PulseGrid, config: BandConfig
) -> dict[str, Array]:
    """The latents as the number in 0..1 that each decision takes.

    chord [pulse, 1]: the chord of the pulse (chords). ends [pulse, 4, 2 T]: lowest and highest cell of each track;
    inner [pulse, 4, F]: the cells between; again [pulse, 4, T + F]: whether notes that go on are struck again, and
    which (melody; groove too where it is rhythm: between pulses, in striking again, in drums). A little style in all.
    Each is uniform, and independent of the others but for what the shared latents make alike from bar to bar.
    """
    tracks, cells = len(config.names), len(config.cells)
    cell = (4 * grid.place[:, None] + np.arange(4)) % CELLS
    kind = np.repeat([1, 2, 3], [2 * tracks, cells, tracks + cells])
    groove = _groove_shares(config)
    mixed = (
        np.sqrt(1 - groove - config.style_share) * latents["melody"][grid.bar[:, None], cell]
        + np.sqrt(groove) * latents["groove"][cell]
        + sqrt(config.style_share) * latents["style"][cell][:, :, kind]
    ).astype(np.float32)
    chord = sqrt(1 - config.style_share) * latents["chords"][grid.bar, cell[:, 0] // 4]
    chord = chord + sqrt(config.style_share) * latents["style"][cell[:, 0], 0]
    ends, inner, again = np.split(uniform(mixed), [2 * tracks, 2 * tracks + cells], axis=-1)
    return {"chord": uniform(chord)[:, None], "ends": ends, "inner": inner, "again": again}


def _groove_shares(config: BandConfig) -> Array:
    """How much of each number is the groove's: float [4, any]."""
    drums, drum_cells = np.array(config.drums), config.cells.drum
    on_pulse = np.concatenate(
        [np.tile(drums, 2), drum_cells, np.ones(len(drums) + len(drum_cells), bool)]
    )
    between = np.ones_like(on_pulse)
    rhythm = np.stack([on_pulse, between, between, between]).astype(np.float32)
    return np.float32(config.groove_share) * rhythm


def decode(outputs: dict[str, NDArray[Any]], encoded: Encoded, song: Song, melody: Melody) -> Song:
    """The arrangement: the melody as it came, then the added tracks, which play only while it lasts.

    outputs: sound and onset, float [1, pulse, 4, F], above 0.5 where a cell sounds, and where a note starts.
    """
    config, cells = encoded.config, encoded.config.cells
    sound, onset = (outputs[k][0].reshape(-1, len(cells)) > 0.5 for k in ("sound", "onset"))
    kept = melody.kept
    tracks = [kept if kept.name else replace(kept, name="Melody")]
    for span, name, program, is_drum in zip(
        cells.spans, config.names, config.programs, config.drums, strict=True
    ):
        pitches = cells.pitch[span] - (0 if is_drum else encoded.shift)
        spots = note_spots(sound[:, span], onset[:, span])
        notes = (
            _drum_notes(spots, pitches, encoded.grid)
            if is_drum
            else _notes(spots, pitches, encoded.grid)
        )
        tracks.append(Track(tuple(_within(notes, melody.line, is_drum)), name, program, is_drum))
    return replace(song, tracks=tuple(tracks))


def note_spots(sound: Bools, onset: Bools) -> Ints:
    """(first step, one past the last, cell) of each note: int [note, 3], by cell. sound, onset: bool [step, cell]."""
    steps = len(sound)
    stops = np.flatnonzero(np.pad(~sound | onset, [(0, 1), (0, 0)], constant_values=True).T)
    cell, start = np.nonzero((sound & onset).T)
    end = stops[np.searchsorted(stops, cell * (steps + 1) + start, side="right")] - cell * (
        steps + 1
    )
    return np.stack([start, end, cell], axis=1)


def _notes(spots: Ints, pitches: Ints, grid: PulseGrid) -> list[Note]:
    beats = grid.step_beats()
    fields = zip(
        beats[spots[:, 0]].tolist(),
        pitches[spots[:, 2]].tolist(),
        beats[spots[:, 1]].tolist(),
        strict=True,
    )
    return [Note(start, pitch, end - start) for start, pitch, end in fields]


def _drum_notes(spots: Ints, pitches: Ints, grid: PulseGrid) -> list[Note]:
    """A stroke lasts one step."""
    struck = spots.copy()
    struck[:, 1] = struck[:, 0] + 1
    return _notes(struck, pitches, grid)


def _within(notes: list[Note], line: Track, is_drum: bool) -> list[Note]:
    """Notes cut to the melody's span, a little softer than what it plays at the time; earlier strokes are left out."""
    onsets, velocities = np.array([n.onset for n in line.notes]), [n.velocity for n in line.notes]
    first, end = line.notes[0].onset, line.end
    fitted = []
    for note in notes:
        start, stop = max(note.onset, first), min(note.end, end)
        if stop - start > 1e-6 and not (is_drum and note.onset < first - 1e-6):
            beside = velocities[int(np.searchsorted(onsets, start, side="right")) - 1]
            fitted.append(Note(start, note.pitch, stop - start, max(1, round(0.85 * beside))))
    return fitted


class BandFamily:
    """This module behind the interface of `composer.generators`."""

    name = "band"
    config = BandConfig
    recipe = "adversarial"
    capabilities = frozenset({"arranges"})
    produces = "notes"
    memory = recall = 0.0
    train: ClassVar[dict[str, Any]] = {
        "supervised_iterations": 1800,
        "adversarial_iterations": 200,
        "batch": 16,
        "length": 32,
        "adversarial_length": 16,
        "supervised_rate": 2e-3,
    }
    latents = NAMES
    knobs: ClassVar[tuple[str, ...]] = ()
    encode = staticmethod(encode)
    decode = staticmethod(decode)

    @staticmethod
    def voices(config: BandConfig) -> tuple[str, ...]:
        """Return the names of the added tracks; none of them can be kept yet."""
        return config.names

    @staticmethod
    def configure(given: dict[str, Any], songs: list[Song]) -> BandConfig:
        """The config that `given` fields and, for the others, the training songs call for."""
        from composer.generators.band.windows import configure

        return configure(given, songs)

    @staticmethod
    def build(config: BandConfig) -> Networks:
        """Generator and critic (needs Keras)."""
        from composer.generators.band.networks import Networks

        return Networks(config)

    @staticmethod
    def windows(songs: list[Song], config: BandConfig) -> Windows:
        """Batches for training."""
        from composer.generators.band.windows import Windows

        return Windows(songs, config)

    @staticmethod
    def playing_model(networks: Networks) -> Any:
        """What is exported to play, and the shapes and types of its inputs (needs Keras)."""
        from composer.generators.band.networks import playing_model

        return playing_model(networks.generator)


FAMILY = BandFamily()
