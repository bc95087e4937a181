"""Reports in plain words."""

from __future__ import annotations

import math

from composer.terminal.train.words import plain, value
from tests.support.reports import history, report


def test_values_have_an_ascii_minus():
    assert [value(v) for v in (-1.5, 123456.0, math.nan)] == ["-1.500", "123,456", "–"]


def test_a_report_without_pace_or_metrics_is_one_line():
    assert plain(history(report(0, 5.0, losses={}, phase="a\x1bb"))) == ["iteration 0/400 a b"]
