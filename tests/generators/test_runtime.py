"""The LiteRT runner: damaged files, wrong inputs, other lengths."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from composer.errors import ModelError
from composer.generators import PLAYS, load_model
from composer.generators.family import Arrays, Request
from composer.generators.runtime import Runner
from composer.songs.edit import take_melody
from composer.songs.song import Song


@pytest.fixture(scope="module")
def runner(model_folder: Path) -> Runner:
    return Runner(model_folder / PLAYS)


@pytest.fixture(scope="module")
def inputs(model_folder: Path, ode: Song) -> Arrays:
    model = load_model(model_folder)
    return model.family.encode(ode, take_melody(ode), Request(), model.config)[0]


def test_a_file_that_is_missing_or_damaged_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"is damaged: it has no generator\.tflite"):
        Runner(tmp_path / PLAYS)
    (tmp_path / PLAYS).write_bytes(b"no model")
    with pytest.raises(ModelError, match=r"is damaged: generator\.tflite: "):
        Runner(tmp_path / PLAYS)


def test_lengths_may_change_from_run_to_run(runner: Runner, inputs: Arrays) -> None:
    whole = runner(inputs)
    pulses = inputs["melody"].shape[1]
    half = {k: v if k == "allowed" else v[:, : pulses // 8 * 4] for k, v in inputs.items()}
    assert runner(half)["pitches"].shape[1] == pulses // 8 * 4
    again = runner(inputs)
    assert all(np.array_equal(whole[name], again[name]) for name in whole)


def test_wrong_inputs_are_refused_and_leave_nothing_behind(runner: Runner, inputs: Arrays) -> None:
    before = runner(inputs)
    for wrong in ({}, {**inputs, "on_pulse": inputs["on_pulse"][..., :2]}):
        with pytest.raises(ModelError, match="does not fit its family"):
            runner(wrong)
    after = runner(inputs)
    assert all(np.array_equal(before[name], after[name]) for name in before)
