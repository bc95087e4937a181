"""One tiny run, and the model that it exports, for all tests of training."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import NamedTuple

import pytest
from composer.runs.report import Report
from composer.runs.run import TrainingRun
from composer.training.export import export
from composer.training.loop import train
from composer.training.setup import TrainingRequest

from tests.support.training import TINY


class Trained(NamedTuple):
    """A run, what its watchers saw, and its config."""

    run: TrainingRun
    reports: list[Report]
    config: Path


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "config.json"
    path.write_text(json.dumps(TINY))
    return path


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Trained:
    """An unbroken run of six iterations."""
    folder = tmp_path_factory.mktemp("trained")
    config = folder / "config.json"
    config.write_text(json.dumps(TINY))
    reports: list[Report] = []
    asked = TrainingRequest(config=config, iterations=6, seed=4)
    run = train(folder / "whole", asked, watchers=[reports.append])
    return Trained(run, reports, config)


@pytest.fixture(scope="session")
def exported(trained: Trained, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Its model."""
    out = tmp_path_factory.mktemp("exported") / "model"
    return export(str(trained.run.folder), out, score=False)


@pytest.fixture
def copy(trained: Trained, tmp_path: Path) -> TrainingRun:
    """That run, to damage."""
    return TrainingRun(Path(shutil.copytree(trained.run.folder, tmp_path / "copy")))
