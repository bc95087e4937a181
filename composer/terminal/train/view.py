"""The history of a run as lines of a terminal of some size; nothing is printed here.

What does not fit goes in this order: the last measures, the piano roll, the sparklines, the last lines.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style

from composer.terminal.train.characters import BLOCKS, RAMP, sparkline
from composer.terminal.train.history import History
from composer.terminal.train.paper import (
    BOLD,
    DIM,
    GAP,
    PLAIN,
    Line,
    Paper,
    beside,
    clock,
    fit,
    length,
    number,
    title,
)
from composer.terminal.train.rolls import rolls

WIDE: Final = 120  # columns from which the roll stands beside the tables
TABLES: Final = 60  # columns of the tables then
NARROW: Final = 34  # columns below which there are no tables
LOSSES: Final = 28  # columns that this table needs beside the other
MEASURES: Final = 42
FEW: Final = 6  # measures that stay beside a roll

GOOD, BAD, CURVE = Style(color="green"), Style(color="red"), Style(color="cyan")
PHASES: Final = (Style(color="cyan"), Style(color="magenta"))


def status(history: History, paper: Paper, since: float, ended: bool = False) -> Line:
    """Where the run is, in a line. since: seconds since the last report, or the start."""
    report = history.last
    if report is None:
        return fit(
            [Segment(f"{'stopped' if ended else 'preparing'}  {clock(since)}", DIM)], paper.width
        )
    left, then = history.left
    remaining = (
        f"{clock(left - since)} left" if left > since else ""
    )  # an estimate that has run out says nothing
    if ended:
        remaining, then = "done" if report.iteration >= report.iterations else "stopped", ""
    pace = f"{history.pace:.3g} iterations/s" if math.isfinite(history.pace) else ""
    pieces = {  # by rank: those that stay the longest come first
        1: Segment(f"{report.iteration}/{report.iterations}", BOLD),
        5: Segment(f"{report.iteration / max(report.iterations, 1):.0%}"),
        4: Segment(paper.text(report.phase), _phase_style(history, report.phase)),
        3: Segment(pace),
        6: Segment(clock(report.seconds + (0 if ended else since)), DIM),
        2: Segment(remaining, BOLD),
        7: Segment(f"of {paper.text(report.phase)}, then {paper.text(then)}" if then else "", DIM),
    }
    return _squeezed(pieces, paper.width)


def _squeezed(pieces: dict[int, Segment], width: int) -> Line:
    """Those of `pieces`, two columns apart, that fit; the ones of the highest rank go first."""
    pieces = {rank: piece for rank, piece in pieces.items() if piece.text}
    while len(pieces) > 1 and sum(cell_len(p.text) + 2 for p in pieces.values()) - 2 > width:
        pieces.pop(max(pieces))
    line = [part for piece in pieces.values() for part in (piece, Segment("  "))]
    return fit(line[:-1], width)


def _bar(history: History, paper: Paper) -> Line:
    """A bar as wide as the paper, each phase in its colour; a mark where one is known to end."""
    report = history.last
    assert report is not None
    total, width = max(report.iterations, 1), paper.width
    marks = {round(width * end / total) for _, end in history.phase_ends()[:-1]}
    cells = []
    for column in range(width):
        at = (column + 0.5) / width * total
        style, done = _phase_style(history, history.phase_at(at)), at <= report.iteration
        sign = paper("┃", "|") if column in marks else paper("━", "=") if done else paper("─", "-")
        cells.append(Segment(sign, style if done or column in marks else DIM))
    return list(Segment.simplify(cells))


def _phase_style(history: History, phase: str) -> Style:
    names = history.phases()
    return PHASES[names.index(phase) % len(PHASES)] if phase in names else DIM


def body(history: History, paper: Paper) -> list[Line]:
    """A bar of the phases, losses, measures and piano rolls, at most `paper.height` lines."""
    if history.last is None or paper.height < 1:
        return []
    return [_bar(history, paper), *_panels(history, replace(paper, height=paper.height - 1))]


def _panels(history: History, paper: Paper) -> list[Line]:
    for layout in (_side_by_side, _stacked, _tables):
        lines = layout(history, paper)
        if lines and len(lines) <= paper.height:
            return lines
    return _inline(history, paper)[: paper.height]


def _side_by_side(history: History, paper: Paper) -> list[Line]:
    """Tables at the left, rolls at the right; nothing where there is no room for both, or no roll."""
    if paper.width < WIDE:
        return []
    losses = _losses(history, paper, TABLES)
    measures = _measures(history, paper, TABLES, paper.height - len(losses))
    drawn = rolls(history.songs, history.songs_at, replace(paper, width=paper.width - TABLES - GAP))
    return beside(losses + measures, drawn, TABLES) if drawn else []


def _stacked(history: History, paper: Paper) -> list[Line]:
    """Tables, and below them rolls, for which measures make room; nothing where that is not enough, or no roll."""
    tables = _tables(history, paper, FEW)
    wanted = rolls(
        dict(list(history.songs.items())[:1]), 0, replace(paper, height=paper.height - len(tables))
    )
    if not wanted or len(tables) > paper.height or paper.width < NARROW:
        return []
    tables = _tables(history, paper, max(paper.height - len(wanted) - len(tables) + FEW, FEW))
    return tables + rolls(
        history.songs, history.songs_at, replace(paper, height=paper.height - len(tables))
    )


def _tables(history: History, paper: Paper, most: int | None = None) -> list[Line]:
    """Losses and at most `most` measures, side by side where there is room; nothing where there is none at all."""
    names = max(map(cell_len, history.losses), default=0)
    left = min(max(LOSSES, names + 17), paper.width - GAP - MEASURES)
    most = None if most is None else most + 1
    if paper.width < NARROW:
        return []
    if left >= LOSSES and history.names():
        right = _measures(history, paper, paper.width - GAP - left, most)
        return beside(_losses(history, paper, left), right, left)
    return _losses(history, paper, paper.width) + _measures(history, paper, paper.width, most)


def _losses(history: History, paper: Paper, width: int) -> list[Line]:
    assert history.last is not None
    names = _column(history.losses, paper, width - 9)
    lines = [title("losses", paper, width)] if names else []
    for (loss, values), name in zip(history.losses.items(), names, strict=True):
        style = (
            BAD if not math.isfinite(values[-1]) else PLAIN if loss in history.last.losses else DIM
        )
        start = [Segment(name, style), Segment(number(values[-1], "nan").rjust(9), style)]
        lines.append(_with_curve(start, values, paper, width))
    return lines


def _measures(history: History, paper: Paper, width: int, most: int | None = None) -> list[Line]:
    """The measures in `most` lines, a title included; where that is too few, the last line says how many are left."""
    names = history.names()
    if not names or (most is not None and most < 3):
        return []
    arrow = paper("→", ">")
    lines = [title(f"measures at {history.measured_at}: now {arrow} dataset", paper, width)]
    kept = names if most is None or len(names) < most else names[: most - 2]
    for measure, name in zip(kept, _column(kept, paper, width - 18), strict=True):
        start = [Segment(name), *_pair(history, paper, measure, 8)]
        dataset = history.reference.get(measure, math.nan)
        lines.append(_with_curve(start, history.measures.get(measure, []), paper, width, dataset))
    more = (
        [fit([Segment(f"{len(names) - len(kept)} more", DIM)], width)]
        if len(kept) < len(names)
        else []
    )
    return lines + more


def _pair(history: History, paper: Paper, measure: str, width: int = 0) -> Line:
    """The generated value, an arrow that points to the dataset's where it came nearer, and the dataset's."""
    trend, undefined = history.trend(measure), paper("–", "-")
    arrow = {1: paper("→", ">"), -1: paper("←", "<"), 0: paper("·", ":")}[trend]
    style = {1: GOOD, -1: BAD, 0: PLAIN}[trend]
    value = number(history.measures.get(measure, [math.nan])[-1], undefined).rjust(width)
    dataset = number(history.reference.get(measure, math.nan), undefined).ljust(max(width - 2, 0))
    return [Segment(f"{value} {arrow} ", style), Segment(dataset, DIM)]


def _inline(history: History, paper: Paper) -> list[Line]:
    """Losses and measures as running text; on narrow paper that is a line each."""
    assert history.last is not None
    losses = []
    for name, value in history.last.losses.items():
        losses.append(
            (name, [Segment(number(value, "nan"), PLAIN if math.isfinite(value) else BAD)])
        )
    measures = [(name, _pair(history, paper, name)) for name in history.names()]
    return _wrapped(losses, paper) + _wrapped(measures, paper)


def _wrapped(items: Iterable[tuple[str, Line]], paper: Paper) -> list[Line]:
    lines: list[Line] = []
    for name, values in items:
        shown = _spoken(name, paper)
        room = max(paper.width - length(values) - 1, 1)
        item = [Segment(paper.text(shown, min(cell_len(shown), room)) + " ", DIM), *values]
        if lines and length([*lines[-1], *item]) + GAP <= paper.width:
            lines[-1] += [Segment(" " * GAP), *item]
        else:
            lines.append(item)
    return [fit(line, paper.width) for line in lines]


def _column(names: Iterable[str], paper: Paper, most: int) -> list[str]:
    """Names in a column, as wide as the longest or as `most`."""
    shown = [_spoken(name, paper) for name in names]
    widest = max(min(max(map(cell_len, shown), default=0), most), 4)
    return [paper.text(name, widest) for name in shown]


def _spoken(name: str, paper: Paper) -> str:
    return paper.text(name.replace("_", " "))


def _with_curve(
    start: Line, values: list[float], paper: Paper, width: int, also: float = math.nan
) -> Line:
    room = min(width - length(start) - 2, 40)
    if room >= 4:
        start = [
            *start,
            Segment("  "),
            Segment(sparkline(values, room, paper(BLOCKS, RAMP), also), CURVE),
        ]
    return fit(start, width)
