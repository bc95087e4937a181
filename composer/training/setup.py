"""A training run from its first iteration to its last: what is asked, the loop, what is kept and who is told.

The folder of a run is described in `composer.runs.run`. A run ends bit-identical however often it was broken off:
each iteration draws from (seed, iteration), and a checkpoint holds all else.
"""

from __future__ import annotations

import json
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import numpy as np

from composer import catalog, evaluation
from composer.config import from_dict, to_dict
from composer.data import Corpus, Role, load_corpus, parse_roles
from composer.errors import ConfigError, ModelError, OutputError
from composer.files import atomic
from composer.generators import WEIGHTS, Family, Player, family, load_model
from composer.runs.run import ASKED, CHECKPOINTS, REFERENCE, WATCHED, Report, TrainingRun, foreign
from composer.songs import read
from composer.songs.edit import beginning
from composer.songs.song import Song
from composer.training.trainer import State, TrainConfig, Trainer

Watcher = Callable[[Report], None]
WATCHED_BEATS, JUDGED_BEATS = 32, 96  # of a piece, from the bar in which its melody begins
FINE_TUNING = 0.3  # of the usual learning rates, when training goes on from a model
SPARE = 0.04  # of the minutes: for the film, TensorBoard and the end


@dataclass(frozen=True)
class TrainingRequest:
    """What a user asks of training.

    dataset: a name or a folder, by default `jsb`. roles: texts NAME=PATTERN, the melody first. family: by default
    `chorale`, or that of `begin_from`, a model's name or folder, whose weights training goes on from. config: a JSON
    file {"model": {...}, "train": {...}}; unknown fields are refused by name. iterations: of both phases in all, in the
    config's proportion; minutes: as many as this machine does in that time.
    """

    dataset: str | None = None
    roles: tuple[str, ...] = ()
    family: str | None = None
    config: Path | None = None
    iterations: int | None = None
    minutes: float | None = None
    seed: int | None = None
    begin_from: str | None = None

    def __post_init__(self) -> None:
        if self.iterations is not None and self.minutes is not None:
            raise ConfigError(
                "a run ends after so many iterations or so many minutes: give one of them"
            )
        if self.minutes is not None and self.minutes <= 0:
            raise ConfigError(f"minutes lie above 0, got {self.minutes}")
        if self.seed is not None and self.seed < 0:
            raise ConfigError(f"a seed is 0 or more, got {self.seed}")

    def filled(self, before: dict[str, Any]) -> TrainingRequest:
        """The same, what was left open as a run was begun with it."""
        return replace(
            self,
            dataset=self.dataset or before.get("dataset", "jsb"),
            roles=self.roles or tuple(before.get("roles", ())),
            family=self.family or before.get("family"),
            seed=before.get("seed", 0) if self.seed is None else self.seed,
            begin_from=self.begin_from or before.get("from", {}).get("model"),
        )


def train(
    out: Path,
    asked: TrainingRequest | None = None,
    resume: bool = False,
    watchers: Sequence[Watcher] = (),
    strategy: Any = None,
    reader: Callable[[str, Sequence[Role]], Corpus] = load_corpus,
) -> TrainingRun:
    """Train a model into the run folder `out`; returns the run.

    resume: go on from the last checkpoint in `out`, with what it was begun with; what is asked besides must agree.
    watchers get a `Report` now and then. strategy: of tf.distribute. reader: of the dataset.
    Ctrl-C and SIGTERM end it after the iteration, all saved; the second one at once. Raises ConfigError for what cannot
    be trained, ComposerError when a loss is not a number, OutputError when the disk is full: the last checkpoint stays.
    """
    started = time.perf_counter()
    before = _read(out).asked if resume else _unused(out)
    asked = (asked or TrainingRequest()).filled(before)
    given, name = _read_config(asked.config), _family_name(asked)
    kind, corpus = family(name), reader(str(asked.dataset), parse_roles(asked.roles))
    wanted = _settings(asked, corpus, before, given, name)
    settings = from_dict(TrainConfig, wanted["train"])
    model = from_dict(kind.config, wanted["model"])
    trainer = Trainer(kind, list(corpus.train), model, settings, wanted["seed"], strategy)
    _check_length(corpus, trainer)
    judge = Judge(corpus, settings.evaluate_pieces)
    if resume:
        _check_same(out, before, wanted)
        run = TrainingRun(out)
        trainer.restore(newest(run))
        run.forget_after(trainer.iteration)
    else:
        if asked.begin_from:
            _load_weights(trainer, asked.begin_from)
        if asked.minutes is not None:
            trainer.config = fitted(
                trainer, judge, 60 * asked.minutes - (time.perf_counter() - started)
            )
        # Processes that are not the chief keep a folder of their own, which nobody reads.
        run = _begun(
            out if trainer.is_chief else Path(mkdtemp()),
            {**wanted, "train": to_dict(trainer.config)},
        )
    _Loop(trainer, run, judge, watchers).go()
    return run


