"""The keys of the stage: rows of the table of commands, and those that only a screen has."""

from __future__ import annotations

from typing import Final

from composer.live import commands
from composer.live.commands import Command

# What a screen does by itself. The session does not know of it.
OWN: Final = (
    Command("choose", "choose a knob", keys=tuple("123456789")),
    Command("turn up", "turn the chosen knob up", keys=("right",), is_everywhere=True),
    Command(
        "turn down", "turn the chosen knob down", keys=("left",), is_everywhere=True
    ),
    Command("let go", "let the chosen knob go", keys=("0",)),
    Command(
        "piano",
        "the letters become a piano; again: commands",
        keys=("tab",),
        label="piano",
        rank=4,
        is_everywhere=True,
    ),
    Command("light", "light or dark", keys=("i",)),
    Command(
        "help", "this page", keys=("?", "f1"), label="help", rank=1, is_everywhere=True
    ),
    Command("quit", "end; every take is on disk", keys=("q",), label="quit", rank=0),
)
LEAVE: Final = "ctrl+q,ctrl+c"  # keys that end the stage at any time

# What Textual calls a key, and what the tables call it.
LABELS: Final = {
    "plus": "+",
    "minus": "-",
    "equals_sign": "=",
    "question_mark": "?",
    "escape": "esc",
    "comma": ",",
    "full_stop": ".",
    "semicolon": ";",
    "slash": "/",
    "left_square_bracket": "[",
    "right_square_bracket": "]",
}
ARROWS: Final = {"up": "↑", "down": "↓", "left": "←", "right": "→"}
PIANO_HINTS: Final = (
    (2, "z s x…", "low"),
    (2, "q 2 w…", "high"),
    (4, "[ ]", "octave"),
    (1, "space", "play/stop"),
    (5, "esc", "panic"),
    (3, "f1", "help"),
    (0, "tab", "leave piano"),
    (0, "ctrl+q", "quit"),
)  # (rank, keys, label) of the footer while the letters are notes


def shown_commands() -> list[Command]:
    """Return all rows that have a key, the session's first."""
    return [command for command in (*commands.COMMANDS, *OWN) if command.keys]


def shown_key(command: Command) -> str:
    """Return the key of a command as players read it: "u", "→", "1-9"."""
    first = command.keys[0]
    if len(command.keys) > 1 and first.isdecimal():
        return f"{first}-{command.keys[-1]}"
    return ARROWS.get(first, first)


def label_of(key: str) -> str:
    """Return what the tables call a key that Textual names so."""
    if len(key) == 1:
        return key.lower()
    return LABELS.get(key, key)


def command_for(key: str, piano: bool) -> Command | None:
    """Return what a key means, or None. With the `piano` on, letters and figures are notes."""
    found = next((command for command in shown_commands() if key in command.keys), None)
    if found is None or not piano:
        return found
    # "+" is no note, but "0" is one, although it lets a knob go otherwise.
    is_note = len(key) == 1 and (key.isalnum() or key in ",.;/[]")
    return found if found.is_everywhere and not is_note else None
