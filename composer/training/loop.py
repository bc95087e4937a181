"""The loop of a training run: read `train` from top to bottom.

The folder of a run is described in `composer.runs.run`. A run ends bit-identical however often it
was broken off: each iteration draws from (seed, iteration), and a checkpoint holds all else.
"""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from composer.data import Corpus, Role, load_corpus, parse_roles
from composer.errors import OutputError
from composer.runs.report import Report
from composer.runs.run import REFERENCE, TrainingRun
from composer.songs.song import Song
from composer.training.checkpoint import newest, save_checkpoint, thin_out
from composer.training.judge import RunJudge
from composer.training.recipes.recipe import Settings
from composer.training.setup import (
    TrainingRequest,
    begin_run,
    check_music,
    check_same,
    check_unused,
    find_family,
    fitted,
    load_weights,
    open_run,
    plan_run,
    read_config,
)
from composer.training.trainer import Trainer

Watcher = Callable[[Report], None]
Reader = Callable[[str, Sequence[Role]], Corpus]


def train(
    out: Path,
    asked: TrainingRequest | None = None,
    resume: bool = False,
    watchers: Sequence[Watcher] = (),
    strategy: Any = None,
    reader: Reader = load_corpus,
) -> TrainingRun:
    """Train a model into the run folder `out`. Return the run.

    resume: go on from the last checkpoint in `out`, with the settings that it was begun with;
    what is asked besides must agree. watchers: called with a `Report` now and then. strategy: of
    tf.distribute. reader: of the dataset. Ctrl-C and SIGTERM end the run after the iteration,
    with all saved; a second one ends it at once. Raise ConfigError for what cannot be trained,
    ComposerError if a loss is not a number, OutputError if the disk is full: the last checkpoint
    stays.
    """
    started = time.perf_counter()

    # Read what is asked, and the music.
    before = open_run(out).asked if resume else check_unused(out)
    asked = (asked or TrainingRequest()).filled(before)
    kind = find_family(asked)
    given = read_config(asked.config)
    corpus = reader(str(asked.dataset), parse_roles(asked.roles))
    plan = plan_run(asked, kind, given, corpus, before)

    # Build the networks, and what judges them.
    trainer = Trainer(
        kind, corpus.train, plan.model, plan.settings, plan.seed, strategy
    )
    check_music(corpus, trainer)
    judge = RunJudge(corpus, plan.settings.evaluate_pieces)

    # Restore the run, or begin it.
    if resume:
        check_same(out, before, plan)
        run = TrainingRun(out)
        trainer.restore(newest(run))
        run.forget_after(trainer.iteration)
    else:
        _prepare(trainer, judge, asked, started)
        begun = replace(plan, settings=trainer.settings)
        run = begin_run(out, begun, trainer.replicas.is_chief)

    # Train: each iteration is a step, and whatever is due after it.
    settings = trainer.settings
    reporter = Reporter(run, watchers)
    with _stop_when_asked() as stop, _last_checkpoint_stays(run):
        if trainer.iteration == 0:
            _show(trainer, judge, run, reporter)
        while trainer.iteration < settings.iterations:
            if trainer.replicas.agreed(stop.is_set()):
                break
            with reporter.iteration() as losses:
                losses |= trainer.iterate()
            at = trainer.iteration
            if settings.report_due(at):
                _show(trainer, judge, run, reporter)
            if settings.save_due(at):
                _save(trainer, run)
        # Every process saves its end: each knows by it that its own run is over.
        if trainer.iteration not in run.checkpoints:
            save_checkpoint(run, trainer.state())
    return run


def _prepare(
    trainer: Trainer,
    judge: RunJudge,
    asked: TrainingRequest,
    started: float,
) -> None:
    """Load the weights to begin from, and fit the iterations into the minutes, if that is asked."""
    if asked.begin_from is not None:
        load_weights(trainer, asked.begin_from)
    if asked.minutes is not None:
        # Reading the music and building the networks have used some of the time.
        left = 60 * asked.minutes - (time.perf_counter() - started)
        trainer.use(fitted(trainer, judge, left))


def _save(trainer: Trainer, run: TrainingRun) -> None:
    """Save a checkpoint, in the one process that writes, and thin out the older ones."""
    if not trainer.replicas.is_chief:
        return
    save_checkpoint(run, trainer.state())
    # After saving: a full disk must leave the last one whole.
    thin_out(run, trainer.settings.keep)


