"""Show a session on a screen if there is a terminal, else tell of it in lines."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Final

from composer.live.server import Served
from composer.terminal.play.app import StageConfig
from composer.terminal.play.plain import tell
from composer.terminal.play.remote import show_apart

# Out of the alternate screen; the cursor shown; no reports of mouse, focus, pastes and keys.
PUT_BACK: Final = (
    "\x1b[<u\x1b[?2004l\x1b[?1004l\x1b[?1000l\x1b[?1003l\x1b[?1006l\x1b[?1015l"
    "\x1b[?25h\x1b[?1049l\x1b[0m"
)


def play(session: Served, config: StageConfig | None = None) -> None:
    """Show a session, on a screen or in lines, until one quits.

    The session is the caller's to close.

    The screen is a process of its own. If it ends otherwise than by quitting, the music goes on,
    told in lines.
    """
    config = config or StageConfig()
    if not config.plain and is_screen():
        with _terminal_put_back():
            status = show_apart(session, config)
        if not status:
            return
        print(
            f"the screen has ended with status {status}; the music goes on, q and Enter quit",
            file=sys.stderr,
        )
    tell(session)


@contextmanager
def _terminal_put_back() -> Iterator[None]:
    """Leave the terminal as it was, also if the screen's process is killed and cannot."""
    try:
        import termios
    except ImportError:  # Windows has no such thing
        yield
        return
    before = termios.tcgetattr(sys.stdin)
    try:
        yield
    finally:
        with suppress(OSError, termios.error):  # a window that was closed
            if termios.tcgetattr(sys.stdin) != before:
                termios.tcsetattr(sys.stdin, termios.TCSADRAIN, before)
                sys.stdout.write(PUT_BACK)
                sys.stdout.flush()


def is_screen() -> bool:
    """Return True if all three ends are a terminal that can write notes and blocks.

    Textual draws on stderr.
    """
    try:
        if not all(end.isatty() for end in (sys.stdin, sys.stdout, sys.stderr)):
            return False
        "▀│●♩".encode(sys.stdout.encoding or "ascii")
    except (
        AttributeError,
        UnicodeError,
        ValueError,
    ):  # none at all, another alphabet, or closed
        return False
    return True
