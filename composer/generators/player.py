"""Players arrange with a generator, wherever it runs; a Model is one that was loaded from a folder.

A trained model is a folder: `model.json`, `generator.tflite` (plays), `generator.weights.h5`
(training goes on).
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from composer.catalog import CARD, models
from composer.config import from_dict
from composer.errors import ConfigError, ModelError
from composer.generators.family import CAN, Arrays, Capability, Family, Request, family
from composer.generators.keep import Ahead, Keep
from composer.generators.latents import Given, Origin, to_json, to_origin
from composer.generators.runtime import Runner
from composer.songs.edit import melody_beside, take_melody, until
from composer.songs.song import Song

PLAYS = "generator.tflite"
WEIGHTS = "generator.weights.h5"


class Player:
    """A generator that arranges, wherever it runs.

    family, config: its family and settings. run: its networks, from inputs by name to outputs by
    name.
    """

    def __init__(
        self,
        kind: Family,
        config: Any,
        run: Callable[[Arrays], Arrays],
    ) -> None:
        self.family = kind
        self.config = config
        self._run = run

    @property
    def title(self) -> str:
        """The name that errors call the model by."""
        return f"this model (family {self.family.name})"

    def arrange(
        self,
        song: Song,
        seed: int = 0,
        track: int | None = None,
        latents: Given | None = None,
        keep: Keep | None = None,
    ) -> Song:
        """Return the melody of `song`, note for note, as the first track, and the added voices
        after it.

        seed: the same seed, model and melody give the same notes.
        track: of the melody, from 0; by default the highest on average that is not drums.
        latents: by name a seed of its own (an int), a knob in -1..1 (a float), or both (a Source);
            or all of them as Latents or Between, and then `seed` does not count.
        keep: voices or bars that come back note for note; `song` is then an arrangement, and its
            melody the first track that is no voice.

        Raise MelodyError if there is no melody, ConfigError if the family has no such latent or
        cannot keep a part.

        >>> from composer.songs.song import Note, Song, Track
        >>> scale = [Note(beat, pitch, 1.0) for beat, pitch in enumerate([60, 62, 64, 65, 67])]
        >>> model = load_model("jsb-chorales")
        >>> tune = Song((Track(tuple(scale), "Tune"),))
        >>> song = model.arrange(tune, seed=3, latents={"groove": 0.5})
        >>> [track.name for track in song.tracks]
        ['Tune', 'Alto', 'Tenor', 'Bass']
        """
        if seed < 0:
            raise ConfigError(f"a seed is 0 or more, got {seed}")
        self.require("arranges")
        origin = self.origin(latents, seed)
        # Also if the track is given: a family that cannot keep a part says so there.
        if keep is not None:
            found = self.kept_melody(song)
            track = found if track is None else track
        arranged = self._arranged(song, track, Request(origin, keep))
        return replace(arranged, made=self.made(origin, keep))

    def arrange_ahead(
        self,
        song: Song,
        now: float,
        horizon: float = 1.0,
        seed: int = 0,
        latents: Given | None = None,
        expected: int | None = None,
    ) -> Song:
        """Return voices for what is played so far and for `horizon` beats more, whose melody is not
        known.

        song: the melody as far as it was heard before beat `now` (what is later is not looked at),
            and beside it, under the names of the voices, what they have played so far. That stays,
            and a note that holds on grows longer. Without voices those of the past are made too.
        seed: the same seed goes on as it began.
        expected: the pitch that the melody is taken to play in those beats; so voices can be ready
            for each note that may come.

        Raise MelodyError if nothing was heard yet, ConfigError if the horizon is not above 0 or the
        family cannot play ahead.

        >>> from composer.songs.song import Note, Song, Track
        >>> heard = Song((Track((Note(0.0, 67, 1.0), Note(1.0, 69, 1.0))),))
        >>> ahead = load_model("jsb-chorales").arrange_ahead(heard, now=2.0, horizon=1.0)
        >>> [track.end for track in ahead.tracks]
        [2.0, 3.0, 3.0, 3.0]
        """
        self.require("plays_ahead")
        if now <= 0 or horizon <= 0:
            raise ConfigError(
                f"playing ahead needs beats heard and a horizon above 0, got {now} and {horizon}"
            )
        if expected is not None and not 0 <= expected <= 127:
            raise ConfigError(f"an expected pitch lies in 0..127, got {expected}")
        heard = until(song, now)
        track = self.kept_melody(heard)
        # Without voices nothing was played yet: all of it is made, from the start.
        keep = Keep(before=now) if len(heard.tracks) > 1 else None
        origin = self.origin(latents, seed)
        ahead = Ahead(now, now + horizon, expected)
        return self._arranged(heard, track, Request(origin, keep, ahead))

    def _arranged(self, song: Song, track: int | None, request: Request) -> Song:
        """Return `song` arranged: encoded, run through the networks, decoded."""
        melody = take_melody(song, track)
        inputs, context = self.family.encode(song, melody, request, self.config)
        outputs = self._run(inputs)
        return self.family.decode(outputs, context, song, melody)

    def made(self, origin: Origin, keep: Keep | None) -> str:  # noqa: ARG002
        """Return what an arrangement says of how it was made (`Song.made`): nothing, without a
        name.
        """
        return ""

    def kept_melody(self, song: Song) -> int:
        """Return the melody's track, from 0, of an arrangement that is kept in part.

        Raise ConfigError if the family cannot keep a part.
        """
        self.require("keeps")
        return melody_beside(song, self.family.voices(self.config))

    def require(self, capability: Capability) -> None:
        """Raise ConfigError, which names the models that can, if the family lacks a capability."""
        if capability in self.family.capabilities:
            return
        # Only models that can be named in a command: families have many more.
        able = [name for name in models() if capability in _capabilities(name)]
        known = ", ".join(able) or "none of the bundled ones"
        raise ConfigError(
            f"{self.title} cannot {CAN[capability]}; those that can: {known}",
            mend="model",
        )

    def origin(self, latents: Given | None, seed: int) -> Origin:
        """Return where the latents come from, in the family's order.

        Raise ConfigError if the family has none, or none of such a name.
        """
        if latents is not None and not self.family.latents:
            raise ConfigError(f"{self.title} has no latents, only a seed", mend="model")
        return to_origin(latents, seed, self.family.latents)


class Model(Player):
    """A trained model, loaded to play.

    folder: where it lies. card: all that its `model.json` says. family, config: its kind and
    settings.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.card = _read_card(folder)
        try:
            kind = family(self.card["family"])
            config = from_dict(kind.config, self.card["config"])
        except (KeyError, TypeError, ConfigError) as error:
            raise ModelError(f"model {folder} is damaged: {CARD}: {error}") from error
        super().__init__(kind, config, Runner(folder / PLAYS))

    @property
    def name(self) -> str:
        """The folder's name."""
        return self.folder.name

    @property
    def title(self) -> str:
        """The name that errors call the model by."""
        return f"model {self.name} (family {self.family.name})"

    def made(self, origin: Origin, keep: Keep | None) -> str:
        """Return JSON of the model's name, the latents, and whether a part was kept."""
        values: dict[str, Any] = {"model": self.name, "latents": to_json(origin)}
        if keep:
            values["kept"] = True
        return json.dumps(values)


