"""A page of plots about an evaluation: histograms, all metrics, and the curves of a run.

A track has the colour that it has in a piano roll; the dataset is grey.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import ceil, isnan
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np

from composer.evaluation.compare import HISTOGRAMS, TITLES, Evaluation, short_number
from composer.evaluation.judge import Judged
from composer.evaluation.measure import ALL, METRICS
from composer.pictures.palette import LIGHT, OTHERS, track_color
from composer.pictures.text import drum_name, one_line, pitch_name, signs
from composer.songs.theory import pitch_class_name

if TYPE_CHECKING:
    from matplotlib.figure import Figure

UNDEFINED: Final = float("nan")
DPI: Final = 100

# Sizes in inches.
WIDTH: Final = 16.0
LEFT: Final = 0.45
RIGHT: Final = 0.35
# Inches between two tracks, as all sizes here.
GAP: Final = 0.5
HEAD: Final = 1.25
# Of a section.
HEADING: Final = 0.65
# Height of a track's histogram, without the space below.
HISTOGRAM: Final = 1.25
# Height of a metric's line.
LINE: Final = 0.27
# Height of a curve's axes.
CURVE: Final = 1.45
CURVE_GAP: Final = 0.75
# Below lines and curves.
FOOT: Final = 0.8

CURVES_ABREAST: Final = 4
# Up to that many points a curve marks each: more would run together.
FEW_POINTS: Final = 20

DATASET: Final = "#B4BAC4"
# The colour of grid lines.
RULE: Final = "#E4E7EB"

# Standard deviations up to which the scale is linear: a far metric must not squeeze the others.
LINEAR: Final = 5
TICKS: Final = (0, 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500)
SMALL_METRIC: Final = 0.02
SMALL_RESPONSE: Final = 0.2

CLASSES: Final = [signs(pitch_class_name(pitch_class)) for pitch_class in range(12)]
# The pitches of an empty histogram, if no note is pitched.
ANY_RANGE: Final = range(48, 73)


class Line(NamedTuple):
    """One number on the page, generated and of the dataset."""

    title: str
    generated: float
    dataset: float
    least: float = SMALL_METRIC
    """What is small: the bar of a number below it stays short."""
    apart: tuple[float, ...] = ()
    """How far each track is from the dataset, in the dataset's spreads."""
    all_apart: float = UNDEFINED
    """The same of the added tracks together."""


@dataclass
class Curve:
    """A loss or a metric over the iterations of a run."""

    dataset: float = UNDEFINED
    iterations: list[int] = field(default_factory=list)
    values: list[float] = field(default_factory=list)


class StackedFigure:
    """A figure that is filled from the top. top: inches from the bottom that are still empty."""

    def __init__(self, height: float) -> None:
        from matplotlib.figure import Figure

        self.figure = Figure(
            figsize=(WIDTH, height),
            dpi=DPI,
            facecolor="white",
        )
        self.height = height
        self.top = height

    def axes(self, left: float, width: float, height: float, **options: Any) -> Any:
        """Return new axes that begin at the top of what is still empty."""
        bottom = self.top - height
        place = (
            left / WIDTH,
            bottom / self.height,
            width / WIDTH,
            height / self.height,
        )
        axes = self.figure.add_axes(place, **options)
        axes.spines[["top", "right"]].set_visible(False)
        axes.spines[["left", "bottom"]].set_color(DATASET)
        axes.tick_params(
            colors=LIGHT.faint,
            labelsize=9,
            length=3,
        )
        axes.set_axisbelow(True)
        return axes

    def text(self, x: float, below: float, text: str, **style: Any) -> None:
        """Write text as it is, `below` inches under the top of what is still empty."""
        plain = {
            "size": 10,
            "color": LIGHT.text,
            "va": "center",
            "family": "DejaVu Sans",
        }
        y = (self.top - below) / self.height
        # Names of tracks may hold dollar signs, which would be read as mathematics.
        self.figure.text(
            x / WIDTH,
            y,
            text,
            parse_math=False,
            **{**plain, **style},
        )

    def heading(self, text: str, explanation: str = "") -> None:
        """Write the heading of a section."""
        self.text(
            LEFT,
            0.15,
            text,
            size=14,
            weight="bold",
        )
        self.text(
            WIDTH - RIGHT,
            0.17,
            explanation,
            color=LIGHT.faint,
            ha="right",
            size=9.5,
        )
        self.top -= HEADING


