"""Reports of a run so far, and what follows from them: curves, pace and the time that is left."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass, field
from typing import Final

from composer.runs.report import Report
from composer.songs.song import Song

# Reports from which the pace is taken: enough to hold the pauses of evaluations.
WINDOW: Final = 20
# Share of a metric: a smaller change is chance, no trend.
UNCHANGED: Final = 1e-3


@dataclass
class History:
    """All reports of a run, in order."""

    last: Report | None = None
    # All values, oldest first.
    losses: dict[str, list[float]] = field(default_factory=dict)
    metrics: dict[str, list[float]] = field(default_factory=dict)  # the same
    # The dataset's own metrics.
    reference: dict[str, float] = field(default_factory=dict)
    # The arrangements that came last: most reports have none.
    songs: dict[str, Song] = field(default_factory=dict)
    # The iteration that they came with.
    songs_at: int = 0
    # The iteration that the metrics came with.
    measured_at: int = 0
    # (Phase, the iteration after which it was first reported), as they were seen.
    stretches: list[tuple[str, int]] = field(default_factory=list)
    recent: deque[tuple[int, float]] = field(
        default_factory=lambda: deque(maxlen=WINDOW)
    )

    def add(self, report: Report) -> None:
        """Take the next report."""
        if not self.stretches or self.stretches[-1][0] != report.phase:
            before = self.last.iteration if self.last else 0
            self.stretches.append((report.phase, before))
            # Another phase has another speed.
            self.recent.clear()
        # There are none before the first iteration.
        if report.losses:
            self.recent.append((report.iteration, report.seconds))
        self.last = report
        for name, value in report.losses.items():
            self.losses.setdefault(name, []).append(value)
        # Only reports of an evaluation bring it.
        self.reference = report.reference or self.reference
        if report.measures:
            self._add_metrics(report)
        if report.songs:
            self.songs = report.songs
            self.songs_at = report.iteration

    def _add_metrics(self, report: Report) -> None:
        self.measured_at = report.iteration
        # A metric that is undefined this time may be left out.
        for name in {**self.metrics, **report.measures}:
            value = report.measures.get(name, math.nan)
            self.metrics.setdefault(name, []).append(value)

    def names(self) -> list[str]:
        """Return all metrics of the generated songs or the dataset; none before the first."""
        return list(self.reference | self.metrics) if self.metrics else []

    def phases(self) -> list[str]:
        """Return the names of all phases known, in order."""
        told = [name for name, _ in self.phase_ends()]
        seen = [name for name, _ in self.stretches]
        return list(dict.fromkeys([*told, *seen]))

    @property
    def pace(self) -> float:
        """Iterations a second in this phase, pauses included; NaN if nothing is known.

        From the second report of a phase on its first is left out: it holds the time that
        compiling took.
        """
        if self.last is None or not self.recent:
            return math.nan
        first, start = self.recent[0]
        last, end = self.recent[-1]
        pace = self.last.rate
        if end > start:
            pace = (last - first) / (end - start)
        is_pace = math.isfinite(pace) and pace > 0
        return pace if is_pace else math.nan

    @property
    def left(self) -> tuple[float, str]:
        """Seconds left at the last report, and the phase that is not counted in them.

        NaN if nothing is known; "" if all phases are counted, else the one of unknown pace.
        Phases differ in speed: if the report says how long each is, the time left in this one is
        all that can be told until the next has begun.
        """
        if self.last is None:
            return math.nan, ""
        goal = self.last.iterations
        then = ""
        for name, end in self.phase_ends():
            is_now = name == self.last.phase
            if is_now and self.last.iteration < end < goal:
                goal = end
                then = self._after(name)
        missing = max(goal - self.last.iteration, 0)
        return missing / self.pace, then

    def phase_ends(self) -> list[tuple[str, int]]:
        """Return (phase, its last iteration) in order; empty if the run does not say."""
        phases = self.last.phases if self.last else {}
        ends = []
        total = 0
        for name, iterations in phases.items():
            total += iterations
            ends.append((name, total))
        return ends

    def _after(self, phase: str) -> str:
        names = [name for name, _ in self.phase_ends()]
        return names[names.index(phase) + 1]

    def phase_at(self, iteration: float) -> str:
        """Return the phase in which an iteration was or will be, as far as is known."""
        ends = self.phase_ends()
        for name, end in ends:
            if iteration <= end:
                return name
        # Beyond the last end the last phase goes on.
        if ends:
            return ends[-1][0]
        begun = [name for name, first in self.stretches if first < iteration]
        return begun[-1] if begun else ""

    def trend(self, name: str) -> int:
        """Return 1 if a metric came nearer to the dataset at the last evaluation, -1 if it left.

        0 if it did not change, or if that is unknown.

        A metric without a value of the dataset's has no trend, but for a `distance`, which is
        best at 0.
        """
        values = self.metrics.get(name, [])
        usual = 0.0 if name.startswith("distance") else math.nan
        target = self.reference.get(name, usual)
        if len(values) < 2:
            return 0
        before = abs(values[-2] - target)
        now = abs(values[-1] - target)
        least = UNCHANGED * max(abs(target), abs(values[-1]))
        # Written so that NaN has no trend.
        if not abs(now - before) > least:
            return 0
        return 1 if now < before else -1
