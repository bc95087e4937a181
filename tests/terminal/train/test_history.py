"""Pace, time left and trends of a run, from its reports."""

from __future__ import annotations

import math
import re

import pytest
from composer.runs.report import Report
from composer.terminal.text import Area
from composer.terminal.train.view import body
from tests.support.reports import REFERENCE, head, history, panels, report, text


def test_pace_is_of_this_phase_and_without_its_first_report():
    made = history(
        report(0, 5.0, losses={}), report(50, 45.0), report(100, 50.0), report(200, 70.0)
    )
    assert made.pace == pytest.approx(150 / 25)
    assert made.left == (pytest.approx(200 / 6), "")
    made.add(report(250, 170.0, "adversarial"))
    assert made.pace == 6.0  # its own: one report has no span
    made.add(report(300, 270.0, "adversarial"))
    assert made.pace == pytest.approx(0.5)


def test_time_left_does_not_guess_the_speed_of_a_phase_that_has_not_begun():
    phases = {"supervised": 300, "adversarial": 100}
    made = history(Report(100, 400, 10.0, 10.0, "supervised", {"a": 1.0}, phases=phases))
    assert made.left == (pytest.approx(20.0), "adversarial")
    assert (
        "20" in text(head(made, Area(100, 20), 0))[0]
        and "then adversarial" in text(head(made, Area(100, 20), 0))[0]
    )
    bar = text(head(made, Area(100, 20), 0))[1]
    assert bar[75] == "┃" and bar.count("━") == 25
    made.add(Report(320, 400, 90.0, 2.0, "adversarial", {"a": 1.0}, phases=phases))
    assert made.left == (pytest.approx(40.0), "")


@pytest.mark.parametrize("rate", [0.0, math.nan, math.inf])
def test_an_unknown_rate_gives_no_time_left(rate):
    made = history(Report(0, 400, 0.0, rate, "supervised", {}))
    assert math.isnan(made.pace)
    assert "left" not in text(head(made, Area(80, 20), 0))[0]


def test_time_goes_on_between_reports_and_an_estimate_that_has_run_out_is_not_shown():
    made = history(report(100, 50.0))  # 6 a second: 50 s left
    assert re.search(r" 0:50 +0:50 left", text(head(made, Area(80, 20), 0.0))[0])
    assert re.search(r" 1:20 +0:20 left", text(head(made, Area(80, 20), 30.0))[0])
    assert "left" not in text(head(made, Area(80, 20), 51.0))[0]


def test_a_measure_that_came_nearer_is_told_from_one_that_went_away():
    made = history()
    assert made.trend("crossing") == 0
    made.add(
        report(measures={"scale_ratio": 0.9, "crossing": -0.5, "rests": 0.5}, reference=REFERENCE)
    )
    assert [made.trend(name) for name in ("scale_ratio", "crossing", "rests", "drums")] == [
        1,
        -1,
        0,
        0,
    ]
    assert made.metrics["rests"] == [0.125, 0.5]


def test_a_measure_that_is_left_out_is_undefined():
    made = history()
    made.add(report(measures={"scale_ratio": 0.9}))
    assert math.isnan(made.metrics["crossing"][-1])
    lines = panels(body(made, Area(80, 40)))
    assert any(re.search(r"crossing +– · 0.062", line) for line in lines)
    assert any(re.search(r"drums +– · 0.500", line) for line in lines)
    assert any(re.search(r"scale ratio +0.900 → 0.953", line) for line in lines)
