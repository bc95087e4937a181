"""Losses and metrics of a film: small curves, one above the other, up to the frame's iteration."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import isfinite, nan
from typing import Any, Final

import numpy as np

from composer.pictures import pixels
from composer.pictures.palette import LIGHT, MELODY, WHITE, track_color
from composer.pictures.pixels import Box, Color, Floats, Pixels, rgb
from composer.pictures.text import metric_name, number

LOSS, METRIC, DATASET = rgb("#4B5563"), rgb(track_color(1)), rgb("#B5700F")
MOST_ROWS: Final = 9
MOST_LOSSES: Final = 4
# Metrics that are shown before others, if there is no room for all.
FIRST: Final = (
    "distance",
    "own_key_ratio",
    "chord_share",
    "parallel_fifths",
    "dissonance",
    "note_length",
)

# Pixels of a frame 1280 wide.
PAD: Final = 16
PAD_TOP, PAD_BOTTOM = 10, 12
HEADING: Final = 24
HIGHEST_ROW: Final = 120
# Of a row, above and below its curve: the words need the upper part.
PLOT_TOP, PLOT_BOTTOM = 21, 5
# From the top of a row to the foot of its words.
LINE: Final = 15
DASH, DASH_GAP = 6, 4


@dataclass(frozen=True)
class Series:
    """A loss or metric over the iterations."""

    name: str
    # Iterations, rising.
    at: Floats
    values: Floats
    # The dataset's own value, NaN for none.
    dataset: float = nan
    is_loss: bool = True

    @property
    def label(self) -> str:
        """Its name in words."""
        return metric_name(self.name)

    def until(self, iteration: float) -> tuple[Floats, Floats]:
        """Return iterations and values up to an iteration."""
        count = int(np.searchsorted(self.at, iteration, side="right"))
        return self.at[:count], self.values[:count]

    def limits(self) -> tuple[float, float]:
        """Return the values at foot and head of its curve.

        All but the wildest, the dataset's, and some air.
        """
        if not len(self.values):
            return 0.0, 1.0
        # One wild loss must not flatten all others; the last value is always in view.
        kept = [*np.percentile(self.values, (1, 99)).tolist(), float(self.values[-1])]
        if isfinite(self.dataset):
            kept.append(self.dataset)
        low, high = min(kept), max(kept)
        air = 0.08 * (high - low) or 0.05 * max(abs(high), 1e-3)
        return low - air, high + air


def series_of(
    log: Iterable[Mapping[str, Any]], reference: Mapping[str, float]
) -> list[Series]:
    """Return the losses, then the metrics, of a run's log, as many as there is room for.

    A value that is not a number is left out.
    """
    lines = list(log)
    losses = _columns(lines, "losses")
    metrics = _columns(lines, "measures")
    chosen = []
    for name in list(losses)[:MOST_LOSSES]:
        # A loss has no value of the dataset's.
        at, values = losses[name]
        chosen.append(Series(name, at, values))
    first = [name for name in FIRST if name in metrics]
    others = [name for name in metrics if name not in FIRST]
    for name in (*first, *others):
        if len(chosen) < MOST_ROWS:
            at, values = metrics[name]
            dataset = float(reference.get(name, nan))
            chosen.append(Series(name, at, values, dataset, is_loss=False))
    return chosen


def _columns(
    lines: Sequence[Mapping[str, Any]], kind: str
) -> dict[str, tuple[Floats, Floats]]:
    """Return iterations and values of every name in the log's entries of a kind."""
    found: dict[str, list[tuple[float, float]]] = {}
    for line in lines:
        for name, value in (line.get(kind) or {}).items():
            points = found.setdefault(name, [])
            if value is not None and isfinite(value):
                points.append((line["iteration"], value))
    columns = {}
    for name, points in found.items():
        array = np.array(points, np.float64).reshape(-1, 2)
        columns[name] = (array[:, 0], array[:, 1])
    return columns


