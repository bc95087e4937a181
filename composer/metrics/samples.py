"""Two samples compared: Wasserstein distance, and a classifier that tries to tell them apart."""

from __future__ import annotations

import numpy as np
from numpy.linalg import solve

from composer.metrics.grids import Bools, Floats, Ints

LEVELS = (np.arange(400) + 0.5) / 400
FOLDS = 5
PENALTY = 5.0  # on the squared weights
BIAS_PENALTY = 1e-3  # keeps the bias finite where the classes separate


def wasserstein(first: Floats, second: Floats) -> float:
    """Wasserstein-1 distance of two samples of numbers, any sizes: mean distance of 400 quantiles."""
    return float(np.abs(np.quantile(first, LEVELS) - np.quantile(second, LEVELS)).mean())


def roc_auc(scores: Floats, positive: Bools) -> float:
    """Chance that a positive scores above a negative, ties counting half (Mann-Whitney): 0.5 tells nothing."""
    _, place, count = np.unique(scores, return_inverse=True, return_counts=True)
    rank = (np.cumsum(count) - (count - 1) / 2)[place]
    positives = int(positive.sum())
    negatives = len(positive) - positives
    return float((rank[positive].sum() - positives * (positives + 1) / 2) / (positives * negatives))


def logistic_regression(rows: Floats, positive: Bools) -> Floats:
    """Weights float [feature + 1], bias last, of an L2 logistic regression fitted by Newton's method.

    rows: float [row, feature], standardised. positive: bool [row].
    """
    inputs = _with_one(rows)
    weights = np.zeros(inputs.shape[1])
    penalty = np.diag([*[PENALTY] * rows.shape[1], BIAS_PENALTY])
    for _ in range(25):
        chance = 1 / (1 + np.exp(-np.clip(inputs @ weights, -30, 30)))
        gradient = inputs.T @ (chance - positive) + penalty @ weights
        curvature = (inputs * (chance * (1 - chance))[:, None]).T @ inputs + penalty
        step = solve(curvature, gradient)
        weights = weights - step
        if np.abs(step).max() < 1e-6:
            break
    return weights


def _with_one(rows: Floats) -> Floats:
    return np.concatenate([rows, np.ones((len(rows), 1))], axis=1)


def two_sample_auc(first: Floats, second: Floats, first_piece: Ints, second_piece: Ints) -> float:
    """How well a classifier tells held-out rows of `first` from `second`: cross-validated AUC, 0.5 = not at all.

    first, second: float [row, feature]. first_piece, second_piece: int [row], the piece a row is from; all rows of
    one piece, on either side, lie in one fold. Folds that lack either, held or learned from, are left out (NaN: all).
    Lopez-Paz & Oquab 2017 (classifier two-sample tests).
    """
    rows, piece = np.concatenate([first, second]), np.concatenate([first_piece, second_piece])
    positive = np.arange(len(rows)) < len(first)
    fold = np.random.default_rng(0).permutation(piece.max() + 1)[piece] % FOLDS
    areas = [
        roc_auc(_held_out_scores(rows, positive, held), positive[held])
        for held in (fold == k for k in range(FOLDS))
        if _has_both(positive[held]) and _has_both(positive[~held])
    ]
    return float(np.mean(areas)) if areas else float("nan")


def _has_both(positive: Bools) -> bool:
    return bool(positive.any() and not positive.all())


def _held_out_scores(rows: Floats, positive: Bools, held: Bools) -> Floats:
    """Scores of the held rows from a regression on the others; rounded, so that equal rows tie."""
    mean, deviation = rows[~held].mean(0), rows[~held].std(0) + 1e-6
    scaled = (rows - mean) / deviation
    weights = logistic_regression(scaled[~held], positive[~held])
    return np.asarray((_with_one(np.clip(scaled[held], -8, 8)) @ weights).round(10))