def _show(
    trainer: Trainer, judge: RunJudge, run: TrainingRun, reporter: Reporter
) -> None:
    """Snapshot and evaluate the model if that is due, then report."""
    if not trainer.replicas.is_chief:
        return
    at = trainer.iteration
    settings = trainer.settings
    songs: dict[str, Song] = {}
    measures: dict[str, float] = {}
    # Shown is what an export would play.
    with trainer.averaged():
        player = trainer.player()
        if settings.due(at, settings.snapshot_every):
            songs = judge.snapshot(player)
            run.save_snapshot(at, songs)
        if settings.due(at, settings.evaluate_every):
            measures, reference = judge.measures(player)
            run.write(REFERENCE, reference)
    reporter.report(at, settings, songs, measures)


class Reporter:
    """Keep time and losses from report to report, write the log, and tell the watchers."""

    def __init__(self, run: TrainingRun, watchers: Sequence[Watcher]) -> None:
        self.run = run
        self.watchers = watchers
        last: dict[str, Any] = run.log[-1] if run.log else {}
        # A resumed run goes on counting: `seconds` in all, `iterating` those in which networks
        # learnt.
        self._began = time.perf_counter() - float(last.get("seconds", 0.0))
        self._iterating = float(last.get("iterating", 0.0))
        self._reported = self._iterating
        self._losses: list[dict[str, float]] = []

    @contextmanager
    def iteration(self) -> Iterator[dict[str, float]]:
        """Time an iteration. Lend a table for its losses."""
        losses: dict[str, float] = {}
        began = time.perf_counter()
        yield losses
        # Snapshots and evaluations are not counted: the rate is that of the networks.
        self._iterating += time.perf_counter() - began
        self._losses.append(losses)

    def report(
        self,
        at: int,
        settings: Settings,
        songs: dict[str, Song],
        measures: dict[str, float],
    ) -> None:
        """Add a line to the log, and tell the watchers what came since the last report."""
        losses = self._mean_losses()
        seconds = time.perf_counter() - self._began
        line: dict[str, Any] = {
            "iteration": at,
            "seconds": round(seconds, 2),
            "iterating": round(self._iterating, 2),
            "losses": losses,
        }
        if measures:
            line["measures"] = measures
        self.run.append(line)
        report = Report(
            iteration=at,
            iterations=settings.iterations,
            seconds=seconds,
            rate=self._rate(),
            # The phase of the iteration that is over, not of the one to come.
            phase=settings.phase(max(0, at - 1)),
            losses=losses,
            measures=measures,
            reference=self.run.reference,
            songs=songs,
            phases=settings.phases,
        )
        for watcher in self.watchers:
            watcher(report)
        self._losses = []
        self._reported = self._iterating

    def _mean_losses(self) -> dict[str, float]:
        """Return the means since the last report of the losses that the last iteration had."""
        if not self._losses:
            return {}
        means = {}
        for name in self._losses[-1]:
            values = [losses[name] for losses in self._losses if name in losses]
            means[name] = float(np.mean(values))
        return means

    def _rate(self) -> float:
        """Return the iterations a second since the last report, pauses not counted."""
        if not self._losses:
            return 0.0
        return len(self._losses) / (self._iterating - self._reported)


@contextmanager
def _last_checkpoint_stays(run: TrainingRun) -> Iterator[None]:
    """Say in an OutputError, a full disk for one, which checkpoint is still good."""
    try:
        yield
    except OutputError as error:
        checkpoints = list(run.checkpoints)
        good = "there is no checkpoint yet"
        if checkpoints:
            good = f"the last good checkpoint is iteration {checkpoints[-1]}"
        raise OutputError(f"{error}; {good}", mend="room") from error


@contextmanager
def _stop_when_asked() -> Iterator[threading.Event]:
    """Lend an event that the first SIGINT or SIGTERM sets; the second one interrupts."""
    asked = threading.Event()
    # Python lets only the main thread set handlers.
    if threading.current_thread() is not threading.main_thread():
        yield asked
        return

    def stop(number: int, frame: Any) -> None:  # noqa: ARG001
        if asked.is_set():
            raise KeyboardInterrupt
        asked.set()

    before = {
        number: signal.signal(number, stop)
        for number in (signal.SIGINT, signal.SIGTERM)
    }
    try:
        yield asked
    finally:
        # A notebook goes on after training, with its own handlers.
        for number, handler in before.items():
            signal.signal(number, handler)
