"""The report that a run gives to those who watch it."""

from __future__ import annotations

from dataclasses import FrozenInstanceError

import pytest
from composer.runs.report import Report


def test_a_report_of_losses_alone_has_no_songs_and_no_metrics():
    report = Report(50, 400, 20.0, 6.5, "supervised", {"supervised": 1.5})
    assert report.songs == {} and report.measures == {}
    assert report.reference == {} and report.phases == {}


def test_reports_share_nothing():
    first, second = (Report(at, 400, 1.0, 6.5, "supervised", {}) for at in (1, 2))
    first.measures["distance"] = 0.5
    assert second.measures == {}


def test_a_watcher_cannot_change_a_report():
    report = Report(50, 400, 20.0, 6.5, "supervised", {})
    with pytest.raises(FrozenInstanceError):
        report.iteration = 51  # type: ignore[misc]
