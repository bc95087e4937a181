"""A session told in lines, if there is no screen: what changes is printed, lines are commands."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Final, TextIO

from composer.errors import ComposerError
from composer.live import commands
from composer.live.commands import Command
from composer.live.server import Served
from composer.terminal.play.keys import OWN
from composer.terminal.play.knobs import STEP, ChosenKnob
from composer.terminal.play.mends import by_line, mend_of

if TYPE_CHECKING:
    from composer.live.session.state import State

POLL: Final = 0.05  # seconds
SCREEN_ONLY: Final = ("piano", "light")
QUIT: Final = ("q", "quit", "exit")
HELP: Final = ("?", "f1", "help")
KEY_COLUMNS: Final = 7
LINE_COLUMNS: Final = 16


def usage() -> str:
    """Return one line that says what can be typed."""
    keys = " ".join(command.keys[0] for command in commands.COMMANDS if command.keys)
    more = [
        command.usage for command in commands.COMMANDS if command.argument is not None
    ]
    return f"commands: {keys} q, or words: play, stop, undo, {', '.join(more)} ...; help explains"


def explained() -> str:
    """Return a line for each command: its key, what can be typed, what it does."""
    lines = []
    for command in _typed_commands():
        key = command.keys[0] if command.keys else ""
        typed = command.usage
        if command.name == "choose":
            # The number alone is the line.
            key = f"{command.keys[0]}-{command.keys[-1]}"
            typed = ""
        line = f"{key:{KEY_COLUMNS}} {typed:<{LINE_COLUMNS}} {command.help}"
        lines.append(line)
    return "\n".join(lines)


def _typed_commands() -> list[Command]:
    own = [command for command in OWN if command.name not in SCREEN_ONLY]
    return [*commands.COMMANDS, *own]


def tell(
    session: Served,
    lines: TextIO | None = None,
    out: TextIO | None = None,
    wait: Callable[[float], None] = time.sleep,
) -> None:
    """Print what changes until "quit" is read or Ctrl-C pressed.

    lines: that are read, by default those of the standard input.
    """
    # In a thread: a read cannot be broken off when the music has something to say.
    told = Plain(session, out or sys.stdout)
    queue: SimpleQueue[str] = SimpleQueue()
    threading.Thread(
        target=_read, args=(lines or sys.stdin, queue), daemon=True
    ).start()
    told.say(usage())
    try:
        while told.step(_next(queue)):
            wait(POLL)
    except KeyboardInterrupt:
        told.say("stopped")


class Plain:
    """A session in lines: tells what changes and does what is typed. It has no clock of its own."""

    def __init__(self, session: Served, out: TextIO) -> None:
        self.session = session
        self.knob = ChosenKnob(session)
        self._out = out
        self._last: State | None = None

    def say(self, text: str, bad: bool = False) -> None:
        """Print one line."""
        print(f"error: {text}" if bad else text, file=self._out, flush=True)

    def step(self, line: str | None) -> bool:
        """Do what a line says, if one came, and tell what has changed. Return False at the end."""
        if line is not None and not self._typed(line.strip("\r\n")):
            return False
        state = self.session.state()
        for text in changes(self._last, state):
            self.say(text)
        self._last = state
        return True

    def _typed(self, line: str) -> bool:
        """Do what a line says. Return False if it is to quit."""
        text = line.strip()
        if not text:
            # Enter alone means nothing; a space and Enter is the space key.
            text = "space" if line else ""
        if text.lower() in QUIT:
            return False
        try:
            if text:
                self._do(text)
        except (ComposerError, OSError) as error:
            self.say(
                by_line(str(error) or type(error).__name__, mend_of(error)), bad=True
            )
        return True

    def _do(self, text: str) -> None:
        if text.lower() in HELP:
            self.say(explained())
        elif (own := _own(text.lower())) is not None:
            self._turn(own, text)
        elif (command := commands.for_key(text.lower())) is not None:
            self.session.do(command.name)
        elif _is_known(text):
            command, argument = commands.parse(text)
            self.session.do(command.name, argument)
        else:
            self.say(usage())

    def _turn(self, own: str, text: str) -> None:
        """Do what the stage does to its chosen knob."""
        if own == "choose":
            self.knob.choose(int(text))
            self.say(f"knob {self.knob.name}: right, left and 0 turn it")
        elif own == "let go":
            self.knob.let_go()
        else:
            self.knob.turn(STEP if own == "turn up" else -STEP)


def _own(text: str) -> str | None:
    """Return the name of a command of the stage's own that a key or a name stands for."""
    for command in OWN:
        is_named = text == command.name and command.name != "choose"
        if command.name not in SCREEN_ONLY and (is_named or text in command.keys):
            return command.name
    return None


def _is_known(text: str) -> bool:
    """Return True if a line begins with the name of a command, whatever comes after it."""
    words = text.lower().split()
    names = [command.name.split() for command in commands.COMMANDS]
    return any(words[: len(name)] == name for name in names)


def changes(before: State | None, after: State) -> list[str]:
    """Return the lines that are told when one state follows another; a beat alone tells nothing."""
    told: list[str] = []
    if _differ(before, after, "device", "plugged"):
        told.append(_keyboard(after))
    if _differ(before, after, "output", "output_alive"):
        told.append(_output(after))
    if _differ(
        before, after, "mode", "qpm", "loop", "metronome", "model", "seed", "knobs"
    ):
        told.append(_settings(after))
    if _differ(before, after, "phase"):
        told.append(_phase(after))
    if after.takes and _differ(before, after, "takes", "kept"):
        told.append(_takes(after))
    known = () if before is None else before.remarks
    told += [text for text in after.remarks if text not in known]
    if after.message and _differ(before, after, "message"):
        told.append(by_line(after.message, after.mend))
    return told


def _differ(before: State | None, after: State, *names: str) -> bool:
    """Return True if one of these parts is another than before, or all is new."""
    if before is None:
        return True
    return any(getattr(before, name) != getattr(after, name) for name in names)


def _phase(state: State) -> str:
    return f"{state.phase}, bar {state.bar}" if state.bar > 0 else state.phase


def _takes(state: State) -> str:
    kept = ", the last kept" if state.kept else ""
    return f"takes: {state.takes}{kept}"


def _keyboard(state: State) -> str:
    if state.plugged:
        return f"keyboard: {state.device}"
    if state.device:
        return f"keyboard: {state.device} is gone: plug it in again"
    return "keyboard: none: plug one in"


def _output(state: State) -> str:
    if not state.output:
        return "output: none"
    return f"output: {state.output}{'' if state.output_alive else ' is silent'}"


def _settings(state: State) -> str:
    words = [state.mode, f"{state.qpm:.0f} qpm"]
    if state.loop:
        words.append("loop")
    if state.metronome:
        words.append("click")
    words += [state.model, f"seed {state.seed}"]
    words += [f"{name} {value:+.1f}" for name, value in state.knobs.items() if value]
    return " ".join(word for word in words if word)


def _read(lines: TextIO, queue: SimpleQueue[str]) -> None:
    for line in lines:
        queue.put(line)


def _next(queue: SimpleQueue[str]) -> str | None:
    try:
        return queue.get_nowait()
    except Empty:
        return None
