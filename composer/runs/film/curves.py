"""Losses and measures beside the piano rolls: small curves, one above the other, that end at the frame's iteration."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from math import isfinite
from typing import Any, Final

import numpy as np

from composer.pictures.palette import LIGHT, MELODY, OTHERS
from composer.runs.film import ink
from composer.runs.film.ink import Box, Floats, Pixels, rgb

LOSS, MEASURE, DATASET = rgb("#4B5563"), rgb(OTHERS[0]), rgb("#B5700F")
WHITE: Final = rgb("#FFFFFF")
MOST_ROWS: Final = 9
MOST_LOSSES: Final = 4
FIRST: Final = (
    "distance",
    "own_key_ratio",
    "chord_share",
    "parallel_fifths",
    "dissonance",
    "note_length",
)
"""Measures that are shown before others, where there is no room for all."""


@dataclass(frozen=True)
class Series:
    """What became of one loss or measure. at: iterations, rising. dataset: the dataset's own value, NaN for none."""

    name: str
    at: Floats
    values: Floats
    dataset: float = float("nan")
    is_loss: bool = True

    @property
    def label(self) -> str:
        """Its name in words."""
        return self.name.replace("_", " ").removesuffix(" ratio")

    def until(self, iteration: float) -> tuple[Floats, Floats]:
        """Iterations and values up to an iteration."""
        count = int(np.searchsorted(self.at, iteration, side="right"))
        return self.at[:count], self.values[:count]

    def limits(self) -> tuple[float, float]:
        """The values at foot and head of its curve: all but the wildest, the dataset's, and some air."""
        if not len(self.values):
            return 0.0, 1.0
        kept = [*np.percentile(self.values, (1, 99)).tolist(), float(self.values[-1])]
        low, high = min(kept), max(kept)
        if isfinite(self.dataset):
            low, high = min(low, self.dataset), max(high, self.dataset)
        air = 0.08 * (high - low) or 0.05 * max(abs(high), 1e-3)
        return low - air, high + air


def series_of(log: Iterable[Mapping[str, Any]], reference: Mapping[str, float]) -> list[Series]:
    """The losses, then the measures, of the lines of a run's log; those that are shown, in their order.

    What is not a number leaves a gap, a line of the log without measures none.
    """
    lines = list(log)
    losses = _columns(lines, "losses")
    measures = _columns(lines, "measures")
    order = [name for name in FIRST if name in measures] + [
        name for name in measures if name not in FIRST
    ]
    chosen = [Series(name, *losses[name]) for name in list(losses)[:MOST_LOSSES]]
    room = MOST_ROWS - len(chosen)
    nan = float("nan")
    return chosen + [
        Series(n, *measures[n], float(reference.get(n, nan)), is_loss=False) for n in order[:room]
    ]


def _columns(lines: Sequence[Mapping[str, Any]], kind: str) -> dict[str, tuple[Floats, Floats]]:
    found: dict[str, list[tuple[float, float]]] = {}
    for line in lines:
        for name, value in (line.get(kind) or {}).items():
            points = found.setdefault(name, [])
            if value is not None and isfinite(value):
                points.append((line["iteration"], value))
    arrays = {name: np.array(points, np.float64).reshape(-1, 2) for name, points in found.items()}
    return {name: (points[:, 0], points[:, 1]) for name, points in arrays.items()}


