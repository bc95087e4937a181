"""What is asked of a run: settings, minutes, fine-tuning, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from composer.data import load_corpus
from composer.data.jsb import load, to_song
from composer.errors import ConfigError, ModelError
from composer.songs import write
from composer.songs.edit import beginning
from composer.training.checkpoint import load_checkpoint
from composer.training.export import export
from composer.training.judge import RunJudge
from composer.training.loop import train
from composer.training.setup import TrainingRequest, fitted

from tests.support.training import TINY, trainer_of


def test_fine_tuning_begins_with_the_models_weights(
    trained: Any, exported: Path, tmp_path: Path
) -> None:
    run, _, config = trained
    model = exported
    tuned = train(
        tmp_path / "tuned", TrainingRequest(config=config, iterations=2, begin_from=str(model))
    )
    assert tuned.asked["from"]["model"] == str(model) and len(tuned.asked["from"]["weights"]) == 64
    assert tuned.asked["train"]["supervised_rate"] == pytest.approx(0.3e-3)
    before, after = (load_checkpoint(r.checkpoints[r.latest]) for r in (run, tuned))
    fresh = {f"g{i}": v.numpy() for i, v in enumerate(trainer_of(1).networks.generator.variables)}
    weights = [k for k, value in before.items() if k[0] == "g" and value.dtype == np.float32]
    far = [sum(float(np.abs(before[k] - x[k]).sum()) for k in weights) for x in (after, fresh)]
    assert far[0] < 0.5 * far[1]
    with pytest.raises(ConfigError, match="of family chorale, not unet"):
        train(tmp_path / "other", TrainingRequest(family="unet", begin_from=str(model)))


@pytest.mark.slow
def test_minutes_become_as_many_iterations_as_fit(config: Path, tmp_path: Path) -> None:
    trainer = trainer_of(report_every=500, save_every=500, snapshot_every=500, evaluate_every=500)
    judge = RunJudge(load_corpus("jsb"), 2)
    before = trainer.state()
    assert (
        fitted(trainer, judge, 0.0).iterations == 2
    )  # one of each phase; from now on the graphs are there
    few, many = (fitted(trainer, judge, seconds) for seconds in (60.0, 240.0))
    assert 6 < few.iterations < many.iterations
    assert (
        abs(many.supervised_iterations - 5 / 6 * many.iterations) <= 1
    )  # the phases keep their proportion
    after = trainer.state()
    assert before.keys() == after.keys() and all(
        np.array_equal(before[k], after[k]) for k in before
    )
    run = train(
        tmp_path / "run", TrainingRequest(config=config, minutes=0.01)
    )  # not even the graphs are made in that time
    settings = run.asked["train"]
    assert run.latest == settings["supervised_iterations"] + settings["adversarial_iterations"] == 2
    assert run.asked["minutes"] == 0.01


def test_bad_requests_are_named(config: Path, tmp_path: Path, trained: Any) -> None:
    bad = tmp_path / "bad.json"
    bad.write_text('{"train": {"bach": 3}}')
    with pytest.raises(ConfigError, match="'bach'"):
        train(tmp_path / "run", TrainingRequest(config=bad))
    bad.write_text('{"trian": {}}')
    with pytest.raises(ConfigError, match="'trian'"):
        train(tmp_path / "run", TrainingRequest(config=bad))
    bad.write_text("{")
    with pytest.raises(ConfigError, match="not a JSON config"):
        train(tmp_path / "run", TrainingRequest(config=bad))
    with pytest.raises(ModelError, match="not a training run"):
        train(tmp_path / "run", TrainingRequest(config=config), resume=True)
    with pytest.raises(ModelError, match="not a training run"):
        export(str(tmp_path / "run"), tmp_path / "out")
    assert not (tmp_path / "out").exists() and not (tmp_path / "run").exists()
    for wrong in ({"minutes": 0.0}, {"minutes": 1.0, "iterations": 5}, {"seed": -1}):
        with pytest.raises(ConfigError):
            TrainingRequest(**wrong)
    run = trained[0].folder
    with pytest.raises(ConfigError, match="holds a run already"):
        train(run, TrainingRequest(config=config, iterations=6))
    with pytest.raises(ConfigError, match="another seed: 4, not 1"):
        train(run, TrainingRequest(seed=1), resume=True)
    with pytest.raises(ConfigError, match="another train supervised_iterations: 5, not 6"):
        train(run, TrainingRequest(config=config, iterations=7), resume=True)
    bad.write_text(json.dumps({**TINY, "model": {**TINY["model"], "channels": 9}}))
    with pytest.raises(ConfigError, match="another model channels: 8, not 9"):
        train(run, TrainingRequest(config=bad, iterations=6), resume=True)


def test_too_little_music_is_refused_with_what_is_needed(tmp_path: Path) -> None:
    folder = tmp_path / "short"
    folder.mkdir()
    for i, chorale in enumerate(load("train")[:3]):
        song = beginning(to_song(chorale), 12)
        write(folder / f"{i}.mid", song)
    with pytest.raises(ConfigError, match="at least 32 beats"):
        train(tmp_path / "run", TrainingRequest(dataset=str(folder)))