def draw(path: Path | None, judged: Judged) -> Figure:
    """Draw the page, 1600 pixels wide, and return the figure; with a `path` write it as PNG."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    tracks = judged.evaluation.tracks
    lines = _metric_lines(judged.evaluation)
    heard = [
        Line(TITLES[name], generated, dataset, SMALL_RESPONSE)
        for name, (generated, dataset) in judged.responses.items()
    ]
    curves = _curves(judged)

    stack = StackedFigure(_height(len(tracks), len(lines), len(heard), len(curves)))
    _draw_head(stack, judged)
    _draw_histograms(stack, judged.evaluation)
    stack.heading("Metrics, over the added tracks")
    _draw_apart(stack, lines, tracks)
    _draw_lines(stack, lines, "each line has its own scale")
    if heard:
        stack.heading("What it listens to")
        _draw_lines(stack, heard, "0 to 1")
    if curves:
        _draw_curves(stack, curves)
    if path is not None:
        FigureCanvasAgg(stack.figure).print_png(str(path))
    return stack.figure


def _height(
    tracks: int,
    lines: int,
    heard: int,
    curves: int,
) -> float:
    """Return the height in inches of a page with that many of each."""
    # Counted before anything is drawn: the size of a figure is fixed when it is made.
    height = HEAD + HEADING + tracks * (HISTOGRAM + GAP)
    for count in (lines, heard):
        if count:
            height += HEADING + count * LINE + FOOT
    if curves:
        height += HEADING + ceil(curves / CURVES_ABREAST) * (CURVE + FOOT)
    return height


def _draw_head(stack: StackedFigure, judged: Judged) -> None:
    own, dataset = map(short_number, judged.distance)
    distance = f"distance {own}; the dataset's even and odd pieces: {dataset}"
    stack.text(
        LEFT,
        0.45,
        judged.source,
        size=20,
        weight="bold",
    )
    stack.text(
        LEFT,
        0.85,
        f"beside {judged.reference}     {distance}",
        size=11,
        color=LIGHT.faint,
    )
    stack.top -= HEAD


# --- histograms --------------------------------------------------------------------------


def _draw_histograms(stack: StackedFigure, evaluation: Evaluation) -> None:
    """Draw a row for each track: its pitch classes, and its pitches."""
    stack.heading(
        "Pitches", "share of the notes: generated in colour, the dataset in grey"
    )
    has_classes = ~np.isnan(evaluation.pitch_classes[1]).all(1)
    has_pitches = ~np.isnan(evaluation.pitches[1]).all(1)
    is_drum = has_pitches & ~has_classes
    # One range of pitches for all tracks, so that a bass lies to the left of a soprano.
    shown = _pitch_range(evaluation.pitches[:, ~is_drum])
    left = LEFT + 6.3
    width = WIDTH - LEFT - RIGHT - 6.3
    for i in range(len(evaluation.tracks)):
        color = track_color(i)
        _draw_track_name(stack, evaluation, i)
        if is_drum[i]:
            axes = stack.axes(left, width, HISTOGRAM)
            _draw_drums(axes, evaluation.pitches[:, i], color)
        else:
            axes = stack.axes(LEFT + 1.55, 4.2, HISTOGRAM)
            _draw_bars(
                axes,
                np.arange(12),
                evaluation.pitch_classes[:, i],
                color,
            )
            axes.set_xticks(range(12), CLASSES)
            axes = stack.axes(left, width, HISTOGRAM)
            _draw_pitches(axes, evaluation.pitches[:, i], shown, color)
        stack.top -= HISTOGRAM + GAP


def _draw_pitches(axes: Any, shares: Any, shown: range, color: str) -> None:
    """Draw shares [2, 128] of the pitches to be shown."""
    _draw_bars(axes, np.array(shown), shares[:, shown.start : shown.stop], color)
    octaves = [pitch for pitch in shown if pitch % 12 == 0]
    axes.set_xticks(octaves, [pitch_name(pitch) for pitch in octaves])


def _pitch_range(shares: Any) -> range:
    """Return the pitches from the lowest to the highest in use, of shares [2, track, 128]."""
    used = np.flatnonzero(np.nan_to_num(shares).any((0, 1)))
    return range(int(used.min()), int(used.max()) + 1) if len(used) else ANY_RANGE


def _draw_track_name(
    stack: StackedFigure,
    evaluation: Evaluation,
    i: int,
) -> None:
    track = evaluation.tracks[i]
    stack.text(
        LEFT,
        0.1,
        one_line(track, 12),
        size=11,
        weight="bold",
        color=track_color(i),
    )
    below = "given"
    if i > 0:
        rows = [
            evaluation.table[name] for name in HISTOGRAMS if name in evaluation.table
        ]
        below = "apart " + ", ".join(
            short_number(row[track].generated, 2) for row in rows
        )
    stack.text(
        LEFT,
        0.36,
        below,
        size=9,
        color=LIGHT.faint,
    )


def _draw_drums(
    axes: Any,
    shares: Any,
    color: str,
) -> None:
    """Draw the drums in use, by name."""
    used = np.flatnonzero(np.nan_to_num(shares).any(0))
    _draw_bars(
        axes,
        np.arange(len(used)),
        shares[:, used],
        color,
    )
    names = [drum_name(int(pitch)).replace(" ", "\n") for pitch in used]
    axes.set_xticks(
        range(len(used)),
        names,
        size=8.5 if len(used) <= 16 else 6,
    )


def _draw_bars(
    axes: Any,
    at: Any,
    shares: Any,
    color: str,
) -> None:
    """Draw shares [2, class], generated and dataset, side by side."""
    # A silent track has no histogram: bars of no height.
    generated, dataset = np.nan_to_num(shares)
    axes.bar(at - 0.2, generated, 0.4, color=color)
    axes.bar(at + 0.2, dataset, 0.4, color=DATASET)
    if len(at):
        axes.set_xlim(at[0] - 0.7, at[-1] + 0.7)
    highest = np.max(shares, initial=0.0, where=~np.isnan(shares))
    axes.set_ylim(0, max(1.05 * highest, 0.02))
    axes.yaxis.set_major_locator(_locator(3))
    axes.yaxis.grid(True, color=RULE, linewidth=0.8)


# --- lines -------------------------------------------------------------------------------


def _metric_lines(evaluation: Evaluation) -> list[Line]:
    """Return a line for each metric, over the added tracks."""
    lines = []
    for name, row in evaluation.table.items():
        lines.append(
            Line(
                title=TITLES[name],
                generated=row[ALL].generated,
                dataset=row[ALL].dataset,
                least=METRICS[name].least if name in METRICS else SMALL_METRIC,
                apart=tuple(row[track].distance for track in evaluation.tracks),
                all_apart=row[ALL].distance,
            )
        )
    return lines


def _draw_lines(
    stack: StackedFigure,
    lines: Sequence[Line],
    explanation: str,
) -> None:
    """Draw a line for each number: its name, two bars on a scale of their own, their values."""
    left = LEFT + 2.75
    height = len(lines) * LINE
    limits = (len(lines) - 0.5, -0.5)
    axes = stack.axes(
        left,
        4.3,
        height,
        xlim=(0, 1.02),
        xticks=[],
        ylim=limits,
        yticks=[],
    )
    axes.spines["bottom"].set_visible(False)
    _draw_line_bars(axes, lines)
    stack.text(left, -0.12, explanation, size=9, color=LIGHT.faint)
    _write_numbers(stack, lines)
    stack.top -= height + FOOT


def _draw_line_bars(axes: Any, lines: Sequence[Line]) -> None:
    """Draw the two bars of each line, generated above the dataset's."""
    y = np.arange(len(lines))
    generated = np.array([line.generated for line in lines])
    dataset = np.array([line.dataset for line in lines])
    # A number near nothing must not fill its line only because the other is smaller still.
    small = 5 * np.array([line.least for line in lines])
    scale = np.fmax(np.fmax(np.abs(generated), np.abs(dataset)), small)
    axes.barh(
        y - 0.19,
        np.nan_to_num(generated / scale),
        0.36,
        color=LIGHT.text,
    )
    axes.barh(
        y + 0.19,
        np.nan_to_num(dataset / scale),
        0.36,
        color=DATASET,
    )


