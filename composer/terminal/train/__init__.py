"""The live view of a training run: in a terminal, in a notebook, or as plain lines where there is neither."""

from __future__ import annotations

import sys
from types import TracebackType

from rich.console import Console

from composer.runs.run import Report
from composer.terminal.train.history import History
from composer.terminal.train.screens import Notebook, Plain, Screen, Terminal

__all__ = ["Dashboard"]


class Dashboard:
    """Shows the reports of a run while it goes on: `with Dashboard() as view: train(..., watchers=[view.show])`.

    console: where to; default: standard error. A terminal gets a view that is redrawn in place and stays when the
    run ends, a notebook an output that is replaced, everything else a line a report, without control characters.
    """

    def __init__(self, console: Console | None = None) -> None:
        if console is None:  # a pipe is no terminal, whatever FORCE_COLOR says
            console = Console(stderr=True, force_interactive=None if sys.stderr.isatty() else False)
        kind = Notebook if console.is_jupyter else Terminal if console.is_interactive else Plain
        self._screen: Screen = kind(console, History())

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
