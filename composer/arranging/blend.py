"""From one arrangement to another of the same melody, in steps that sound equally far apart."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from composer.arranging.batch import open_model
from composer.errors import ConfigError
from composer.evaluation.listen import change
from composer.generators import Model
from composer.generators.latents import Between, Origin, from_json
from composer.songs import read, write
from composer.songs.edit import only_melody
from composer.songs.midi import from_bytes, to_bytes
from composer.songs.song import Song

TRIED = 33  # places on the way, at least; the steps are chosen among them


@dataclass(frozen=True)
class Arranged:
    """An arrangement that says how it was made."""

    path: Path
    song: Song
    model: str  # the name of its model
    origin: Origin  # its latents


@dataclass(frozen=True)
class Step:
    """One place on the way."""

    song: Song
    share: float  # of the second arrangement's latents, 0 to 1
    changed: tuple[
        float, float
    ]  # share of cells that differ from the first, from the second


def read_arranged(path: Path) -> Arranged:
    """Read an arrangement that Composer wrote.

    Raise ConfigError if it does not say how it was made, or a part of it was kept from another.
    """
    song = read(path)
    try:
        made = json.loads(song.made)
        name = str(made["model"])
        origin = from_json(made["latents"])
        kept: Any = made.get("kept")
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise ConfigError(
            f"{path} does not say how it was made; only what composer arrange wrote can blend"
        ) from error
    if kept:
        raise ConfigError(
            f"{path} was made around a part that was kept; "
            "only arrangements made as a whole can blend"
        )
    return Arranged(path, song, name, origin)


def model_of(first: Arranged, second: Arranged, name: str | None = None) -> Model:
    """Open the model that made both: a bundled one, or the one that `name` says.

    Raise ConfigError if two models made them, or another one than `name` says.
    """
    if first.model != second.model:
        raise ConfigError(
            f"{first.path} was made by {first.model}, {second.path} by {second.model}; "
            "a blend has one model"
        )
    model = open_model(name or first.model)
    if model.name != first.model:
        raise ConfigError(
            f"{first.path} was made by {first.model}, not by {model.name}", mend="model"
        )
    return model


def blend(first: Arranged, second: Arranged, model: Model, steps: int) -> list[Step]:
    """Return `steps` arrangements from the first to the second, which are the ends, note for note.

    The latents go along a great circle. Of many places on it those are taken that divide evenly
    what is heard to change: the share of changed cells to the first, of that to both.

    Raise ConfigError if the two have not one melody, or an end is not what the model makes of its
    latents.
    """
    if steps < 2:
        raise ConfigError(f"a blend has 2 steps at least, its ends, got {steps}")
    _check_melodies(first.song, second.song)
    melody = only_melody(first.song)
    # Latents lead from one to the other only if they are all that made the two.
    for end in (first, second):
        _check_end(end, model.arrange(melody, latents=end.origin))
    apart = change(first.song, second.song)
    way = [Step(first.song, 0.0, (0.0, apart))]
    for share in _shares(steps):
        origin = Between(first.origin, second.origin, share)
        song = model.arrange(melody, latents=origin)
        changed = change(first.song, song), change(song, second.song)
        way.append(Step(song, share, changed))
    way.append(Step(second.song, 1.0, (apart, 0.0)))
    chosen = evenly([_progress(step) for step in way], steps)
    return [way[i] for i in chosen]


def _shares(steps: int) -> list[float]:
    """Return the places that are tried between the ends."""
    if steps == 2:
        return []
    places = np.linspace(0, 1, max(TRIED, steps))
    # The ends are there already, as they were written.
    shares: list[float] = places[1:-1].tolist()
    return shares


def _check_melodies(first: Song, second: Song) -> None:
    has_melodies = bool(first.tracks) and bool(second.tracks)
    is_one = has_melodies and first.tracks[0].notes == second.tracks[0].notes
    if not is_one or first.time_signatures != second.time_signatures:
        raise ConfigError(
            "the two arrangements have different melodies; a blend goes between two of one melody"
        )


def _check_end(end: Arranged, again: Song) -> None:
    # Through a file and back, as the end itself came: onsets are rounded to ticks there.
    back = from_bytes(to_bytes(again))
    expected = [track.notes for track in back.tracks]
    written = [track.notes for track in end.song.tracks]
    if written != expected:
        raise ConfigError(
            f"{end.path} is not what {end.model} makes of its latents: it was edited, "
            "or made by another version; arrange it again"
        )


def _progress(step: Step) -> float:
    """Return how far a step is on the way, as it sounds: 0 at the first, 1 at the second."""
    to_first, to_second = step.changed
    total = to_first + to_second
    # If nothing changes at all, only the latents say how far it is.
    return to_first / total if total else step.share


def evenly(progress: Sequence[float], steps: int) -> list[int]:
    """Return the indices of `steps` places: the ends, and those nearest to even parts between.

    progress: how far each place is on the way, 0 to 1, in order.

    >>> evenly([0.0, 0.1, 0.2, 0.6, 0.9, 1.0], 3)
    [0, 3, 5]
    """
    last = len(progress) - 1
    chosen = [0]
    for k in range(1, steps - 1):
        wanted = k / (steps - 1)
        still_to_come = steps - 1 - k  # places must be left for those
        free = range(chosen[-1] + 1, last - still_to_come + 1)
        distances = [abs(progress[i] - wanted) for i in free]
        chosen.append(free[int(np.argmin(distances))])
    return [*chosen, last]


def write_steps(steps: Sequence[Step], folder: Path) -> list[Path]:
    """Write the steps as 01.mid, 02.mid ... into a folder; return their paths.

    Raise OutputError if a file cannot be written.
    """
    # Of one width, so that they are played in this order when sorted by name.
    width = max(2, len(str(len(steps))))
    paths = []
    for number, step in enumerate(steps, 1):
        path = folder / f"{number:0{width}}.mid"
        write(path, step.song)
        paths.append(path)
    return paths
