"""A curve in one line of characters."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import nan
from typing import Final

import numpy as np
from numpy.typing import NDArray
from rich.console import Console, ConsoleOptions, RenderResult
from rich.measure import Measurement
from rich.segment import Segment
from rich.style import Style

BLOCKS: Final = "▁▂▃▄▅▆▇█"
# The levels if there is only ASCII.
RAMP: Final = "_.-~=+*#"
# Share of the values at each end that is clipped, so that a wild one flattens no curve.
WILD: Final = 0.05
# From that many values on some are clipped: of fewer each may matter.
MANY: Final = 8
NARROWEST, WIDEST = 4, 40  # columns
CURVE: Final = Style(color="cyan")

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Sparkline:
    """A curve as wide as its place in a table; `also`: a value that the scale has room for."""

    values: Sequence[float]
    also: float = nan
    levels: str = BLOCKS

    def __rich_measure__(
        self, console: Console, options: ConsoleOptions
    ) -> Measurement:
        return Measurement(NARROWEST, WIDEST)

    def __rich_console__(
        self, console: Console, options: ConsoleOptions
    ) -> RenderResult:
        width = min(options.max_width, WIDEST)
        yield Segment(sparkline(self.values, width, self.levels, self.also), CURVE)


def sparkline(
    values: Sequence[float],
    width: int,
    levels: str = BLOCKS,
    also: float = nan,
) -> str:
    """Return `values`, oldest first, in at most `width` characters of `levels`, lowest first.

    If there are more values than characters, each shows the mean of a few. Of many values the
    extreme twentieth at each end is clipped: a first loss of 200 must not flatten all others.
    also: a value that the scale has room for, besides. A value that is not finite is a space.

    >>> sparkline([0, 1, 2, 7], 10)
    '▁▂▃█'
    """
    means = _means(np.array(values, float), max(width, 0))
    low, high = _limits(means, also)
    signs = []
    for mean in means:
        if not np.isfinite(mean):
            signs.append(" ")
            continue
        # A flat curve runs through the middle.
        share = (mean - low) / (high - low) if high > low else 0.5
        level = int(min(max(share, 0.0), 1.0) * len(levels))
        signs.append(levels[min(level, len(levels) - 1)])
    return "".join(signs)


def _limits(means: Floats, also: float) -> tuple[float, float]:
    """Return the values of the lowest and the highest level."""
    finite = means[np.isfinite(means)]
    if np.isfinite(also):
        finite = np.append(finite, also)
    if not len(finite):
        return 0.0, 0.0
    low = float(finite.min())
    high = float(finite.max())
    if len(finite) > MANY:
        low, high = (float(limit) for limit in np.quantile(finite, [WILD, 1 - WILD]))
    # After clipping: the dataset's value is no outlier, however far it is.
    if np.isfinite(also):
        low = min(low, also)
        high = max(high, also)
    return low, high


def _means(values: Floats, most: int) -> Floats:
    """Return the means of the finite values of at most `most` stretches of `values`."""
    # Cut at whole numbers, so that every value is in one stretch.
    count = min(len(values), most)
    if not count:
        return np.empty(0)
    starts = np.arange(count) * len(values) // count
    finite = np.isfinite(values)
    sums = np.add.reduceat(np.where(finite, values, 0.0), starts)
    counts = np.add.reduceat(finite.astype(float), starts)
    means = np.where(counts > 0, sums / np.maximum(counts, 1), nan)
    return np.asarray(means)
