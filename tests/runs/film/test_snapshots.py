"""The snapshots that a film shows."""

from __future__ import annotations

import pytest
from composer.errors import ModelError
from composer.runs.film import FilmConfig, film
from composer.runs.film.snapshots import a_few, chosen_snapshots, seconds_at

from tests.support.films import new_run, song


def test_a_run_without_snapshots_and_a_range_without_any(run, tmp_path):
    with pytest.raises(ModelError, match="no snapshots yet"):
        film(new_run(tmp_path / "new"), tmp_path / "film.mp4")
    with pytest.raises(ModelError, match="from 500 to 400; it has 3 from 100 to 400"):
        film(run, tmp_path / "film.mp4", FilmConfig(first=500))


def test_a_few_snapshots_are_the_first_the_last_and_some_between(tmp_path):
    run = new_run(tmp_path / "run", {at: {"tune": song()} for at in range(30)})
    found = list(a_few(run, chosen_snapshots(run, FilmConfig())))
    assert len(found) == 12 and found[0] == 0 and found[-1] == 29
    assert a_few(run, []) == {}


def test_time_is_that_of_the_last_report_before():
    log = {10: {"seconds": 4.0}, 20: {}, 30: {"seconds": 9.0}}
    assert [seconds_at(log, at) for at in (5, 10, 25, 99)] == [0.0, 4.0, 4.0, 9.0]
