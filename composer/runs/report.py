"""The report of a training run to those who watch it."""

from __future__ import annotations

from dataclasses import dataclass, field

from composer.songs.song import Song


@dataclass(frozen=True)
class Report:
    """The state of a training run, as its watchers get it now and then.

    >>> report = Report(50, 400, 20.0, rate=6.5, phase="first", losses={"loss": 1.5})
    >>> report.iteration / report.iterations
    0.125
    """

    iteration: int
    iterations: int
    """Of all phases together."""
    seconds: float
    """Of training so far, over all resumes."""
    rate: float
    """Iterations a second since the last report."""
    phase: str
    """The name of the phase that the iteration belongs to."""
    losses: dict[str, float]
    """Means since the last report."""
    measures: dict[str, float] = field(default_factory=dict)
    """The metrics of the arrangements, by name; empty if none were made this time."""
    reference: dict[str, float] = field(default_factory=dict)
    """The same metrics of the dataset itself."""
    songs: dict[str, Song] = field(default_factory=dict)
    """The arrangements of the watched melodies; empty if none were made this time."""
    phases: dict[str, int] = field(default_factory=dict)
    """The iterations of each phase, in order."""
