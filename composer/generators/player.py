"""Players arrange with a generator, wherever it runs; a Model is one that was loaded from a folder.

A trained model is a folder: `model.json`, `generator.tflite` (plays), `generator.weights.h5` (training goes on).
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
from composer.generators.family import Arrays, Family, Request, family
from composer.generators.keep import Ahead, Keep
from composer.generators.latents import Given, Origin, to_json, to_origin
from composer.generators.runtime import Runner
from composer.songs.edit import melody_beside, take_melody, until
from composer.songs.song import Song

PLAYS, WEIGHTS = "generator.tflite", "generator.weights.h5"


class Player:
    """A generator that arranges, wherever it runs.

    kind, config: its family and settings. run: its networks, from inputs by name to outputs by name.
    """

    def __init__(self, kind: Family, config: Any, run: Callable[[Arrays], Arrays]) -> None:
        self.family, self.config, self._run = kind, config, run

    def arrange(
        self,
        song: Song,
        seed: int = 0,
        track: int | None = None,
        latents: Given | None = None,
        keep: Keep | None = None,
    ) -> Song:
        """The melody of `song`, note for note, as the first track, and the added voices after it.

        seed: the same seed, model and melody give the same notes. track: of the melody, from 0; by default the
        highest on average that is not drums. latents: of chords, style, melody, groove a seed of its own (an int), a
        knob in -1..1 (a float), or both (`latents.Source`); or all of them as Latents or Between, and then `seed`
        does not count. keep: voices or bars that come back note for note; `song` is then an arrangement, its melody
        the first track that is no voice. Raises MelodyError where there is no melody, ConfigError for the others.
        """
        if seed < 0:
            raise ConfigError(f"a seed is 0 or more, got {seed}")
        origin = self._origin(latents, seed)
        if keep is not None:
            found = self.kept_melody(song)
            track = found if track is None else track
        melody = take_melody(song, track)
        inputs, context = self.family.encode(song, melody, Request(origin, keep), self.config)
        made = self.made(origin, keep)
        return replace(self.family.decode(self._run(inputs), context, song, melody), made=made)

    def arrange_ahead(
        self,
        song: Song,
        now: float,
        horizon: float = 1.0,
        seed: int = 0,
        latents: Given | None = None,
        expected: int | None = None,
    ) -> Song:
        """Voices for what is played so far and for `horizon` beats more, of which the melody is not known.

        song: the melody as far as it was heard before beat `now` (what is later is not looked at), and beside it,
        under the names of the voices, what they have played so far: that stays, and a note that holds on grows longer.
        Without voices those of the past are made too. The same seed goes on as it began. expected: the pitch that the
        melody is taken to play in those beats: so voices can be ready for each note that may come. Raises MelodyError
        where nothing was heard yet, ConfigError for a horizon that is not above 0 and for a model that cannot do it.
        """
        if now <= 0 or horizon <= 0:
            raise ConfigError(
                f"playing ahead needs beats heard and a horizon above 0, got {now} and {horizon}"
            )
        if expected is not None and not 0 <= expected <= 127:
            raise ConfigError(f"an expected pitch lies in 0..127, got {expected}")
        heard = until(song, now)
        melody = take_melody(heard, self.kept_melody(heard))
        keep = Keep(before=now) if len(heard.tracks) > 1 else None
        origin = self._origin(latents, seed)
        request = Request(origin, keep, Ahead(now, now + horizon, expected))
        inputs, context = self.family.encode(heard, melody, request, self.config)
        return self.family.decode(self._run(inputs), context, heard, melody)

    def made(self, origin: Origin, keep: Keep | None) -> str:  # noqa: ARG002
        """What an arrangement says of itself (`Song.made`); of a player without a name nothing."""
        return ""

    def kept_melody(self, song: Song) -> int:
        """The melody's track, from 0, of an arrangement of which something is kept. Raises ConfigError."""
        if "keeps" not in self.family.capabilities:
            raise ConfigError(
                "this model cannot keep a part of an arrangement; those of family chorale can, like jsb-chorales"
            )
        return melody_beside(song, self.family.voices(self.config))

    def _origin(self, latents: Given | None, seed: int) -> Origin:
        if latents is not None and not self.family.latents:
            raise ConfigError(
                "this model has no latents chords, style, melody and groove, only a seed"
            )
        return to_origin(latents, seed)


class Model(Player):
    """A trained model, loaded to play.

    family, config, card: its kind, its settings and all that `model.json` says of it.
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

    def made(self, origin: Origin, keep: Keep | None) -> str:
        """As JSON: the model's name, where the latents come from, and whether something was kept."""
        latents = to_json(origin)
        return json.dumps(
            {"model": self.name, "latents": latents, **({"kept": True} if keep else {})}
        )


def load_model(name: str | Path) -> Model:
    """The model in folder `name`, or the bundled one of that name.

    Raises ModelError where it is missing (and says which exist) or damaged.
    """
    path = Path(name)
    bundled = models()
    if str(name) in bundled:
        return Model(bundled[str(name)])
    if path.is_dir():
        return Model(path)
    known = ", ".join(bundled) or "none"
    raise ModelError(f"no model {str(name)!r}: no such folder, and the bundled models are: {known}")


def _read_card(folder: Path) -> dict[str, Any]:
    try:
        card = json.loads((folder / CARD).read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ModelError(f"model {folder} is damaged: it has no {CARD}") from error
    except (OSError, ValueError) as error:
        raise ModelError(f"model {folder} is damaged: {CARD}: {error}") from error
    if not isinstance(card, dict):
        raise ModelError(f"model {folder} is damaged: {CARD} is not a table")
    return card
