"""Family `unet`: the AWS DeepComposer sample's GAN, written anew, to compare with (no Keras here).

A melody is cut into windows of two bars (32 sixteenths), each a pianoroll with the values -1 and 1; the network
(`unet_networks`) draws the pianorolls of all four voices at once, and what lies above 0 sounds. A pianoroll does not
tell a repeated note from a long one, knows no key or metre, and no window hears the one before it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from composer.config import from_dict
from composer.errors import ConfigError, MelodyError
from composer.generators.family import Request
from composer.generators.latents import Between
from composer.songs.edit import Melody, cut_notes
from composer.songs.grid import RESOLUTION, from_pianoroll, to_pianoroll
from composer.songs.song import Note, Song, Track

if TYPE_CHECKING:
    from composer.generators.unet.networks import Networks

Array = NDArray[np.float32]
Bools = NDArray[np.bool_]

STEPS, PITCHES, TRACKS = 32, 128, 4  # of a window
BOTTLENECK = (
    2,
    8,
)  # what four halvings leave of 32 steps and 128 pitches: where the noise comes in
VOICES = ("Soprano", "Alto", "Tenor", "Bass")


@dataclass(frozen=True)
class UnetConfig:
    """Sizes of the networks; the defaults are the sample's.

    filters: of the first of four convolutions, doubled by each that follows. noise: channels of the latents.
    """

    filters: int = 64
    noise: int = 512

    def __post_init__(self) -> None:
        if self.filters < 1 or self.noise < 1:
            raise ConfigError(f"filters and noise lie above 0, got {self.filters} and {self.noise}")


def encode(
    song: Song,  # noqa: ARG001
    melody: Melody,
    request: Request,
    config: UnetConfig,
) -> tuple[dict[str, NDArray[Any]], int]:
    """The melody's windows, float [window, 32, 128, 1] of -1 and 1, with their noise; and how many steps it lasts."""
    origin = request.origin
    while isinstance(origin, Between):  # it has no latents to blend: the first end decides
        origin = origin.first
    if not melody.line.notes:
        raise MelodyError("a melody needs at least one note; the track has none")
    roll = to_pianoroll(Song((melody.line,)))
    count = -(-len(roll) // STEPS)
    padded = np.zeros((count * STEPS, PITCHES, 1), bool)
    padded[: len(roll)] = roll
    rngs = (np.random.default_rng([origin.seed, window]) for window in range(count))
    noise = np.stack([truncated_normal(rng, (*BOTTLENECK, config.noise)) for rng in rngs])
    return {"melody": signed(padded.reshape(count, STEPS, PITCHES, 1)), "noise": noise}, len(roll)


def signed(roll: Bools) -> Array:
    """-1 where there is silence, 1 where there is sound."""
    return np.where(roll, np.float32(1), np.float32(-1))


def truncated_normal(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    """Standard normal numbers, those outside -2..2 drawn again."""
    drawn = rng.standard_normal(shape, np.float32)
    while (outside := np.abs(drawn) > 2).any():
        drawn[outside] = rng.standard_normal(int(outside.sum()), np.float32)
    return drawn


def decode(outputs: dict[str, NDArray[Any]], steps: int, song: Song, melody: Melody) -> Song:
    """The arrangement: the melody as it came, then alto, tenor and bass.

    outputs: roll float [window, 32, 128, 4], soprano first, sounding above 0; the windows are joined, cut at `steps`.
    """
    roll = (outputs["roll"] > 0).reshape(-1, PITCHES, TRACKS)[:steps, :, 1:]
    kept = melody.kept
    velocity = max(1, round(0.85 * float(np.mean([n.velocity for n in melody.line.notes]))))
    like = [Track(name=name, program=kept.program) for name in VOICES[1:]]
    added = [
        replace(track, notes=tuple(_fit(track.notes, velocity, melody.line.end)))
        for track in from_pianoroll(roll, like=like).tracks
    ]
    return replace(song, tracks=(kept if kept.name else replace(kept, name="Melody"), *added))


def _fit(notes: Sequence[Note], velocity: int, end: float) -> list[Note]:
    """Notes that stop with the melody, all of one velocity."""
    return [replace(note, velocity=velocity) for note in cut_notes(notes, end)]


class Windows:
    """Draws two-bar windows, from any beat of any piece, in the key of the score."""

    def __init__(self, songs: Sequence[Song], config: UnetConfig) -> None:
        rolls = [to_pianoroll(song) for song in songs]
        self.rolls = [roll for roll in rolls if len(roll) >= STEPS]
        self.config = config

    def batch(self, rng: np.random.Generator, size: int, length: int) -> dict[str, NDArray[Any]]:  # noqa: ARG002
        """The networks' inputs, and target [B, 32, 128, 4]; `length` is there for other families, here it is 8 beats.

        Raises ConfigError where no piece is as long as that.
        """
        if not self.rolls:
            raise ConfigError(
                f"training needs pieces of at least {STEPS // RESOLUTION} beats; there is none"
            )
        starts = np.array([(len(roll) - STEPS) // RESOLUTION + 1 for roll in self.rolls])
        chosen = rng.choice(len(starts), size, p=starts / starts.sum())
        first = RESOLUTION * rng.integers(starts[chosen])
        target = signed(
            np.stack([self.rolls[i][at : at + STEPS] for i, at in zip(chosen, first, strict=True)])
        )
        noise = truncated_normal(rng, (size, *BOTTLENECK, self.config.noise))
        return {"melody": target[..., :1], "target": target, "noise": noise}


class UnetFamily:
    """This module behind the interface of `composer.generators`."""

    name = "unet"
    config = UnetConfig
    recipe = "adversarial"
    capabilities = frozenset({"arranges"})
    produces = "notes"
    memory = recall = 0.0
    train: ClassVar[dict[str, Any]] = {  # as in the sample
        "supervised_iterations": 0,
        "adversarial_iterations": 1000,
        "batch": 64,
        "length": STEPS // RESOLUTION,
        "adversarial_length": STEPS // RESOLUTION,
        "critic_steps": 5,
        "penalty": 10.0,
        "supervised_weight": 0.0,
        "generator_rate": 1e-3,
        "critic_rate": 1e-3,
        "average": 0.0,
    }
    latents: ClassVar[tuple[str, ...]] = ()
    knobs: ClassVar[tuple[str, ...]] = ()
    encode = staticmethod(encode)
    decode = staticmethod(decode)

    @staticmethod
    def voices(config: UnetConfig) -> tuple[str, ...]:  # noqa: ARG004
        """Return the names of the added tracks; none can be kept: every window is drawn at once."""
        return VOICES[1:]

    @staticmethod
    def configure(given: dict[str, Any], songs: list[Song]) -> UnetConfig:
        """The sample's sizes, but for what is `given`. Raises ConfigError for songs that are not in four parts."""
        if any(len(song.tracks) != TRACKS for song in songs):
            raise ConfigError(
                f"family unet has {TRACKS} tracks, the songs have others: try family band"
            )
        return from_dict(UnetConfig, given)

    @staticmethod
    def build(config: UnetConfig) -> Networks:
        """Generator and critic (needs Keras)."""
        from composer.generators.unet.networks import Networks

        return Networks(config)

    @staticmethod
    def windows(songs: list[Song], config: UnetConfig) -> Windows:
        """Batches for training."""
        return Windows(songs, config)

    @staticmethod
    def playing_model(
        networks: Networks,
    ) -> tuple[Any, dict[str, tuple[tuple[int | None, ...], str]]]:
        """What is exported to play, and the shapes and types of its inputs (needs Keras)."""
        from composer.generators.unet.networks import playing_model

        return playing_model(networks.generator)


FAMILY = UnetFamily()