@dataclass(frozen=True)
class Chart:
    """All curves in one card."""

    box: Box
    series: Sequence[Series]
    # The iteration at the right edge.
    horizon: float
    # Pixels for each of a frame 1280 wide.
    scale: float

    def _scaled(self, length: float) -> int:
        return round(length * self.scale)

    @cached_property
    def rows(self) -> list[Box]:
        """The place of each series, with room for a heading above the first of a kind."""
        pad = self._scaled(PAD)
        inner = self.box.inset(
            pad,
            self._scaled(PAD_TOP),
            pad,
            self._scaled(PAD_BOTTOM),
        )
        heading = self._scaled(HEADING)
        kinds = {one.is_loss for one in self.series}
        room = inner.height - len(kinds) * heading
        height = min(room // max(len(self.series), 1), self._scaled(HIGHEST_ROW))
        rows = []
        y = inner.y
        for index in range(len(self.series)):
            if self._is_first(index):
                y += heading
            rows.append(Box(inner.x, y, inner.width, height))
            y += height
        return rows

    def _is_first(self, index: int) -> bool:
        """Return True for the first loss and for the first metric."""
        if index == 0:
            return True
        return self.series[index].is_loss is not self.series[index - 1].is_loss

    def x(self, iteration: float) -> float:
        """Return the column of an iteration."""
        box = self.rows[0] if self.rows else self.box
        share = min(iteration / max(self.horizon, 1), 1.0)
        # Room for the dot at the last point.
        return box.x + share * (box.width - 6 * self.scale)

    def plot(self, row: Box) -> Box:
        """Return the place of the curve in a row."""
        return row.inset(0, self._scaled(PLOT_TOP), 0, self._scaled(PLOT_BOTTOM))

    def rule(self, image: Pixels) -> None:
        """Draw all that stays: headings, names, the dataset's values."""
        for index, (one, row) in enumerate(
            zip(
                self.series,
                self.rows,
                strict=True,
            )
        ):
            if self._is_first(index):
                self._write_heading(image, row, one.is_loss)
            plot = self.plot(row)
            foot = Box(plot.x, plot.bottom, plot.width, 1)
            pixels.fill(image, foot, rgb(LIGHT.beat_line))
            size = 12.5 * self.scale
            label = pixels.shortened(one.label, 0.6 * row.width, size)
            self._write(image, row.x, row, label, size, rgb(LIGHT.faint))
            if isfinite(one.dataset):
                y = round(_row(plot, one.limits(), one.dataset))
                self._dash(image, plot.x, y, plot.width)

    def _write_heading(
        self,
        image: Pixels,
        row: Box,
        is_loss: bool,
    ) -> None:
        """Write the heading above a row; that of the metrics explains the dashed line."""
        scale, y = self.scale, row.y - 7 * self.scale
        words = "Losses" if is_loss else "Metrics"
        pixels.text(
            image,
            row.x,
            y,
            words,
            14 * scale,
            rgb(LIGHT.text),
            bold=True,
        )
        if is_loss:
            return
        x = row.right - pixels.text_width("dataset", 12 * scale)
        pixels.text(image, x, y, "dataset", 12 * scale, DATASET)
        self._dash(
            image,
            round(x - 32 * scale),
            round(y - 5 * scale),
            self._scaled(26),
        )

    def _dash(
        self,
        image: Pixels,
        x: int,
        y: int,
        width: int,
    ) -> None:
        line = Box(x, y, width, max(1, self._scaled(1.5)))
        pixels.dashes(
            image,
            line,
            DATASET,
            self._scaled(DASH),
            self._scaled(DASH_GAP),
        )

    def draw(self, image: Pixels, iteration: float) -> None:
        """Draw curves and numbers up to an iteration, and a line at it."""
        for one, row in zip(self.series, self.rows, strict=True):
            plot = self.plot(row)
            now = Box(
                round(self.x(iteration)),
                plot.y,
                1,
                plot.height,
            )
            pixels.fill(image, now, rgb(MELODY), 0.45)
            at, values = one.until(iteration)
            if len(at):
                self._draw_curve(image, plot, one, at, values)
            self._write_numbers(image, row, one, values)

    def _draw_curve(
        self, image: Pixels, plot: Box, one: Series, at: Floats, values: Floats
    ) -> None:
        scale = self.scale
        # A wild value is cut at the edge of its row: it must not run into the next one.
        xs = np.array([self.x(iteration) for iteration in at])
        ys = np.clip(
            _row(plot, one.limits(), values),
            plot.y,
            plot.bottom,
        )
        color = LOSS if one.is_loss else METRIC
        pixels.curve(image, plot, (xs, ys), color, 1.7 * scale)
        pixels.dot(
            image,
            xs[-1],
            ys[-1],
            3.2 * scale,
            rgb(MELODY),
            rgb(WHITE),
        )

    def _write_numbers(
        self,
        image: Pixels,
        row: Box,
        one: Series,
        values: Floats,
    ) -> None:
        """Write the last value, and left of it the dataset's."""
        scale = self.scale
        words = number(float(values[-1]) if len(values) else nan)
        color = rgb(LIGHT.text) if len(values) else rgb(LIGHT.faint)
        x = row.right - pixels.text_width(words, 14 * scale, bold=True)
        self._write(image, x, row, words, 14 * scale, color, bold=True)
        if isfinite(one.dataset):
            beside = number(one.dataset)
            left = x - pixels.text_width(beside, 12 * scale) - 10 * scale
            self._write(image, left, row, beside, 12 * scale, DATASET)

    def _write(
        self,
        image: Pixels,
        x: float,
        row: Box,
        words: str,
        size: float,
        color: Color,
        bold: bool = False,
    ) -> None:
        """Write on the line of a row, above its curve."""
        pixels.text(
            image,
            x,
            row.y + LINE * self.scale,
            words,
            size,
            color,
            bold=bold,
        )


def _row(plot: Box, limits: tuple[float, float], value: Any) -> Any:
    """Return the row of a value, or of each of an array."""
    low, high = limits
    return plot.bottom - (value - low) / (high - low) * plot.height
