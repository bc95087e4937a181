"""Lines of a screen from pieces that know how much they matter: what has no room is left out, the least first."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from rich.style import Style

Line = list[Segment]


class Piece(NamedTuple):
    """Segments that stay or go together; the one of the highest `rank` goes first, rank 0 stays."""

    rank: int
    parts: tuple[Segment, ...]


def length(line: Iterable[Segment]) -> int:
    """Columns that a line takes."""
    return sum(cell_len(part.text) for part in line)


def clean(text: str, width: int | None = None) -> str:
    """`text` on one line, without control characters, cut with "…" to at most `width` columns."""
    text = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    if width is None or cell_len(text) <= width:
        return text
    return set_cell_size(text, max(width - 1, 0)).rstrip() + "…"[: max(width, 0)]


def fit(line: Line, width: int, blank: Style) -> Line:
    """`line` cut, or filled with spaces in the style `blank`, to exactly `width` columns."""
    return Segment.adjust_line_length([part for part in line if part.text], max(width, 0), blank)


def squeeze(pieces: Sequence[Piece], width: int, blank: Style, gap: int = 2) -> Line:
    """Those of `pieces`, in order and `gap` columns apart, that fit `width` columns; not filled."""
    left = [piece for piece in pieces if piece.parts]
    while len(left) > 1 and sum(length(piece.parts) + gap for piece in left) - gap > width:
        least = max(left, key=lambda piece: piece.rank)
        if not least.rank:
            break
        left.remove(least)
    line: Line = []
    for piece in left:
        line += [Segment(" " * gap, blank)] if line else []
        line += piece.parts
    return line


def apart(left: Line, right: Line, width: int, blank: Style) -> Line:
    """`left` at the left edge, and `right` at the right one where both fit."""
    spare = width - length(left) - length(right)
    return fit(left if spare < 1 else [*left, Segment(" " * spare, blank), *right], width, blank)
