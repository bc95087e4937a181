"""Measure what each latent of a model moves: draw it again, turn its knob, leave the others."""

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

# Added to a seed for another one.
OTHER: Final = 1000
ENDS: Final = (-1.0, 1.0)
# At least of what another seed moves, so that nothing is divided by zero.
LEAST: Final = 1e-9

# Keys of an arrangement: a latent and the place of its knob; at 0 the latent is drawn again.
MIDDLE: Final = ("", 0.0)
ANOTHER_SEED: Final = ("", 1.0)

Key = tuple[str, float]
Arrangements = dict[Key, Grid]
Row = dict[str, float]
Progress = Callable[[int, int], None]


class WithLatents(Protocol):
    """A model that can be measured: a `composer.Model`, or anything else with latents."""

    family: Any

    def arrange(
        self,
        song: Song,
        seed: int = 0,
        track: int | None = None,
        latents: Any = None,
    ) -> Song:
        """Return the melody as the first track, then the added ones."""


@dataclass(frozen=True)
class Moves:
    """The findings, by latent.

    melodies: of how many. another: how far another seed moves each of MOVES, in its own unit.
    redrawn: how far each of ASPECTS moves if that latent alone is drawn again; 1 is as far as
    with another seed. turned: the same, from the middle of its knob to an end. characters:
    `metrics.aspects.character` at -1, 0, +1 of each knob, by name.
    """

    melodies: int
    another: dict[str, float]
    redrawn: dict[str, Row]
    turned: dict[str, Row]
    characters: dict[str, dict[str, tuple[float, float, float]]]

    def ranked(self, latent: str) -> list[str]:
        """Return the aspects, first the one that the latent moves most when it is drawn again."""
        return sorted(
            self.redrawn[latent], key=lambda aspect: -self.redrawn[latent][aspect]
        )

    def verdict(self) -> list[str]:
        """Say in words which aspect each of NAMED moves most, a line each."""
        return [self._verdict_of(latent, aspect) for latent, aspect in NAMED.items()]

    def _verdict_of(self, latent: str, aspect: str) -> str:
        row = self.redrawn[latent]
        first, second = self.ranked(latent)[:2]
        word = "as it should"
        if first != aspect:
            word = f"not {aspect} ({row[aspect]:.2f})"
        figures = f"{row[first]:.2f}, then {second} {row[second]:.2f}"
        return f"{latent} moves {first} most ({figures}), {word}"


def measure_moves(
    model: WithLatents,
    melodies: Sequence[Song],
    seeds: Sequence[int],
    on_progress: Progress,
) -> Moves:
    """Move each latent of a model. Return the means over `melodies` and `seeds`.

    melodies: of a song the first track counts. on_progress: gets how many arrangements are done,
    and how many there are. Raise ConfigError for a model without latents.
    """
    latents, knobs = model.family.latents, model.family.knobs
    if not latents:
        raise ConfigError("this model has no latents, only a seed")
    # The added tracks of a song must not tell the model how it was arranged.
    songs = [(only_melody(song), seed) for song in melodies for seed in seeds]
    found = []
    for done, (song, seed) in enumerate(songs, 1):
        found.append(_arrange_around(model, song, seed, latents, knobs))
        on_progress(done, len(songs))

    another = _mean_moves(found, ANOTHER_SEED)
    redrawn = {name: _relative(found, another, [(name, 0.0)]) for name in latents}
    turned = {
        name: _relative(found, another, [(name, end) for end in ENDS]) for name in knobs
    }
    characters = {name: _characters(found, name) for name in knobs}
    return Moves(len(melodies), another, redrawn, turned, characters)


def _arrange_around(
    model: WithLatents,
    song: Song,
    seed: int,
    latents: Sequence[str],
    knobs: Sequence[str],
) -> Arrangements:
    """Arrange a melody with a seed, another seed, each latent drawn again, each knob turned."""

    def arranged(**how: Any) -> Grid:
        return song_grid(model.arrange(song, **how))

    grids = {MIDDLE: arranged(seed=seed), ANOTHER_SEED: arranged(seed=seed + OTHER)}
    for name in latents:
        grids[name, 0.0] = arranged(seed=seed, latents={name: seed + OTHER})
    for name in knobs:
        for end in ENDS:
            grids[name, end] = arranged(seed=seed, latents={name: end})
    return grids


def _mean_moves(found: Sequence[Arrangements], key: Key) -> Row:
    """Return the mean distances of a key's arrangements from those in the middle, by MOVES."""
    each = [moved(grids[MIDDLE], grids[key]) for grids in found]
    return {name: float(np.mean([one[name] for one in each])) for name in MOVES}


def _relative(
    found: Sequence[Arrangements],
    another: Row,
    keys: Sequence[Key],
) -> Row:
    """Return the mean move of each of ASPECTS, in units of what another seed moves."""
    rows = [_mean_moves(found, key) for key in keys]
    shares = {}
    for name in MOVES:
        shares[name] = np.mean([row[name] for row in rows]) / max(another[name], LEAST)
    relative = {}
    for aspect, parts in ASPECTS.items():
        relative[aspect] = float(np.mean([shares[name] for name in parts]))
    return relative


def _characters(
    found: Sequence[Arrangements], knob: str
) -> dict[str, tuple[float, float, float]]:
    """Return the mean character with the knob at -1, 0 and +1, by name."""
    low = _mean_character([grids[knob, -1.0] for grids in found])
    middle = _mean_character([grids[MIDDLE] for grids in found])
    high = _mean_character([grids[knob, 1.0] for grids in found])
    return {name: (low[name], middle[name], high[name]) for name in middle}


def _mean_character(grids: Sequence[Grid]) -> Row:
    # A number may be undefined for a melody or two.
    rows = [character(grid) for grid in grids]
    return {name: float(np.nanmean([row[name] for row in rows])) for name in rows[0]}