def _family_name(asked: TrainingRequest) -> str:
    base = load_model(asked.begin_from) if asked.begin_from else None
    name = asked.family or (str(base.card["family"]) if base else "chorale")
    if base and base.card["family"] != name:
        raise ConfigError(f"{asked.begin_from} is of family {base.card['family']}, not {name}")
    return name


def _settings(
    asked: TrainingRequest, corpus: Corpus, before: dict[str, Any], given: dict[str, Any], name: str
) -> dict[str, Any]:
    """What is written to run.json. before: of the run that goes on, or empty. given: from the config file."""
    base, kind = load_model(asked.begin_from) if asked.begin_from else None, family(name)
    found: dict[str, Any] = {
        "dataset": asked.dataset,
        "roles": list(asked.roles),
        "data": corpus.hash,
    }
    found |= {"family": name, "seed": asked.seed, "minutes": asked.minutes or before.get("minutes")}
    if base:
        found["from"] = {"model": asked.begin_from, "weights": _sha256(base.folder / WEIGHTS)}
    if before and asked.config is None and asked.iterations is None:
        return {**found, "model": before["model"], "train": before["train"]}
    settings = from_dict(
        TrainConfig, {**kind.train, **(_gentle(kind) if base else {}), **given.get("train", {})}
    )
    if asked.iterations is not None:
        settings = _of_length(settings, asked.iterations)
    model = {**(base.card["config"] if base else {}), **given.get("model", {})}
    configured = kind.configure(model, list(corpus.train))
    return {**found, "model": to_dict(configured), "train": to_dict(settings)}


def _read_config(path: Path | None) -> dict[str, Any]:
    try:
        given = json.loads(path.read_text(encoding="utf-8")) if path else {}
    except (OSError, ValueError) as error:
        raise ConfigError(f"{path} is not a JSON config: {error}") from error
    unknown = (
        sorted(set(given) - {"model", "train"}) if isinstance(given, dict) else ["not a table"]
    )
    if unknown:
        raise ConfigError(f"unknown field {unknown[0]!r} in {path}; it has ['model', 'train']")
    return dict(given)


def _gentle(kind: Family) -> dict[str, float]:
    """Lower learning rates: a trained model is to change, not to begin anew."""
    usual = from_dict(TrainConfig, kind.train)
    return {
        n: FINE_TUNING * getattr(usual, n)
        for n in ("supervised_rate", "generator_rate", "critic_rate")
    }


def _sha256(path: Path) -> str:
    try:
        return sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise ModelError(f"{path.parent} has no weights to go on from: {error}") from error


def _of_length(settings: TrainConfig, iterations: int) -> TrainConfig:
    """The same settings for so many iterations, shared between the phases as before."""
    first = round(iterations * settings.supervised_iterations / max(1, settings.iterations))
    return replace(settings, supervised_iterations=first, adversarial_iterations=iterations - first)


def _begun(out: Path, wanted: dict[str, Any]) -> TrainingRun:
    with atomic(out / ASKED) as path:
        path.write_text(json.dumps(wanted, indent=1) + "\n", encoding="utf-8")
    run = TrainingRun(out)
    run.forget_after(-1)
    return run


def _unused(out: Path) -> dict[str, Any]:
    """Nothing. Raises ConfigError where `out` has a run, or anything that no run wrote."""
    if (out / ASKED).exists() and TrainingRun(out).checkpoints:
        raise ConfigError(
            f"{out} holds a run already; --resume goes on with it, or choose another --out"
        )
    other = foreign(out)
    if other is not None:
        name = other.relative_to(out)
        raise ConfigError(f"{out} is not empty: no run wrote {name}; choose another folder")
    return {}


def _read(out: Path) -> TrainingRun:
    run = TrainingRun(out)
    if not run.checkpoints:
        raise ModelError(
            f"{out} is not a training run with a checkpoint: begin it anew, without --resume"
        )
    return run


