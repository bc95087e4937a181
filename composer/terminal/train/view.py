"""The history of a run as lines of a terminal of some size; nothing is printed here.

If there is too little room, this goes first: the last metrics, the piano roll, the sparklines.
"""

from __future__ import annotations

import io
import math
from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from rich.cells import cell_len
from rich.console import Console, RenderableType
from rich.segment import Segment
from rich.style import Style
from rich.table import Table
from rich.text import Text

from composer.pictures.text import clock
from composer.terminal.text import (
    BOLD,
    DIM,
    GAP,
    PLAIN,
    Area,
    Chunk,
    Line,
    beside,
    fit,
    heading,
    length,
    squeeze,
)
from composer.terminal.train.history import History
from composer.terminal.train.rolls import rolls
from composer.terminal.train.sparkline import BLOCKS, RAMP, Sparkline
from composer.terminal.train.words import value

# Columns from which the roll stands beside the tables.
WIDE: Final = 120
# Columns of the tables beside a roll.
TABLES: Final = 60
# Columns below which there are no tables.
NARROW: Final = 34
# Columns that each table needs beside the other.
LOSSES: Final = 28
METRICS: Final = 42
# Metrics that stay beside a roll.
FEW: Final = 6
# Columns of a table from which on it has sparklines: in less a curve shows nothing.
WITH_CURVES: Final = 26

GOOD, BAD = Style(color="green"), Style(color="red")
PHASES: Final = (Style(color="cyan"), Style(color="magenta"), Style(color="yellow"))


def status(
    history: History,
    area: Area,
    since: float,
    ended: bool = False,
) -> Line:
    """Return the state of the run in a line. since: seconds since the last report, or the start."""
    report = history.last
    if report is None:
        word = "stopped" if ended else "preparing"
        return fit([Segment(f"{word}  {clock(since)}", DIM)], area.width)
    left, then = history.left
    # An estimate that has run out says nothing.
    remaining = f"{clock(left - since)} left" if left > since else ""
    if ended:
        remaining = "done" if report.iteration >= report.iterations else "stopped"
        then = ""
    pace = ""
    if math.isfinite(history.pace):
        pace = f"{history.pace:.3g} iterations/s"
    phase = area.text(report.phase)
    share = report.iteration / max(report.iterations, 1)
    spent = report.seconds + (0 if ended else since)
    following = f"of {phase}, then {area.text(then)}" if then else ""
    pieces = [
        _piece(1, f"{report.iteration}/{report.iterations}", BOLD),
        _piece(5, f"{share:.0%}"),
        _piece(4, phase, _phase_style(history, report.phase)),
        _piece(3, pace),
        _piece(6, clock(spent), DIM),
        _piece(2, remaining, BOLD),
        _piece(7, following, DIM),
    ]
    return fit(squeeze(pieces, area.width), area.width)


def _piece(rank: int, text: str, style: Style = PLAIN) -> Chunk:
    return Chunk(rank, (Segment(text, style),))


def body(history: History, area: Area) -> list[Line]:
    """Return a bar of the phases, losses, metrics and piano rolls, at most `area.height` lines."""
    if history.last is None or area.height < 1:
        return []
    return [
        _bar(history, area),
        *_panels(history, replace(area, height=area.height - 1)),
    ]


def _bar(history: History, area: Area) -> Line:
    """Return a bar as wide as the area, each phase in its colour, with a mark at its end."""
    report = history.last
    assert report is not None
    # A run of no iterations has a bar all the same.
    total = max(report.iterations, 1)
    width = area.width
    marks = {round(width * end / total) for _, end in history.phase_ends()[:-1]}
    cells = []
    for column in range(width):
        at = (column + 0.5) / width * total
        is_done = at <= report.iteration
        is_mark = column in marks
        style = DIM
        if is_done or is_mark:
            style = _phase_style(history, history.phase_at(at))
        sign = area.sign("─", "-")
        if is_mark:
            sign = area.sign("┃", "|")
        elif is_done:
            sign = area.sign("━", "=")
        cells.append(Segment(sign, style))
    return list(Segment.simplify(cells))


