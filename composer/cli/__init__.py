"""The command `composer`: parse, call, show.

A command imports what takes long inside its function, so that every other command starts at once.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import warnings
from collections.abc import Sequence
from typing import Any

import typer

from composer.cli.mends import worded
from composer.cli.shared import BAD_INPUT, INTERRUPTED, app, say
from composer.errors import ComposerError

# The help lists the commands in the order in which they are imported.
# isort: off
from composer.cli import arrange, blend, knobs, models, melodies  # noqa: F401
from composer.cli import play, record, takes, replay, learn, ports  # noqa: F401
from composer.cli import train, video, evaluate, export  # noqa: F401
# isort: on

__all__ = ["app", "main"]


def main(argv: Sequence[str] | None = None) -> None:
    """Run the command line; exit with 2 and one line on stderr for bad input, 130 for Ctrl-C."""
    # Drivers and SoundFonts are talkative, and nobody can act on what they say.
    _silence_libraries()
    if threading.current_thread() is threading.main_thread():
        # A shell starts background jobs with Ctrl-C ignored; a take or a training run must still
        # end, and be saved, on SIGINT.
        signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        status = app(argv, prog_name="composer", standalone_mode=False) or 0
    except (KeyboardInterrupt, typer.Abort):
        say("stopped")
        status = INTERRUPTED
    except (ComposerError, OSError, MemoryError) as error:
        say(worded(error) or "out of memory")
        status = BAD_INPUT
    except Exception as error:
        # An error of usage, from Typer or Click: the class has moved between their versions, this
        # method has not.
        if not hasattr(error, "format_message"):
            raise
        _usage(error)
        status = BAD_INPUT
    sys.exit(status)


def _silence_libraries() -> None:
    """Drop Python's warnings and all that C libraries write to stderr.

    Python's own stderr moves to another file descriptor; descriptor 2, which C code writes to, goes
    to the null device.
    """
    warnings.simplefilter("ignore")
    try:
        if sys.stderr.fileno() != 2:
            return
        own = os.dup(2)
    except (
        AttributeError,
        OSError,
        ValueError,
    ):  # no stderr, a closed one, or one that is no file
        return
    sys.stderr = os.fdopen(
        own, "w", buffering=1, encoding=sys.stderr.encoding, errors="backslashreplace"
    )
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 2)
    os.close(null)


def _usage(error: Any) -> None:
    if type(error).__name__ == "NoArgsIsHelpError":
        error.show()
        return
    command = getattr(error.ctx, "command_path", "composer")
    say(f"{error.format_message().rstrip('.')}; {command} --help explains")
