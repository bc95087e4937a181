"""A training run: what is asked, what is kept, and that whatever breaks it off it ends the same."""

from __future__ import annotations

import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from composer.arranging.batch import open_model
from composer.data.jsb import load, to_song
from composer.errors import ComposerError, ConfigError, ModelError, OutputError
from composer.generators import CARD, PLAYS, WEIGHTS, family, load_model
from composer.runs.run import ASKED, LOG, Report, TrainingRun
from composer.songs import write
from composer.songs.edit import beginning
from composer.training import setup as training
from composer.training.export import export
from composer.training.setup import TrainingRequest, load_checkpoint, train
from composer.training.trainer import TrainConfig, Trainer

ROOT = Path(__file__).parents[2]
TINY = {
    "model": {
        "channels": 8,
        "encoder_blocks": 1,
        "skeleton_blocks": 1,
        "fine_blocks": 1,
        "critic_channels": 8,
        "strides": [2, 1],
        "temperatures": [0.75, 0.85],
    },
    "train": {
        "supervised_iterations": 5,
        "adversarial_iterations": 1,
        "batch": 2,
        "length": 8,
        "adversarial_length": 8,
        "critic_steps": 2,
        "report_every": 1,
        "save_every": 2,
        "snapshot_every": 3,
        "evaluate_every": 4,
        "evaluate_pieces": 2,
        "keep": 2,
    },
}


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "config.json"
    path.write_text(json.dumps(TINY))
    return path


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[TrainingRun, list[Report], Path]:
    """An unbroken run of six iterations, what its watchers saw, and its config."""
    folder = tmp_path_factory.mktemp("trained")
    config = folder / "config.json"
    config.write_text(json.dumps(TINY))
    reports: list[Report] = []
    asked = TrainingRequest(config=config, iterations=6, seed=4)
    return train(folder / "whole", asked, watchers=[reports.append]), reports, config


