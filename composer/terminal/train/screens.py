"""Three places to show a run: a stream of lines, a notebook, and (in `live.py`) a terminal."""

from __future__ import annotations

import io
import time
from typing import Any, Final, Protocol

from rich.console import Console, ConsoleOptions, RenderResult
from rich.segment import Segment

from composer.runs.report import Report
from composer.terminal.text import Area, Line
from composer.terminal.train.history import History
from composer.terminal.train.view import body, status
from composer.terminal.train.words import plain

# Share of a core that drawing may take: training has the rest.
SHARE: Final = 0.002
NOTEBOOK: Final = Area(100, 40)
# Seconds between two outputs, at least: a browser redraws each as a whole.
NOTEBOOK_PAUSE: Final = 0.5
HTML: Final = (
    "<pre style=\"line-height:1.2;font-family:Menlo,'DejaVu Sans Mono',Consolas,monospace\">"
    "{code}</pre>"
)


class Screen(Protocol):
    """A place to show a run."""

    def start(self) -> None:
        """Begin to show."""

    def show(self, report: Report) -> None:
        """Take the next report."""

    def stop(self) -> None:
        """Show the end, and leave it there."""


class LineScreen:
    """A stream that gets a line a report, and one of metrics; no control characters."""

    def __init__(self, console: Console, history: History) -> None:
        self.console = console
        self.history = history

    def start(self) -> None:
        """Do nothing."""

    def show(self, report: Report) -> None:
        """Print a report."""
        self.history.add(report)
        # A log in another encoding gets "?" for a sign that it lacks, and no traceback.
        encoding = self.console.encoding
        for line in plain(self.history):
            text = line.encode(encoding, "replace").decode(encoding)
            self.console.print(
                text,
                markup=False,
                highlight=False,
                emoji=False,
                soft_wrap=True,
            )

    def stop(self) -> None:
        """Do nothing."""


class NotebookScreen:
    """An output of a notebook's cell that is replaced."""

    def __init__(self, console: Console, history: History) -> None:
        self.console = console
        self.history = history
        self._handle: Any = None
        self._pause_until = 0.0

    def start(self) -> None:
        """Do nothing: there is nothing to show yet."""

    def show(self, report: Report) -> None:
        """Show a report, at most twice a second."""
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
        # Updated in place: a notebook with an output for each report cannot be scrolled.
        if self._handle is None:
            self._handle = display(bundle, raw=True, display_id=True)  # type: ignore[no-untyped-call]
        else:
            self._handle.update(bundle, raw=True)
        # A slow browser must not slow the training.
        spent = time.thread_time() - began
        self._pause_until = time.monotonic() + max(NOTEBOOK_PAUSE, spent / SHARE)


class Frame:
    """Lines as something that Rich prints."""

    def __init__(self, lines: list[Line]) -> None:
        self.lines = lines

    def __rich_console__(
        self, console: Console, options: ConsoleOptions
    ) -> RenderResult:
        last = len(self.lines) - 1
        for index, line in enumerate(self.lines):
            yield from line
            if index < last:
                yield Segment.line()


def html(history: History, ended: bool = False) -> str:
    """Return the view as HTML."""
    console = Console(
        file=io.StringIO(),
        record=True,
        width=NOTEBOOK.width,
        force_jupyter=False,
        color_system="truecolor",
    )
    console.print(
        Frame(
            [
                status(
                    history,
                    NOTEBOOK,
                    0.0,
                    ended,
                ),
                *body(history, NOTEBOOK),
            ]
        )
    )
    return console.export_html(inline_styles=True, code_format=HTML)
