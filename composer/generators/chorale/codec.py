"""Family `chorale`: one melody in, three voices below it out (config, encoding and decoding; no Keras here).

The melody is laid on its pulses (four steps each), moved by octaves into the soprano's range and transposed so
that its likeliest diatonic scale is C major's. The networks (`chorale_networks`) decide the voices in rounds:
first what sounds on the pulses, coarse to fine (every `strides[0]`th pulse, then those half-way ...), bass, alto,
tenor; then what moves between them. Every decision is the inverse of a distribution at a number in 0..1, and those
numbers come from MuseGAN's four latents (Dong et al. 2018): `chords`, `style`, `melody`, `groove`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from composer.config import from_dict
from composer.errors import ConfigError
from composer.generators.chorale.latents import DIRECTIONS, sample_latents, spread_latents
from composer.generators.family import Request
from composer.generators.keep import Kept, continued, keep_voices
from composer.generators.latents import NAMES, Origin, draw
from composer.generators.layers.melody import (
    LOW,
    PITCHES,
    bridge_rests,
    fold,
    octave_shift,
    pitch_class_weights,
)
from composer.songs.edit import Melody, cut_notes, outside
from composer.songs.grid import REST, PulseGrid, line_notes, pulse_grid, sample_line
from composer.songs.song import Note, Song, Track
from composer.songs.theory import signature_shift

if TYPE_CHECKING:
    from composer.generators.chorale.networks import Networks
    from composer.generators.chorale.windows import Windows

Array = NDArray[np.float32]
Ints = NDArray[np.int32]

PARTS = ("Soprano", "Alto", "Tenor", "Bass")
DECIDED = (3, 1, 2)  # the order of the networks: bass, alto, tenor
REACH = (36, 81)  # what the networks' pitches hold in every key
RECALL = 2  # pulses whose voices, as played, are told when playing ahead; what was before them is imagined in hindsight
MEMORY = 32  # pulses that are looked back on when playing ahead
PLACE, HIDDEN = 17, 16  # what is told of a pulse; which of it says that its melody is not known yet


@dataclass(frozen=True)
class ChoraleConfig:
    """Sizes of the networks and how they decide.

    channels, encoder_blocks, skeleton_blocks, fine_blocks: residual blocks of two convolutions over pulses.
    strides: pulses between those decided at once, coarse to fine; each half the one before.
    mix: of the layer that hears the voices decided before. rethinks: how often, when playing, every fourth pulse is
    decided anew, each time others. temperatures, min_p: on the pulses of each round, logits are divided by the one, and
    what is less likely than the other times the likeliest is left out (training sees the bare distribution).
    strictness: times as much as in Bach parallels are held back when playing (1: as learnt).
    ahead_temperature: in the last round, of pulses after which nothing is known yet, as when playing ahead.
    chords_share: of that latent in the variance of the numbers that decide the bass on the pulses, and the voices
    above; style_share: of that one everywhere; the rest is melody's. groove_repeats: what all bars share of the groove.
    parts, lowest, highest: names and ranges of the four voices, the melody first. programs: of the added voices;
    without, the melody's.
    """

    channels: int = 128
    encoder_blocks: int = 4
    skeleton_blocks: int = 2
    fine_blocks: int = 2
    critic_channels: int = 96
    dropout: float = 0.25
    mix: int = 96
    strides: tuple[int, ...] = (4, 2, 1)
    rethinks: int = 2
    temperatures: tuple[float, ...] = (0.6, 0.75, 0.85)
    ahead_temperature: float = 0.7
    strictness: float = 1.8
    min_p: float = 0.08
    chords_share: tuple[float, ...] = (0.9, 0.15)
    style_share: float = 0.04
    groove_repeats: float = 0.7
    parts: tuple[str, ...] = PARTS
    lowest: tuple[int, ...] = (57, 53, 48, 36)  # of the chorales
    highest: tuple[int, ...] = (81, 74, 69, 64)
    programs: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        if any(a != 2 * b for a, b in zip(self.strides, (*self.strides[1:], 0.5), strict=True)):
            raise ConfigError(f"strides halve down to 1, like [4, 2, 1], got {list(self.strides)}")
        if (
            len(self.temperatures) != len(self.strides)
            or min(*self.temperatures, self.ahead_temperature) <= 0
        ):
            raise ConfigError(
                f"temperatures lie above 0, one for each of {len(self.strides)} strides"
            )
        if (
            not 0 <= self.dropout < 1
            or not 0 <= self.min_p < 1
            or min(self.rethinks, self.strictness) < 0
        ):
            raise ConfigError(
                "dropout and min_p lie in 0..1, rethinks and strictness are 0 or more"
            )
        shares = (*self.chords_share, self.groove_repeats)
        if (
            len(self.chords_share) != 2
            or min(*shares, self.style_share) < 0
            or max(shares) > 1 - self.style_share
        ):
            raise ConfigError(
                "chords_share are two, of the bass and of the others; with style_share they reach 1 at most"
            )
        if {len(self.parts), len(self.lowest), len(self.highest)} != {4} or len(
            self.programs
        ) not in (0, 3):
            raise ConfigError(
                "parts, lowest and highest are of four voices, programs of the three that are added"
            )
        for name, low, high in zip(self.parts, self.lowest, self.highest, strict=True):
            if not REACH[0] <= low <= high - 11 <= REACH[1] - 11:
                raise ConfigError(
                    f"the range of {name} is an octave or more within {REACH}, got {low}..{high}"
                )


@dataclass(frozen=True)
class Encoded:
    """What is needed to go back.

    octaves, shift: semitones that were added, to reach the melody's range and C. sounds: bool [step], where the
    added voices may sound. config: of the model. kept: what stays as it is of alto, tenor and bass, if anything does.
    end: beat at which the voices end. now: beat up to which the melody was heard, where they play ahead of it.
    """

    grid: PulseGrid
    octaves: int
    shift: int
    sounds: NDArray[np.bool_]
    config: ChoraleConfig
    end: float = 0.0
    now: float | None = None
    kept: tuple[Kept, ...] = ()


def encode(
    song: Song,
    melody: Melody,
    request: Request,
    config: ChoraleConfig,
) -> tuple[dict[str, NDArray[np.generic]], Encoded]:
    """The arrays for arranging `melody` under the metre of `song`, and what `decode` needs.

    request: where the latents come from, what of the voices of `song` stays as it is, how far they play ahead.
    """
    keep, ahead = request.keep, request.ahead
    now, end = (ahead.now, ahead.end) if ahead else (None, melody.line.end)
    line = ahead.line(melody.line) if ahead else melody.line
    grid = pulse_grid(song, end)
    cut = _not_needed(len(grid), config.strides[0]) if now is not None and keep is not None else 0
    grid = grid.since(cut)
    last = len(grid) - 1
    grid = grid.extended(config.strides[0])
    pitches, onsets = sample_line(line, grid)
    reach = config.lowest[0], config.highest[0]
    octaves = octave_shift(pitches, *reach)
    sounds, bridged = bridge_rests(pitches)
    if now is not None:
        sounds = sounds | (grid.step_beats()[:-1] >= now - 1e-6)
    moved = fold(bridged + np.where(bridged == REST, 0, octaves), *reach)
    shift = signature_shift(pitch_class_weights(moved))
    kept = keep_voices(keep, song, config.parts[1:], melody.index, grid, end) if keep else []
    latents = draw_latents(request.origin, int(grid.bar.max()) + 1)
    inputs: dict[str, NDArray[np.generic]] = {
        **melody_inputs(moved, onsets, grid, shift, known_metre=bool(song.time_signatures)),
        "allowed": allowed_pitches(shift, config),
        **spread_latents(latents, grid, config),
    }
    inputs["place"][0, 2] = cut == 0
    if ahead is None:
        inputs["place"][last, 3] = 1
    else:
        inputs["place"][grid.beats[:-1] >= ahead.known - 1e-6, HIDDEN] = 1
    for voice, one in enumerate(kept, 1):
        inputs["given"][:, :, DECIDED.index(voice)] = given_pitches(one.pitches, octaves + shift)
    if now is not None:
        inputs["given"] = _recall(inputs["given"], grid, now)
    return {k: v[None] for k, v in inputs.items()}, Encoded(
        grid, octaves, shift, sounds, config, end, now, tuple(kept)
    )


def _recall(given: NDArray[np.generic], grid: PulseGrid, now: float) -> NDArray[np.generic]:
    """Of what was played [pulse, 4, 3] the last RECALL pulses alone, and of the last one where it ended.

    From there the voices go on: told where it began, they run in parallel with the melody five times as often.
    """
    told, before = given.copy(), np.flatnonzero(grid.beats[1:] <= now + 1e-6)
    told[before[:-RECALL]] = PITCHES
    last = before[-1:]
    told[last, 0] = np.where(given[last, 3] == PITCHES, given[last, 0], given[last, 3])
    return told


def _not_needed(pulses: int, stride: int) -> int:
    """Pulses at the start of what was played that are left out when playing ahead.

    So that those to come are the last of the grid, decided with all before them known and nothing guessed after them;
    and so that a decision takes as long after an hour as after a minute.
    """
    return max(
        0, min(pulses - stride, pulses % stride + max(0, (pulses - MEMORY) // stride) * stride)
    )


def draw_latents(origin: Origin, bars: int) -> dict[str, Array]:
    """The latents of so many bars."""
    return draw(origin, lambda seed: sample_latents(seed, bars), DIRECTIONS)


def given_pitches(pitches: NDArray[np.int64], moved: int) -> Ints:
    """Kept pitches [step] as the networks know them, `moved` by so many semitones: int [pulse, 4].

    Those beyond what they know are folded into it, for them alone; PITCHES where nothing is kept.
    """
    index = fold(np.where(pitches == REST, REST, pitches + moved), LOW, LOW + PITCHES - 1)
    return np.where(pitches == REST, PITCHES, index - LOW).astype(np.int32).reshape(-1, 4)


def melody_inputs(
    pitches: NDArray[np.int64],
    onsets: NDArray[np.bool_],
    grid: PulseGrid,
    shift: int,
    known_metre: bool,
) -> dict[str, NDArray[np.generic]]:
    """Melody int [pulse, 4] (PITCHES = rest), attack and place float [pulse, ...], given.

    place: downbeat, metre known, first pulse, last pulse (set by the caller), the transposition as one of twelve, and
    whether the melody is not known yet (set by the caller).
    """
    count = len(grid)
    index = np.where(pitches == REST, PITCHES, pitches + shift - LOW).reshape(count, 4)
    place = np.zeros((count, PLACE), np.float32)
    place[:, 0] = known_metre * (grid.place == 0)
    place[:, 1] = known_metre
    place[0, 2] = 1
    place[:, 4 + shift % 12] = 1
    return {
        "melody": index.astype(np.int32),
        "attack": onsets.reshape(count, 4).astype(np.float32),
        "place": place,
        "given": np.full((count, 4, 3), PITCHES, np.int32),
    }


def allowed_pitches(shift: int, config: ChoraleConfig) -> Array:
    """1 where a voice may sing, in the networks' order and pitches: float [3, PITCHES]."""
    pitch = np.arange(PITCHES) + LOW - shift
    return np.array(
        [(pitch >= config.lowest[v]) & (pitch <= config.highest[v]) for v in DECIDED], np.float32
    )


