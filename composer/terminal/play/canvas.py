"""Lines of segments on a screen, of which only those are drawn again that have changed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from textual.color import Color
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from composer.terminal.text import Line

NARROW: Final = (
    40  # columns; a smaller terminal may have lines that are too long for it
)


class Canvas(Widget, can_focus=True):
    """Lines that have all their colours already.

    So they pass Textual's styles by, which take most of the time otherwise.
    """

    DEFAULT_CSS = "Canvas { width: 100%; height: 100%; }"

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[Line] = []
        self.drawn = 0  # lines, since the beginning
        self._strips: list[Strip] = []

    def show(self, lines: list[Line]) -> None:
        """Show the new picture, one line a row, each as wide as the canvas or wider."""
        changed = self._changed(lines)
        self.lines = lines
        self._strips = self._strips[: len(lines)]
        missing = len(lines) - len(self._strips)
        self._strips += [Strip([])] * missing
        for row in changed:
            self._strips[row] = self._strip(lines[row])
        self.drawn += len(changed)
        if changed:
            width = self.size.width
            stretches = stretches_of(changed)
            self.refresh(
                *(Region(0, first, width, end - first) for first, end in stretches)
            )

    def _changed(self, lines: list[Line]) -> list[int]:
        """Return the rows that differ from the last picture."""
        before = self.lines
        changed = []
        for row, line in enumerate(lines):
            # Most lines are the same object, which is found at once.
            is_known = row < len(before) and (
                line is before[row] or line == before[row]
            )
            if not is_known:
                changed.append(row)
        return changed

    def _strip(self, line: Line) -> Strip:
        width = self.size.width
        if not self.app.no_color:
            return Strip(line, width) if width > NARROW else Strip(line)
        strip = Strip(line)
        for line_filter in self.app.get_line_filters():
            strip = strip.apply_filter(line_filter, Color.parse("black"))
        return strip

    def render_lines(self, crop: Region) -> list[Strip]:
        """Return the rows of a part of the picture."""
        width = self.size.width
        rows = []
        for row in crop.line_range:
            strip = self._strips[row] if row < len(self._strips) else Strip([])
            if strip.cell_length != width:
                strip = strip.adjust_cell_length(width)
            if crop.column_span != (0, width):
                strip = strip.crop(crop.x, crop.right)
            rows.append(strip)
        return rows


def stretches_of(rows: Sequence[int]) -> list[tuple[int, int]]:
    """Return the runs of neighbours among rising numbers: (the first, the one after the last).

    >>> stretches_of([2, 3, 7])
    [(2, 4), (7, 8)]
    """
    found: list[tuple[int, int]] = []
    for row in rows:
        if found and found[-1][1] == row:
            first, _ = found.pop()
            found.append((first, row + 1))
        else:
            found.append((row, row + 1))
    return found
