"""Settle a training run: read what is asked, fill in what is not, refuse what cannot be trained."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import numpy as np

from composer.config import from_dict, to_dict
from composer.data import Corpus
from composer.errors import ConfigError, ModelError
from composer.files import atomic
from composer.generators import WEIGHTS, Family, family, load_model
from composer.runs.run import ASKED, TrainingRun, foreign
from composer.training.judge import RunJudge
from composer.training.recipes import find_recipe
from composer.training.recipes.recipe import Settings
from composer.training.trainer import Trainer

# Of the usual learning rates: the full ones would undo what a model has learnt.
FINE_TUNING = 0.3
# Of the minutes, kept free for the film, TensorBoard and the end, which nobody times.
SPARE = 0.04
# Iterations by which the pace of a phase is measured: one alone may be disturbed.
TIMED = 4


@dataclass(frozen=True)
class TrainingRequest:
    """All that a user can ask of training; what is left out is as usual.

    >>> TrainingRequest(dataset="jsb", iterations=100).filled({}).seed
    0
    """

    dataset: str | None = None
    """A name or a folder; by default `jsb`."""
    roles: tuple[str, ...] = ()
    """Texts NAME=PATTERN, the melody first."""
    family: str | None = None
    """By default `chorale`, or that of `begin_from`."""
    config: Path | None = None
    """A JSON file {"model": {...}, "train": {...}}; unknown fields are refused by name."""
    iterations: int | None = None
    """Of all phases together, in the proportion of the settings."""
    minutes: float | None = None
    """As many iterations as this machine does in that time."""
    seed: int | None = None
    begin_from: str | None = None
    """The name or folder of a model: training goes on from its weights."""

    def __post_init__(self) -> None:
        if self.iterations is not None and self.minutes is not None:
            raise ConfigError(
                "a run ends after iterations or after minutes: give one of them"
            )
        if self.minutes is not None and self.minutes <= 0:
            raise ConfigError(f"minutes lie above 0, got {self.minutes}")
        if self.seed is not None and self.seed < 0:
            raise ConfigError(f"a seed is 0 or more, got {self.seed}")

    def filled(self, before: dict[str, Any]) -> TrainingRequest:
        """Return the same with what was left open as a run was begun with it; empty: as usual."""
        return replace(
            self,
            dataset=self.dataset or before.get("dataset", "jsb"),
            roles=self.roles or tuple(before.get("roles", ())),
            family=self.family or before.get("family"),
            seed=before.get("seed", 0) if self.seed is None else self.seed,
            begin_from=self.begin_from or before.get("from", {}).get("model"),
        )


@dataclass(frozen=True)
class RunPlan:
    """A run that is settled.

    model: the family's config. about: what run.json says beside model and settings.
    """

    kind: Family
    model: Any
    settings: Settings
    seed: int
    about: dict[str, Any]

    @property
    def asked(self) -> dict[str, Any]:
        """Return the table of run.json."""
        return {
            **self.about,
            "model": to_dict(self.model),
            "train": to_dict(self.settings),
        }


def read_config(path: Path | None) -> dict[str, Any]:
    """Return the tables of a config file, empty without one. Raise ConfigError if it is none."""
    if path is None:
        return {}
    try:
        given = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ConfigError(f"{path} is not a JSON config: {error}") from error
    if not isinstance(given, dict):
        raise ConfigError(f"{path} is not a JSON config: not a table")
    unknown = sorted(set(given) - {"model", "train"})
    if unknown:
        raise ConfigError(
            f"unknown field {unknown[0]!r} in {path}; it has ['model', 'train']"
        )
    return given


def find_family(asked: TrainingRequest) -> Family:
    """Return the family to train. Raise ConfigError if the model to begin from is of another."""
    if asked.begin_from is None:
        return family(asked.family or "chorale")
    name = str(load_model(asked.begin_from).card["family"])
    if asked.family not in (None, name):
        raise ConfigError(f"{asked.begin_from} is of family {name}, not {asked.family}")
    return family(name)


def plan_run(
    asked: TrainingRequest,
    kind: Family,
    given: dict[str, Any],
    corpus: Corpus,
    before: dict[str, Any],
) -> RunPlan:
    """Return the plan of a run. Raise ConfigError for a field that is unknown or out of range.

    given: the tables of the config file. before: run.json of the run that goes on, or empty.
    """
    base = load_model(asked.begin_from) if asked.begin_from else None
    about: dict[str, Any] = {
        "dataset": asked.dataset,
        "roles": list(asked.roles),
        "data": corpus.hash,
        "family": kind.name,
        "seed": asked.seed,
        "minutes": asked.minutes or before.get("minutes"),
    }
    if base is not None:
        # A name can come to mean another model: the hash says which weights it was.
        about["from"] = {
            "model": asked.begin_from,
            "weights": _sha256(base.folder / WEIGHTS),
        }
    asks_anything = asked.config is not None or asked.iterations is not None
    if before and not asks_anything:
        # As it was begun, whatever the usual settings have become since.
        model = from_dict(kind.config, before["model"])
        settings = from_dict(find_recipe(kind.recipe).config, before["train"])
    else:
        fields = {} if base is None else base.card["config"]
        model = kind.configure({**fields, **given.get("model", {})}, list(corpus.train))
        settings = _settings(
            kind, given.get("train", {}), is_fine_tuning=base is not None
        )
        if asked.iterations is not None:
            settings = settings.lasting(asked.iterations)
    return RunPlan(kind, model, settings, int(asked.seed or 0), about)


def _settings(kind: Family, given: dict[str, Any], is_fine_tuning: bool) -> Settings:
    """Return the settings of a family's recipe, with those of the config file over them."""
    settings_of = find_recipe(kind.recipe).config
    usual = dict(kind.train)
    if is_fine_tuning:
        usual |= _gentle(from_dict(settings_of, kind.train))
    return from_dict(settings_of, {**usual, **given})


