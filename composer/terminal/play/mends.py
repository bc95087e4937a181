"""Word the ways out of an error for who sits at the stage: by a key, or by a line."""

from __future__ import annotations

from typing import Final

from composer.errors import ComposerError, Mend
from composer.live import commands
from composer.terminal.play.keys import shown_key

# The command that is the way out. Of others the text of the error says enough.
COMMAND_OF: Final = {"model": "model", "out": "save"}


def by_key(text: str, mend: Mend | None) -> str:
    """Return `text` and the key that helps: "...; o: choose another model"."""
    if mend is None or mend.way not in COMMAND_OF:
        return text
    command = commands.find(COMMAND_OF[mend.way])
    return f"{text}; {shown_key(command)}: {command.help}"


def by_line(text: str, mend: Mend | None) -> str:
    """Return `text` and the line to type: "...; model NAME: choose another model"."""
    if mend is None or mend.way not in COMMAND_OF:
        return text
    command = commands.find(COMMAND_OF[mend.way])
    return f"{text}; {command.usage}: {command.help}"


def mend_of(error: Exception) -> Mend | None:
    """Return the way out that an error knows, if it knows one."""
    return error.mend if isinstance(error, ComposerError) else None