def decode(
    outputs: dict[str, NDArray[np.generic]], encoded: Encoded, song: Song, melody: Melody
) -> Song:
    """The arrangement: the melody as it came, then alto, tenor and bass.

    outputs: pitches int [1, pulse, 4, 3] of network pitches, voices as DECIDED; strike float [1, pulse, 3],
    whether a pitch that goes on over the pulse starts anew there.
    """
    pitches = outputs["pitches"][0].astype(np.int64) + LOW - encoded.shift - encoded.octaves
    beats = np.maximum(encoded.grid.step_beats(), 0.0)
    velocity = max(1, round(0.85 * float(np.mean([n.velocity for n in melody.line.notes]))))
    struck = np.zeros(pitches.shape, bool)
    struck[:, 0] = outputs["strike"][0] > 0.5
    tracks = [melody.kept if melody.kept.name else replace(melody.kept, name="Melody")]
    parts, programs = (
        encoded.config.parts[1:],
        encoded.config.programs or (melody.kept.program,) * 3,
    )
    locked: tuple[Kept | None, ...] = encoded.kept or (None,) * 3
    for name, program, v, kept in zip(
        parts, programs, map(DECIDED.index, (1, 2, 3)), locked, strict=True
    ):
        line = np.where(encoded.sounds, pitches[:, :, v].ravel(), REST)
        notes = _fit(line_notes(line, struck[:, :, v].ravel(), beats, velocity), encoded.end)
        if kept is None:
            tracks.append(Track(tuple(notes), name, program))
        elif encoded.now is None:
            tracks.append(replace(kept.track, notes=(*kept.notes, *outside(notes, kept.spans))))
        else:
            tracks.append(replace(kept.track, notes=continued(kept.notes, notes, encoded.now)))
    return replace(song, tracks=tuple(tracks))


