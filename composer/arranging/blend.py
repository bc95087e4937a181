"""From one arrangement to another of the same melody, in steps that are as far apart as they sound."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

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

TRIED = 33  # places on the way at least, of which the steps are chosen


@dataclass(frozen=True)
class Arranged:
    """An arrangement that says how it was made. model: the name of its model."""

    path: Path
    song: Song
    model: str
    origin: Origin


@dataclass(frozen=True)
class Step:
    """One place on the way. share: of the second's latents. changed: share of cells that differ from first, second."""

    song: Song
    share: float
    changed: tuple[float, float]


def read_arranged(path: Path) -> Arranged:
    """An arrangement that `composer arrange` wrote. Raises ConfigError where it does not say how it was made."""
    song = read(path)
    try:
        made = json.loads(song.made)
        name, origin, kept = str(made["model"]), from_json(made["latents"]), made.get("kept")
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise ConfigError(
            f"{path} does not say how it was made; only what composer arrange wrote can blend"
        ) from error
    if kept:
        raise ConfigError(
            f"{path} was made with --keep or --bars; only arrangements made as a whole can blend"
        )
    return Arranged(path, song, name, origin)


def model_of(first: Arranged, second: Arranged, name: str | None = None) -> Model:
    """The model that made both, a bundled one or where `name` says it is. Raises ConfigError if they are of two."""
    if first.model != second.model:
        raise ConfigError(
            f"{first.path} was made by {first.model}, {second.path} by {second.model}; a blend has one"
        )
    model = open_model(name or first.model)
    if model.name != first.model:
        raise ConfigError(
            f"{first.path} was made by {first.model}, not by {model.name}; --model names another folder"
        )
    return model


def blend(first: Arranged, second: Arranged, model: Model, steps: int) -> list[Step]:
    """So many arrangements from the first to the second, which are the ends, note for note.

    The latents go along a great circle; of many places on it those are taken that divide evenly what is heard to
    change (the share of changed cells to the first, of that to both). Raises ConfigError where the two have not one
    melody, or an end is not what the model makes of its latents.
    """
    if steps < 2:
        raise ConfigError(f"a blend has 2 steps at least, its ends, got {steps}")
    _check_melodies(first.song, second.song)
    melody = only_melody(first.song)
    for end in (first, second):
        _check_end(end, model.arrange(melody, latents=end.origin))
    shares = np.linspace(0, 1, max(TRIED, steps))[1:-1].tolist() if steps > 2 else []
    tried = [Step(first.song, 0.0, (0.0, change(first.song, second.song)))]
    for share in shares:
        song = model.arrange(melody, latents=Between(first.origin, second.origin, share))
        tried.append(Step(song, share, (change(first.song, song), change(song, second.song))))
    tried.append(Step(second.song, 1.0, (change(first.song, second.song), 0.0)))
    return [tried[i] for i in evenly([_progress(step) for step in tried], steps)]


def write_steps(steps: Sequence[Step], folder: Path) -> list[Path]:
    """Write the steps as 01.mid, 02.mid ... into `folder`; returns their paths. Raises OutputError."""
    width = max(2, len(str(len(steps))))
    paths = [folder / f"{i:0{width}}.mid" for i in range(1, len(steps) + 1)]
    for path, step in zip(paths, steps, strict=True):
        write(path, step.song)
    return paths


def _check_melodies(first: Song, second: Song) -> None:
    same = (
        first.tracks[0].notes == second.tracks[0].notes if first.tracks and second.tracks else False
    )
    if not same or first.time_signatures != second.time_signatures:
        raise ConfigError(
            "the two arrangements have different melodies; a blend goes between two of one melody"
        )


def _check_end(end: Arranged, again: Song) -> None:
    back = from_bytes(to_bytes(again))
    if [t.notes for t in back.tracks] != [t.notes for t in end.song.tracks]:
        raise ConfigError(
            f"{end.path} is not what {end.model} makes of its latents: it was edited, or made by another version; "
            "arrange it again"
        )


def _progress(step: Step) -> float:
    """0 at the first, 1 at the second."""
    to_first, to_second = step.changed
    total = to_first + to_second
    return to_first / total if total else step.share


def evenly(progress: Sequence[float], steps: int) -> list[int]:
    """Indices of so many places, in order, the ends and those nearest to even parts of the way between."""
    last = len(progress) - 1
    chosen = [0]
    for k in range(1, steps - 1):
        free = range(
            chosen[-1] + 1, last - (steps - 1 - k) + 1
        )  # places must be left for those after it
        chosen.append(min(free, key=lambda i: abs(progress[i] - k / (steps - 1))))
    return [*chosen, last]
