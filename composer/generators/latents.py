"""Latents: where the random numbers of an arrangement come from.

A family names its latents ("chords", "groove" ...), as MuseGAN does (Dong et al. 2018). Each has a
seed, and some have a knob. Every decision of a generator is the inverse of a distribution at a
number in 0..1. That number is the share of the normal distribution below a mix of latents. So a
latent that is pushed in one direction pushes all decisions that it feeds the same way; each family
says which way that is (`Directions`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from math import acos, sin, sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

from composer.errors import ConfigError

Array = NDArray[np.float32]

Sample = Callable[[int], dict[str, Array]]
"""A function from a seed to its latents by name, standard normal numbers."""

Directions = Mapping[str, Any]
"""For each latent with a knob, how far the knob pushes: -1..1, an array that broadcasts to the
latent.
"""

# A pushed number is SHARE parts of a constant, and sqrt(1 - SHARE ** 2) = 0.6 parts of the number
# drawn.
SHARE = 0.8
PUSH = 1.3  # the constant, in standard deviations

_NUMBER = r"(?:\d{1,9}\.\d*|\.\d+)"
_SEED = r"(?P<seed>\d{1,18})?"
_KNOB = rf"(?P<knob>[+-](?:{_NUMBER}|\d{{1,9}})|(?<!\d){_NUMBER})?"
_WRITTEN = re.compile(_SEED + _KNOB)


@dataclass(frozen=True)
class Source:
    """The source of one latent: a seed, a knob or both.

    Raise ConfigError if the seed is negative or the knob lies outside -1..1.

    >>> Source(seed=7, knob=0.5)
    Source(seed=7, knob=0.5)
    >>> Source(knob=2)
    Traceback (most recent call last):
        ...
    composer.errors.ConfigError: a knob lies in -1..1, got 2
    """

    seed: int | None = None
    """A seed of its own; None: the arrangement's."""

    knob: float = 0.0
    """How far it is turned, -1..1; 0 leaves the numbers as they were drawn."""

    def __post_init__(self) -> None:
        if self.seed is not None and self.seed < 0:
            raise ConfigError(f"a seed is 0 or more, got {self.seed}")
        if not -1 <= self.knob <= 1:
            raise ConfigError(f"a knob lies in -1..1, got {self.knob:g}")


@dataclass(frozen=True)
class Latents:
    """The sources of all latents of an arrangement.

    A source that changes nothing is left out, so that equal latents compare as equal.

    >>> Latents(3, {"groove": Source(knob=0.5), "chords": Source()})
    Latents(seed=3, sources={'groove': Source(seed=None, knob=0.5)})
    """

    seed: int = 0
    """The seed of every latent that has none of its own."""

    sources: Mapping[str, Source] = field(default_factory=dict)
    """Sources by the family's names of its latents."""

    def __post_init__(self) -> None:
        Source(self.seed)  # checks the seed
        changed = {
            name: source for name, source in self.sources.items() if source != Source()
        }
        object.__setattr__(self, "sources", changed)

    def __hash__(self) -> int:
        return hash((self.seed, frozenset(self.sources.items())))


@dataclass(frozen=True)
class Between:
    """A place on the way from one arrangement to another; at its ends exactly these two.

    >>> Between(Latents(0), Latents(1), 0.25).share
    0.25
    """

    first: Latents | Between
    second: Latents | Between
    share: float
    """How much of the second, 0..1."""

    def __post_init__(self) -> None:
        if not 0 <= self.share <= 1:
            raise ConfigError(f"a share lies in 0..1, got {self.share:g}")


Origin = Latents | Between

Given = Origin | Mapping[str, "Source | int | float"]
"""Latents as a caller may give them: by name a seed (an int), a knob (a float), or both (a Source).
"""


