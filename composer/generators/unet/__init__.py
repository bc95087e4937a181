"""Family `unet`: the U-Net of AWS DeepComposer's sample, the system to beat."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from composer.config import from_dict
from composer.errors import ConfigError
from composer.generators.unet.codec import decode, encode
from composer.generators.unet.config import BEATS, TRACKS, VOICES, UnetConfig
from composer.generators.unet.latents import NAMES
from composer.songs.song import Song

if TYPE_CHECKING:
    from composer.generators.unet.networks import Networks
    from composer.generators.unet.windows import Windows

__all__ = ["FAMILY"]


class UnetFamily:
    """This folder behind the interface of `composer.generators.family`."""

    name = "unet"
    config = UnetConfig
    recipe = "adversarial"
    train: ClassVar[dict[str, Any]] = {  # as in the sample
        "supervised_iterations": 0,
        "adversarial_iterations": 1000,
        "batch": 64,
        "length": BEATS,
        "adversarial_length": BEATS,
        "critic_steps": 5,
        "penalty": 10.0,
        "supervised_weight": 0.0,
        "generator_rate": 1e-3,
        "critic_rate": 1e-3,
        "average": 0.0,
    }
    capabilities = frozenset({"arranges"})
    produces = "notes"
    latents = NAMES
    knobs: ClassVar[tuple[str, ...]] = ()
    knob_help: ClassVar[Mapping[str, str]] = {}
    memory = 0.0
    recall = 0.0
    encode = staticmethod(encode)
    decode = staticmethod(decode)

    @staticmethod
    def voices(config: UnetConfig) -> tuple[str, ...]:  # noqa: ARG004
        """Return the names of the added tracks; none can be kept: every window is drawn at once."""
        return VOICES[1:]

    @staticmethod
    def configure(given: dict[str, Any], songs: list[Song]) -> UnetConfig:
        """Return the sample's sizes, but for what is `given`. Raise ConfigError for songs not in
        four parts.
        """
        counts = sorted({len(song.tracks) for song in songs})
        if counts not in ([], [TRACKS]):
            raise ConfigError(
                f"family unet has {TRACKS} tracks, the songs have {counts}",
                mend="family",
            )
        return from_dict(UnetConfig, given)

    @staticmethod
    def windows(songs: list[Song], config: UnetConfig) -> Windows:
        """Return training examples of `songs`."""
        from composer.generators.unet.windows import Windows

        return Windows(songs, config)

    @staticmethod
    def build(config: UnetConfig) -> Networks:
        """Return generator and critic (needs Keras)."""
        from composer.generators.unet.networks import Networks

        return Networks(config)

    @staticmethod
    def playing_model(networks: Networks) -> Any:
        """Return what is exported to play, and the shapes and types of its inputs (needs Keras)."""
        from composer.generators.unet.networks import playing_model

        return playing_model(networks.generator)


FAMILY = UnetFamily()
