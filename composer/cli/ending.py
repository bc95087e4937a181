"""What ends a command from outside: Ctrl-C, SIGTERM, or SIGHUP of a terminal that was closed."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType

import typer


class Ending:
    """A signal that asks a command to end, once there is something to keep.

    number: of the first one; None before it. is_kept: set once there is something that the
    next signal would lose; until then a signal ends the command at once.
    """

    def __init__(self) -> None:
        self.number: int | None = None
        self.is_kept = False

    @property
    def status(self) -> int:
        """Return the exit status of a command that the signal ended, 0 if there was none."""
        return 0 if self.number is None else 128 + self.number

    def hear(self, number: int, frame: FrameType | None) -> None:  # noqa: ARG002
        """Take a signal. The first one counts: a closed window sends several."""
        # Of several signals the exit status tells the first.
        again, self.number = self.number is not None, self.number or number
        if self.is_kept or again:
            return
        if number == signal.SIGINT:
            raise KeyboardInterrupt
        sys.exit(self.status)


@contextmanager
def ending() -> Iterator[Ending]:
    """Hear the signals until the end of the block; one that is ignored (nohup) stays so."""
    heard = Ending()
    # Python lets only the main thread set handlers.
    if threading.current_thread() is not threading.main_thread():
        yield heard
        return
    # Windows has no SIGHUP.
    names = ("SIGINT", "SIGTERM", "SIGHUP")
    numbers = [getattr(signal, name) for name in names if hasattr(signal, name)]
    # Ignored ones are left alone, so that nohup works.
    before = {n: signal.getsignal(n) for n in numbers}
    before = {n: was for n, was in before.items() if was not in (signal.SIG_IGN, None)}
    for number in before:
        signal.signal(number, heard.hear)
    try:
        yield heard
    finally:
        # What comes after, as arranging the take, may be ended as usual.
        for number, was in before.items():
            signal.signal(number, was)


def tell(text: str = "", end: str = "\n") -> None:
    """Write to stderr, if there still is one: a terminal that is gone must not cost a take."""
    with suppress(OSError, ValueError):
        typer.echo(text + end, err=True, nl=False)