def to_origin(given: Given | None, seed: int, names: Sequence[str]) -> Origin:
    """Return the latents that `given` stands for beside the seed of an arrangement.

    `names` are the latents of the family. Raise ConfigError if another one is given.

    >>> to_origin({"groove": -0.5, "chords": 7}, 3, ["chords", "groove"]).sources
    {'chords': Source(seed=7, knob=0.0), 'groove': Source(seed=None, knob=-0.5)}
    """
    if isinstance(given, Latents | Between):
        return checked(given, names)
    sources = {name: _source(name, value) for name, value in (given or {}).items()}
    return checked(Latents(seed, sources), names)


def checked(origin: Origin, names: Sequence[str]) -> Origin:
    """Return `origin` with its sources in the order of `names`, the latents of the family.

    The order counts because latents are saved as text. Raise ConfigError if a source has none of
    these names.
    """
    if isinstance(origin, Between):
        first = checked(origin.first, names)
        second = checked(origin.second, names)
        return Between(first, second, origin.share)
    check_names(origin.sources, names)
    in_order = {name: origin.sources[name] for name in names if name in origin.sources}
    return Latents(origin.seed, in_order)


def check_names(given: Mapping[str, Any], names: Sequence[str]) -> None:
    """Raise ConfigError if `given` has a key that is none of `names`, the latents of a family."""
    for name in given:
        if name not in names:
            raise ConfigError(
                f"no latent {name!r}; there are {', '.join(names) or 'none'}"
            )


def _source(name: str, value: Source | float) -> Source:
    """Return a seed (an int) or a knob (a float) as a source."""
    if isinstance(value, Source):
        return value
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ConfigError(
            f"{name} is a seed (an int), a knob (a float in -1..1) or a Source, got {value!r}"
        )
    if isinstance(value, int):
        return Source(value)
    return Source(knob=value)


def parse(name: str, text: str) -> Source:
    """Return a source from its text: `7` is a seed, `+1`, `-0.5` and `.3` are knobs, `7+0.5` is
    both.

    Raise ConfigError, which calls the latent `name`, if the text is none of these.

    >>> parse("groove", "7+0.5")
    Source(seed=7, knob=0.5)
    """
    found = _WRITTEN.fullmatch(text.strip())
    has_any = found is not None and any(found.groups())
    knob = float(found["knob"] or 0) if found else 0.0
    if found is None or not has_any or abs(knob) > 1:
        raise ConfigError(
            f"{name} is a seed like 7, a knob from -1 to +1 with its sign or a point, "
            f"or both like 7+0.5, got {text!r}"
        )
    seed = int(found["seed"]) if found["seed"] else None
    return Source(seed, knob)


def draw(origin: Origin, sample: Sample, directions: Directions) -> dict[str, Array]:
    """Return the latents by name: drawn, pushed by their knobs, and mixed if `origin` lies between
    two.

    Raise ConfigError if a knob is turned that the family does not have.
    """
    if isinstance(origin, Between):
        first = draw(origin.first, sample, directions)
        second = draw(origin.second, sample, directions)
        return {name: slerp(first[name], second[name], origin.share) for name in first}
    drawn = sample(origin.seed)
    # A latent of another seed is drawn with all others of that seed, so that it is the same one
    # there and here.
    for name, source in origin.sources.items():
        if source.seed is not None and source.seed != origin.seed:
            drawn[name] = sample(source.seed)[name]
        if source.knob:
            direction = _direction(name, directions)
            drawn[name] = push(drawn[name], source.knob * direction)
    return drawn


def _direction(name: str, directions: Directions) -> NDArray[np.float64]:
    """Return the direction of a knob. Raise ConfigError if there is none of that name."""
    if name not in directions:
        known = "it has none at all"
        if directions:
            known = f"knobs are there for {', '.join(directions)}"
        raise ConfigError(
            f"this model has no knob {name} ({known}); give {name} a seed, like 7"
        )
    return np.asarray(directions[name], float)


def push(normal: Array, knob: NDArray[np.float64] | float) -> Array:
    """Return normal numbers moved by `knob` (-1..1, broadcast); 0 leaves them bit for bit.

    At an end their mean is SHARE * PUSH and their deviation 0.6, so that most lie beyond the
    average, none far out.

    >>> push(np.float32([0, 1]), 1.0).tolist()
    [1.0399999618530273, 1.6399999856948853]
    """
    # The two shares are of the variance, so that the numbers do not grow when they are pushed.
    share = SHARE * np.asarray(knob, float)
    moved = np.sqrt(1 - share**2) * normal + share * PUSH
    return np.where(share == 0, normal, moved).astype(np.float32)