@dataclass(frozen=True)
class Chart:
    """All curves in one card. horizon: the iteration at its right edge. scale: pixels for each of 1280 wide."""

    box: Box
    series: Sequence[Series]
    horizon: float
    scale: float
    rows: list[Box] = field(default_factory=list)

    def __post_init__(self) -> None:
        pad, scale = round(16 * self.scale), self.scale
        inner = self.box.inset(pad, round(10 * scale), pad, round(12 * scale))
        heads = len({s.is_loss for s in self.series}) * round(24 * scale)
        height = min((inner.height - heads) // max(len(self.series), 1), round(120 * scale))
        y, before = inner.y, None
        for one in self.series:
            y += round(24 * scale) if one.is_loss is not before else 0
            before = one.is_loss
            self.rows.append(Box(inner.x, y, inner.width, height))
            y += height

    def x(self, iteration: float) -> float:
        """The column of an iteration."""
        box = self.rows[0] if self.rows else self.box
        return box.x + min(iteration / max(self.horizon, 1), 1.0) * (box.width - 6 * self.scale)

    def plot(self, row: Box) -> Box:
        """Where in a row its curve is."""
        return row.inset(0, round(21 * self.scale), 0, round(5 * self.scale))

    def rule(self, image: Pixels) -> None:
        """All that stays: headings, names, the dataset's values."""
        scale, before = self.scale, None
        for one, row in zip(self.series, self.rows, strict=True):
            if one.is_loss is not before:
                words = "Losses" if one.is_loss else "Measures"
                ink.text(
                    image, row.x, row.y - 7 * scale, words, 14 * scale, rgb(LIGHT.text), bold=True
                )
                if not one.is_loss:
                    self._key(image, row)
            before = one.is_loss
            plot = self.plot(row)
            ink.fill(image, Box(plot.x, plot.bottom, plot.width, 1), rgb(LIGHT.beat_line))
            label = ink.shortened(one.label, 0.6 * row.width, 12.5 * scale)
            ink.text(image, row.x, row.y + 15 * scale, label, 12.5 * scale, rgb(LIGHT.faint))
            if isfinite(one.dataset):
                line = Box(
                    plot.x,
                    round(_row(plot, one.limits(), one.dataset)),
                    plot.width,
                    max(1, round(1.5 * scale)),
                )
                ink.dashes(image, line, DATASET, round(6 * scale), round(4 * scale))

    def _key(self, image: Pixels, row: Box) -> None:
        """What the dashed line is."""
        size, scale = 12 * self.scale, self.scale
        x = row.right - ink.text_width("dataset", size)
        ink.text(image, x, row.y - 7 * scale, "dataset", size, DATASET)
        line = Box(
            round(x - 32 * scale),
            round(row.y - 12 * scale),
            round(26 * scale),
            max(1, round(1.5 * scale)),
        )
        ink.dashes(image, line, DATASET, round(6 * scale), round(4 * scale))

    def draw(self, image: Pixels, iteration: float) -> None:
        """Curves and numbers up to an iteration, and a line where it is."""
        scale = self.scale
        for one, row in zip(self.series, self.rows, strict=True):
            at, values = one.until(iteration)
            plot, color = self.plot(row), LOSS if one.is_loss else MEASURE
            ink.fill(
                image, Box(round(self.x(iteration)), plot.y, 1, plot.height), rgb(MELODY), 0.45
            )
            if len(at):
                xs = np.array([self.x(i) for i in at])
                ys = np.clip(_row(plot, one.limits(), values), plot.y, plot.bottom)
                ink.curve(image, plot, (xs, ys), color, 1.7 * scale)
                ink.dot(image, xs[-1], ys[-1], 3.2 * scale, rgb(MELODY), WHITE)
            words, shade = (
                (number(values[-1]), rgb(LIGHT.text)) if len(values) else ("–", rgb(LIGHT.faint))
            )
            x = row.right - ink.text_width(words, 14 * scale, bold=True)
            ink.text(image, x, row.y + 15 * scale, words, 14 * scale, shade, bold=True)
            if isfinite(one.dataset):
                beside = number(one.dataset)
                left = x - ink.text_width(beside, 12 * scale) - 10 * scale
                ink.text(image, left, row.y + 15 * scale, beside, 12 * scale, DATASET)


def _row(plot: Box, limits: tuple[float, float], value: Any) -> Any:
    """The row of a value."""
    low, high = limits
    return plot.bottom - (value - low) / (high - low) * plot.height


def number(value: float) -> str:
    """Three figures or more: 12,345, 12.3, 1.23, 0.123; with a true minus sign."""
    size = abs(value)
    if size >= 1e6:
        return f"{value:.1e}".replace("-", "−")
    digits = 0 if size >= 100 else 1 if size >= 10 else 2 if size >= 1 else 3
    return f"{value:,.{digits}f}".replace("-", "−")
