"""Where the four latents of an arrangement come from: seeds, knobs, and the way between two arrangements.

MuseGAN's latents (Dong et al. 2018) by name. Every decision of a generator is the inverse of a distribution at a
number in 0..1, and that number is the normal share below a mix of latents; so a latent that is pushed in a constant
direction pushes all decisions that it feeds the same way, and each family says which way that is (`Directions`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from math import acos, sin, sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

from composer.errors import ConfigError

Array = NDArray[np.float32]
Sample = Callable[[int], dict[str, Array]]
"""The latents of a seed, standard normal, by name."""
Directions = Mapping[str, Any]
"""Of each latent that has a knob, how far it is pushed at most: -1..1, an array that broadcasts to the latent."""

NAMES = ("chords", "style", "melody", "groove")
SHARE = (
    0.8  # of a knob at its end in a pushed number; the drawn one keeps sqrt(1 - SHARE ** 2) = 0.6
)
PUSH = 1.3  # standard deviations
_NUMBER = r"(?:\d{1,9}\.\d*|\.\d+)"
_WRITTEN = re.compile(
    rf"(?P<seed>\d{{1,18}})?(?P<knob>[+-](?:{_NUMBER}|\d{{1,9}})|(?<!\d){_NUMBER})?"
)


@dataclass(frozen=True)
class Source:
    """Where one latent comes from. seed: its own, by default the arrangement's. knob: -1..1 from there, 0 leaves it."""

    seed: int | None = None
    knob: float = 0.0

    def __post_init__(self) -> None:
        if self.seed is not None and self.seed < 0:
            raise ConfigError(f"a seed is 0 or more, got {self.seed}")
        if not -1 <= self.knob <= 1:
            raise ConfigError(f"a knob lies in -1..1, got {self.knob:g}")


@dataclass(frozen=True)
class Latents:
    """Where each latent comes from; seed: of those that have none of their own."""

    seed: int = 0
    chords: Source = field(default=Source())
    style: Source = field(default=Source())
    melody: Source = field(default=Source())
    groove: Source = field(default=Source())

    def __post_init__(self) -> None:
        Source(self.seed)

    def sources(self) -> dict[str, Source]:
        """By name."""
        return {name: getattr(self, name) for name in NAMES}


@dataclass(frozen=True)
class Between:
    """A place on the way between two arrangements; share: of the second, 0..1. The ends are exactly these."""

    first: Latents | Between
    second: Latents | Between
    share: float

    def __post_init__(self) -> None:
        if not 0 <= self.share <= 1:
            raise ConfigError(f"a share lies in 0..1, got {self.share:g}")


Origin = Latents | Between
Given = Origin | Mapping[str, "Source | int | float"]
"""What a caller may give: by name a seed (an int) or a knob (a float), or both as a Source."""


def to_origin(given: Given | None, seed: int) -> Origin:
    """What `given` means beside the seed of the arrangement. Raises ConfigError for an unknown latent."""
    if isinstance(given, Latents | Between):
        return given
    return Latents(seed, **{name: _source(name, value) for name, value in (given or {}).items()})


def _source(name: str, value: Source | float) -> Source:
    if name not in NAMES:
        raise ConfigError(f"no latent {name!r}; there are {', '.join(NAMES)}")
    if isinstance(value, Source):
        return value
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ConfigError(
            f"{name} is a seed (an int), a knob (a float in -1..1) or a Source, got {value!r}"
        )
    return Source(value) if isinstance(value, int) else Source(knob=value)


def parse(name: str, text: str) -> Source:
    """A source as it is written: `7` a seed, with a sign or a point a knob (`+1`, `-0.5`, `.3`), `7+0.5` both."""
    found = _WRITTEN.fullmatch(text.strip())
    knob = float(found["knob"] or 0) if found else 0.0
    if not found or not any(found.groups()) or abs(knob) > 1:
        raise ConfigError(
            f"{name} is a seed like 7, a knob from -1 to +1 with its sign or a point, or both like 7+0.5, got {text!r}"
        )
    return Source(int(found["seed"]) if found["seed"] else None, knob)


