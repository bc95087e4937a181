"""The snapshots that a film shows, the room that they need, and their time in the training."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import numpy as np

from composer.errors import ModelError
from composer.pictures.frames import film_scope, shown_bars
from composer.runs.film.scene import Scene, about
from composer.runs.film.settings import FilmConfig
from composer.runs.film.sound import heard_beats
from composer.runs.run import TrainingRun
from composer.songs.song import Song

# Snapshots that are read for the range of all: a long run has thousands.
SAMPLED: Final = 12
Songs = dict[str, Song]
Log = Mapping[int, Mapping[str, Any]]


def chosen_snapshots(run: TrainingRun, config: FilmConfig) -> list[int]:
    """Return the iterations that are shown. Raise ModelError if there is none."""
    found = sorted(at for at, files in run.snapshots.items() if files)
    if not found:
        raise ModelError(
            f"{run.folder} has no snapshots yet: a film needs one; composer train keeps them as it goes"
        )
    chosen = [at for at in found if config.wants(at)]
    if not chosen:
        first = found[0] if config.first is None else config.first
        last = config.last or found[-1]
        raise ModelError(
            f"{run.folder} has no snapshot from {first} to {last}; "
            f"it has {len(found)} from {found[0]} to {found[-1]}"
        )
    return chosen


def a_few(run: TrainingRun, chosen: Sequence[int]) -> dict[int, Songs]:
    """Return some snapshots, from the first to the last: enough to know the range of all notes."""
    if not chosen:
        return {}
    places = (
        np.linspace(
            0,
            len(chosen) - 1,
            SAMPLED,
        )
        .round()
        .astype(int)
    )
    return {chosen[place]: run.snapshot(chosen[place]) for place in np.unique(places)}


def all_songs(snapshots: Mapping[int, Songs]) -> list[Song]:
    """Return every song of some snapshots."""
    return [song for songs in snapshots.values() for song in songs.values()]


def scene_of(
    run: TrainingRun,
    config: FilmConfig,
    known: Mapping[int, Songs],
    count: int,
) -> Scene:
    """Return what all frames share, from a few of `count` snapshots."""
    # A melody may be missing in some snapshots: the first that has it counts.
    songs: Songs = {}
    for snapshot in known.values():
        for name, song in snapshot.items():
            songs.setdefault(name, song)
    heard = None
    if config.audio and songs:
        first = next(iter(songs.values()))
        heard = heard_beats(first, shown_bars(first), count)
    scope = film_scope(all_songs(known))
    return Scene(config.size, about(run.asked), songs, scope, heard)


def seconds_at(log: Log, iteration: int) -> float:
    """Return the seconds of training until an iteration, as far as the log knows."""
    return float(max(_seconds_until(log, iteration), default=0.0))


def _seconds_until(log: Log, iteration: int) -> Iterable[float]:
    for at, line in log.items():
        if at <= iteration:
            yield line.get("seconds", 0.0)
