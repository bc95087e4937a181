"""What each latent of a model moves: the others left alone, it is drawn anew, and turned along its knob."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

import numpy as np

from composer.errors import ConfigError
from composer.metrics.aspects import MOVES, Grid, character, moved, song_grid
from composer.songs.edit import only_melody
from composer.songs.song import Song

ASPECTS: Final = {
    "harmony": ("harmony",),
    "rhythm": ("rhythm",),
    "contour": ("contour",),
    "texture": ("spacing", "doubling", "activity"),
}
"""The columns, and what of `metrics.aspects.MOVES` each is the mean of."""
NAMED: Final = {"chords": "harmony", "groove": "rhythm", "melody": "contour"}
"""What each of these latents should move most; `style` moves the whole."""
OTHER: Final = 1000  # what is added to a seed for another one
ENDS: Final = (-1.0, 1.0)
Progress = Callable[[int, int], None]


class Turned(Protocol):
    """What is measured: a `composer.Model`, or anything else with latents."""

    family: Any

    def arrange(
        self, song: Song, seed: int = 0, track: int | None = None, latents: Any = None
    ) -> Song:
        """The melody as the first track, then the added ones."""


@dataclass(frozen=True)
class Moves:
    """What was found, by latent; melodies: of how many.

    another: how far another seed moves each of MOVES, in its own unit. redrawn: how far each of ASPECTS moves when
    that latent alone is drawn anew; 1 is as far as with another seed. turned: the same, from the middle of its knob
    to an end. characters: `metrics.aspects.character` at -1, 0, +1 of each knob, by name.
    """

    melodies: int
    another: dict[str, float]
    redrawn: dict[str, dict[str, float]]
    turned: dict[str, dict[str, float]]
    characters: dict[str, dict[str, tuple[float, float, float]]]

    def ranked(self, latent: str) -> list[str]:
        """The aspects, that which the latent moves most when it is drawn anew first."""
        return sorted(self.redrawn[latent], key=lambda aspect: -self.redrawn[latent][aspect])

    def verdict(self) -> list[str]:
        """In words, a line for each of NAMED."""
        lines = []
        for latent, aspect in NAMED.items():
            first, second = self.ranked(latent)[:2]
            word = (
                "as it should"
                if first == aspect
                else f"not {aspect} ({self.redrawn[latent][aspect]:.2f})"
            )
            figures = f"{self.redrawn[latent][first]:.2f}, then {second} {self.redrawn[latent][second]:.2f}"
            lines.append(f"{latent} moves {first} most ({figures}), {word}")
        return lines


def measure_moves(
    model: Turned, melodies: Sequence[Song], seeds: Sequence[int], on_progress: Progress
) -> Moves:
    """Move each latent of `model` in the arrangements of `melodies` (of a song the first track counts).

    Means over melodies and seeds. Raises ConfigError for a model without latents.
    """
    names, knobs = model.family.latents, model.family.knobs
    if not names:
        raise ConfigError("this model has no latents chords, style, melody and groove, only a seed")
    songs = [(only_melody(song), seed) for song in melodies for seed in seeds]
    found = []
    for done, (song, seed) in enumerate(songs, 1):
        found.append(_around(model, song, seed, names, knobs))
        on_progress(done, len(songs))
    return _collected(len(melodies), found, names, knobs)


Place = dict[tuple[str, float], Grid]
"""Arrangements by latent and knob; NaN: that latent drawn anew, ("", 0) the one in the middle, ("", 1) another seed."""


def _around(
    model: Turned, song: Song, seed: int, names: Sequence[str], knobs: Sequence[str]
) -> Place:
    def grid(**how: Any) -> Grid:
        return song_grid(model.arrange(song, **how))

    return {
        ("", 0.0): grid(seed=seed),
        ("", 1.0): grid(seed=seed + OTHER),
        **{(name, 0.0): grid(seed=seed, latents={name: seed + OTHER}) for name in names},
        **{(name, end): grid(seed=seed, latents={name: end}) for name in knobs for end in ENDS},
    }


def _collected(
    melodies: int, found: Sequence[Place], names: Sequence[str], knobs: Sequence[str]
) -> Moves:
    def apart(key: tuple[str, float]) -> dict[str, float]:
        each = [moved(place["", 0.0], place[key]) for place in found]
        return {name: float(np.mean([one[name] for one in each])) for name in MOVES}

    another = apart(("", 1.0))

    def relative(*keys: tuple[str, float]) -> dict[str, float]:
        rows = [apart(key) for key in keys]
        shares = {
            name: np.mean([row[name] for row in rows]) / max(another[name], 1e-9) for name in MOVES
        }
        return {
            aspect: float(np.mean([shares[name] for name in parts]))
            for aspect, parts in ASPECTS.items()
        }

    return Moves(
        melodies,
        another,
        {name: relative((name, 0.0)) for name in names},
        {name: relative(*((name, end) for end in ENDS)) for name in knobs},
        {
            name: _characters([[p[name, -1.0], p["", 0.0], p[name, 1.0]] for p in found])
            for name in knobs
        },
    )


def _characters(places: Sequence[Sequence[Grid]]) -> dict[str, tuple[float, float, float]]:
    rows = [[character(grid) for grid in place] for place in places]
    return {
        name: tuple(float(np.nanmean([row[i][name] for row in rows])) for i in range(3))  # type: ignore[misc]
        for name in rows[0][0]
    }
