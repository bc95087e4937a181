"""What tests of films share."""

from __future__ import annotations

from pathlib import Path

import pytest
from composer.catalog import SOUNDFONT_VARIABLE
from composer.runs.run import TrainingRun

from tests.support.films import BASSES, SOUNDFONT, new_run, song


@pytest.fixture
def run(tmp_path: Path) -> TrainingRun:
    return new_run(tmp_path / "run", {at: {"tune": song(bass)} for at, bass in BASSES.items()})


@pytest.fixture(autouse=True)
def small_soundfont(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(SOUNDFONT_VARIABLE, str(SOUNDFONT))
