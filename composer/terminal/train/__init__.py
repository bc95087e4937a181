"""The live view of a training run: in a terminal, in a notebook, or as plain lines."""

from __future__ import annotations

import sys
from types import TracebackType

from rich.console import Console

from composer.runs.report import Report
from composer.terminal.train.history import History
from composer.terminal.train.live import TerminalScreen
from composer.terminal.train.screens import LineScreen, NotebookScreen, Screen

__all__ = ["Dashboard"]


class Dashboard:
    """A view of the reports of a run while it goes on.

    A terminal gets a view that is redrawn in place and stays when the run ends, a notebook an
    output that is replaced, everything else a line a report, without control characters.

    >>> import io
    >>> from rich.console import Console
    >>> from composer.runs.report import Report
    >>> stream = io.StringIO()
    >>> with Dashboard(Console(file=stream)) as view:
    ...     view.show(Report(5, 10, 2.0, 2.5, "first", {"loss": 1.5}))
    >>> print(stream.getvalue().strip())
    iteration 5/10 first  2.5/s  0:02 left  loss 1.500
    """

    def __init__(self, console: Console | None = None) -> None:
        """Show on `console`, by default on standard error."""
        if console is None:
            # A pipe is no terminal, whatever FORCE_COLOR says.
            interactive = None if sys.stderr.isatty() else False
            console = Console(stderr=True, force_interactive=interactive)
        self._screen: Screen = _screen_for(console)

    def show(self, report: Report) -> None:
        """Take the next report; it is on the screen within a moment."""
        self._screen.show(report)

    def __enter__(self) -> Dashboard:
        self._screen.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._screen.stop()


def _screen_for(console: Console) -> Screen:
    if console.is_jupyter:
        return NotebookScreen(console, History())
    if console.is_interactive:
        return TerminalScreen(console, History())
    return LineScreen(console, History())
