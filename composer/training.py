"""The training loop, for every family: supervised first where the family has a target, then WGAN-GP.

A run is a folder: `run.json` (what was asked), `log.jsonl` (a line a report), `checkpoint.npz` (all that resuming
needs; replaced whole). `train` makes one, `export` turns it into a model folder that plays.
"""

from __future__ import annotations

import json
import os
import platform
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from composer.config import from_dict, to_dict
from composer.errors import ComposerError, ConfigError, MissingPackageError, ModelError
from composer.files import atomic

try:
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    import keras
    import tensorflow as tf
except ImportError as error:
    raise MissingPackageError("training needs TensorFlow: pip install 'melody-composer[train]'") from error

from composer.datasets import load_dataset
from composer.datasets.jsb import to_song
from composer.evaluation import through_public_path
from composer.generators import CARD, PLAYS, WEIGHTS, Family, family, load_model, wgan

CHECKPOINT, RUN, LOG = "checkpoint.npz", "run.json", "log.jsonl"
Tensors = dict[str, Any]


@dataclass(frozen=True)
class TrainConfig:
    """How a model is trained.

    supervised_iterations, adversarial_iterations: of the two phases. batch: windows an iteration; length and
    adversarial_length: of a window, in pulses. critic_steps: for each of the generator's. penalty: weight of the
    gradient penalty. supervised_weight: of the cross-entropy beside the Wasserstein loss. average: how much of the
    generator's running average stays at each adversarial iteration.
    """

    supervised_iterations: int = 3600
    adversarial_iterations: int = 500
    batch: int = 32
    length: int = 32
    adversarial_length: int = 16
    critic_steps: int = 5
    penalty: float = 10.0
    supervised_weight: float = 1.0
    supervised_rate: float = 1e-3
    weight_decay: float = 0.01
    generator_rate: float = 2e-4
    critic_rate: float = 5e-4
    average: float = 0.99
    report_every: int = 50
    save_every: int = 200

    def __post_init__(self) -> None:
        for name, value in asdict(self).items():
            if value < 0 or (value == 0 and name in ("batch", "length", "adversarial_length", "report_every")):
                raise ConfigError(f"{name} lies above 0, got {value}")

    @property
    def iterations(self) -> int:
        """Of both phases."""
        return self.supervised_iterations + self.adversarial_iterations


