"""How near to Bach: the bundled model through MIDI files, beside baselines computed in the same run.

    python tests/benchmarks/bench_music.py

Compares with the bundled chorales of the JSB Chorales' valid split (`composer.evaluation.chorales`); `composer.metrics.ladder` says
what is measured.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Hashable

import numpy as np
from composer.errors import ModelError
from composer.evaluation.chorales import jsb_grids, jsb_ladder, mean_scores, through_public_path
from composer.generators import load_model
from composer.metrics.harmony import chorale_key
from composer.metrics.ladder import Ladder

MODEL = "jsb-chorales"
SEEDS = (0, 1, 2)
UNSEEN = (0, -5, -10, -19)  # semitones from a soprano pitch that train lacks
SIXTEENTHS = 3  # times Bach's at most, a third at least
COLUMNS = {  # measure -> heading
    "bach_distance": "BD",
    "bd_voice": "voice",
    "bd_harmony": "harm",
    "bd_rhythm": "rhythm",
    "bd_melody": "melody",
    "auc_window": "AUC",
    "acc_ATB": "acc",
    "copy8b": "copy8b",
    "copy4b": "copy4b",
    "diversity": "divers",
    "parallel_fifths": "par5",
    "parallel_octaves": "par8",
    "crossing": "cross",
    "out_of_range": "range",
    "offbeat_sixteenths": "off16",
}
GOALS: dict[str, tuple[str, Callable[[float], bool]]] = {
    "bach_distance": ("at most .45", lambda x: x <= 0.45),
    "auc_window": ("at most .80", lambda x: x <= 0.80),
    "acc_ATB": ("at least .36", lambda x: x >= 0.36),
    "copy8b": ("at most .02", lambda x: x <= 0.02),
    "diversity": ("at least .30", lambda x: x >= 0.3),
}
TWICE = ("parallel_fifths", "parallel_octaves", "crossing", "out_of_range")  # at most twice Bach's
Grid = np.ndarray
Scores = dict[str, float]


def random_pitches(
    sopranos: list[np.ndarray], low: np.ndarray, high: np.ndarray, seed: int
) -> list[Grid]:
    """With every soprano note each lower voice anywhere between its lowest and highest pitch in train."""
    rng = np.random.default_rng(seed)
    grids = []
    for soprano in sopranos:
        note = np.cumsum(np.r_[0, np.diff(soprano) != 0])
        drawn = rng.integers(low, high + 1, (note[-1] + 1, 3))[note]
        grids.append(np.c_[soprano, np.where(soprano[:, None] < 0, -1, drawn)])
    return grids


def most_frequent(
    train: list[Grid], sopranos: list[np.ndarray], sort: Callable[[np.ndarray], list[Hashable]]
) -> list[Grid]:
    """Each lower voice at the interval from the soprano that is most frequent in train over soprano steps of its sort.

    sort: what to tell steps apart by, int [step] -> one value a step; soprano rests are rests.
    """
    counts: dict[tuple[Hashable, int], Counter[int]] = defaultdict(Counter)
    for grid in train:
        for kind, row in zip(sort(grid[:, 0]), grid, strict=True):
            for voice in np.flatnonzero((row[1:] >= 0) & (row[0] >= 0)) + 1:
                counts[kind, int(voice)][int(row[voice] - row[0])] += 1
    best = {key: counter.most_common(1)[0][0] for key, counter in counts.items()}

    def below(kind: Hashable, pitch: int) -> list[int]:
        return [-1 if pitch < 0 else pitch + best.get((kind, v), UNSEEN[v]) for v in (1, 2, 3)]

    def arranged(soprano: np.ndarray) -> Grid:
        lower = [
            below(kind, pitch) for kind, pitch in zip(sort(soprano), soprano.tolist(), strict=True)
        ]
        return np.column_stack([soprano, np.array(lower)])

    return [arranged(soprano) for soprano in sopranos]


def by_pitch(soprano: np.ndarray) -> list[Hashable]:
    return list(soprano.tolist())


def by_degree(soprano: np.ndarray) -> list[Hashable]:
    """Degree and mode; the key estimated from the soprano alone."""
    tonic, minor = chorale_key(soprano[:, None].repeat(4, 1))
    return [((pitch - tonic) % 12, minor) for pitch in soprano.tolist()]


def baselines(ladder: Ladder) -> dict[str, Scores]:
    train = jsb_grids("train")
    sopranos = [grid[:, 0] for grid in ladder.reference]
    cells = np.concatenate(train)[:, 1:]
    low, high = np.where(cells < 0, 127, cells).min(0), cells.max(0)
    half = Ladder(train[::2], ladder.reference)
    return {
        "random": mean_scores(
            ladder, [random_pitches(sopranos, low, high, seed) for seed in SEEDS]
        ),
        "most frequent, by pitch": ladder.score(most_frequent(train, sopranos, by_pitch)),
        "most frequent, by degree": ladder.score(most_frequent(train, sopranos, by_degree)),
        "Bach: half of train": half.score(train[1::2], aligned=False),
        "Bach: the reference": ladder.reference_rates(),
    }


def model_scores() -> dict[str, Scores]:
    """As scored elsewhere, on a plain grid; and from files that have metre, pickup and repeated notes."""
    model = load_model(MODEL)
    return {
        MODEL: through_public_path(model, seeds=SEEDS),
        f"{MODEL}, metre known": through_public_path(model, seeds=SEEDS, metre=True),
    }


def print_table(rows: dict[str, Scores]) -> None:
    print(f"{'':26}" + "".join(f"{heading:>8}" for heading in COLUMNS.values()))
    for name, scores in rows.items():
        cells = (f"{scores[key]:8.3f}" if key in scores else f"{'-':>8}" for key in COLUMNS)
        print(f"{name:26}" + "".join(cells))


def print_verdict(scores: Scores, bach: Scores) -> None:
    for key, (goal, reached) in GOALS.items():
        print(
            f"{'reached' if reached(scores[key]) else 'MISSED ':8} {key} {scores[key]:.3f}, goal {goal}"
        )
    for key in TWICE:
        word = "reached" if scores[key] <= 2 * bach[key] else "MISSED "
        print(f"{word:8} {key} {scores[key]:.3f}, Bach {bach[key]:.3f}, goal at most twice that")
    ratio = scores["offbeat_sixteenths"] / bach["offbeat_sixteenths"]
    word = "reached" if 1 / SIXTEENTHS <= ratio <= SIXTEENTHS else "MISSED "
    print(f"{word:8} offbeat_sixteenths {ratio:.2f} times Bach's, goal within {SIXTEENTHS} times")


def main() -> None:
    """Print the table and, where the model is there, whether it reaches the goals."""
    rows = baselines(jsb_ladder())
    try:
        scores = model_scores()
    except ModelError as error:
        print(f"only baselines: {error}")
        scores = {}
    print_table({**scores, **rows})
    for name, score in scores.items():
        print(f"\n{name}")
        print_verdict(score, rows["Bach: the reference"])


if __name__ == "__main__":
    main()
