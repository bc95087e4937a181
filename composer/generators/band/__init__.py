"""Family `band`: a melody in, any number of tracks out, chords and drums included."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from composer.generators.band.codec import decode, encode
from composer.generators.band.config import BandConfig
from composer.generators.band.latents import NAMES
from composer.songs.song import Song

if TYPE_CHECKING:
    from composer.generators.band.networks import Networks
    from composer.generators.band.windows import Windows

__all__ = ["FAMILY"]


class BandFamily:
    """This folder behind the interface of `composer.generators.family`."""

    name = "band"
    config = BandConfig
    recipe = "adversarial"
    train: ClassVar[dict[str, Any]] = {
        "supervised_iterations": 1800,
        "adversarial_iterations": 200,
        "batch": 16,
        "length": 32,
        "adversarial_length": 16,
        "supervised_rate": 2e-3,
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
    def voices(config: BandConfig) -> tuple[str, ...]:
        """Return the names of the added tracks; none of them can be kept yet."""
        return config.names

    @staticmethod
    def configure(given: dict[str, Any], songs: list[Song]) -> BandConfig:
        """Return the config that `given` and the songs call for. Raise ConfigError if their tracks
        differ in number.
        """
        from composer.generators.band.windows import configure

        return configure(given, songs)

    @staticmethod
    def windows(songs: list[Song], config: BandConfig) -> Windows:
        """Return training examples of `songs`."""
        from composer.generators.band.windows import Windows

        return Windows(songs, config)

    @staticmethod
    def build(config: BandConfig) -> Networks:
        """Return generator and critic (needs Keras)."""
        from composer.generators.band.networks import Networks

        return Networks(config)

    @staticmethod
    def playing_model(networks: Networks) -> Any:
        """Return what is exported to play, and the shapes and types of its inputs (needs Keras)."""
        from composer.generators.band.networks import playing_model

        return playing_model(networks.generator)


FAMILY = BandFamily()