def load_model(name: str | Path) -> Model:
    """Return the model in folder `name`, or the bundled one of that name.

    Raise ModelError if there is none (it says which exist) or it is damaged.

    >>> model = load_model("jsb-chorales")
    >>> model.name, model.family.name
    ('jsb-chorales', 'chorale')
    """
    bundled = models()
    if str(name) in bundled:
        return Model(bundled[str(name)])
    path = Path(name)
    if path.is_dir():
        return Model(path)
    known = ", ".join(bundled) or "none"
    raise ModelError(
        f"no model {str(name)!r}: no such folder, and the bundled models are: {known}"
    )


def _capabilities(name: str) -> frozenset[Capability]:
    """Return what a bundled model can do, from its card alone: loading it takes longer."""
    card = _read_card(models()[name])
    return family(card["family"]).capabilities


def _read_card(folder: Path) -> dict[str, Any]:
    """Return what `model.json` says. Raise ModelError if it cannot be read."""
    try:
        card = json.loads((folder / CARD).read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ModelError(f"model {folder} is damaged: it has no {CARD}") from error
    except (OSError, ValueError) as error:
        raise ModelError(f"model {folder} is damaged: {CARD}: {error}") from error
    if not isinstance(card, dict):
        raise ModelError(f"model {folder} is damaged: {CARD} is not a table")
    return card
