"""What tests of evaluation share: a folder of chorales, a run, and what was found of a model."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace

import pytest
from composer.evaluation.judge import EvaluationRequest
from composer.runs.run import TrainingRun
from composer.songs import write as write_midi

from tests.support.judgements import chorales, judge


@pytest.fixture
def generated(tmp_path):
    """A folder of three chorales, one of them nested and with its tracks in another order."""
    folder = tmp_path / "generated"
    first, second, third = chorales(3)
    write_midi(folder / "a.mid", first)
    write_midi(folder / "deep" / "er" / "b.MID", replace(second, tracks=second.tracks[::-1]))
    write_midi(folder / "c.midi", third)
    return folder


@pytest.fixture
def run_folder(tmp_path, model_folder):
    """A run with one iteration that was made to play before, and a log."""
    folder = tmp_path / "mine"
    (folder / "checkpoints").mkdir(parents=True)
    (folder / "checkpoints" / "000010.npz").touch()
    shutil.copytree(model_folder, folder / "models" / "000010")
    run_json = {"dataset": "jsb", "roles": []}
    (folder / "run.json").write_text(json.dumps(run_json))
    run = TrainingRun(folder)
    run.write("reference.json", {"distance": 0.2, "c_major_ratio": 0.7})
    for i in range(1, 5):
        line = {
            "iteration": 5 * i,
            "seconds": i,
            "losses": {"critic": -1.0 / i, "generator": float(i)},
        }
        run.append(
            {**line, "measures": {"distance": 3.0 / i, "c_major_ratio": 0.5}} if i % 2 else line
        )
    return folder


@pytest.fixture(scope="module")
def judged(model_folder):
    return judge(str(model_folder), EvaluationRequest(pieces=4))
