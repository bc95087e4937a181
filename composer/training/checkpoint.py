"""Checkpoints of a run: saved whole or not at all, thinned out, and read again."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from composer.errors import ModelError
from composer.files import atomic
from composer.runs.run import CHECKPOINTS, TrainingRun
from composer.training.trainer import State

# The first variable of training: a checkpoint that was thinned out lacks it, and only plays.
FIRST = "v0"


def save_checkpoint(run: TrainingRun, state: State) -> None:
    """Write the checkpoint of an iteration, whole or not at all.

    Raise OutputError if the disk is full.
    """
    iteration = int(state["iteration"])
    with atomic(run.folder / CHECKPOINTS / f"{iteration:06d}.npz") as path:
        np.savez(path, **state)  # type: ignore[arg-type]


def thin_out(run: TrainingRun, keep: int) -> None:
    """Reduce all checkpoints but the last `keep` and the best to the weights that play."""
    checkpoints = run.checkpoints
    # A whole one holds both networks and all optimisers, one that plays a generator alone.
    whole = {*list(checkpoints)[-keep:], run.best}
    for iteration, path in checkpoints.items():
        if iteration not in whole:
            _reduce(path)


def _reduce(path: Path) -> None:
    with np.load(path, allow_pickle=False) as held:
        if FIRST not in held.files:
            return
        playing = [
            name for name in held.files if name == "iteration" or name.startswith("g")
        ]
        arrays = {name: held[name] for name in playing}
    with atomic(path) as thinner:
        np.savez(thinner, **arrays)


def newest(run: TrainingRun) -> State:
    """Return the last checkpoint that is whole. Raise ModelError if there is none."""
    # The best one may be whole too, but training goes on from the last.
    for path in reversed(run.checkpoints.values()):
        state = load_checkpoint(path)
        if FIRST in state:
            return state
    raise ModelError(f"{run.folder} has no whole checkpoint to go on from")


def load_checkpoint(path: Path) -> State:
    """Return a checkpoint's arrays by name. Raise ModelError if it is damaged."""
    try:
        # No pickle: a file from somebody else must not run code.
        with np.load(path, allow_pickle=False) as held:
            return dict(held)
    except (OSError, ValueError, KeyError) as error:
        raise ModelError(f"checkpoint {path} is damaged: {error}") from error
