"""Three things to show a run on: a terminal, a notebook, a plain stream of lines."""

from __future__ import annotations

import io
import math
import sys
import threading
import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import replace
from typing import Any, Final, Protocol

from rich.console import Console, ConsoleDimensions, ConsoleOptions, RenderResult
from rich.control import Control
from rich.live import Live
from rich.segment import ControlType, Segment

from composer.runs.run import Report
from composer.terminal.train.history import History
from composer.terminal.train.paper import DIM, Line, Paper, clock, fit, length, number
from composer.terminal.train.view import body, status

TICK: Final = 0.25  # seconds between two looks at the clock
SHARE: Final = 0.002  # of a core, that drawing may take
FOOT: Final = "Ctrl-C ends it and keeps everything"
LEAST_FOR_FOOT: Final = 9  # lines
NOTEBOOK: Final = (100, 40)  # columns and lines
HTML: Final = "<pre style=\"line-height:1.2;font-family:Menlo,'DejaVu Sans Mono',Consolas,monospace\">{code}</pre>"


class Screen(Protocol):
    """What shows a run."""

    def start(self) -> None:
        """Begin to show."""

    def show(self, report: Report) -> None:
        """Take the next report."""

    def stop(self) -> None:
        """Show the end, and leave it there."""


class Plain:
    """A line a report, and one more where there are measures."""

    def __init__(self, console: Console, history: History) -> None:
        self.console, self.history = console, history

    def start(self) -> None:
        """Nothing to do."""

    def show(self, report: Report) -> None:
        """Print it."""
        self.history.add(report)
        for line in plain(self.history):
            text = line.encode(self.console.encoding, "replace").decode(self.console.encoding)
            self.console.print(text, markup=False, highlight=False, emoji=False, soft_wrap=True)

    def stop(self) -> None:
        """Nothing to do."""


def plain(history: History) -> list[str]:
    """The last report as lines of text."""
    report = history.last
    assert report is not None
    left, then = history.left
    pace = f"{history.pace:.3g}/s" if math.isfinite(history.pace) else ""
    time_left = (
        f"{clock(left)} left{f' of {report.phase}' if then else ''}" if math.isfinite(left) else ""
    )
    losses = [f"{name} {number(value, 'nan')}" for name, value in report.losses.items()]
    start = f"iteration {report.iteration}/{report.iterations} {report.phase}"
    lines = ["  ".join(filter(None, [start, pace, time_left, *losses]))]
    if report.measures:
        reference = history.reference
        pairs = [
            f"{n} {number(v)}" + (f" ({number(reference[n])})" if n in reference else "")
            for n, v in report.measures.items()
        ]
        lines.append("  measures (the dataset's): " + "  ".join(pairs))
    return ["".join(c if c.isprintable() else " " for c in line) for line in lines]


class Terminal:
    """A view that is redrawn in place by a thread of its own, a few times a second, and only where it changed."""

    def __init__(self, console: Console, history: History) -> None:
        self.console, self.history = console, history
        self._lock = threading.Lock()  # of the history; never held while printing
        self._frame = _Frame()
        to_terminal = (
            sys.stdout is not None and sys.stdout.isatty()
        )  # what goes to a file must not land on the screen
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
            self._heard, self._fresh = time.monotonic(), False

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
        resized, self._size = size != self._size, size
        with self._lock:
            anew = ended or resized or (not self._fresh and time.monotonic() >= self._pause_until)
            lines = self._lines(size, ended, anew)
        before, self._frame.lines = self._frame.lines, lines
        if resized and before:
            self.console.clear()  # terminals break lines anew in their own ways
        if resized or len(before) != len(lines) or self.console.legacy_windows:
            self._live.refresh()
        else:
            self.console.control(*_changes(before, lines))
        rest = length(lines[-1]) if length(lines[-1]) <= len(FOOT) else 0
        self.console.control(
            Control.move_to_column(rest)
        )  # the terminal's echo of ^C must not break a line
        if anew:
            self._pause_until = time.monotonic() + (time.thread_time() - began) / SHARE

    def _lines(self, size: ConsoleDimensions, ended: bool, anew: bool) -> list[Line]:
        """All lines; the body is kept, unless it is to be drawn anew."""
        room = max(size.height - 1, 1)
        colors = self.console.color_system is not None and not self.console.no_color
        paper = Paper(max(size.width - 1, 1), room, not self.console.options.ascii_only, colors)
        top = status(self.history, paper, time.monotonic() - self._heard, ended)
        foot = (
            []
            if ended or room < LEAST_FOR_FOOT
            else [fit([Segment(FOOT, DIM)], min(len(FOOT), paper.width))]
        )
        if anew:
            self._body, self._fresh = (
                body(self.history, replace(paper, height=room - 1 - len(foot))),
                True,
            )
        return [top, *self._body, *foot][:room]


class _Frame:
    """The lines that are on the screen: what Rich draws again where something else is printed above."""

    def __init__(self) -> None:
        self.lines: list[Line] = []

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        lines = self.lines
        for index, line in enumerate(lines):
            yield from line
            if index < len(lines) - 1:
                yield Segment.line()


def _changes(before: list[Line], lines: list[Line]) -> Iterable[Control]:
    """What to write, from the last line of a frame on and back there, so that it shows `lines`."""
    at = len(lines) - 1
    for index, (old, new) in enumerate(zip(before, lines, strict=True)):
        if old is not new and old != new:
            yield from (Control.move(y=index - at), Control(ControlType.CARRIAGE_RETURN))
            yield from map(_written, new)
            yield Control((ControlType.ERASE_IN_LINE, 0))
            at = index
    yield Control.move(y=len(lines) - 1 - at)


def _written(segment: Segment) -> Control:
    """A piece of text that goes where the cursor is, past the hooks of Live."""
    control = Control()
    control.segment = segment
    return control


class Notebook:
    """An output of a notebook's cell that is replaced."""

    def __init__(self, console: Console, history: History) -> None:
        self.console, self.history = console, history
        self._handle: Any = None
        self._pause_until = 0.0

    def start(self) -> None:
        """Nothing to do: there is nothing to show yet."""

    def show(self, report: Report) -> None:
        """Show it, at most twice a second."""
        self.history.add(report)
        if time.monotonic() >= self._pause_until:
            self._display(ended=False)

    def stop(self) -> None:
        """Show the end."""
        if self.history.last is not None:
            self._display(ended=True)

    def _display(self, ended: bool) -> None:
        from IPython.display import display

        began = time.thread_time()
        bundle = {
            "text/html": html(self.history, ended),
            "text/plain": "\n".join(plain(self.history)),
        }
        if self._handle is None:
            self._handle = display(bundle, raw=True, display_id=True)  # type: ignore[no-untyped-call]
        else:
            self._handle.update(bundle, raw=True)
        self._pause_until = time.monotonic() + max(2 * TICK, (time.thread_time() - began) / SHARE)


def html(history: History, ended: bool = False) -> str:
    """The view as HTML."""
    width, height = NOTEBOOK
    paper = Paper(width, height)
    frame = _Frame()
    frame.lines = [status(history, paper, 0.0, ended), *body(history, paper)]
    console = Console(
        file=io.StringIO(), record=True, width=width, force_jupyter=False, color_system="truecolor"
    )
    console.print(frame)
    return console.export_html(inline_styles=True, code_format=HTML)
