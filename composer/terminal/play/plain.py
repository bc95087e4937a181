"""A session told in lines, where there is no screen: what changes is printed, lines that come in are commands."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Final, TextIO

from composer.errors import ConfigError
from composer.terminal.play.controls import Controls
from composer.terminal.play.keys import BY_KEY, COMMANDS, Player

if TYPE_CHECKING:
    from composer.live.session.state import State

POLL: Final = 0.05  # seconds
SILENT: Final = ("piano", "light", "models", "save")  # commands that need a screen, or more words
TYPED: Final = {
    "plus": "+",
    "minus": "-",
    "escape": "esc",
    "question_mark": "?",
}  # how keys are written in a line
CHOICES: Final = BY_KEY["1"].keys
WORDS: Final = {
    "play": "count in and listen; what goes on ends",
    "stop": "end the phrase, or what sounds",
}
MORE: Final = {
    "tempo 96": "quarter notes a minute",
    "mode duet": "phrase, duet or call",
    "model NAME": "another model: a bundled one, or a folder",
    "knob groove 0.5": "chords, style, melody or groove, from -1 to 1",
    "knob groove off": "let the knob go",
    "save FILE": "write the arrangement; the ending says what: .mid .wav",
}
USAGE: Final = (
    "commands: space m t + - l r k u p c n w q, or words (play, stop, mode, loop, reroll, keep, undo, panic ...); "
    f"with more: {', '.join(MORE)}; help explains"
)


def tell(
    player: Player,
    lines: TextIO | None = None,
    out: TextIO | None = None,
    wait: Callable[[float], None] = time.sleep,
) -> None:
    """Print what changes until "quit" is read or Ctrl-C pressed; without `lines` they are standard input's."""
    told = Plain(player, out or sys.stdout)
    queue: SimpleQueue[str] = SimpleQueue()
    threading.Thread(target=_read, args=(lines or sys.stdin, queue), daemon=True).start()
    told.say(USAGE)
    try:
        while told.step(_next(queue)):
            wait(POLL)
    except KeyboardInterrupt:
        told.say("stopped")


class Plain:
    """What was told last, and the commands; without a clock of its own."""

    def __init__(self, player: Player, out: TextIO) -> None:
        self.player, self._out = player, out
        self._last: State | None = None
        self.controls = Controls(player, self.say)

    def say(self, text: str, bad: bool = False) -> None:
        """One line."""
        print(f"error: {text}" if bad else text, file=self._out, flush=True)

    def step(self, line: str | None) -> bool:
        """Do what a line says, if one came, and tell what has changed; False at the end."""
        words = line.split() if line is not None else []
        if line is not None and not words:
            words = ["space"] if line.strip("\n") else []
        if words and not self._do(words):
            return False
        state = self.player.state()
        for text in changes(self._last, state):
            self.say(text)
        self._last = state
        return True

    def _do(self, words: list[str]) -> bool:
        keys = {typed: key for key, typed in TYPED.items()}
        first = words[0].lower()
        command = BY_KEY.get(keys.get(first, first))
        name = command.name if command else first
        if name in ("quit", "exit"):
            return False
        known = {command.name for command in COMMANDS} - {*SILENT, "choose"}
        if name == "help":
            self.say(explained())
        elif len(words) == 1 and first in CHOICES:
            self.controls.choose(int(first))
            self.say(f"knob {self.controls.chosen}: right, left and 0 turn it")
        elif len(words) == 1 and name in WORDS:
            self.controls.attempt(getattr(self.player, name))
        elif len(words) == 1 and name in known:
            self.controls.attempt(getattr(self.controls, name))
        elif not (
            len(words) > 1 and self.controls.attempt(lambda: self._with_words(name, words[1:]))
        ):
            self.say(USAGE)
        return True

    def _with_words(self, name: str, words: list[str]) -> None:
        """A command with a name or a number after it."""
        if name == "tempo":
            self.player.set_tempo(_number(words[0]))
        elif name == "mode":
            self.player.set_mode(words[0])
        elif name == "model":
            self.player.set_model(" ".join(words))
        elif name == "save":
            self.controls.save(" ".join(words))
        elif name == "knob" and len(words) == 2:
            self.player.set_knob(words[0], None if words[1] == "off" else _number(words[1]))
        else:
            raise ConfigError(f"no command {name!r} with {len(words)} more words")


def explained() -> str:
    """A line for each command: its key, its word, what it does; then those with more words."""
    lines = [f"{'':7} {word:<10} {text}" for word, text in WORDS.items()]
    for command in COMMANDS:
        if command.name not in SILENT:
            keys = [TYPED.get(key, key) for key in command.keys]
            short = " ".join(key for key in keys if len(key) == 1) or keys[0]
            lines.append(f"{short:7} {command.name * (command.keys != CHOICES):<10} {command.help}")
    return "\n".join([*lines, *(f"{line:<18} {text}" for line, text in MORE.items())])


def changes(before: State | None, after: State) -> list[str]:
    """What is told when one state follows another: phases, settings, devices, messages; not each beat."""
    told: list[str] = []

    def changed(*names: str) -> bool:
        return before is None or any(
            getattr(before, name) != getattr(after, name) for name in names
        )

    if changed("device", "plugged"):
        gone = f"{after.device} is gone: plug it in again" if after.device else "none: plug one in"
        told.append(f"keyboard: {after.device if after.plugged else gone}")
    if changed("output", "output_alive"):
        told.append(
            f"output: {after.output or 'none'}{'' if after.output_alive or not after.output else ' is silent'}"
        )
    if changed("mode", "qpm", "loop", "metronome", "model", "seed", "knobs"):
        knobs = " ".join(f"{name} {value:+.1f}" for name, value in after.knobs.items() if value)
        flags = " ".join(
            word for word, on in (("loop", after.loop), ("click", after.metronome)) if on
        )
        settings = (
            f"{after.mode} {after.qpm:.0f} qpm {flags} {after.model} seed {after.seed} {knobs}"
        )
        told.append(" ".join(settings.split()))
    if changed("phase"):
        told.append(f"{after.phase}{f', bar {after.bar}' if after.bar > 0 else ''}")
    if changed("takes", "kept") and after.takes:
        told.append(f"takes: {after.takes}{', the last kept' if after.kept else ''}")
    told += [text for text in after.remarks if before is None or text not in before.remarks]
    return told + ([after.message] if after.message and changed("message") else [])


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise ConfigError(f"a number is expected, got {text!r}") from None


def _read(lines: TextIO, queue: SimpleQueue[str]) -> None:
    for line in lines:
        queue.put(line)


def _next(queue: SimpleQueue[str]) -> str | None:
    try:
        return queue.get_nowait()
    except Empty:
        return None