def _phase_style(history: History, phase: str) -> Style:
    names = history.phases()
    if phase not in names:
        return DIM
    return PHASES[names.index(phase) % len(PHASES)]


def _panels(history: History, area: Area) -> list[Line]:
    # The first that fits is the richest one.
    for layout in (_side_by_side, _stacked, _tables):
        lines = layout(history, area)
        if lines and len(lines) <= area.height:
            return lines
    return _inline(history, area)[: area.height]


def _side_by_side(history: History, area: Area) -> list[Line]:
    """Return tables at the left, rolls at the right; nothing if there is no room or no roll."""
    if area.width < WIDE:
        return []
    losses = _losses(history, area, TABLES)
    metrics = _metrics(history, area, TABLES, area.height - len(losses))
    right = replace(area, width=area.width - TABLES - GAP)
    drawn = rolls(history.songs, history.songs_at, right)
    return beside(losses + metrics, drawn, TABLES) if drawn else []


def _stacked(history: History, area: Area) -> list[Line]:
    """Return tables, and below them rolls, for which metrics make room.

    Return nothing if that is not enough, or if there is no roll.
    """
    tables = _tables(history, area, FEW)
    # The first roll decides: others are shown if there is room left.
    first = dict(list(history.songs.items())[:1])
    wanted = rolls(
        first,
        0,
        replace(area, height=area.height - len(tables)),
    )
    if not wanted or len(tables) > area.height or area.width < NARROW:
        return []
    spare = area.height - len(wanted) - len(tables)
    tables = _tables(history, area, max(spare + FEW, FEW))
    below = replace(area, height=area.height - len(tables))
    return tables + rolls(history.songs, history.songs_at, below)


def _tables(history: History, area: Area, most: int | None = None) -> list[Line]:
    """Return losses and at most `most` metrics, side by side if there is room."""
    if area.width < NARROW:
        return []
    lines = None if most is None else most + 1
    # Losses get the room of their longest name, as long as metrics keep enough.
    names = max(map(cell_len, history.losses), default=0)
    left = min(max(LOSSES, names + 17), area.width - GAP - METRICS)
    if left >= LOSSES and history.names():
        right = _metrics(history, area, area.width - GAP - left, lines)
        return beside(_losses(history, area, left), right, left)
    losses = _losses(history, area, area.width)
    return losses + _metrics(history, area, area.width, lines)


def _losses(history: History, area: Area, width: int) -> list[Line]:
    """Return the table of losses: name, last value, curve."""
    assert history.last is not None
    if not history.losses:
        return []
    table = _new_table(area)
    table.add_column(justify="right", no_wrap=True)
    for name, values in history.losses.items():
        # A loss of a phase that is over stays in view, but pale.
        style = PLAIN if name in history.last.losses else DIM
        if not math.isfinite(values[-1]):
            style = BAD
        cells = [
            _name(
                name,
                area,
                style,
            ),
            Text(value(values[-1], "nan"), style),
        ]
        table.add_row(*cells, *_curve(values, area, width))
    return [heading("losses", area, width), *_rendered(table, width)]


def _metrics(
    history: History,
    area: Area,
    width: int,
    most: int | None = None,
) -> list[Line]:
    """Return the table of metrics in `most` lines, the heading included.

    If that is too few, the last line says how many are left out.
    """
    names = history.names()
    if not names or (most is not None and most < 3):
        return []
    # One line is the heading's; another says how many are left out.
    kept = names if most is None or len(names) < most else names[: most - 2]
    table = _new_table(area)
    table.add_column(justify="right", no_wrap=True)
    table.add_column(no_wrap=True)
    for name in kept:
        table.add_row(*_metric_cells(history, area, name, width))
    arrow = area.sign("→", ">")
    title = f"metrics at {history.measured_at}: now {arrow} dataset"
    lines = [heading(title, area, width), *_rendered(table, width)]
    if len(kept) < len(names):
        lines.append(fit([Segment(f"{len(names) - len(kept)} more", DIM)], width))
    return lines


