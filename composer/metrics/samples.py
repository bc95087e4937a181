"""Compare two samples: how far they lie apart, and whether a classifier tells them apart."""

from __future__ import annotations

import numpy as np
from numpy.linalg import solve

from composer.metrics.grids import Bools, Floats, Ints

LEVELS = (np.arange(400) + 0.5) / 400
FOLDS = 5
PENALTY = 5.0  # on the squared weights
BIAS_PENALTY = 1e-3  # keeps the bias finite if the classes separate
NEWTON_STEPS = 25
CONVERGED = 1e-6
FAR = (
    8.0  # standard deviations, beyond which a held-out value counts as if it lay there
)


def wasserstein(first: Floats, second: Floats) -> float:
    """Return the Wasserstein-1 distance of two samples of numbers, exact for any sizes: float.

    NaN are left out; the distance is NaN if nothing else is in a sample. A sample that holds each
    value several times, as that of several seeds, has the distance of the sample that holds it
    once.

    >>> wasserstein(np.array([0.0, 1.0]), np.array([1.0, 2.0, 1.0, 2.0]))
    1.0
    """
    a = _sorted_known(first)
    b = _sorted_known(second)
    if not len(a) or not len(b):
        return float("nan")
    # Between two neighbouring numbers of either sample both distributions are flat.
    at = np.sort(np.concatenate([a, b]))
    lower = at[:-1]
    share_of_a = np.searchsorted(a, lower, side="right") / len(a)
    share_of_b = np.searchsorted(b, lower, side="right") / len(b)
    apart = np.abs(share_of_a - share_of_b)
    return float(apart @ np.diff(at))


def quantile_distance(first: Floats, second: Floats) -> float:
    """Return the mean distance of 400 quantiles of two samples of numbers: float.

    It comes near `wasserstein`, and differs from it in that quantiles are interpolated between the
    numbers of a sample. The ladder's Bach distance is defined by it. No number may be NaN.

    >>> quantile_distance(np.array([0.0, 1.0]), np.array([2.0, 3.0]))
    2.0
    """
    a = np.quantile(first, LEVELS)
    b = np.quantile(second, LEVELS)
    return float(np.abs(a - b).mean())


def roc_auc(scores: Floats, positive: Bools) -> float:
    """Return the chance that a positive scores above a negative, ties counting half (Mann-Whitney).

    scores: float [row]. positive: bool [row], of both kinds some. 0.5 is as good as guessing.

    >>> roc_auc(np.array([1.0, 2.0, 2.0, 3.0]), np.array([False, False, True, True]))
    0.875
    """
    _, place, count = np.unique(scores, return_inverse=True, return_counts=True)
    # Rows that tie share the mean of their ranks.
    mean_rank = np.cumsum(count) - (count - 1) / 2
    rank = mean_rank[place]
    positives = int(positive.sum())
    negatives = len(positive) - positives
    among_themselves = positives * (positives + 1) / 2
    above = rank[positive].sum() - among_themselves
    return float(above / (positives * negatives))


def logistic_regression(rows: Floats, positive: Bools) -> Floats:
    """Fit an L2 logistic regression by Newton's method: weights float [feature + 1], the bias last.

    rows: float [row, feature], standardised. positive: bool [row].
    """
    inputs = _with_one(rows)
    weights = np.zeros(inputs.shape[1])
    penalty = np.diag([PENALTY] * rows.shape[1] + [BIAS_PENALTY])
    for _ in range(NEWTON_STEPS):
        # Beyond 30 the exponential would only lose digits, and warn.
        logits = np.clip(inputs @ weights, -30, 30)
        chance = 1 / (1 + np.exp(-logits))
        variance = chance * (1 - chance)
        weighted = inputs * variance[:, None]
        gradient = inputs.T @ (chance - positive) + penalty @ weights
        curvature = weighted.T @ inputs + penalty
        step = solve(curvature, gradient)
        weights = weights - step
        if np.abs(step).max() < CONVERGED:
            break
    return weights


def two_sample_auc(
    first: Floats,
    second: Floats,
    first_piece: Ints,
    second_piece: Ints,
) -> float:
    """Return how well a classifier tells held-out rows of `first` from `second`: AUC, 0.5 if not at
    all.

    first, second: float [row, feature]. first_piece, second_piece: int [row], the piece that a row
    is from. Cross-validated in five folds; all rows of one piece, on either side, lie in one fold.
    A fold that lacks one side, among the held-out rows or the others, is left out; NaN if all are.
    Lopez-Paz & Oquab 2017.

    >>> rows, pieces = np.arange(40.0)[:, None] % 7, np.arange(40)
    >>> two_sample_auc(rows, rows, pieces, pieces), two_sample_auc(rows + 50, rows, pieces, pieces)
    (0.5, 1.0)
    """
    rows = np.concatenate([first, second])
    piece = np.concatenate([first_piece, second_piece])
    positive = np.arange(len(rows)) < len(first)
    # Always the same folds: a score must not depend on when it is taken.
    shuffled = np.random.default_rng(0).permutation(piece.max() + 1)
    fold = shuffled[piece] % FOLDS
    areas = []
    for number in range(FOLDS):
        held = fold == number
        held_positive = positive[held]
        if _has_both(held_positive) and _has_both(positive[~held]):
            scores = _held_out_scores(rows, positive, held)
            areas.append(roc_auc(scores, held_positive))
    return float(np.mean(areas)) if areas else float("nan")


def _sorted_known(values: Floats) -> Floats:
    return np.sort(values[~np.isnan(values)])


def _with_one(rows: Floats) -> Floats:
    """Add a column of ones, whose weight is the bias."""
    ones = np.ones((len(rows), 1))
    return np.concatenate([rows, ones], axis=1)


def _has_both(positive: Bools) -> bool:
    return bool(positive.any() and not positive.all())


def _held_out_scores(
    rows: Floats,
    positive: Bools,
    held: Bools,
) -> Floats:
    """Score the held-out rows by a regression on the others."""
    others = ~held
    mean = rows[others].mean(0)
    deviation = rows[others].std(0) + 1e-6
    scaled = (rows - mean) / deviation
    weights = logistic_regression(scaled[others], positive[others])
    inputs = np.clip(scaled[held], -FAR, FAR)
    scores = _with_one(inputs) @ weights
    # Rounded, so that equal rows tie whatever the last bit of a sum says.
    return np.asarray(scores.round(10))
