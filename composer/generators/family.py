"""The interface of a family of generators, and the registry that names them all.

A family is a folder below this one. It gives a config, a codec (`encode`, `decode`), networks, the name of the recipe
by which it trains, and its capabilities; the trainer, the command line, the stage and the studio ask for nothing more.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from importlib import import_module
from typing import Any, Literal, Protocol

from numpy.typing import NDArray

from composer.errors import ConfigError
from composer.generators.keep import Ahead, Keep
from composer.generators.latents import Latents, Origin
from composer.songs.edit import Melody
from composer.songs.song import Song

FAMILIES = {
    "band": "composer.generators.band:FAMILY",
    "chorale": "composer.generators.chorale:FAMILY",
    "unet": "composer.generators.unet:FAMILY",
}
Arrays = dict[str, NDArray[Any]]
Capability = Literal["arranges", "continues", "composes", "morphs", "edits", "plays_ahead", "keeps"]
Recipe = Literal["adversarial", "likelihood", "variational"]
Shapes = dict[str, tuple[tuple[int | None, ...], str]]
"""Shape (None: any length) and type of each input by name."""


@dataclass(frozen=True)
class Request:
    """Say what is asked of a family for one song.

    origin: where the latents come from. keep: what of the song comes back note for note.
    ahead: how far the voices play ahead of what was heard. chords: one symbol for each beat that the player gave.
    """

    origin: Origin = field(default=Latents())
    keep: Keep | None = None
    ahead: Ahead | None = None
    chords: tuple[str | None, ...] = ()


class Family(Protocol):
    """All that the rest of the house asks of a family.

    config: the frozen dataclass of its settings. recipe: how it trains. train: where its training differs from the
    recipe's defaults. capabilities: what it can do. produces: "notes" or "audio". latents: their names. knobs: those
    of them that have a knob. memory: beats of the past that playing ahead looks back on. recall: beats of its own
    voices, of those, that it is told as they were played.
    """

    name: str
    config: type[Any]
    recipe: Recipe
    train: dict[str, Any]
    capabilities: frozenset[Capability]
    produces: Literal["notes", "audio"]
    latents: tuple[str, ...]
    knobs: tuple[str, ...]
    memory: float
    recall: float

    def configure(self, given: dict[str, Any], songs: list[Song]) -> Any:
        """Return the config that `given` (JSON values) and the training songs call for."""

    def voices(self, config: Any) -> tuple[str, ...]:
        """Return the names of the added tracks, in their order."""

    def encode(
        self, song: Song, melody: Melody, request: Request, config: Any
    ) -> tuple[Arrays, Any]:
        """Return the generator's inputs by name, each with a batch axis, and what `decode` needs to go back."""

    def decode(self, outputs: Arrays, context: Any, song: Song, melody: Melody) -> Song:
        """Return the arrangement: `melody.kept` as the first track, then the added ones."""

    def build(self, config: Any) -> Any:
        """Return the networks to train (needs Keras)."""

    def windows(self, songs: list[Song], config: Any) -> Any:
        """Return training examples of `songs`: an object with `batch(rng, size, length)`."""

    def playing_model(self, networks: Any) -> tuple[Any, Shapes]:
        """Return what is exported to play, from inputs by name to outputs by name, and the shapes of its inputs."""


def family(name: str) -> Family:
    """Return the family of that name, imported on first use. Raise ConfigError for a name that is not in FAMILIES."""
    if name not in FAMILIES:
        raise ConfigError(f"no family {name!r}; there are {', '.join(sorted(FAMILIES))}")
    module, attribute = FAMILIES[name].split(":")
    found: Family = getattr(import_module(module), attribute)
    return found