class Trainer:
    """Networks, optimisers and the running average; one iteration at a time, each drawn from (seed, iteration)."""

    def __init__(self, kind: Family, songs: list[Any], model: Any, config: TrainConfig, seed: int = 0) -> None:
        keras.utils.set_random_seed(seed)
        self.config, self.seed, self.iteration = config, seed, 0
        self.windows = kind.windows(songs, model)
        self.networks = kind.build(model)
        generator, critic = self.networks.generator, self.networks.critic
        warm = keras.optimizers.schedules.CosineDecay(
            config.supervised_rate, max(1, config.supervised_iterations), alpha=0.03
        )
        self.supervised_optimizer = keras.optimizers.AdamW(warm, beta_2=0.99, weight_decay=config.weight_decay)
        self.generator_optimizer = keras.optimizers.Adam(config.generator_rate, beta_1=0.5, beta_2=0.9)
        self.critic_optimizer = keras.optimizers.Adam(config.critic_rate, beta_1=0.5, beta_2=0.9)
        self.supervised_optimizer.build(generator.trainable_variables)
        self.generator_optimizer.build(generator.trainable_variables)
        self.critic_optimizer.build(critic.trainable_variables)
        self.average: list[Any] = []
        self.generate = tf.function(self.networks.generate)
        self.supervised_step = tf.function(self._supervised_step)
        self.critic_step = tf.function(self._critic_step)
        self.generator_step = tf.function(self._generator_step)

    def iterate(self) -> dict[str, float]:
        """One iteration: its losses by name. Raises ComposerError where one is not a number."""
        rng = np.random.default_rng([self.seed, self.iteration])
        if self.iteration < self.config.supervised_iterations:
            losses = {"supervised": self.supervised_step(self._batch(rng, self.config.length))}
        else:
            losses = self.adversarial(rng)
        found = {name: float(value) for name, value in losses.items()}
        if not all(np.isfinite(list(found.values()))):
            raise ComposerError(
                f"iteration {self.iteration}: loss is not a number ({found}); the last checkpoint is good, "
                "resume with lower learning rates"
            )
        self.iteration += 1
        return found

    def adversarial(self, rng: np.random.Generator) -> Tensors:
        """The critic's steps, then the generator's."""
        losses: Tensors = {}
        batch = self._batch(rng, self.config.adversarial_length)
        fake = self.generate(batch)  # once for all of the critic's steps: it is most of their cost
        for _ in range(self.config.critic_steps):
            losses |= self.critic_step(batch, fake, tf.constant(rng.random(self.config.batch, np.float32)))
        losses |= self.generator_step(self._batch(rng, self.config.adversarial_length))
        self._update_average()
        return losses

    def _batch(self, rng: np.random.Generator, length: int) -> Tensors:
        return {k: tf.constant(v) for k, v in self.windows.batch(rng, self.config.batch, length).items()}

    def _supervised_step(self, batch: Tensors) -> Any:
        variables = self.networks.generator.trainable_variables
        with tf.GradientTape() as tape:
            loss = self.networks.supervised(batch)
        self.supervised_optimizer.apply(tape.gradient(loss, variables), variables)
        return loss

    def _critic_step(self, batch: Tensors, fake: Any, share: Any) -> Tensors:
        networks, variables = self.networks, self.networks.critic.trainable_variables
        real = networks.real(batch)
        mixed = wgan.mix(real, fake, share)
        with tf.GradientTape() as tape:
            loss = wgan.critic_loss(networks.score(batch, real), networks.score(batch, fake))
            with tf.GradientTape() as inner:
                inner.watch(mixed)
                scores = networks.score(batch, mixed)
            penalty = wgan.gradient_penalty(inner.gradient(scores, mixed))
            total = loss + self.config.penalty * penalty
        self.critic_optimizer.apply(tape.gradient(total, variables), variables)
        return {"critic": loss, "penalty": penalty}

    def _generator_step(self, batch: Tensors) -> Tensors:
        networks, variables = self.networks, self.networks.generator.trainable_variables
        with tf.GradientTape() as tape:
            loss = wgan.generator_loss(networks.score(batch, networks.generate(batch)))
            supervised = networks.supervised(batch)
            total = loss + self.config.supervised_weight * supervised
        self.generator_optimizer.apply(tape.gradient(total, variables), variables)
        return {"generator": loss, "supervised": supervised}

    def _update_average(self) -> None:
        """The running average of the generator's weights, from the first adversarial iteration on."""
        now = [v.numpy() for v in self.networks.generator.trainable_variables]
        keep = self.config.average
        self.average = [keep * a + (1 - keep) * w for a, w in zip(self.average or now, now, strict=True)]

    def use_average(self) -> None:
        """Put the averaged weights, where there are any, in place of the last ones."""
        for variable, value in zip(self.networks.generator.trainable_variables, self.average, strict=False):
            variable.assign(value)

    def state(self) -> dict[str, np.ndarray[Any, Any]]:
        """All that resuming needs, as arrays by name."""
        held = {f"v{i}": v.numpy() for i, v in enumerate(self._variables())}
        mean = {f"a{i}": np.asarray(a) for i, a in enumerate(self.average)}
        return {"iteration": np.array(self.iteration), **held, **mean}

    def restore(self, state: dict[str, np.ndarray[Any, Any]]) -> None:
        """Go on from a `state`. Raises ModelError where it does not fit."""
        variables = self._variables()
        try:
            for i, variable in enumerate(variables):
                variable.assign(state[f"v{i}"])
        except (KeyError, ValueError) as error:
            raise ModelError(f"the checkpoint does not fit this model: {error}") from error
        self.average = [state[f"a{i}"] for i in range(len(state)) if f"a{i}" in state]
        self.iteration = int(state["iteration"])

    def _variables(self) -> list[Any]:
        optimizers = (self.supervised_optimizer, self.generator_optimizer, self.critic_optimizer)
        networks = (self.networks.generator, self.networks.critic)
        return [v for owner in (*networks, *optimizers) for v in owner.variables]


def train(
    out: Path,
    dataset: str = "jsb",
    family_name: str = "chorale",
    config: Path | None = None,
    iterations: int | None = None,
    seed: int = 0,
    resume: bool = False,
    on_report: Callable[[int, int, dict[str, float]], None] | None = None,
) -> Path:
    """Train a model into the run folder `out`; returns it.

    config: a JSON file {"model": {...}, "train": {...}}; unknown fields are refused by name. iterations: of both
    phases in all, in the config's proportion. resume: go on from the checkpoint in `out`. on_report gets iteration,
    iterations and losses now and then. Ctrl-C saves and ends.
    """
    asked = {"dataset": dataset, "family": family_name, "seed": seed, **_settings(family_name, config, iterations)}
    _open_run(out, asked, resume)
    kind = family(family_name)
    # Less the pieces that share music with held-out ones: the standard split has eight.
    songs = [to_song(chorale) for chorale in load_dataset(dataset, "train") if chorale.overlap < 0.1]
    settings = from_dict(TrainConfig, asked["train"])
    trainer = Trainer(kind, songs, from_dict(kind.config, asked["model"]), settings, seed)
    if resume:
        with np.load(out / CHECKPOINT, allow_pickle=False) as held:
            trainer.restore(dict(held))
    try:
        _loop(trainer, out, on_report)
    finally:
        save(trainer, out)
    return out


