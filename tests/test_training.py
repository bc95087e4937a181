"""The training loop: weights move, a resumed run equals an unbroken one, the export plays the same notes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from composer import training
from composer.datasets.jsb import load, to_song
from composer.errors import ComposerError, ConfigError, ModelError
from composer.generators import CARD, PLAYS, family, load_model
from composer.music import take_melody

TINY = {
    "model": {
        "channels": 8,
        "encoder_blocks": 1,
        "skeleton_blocks": 1,
        "fine_blocks": 1,
        "critic_channels": 8,
        "strides": [2, 1],
    },
    "train": {"batch": 2, "length": 8, "adversarial_length": 8, "critic_steps": 2, "report_every": 1, "save_every": 2},
}


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "config.json"
    path.write_text(json.dumps(TINY))
    return path


def checkpoint(run: Path) -> dict[str, Any]:
    with np.load(run / training.CHECKPOINT) as held:
        return dict(held)


def test_resumed_run_equals_an_unbroken_one(config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = training.train(tmp_path / "whole", config=config, iterations=6, seed=4)
    step, count = training.Trainer.iterate, []

    def dies(self: Any) -> Any:
        count.append(1)
        if len(count) == 6:
            raise KeyboardInterrupt
        return step(self)

    monkeypatch.setattr(training.Trainer, "iterate", dies)
    with pytest.raises(KeyboardInterrupt):
        training.train(tmp_path / "broken", config=config, iterations=6, seed=4)
    monkeypatch.setattr(training.Trainer, "iterate", step)
    training.train(tmp_path / "broken", config=config, iterations=6, seed=4, resume=True)
    one, other = checkpoint(whole), checkpoint(tmp_path / "broken")
    assert one.keys() == other.keys() and int(one["iteration"]) == 6
    assert all((one[k] == other[k]).all() for k in one)


def test_both_phases_move_the_weights_and_are_logged(config: Path, tmp_path: Path) -> None:
    kind = family("chorale")
    songs = [to_song(x) for x in load("train")[:3]]
    model = training.from_dict(kind.config, TINY["model"])
    settings = training.from_dict(
        training.TrainConfig, {**TINY["train"], "supervised_iterations": 1, "adversarial_iterations": 1}
    )
    trainer = training.Trainer(kind, songs, model, settings)
    weights = lambda: [v.numpy() for v in trainer.networks.generator.trainable_variables]  # noqa: E731
    start = weights()
    assert set(trainer.iterate()) == {"supervised"}
    warm = weights()
    critic = [v.numpy() for v in trainer.networks.critic.trainable_variables]
    assert set(trainer.iterate()) == {"critic", "penalty", "generator", "supervised"}
    assert any((a != b).any() for a, b in zip(start, warm, strict=True))
    assert any((a != b).any() for a, b in zip(warm, weights(), strict=True))
    moved = trainer.networks.critic.trainable_variables
    assert any((a != b.numpy()).any() for a, b in zip(critic, moved, strict=True))


def test_export_plays_the_notes_that_keras_plays(config: Path, tmp_path: Path) -> None:
    run = training.train(tmp_path / "run", config=config, iterations=3)
    lines = [json.loads(x) for x in (run / training.LOG).read_text().splitlines()]
    assert [x["iteration"] for x in lines] == [1, 2, 3] and "supervised" in lines[0]
    model = load_model(training.export(run, tmp_path / "mine", score=False))
    asked = json.loads((run / training.RUN).read_text())
    trainer = training.Trainer(
        model.family, [], model.config, training.from_dict(training.TrainConfig, asked["train"]), asked["seed"]
    )
    trainer.restore(checkpoint(run))
    trainer.use_average()
    for chorale in load("valid")[:3]:
        song = to_song(chorale)
        melody = take_melody(song)
        inputs, context = model.family.encode(song, melody, 1, model.config)
        voices, strike = trainer.networks.generator(inputs, playing=True)
        outputs = {"pitches": np.asarray(voices).argmax(-1), "strike": np.asarray(strike)}
        assert model.family.decode(outputs, context, song, melody) == model.arrange(song, seed=1)


def test_bad_requests_are_named(config: Path, tmp_path: Path) -> None:
    bad = tmp_path / "bad.json"
    bad.write_text('{"train": {"bach": 3}}')
    with pytest.raises(ConfigError, match="'bach'"):
        training.train(tmp_path / "run", config=bad)
    bad.write_text('{"trian": {}}')
    with pytest.raises(ConfigError, match="'trian'"):
        training.train(tmp_path / "run", config=bad)
    bad.write_text("{")
    with pytest.raises(ConfigError, match="not a JSON config"):
        training.train(tmp_path / "run", config=bad)
    with pytest.raises(ModelError, match="not a training run"):
        training.train(tmp_path / "run", config=config, resume=True)
    with pytest.raises(ModelError, match="not a training run"):
        training.export(tmp_path / "run", tmp_path / "out")
    assert not (tmp_path / "out").exists()
    run = training.train(tmp_path / "run", config=config, iterations=1)
    with pytest.raises(ConfigError, match="holds a run already"):
        training.train(run, config=config, iterations=1)
    with pytest.raises(ConfigError, match="another seed"):
        training.train(run, config=config, iterations=1, seed=1, resume=True)


def test_a_loss_that_is_no_number_keeps_the_last_checkpoint(
    config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = training.train(tmp_path / "run", config=config, iterations=2)
    before = checkpoint(run)
    trainer = training.Trainer(
        family("chorale"),
        [to_song(x) for x in load("train")[:3]],
        training.from_dict(family("chorale").config, TINY["model"]),
        training.from_dict(training.TrainConfig, TINY["train"]),
    )
    monkeypatch.setattr(trainer, "supervised_step", lambda batch: float("nan"))
    with pytest.raises(ComposerError, match="not a number"):
        trainer.iterate()
    assert all((before[k] == checkpoint(run)[k]).all() for k in before)


def test_a_damaged_export_is_named(config: Path, tmp_path: Path) -> None:
    run = training.train(tmp_path / "run", config=config, iterations=1)
    folder = training.export(run, tmp_path / "mine", score=False)
    (folder / PLAYS).write_bytes((folder / PLAYS).read_bytes()[:1000])
    with pytest.raises(ModelError, match="damaged"):
        load_model(folder)
    (folder / CARD).write_text('{"family": "quartet"}')
    with pytest.raises(ModelError, match="no family 'quartet'"):
        load_model(folder)