def draw(origin: Origin, sample: Sample, directions: Directions) -> dict[str, Array]:
    """The latents themselves. Raises ConfigError for a knob that the family has not."""
    if isinstance(origin, Between):
        ends = [draw(end, sample, directions) for end in (origin.first, origin.second)]
        return {name: slerp(first, ends[1][name], origin.share) for name, first in ends[0].items()}
    drawn = sample(origin.seed)
    for name, source in origin.sources().items():
        if source.seed not in (None, origin.seed):
            drawn[name] = sample(source.seed)[name]
        if source.knob:
            drawn[name] = push(drawn[name], source.knob * _direction(name, directions))
    return drawn


def _direction(name: str, directions: Directions) -> NDArray[np.float64]:
    if name not in directions:
        known = (
            f"knobs are there for {', '.join(directions)}" if directions else "it has none at all"
        )
        raise ConfigError(f"this model has no knob {name} ({known}); give {name} a seed, like 7")
    return np.asarray(directions[name], float)


def push(normal: Array, knob: NDArray[np.float64] | float) -> Array:
    """Normal numbers moved by `knob` (-1..1, broadcast); 0 leaves them bit for bit.

    At an end their mean is SHARE * PUSH and their deviation 0.6: most of them beyond the average, none extreme.
    """
    share = SHARE * np.asarray(knob, float)
    moved = np.sqrt(1 - share**2) * normal + share * PUSH
    return np.where(share == 0, normal, moved).astype(np.float32)


def slerp(first: Array, second: Array, share: float) -> Array:
    """On the great circle from one array of normal numbers to another, so that they stay as large; exact at its ends.

    Shoemake 1985. A straight line would pass nearer to 0, where all decisions are the middling ones.
    """
    if share in (0, 1) or np.array_equal(first, second):
        return second if share == 1 else first
    length = sqrt(float((first**2).sum()) * float((second**2).sum()))
    angle = acos(min(max(float((first * second).sum()) / max(length, 1e-9), -1.0), 1.0))
    if sin(angle) < 1e-6:
        return ((1 - share) * first + share * second).astype(np.float32)
    weights = sin((1 - share) * angle) / sin(angle), sin(share * angle) / sin(angle)
    return (weights[0] * first + weights[1] * second).astype(np.float32)


def uniform(normal: Array) -> Array:
    """The normal distribution's share below each value, to 1e-7 (Abramowitz and Stegun 1964, 7.1.26)."""
    x = np.abs(normal) / sqrt(2)
    t = 1 / (1 + 0.3275911 * x)
    tail = t * (
        0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429)))
    )
    half = 0.5 * tail * np.exp(-x * x)
    return np.where(normal < 0, half, 1 - half).astype(np.float32)


def to_json(origin: Origin) -> dict[str, Any]:
    """As JSON values; what is as the default is left out."""
    if isinstance(origin, Between):
        return {"from": to_json(origin.first), "to": to_json(origin.second), "share": origin.share}
    sources = {name: _changed(source) for name, source in origin.sources().items()}
    return {"seed": origin.seed, **{name: values for name, values in sources.items() if values}}


def _changed(source: Source) -> dict[str, Any]:
    return {
        f.name: value for f in fields(source) if (value := getattr(source, f.name)) != f.default
    }


def from_json(values: Any) -> Origin:
    """What `to_json` gives. Raises ConfigError for anything else."""
    try:
        if "from" in values:
            return Between(
                from_json(values["from"]), from_json(values["to"]), float(values["share"])
            )
        sources = {name: Source(**values[name]) for name in values if name != "seed"}
        return Latents(int(values["seed"]), **sources)
    except (KeyError, TypeError, ValueError, RecursionError) as error:
        raise ConfigError(f"no latents of an arrangement: {error}") from error
