"""Shows a session where there is a terminal, and tells of it in lines where there is none."""

from __future__ import annotations

import sys

from composer.stage.app import StageConfig
from composer.stage.keys import Player
from composer.stage.plain import tell
from composer.stage.remote import show_apart


def play(player: Player, config: StageConfig | None = None) -> None:
    """Show a session, on a screen or in lines, until one quits. The session is the caller's to close.

    The screen is a process of its own. Should it end otherwise than by quitting, the music goes on, told in lines.
    """
    config = config or StageConfig()
    if not config.plain and is_screen():
        status = show_apart(player, config)
        if not status:
            return
        print(f"the screen has ended with status {status}; the music goes on, q and Enter quit", file=sys.stderr)
    tell(player)


def is_screen() -> bool:
    """Whether there is a terminal at both ends, of an alphabet that has notes and blocks."""
    try:
        if not (sys.stdin.isatty() and sys.stdout.isatty()):
            return False
        "▀│●♩".encode(sys.stdout.encoding or "ascii")
    except (AttributeError, UnicodeError, ValueError):  # none at all, another alphabet, or closed
        return False
    return True
