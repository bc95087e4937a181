"""The view of a run in a terminal: Rich's Live, of which only the lines that changed are written.

Live alone writes the whole frame at every refresh, 17 to 40 kB of a wide terminal four times a second;
the lines that changed are a few hundred bytes, which a slow connection bears without flicker.
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from typing import Final

from rich.console import Console, ConsoleDimensions
from rich.control import Control
from rich.live import Live
from rich.segment import ControlType, Segment

from composer.runs.report import Report
from composer.terminal.text import DIM, Area, Line, fit, length
from composer.terminal.train.history import History
from composer.terminal.train.screens import SHARE, Frame
from composer.terminal.train.view import body, status

TICK: Final = 0.25  # seconds between two looks at the clock
FOOT: Final = "Ctrl-C ends it and keeps everything"
LEAST_FOR_FOOT: Final = 9  # lines


class TerminalScreen:
    """A view that is redrawn in place by a thread of its own, a few times a second, where it changed."""

    def __init__(self, console: Console, history: History) -> None:
        self.console, self.history = console, history
        self._lock = threading.Lock()  # of the history; never held while printing
        self._frame = Frame([])
        # Text for a file must not land on the screen.
        to_terminal = sys.stdout is not None and sys.stdout.isatty()
        self._live = Live(
            self._frame, console=console, auto_refresh=False, redirect_stdout=to_terminal
        )
        self._thread = threading.Thread(target=self._run, name="dashboard", daemon=True)
        self._end = threading.Event()
        self._heard = time.monotonic()  # of the last report
        self._size = ConsoleDimensions(0, 0)
        self._body: list[Line] = []
        self._fresh = True  # whether the body shows the last report
        self._pause_until = 0.0

    def start(self) -> None:
        """Begin to draw."""
        self._heard = time.monotonic()
        self._live.start()
        self.draw()
        self._thread.start()

    def show(self, report: Report) -> None:
        """Take the next report; the thread draws it."""
        with self._lock:
            self.history.add(report)
            self._heard = time.monotonic()
            self._fresh = False

    def stop(self) -> None:
        """Draw the end, and leave it there."""
        self._end.set()
        with suppress(OSError):  # the terminal may be gone
            try:
                self._thread.join()
                self.draw(ended=True)
            finally:
                self._live.stop()

    def _run(self) -> None:
        with suppress(OSError):
            while not self._end.wait(TICK):
                self.draw()

    def draw(self, ended: bool = False) -> None:
        """Bring the screen up to date; only lines that changed are written, so that nothing flickers."""
        size, began = self.console.size, time.thread_time()
        resized = size != self._size
        self._size = size
        with self._lock:
            is_due = not self._fresh and time.monotonic() >= self._pause_until
            redrawn = ended or resized or is_due
            lines = self._lines(size, ended, redrawn)
        before, self._frame.lines = self._frame.lines, lines
        # What was on the screen is broken in unknown places.
        if resized and before:
            self.console.clear()  # each terminal breaks lines again in its own way
        if resized or len(before) != len(lines) or self.console.legacy_windows:
            self._live.refresh()
        else:
            self.console.control(*_changes(before, lines))
        # The terminal's echo of ^C must not break a line.
        rest = length(lines[-1]) if length(lines[-1]) <= len(FOOT) else 0
        self.console.control(Control.move_to_column(rest))
        if redrawn:
            spent = time.thread_time() - began
            self._pause_until = time.monotonic() + spent / SHARE

    def _lines(
        self,
        size: ConsoleDimensions,
        ended: bool,
        redrawn: bool,
    ) -> list[Line]:
        """Return all lines; the body is that of before, unless it is to be drawn again."""
        area = self._area(size)
        top = status(self.history, area, time.monotonic() - self._heard, ended)
        foot: list[Line] = []
        if not ended and area.height >= LEAST_FOR_FOOT:
            foot.append(fit([Segment(FOOT, DIM)], min(len(FOOT), area.width)))
        if redrawn:
            rest = replace(area, height=area.height - 1 - len(foot))
            self._body = body(self.history, rest)
            self._fresh = True
        return [top, *self._body, *foot][: area.height]

    def _area(self, size: ConsoleDimensions) -> Area:
        """Return the terminal without its last line and column, which would make it scroll."""
        colors = self.console.color_system is not None and not self.console.no_color
        unicode = not self.console.options.ascii_only
        return Area(
            max(size.width - 1, 1),
            max(size.height - 1, 1),
            unicode,
            colors,
        )


def _changes(before: list[Line], lines: list[Line]) -> Iterator[Control]:
    """Yield what to write, from the last line of a frame on and back there, so that it shows `lines`."""
    at = len(lines) - 1
    for index, (old, new) in enumerate(zip(before, lines, strict=True)):
        if old is not new and old != new:
            yield Control.move(y=index - at)
            yield Control(ControlType.CARRIAGE_RETURN)
            yield from map(_written, new)
            yield Control((ControlType.ERASE_IN_LINE, 0))
            at = index
    yield Control.move(y=len(lines) - 1 - at)


def _written(segment: Segment) -> Control:
    """Return a piece of text that goes where the cursor is, past the hooks of Live."""
    control = Control()
    control.segment = segment
    return control