def slerp(first: Array, second: Array, share: float) -> Array:
    """Return a place on the great circle between two arrays of normal numbers; exact at its ends.

    A straight line would pass nearer to 0, where every decision is a middling one. Shoemake 1985.

    >>> slerp(np.float32([1, 0]), np.float32([0, 1]), 0.5).tolist()
    [0.7071067690849304, 0.7071067690849304]
    """
    if share == 1:
        return second
    if share == 0 or np.array_equal(first, second):
        return first
    length = sqrt(float((first**2).sum()) * float((second**2).sum()))
    cosine = float((first * second).sum()) / max(length, 1e-9)
    angle = acos(min(max(cosine, -1.0), 1.0))
    # Opposite or alike, they lie on one line: no great circle is the shortest, so it is straight.
    if sin(angle) < 1e-6:
        return ((1 - share) * first + share * second).astype(np.float32)
    of_first = sin((1 - share) * angle) / sin(angle)
    of_second = sin(share * angle) / sin(angle)
    return (of_first * first + of_second * second).astype(np.float32)


# Abramowitz and Stegun 1964, 7.1.26: the error function as a polynomial in 1 / (1 + POLE * x), to
# 1.5e-7.
_POLE = 0.3275911
_POLYNOMIAL = (0.254829592, -0.284496736, 1.421413741, -1.453152027, 1.061405429)


def uniform(normal: Array) -> Array:
    """Return the share of the normal distribution that lies below each value, to 1e-7.

    A formula, because numpy has no error function and scipy is slow to import.

    >>> uniform(np.float32([-1, 0, 1])).round(3).tolist()
    [0.1589999943971634, 0.5, 0.8410000205039978]
    """
    # By the size alone, as the formula holds above 0; the lower half is its mirror image.
    x = np.abs(normal) / sqrt(2)
    t = 1 / (1 + _POLE * x)
    a1, a2, a3, a4, a5 = _POLYNOMIAL
    tail = t * (a1 + t * (a2 + t * (a3 + t * (a4 + t * a5))))
    half = 0.5 * tail * np.exp(-x * x)
    return np.where(normal < 0, half, 1 - half).astype(np.float32)


def to_json(origin: Origin) -> dict[str, Any]:
    """Return JSON values that stand for `origin`; whatever is as the default is left out.

    >>> to_json(Latents(7, {"groove": Source(knob=0.5)}))
    {'seed': 7, 'groove': {'knob': 0.5}}
    """
    if isinstance(origin, Between):
        return {
            "from": to_json(origin.first),
            "to": to_json(origin.second),
            "share": origin.share,
        }
    values: dict[str, Any] = {"seed": origin.seed}
    for name, source in origin.sources.items():
        values[name] = _changed(source)
    return values


def _changed(source: Source) -> dict[str, Any]:
    """Return the fields of a source that differ from their defaults."""
    found = {}
    for one in fields(source):
        value = getattr(source, one.name)
        if value != one.default:
            found[one.name] = value
    return found


def from_json(values: Any) -> Origin:
    """Return the latents that `to_json` wrote; their names are checked when they are used
    (`checked`).

    Raise ConfigError if `values` are anything else.

    >>> from_json({"seed": 7, "groove": {"knob": 0.5}})
    Latents(seed=7, sources={'groove': Source(seed=None, knob=0.5)})
    """
    try:
        if "from" in values:
            first = from_json(values["from"])
            second = from_json(values["to"])
            return Between(first, second, float(values["share"]))
        sources = {name: Source(**values[name]) for name in values if name != "seed"}
        return Latents(int(values["seed"]), sources)
    except (KeyError, TypeError, ValueError, RecursionError) as error:
        raise ConfigError(f"no latents of an arrangement: {error}") from error
