"""Masked means, starts of notes, and what is no grid."""

from __future__ import annotations

import numpy as np
import pytest
from composer.errors import ShapeError
from composer.metrics.grids import check_grids, mean_of_rows, mean_where, note_starts

from tests.support.grids import line


def test_notes_start_where_the_pitch_changes_and_after_a_rest():
    starts = note_starts(line(60, 60, -1, 60, 62, voice=1))
    assert (
        starts[:, 1].tolist() == [True, False, False, True, True]
        and starts[:, 0].tolist() == [True] + [False] * 4
    )


@pytest.mark.parametrize(
    "wrong",
    [
        [],
        [np.zeros((4, 3), int)],
        [np.zeros((0, 4), int)],
        [np.zeros((4, 4))],
        [np.zeros((2, 4, 4), int)],
    ],
)
def test_other_shapes_are_refused(wrong):
    with pytest.raises(ShapeError):
        check_grids(wrong)


def test_a_mean_leaves_out_what_is_masked_and_is_undefined_without_anything():
    values, where = np.array([[1.0, 2.0, 9.0], [4.0, 5.0, 6.0]]), np.array([[1, 1, 0], [0, 0, 0]])
    means = mean_where(values, where.astype(bool))
    assert means[0] == 1.5 and np.isnan(means[1])
    assert mean_where(values, where.astype(bool), empty=0.0).tolist() == [1.5, 0.0]
    assert mean_where(values, where.astype(bool), axis=(0, 1)) == 1.5


def test_means_of_rows_are_zero_for_a_row_without_values():
    rows = np.array([0, 3, 3])
    assert mean_of_rows(np.array([5, 1, 2]), rows, (2, 2)).tolist() == [[5, 0], [0, 1.5]]
