"""What a run has reported so far, and what follows from it: curves, pace and the time that is left."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass, field
from typing import Final

from composer.runs.run import Report
from composer.songs.song import Song

WINDOW: Final = (
    20  # reports from which the pace is taken: long enough to hold the pauses of evaluations
)


@dataclass
class History:
    """All reports of a run, in order.

    losses, measures: all values by name, oldest first. reference: the dataset's own. songs and measured hold what came
    last, with the iteration that it came with. stretches: (phase, its first reported iteration) as they were seen.
    """

    last: Report | None = None
    losses: dict[str, list[float]] = field(default_factory=dict)
    measures: dict[str, list[float]] = field(default_factory=dict)
    reference: dict[str, float] = field(default_factory=dict)
    songs: dict[str, Song] = field(default_factory=dict)
    songs_at: int = 0
    measured_at: int = 0
    stretches: list[tuple[str, int]] = field(default_factory=list)
    recent: deque[tuple[int, float]] = field(default_factory=lambda: deque(maxlen=WINDOW))

    def add(self, report: Report) -> None:
        """Take the next report."""
        if not self.stretches or self.stretches[-1][0] != report.phase:
            self.stretches.append((report.phase, self.last.iteration if self.last else 0))
            self.recent.clear()
        if report.losses:  # not before the first iteration
            self.recent.append((report.iteration, report.seconds))
        self.last = report
        for name, value in report.losses.items():
            self.losses.setdefault(name, []).append(value)
        self.reference = report.reference or self.reference
        if report.measures:
            self.measured_at = report.iteration
            for name in {
                **self.measures,
                **report.measures,
            }:  # what is undefined this time may be left out
                self.measures.setdefault(name, []).append(report.measures.get(name, math.nan))
        if report.songs:
            self.songs, self.songs_at = report.songs, report.iteration

    def names(self) -> list[str]:
        """Of all measures of the generated songs or the dataset, in order, once there are any."""
        return list(self.reference | self.measures) if self.measures else []

    def phases(self) -> list[str]:
        """Of all phases known, in order."""
        known = dict.fromkeys(
            [name for name, _ in self.phase_ends()] + [name for name, _ in self.stretches]
        )
        return (
            list(known) if list(known) != ["adversarial"] else ["", "adversarial"]
        )  # resumed in its second phase

    @property
    def pace(self) -> float:
        """Iterations a second in this phase, pauses included; NaN where nothing is known.

        From the second report of a phase on its first is left out: it holds the time that compiling took.
        """
        if self.last is None or not self.recent:
            return math.nan
        (first, start), (last, end) = self.recent[0], self.recent[-1]
        found = (last - first) / (end - start) if end > start else self.last.rate
        return found if math.isfinite(found) and found > 0 else math.nan

    @property
    def left(self) -> tuple[float, str]:
        """(Seconds left at the last report, the phase that is not counted in as its pace is unknown, or "").

        NaN where nothing is known. Phases differ in speed: where the report says how long each is, what is left of
        this one is all that can be told until the next has begun.
        """
        if self.last is None:
            return math.nan, ""
        last, then = self.last.iterations, ""
        for name, end in self.phase_ends():
            if self.last.iteration < end < last and name == self.last.phase:
                last, then = end, self._after(name)
        return max(last - self.last.iteration, 0) / self.pace, then

    def phase_ends(self) -> list[tuple[str, int]]:
        """(Phase, its last iteration) in order; empty where the run does not say."""
        ends, total = [], 0
        for name, iterations in (self.last.phases if self.last else {}).items():
            total += iterations
            ends.append((name, total))
        return ends

    def _after(self, phase: str) -> str:
        names = [name for name, _ in self.phase_ends()]
        return names[names.index(phase) + 1]

    def phase_at(self, iteration: float) -> str:
        """The phase in which an iteration was or will be, as far as is known."""
        ends = self.phase_ends()
        if ends:
            return next((name for name, end in ends if iteration <= end), ends[-1][0])
        begun = [name for name, first in self.stretches if first < iteration]
        return begun[-1] if begun else ""

    def trend(self, name: str) -> int:
        """1 where a measure came nearer to the dataset at the last evaluation, -1 where it went away, else 0.

        What has no value of the dataset's has no trend, but for a `distance`, which is best at 0.
        """
        values = self.measures.get(name, [])
        target = self.reference.get(name, 0.0 if name.startswith("distance") else math.nan)
        if len(values) < 2:
            return 0
        before, now = abs(values[-2] - target), abs(values[-1] - target)
        least = 1e-3 * max(abs(target), abs(values[-1]))
        return 0 if not abs(now - before) > least else 1 if now < before else -1
