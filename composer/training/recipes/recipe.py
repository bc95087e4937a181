"""The frame of every recipe: the settings that all have, and one iteration at a time."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import asdict, dataclass, replace
from math import cos, pi
from typing import Any, ClassVar, TypeVar

import numpy as np

from composer.errors import ConfigError
from composer.training.distribution import Replicas

Tensors = dict[str, Any]
S = TypeVar("S", bound="Settings")

ITERATIONS = "_iterations"
# A falling learning rate ends at this share: at 0 the last iterations would do nothing.
LAST_RATE = 0.03


@dataclass(frozen=True)
class Settings:
    """The settings that every recipe has; each adds its own. `run.json` keeps them as "train".

    A field whose name ends in `_iterations` is a phase, in the order of the fields; one that ends
    in `_rate` is a learning rate; `length` and those that end in `_length` are lengths of
    windows.
    """

    batch: int = 32
    """Windows an iteration, over all machines."""
    length: int = 32
    """Of a window, in pulses."""
    report_every: int = 50
    """Iterations between two lines of the log."""
    save_every: int = 200
    """Iterations between two checkpoints."""
    snapshot_every: int = 50
    """Iterations between two snapshots of the watched melodies."""
    evaluate_every: int = 400
    """Iterations between two evaluations."""
    evaluate_pieces: int = 24
    """Pieces of the valid split that an evaluation arranges."""
    keep: int = 3
    """The last checkpoints that stay whole."""

    def __post_init__(self) -> None:
        for name, value in asdict(self).items():
            counts = name in ("batch", "keep") or name.endswith(("_every", "length"))
            if value < 0 or (value == 0 and counts):
                raise ConfigError(f"{name} lies above 0, got {value}")

    @property
    def phases(self) -> dict[str, int]:
        """Return the iterations of each phase, in order."""
        fields = asdict(self).items()
        return {
            name.removesuffix(ITERATIONS): count
            for name, count in fields
            if name.endswith(ITERATIONS)
        }

    @property
    def iterations(self) -> int:
        """Return the iterations of all phases together."""
        return sum(self.phases.values())

    @property
    def lengths(self) -> set[int]:
        """Return every length of a window that is asked for."""
        return {
            value for name, value in asdict(self).items() if name.endswith("length")
        }

    @property
    def rates(self) -> dict[str, float]:
        """Return the learning rates by the names of their fields."""
        return {
            name: value
            for name, value in asdict(self).items()
            if name.endswith("_rate")
        }

    def phase(self, iteration: int) -> str:
        """Return the phase of an iteration, counted from 0; after the end it is the last phase."""
        # The ends of the phases, one after the other.
        end = 0
        for name, count in self.phases.items():
            end += count
            if iteration < end:
                return name
        return list(self.phases)[-1]

    def due(self, iteration: int, *intervals: int) -> bool:
        """Return True at the last iteration, and at each multiple of one of the intervals."""
        if iteration == self.iterations:
            return True
        return any(iteration % interval == 0 for interval in intervals)

    def report_due(self, iteration: int) -> bool:
        """Return True if there is something to report after an iteration."""
        return self.due(
            iteration, self.report_every, self.snapshot_every, self.evaluate_every
        )

    def save_due(self, iteration: int) -> bool:
        """Return True if a checkpoint is due; what was evaluated is always kept."""
        return self.due(iteration, self.save_every, self.evaluate_every)

    def lasting(self: S, iterations: int) -> S:
        """Return the settings for that many iterations, shared between the phases as before."""
        total = max(1, self.iterations)
        # Each end is rounded, not each length: so the lengths add up.
        counts = {}
        planned = 0
        end = 0
        for name, count in self.phases.items():
            planned += count
            begin = end
            end = round(iterations * planned / total)
            counts[name + ITERATIONS] = end - begin
        # If there were no iterations there is no proportion: all go to the last phase.
        last = list(counts)[-1]
        counts[last] += iterations - end
        return replace(self, **counts)


@dataclass(frozen=True)
class Draw:
    """All that is random in one iteration.

    windows: those of a family, with `batch(rng, size, length)`. size: windows in a batch.
    """

    windows: Any
    rng: np.random.Generator
    size: int
    replicas: Replicas

    def batch(self, length: int) -> Tensors:
        """Draw a batch of windows, tensors by name; each device has its share."""
        drawn = self.windows.batch(self.rng, self.size, length)
        return {name: self.replicas.shared(values) for name, values in drawn.items()}

    def uniform(self) -> Any:
        """Draw a number in 0..1 for each window: float [B]."""
        return self.replicas.shared(self.rng.random(self.size, np.float32))


class Recipe(ABC):
    """One way to train: its optimisers, what an iteration does, and the average of the weights.

    networks: built in the scope of `replicas`, in which the recipe is made too.
    """

    config: ClassVar[type[Settings]]

    def __init__(self, networks: Any, settings: Any, replicas: Replicas) -> None:
        self.networks = networks
        self.settings = settings
        self.replicas = replicas
        # The running average of the generator's trainable weights; empty if there is none.
        self.average: list[Any] = []

    @abstractmethod
    def step(self, iteration: int, draw: Draw) -> Tensors:
        """Do one iteration, counted from 0. Return the losses by name."""

    @abstractmethod
    def variables(self) -> list[Any]:
        """Return all that a checkpoint holds. It knows them by their place: keep the order."""


def falling(rate: float, done: float) -> float:
    """Return a learning rate that falls along half a cosine (Loshchilov & Hutter 2017).

    done: the share of the iterations that is over, 0..1.

    >>> round(falling(1.0, 0.0), 3), round(falling(1.0, 0.5), 3), round(falling(1.0, 1.0), 3)
    (1.0, 0.515, 0.03)
    """
    return rate * (LAST_RATE + (1 - LAST_RATE) * 0.5 * (1 + cos(pi * done)))