def _settings(family_name: str, config: Path | None, iterations: int | None) -> dict[str, Any]:
    try:
        given = json.loads(config.read_text(encoding="utf-8")) if config else {}
    except (OSError, ValueError) as error:
        raise ConfigError(f"{config} is not a JSON config: {error}") from error
    unknown = sorted(set(given) - {"model", "train"}) if isinstance(given, dict) else ["not a table"]
    if unknown:
        raise ConfigError(f"unknown field {unknown[0]!r} in {config}; it has ['model', 'train']")
    kind = family(family_name)
    settings = from_dict(TrainConfig, {**kind.train, **given.get("train", {})})
    if iterations is not None:
        share = settings.supervised_iterations / max(1, settings.iterations)
        first = round(iterations * share)
        settings = replace(settings, supervised_iterations=first, adversarial_iterations=iterations - first)
    return {"model": to_dict(from_dict(kind.config, given.get("model", {}))), "train": to_dict(settings)}


def _open_run(out: Path, asked: dict[str, Any], resume: bool) -> None:
    if not resume:
        if (out / CHECKPOINT).exists():
            raise ConfigError(f"{out} holds a run already; --resume goes on with it, or choose another --out")
        with atomic(out / RUN) as path:
            path.write_text(json.dumps(asked, indent=1), encoding="utf-8")
        return
    before = _read_run(out)
    for name in ("dataset", "family", "seed", "model", "train"):
        if before.get(name) != asked[name]:
            raise ConfigError(f"{out} was begun with another {name}: {before.get(name)}, not {asked[name]}")


def _read_run(run: Path) -> dict[str, Any]:
    try:
        with np.load(run / CHECKPOINT, allow_pickle=False):
            return dict(json.loads((run / RUN).read_text(encoding="utf-8")))
    except (OSError, ValueError) as error:
        raise ModelError(f"{run} is not a training run with a checkpoint: {error}") from error


def _loop(trainer: Trainer, out: Path, on_report: Callable[[int, int, dict[str, float]], None] | None) -> None:
    config, total = trainer.config, trainer.config.iterations
    recent: list[dict[str, float]] = []
    while trainer.iteration < total:
        recent.append(trainer.iterate())
        if trainer.iteration % config.report_every == 0 or trainer.iteration == total:
            names = recent[-1]
            mean = {k: float(np.mean([r[k] for r in recent if k in r])) for k in names}
            recent = []
            line = {"iteration": trainer.iteration, "time": round(time.time(), 1), **mean}
            with (out / LOG).open("a", encoding="utf-8") as log:
                log.write(json.dumps(line) + "\n")
            if on_report:
                on_report(trainer.iteration, total, mean)
        if trainer.iteration % config.save_every == 0:
            save(trainer, out)


def save(trainer: Trainer, out: Path) -> None:
    """Write the checkpoint, whole or not at all."""
    with atomic(out / CHECKPOINT) as path:
        np.savez(path, **trainer.state())  # type: ignore[arg-type]


def export(run: Path, out: Path, about: str = "", score: bool = True) -> Path:
    """Write the model folder of a run: what plays, what training goes on from, and what it is.

    The averaged weights play, where there is an average. score: measure it on the valid split, three seeds, MIDI in
    and MIDI out. Raises ModelError where `run` is no run.
    """
    asked = _read_run(run)
    kind = family(asked["family"])
    config = from_dict(kind.config, asked["model"])
    trainer = Trainer(kind, [], config, from_dict(TrainConfig, asked["train"]), asked["seed"])
    with np.load(run / CHECKPOINT, allow_pickle=False) as held:
        trainer.restore(dict(held))
    trainer.use_average()
    card = {
        "family": asked["family"],
        "config": to_dict(config),
        "about": about or f"Trained on {asked['dataset']} (train split).",
        "trained": {k: asked[k] for k in ("dataset", "seed", "train")} | {"iterations": trainer.iteration},
        "versions": {"python": platform.python_version(), **{p: version(p) for p in ("keras", "numpy")}},
        "scores": {},
    }
    out.mkdir(parents=True, exist_ok=True)
    with atomic(out / PLAYS) as path:
        path.write_bytes(to_litert(*kind.playing_model(trainer.networks), trainer.networks.generator))
    with atomic(out / WEIGHTS) as path, TemporaryDirectory() as folder:
        trainer.networks.generator.save_weights(Path(folder) / WEIGHTS)
        path.write_bytes((Path(folder) / WEIGHTS).read_bytes())
    _write_card(out, card)
    if score:
        scores = through_public_path(load_model(out))
        _write_card(out, {**card, "scores": {name: round(value, 4) for name, value in scores.items()}})
    return out


def _write_card(out: Path, card: dict[str, Any]) -> None:
    with atomic(out / CARD) as path:
        path.write_text(json.dumps(card, indent=1) + "\n", encoding="utf-8")


def to_litert(play: Callable[[Tensors], Tensors], shapes: dict[str, Any], generator: Any) -> bytes:
    """The LiteRT file of `play`, whose inputs have those shapes (None: any length) and types."""
    archive = keras.export.ExportArchive()
    archive.track(generator)
    signature = {name: tf.TensorSpec(shape, dtype, name=name) for name, (shape, dtype) in shapes.items()}
    archive.add_endpoint("serve", play, input_signature=[signature])
    with TemporaryDirectory() as saved:
        archive.write_out(saved, verbose=False)
        converted: bytes = tf.lite.TFLiteConverter.from_saved_model(saved).convert()
    return converted
