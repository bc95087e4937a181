"""Which checkpoints a run keeps, and what is in them."""

from __future__ import annotations

from typing import Any

from composer.training.checkpoint import load_checkpoint


def test_the_last_checkpoints_and_the_best_are_whole_the_others_only_play(trained: Any) -> None:
    run = trained[0]
    whole = {i for i, path in run.checkpoints.items() if "v0" in load_checkpoint(path)}
    assert list(run.checkpoints) == [2, 4, 6] and whole == {4, 6, run.best} - {0}
    distance = {
        line["iteration"]: line["measures"]["distance"] for line in run.log if "measures" in line
    }
    assert run.best == min((4, 6), key=distance.__getitem__)
    assert run.checkpoints[2].stat().st_size < 0.5 * run.checkpoints[6].stat().st_size
