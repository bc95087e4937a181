"""A run from its first iteration to its last: whatever breaks it off, it ends the same."""

from __future__ import annotations

import resource
import signal
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from composer.errors import ComposerError
from composer.runs.run import LOG, TrainingRun
from composer.training.checkpoint import load_checkpoint
from composer.training.distribution import Replicas
from composer.training.loop import train

from tests.support.training import command, same, untimed


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
        and "the last good checkpoint is iteration 4; make room, then --resume goes on" in err
    )
    assert "Traceback" not in err and copy.latest == 4
    after = load_checkpoint(copy.checkpoints[4])
    assert all((before[k] == after[k]).all() for k in before) and not list(
        copy.folder.glob("checkpoints/.*")
    )


def test_a_loss_that_is_no_number_keeps_the_last_checkpoint(
    copy: TrainingRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy.checkpoints[6].unlink()
    monkeypatch.setattr(Replicas, "mean", lambda self, value: float("nan"))
    before = load_checkpoint(copy.checkpoints[4])
    with pytest.raises(
        ComposerError, match=r"iteration 4: a loss is not a number.*lower learning rates"
    ):
        train(copy.folder, resume=True)
    after = load_checkpoint(copy.checkpoints[4])
    assert copy.latest == 4 and all((before[k] == after[k]).all() for k in before)
