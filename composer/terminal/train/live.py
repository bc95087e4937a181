"""The view of a run in a terminal: Rich's Live, but only the lines that changed are written.

Live alone writes the whole frame at every refresh, some kilobytes four times a second. The lines
that changed, mostly that of the clock alone, are a few hundred bytes: a slow connection bears them
without flicker.
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

# Seconds between two looks at the clock: enough for seconds that tick.
TICK: Final = 0.25
FOOT: Final = "Ctrl-C ends it and keeps everything"
# Lines of a terminal: a lower one has none to spare for the hint.
LEAST_FOR_FOOT: Final = 9


class TerminalScreen:
    """A view that a thread of its own redraws in place, a few times a second."""

    def __init__(self, console: Console, history: History) -> None:
        self.console = console
        self.history = history
        # Of the history. Never held while printing: a slow terminal must not stop the training.
        self._lock = threading.Lock()
        self._frame = Frame([])
        # Text for a file must not land on the screen.
        to_terminal = sys.stdout is not None and sys.stdout.isatty()
        self._live = Live(
            self._frame,
            console=console,
            auto_refresh=False,
            redirect_stdout=to_terminal,
        )
        self._thread = threading.Thread(target=self._run, name="dashboard", daemon=True)
        self._end = threading.Event()
        # The time of the last report.
        self._heard = time.monotonic()
        self._size = ConsoleDimensions(0, 0)
        self._body: list[Line] = []
        # True if the body shows the last report.
        self._fresh = True
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
        # The terminal may be gone: no reason for a traceback at the end of a run.
        with suppress(OSError):
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
        """Bring the screen up to date. Only lines that changed are written: nothing flickers."""
        size = self.console.size
        began = time.thread_time()
        resized = size != self._size
        self._size = size
        with self._lock:
            is_due = not self._fresh and time.monotonic() >= self._pause_until
            redrawn = ended or resized or is_due
            lines = self._lines(size, ended, redrawn)
        self._write(lines, resized)
        if redrawn:
            # A run of many reports must not spend its time on pictures of itself.
            spent = time.thread_time() - began
            self._pause_until = time.monotonic() + spent / SHARE

    def _write(self, lines: list[Line], resized: bool) -> None:
        """Put lines on the screen, and leave the cursor at the end of the last one."""
        before = self._frame.lines
        self._frame.lines = lines
        # What was on the screen is broken in unknown places: each terminal has its own way.
        if resized and before:
            self.console.clear()
        if resized or len(before) != len(lines) or self.console.legacy_windows:
            self._live.refresh()
        else:
            self.console.control(*_changes(before, lines))
        # The terminal's echo of ^C must not break a line.
        rest = length(lines[-1]) if length(lines[-1]) <= len(FOOT) else 0
        self.console.control(Control.move_to_column(rest))

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
    """Yield what to write so that a frame shows `lines`.

    The cursor is on the last line of the frame before and after.
    """
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
    """Return a piece of text that goes to the cursor, past the hooks of Live."""
    control = Control()
    control.segment = segment
    return control
