"""The interface of a family of generators, and the registry that names them all.

A family is a folder below this one. It gives a config, a codec (`encode`, `decode`), networks, the
name of the recipe by which it trains, and its capabilities. The trainer, the command line, the
stage and the studio ask for nothing more.
"""

from __future__ import annotations

from collections.abc import Mapping
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
"""Where the object of each family lies, as "module:name"; a plain table, to which more may be
added.
"""

Arrays = dict[str, NDArray[Any]]
"""Inputs or outputs of networks, by name."""

Shapes = dict[str, tuple[tuple[int | None, ...], str]]
"""Shape (None: any length) and type of each input, by name."""

Recipe = Literal["adversarial", "likelihood", "variational"]
Produces = Literal["notes", "audio"]
Capability = Literal[
    "arranges", "continues", "composes", "morphs", "edits", "plays_ahead", "keeps"
]

CAN: dict[Capability, str] = {
    "arranges": "arrange a melody",
    "continues": "continue a piece",
    "composes": "compose from nothing",
    "morphs": "go from one arrangement to another",
    "edits": "edit an arrangement",
    "plays_ahead": "play ahead of what is heard",
    "keeps": "keep a part of an arrangement",
}
"""Each capability in words that follow "a model can"."""


@dataclass(frozen=True)
class Request:
    """One question to a family: arrange this, from these latents, keeping that.

    >>> Request(Latents(3), Keep(voices=("alto",))).keep.voices
    ('alto',)
    """

    origin: Origin = field(default=Latents())
    """Where the latents come from."""

    keep: Keep | None = None
    """What of the song comes back note for note."""

    ahead: Ahead | None = None
    """How far the voices play ahead of what was heard."""

    chords: tuple[str | None, ...] = ()
    """A chord symbol for each beat, where the player gave one."""


class Family(Protocol):
    """All that the rest of Composer asks of a family."""

    name: str

    config: type[Any]
    """The frozen dataclass of its settings."""

    recipe: Recipe
    """How it trains."""

    train: dict[str, Any]
    """Settings of training that differ from the recipe's defaults."""

    capabilities: frozenset[Capability]
    produces: Produces

    latents: tuple[str, ...]
    """Names of the latents, in the order in which they are shown and saved."""

    knobs: tuple[str, ...]
    """Names of the latents that have a knob."""

    knob_help: Mapping[str, str]
    """What each knob does from its lower end to its upper, in a few words."""

    memory: float
    """Beats of the past that playing ahead looks back on."""

    recall: float
    """Beats, of these, whose voices are told to the networks as they were played."""

    def configure(self, given: dict[str, Any], songs: list[Song]) -> Any:
        """Return the config that `given` (JSON values) and the training songs call for.

        Raise ConfigError if the family cannot learn from such songs.
        """

    def voices(self, config: Any) -> tuple[str, ...]:
        """Return the names of the added tracks, in their order."""

    def encode(
        self,
        song: Song,
        melody: Melody,
        request: Request,
        config: Any,
    ) -> tuple[Arrays, Any]:
        """Return the generator's inputs, each with a batch axis, and what `decode` needs to go
        back.
        """

    def decode(
        self,
        outputs: Arrays,
        context: Any,
        song: Song,
        melody: Melody,
    ) -> Song:
        """Return the arrangement: `melody.kept` as the first track, then the added ones."""

    def build(self, config: Any) -> Any:
        """Return the networks to train (needs Keras)."""

    def windows(self, songs: list[Song], config: Any) -> Any:
        """Return training examples of `songs`: an object with `batch(rng, size, length)`."""

    def playing_model(self, networks: Any) -> tuple[Any, Shapes]:
        """Return what is exported to play, a function of inputs by name, and the shapes of its
        inputs.
        """


def family(name: str) -> Family:
    """Return the family of that name, imported on first use. Raise ConfigError if FAMILIES does not
    have it.

    >>> family("chorale").latents
    ('chords', 'style', 'melody', 'groove')
    """
    if name not in FAMILIES:
        raise ConfigError(
            f"no family {name!r}; there are {', '.join(sorted(FAMILIES))}"
        )
    # Imported only now: a family that nobody asks for costs nothing.
    module, attribute = FAMILIES[name].split(":")
    found: Family = getattr(import_module(module), attribute)
    return found
