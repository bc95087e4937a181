"""Export a training run to a model folder that plays."""

from __future__ import annotations

import json
import platform
from collections.abc import Callable
from importlib.metadata import distributions
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import h5py
import keras
import numpy as np
import tensorflow as tf

from composer.config import from_dict, to_dict
from composer.errors import OutputError
from composer.evaluation.chorales import through_public_path
from composer.files import atomic
from composer.generators import CARD, PLAYS, WEIGHTS, Family, family, load_model
from composer.runs.run import TrainingRun, find
from composer.training.checkpoint import load_checkpoint
from composer.training.recipes import find_recipe
from composer.training.recipes.recipe import Tensors
from composer.training.trainer import Trainer

PACKAGES = (
    "melody-composer",
    "tensorflow-cpu",
    "tensorflow",
    "keras",
    "numpy",
    "ai-edge-litert",
)
# Added to a soprano: the ladder of the chorales knows four voices, no other number.
CHORALE_VOICES = 3


def export(run: str | Path, out: Path, about: str = "", score: bool = True) -> Path:
    """Write the model folder of a run: what plays, what training goes on from, and its card.

    Its weights are rounded to half precision, in both files alike: half the size, and the same
    notes from both. The averaged weights play, if there is an average.

    run: its folder; `RUN@1200` for an iteration that it keeps, `RUN@best` for the best. score: if
    the run learnt from the chorales, measure the model on the valid split, three seeds, through
    MIDI files. Raise ModelError if `run` is no run or lacks the iteration.
    """
    found, iteration = find(str(run))
    if out.resolve() == found.folder.resolve():
        raise OutputError(f"{out} is the run itself: export to another folder")
    asked = found.asked
    kind = family(asked["family"])
    trainer = _trainer(kind, asked)
    trainer.restore_playing(load_checkpoint(found.checkpoints[iteration]))
    # Before both files are written, so that both hold the same numbers.
    _round(trainer.networks.generator.variables)

    out.mkdir(parents=True, exist_ok=True)
    generator = trainer.networks.generator
    play, shapes = kind.playing_model(trainer.networks)
    with atomic(out / PLAYS) as path:
        path.write_bytes(to_litert(play, shapes, generator, half=True))
    with atomic(out / WEIGHTS) as path, TemporaryDirectory() as folder:
        # Keras can write whole numbers only: they are halved on the way.
        whole = Path(folder) / WEIGHTS
        generator.save_weights(whole)
        _halve(whole, path)

    card = _card(asked, to_dict(trainer.model), iteration, about)
    card["measures"] = _measured(found, iteration)
    _write_card(out, card)
    if (
        score
        and asked["dataset"] == "jsb"
        and len(kind.voices(trainer.model)) == CHORALE_VOICES
    ):
        # The card must be there first: the model is scored as users hear it, loaded from its
        # folder.
        scores = through_public_path(load_model(out))
        card["scores"] = {name: round(value, 4) for name, value in scores.items()}
        _write_card(out, card)
    return out


def _trainer(kind: Family, asked: dict[str, Any]) -> Trainer:
    """Return the networks of a run, without music to train them."""
    model = from_dict(kind.config, asked["model"])
    settings = from_dict(find_recipe(kind.recipe).config, asked["train"])
    return Trainer(kind, [], model, settings, asked["seed"])


def _card(
    asked: dict[str, Any],
    config: dict[str, Any],
    iteration: int,
    about: str,
) -> dict[str, Any]:
    """Return what model.json says, but for what was measured."""
    told = ("dataset", "data", "seed", "train", "from")
    trained = {name: asked[name] for name in told if name in asked}
    return {
        "family": asked["family"],
        "config": config,
        "about": about or f"Trained on {asked['dataset']} (train split).",
        "trained": {**trained, "iterations": iteration},
        "versions": {"python": platform.python_version(), **_versions()},
        "scores": {},
    }


def _measured(run: TrainingRun, iteration: int) -> dict[str, Any]:
    """Return what the run last measured up to an iteration, beside the dataset's own values."""
    # The last line before the iteration: an evaluation is not made at every checkpoint.
    for line in reversed(run.log):
        if line.get("measures") and line["iteration"] <= iteration:
            return {"generated": line["measures"], "dataset": run.reference}
    return {}


def _versions() -> dict[str, str]:
    installed = {
        str(d.name).lower().replace("_", "-"): d.version for d in distributions()
    }
    return {package: installed[package] for package in PACKAGES if package in installed}


def _write_card(out: Path, card: dict[str, Any]) -> None:
    with atomic(out / CARD) as path:
        path.write_text(json.dumps(card, indent=1) + "\n", encoding="utf-8")


def _round(variables: list[Any]) -> None:
    """Round weights to numbers that half precision has."""
    for variable in variables:
        value = variable.numpy()
        # Whole numbers, as those of a random generator, stay.
        if value.dtype == np.float32:
            variable.assign(value.astype(np.float16).astype(np.float32))


def _halve(source: Path, target: Path) -> None:
    """Copy a Keras weights file in half precision; Keras reads it into whole numbers."""
    with h5py.File(source) as whole, h5py.File(target, "w") as half:

        def copy(name: str, item: Any) -> None:
            if isinstance(item, h5py.Dataset):
                values = item[()]
                if values.dtype == np.float32:
                    values = values.astype(np.float16)
                half[name] = values
            else:
                half.require_group(name)
            half[name].attrs.update(item.attrs)

        half.attrs.update(whole.attrs)
        whole.visititems(copy)


def to_litert(
    play: Callable[[Tensors], Tensors],
    shapes: dict[str, Any],
    generator: Any,
    half: bool = False,
) -> bytes:
    """Return the LiteRT file of a function that plays.

    shapes: of its inputs, with types, by name; None in a shape is any length.
    half: the file keeps the weights in half precision; it computes with whole numbers.
    """
    # LiteRT converts a saved model, and Keras saves one with a signature of our own.
    archive = keras.export.ExportArchive()
    archive.track(generator)
    signature = {
        name: tf.TensorSpec(shape, dtype, name=name)
        for name, (shape, dtype) in shapes.items()
    }
    archive.add_endpoint("serve", play, input_signature=[signature])
    with TemporaryDirectory() as saved:
        archive.write_out(saved, verbose=False)
        converter = tf.lite.TFLiteConverter.from_saved_model(saved)
        if half:
            converter.optimizations = [tf.lite.Optimize.DEFAULT]
            converter.target_spec.supported_types = [tf.float16]
        converted: bytes = converter.convert()
    return converted