def _fit(notes: list[Note], end: float) -> list[Note]:
    """Notes of a positive length that stop with the melody."""
    return [n for n in cut_notes(notes, end) if 0 <= n.pitch <= 127]


def voices_of(songs: list[Song]) -> dict[str, Any]:
    """Names, ranges (within what the networks hold; at least an octave) and programs of the songs' four tracks."""
    columns = list(zip(*(song.tracks for song in songs), strict=True))
    pitches = [
        np.array([n.pitch for track in column for n in track.notes] or [60]) for column in columns
    ]
    spans = [np.clip(np.percentile(each, (1, 99)).astype(int), *REACH).tolist() for each in pitches]
    lowest = [min(low, REACH[1] - 11) for low, _ in spans]
    return {
        "parts": [column[0].name for column in columns],
        "lowest": lowest,
        "highest": [max(high, low + 11) for low, (_, high) in zip(lowest, spans, strict=True)],
        "programs": [max(t.program for t in column) for column in columns[1:]],
    }


class ChoraleFamily:
    """This module behind the interface of `composer.generators`."""

    name = "chorale"
    config = ChoraleConfig
    recipe = "adversarial"
    capabilities = frozenset({"arranges", "plays_ahead", "keeps"})
    produces = "notes"
    memory = float(MEMORY)
    recall = float(RECALL)
    train: ClassVar[dict[str, Any]] = {}
    latents = NAMES
    knobs = tuple(DIRECTIONS)
    encode = staticmethod(encode)
    decode = staticmethod(decode)

    @staticmethod
    def voices(config: ChoraleConfig) -> tuple[str, ...]:
        """The added voices, each of which can be kept."""
        return config.parts[1:]

    @staticmethod
    def configure(given: dict[str, Any], songs: list[Song]) -> ChoraleConfig:
        """Names, ranges and programs of the songs' four tracks, unless they are the chorales' or `given`."""
        tracks = songs[0].tracks if songs else ()  # all songs of a corpus have the same
        names = tuple(track.name for track in tracks)
        if songs and (len(names) != len(PARTS) or any(track.is_drum for track in tracks)):
            shown = ", ".join(names)
            raise ConfigError(
                f"family chorale has a melody and three voices, the songs have {shown}: try family band"
            )
        found = {} if names in ((), PARTS) else voices_of(songs)
        return from_dict(ChoraleConfig, {**found, **given})

    @staticmethod
    def build(config: ChoraleConfig) -> Networks:
        """Generator and critic (needs Keras)."""
        from composer.generators.chorale.networks import Networks

        return Networks(config)

    @staticmethod
    def windows(songs: list[Song], config: ChoraleConfig) -> Windows:
        """Batches for training."""
        from composer.generators.chorale.windows import Windows

        return Windows(songs, config)

    @staticmethod
    def playing_model(networks: Networks) -> Any:
        """What is exported to play, and the shapes and types of its inputs (needs Keras)."""
        from composer.generators.chorale.networks import playing_model

        return playing_model(networks.generator)


FAMILY = ChoraleFamily()
