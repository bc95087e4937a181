"""From nothing, five minutes each: a `chorale` model against a `unet`, both trained by the command that users type.

    python -m tests.benchmarks --only race            RACE_MINUTES=5 by default

Both get the same wall time on the same machine, one after the other; each is exported and judged on the valid split
through MIDI files. Also measured of our run: its peak memory, and what evaluations, snapshots, film and TensorBoard
cost of its time.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from composer.evaluation.chorales import jsb_ladder, through_public_path
from composer.generators import load_model
from composer.runs.run import TrainingRun

MINUTES = float(os.environ.get("RACE_MINUTES", "5"))
MEMORY, WATCHING, COPIED = (
    1.5,
    0.05,
    0.02,
)  # goals: GB, share of the run's time, share of windows; all at most
BETTER = {
    "bach_distance": "less",
    "auc_window": "less",
    "acc_ATB": "more",
}  # measure -> which way is better
RATES = (
    "parallel_fifths",
    "parallel_octaves",
    "crossing",
    "offbeat_sixteenths",
)  # nearer to Bach's own is better


def main() -> None:
    """Train both, print both."""
    with TemporaryDirectory() as folder:
        found = {name: _trained(name, Path(folder)) for name in ("chorale", "unet")}
    print(
        f"\nFrom nothing to a model in {MINUTES:g} minutes, two runs of `composer train --minutes`\n"
    )
    print(f"{'':22}{'ours':>10}{'unet':>10}")
    for name, better in BETTER.items():
        ours, unet = found["chorale"][name], found["unet"][name]
        won = ours < unet if better == "less" else ours > unet
        print(f"{name:22}{ours:10.4f}{unet:10.4f}  {better} is better: {'yes' if won else 'NO'}")
    bach = jsb_ladder().reference_rates()
    for name in RATES:
        ours, unet = (abs(found[family][name] - bach[name]) for family in ("chorale", "unet"))
        print(f"{name:22}{found['chorale'][name]:10.4f}{found['unet'][name]:10.4f}", end="")
        print(f"  nearer to Bach's {bach[name]:.4f}: {'yes' if ours < unet else 'NO'}")
    ours = found["chorale"]
    _goal(
        "copy8b",
        ours["copy8b"],
        COPIED,
        f"of 8-beat windows are in train (unet {found['unet']['copy8b']:.4f})",
    )
    print(
        f"{'seconds':22}{ours['seconds']:10.0f}{found['unet']['seconds']:10.0f}  reading, training, watching, saving"
    )
    _goal("peak memory", ours["memory"], MEMORY, "GB")
    _goal(
        "not iterating",
        ours["watching"],
        WATCHING,
        "of the time: evaluation, snapshots, film, TensorBoard, saving",
    )


def _goal(what: str, value: float, most: float, unit: str) -> None:
    print(
        f"{what:22}{value:10.3f}{'':10}  {unit}; at most {most}: {'yes' if value <= most else 'NO'}"
    )


def _trained(family: str, folder: Path) -> dict[str, float]:
    """Train, export and judge one family in processes of their own; its scores, and the run's costs."""
    out, model = folder / family, folder / f"{family}-model"
    memory = _run("train", "--out", out, "--family", family, "--minutes", MINUTES)
    _run("export", out, "-o", model)
    log = TrainingRun(out).log
    seconds, watching = log[-1]["seconds"], 1 - log[-1]["iterating"] / log[-1]["seconds"]
    scores = through_public_path(load_model(model))
    return {**scores, "seconds": seconds, "memory": memory, "watching": watching}


def _run(*arguments: object) -> float:
    """Run the command; the most memory that its process held, in GB."""
    command = [sys.executable, "-m", "composer", *map(str, arguments)]
    _, status, usage = os.wait4(os.posix_spawn(sys.executable, command, dict(os.environ)), 0)
    if status:
        raise SystemExit(f"{' '.join(command)} ended with {os.waitstatus_to_exitcode(status)}")
    return usage.ru_maxrss / (1e6 if sys.platform != "darwin" else 1e9)