def _metric_cells(
    history: History,
    area: Area,
    name: str,
    width: int,
) -> list[RenderableType]:
    """Return a metric's row: its name, its value, the dataset's, its curve."""
    generated, arrow, dataset, style = _compared(history, area, name)
    target = history.reference.get(name, math.nan)
    return [
        _name(name, area),
        Text(generated, style),
        Text.assemble((f"{arrow} ", style), (dataset, DIM)),
        *_curve(history.metrics.get(name, []), area, width, target),
    ]


def _new_table(area: Area) -> Table:
    """Return a table without lines; its first column gives way to the others."""
    table = Table.grid(padding=(0, 1))
    # Rich's ellipsis is no ASCII.
    overflow = "ellipsis" if area.unicode else "crop"
    table.add_column(no_wrap=True, overflow=overflow)  # type: ignore[arg-type]
    return table


def _name(name: str, area: Area, style: Style = PLAIN) -> Text:
    return Text(_spoken(name, area), style)


def _curve(
    values: list[float], area: Area, width: int, also: float = math.nan
) -> list[RenderableType]:
    """Return the cell of a curve, none in a narrow table."""
    if width < WITH_CURVES:
        return []
    return [Sparkline(values, also, area.sign(BLOCKS, RAMP))]


def _rendered(table: Table, width: int) -> list[Line]:
    """Return a table as lines of exactly `width` columns."""
    console = Console(
        file=io.StringIO(),
        width=width,
        legacy_windows=False,
        force_jupyter=False,
    )
    return [fit(line, width) for line in console.render_lines(table, pad=False)]


def _compared(history: History, area: Area, name: str) -> tuple[str, str, str, Style]:
    """Return the generated value, an arrow, the dataset's value, and their style.

    The arrow points to the dataset's value if the generated one came nearer.
    """
    trend = history.trend(name)
    undefined = area.sign("–", "-")
    generated = value(history.metrics.get(name, [math.nan])[-1], undefined)
    dataset = value(history.reference.get(name, math.nan), undefined)
    if trend > 0:
        return generated, area.sign("→", ">"), dataset, GOOD
    if trend < 0:
        return generated, area.sign("←", "<"), dataset, BAD
    return generated, area.sign("·", ":"), dataset, PLAIN


def _inline(history: History, area: Area) -> list[Line]:
    """Return losses and metrics as running text; in a narrow area that is a line each."""
    assert history.last is not None
    losses: list[tuple[str, Line]] = []
    for name, loss in history.last.losses.items():
        style = PLAIN if math.isfinite(loss) else BAD
        losses.append((name, [Segment(value(loss, "nan"), style)]))
    metrics: list[tuple[str, Line]] = []
    for name in history.names():
        generated, arrow, dataset, style = _compared(history, area, name)
        pair = [Segment(f"{generated} {arrow} ", style), Segment(dataset, DIM)]
        metrics.append((name, pair))
    return _wrapped(losses, area) + _wrapped(metrics, area)


def _wrapped(items: Iterable[tuple[str, Line]], area: Area) -> list[Line]:
    lines: list[Line] = []
    for name, values in items:
        shown = _spoken(name, area)
        room = max(area.width - length(values) - 1, 1)
        label = area.sized(shown, min(cell_len(shown), room))
        item = [Segment(label + " ", DIM), *values]
        if lines and length([*lines[-1], *item]) + GAP <= area.width:
            lines[-1] += [Segment(" " * GAP), *item]
        else:
            lines.append(item)
    return [fit(line, area.width) for line in lines]


def _spoken(name: str, area: Area) -> str:
    return area.text(name.replace("_", " "))
