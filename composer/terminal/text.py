"""Lines of a terminal: pieces of text that are cut, filled, put side by side, or left out for want
of room.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from rich.style import Style

from composer.pictures.text import one_line

Line = list[Segment]

PLAIN, DIM, BOLD = Style(), Style(dim=True), Style(bold=True)
GAP: Final = 3  # columns between two blocks


class Chunk(NamedTuple):
    """Segments that stay or go together; the one of the highest `rank` goes first, rank 0 stays."""

    rank: int
    parts: tuple[Segment, ...]


@dataclass(frozen=True)
class Area:
    """Columns and lines to write in, and whether they show Unicode and colours."""

    width: int
    height: int
    unicode: bool = True
    colors: bool = True

    def sign(self, sign: str, ascii_: str) -> str:
        """Return `sign`, or the other if only ASCII can be shown."""
        return sign if self.unicode else ascii_

    def text(self, text: str) -> str:
        """Return `text` on one line, as it can be shown."""
        # A control character from outside could move the cursor.
        text = "".join(sign if sign.isprintable() else " " for sign in text)
        return text if self.unicode else text.encode("ascii", "replace").decode("ascii")

    def sized(self, text: str, width: int) -> str:
        """Return `text` as it can be shown, cut or filled to `width` columns."""
        text = self.text(text)
        if cell_len(text) > width:
            text = set_cell_size(text, width - 1) + self.sign("…", "~")
        return set_cell_size(text, width)


def length(line: Iterable[Segment]) -> int:
    """Return the columns that a line takes."""
    return sum(cell_len(part.text) for part in line)


def clean(text: str, width: int | None = None) -> str:
    """Return `text` on one line, without control characters, cut with "…" to `width` columns."""
    text = one_line(text)
    if width is None or cell_len(text) <= width:
        return text
    return set_cell_size(text, max(width - 1, 0)).rstrip() + "…"[: max(width, 0)]


def fit(line: Iterable[Segment], width: int, blank: Style | None = None) -> Line:
    """Return `line` cut, or filled with spaces in the style `blank`, to exactly `width` columns."""
    parts = [part for part in line if part.text]
    return Segment.adjust_line_length(parts, max(width, 0), blank)


def squeeze(
    pieces: Sequence[Chunk],
    width: int,
    blank: Style | None = None,
    gap: int = 2,
) -> Line:
    """Return those of `pieces`, in order and `gap` columns apart, that fit `width` columns; not
    filled.
    """
    left = [piece for piece in pieces if length(piece.parts)]
    while len(left) > 1 and _width_of(left, gap) > width:
        least = max(left, key=lambda piece: piece.rank)
        if least.rank == 0:
            break
        left.remove(least)
    line: Line = []
    for piece in left:
        if line:
            line.append(Segment(" " * gap, blank))
        line += piece.parts
    return line


def _width_of(pieces: Sequence[Chunk], gap: int) -> int:
    return sum(length(piece.parts) + gap for piece in pieces) - gap


def apart(
    left: Line,
    right: Line,
    width: int,
    blank: Style,
) -> Line:
    """Return `left` at the left edge, and `right` at the right one if both fit."""
    spare = width - length(left) - length(right)
    if spare < 1:
        return fit(left, width, blank)
    return fit(
        [*left, Segment(" " * spare, blank), *right],
        width,
        blank,
    )


def heading(
    text: str,
    area: Area,
    width: int,
    right: Line | None = None,
) -> Line:
    """Return a rule with a text in it, and `right` at its end if that fits."""
    rule = area.sign("─", "-")
    line = [Segment(rule + " ", DIM), Segment(area.text(text) + " ", BOLD)]
    end = right or []
    if length(line) + length(end) + 2 > width:
        end = []
    rest = max(width - length(line) - length(end), 0)
    return fit([*line, Segment(rule * rest, DIM), *end], width)


def beside(left: list[Line], right: list[Line], width: int) -> list[Line]:
    """Return two blocks of lines next to each other; the left one is `width` wide."""
    count = max(len(left), len(right))
    lines = []
    for index in range(count):
        first = left[index] if index < len(left) else []
        second = right[index] if index < len(right) else []
        lines.append([*fit(first, width + GAP), *second])
    return lines