def _check_same(out: Path, before: dict[str, Any], wanted: dict[str, Any]) -> None:
    """Raises ConfigError that names the first setting in which a run differs from what is asked."""
    for name in ("dataset", "roles", "data", "family", "seed", "minutes", "from"):
        if before.get(name) != wanted.get(name):
            raise ConfigError(
                f"{out} was begun with another {name}: {before.get(name)}, not {wanted.get(name)}"
            )
    for part in ("model", "train"):
        for name, value in wanted[part].items():
            if before[part].get(name) != value:
                raise ConfigError(
                    f"{out} was begun with another {part} {name}: {before[part].get(name)}, not {value}"
                )


def _check_length(corpus: Corpus, trainer: Trainer) -> None:
    """Raises ConfigError where there is too little music to draw a window from."""
    if not corpus.valid:
        raise ConfigError(
            f"{corpus.name} has one tune: training needs two or more, one of them to judge by"
        )
    for length in {trainer.config.length, trainer.config.adversarial_length}:
        trainer.windows.batch(np.random.default_rng(0), 1, length)


def _load_weights(trainer: Trainer, name: str) -> None:
    try:
        trainer.networks.generator.load_weights(load_model(name).folder / WEIGHTS)
    except ValueError as error:
        raise ModelError(
            f"the weights of {name} do not fit: {str(error).splitlines()[0]}"
        ) from error


def fitted(trainer: Trainer, judge: Judge, seconds: float) -> TrainConfig:
    """The settings with as many iterations as go into the time, measured; the trainer ends as it was."""
    before, began, config = trainer.state(), time.perf_counter(), trainer.config
    first, total = config.supervised_iterations, config.iterations
    mean = 0.0
    for start, count in ((0, first), (first, config.adversarial_iterations)):
        mean += (
            count / total * _seconds_each(partial(_iterate_at, trainer, start)) if count else 0.0
        )
    trainer.restore(before)
    player = trainer.player()
    between = (
        (config.snapshot_every, lambda: judge.snapshot(player)),
        (config.evaluate_every, lambda: judge.measures(player)),
        (config.save_every, lambda: np.savez(BytesIO(), **trainer.state())),  # type: ignore[arg-type]
    )
    mean += sum(_seconds_each(job, 1) / every for every, job in between)
    left = (1 - SPARE) * seconds - (time.perf_counter() - began)
    return _of_length(config, max(2, int(left / mean)))


def _iterate_at(trainer: Trainer, iteration: int) -> None:
    trainer.iteration = iteration
    trainer.iterate()


def _seconds_each(job: Callable[[], object], count: int = 4) -> float:
    """Mean seconds of a job, which was done once before: the first time graphs are made."""
    job()
    began = time.perf_counter()
    for _ in range(count):
        job()
    return (time.perf_counter() - began) / count


