"""Family `chorale`: a melody in, three voices below it out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from composer.generators.chorale.codec import decode, encode
from composer.generators.chorale.config import MEMORY, RECALL, ChoraleConfig
from composer.generators.chorale.latents import DIRECTIONS, KNOB_HELP, NAMES
from composer.songs.song import Song

if TYPE_CHECKING:
    from composer.generators.chorale.networks import Networks
    from composer.generators.chorale.windows import Windows

__all__ = ["FAMILY"]


class ChoraleFamily:
    """This folder behind the interface of `composer.generators.family`."""

    name = "chorale"
    config = ChoraleConfig
    recipe = "adversarial"
    train: ClassVar[dict[str, Any]] = {}
    capabilities = frozenset({"arranges", "plays_ahead", "keeps"})
    produces = "notes"
    latents = NAMES
    knobs = tuple(DIRECTIONS)
    knob_help = KNOB_HELP
    memory = float(MEMORY)
    recall = float(RECALL)
    encode = staticmethod(encode)
    decode = staticmethod(decode)

    @staticmethod
    def voices(config: ChoraleConfig) -> tuple[str, ...]:
        """Return the names of the added voices; each of them can be kept."""
        return config.parts[1:]

    @staticmethod
    def configure(given: dict[str, Any], songs: list[Song]) -> ChoraleConfig:
        """Return the config that `given` and the songs call for. Raise ConfigError for songs not in
        four parts.
        """
        from composer.generators.chorale.windows import configure

        return configure(given, songs)

    @staticmethod
    def windows(songs: list[Song], config: ChoraleConfig) -> Windows:
        """Return training examples of `songs`."""
        from composer.generators.chorale.windows import Windows

        return Windows(songs, config)

    @staticmethod
    def build(config: ChoraleConfig) -> Networks:
        """Return generator and critic (needs Keras)."""
        from composer.generators.chorale.networks import Networks

        return Networks(config)

    @staticmethod
    def playing_model(networks: Networks) -> Any:
        """Return what is exported to play, and the shapes and types of its inputs (needs Keras)."""
        from composer.generators.chorale.networks import playing_model

        return playing_model(networks.generator)


FAMILY = ChoraleFamily()
