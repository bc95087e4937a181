"""Two samples compared: distances worked out by hand, and a classifier on sets that it can and cannot tell."""

from __future__ import annotations

import numpy as np
import pytest
from composer.metrics.samples import (
    logistic_regression,
    quantile_distance,
    roc_auc,
    two_sample_auc,
    wasserstein,
)


def test_quantile_distance_of_a_shifted_sample_is_the_shift():
    sample = np.array([0.0, 1.0, 1.5, 9.0, 30.0])
    assert quantile_distance(sample, sample - 2.75) == pytest.approx(2.75)
    assert (
        quantile_distance(sample, np.repeat(sample, 2)) < 1.5
    )  # not the mean, not the size: what it holds
    assert quantile_distance(np.zeros(3), np.full(8, 4.0)) == pytest.approx(4)
    assert quantile_distance(np.array([0.0, 10.0]), np.array([5.0, 5.0])) == pytest.approx(
        2.5
    )  # quantiles interpolate


def test_wasserstein_is_exact_for_any_sizes_and_leaves_out_what_is_undefined():
    sample = np.array([0.0, 1.0, 1.5, 9.0, 30.0])
    assert wasserstein(sample, sample - 2.75) == pytest.approx(2.75)
    assert wasserstein(sample, np.repeat(sample, 2)) == 0  # the quantiles of these two differ
    assert wasserstein(np.array([0.0, 10.0]), np.array([5.0])) == 5
    # A third of the one lies 3 below the other's, a third 3 above, a third where it is.
    assert wasserstein(np.array([0.0, 3.0, 6.0]), np.array([3.0, np.nan])) == pytest.approx(2)
    assert np.isnan(wasserstein(np.array([np.nan]), sample))


def test_auc_of_hand_made_scores():
    assert roc_auc(np.array([3.0, 1.0, 2.0, 0.0]), np.array([True, False, True, False])) == 1
    assert roc_auc(np.array([0.0, 1.0, 2.0]), np.array([True, False, False])) == 0
    scores, positive = (
        np.array([5.0, 2.0, 2.0, 1.0, 2.0]),
        np.array([True, True, False, False, False]),
    )
    assert roc_auc(scores, positive) == pytest.approx((3 + 0.5 + 0.5 + 1) / 6)


def rows(n: int, shift: float = 0.0) -> np.ndarray:
    sample = np.random.default_rng(n).standard_normal((n, 3))
    sample[:, 1] += shift
    return sample


def test_classifier_tells_separable_sets_and_not_identical_ones():
    piece = np.arange(80) // 2
    assert two_sample_auc(rows(80), rows(80), piece, piece) == 0.5
    assert two_sample_auc(rows(80), rows(60, shift=30.0), piece, np.arange(60) // 2) == 1
    some = two_sample_auc(rows(80), rows(60, shift=1.0), piece, np.arange(60) // 2)
    assert 0.65 < some < 0.9  # 0.76 in theory


def test_equal_windows_tie_whatever_the_last_bit_of_their_scores():
    sample, piece = np.random.default_rng(333).standard_normal((333, 61)), np.arange(333)
    assert two_sample_auc(sample, sample, piece, piece) == 0.5


def test_classifier_does_not_profit_from_windows_of_one_piece():
    """Five windows of a piece are alike, its class is noise: with pieces torn apart this would be told."""
    first, second = rows(20).repeat(5, axis=0), rows(21).repeat(5, axis=0)
    assert two_sample_auc(first, second, np.arange(100) // 5, 20 + np.arange(105) // 5) < 0.65


def test_classifier_leaves_out_folds_without_rows_of_both():
    assert (
        two_sample_auc(rows(6, shift=30.0), rows(60), np.arange(6) // 2, 3 + np.arange(60) // 2)
        == 1
    )
    assert np.isnan(two_sample_auc(rows(4), rows(60), np.zeros(4, int), 1 + np.arange(60) // 2))


def test_regression_is_where_its_gradient_vanishes():
    inputs, positive = rows(40, shift=0.5), np.arange(40) % 3 == 0
    weights = logistic_regression(inputs, positive)
    chance = 1 / (1 + np.exp(-(inputs @ weights[:-1] + weights[-1])))
    assert inputs.T @ (chance - positive) == pytest.approx(-5 * weights[:-1], abs=1e-6)
    assert np.sum(chance - positive) == pytest.approx(-1e-3 * weights[-1], abs=1e-6)