def _write_numbers(stack: StackedFigure, lines: Sequence[Line]) -> None:
    """Write the name and the two numbers of each line."""
    for i, line in enumerate(lines):
        below = (i + 0.5) * LINE
        stack.text(LEFT, below, line.title)
        stack.text(
            LEFT + 7.8,
            below,
            short_number(line.generated),
            ha="right",
        )
        stack.text(
            LEFT + 8.6,
            below,
            short_number(line.dataset),
            ha="right",
            color=LIGHT.faint,
        )
    stack.text(
        LEFT + 7.8,
        -0.12,
        "generated",
        size=9,
        ha="right",
    )
    stack.text(
        LEFT + 8.6,
        -0.12,
        "dataset",
        size=9,
        ha="right",
        color=LIGHT.faint,
    )


def _draw_apart(
    stack: StackedFigure,
    lines: Sequence[Line],
    tracks: Sequence[str],
) -> None:
    """Draw a dot for each track, right of the lines: how far apart generated and dataset are."""
    left = LEFT + 9.3
    y = np.arange(len(lines))
    limits = (len(lines) - 0.5, -0.5)
    axes = stack.axes(
        left,
        WIDTH - RIGHT - left,
        len(lines) * LINE,
        ylim=limits,
        yticks=[],
    )
    axes.hlines(
        y,
        0,
        1,
        transform=axes.get_yaxis_transform(),
        color=RULE,
        linewidth=0.8,
        zorder=0,
    )
    columns = min(len(tracks) + 1, 5)
    for i, track in enumerate(tracks):
        apart = [line.apart[i] for line in lines]
        name = one_line(track, 56 // columns - 3)
        axes.scatter(
            apart,
            y,
            34,
            track_color(i),
            label=name,
            zorder=3,
            clip_on=False,
        )
    together = [line.all_apart for line in lines]
    axes.scatter(
        together,
        y,
        130,
        LIGHT.text,
        marker="|",
        linewidths=2,
        label="added",
        zorder=4,
    )
    _scale_apart(axes, lines)
    axes.set_xlabel(
        "how far apart generated and dataset are, in standard deviations of the dataset",
        color=LIGHT.faint,
    )
    axes.legend(
        loc="lower center",
        bbox_to_anchor=(0.5, 1.0),
        ncols=columns,
        frameon=False,
        fontsize=9,
    )


def _scale_apart(axes: Any, lines: Sequence[Line]) -> None:
    """Let the axis reach to the farthest dot; far ones on a logarithmic scale."""
    distances = [1.0]
    for line in lines:
        distances += [*line.apart, line.all_apart]
    far = np.nanmax(distances)
    # A single wild metric must not press all others against the axis.
    if far > LINEAR:
        axes.set_xscale("symlog", linthresh=1.0)
        ticks = [tick for tick in TICKS if tick <= far]
        axes.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
        axes.minorticks_off()
    axes.set_xlim(0, far * 1.05)


# --- the run -----------------------------------------------------------------------------


def _curves(judged: Judged) -> dict[str, Curve]:
    """Return what a run's log holds, by title: losses first, then metrics; none without a run."""
    curves: dict[str, Curve] = {}
    if judged.run is None:
        return curves
    log = judged.run.log
    for line in log:
        for name, value in line.get("losses", {}).items():
            _add_point(curves, f"loss: {name}", UNDEFINED, line, value)
    reference = judged.run.reference
    for line in log:
        for name, value in line.get("measures", {}).items():
            dataset = reference.get(name, UNDEFINED)
            _add_point(
                curves,
                TITLES.get(name, name),
                dataset,
                line,
                value,
            )
    return curves


def _add_point(
    curves: dict[str, Curve],
    title: str,
    dataset: float,
    line: dict[str, Any],
    value: float | None,
) -> None:
    """Add what a line of the log says to its curve; an undefined value is no point."""
    if value is None or isnan(value):
        return
    curve = curves.setdefault(title, Curve(dataset))
    curve.iterations.append(int(line["iteration"]))
    curve.values.append(float(value))


def _draw_curves(stack: StackedFigure, curves: dict[str, Curve]) -> None:
    """Draw small plots over the iterations, the dataset's own value as a dashed line."""
    stack.heading("The run", "over the iterations; dashed: the dataset's own value")
    gaps = (CURVES_ABREAST - 1) * CURVE_GAP
    first = LEFT + 0.4
    width = (WIDTH - RIGHT - first - gaps) / CURVES_ABREAST
    # One scale for all curves, so that what happens at one time stands below each other.
    last = max(max(curve.iterations) for curve in curves.values())
    for i, (title, curve) in enumerate(curves.items()):
        column = i % CURVES_ABREAST
        axes = stack.axes(
            first + column * (width + CURVE_GAP),
            width,
            CURVE,
        )
        axes.set_title(
            title,
            size=10,
            color=LIGHT.text,
            loc="left",
            pad=5,
        )
        _draw_curve(axes, curve)
        axes.set_xlim(0, max(last, 1))
        if column == CURVES_ABREAST - 1:
            stack.top -= CURVE + FOOT


def _draw_curve(axes: Any, curve: Curve) -> None:
    marker = "." if len(curve.values) < FEW_POINTS else None
    axes.plot(
        curve.iterations,
        curve.values,
        color=OTHERS[0],
        linewidth=1.6,
        marker=marker,
    )
    if not isnan(curve.dataset):
        axes.axhline(
            curve.dataset,
            color=LIGHT.faint,
            linestyle="--",
            linewidth=1.3,
        )
    axes.yaxis.set_major_locator(_locator(4))
    axes.xaxis.set_major_locator(_locator(5, integer=True))
    axes.yaxis.grid(True, color=RULE, linewidth=0.8)


def _locator(count: int, integer: bool = False) -> Any:
    from matplotlib.ticker import MaxNLocator

    return MaxNLocator(count, min_n_ticks=2, integer=integer)
