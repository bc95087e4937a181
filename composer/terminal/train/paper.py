"""What a view is drawn on, and the lines that it is made of."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from rich.style import Style

Line = list[Segment]

PLAIN, DIM, BOLD = Style(), Style(dim=True), Style(bold=True)
GAP: Final = 3  # columns between two blocks


@dataclass(frozen=True)
class Paper:
    """Columns, lines, and whether it knows Unicode and colours."""

    width: int
    height: int
    unicode: bool = True
    colors: bool = True

    def text(self, text: str, width: int | None = None) -> str:
        """`text` as it can be shown: on one line, without control characters; cut or filled to `width` columns."""
        text = "".join(c if c.isprintable() else " " for c in text)
        text = text if self.unicode else text.encode("ascii", "replace").decode("ascii")
        if width is None:
            return text
        return set_cell_size(
            text if cell_len(text) <= width else set_cell_size(text, width - 1) + self("…", "~"),
            width,
        )

    def __call__(self, sign: str, ascii_: str) -> str:
        """`sign` where Unicode is known, else the other."""
        return sign if self.unicode else ascii_


def number(value: float, undefined: str = "–") -> str:
    """A value in five characters or a few more; `undefined` for NaN."""
    if math.isnan(value):
        return undefined
    if abs(value) >= 1e4:
        return f"{value:.1e}" if math.isfinite(value) else str(value)
    decimals = 3 if abs(value) < 10 else 2 if abs(value) < 100 else 1
    return f"{round(value, decimals) + 0.0:.{decimals}f}"  # + 0.0: not -0.000


def clock(seconds: float) -> str:
    """Minutes and seconds, with hours where there are any."""
    minutes, rest = divmod(round(seconds), 60)
    return (
        f"{minutes // 60}:{minutes % 60:02d}:{rest:02d}"
        if minutes >= 60
        else f"{minutes}:{rest:02d}"
    )


def fit(line: Line, width: int) -> Line:
    """`line` cut or filled with spaces to exactly `width` columns."""
    return Segment.adjust_line_length([part for part in line if part.text], max(width, 0))


def length(line: Line) -> int:
    """Columns that a line takes."""
    return Segment.get_line_length(line)


def title(text: str, paper: Paper, width: int, right: Line | None = None) -> Line:
    """A rule with a text in it, and `right` at its end where that fits."""
    rule = paper("─", "-")
    line = [Segment(rule + " ", DIM), Segment(paper.text(text) + " ", BOLD)]
    end = right if right and length(line) + length(right) + 2 <= width else []
    rest = max(width - length(line) - length(end), 0)
    return fit([*line, Segment(rule * rest, DIM), *end], width)


def beside(left: list[Line], right: list[Line], width: int) -> list[Line]:
    """Two blocks of lines next to each other; the left one is `width` wide."""
    count = max(len(left), len(right))
    left, right = (block + [[] for _ in range(count - len(block))] for block in (left, right))
    return [[*fit(a, width + GAP), *b] for a, b in zip(left, right, strict=True)]
