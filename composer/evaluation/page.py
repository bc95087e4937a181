"""A page of plots about an evaluation: histograms side by side, every measure, and how a run came there.

Colours are those of `plotting`: a track has the one that it has in a piano roll; the dataset is grey.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import isnan
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np

from composer.evaluation.compare import HISTOGRAMS, TITLES
from composer.evaluation.judge import Judged
from composer.evaluation.measure import ALL, MEASURES
from composer.evaluation.report import number
from composer.pictures.palette import LIGHT, MELODY, OTHERS
from composer.pictures.text import DRUMS
from composer.songs.theory import pitch_class_name

if TYPE_CHECKING:
    from matplotlib.figure import Figure

DPI: Final = 100
WIDTH: Final = 16.0  # inches, as all sizes here
LEFT, RIGHT, GAP = 0.45, 0.35, 0.5
HEAD: Final = 1.25
HEADING: Final = 0.65  # of a section
HISTOGRAM: Final = 1.25  # of a track, without the space below
LINE: Final = 0.27  # of a measure
TRACE, TRACES = 1.45, 4  # height of a trajectory; how many are abreast
FOOT: Final = 0.8  # below lines and trajectories
DATASET, GRID = "#B4BAC4", "#E4E7EB"
LINEAR: Final = 5  # standard deviations, up to which the scale is linear
NAMES: Final = [pitch_class_name(c).replace("#", "♯").replace("b", "♭") for c in range(12)]


class Line(NamedTuple):
    """One number on the page. least: what is small. apart: of the tracks, in the dataset's spreads; then of all."""

    title: str
    generated: float
    dataset: float
    least: float = 0.02
    apart: tuple[float, ...] = ()
    all_apart: float = float("nan")


class Paper:
    """A figure that is filled from the top, in inches."""

    def __init__(self, height: float) -> None:
        from matplotlib.figure import Figure

        self.figure = Figure(figsize=(WIDTH, height), dpi=DPI, facecolor="white")
        self.height, self.top = height, height

    def axes(self, left: float, width: float, height: float, **options: Any) -> Any:
        """Axes whose upper edge is where the page is filled to."""
        place = (
            left / WIDTH,
            (self.top - height) / self.height,
            width / WIDTH,
            height / self.height,
        )
        axes = self.figure.add_axes(place, **options)
        axes.spines[["top", "right"]].set_visible(False)
        axes.spines[["left", "bottom"]].set_color(DATASET)
        axes.tick_params(colors=LIGHT.faint, labelsize=9, length=3)
        axes.set_axisbelow(True)
        return axes

    def text(self, x: float, below: float, text: str, **style: Any) -> None:
        """Text `below` inches under where the page is filled to, as it is."""
        style = {"size": 10, "color": LIGHT.text, "va": "center", "family": "DejaVu Sans", **style}
        self.figure.text(
            x / WIDTH, (self.top - below) / self.height, text, parse_math=False, **style
        )

    def heading(self, text: str, explanation: str = "") -> None:
        """The heading of a section."""
        self.text(LEFT, 0.15, text, size=14, weight="bold")
        self.text(WIDTH - RIGHT, 0.17, explanation, color=LIGHT.faint, ha="right", size=9.5)
        self.top -= HEADING


