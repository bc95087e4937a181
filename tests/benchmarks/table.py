"""What every benchmark shares: a row of the table, a clock, a melody and the model to measure."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from composer.catalog import models
from composer.generators import CARD, PLAYS, WEIGHTS, family
from composer.songs.song import Note, Song, TimeSignature, Track

ROOT = Path(__file__).parent.parent.parent
BUNDLED = "jsb-chorales"


@dataclass(frozen=True)
class Row:
    """One line of the table. ours, baseline: medians in `unit`; a baseline of None: there is nothing to compare.

    goal: "<= 0.5" of ours, ">= 15" of the ratio; "" for none. remark: spread, or what was compared.
    """

    name: str
    unit: str
    ours: float
    baseline: float | None = None
    goal: str = ""
    remark: str = ""

    @property
    def ratio(self) -> float | None:
        """How many times less ours is than the baseline."""
        return None if self.baseline is None else self.baseline / self.ours

    @property
    def met(self) -> str:
        """Whether the goal is met: "yes", "NO", or "" without a goal."""
        if not self.goal:
            return ""
        sign, value = self.goal.split()
        if sign == "<=":
            return "yes" if self.ours <= float(value) else "NO"
        return "yes" if (self.ratio or 0) >= float(value) else "NO"


def show(rows: list[Row]) -> str:
    """The rows as a table of aligned columns."""
    head = ("", "ours", "unet", "unet / ours", "goal", "met", "")
    cells = [
        (
            r.name,
            f"{r.ours:.3g} {r.unit}",
            "" if r.baseline is None else f"{r.baseline:.3g} {r.unit}",
            "" if r.ratio is None else f"{r.ratio:.3g} x",
            r.goal and r.goal + (f" {r.unit}" if r.goal.startswith("<") else " x"),
            r.met,
            r.remark,
        )
        for r in rows
    ]
    widths = [max(len(line[i]) for line in [head, *cells]) for i in range(len(head))]
    return "\n".join(
        "  ".join(c.ljust(w) for c, w in zip(line, widths, strict=True)).rstrip()
        for line in [head, *cells]
    )


def clocked(job: Callable[[], object], count: int, warm: int = 5) -> tuple[float, float]:
    """(p50, p99) of `count` runs in milliseconds, after `warm` that do not count."""
    for _ in range(warm):
        job()
    times = []
    for _ in range(count):
        start = time.perf_counter()
        job()
        times.append(1e3 * (time.perf_counter() - start))
    return float(np.percentile(times, 50)), float(np.percentile(times, 99))


def tune(bars: int) -> Song:
    """A melody of quarters and eighths in C, of `bars` bars in 4/4; the same every time, a short one begins a long."""
    rng = np.random.default_rng(0)
    scale = [60, 62, 64, 65, 67, 69, 71, 72, 74, 76]
    notes, at, degree = [], 0.0, 4
    while at < 4 * bars:
        degree = int(np.clip(degree + rng.integers(-2, 3), 0, len(scale) - 1))
        for part in range(int(rng.random() < 0.3) + 1):
            length = 0.5 if rng.random() < 0.3 or part else 1.0
            length = min(length, 4 * bars - at)
            if length > 0:
                notes.append(Note(at, scale[degree], length))
                at += length
    return Song((Track(tuple(notes), "Melody"),), time_signatures=(TimeSignature(0, 4, 4),))


def playable(folder: Path) -> tuple[Path, str]:
    """(A model folder of ours to measure, a remark): the bundled one, else an untrained one written to `folder`."""
    if BUNDLED in models():
        return models()[BUNDLED], f"bundled model {BUNDLED}"
    write_untrained("chorale", folder)
    return folder, f"UNTRAINED weights: models/{BUNDLED} is not there (as fast, but more notes)"


def write_untrained(name: str, folder: Path) -> None:
    """A model folder of family `name` at its default size with random weights: as fast as a trained one."""
    from composer.config import to_dict
    from composer.training.export import to_litert

    kind = family(name)
    config = kind.config()
    networks = kind.build(config)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / PLAYS).write_bytes(to_litert(*kind.playing_model(networks), networks.generator))
    networks.generator.save_weights(folder / WEIGHTS)
    (folder / CARD).write_text(
        json.dumps({"family": name, "config": to_dict(config)}), encoding="utf-8"
    )