def _gentle(usual: Settings) -> dict[str, float]:
    """Return lower learning rates: a trained model is to change, not to begin again."""
    return {name: FINE_TUNING * rate for name, rate in usual.rates.items()}


def _sha256(path: Path) -> str:
    try:
        return sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise ModelError(
            f"{path.parent} has no weights to go on from: {error}"
        ) from error


def check_unused(out: Path) -> dict[str, Any]:
    """Return an empty table. Raise ConfigError if `out` holds a run, or what no run wrote."""
    # Without a checkpoint there is nothing to lose: such a run may begin again.
    if (out / ASKED).exists() and TrainingRun(out).checkpoints:
        raise ConfigError(f"{out} holds a run already", mend="resume")
    other = foreign(out)
    if other is not None:
        name = other.relative_to(out)
        raise ConfigError(
            f"{out} is not empty: no run wrote {name}; choose another folder"
        )
    return {}


def open_run(out: Path) -> TrainingRun:
    """Return the run in `out`. Raise ModelError if there is none to go on with."""
    run = TrainingRun(out)
    if not run.checkpoints:
        raise ModelError(f"{out} is not a training run with a checkpoint", mend="begin")
    return run


def begin_run(out: Path, plan: RunPlan, is_chief: bool) -> TrainingRun:
    """Write run.json and clear what an earlier attempt left. Return the run.

    A process that is not the chief keeps a folder of its own, which nobody reads.
    """
    folder = out if is_chief else Path(mkdtemp())
    with atomic(folder / ASKED) as path:
        asked = {**plan.asked, "iterations": plan.settings.iterations}
        path.write_text(json.dumps(asked, indent=1) + "\n", encoding="utf-8")
    run = TrainingRun(folder)
    # Snapshots of an attempt that ended before its first checkpoint would mix with these.
    run.forget_after(-1)
    return run


def check_same(out: Path, before: dict[str, Any], plan: RunPlan) -> None:
    """Raise ConfigError that names the first setting in which a run differs from what is asked."""
    wanted = plan.asked
    for name in ("dataset", "roles", "data", "family", "seed", "minutes", "from"):
        _check_equal(out, name, before.get(name), wanted.get(name))
    for part in ("model", "train"):
        for name, value in wanted[part].items():
            _check_equal(out, f"{part} {name}", before[part].get(name), value)


def _check_equal(out: Path, name: str, before: Any, now: Any) -> None:
    # Going on with other settings would make a run that no settings describe.
    if before != now:
        raise ConfigError(f"{out} was begun with another {name}: {before}, not {now}")


def check_music(corpus: Corpus, trainer: Trainer) -> None:
    """Raise ConfigError if there is too little music to draw a window from, or to judge by."""
    if not corpus.valid:
        raise ConfigError(
            f"{corpus.name} has one tune: training needs two or more, one of them to judge by"
        )
    # Drawing is the only sure test: each family asks something else of its windows.
    for length in trainer.settings.lengths:
        trainer.windows.batch(np.random.default_rng(0), 1, length)


def load_weights(trainer: Trainer, name: str) -> None:
    """Begin with the weights of a model. Raise ModelError if they do not fit."""
    try:
        trainer.networks.generator.load_weights(load_model(name).folder / WEIGHTS)
    except ValueError as error:
        # An error is one line here; those of Keras have many.
        reason = str(error).splitlines()[0]
        raise ModelError(f"the weights of {name} do not fit: {reason}") from error


def fitted(trainer: Trainer, judge: RunJudge, seconds: float) -> Settings:
    """Return the settings with as many iterations as the time allows; the trainer stays as it
    is.
    """
    began = time.perf_counter()
    settings = trainer.settings
    each = _seconds_to_iterate(trainer) + _seconds_between(trainer, judge)
    left = (1 - SPARE) * seconds - (time.perf_counter() - began)
    return settings.lasting(max(2, int(left / each)))


def _seconds_to_iterate(trainer: Trainer) -> float:
    """Return the mean over the phases, each by its share of the iterations."""
    # Timing trains: the weights are put back afterwards.
    before = trainer.state()
    settings = trainer.settings
    mean = 0.0
    first = 0
    for count in settings.phases.values():
        if count:
            share = count / settings.iterations
            mean += share * _seconds(partial(_iterate_at, trainer, first), TIMED)
        first += count
    trainer.restore(before)
    return mean


def _iterate_at(trainer: Trainer, iteration: int) -> None:
    trainer.iteration = iteration
    trainer.iterate()


def _seconds_between(trainer: Trainer, judge: RunJudge) -> float:
    """Return the seconds of snapshots, evaluations and checkpoints, per iteration."""
    settings = trainer.settings
    player = trainer.player()

    # Into memory: a disk is slow at one moment and quick at the next.
    def save() -> None:
        np.savez(BytesIO(), **trainer.state())  # type: ignore[arg-type]

    return (
        _seconds(lambda: judge.snapshot(player)) / settings.snapshot_every
        + _seconds(lambda: judge.measures(player)) / settings.evaluate_every
        + _seconds(save) / settings.save_every
    )


def _seconds(job: Callable[[], object], count: int = 1) -> float:
    """Return the mean seconds of a job that was done once before: that makes the graphs."""
    job()
    began = time.perf_counter()
    for _ in range(count):
        job()
    return (time.perf_counter() - began) / count
