"""What it costs not to know the melody's future: the bundled model plays the valid chorales ahead, beat by beat.

struck: the pitch that begins the next beat is known, as in a duet that has voices ready for each.

python -m tests.benchmarks --only ahead
"""

from __future__ import annotations

import time

import numpy as np
from composer.data import jsb
from composer.evaluation.chorales import arrange_chorales, arrange_live, jsb_ladder
from composer.generators import load_model

MODEL, SEED = "jsb-chorales", 0
# Name: (beats ahead, whether the pitch that begins them is known).
HORIZONS = {
    "1 beat, struck": (1.0, True),
    "1 beat": (1.0, False),
    "2 beats": (2.0, False),
    "1 bar": (4.0, False),
}


def main() -> None:
    """Print the curve, and how long a decision takes."""
    model, ladder, chorales = load_model(MODEL), jsb_ladder(), jsb.load("valid")
    print("horizon            BD    AUC    acc   par5   par8   ms a decision (p50, p99)")
    scores = ladder.score(arrange_chorales(model, chorales, SEED))
    print(_row("hindsight", scores))
    for name, how in HORIZONS.items():
        times: list[float] = []
        timed = _Timed(model, times)
        scores = ladder.score([arrange_live(timed, chorale, SEED, *how) for chorale in chorales])  # type: ignore[arg-type]
        print(
            _row(name, scores), f"  {np.percentile(times, 50):.1f}, {np.percentile(times, 99):.1f}"
        )


class _Timed:
    """A model whose decisions are timed, in milliseconds."""

    def __init__(self, model: object, times: list[float]) -> None:
        self.model, self.times = model, times

    def arrange_ahead(self, *arguments: object, expected: int | None = None) -> object:
        began = time.perf_counter()
        song = self.model.arrange_ahead(*arguments, expected=expected)  # type: ignore[attr-defined]
        self.times.append(1e3 * (time.perf_counter() - began))
        return song


def _row(name: str, scores: dict[str, float]) -> str:
    keys = ("bach_distance", "auc_window", "acc_ATB", "parallel_fifths", "parallel_octaves")
    return f"{name:15}" + "".join(f"{scores[key]:7.3f}" for key in keys)


if __name__ == "__main__":
    main()