@pytest.fixture(scope="module")
def exported(trained: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Its model."""
    return export(
        str(trained[0].folder), tmp_path_factory.mktemp("exported") / "model", score=False
    )


@pytest.fixture
def copy(trained: Any, tmp_path: Path) -> TrainingRun:
    """That run, to damage."""
    return TrainingRun(Path(shutil.copytree(trained[0].folder, tmp_path / "copy")))


def same(one: TrainingRun, other: TrainingRun) -> bool:
    """Whether two runs ended with the same bits."""
    a, b = (load_checkpoint(run.checkpoints[run.latest]) for run in (one, other))
    return a.keys() == b.keys() and all((a[k] == b[k]).all() for k in a)


def untimed(log: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{k: v for k, v in line.items() if k not in ("seconds", "iterating")} for line in log]


def trainer_of(songs: int = 3, **changes: Any) -> Trainer:
    kind = family("chorale")
    settings = training.from_dict(TrainConfig, {**TINY["train"], **changes})
    model = training.from_dict(kind.config, TINY["model"])
    return Trainer(kind, [to_song(x) for x in load("train")[:songs]], model, settings)


def command(*arguments: object, **options: Any) -> subprocess.Popen[str]:
    words = [sys.executable, "-m", "composer", *map(str, arguments)]
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    return subprocess.Popen(
        words, cwd=ROOT, env={**os.environ, "NO_COLOR": "1"}, **streams, **options
    )


def test_the_run_tells_and_keeps_all_that_it_promises(trained: Any) -> None:
    run, reports, _ = trained
    assert [r.iteration for r in reports] == list(range(7)) and {r.iterations for r in reports} == {
        6
    }
    assert [r.phase for r in reports[1:]] == ["supervised"] * 5 + ["adversarial"]
    assert set(reports[1].losses) == {"supervised"}
    assert set(reports[6].losses) == {"critic", "penalty", "generator", "supervised"}
    assert [r.iteration for r in reports if r.songs] == [0, 3, 6] == list(run.snapshots)
    assert [r.iteration for r in reports if r.measures] == [0, 4, 6]
    assert reports[6].reference == run.reference and set(run.reference) == set(reports[6].measures)
    assert {"distance", "empty_bar_ratio", "pitch_class_distance", "c_major_ratio"} <= set(
        run.reference
    )
    assert [line["iteration"] for line in run.log] == list(range(7))
    assert run.log[4]["measures"] == reports[4].measures and "measures" not in run.log[3]
    last = run.snapshot(6)
    assert list(last) == ["ode-to-joy", "valid"]
    assert [t.name for t in last["valid"].tracks] == ["Soprano", "Alto", "Tenor", "Bass"]
    assert run.asked["data"] and run.asked["train"]["supervised_iterations"] == 5


def test_the_last_checkpoints_and_the_best_are_whole_the_others_only_play(trained: Any) -> None:
    run = trained[0]
    whole = {i for i, path in run.checkpoints.items() if "v0" in load_checkpoint(path)}
    assert list(run.checkpoints) == [2, 4, 6] and whole == {4, 6, run.best} - {0}
    distance = {
        line["iteration"]: line["measures"]["distance"] for line in run.log if "measures" in line
    }
    assert run.best == min((4, 6), key=distance.__getitem__)
    assert run.checkpoints[2].stat().st_size < 0.5 * run.checkpoints[6].stat().st_size


def test_a_run_resumed_from_any_checkpoint_equals_the_unbroken_one(
    trained: Any, copy: TrainingRun
) -> None:
    whole = trained[0]
    copy.checkpoints[6].unlink()
    resumed = train(copy.folder, resume=True)
    assert same(whole, resumed) and untimed(resumed.log) == untimed(whole.log)
    assert [(i, p.name) for i, files in resumed.snapshots.items() for p in files.values()] == [
        (i, p.name) for i, files in whole.snapshots.items() for p in files.values()
    ]


@pytest.mark.slow
def test_kill_9_at_any_moment_loses_nothing(trained: Any, tmp_path: Path) -> None:
    whole, _, config = trained
    run, asked = tmp_path / "killed", ["--config", config, "--iterations", 6, "--seed", 4]
    rng = np.random.default_rng(0)
    for turn in range(3):
        resume = ["--resume"] if run.exists() and TrainingRun(run).checkpoints else []
        process = command("train", "--out", run, *asked, *resume)
        until = time.monotonic() + 60
        kept = len(list(run.glob("checkpoints/*.npz")))
        while (
            process.poll() is None and len(list(run.glob("checkpoints/*.npz"))) <= kept and turn < 2
        ):
            assert time.monotonic() < until
            time.sleep(0.02)
        time.sleep(float(rng.random()) * 0.1)
        if turn < 2:
            process.send_signal(signal.SIGKILL)
        out, err = process.communicate(timeout=120)
    assert process.returncode == 0, out + err
    assert same(whole, TrainingRun(run)) and untimed(TrainingRun(run).log) == untimed(whole.log)
    assert not list(run.glob("**/.*"))  # nothing half-written is left by the run that ended


@pytest.mark.slow
def test_ctrl_c_saves_says_so_and_the_run_goes_on(trained: Any, tmp_path: Path) -> None:
    whole, _, config = trained
    run = tmp_path / "stopped"
    process = command("train", "--out", run, "--config", config, "--iterations", 6, "--seed", 4)
    while not (run / LOG).exists() or len(TrainingRun(run).log) < 3:
        assert process.poll() is None
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130 and "--resume goes on" in err and "Traceback" not in err
    assert 2 <= TrainingRun(run).latest < 6
    assert same(whole, train(run, resume=True))


@pytest.mark.slow
def test_a_full_disk_is_one_clear_line_and_leaves_the_last_good_checkpoint(
    trained: Any, copy: TrainingRun
) -> None:
    copy.checkpoints[6].unlink()
    before = load_checkpoint(copy.checkpoints[4])

    def small_files() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        size = copy.checkpoints[4].stat().st_size // 2
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))

    process = command("train", "--out", copy.folder, "--resume", preexec_fn=small_files)
    _, err = process.communicate(timeout=120)
    assert (
        process.returncode == 2
        and "the last good checkpoint is iteration 4: make room and --resume" in err
    )
    assert "Traceback" not in err and copy.latest == 4
    after = load_checkpoint(copy.checkpoints[4])
    assert all((before[k] == after[k]).all() for k in before) and not list(
        copy.folder.glob("checkpoints/.*")
    )


def test_both_phases_move_the_weights() -> None:
    trainer = trainer_of(supervised_iterations=1, adversarial_iterations=1)
    weights = lambda: [v.numpy() for v in trainer.networks.generator.trainable_variables]  # noqa: E731
    start = weights()
    assert set(trainer.iterate()) == {"supervised"}
    warm = weights()
    critic = [v.numpy() for v in trainer.networks.critic.trainable_variables]
    trainer.iterate()
    assert any((a != b).any() for a, b in zip(start, warm, strict=True))
    assert any((a != b).any() for a, b in zip(warm, weights(), strict=True))
    moved = trainer.networks.critic.trainable_variables
    assert any((a != b.numpy()).any() for a, b in zip(critic, moved, strict=True))


def plays_what_was_kept(model: Any, run: TrainingRun, iteration: int) -> None:
    """A model has the weights of that checkpoint, and plays the notes that Keras plays with them."""
    trainer = trainer_of(0)
    trainer.networks.generator.load_weights(model.folder / WEIGHTS)
    kept = load_checkpoint(run.checkpoints[iteration])
    for i, variable in enumerate(trainer.networks.generator.variables):
        value = variable.numpy()
        assert value.dtype != np.float32 or np.allclose(value, kept[f"g{i}"], rtol=1e-3, atol=1e-7)
    song = to_song(load("valid")[0])
    assert trainer.player().arrange(song, seed=1) == model.arrange(song, seed=1)
    assert model.card["trained"]["iterations"] == iteration


def test_an_export_plays_the_notes_that_keras_plays(trained: Any, exported: Path) -> None:
    run = trained[0]
    model = load_model(exported)
    plays_what_was_kept(model, run, 6)
    card = model.card
    assert card["trained"]["data"] == run.asked["data"] and card["trained"]["seed"] == 4
    assert {"keras", "numpy", "python", "ai-edge-litert"} <= set(card["versions"])
    assert {"tensorflow", "tensorflow-cpu"} & set(card["versions"])
    assert card["measures"] == {"generated": run.log[-1]["measures"], "dataset": run.reference}


def test_any_kept_iteration_of_a_run_is_a_model_to_play(copy: TrainingRun) -> None:
    model = open_model(f"{copy.folder}@2")
    assert model.folder == copy.folder / "models" / "000002"
    plays_what_was_kept(model, copy, 2)
    assert open_model(f"{copy.folder}@2").arrange(to_song(load("valid")[0])) == model.arrange(
        to_song(load("valid")[0])
    )
    with pytest.raises(ModelError, match=r"keeps no iteration '3'; it has 2, 4, 6"):
        open_model(f"{copy.folder}@3")
    with pytest.raises(ModelError, match="no model 'nothing'"):
        open_model("nothing")


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
    judge = training.Judge(training.load_corpus("jsb"), 2)
    before = trainer.state()
    assert (
        training.fitted(trainer, judge, 0.0).iterations == 2
    )  # one of each phase; from now on the graphs are there
    few, many = (training.fitted(trainer, judge, seconds) for seconds in (60.0, 240.0))
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


def test_a_loss_that_is_no_number_keeps_the_last_checkpoint(
    copy: TrainingRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy.checkpoints[6].unlink()
    monkeypatch.setattr(Trainer, "_mean", lambda self, value: float("nan"))
    before = load_checkpoint(copy.checkpoints[4])
    with pytest.raises(
        ComposerError, match=r"iteration 4: a loss is not a number.*lower learning rates"
    ):
        train(copy.folder, resume=True)
    after = load_checkpoint(copy.checkpoints[4])
    assert copy.latest == 4 and all((before[k] == after[k]).all() for k in before)


def test_a_damaged_run_or_export_is_named(
    exported: Path, copy: TrainingRun, tmp_path: Path
) -> None:
    folder = Path(shutil.copytree(exported, tmp_path / "mine"))
    (folder / PLAYS).write_bytes((folder / PLAYS).read_bytes()[:1000])
    with pytest.raises(ModelError, match="damaged"):
        load_model(folder)
    (folder / CARD).write_text('{"family": "quartet"}')
    with pytest.raises(ModelError, match="no family 'quartet'"):
        load_model(folder)
    with pytest.raises(OutputError, match="the run itself"):
        export(str(copy.folder), copy.folder)
    copy.checkpoints[6].write_bytes(b"PK")
    with pytest.raises(ModelError, match="damaged"):
        train(copy.folder, resume=True)
    (copy.folder / ASKED).write_text("{")
    with pytest.raises(ModelError, match="damaged"):
        train(copy.folder, resume=True)