class _Loop:
    """Iterations until the end, and between them what is logged, kept and shown.

    seconds: of the run so far; iterating: of them, those in which networks learnt.
    """

    def __init__(
        self, trainer: Trainer, run: TrainingRun, judge: Judge, watchers: Sequence[Watcher]
    ) -> None:
        self.trainer, self.run, self.judge, self.watchers = trainer, run, judge, watchers
        self.config = trainer.config
        last: dict[str, Any] = next(reversed(run.log), {})
        self.iterating = float(last.get("iterating", 0.0))
        self.began = time.perf_counter() - float(last.get("seconds", 0.0))
        self.recent: list[dict[str, float]] = []
        self.reported = self.iterating

    def go(self) -> None:
        """Train to the end, or until somebody asks to stop."""
        try:
            self._go()
        except OutputError as error:
            kept = list(self.run.checkpoints)
            good = (
                f"the last good checkpoint is iteration {kept[-1]}"
                if kept
                else "there is no checkpoint yet"
            )
            raise OutputError(f"{error}; {good}: make room and --resume") from error

    def _go(self) -> None:
        trainer, total = self.trainer, self.config.iterations
        with _stop_when_asked() as asked_to_stop:
            if not trainer.iteration:
                self._show()
            while trainer.iteration < total and not trainer.agreed(asked_to_stop.is_set()):
                began = time.perf_counter()
                self.recent.append(trainer.iterate())
                self.iterating += time.perf_counter() - began
                self._after()
            if trainer.iteration not in self.run.checkpoints:
                self._write()  # of every process: each knows by it that its own run has ended

    def _after(self) -> None:
        at, config = self.trainer.iteration, self.config
        last = at == config.iterations
        if last or not all(
            at % n for n in (config.report_every, config.snapshot_every, config.evaluate_every)
        ):
            self._show()
        if last or not all(at % n for n in (config.save_every, config.evaluate_every)):
            self.save()

    def _show(self) -> None:
        """Snapshot and measure what is due, log it, tell the watchers."""
        at, config = self.trainer.iteration, self.config
        last = at == config.iterations
        songs: dict[str, Song] = {}
        measures: dict[str, float] = {}
        if not self.trainer.is_chief:
            return
        with self.trainer.averaged():
            player = self.trainer.player()
            if last or at % config.snapshot_every == 0:
                songs = self.judge.snapshot(player)
                self.run.save_snapshot(at, songs)
            if last or at % config.evaluate_every == 0:
                measures, reference = self.judge.measures(player)
                self.run.write(REFERENCE, reference)
        self._tell(songs, measures)

    def _tell(self, songs: dict[str, Song], measures: dict[str, float]) -> None:
        at, spent, recent = self.trainer.iteration, self.iterating - self.reported, self.recent
        losses = {
            k: float(np.mean([r[k] for r in recent if k in r]))
            for k in (recent[-1] if recent else {})
        }
        seconds, rate = time.perf_counter() - self.began, len(recent) / spent if recent else 0.0
        line = {
            "iteration": at,
            "seconds": round(seconds, 2),
            "iterating": round(self.iterating, 2),
            "losses": losses,
        }
        self.run.append({**line, **({"measures": measures} if measures else {})})
        phase, reference = self.config.phase(max(0, at - 1)), self.run.reference
        phases, total = self.config.phases, self.config.iterations
        report = Report(at, total, seconds, rate, phase, losses, measures, reference, songs, phases)
        for watcher in self.watchers:
            watcher(report)
        self.recent, self.reported = [], self.iterating

    def save(self) -> None:
        """Write the checkpoint, whole or not at all, and thin out those before it."""
        if not self.trainer.is_chief:
            return
        self._write()
        self._thin()

    def _write(self) -> None:
        with atomic(self.run.folder / CHECKPOINTS / f"{self.trainer.iteration:06d}.npz") as path:
            np.savez(path, **self.trainer.state())  # type: ignore[arg-type]

    def _thin(self) -> None:
        """All but the last few checkpoints and the best keep only the weights that play."""
        kept = list(self.run.checkpoints)
        whole = {*kept[-self.config.keep :], self.run.best}
        for iteration in set(kept) - whole:
            path = self.run.checkpoints[iteration]
            with np.load(path, allow_pickle=False) as held:
                if "v0" not in held.files:
                    continue
                plays = {
                    name: held[name] for name in held.files if name == "iteration" or name[0] == "g"
                }
            with atomic(path) as thinner:
                np.savez(thinner, **plays)


class Judge:
    """What a run is judged by: the valid pieces of its corpus, and melodies whose arrangements are watched."""

    def __init__(self, corpus: Corpus, pieces: int) -> None:
        self.pieces = [beginning(song, JUDGED_BEATS) for song in corpus.valid[:pieces]]
        self.reference = evaluation.measure(self.pieces)
        joy = read(catalog.tune("ode-to-joy"))
        songs = (joy, beginning(corpus.valid[0], WATCHED_BEATS))
        self.watched = dict(zip(WATCHED, songs, strict=True))

    def snapshot(self, player: Player) -> dict[str, Song]:
        """What it makes of the watched melodies."""
        return {name: player.arrange(song, seed=0, track=0) for name, song in self.watched.items()}

    def measures(self, player: Player) -> tuple[dict[str, float], dict[str, float]]:
        """(Measures of its arrangements of the pieces' melodies, the same of the pieces)."""
        made = [player.arrange(song, seed=seed, track=0) for seed, song in enumerate(self.pieces)]
        return evaluation.compare(evaluation.measure(made), self.reference).headline()


@contextmanager
def _stop_when_asked() -> Iterator[threading.Event]:
    """An event that the first SIGINT or SIGTERM sets; the second one interrupts."""
    asked = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield asked
        return

    def stop(number: int, frame: Any) -> None:  # noqa: ARG001
        if asked.is_set():
            raise KeyboardInterrupt
        asked.set()

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield asked
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def newest(run: TrainingRun) -> State:
    """The state of the last checkpoint that is whole. Raises ModelError where there is none."""
    for path in reversed(run.checkpoints.values()):
        state = load_checkpoint(path)
        if "v0" in state:
            return state
    raise ModelError(f"{run.folder} has no whole checkpoint to go on from")


def load_checkpoint(path: Path) -> State:
    """A checkpoint's arrays by name. Raises ModelError where it is damaged."""
    try:
        with np.load(path, allow_pickle=False) as held:
            return dict(held)
    except (OSError, ValueError, KeyError) as error:
        raise ModelError(f"checkpoint {path} is damaged: {error}") from error
