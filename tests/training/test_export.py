"""A run becomes a model that plays the notes that Keras plays."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from composer.arranging.batch import open_model
from composer.data.jsb import load, to_song
from composer.errors import ModelError, OutputError
from composer.generators import CARD, PLAYS, WEIGHTS, load_model
from composer.runs.run import ASKED, TrainingRun
from composer.training.checkpoint import load_checkpoint
from composer.training.export import export
from composer.training.loop import train

from tests.support.training import trainer_of


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
