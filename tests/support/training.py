"""Tiny training runs, as the tests of training, its recipes and its exports need them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from composer.config import from_dict
from composer.data.jsb import load, to_song
from composer.generators import family
from composer.runs.run import TrainingRun
from composer.training.checkpoint import load_checkpoint
from composer.training.recipes import find_recipe
from composer.training.trainer import Trainer

ROOT = Path(__file__).parents[2]
TINY: dict[str, dict[str, Any]] = {
    "model": {
        "channels": 8,
        "encoder_blocks": 1,
        "skeleton_blocks": 1,
        "fine_blocks": 1,
        "critic_channels": 8,
        "strides": [2, 1],
        "temperatures": [0.75, 0.85],
    },
    "train": {
        "supervised_iterations": 5,
        "adversarial_iterations": 1,
        "batch": 2,
        "length": 8,
        "adversarial_length": 8,
        "critic_steps": 2,
        "report_every": 1,
        "save_every": 2,
        "snapshot_every": 3,
        "evaluate_every": 4,
        "evaluate_pieces": 2,
        "keep": 2,
    },
}


def same(one: TrainingRun, other: TrainingRun) -> bool:
    """Return True if two runs ended with the same bits."""
    a, b = (load_checkpoint(run.checkpoints[run.latest]) for run in (one, other))
    return a.keys() == b.keys() and all((a[k] == b[k]).all() for k in a)


def untimed(log: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the log without what a clock says."""
    return [{k: v for k, v in line.items() if k not in ("seconds", "iterating")} for line in log]


def trainer_of(songs: int = 3, **changes: Any) -> Trainer:
    """Return a tiny trainer of family chorale."""
    kind = family("chorale")
    settings = from_dict(find_recipe(kind.recipe).config, {**TINY["train"], **changes})
    model = from_dict(kind.config, TINY["model"])
    return Trainer(kind, [to_song(x) for x in load("train")[:songs]], model, settings)


def command(*arguments: object, **options: Any) -> subprocess.Popen[str]:
    """Start `composer ARGUMENTS` in a process of its own."""
    words = [sys.executable, "-m", "composer", *map(str, arguments)]
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    return subprocess.Popen(
        words, cwd=ROOT, env={**os.environ, "NO_COLOR": "1"}, **streams, **options
    )
