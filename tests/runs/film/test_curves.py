"""Curves beside the piano rolls."""

from __future__ import annotations

import numpy as np
import pytest
from composer.pictures.pixels import Box
from composer.runs.film.curves import MOST_ROWS, Chart, Series, series_of


def test_losses_come_first_then_the_chief_measures_as_far_as_there_is_room():
    names = [f"m{i}" for i in range(20)]
    line = {
        "iteration": 5,
        "losses": {"b": 1.0, "a": 2.0},
        "measures": dict.fromkeys([*names, "distance"], 1.0),
    }
    found = series_of([line], {"distance": 0.3})
    assert [s.name for s in found[:4]] == ["b", "a", "distance", "m0"] and len(found) == MOST_ROWS
    assert found[2].dataset == 0.3 and np.isnan(found[3].dataset)


def test_a_curve_knows_nothing_of_what_comes_later_and_leaves_out_what_is_no_number():
    values = {10: 1.0, 20: float("nan"), 30: None, 40: 3.0}
    (one,) = series_of([{"iteration": i, "losses": {"critic": v}} for i, v in values.items()], {})
    assert (
        one.at.tolist() == [10, 40]
        and one.until(39)[1].tolist() == [1.0]
        and one.until(40)[1].tolist() == [1, 3]
    )


def test_a_curve_has_room_for_the_datasets_value_and_not_for_one_wild_loss():
    at = np.arange(300.0)
    low, high = Series("x", at, np.where(at == 3, 1e6, at / 300), dataset=-2.0).limits()
    assert low < -2 and 0.9 < high < 2
    assert Series("x", at[:0], at[:0]).limits() == (0.0, 1.0)
    low, high = Series("x", at[:1], np.array([7.0])).limits()
    assert low < 7 < high


def test_rows_lie_in_their_card_with_a_heading_for_each_kind():
    at = np.arange(3.0)
    series = [Series("a", at, at), Series("b", at, at), Series("c", at, at, is_loss=False)]
    box = Box(100, 50, 300, 400)
    chart = Chart(box, series, horizon=2, scale=1.0)
    first, second, third = chart.rows
    assert second.y == first.bottom and third.y == second.bottom + 24
    assert first.y == box.y + 10 + 24 and third.bottom <= box.bottom
    assert chart.x(0) == first.x and chart.x(2) == chart.x(9) == pytest.approx(first.right - 6)
    assert Chart(box, [], 1, 1.0).rows == []