def draw(path: Path | None, judged: Judged) -> Figure:
    """Draw the page, write it as PNG where a `path` is given, and return the figure: 1600 pixels wide."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    tracks, lines, traces = judged.evaluation.tracks, _lines(judged), _traces(judged)
    heard = [Line(TITLES[name], *pair, least=0.2) for name, pair in judged.responses.items()]
    paper = Paper(
        HEAD
        + (HEADING + len(tracks) * (HISTOGRAM + GAP))
        + sum(HEADING + len(some) * LINE + FOOT for some in (lines, heard) if some)
        + (HEADING + -(-len(traces) // TRACES) * (TRACE + FOOT) if traces else 0)
    )
    _draw_head(paper, judged)
    _draw_histograms(paper, judged)
    paper.heading("Measures, over the added tracks")
    _draw_apart(paper, lines, tracks)
    _draw_lines(paper, lines, "each line has its own scale")
    if heard:
        paper.heading("What it listens to")
        _draw_lines(paper, heard, "0 to 1")
    if traces:
        _draw_traces(paper, traces)
    if path is not None:
        FigureCanvasAgg(paper.figure).print_png(str(path))
    return paper.figure


def color_of(track: int) -> str:
    """The colour of a track, counted from the melody."""
    return MELODY if track == 0 else OTHERS[(track - 1) % len(OTHERS)]


def _draw_head(paper: Paper, judged: Judged) -> None:
    own, dataset = map(number, judged.distance)
    paper.text(LEFT, 0.45, judged.source, size=20, weight="bold")
    distance = f"distance {own}; the dataset's even and odd pieces: {dataset}"
    paper.text(LEFT, 0.85, f"beside {judged.reference}     {distance}", size=11, color=LIGHT.faint)
    paper.top -= HEAD


def _draw_histograms(paper: Paper, judged: Judged) -> None:
    """For each track a row: its pitch classes, and its pitches."""
    evaluation = judged.evaluation
    paper.heading("Pitches", "share of the notes: generated in colour, the dataset in grey")
    drums = np.isnan(evaluation.pitch_classes[1]).all(1) & ~np.isnan(evaluation.pitches[1]).all(1)
    used = np.flatnonzero(np.nan_to_num(evaluation.pitches[:, ~drums]).any((0, 1)))
    low, high = (int(used.min()), int(used.max())) if len(used) else (48, 72)
    for i, track in enumerate(evaluation.tracks):
        color = color_of(i)
        paper.text(LEFT, 0.1, _short(track, 12), size=11, weight="bold", color=color)
        apart = [
            number(evaluation.table[name][track].generated, 2)
            for name in HISTOGRAMS
            if name in evaluation.table
        ]
        paper.text(
            LEFT,
            0.36,
            "given" if i == 0 else "apart " + ", ".join(apart),
            size=9,
            color=LIGHT.faint,
        )
        if not drums[i]:
            axes = paper.axes(LEFT + 1.55, 4.2, HISTOGRAM)
            _bars(axes, np.arange(12), evaluation.pitch_classes[:, i], color)
            axes.set_xticks(range(12), NAMES)
        axes = paper.axes(LEFT + 6.3, WIDTH - LEFT - RIGHT - 6.3, HISTOGRAM)
        if drums[i]:
            _draw_drums(axes, evaluation.pitches[:, i], color)
        else:
            _bars(axes, np.arange(low, high + 1), evaluation.pitches[:, i, low : high + 1], color)
            octaves = [pitch for pitch in range(low, high + 1) if pitch % 12 == 0]
            axes.set_xticks(octaves, [f"C{pitch // 12 - 1}" for pitch in octaves])
        paper.top -= HISTOGRAM + GAP


def _draw_drums(axes: Any, shares: Any, color: str) -> None:
    """The drums in use, by name."""
    used = np.flatnonzero(np.nan_to_num(shares).any(0))
    _bars(axes, np.arange(len(used)), shares[:, used], color)
    size = 8.5 if len(used) <= 16 else 6
    axes.set_xticks(
        range(len(used)), [DRUMS.get(int(p), str(p)).replace(" ", "\n") for p in used], size=size
    )


def _bars(axes: Any, at: Any, shares: Any, color: str) -> None:
    """Shares [2, class], generated and dataset, side by side."""
    generated, dataset = np.nan_to_num(shares)
    axes.bar(at - 0.2, generated, 0.4, color=color)
    axes.bar(at + 0.2, dataset, 0.4, color=DATASET)
    if len(at):
        axes.set_xlim(at[0] - 0.7, at[-1] + 0.7)
    axes.set_ylim(0, max(1.05 * np.max(shares, initial=0.0, where=~np.isnan(shares)), 0.02))
    axes.yaxis.set_major_locator(_locator(3))
    axes.yaxis.grid(True, color=GRID, linewidth=0.8)


def _lines(judged: Judged) -> list[Line]:
    """All measures, over the added tracks."""
    lines = []
    for name, row in judged.evaluation.table.items():
        least = MEASURES[name].least if name in MEASURES else Line._field_defaults["least"]
        apart = tuple(row[track].distance for track in judged.evaluation.tracks)
        lines.append(
            Line(
                TITLES[name], row[ALL].generated, row[ALL].dataset, least, apart, row[ALL].distance
            )
        )
    return lines


def _draw_lines(paper: Paper, lines: Sequence[Line], explanation: str) -> None:
    """A line a number: its name, two bars on a scale of their own, the numbers themselves."""
    height, y = len(lines) * LINE, np.arange(len(lines))
    axes = paper.axes(
        LEFT + 2.75,
        4.3,
        height,
        xlim=(0, 1.02),
        xticks=[],
        ylim=(len(lines) - 0.5, -0.5),
        yticks=[],
    )
    axes.spines["bottom"].set_visible(False)
    for shift, color, values in (
        (-0.19, LIGHT.text, [line.generated for line in lines]),
        (0.19, DATASET, [line.dataset for line in lines]),
    ):
        scale = [
            np.nanmax([abs(line.generated), abs(line.dataset), 5 * line.least]) for line in lines
        ]
        axes.barh(y + shift, np.nan_to_num(np.array(values) / scale), 0.36, color=color)
    paper.text(LEFT + 2.75, -0.12, explanation, size=9, color=LIGHT.faint)
    for i, line in enumerate(lines):
        below = (i + 0.5) * LINE
        paper.text(LEFT, below, line.title)
        paper.text(LEFT + 7.8, below, number(line.generated), ha="right")
        paper.text(LEFT + 8.6, below, number(line.dataset), ha="right", color=LIGHT.faint)
    paper.text(LEFT + 7.8, -0.12, "generated", size=9, ha="right")
    paper.text(LEFT + 8.6, -0.12, "dataset", size=9, ha="right", color=LIGHT.faint)
    paper.top -= height + FOOT


def _draw_apart(paper: Paper, lines: Sequence[Line], tracks: Sequence[str]) -> None:
    """To the right of the lines: dots for how far apart generated and dataset are, track by track."""
    height, y, left = len(lines) * LINE, np.arange(len(lines)), LEFT + 9.3
    axes = paper.axes(left, WIDTH - RIGHT - left, height, ylim=(len(lines) - 0.5, -0.5), yticks=[])
    axes.hlines(y, 0, 1, transform=axes.get_yaxis_transform(), color=GRID, linewidth=0.8, zorder=0)
    columns = min(len(tracks) + 1, 5)
    for t, track in enumerate(tracks):
        name = _short(track, 56 // columns - 3)
        axes.scatter(
            [line.apart[t] for line in lines],
            y,
            34,
            color_of(t),
            label=name,
            zorder=3,
            clip_on=False,
        )
    axes.scatter(
        [line.all_apart for line in lines],
        y,
        130,
        LIGHT.text,
        marker="|",
        linewidths=2,
        label="added",
        zorder=4,
    )
    far = np.nanmax([*(x for line in lines for x in (*line.apart, line.all_apart)), 1.0])
    if far > LINEAR:
        axes.set_xscale("symlog", linthresh=1.0)
        ticks = [tick for tick in (0, 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500) if tick <= far]
        axes.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
        axes.minorticks_off()
    axes.set_xlim(0, far * 1.05)
    axes.set_xlabel(
        "how far apart generated and dataset are, in standard deviations of the dataset",
        color=LIGHT.faint,
    )
    axes.legend(
        loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=columns, frameon=False, fontsize=9
    )


def _traces(judged: Judged) -> dict[str, tuple[list[int], list[float], float]]:
    """What a run's log holds, losses first: title to iterations, values, and the dataset's value or NaN."""
    if judged.run is None:
        return {}
    reference = judged.run.reference
    found: dict[str, tuple[list[int], list[float], float]] = {}
    for kind in ("losses", "measures"):
        for line in judged.run.log:
            for name, value in line.get(kind, {}).items():
                if value is not None and not isnan(value):
                    title = f"loss: {name}" if kind == "losses" else TITLES.get(name, name)
                    at = reference.get(name, float("nan")) if kind == "measures" else float("nan")
                    iterations, values, _ = found.setdefault(title, ([], [], at))
                    iterations.append(int(line["iteration"]))
                    values.append(float(value))
    return found


def _draw_traces(paper: Paper, traces: dict[str, tuple[list[int], list[float], float]]) -> None:
    """Small plots over the iterations, the dataset's own value as a dashed line."""
    paper.heading("The run", "over the iterations; dashed: the dataset's own value")
    width = (WIDTH - LEFT - RIGHT - (TRACES - 1) * 0.75 - 0.4) / TRACES
    last = max(max(iterations) for iterations, _, _ in traces.values())
    for i, (title, (iterations, values, dataset)) in enumerate(traces.items()):
        axes = paper.axes(LEFT + 0.4 + (i % TRACES) * (width + 0.75), width, TRACE)
        axes.set_title(title, size=10, color=LIGHT.text, loc="left", pad=5)
        axes.plot(
            iterations,
            values,
            color=OTHERS[0],
            linewidth=1.6,
            marker="." if len(values) < 20 else None,
        )
        if not isnan(dataset):
            axes.axhline(dataset, color=LIGHT.faint, linestyle="--", linewidth=1.3)
        axes.set_xlim(0, max(last, 1))
        axes.yaxis.set_major_locator(_locator(4))
        axes.xaxis.set_major_locator(_locator(5, integer=True))
        axes.yaxis.grid(True, color=GRID, linewidth=0.8)
        if i % TRACES == TRACES - 1:
            paper.top -= TRACE + FOOT


def _short(text: str, longest: int) -> str:
    return text if len(text) <= longest else f"{text[: longest - 1].rstrip()}…"


def _locator(count: int, integer: bool = False) -> Any:
    from matplotlib.ticker import MaxNLocator

    return MaxNLocator(count, min_n_ticks=2, integer=integer)
