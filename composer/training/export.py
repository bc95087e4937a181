"""From a training run to a model folder that plays."""

from __future__ import annotations

import json
import platform
from collections.abc import Callable
from importlib.metadata import distributions
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from composer.config import from_dict, to_dict
from composer.errors import OutputError
from composer.evaluation.chorales import through_public_path
from composer.files import atomic
from composer.generators import CARD, PLAYS, WEIGHTS, family, load_model
from composer.runs.run import TrainingRun, find
from composer.training.setup import load_checkpoint
from composer.training.trainer import Tensors, TrainConfig, Trainer

PACKAGES = ("melody-composer", "tensorflow-cpu", "tensorflow", "keras", "numpy", "ai-edge-litert")


def export(run: str | Path, out: Path, about: str = "", score: bool = True) -> Path:
    """Write the model folder of a run: what plays, what training goes on from, and what it is.

    Its weights are rounded to half precision, in both files alike: half the size, and the same notes from both.

    run: its folder; `RUN@1200` an iteration that it keeps, `RUN@best` the best. The averaged weights play, where there
    is an average. score: where the run learnt from the chorales, measure it on the valid split, three seeds, MIDI in
    and MIDI out. Raises ModelError where `run` is no run or lacks the iteration.
    """
    found, iteration = find(str(run))
    if out.resolve() == found.folder.resolve():
        raise OutputError(f"{out} is the run itself: export to another folder")
    asked = found.asked
    kind = family(asked["family"])
    config = from_dict(kind.config, asked["model"])
    trainer = Trainer(kind, [], config, from_dict(TrainConfig, asked["train"]), asked["seed"])
    trainer.restore_playing(load_checkpoint(found.checkpoints[iteration]))
    _round(trainer.networks.generator.variables)
    card = _card(asked, to_dict(config), iteration, about)
    card["measures"] = _measured(found, iteration)
    out.mkdir(parents=True, exist_ok=True)
    with atomic(out / PLAYS) as path:
        path.write_bytes(
            to_litert(*kind.playing_model(trainer.networks), trainer.networks.generator, half=True)
        )
    with atomic(out / WEIGHTS) as path, TemporaryDirectory() as folder:
        trainer.networks.generator.save_weights(Path(folder) / WEIGHTS)
        _halve(Path(folder) / WEIGHTS, path)
    _write_card(out, card)
    if score and asked["dataset"] == "jsb":
        scores = through_public_path(load_model(out))
        _write_card(
            out, {**card, "scores": {name: round(value, 4) for name, value in scores.items()}}
        )
    return out


def _card(
    asked: dict[str, Any], config: dict[str, Any], iteration: int, about: str
) -> dict[str, Any]:
    trained = {k: asked[k] for k in ("dataset", "data", "seed", "train", "from") if k in asked}
    return {
        "family": asked["family"],
        "config": config,
        "about": about or f"Trained on {asked['dataset']} (train split).",
        "trained": {**trained, "iterations": iteration},
        "versions": {"python": platform.python_version(), **_versions()},
        "scores": {},
    }


def _measured(run: TrainingRun, iteration: int) -> dict[str, Any]:
    """What the run last measured of the model up to that iteration, beside the dataset's own values."""
    lines = [line for line in run.log if line.get("measures") and line["iteration"] <= iteration]
    return {"generated": lines[-1]["measures"], "dataset": run.reference} if lines else {}


def _versions() -> dict[str, str]:
    installed = {str(d.name).lower().replace("_", "-"): d.version for d in distributions()}
    return {package: installed[package] for package in PACKAGES if package in installed}


def _write_card(out: Path, card: dict[str, Any]) -> None:
    with atomic(out / CARD) as path:
        path.write_text(json.dumps(card, indent=1) + "\n", encoding="utf-8")


def _round(variables: list[Any]) -> None:
    """Weights to what half precision can say."""
    for variable in variables:
        value = variable.numpy()
        if value.dtype == np.float32:
            variable.assign(value.astype(np.float16).astype(np.float32))


def _halve(source: Path, target: Path) -> None:
    """Copy a Keras weights file, its numbers as halves; Keras reads them into whole ones."""
    import h5py

    with h5py.File(source) as whole, h5py.File(target, "w") as half:

        def copy(name: str, item: Any) -> None:
            if isinstance(item, h5py.Dataset):
                values = item[()]
                half[name] = values.astype(np.float16) if values.dtype == np.float32 else values
                item = half[name], item
            else:
                item = half.require_group(name), item
            item[0].attrs.update(item[1].attrs)

        half.attrs.update(whole.attrs)
        whole.visititems(copy)


def to_litert(
    play: Callable[[Tensors], Tensors], shapes: dict[str, Any], generator: Any, half: bool = False
) -> bytes:
    """The LiteRT file of `play`, whose inputs have those shapes (None: any length) and types.

    half: weights are kept in half precision, and reckoned with in whole.
    """
    import keras
    import tensorflow as tf

    archive = keras.export.ExportArchive()
    archive.track(generator)
    signature = {
        name: tf.TensorSpec(shape, dtype, name=name) for name, (shape, dtype) in shapes.items()
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
