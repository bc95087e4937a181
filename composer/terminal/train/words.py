"""A report in words and numbers that every terminal and every log can show."""

from __future__ import annotations

import math

from composer.pictures.text import clock, number
from composer.terminal.train.history import History


def value(value: float, undefined: str = "–") -> str:
    """Return a number with an ASCII minus: a program may read the log."""
    return number(value, undefined, minus="-")


def plain(history: History) -> list[str]:
    """Return the last report as lines of text."""
    report = history.last
    assert report is not None
    left, then = history.left
    parts = [f"iteration {report.iteration}/{report.iterations} {report.phase}"]
    if math.isfinite(history.pace):
        parts.append(f"{history.pace:.3g}/s")
    if math.isfinite(left):
        of_phase = f" of {report.phase}" if then else ""
        parts.append(f"{clock(left)} left{of_phase}")
    # "nan", not a dash: a loss that is not a number is a fault, not a gap.
    parts += [f"{name} {value(loss, 'nan')}" for name, loss in report.losses.items()]
    lines = ["  ".join(parts)]
    if report.measures:
        lines.append("  metrics (the dataset's): " + "  ".join(_pairs(history)))
    return [_printable(line) for line in lines]


def _pairs(history: History) -> list[str]:
    """Return every metric of the last report, with the dataset's own in brackets."""
    assert history.last is not None
    pairs = []
    for name, measured in history.last.measures.items():
        text = f"{name} {value(measured)}"
        if name in history.reference:
            text += f" ({value(history.reference[name])})"
        pairs.append(text)
    return pairs


def _printable(line: str) -> str:
    return "".join(sign if sign.isprintable() else " " for sign in line)
