"""The stage on a screen: what a session does is drawn, and keys become its commands."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from textual.app import App, ComposeResult
from textual.binding import Binding
from textual.events import Key, Resize

from composer.errors import ComposerError, Mend
from composer.files import free_path
from composer.live import commands
from composer.live.commands import Command
from composer.live.server import Served
from composer.terminal.palette import DARK, LIGHT, is_light
from composer.terminal.play.canvas import Canvas
from composer.terminal.play.dialogs import Choice, Help, Question
from composer.terminal.play.drawing import Drawing
from composer.terminal.play.keys import LEAVE, OWN, command_for, label_of
from composer.terminal.play.knobs import STEP, ChosenKnob
from composer.terminal.play.letters import Letters
from composer.terminal.play.mends import by_key, mend_of

Clock = Callable[[], float]
FRAMES: Final = 20  # a second; a frame in which nothing has changed draws nothing
OWN_SECONDS: Final = (
    6.0  # for which the stage's own message stands before the session's
)
NOTHING: Final = ("", False)


@dataclass(frozen=True)
class StageConfig:
    """Settings of the stage."""

    # Lines of text instead of a screen; so it is, too, if there is no terminal.
    plain: bool = False
    # The ground of the terminal; None: as it says.
    light: bool | None = None
    # Seconds that a note of the letter piano lasts; None: until the next one.
    hold: float | None = 0.6
    # Names of models to choose from; without, the bundled ones.
    models: tuple[str, ...] = ()
    # Pictures a second, at most.
    frames: int = FRAMES


class StageApp(App[None]):
    """Shows a session until one quits."""

    ENABLE_COMMAND_PALETTE = False
    BINDINGS = [Binding(LEAVE, "leave", "quit", priority=True, show=False)]  # noqa: RUF012
    CSS = "Screen { overflow: hidden; }"

    def __init__(
        self,
        session: Served,
        config: StageConfig | None = None,
        clock: Clock = time.monotonic,
    ) -> None:
        super().__init__()
        self.session = session
        self.config = config or StageConfig()
        self.clock = clock
        self.knob = ChosenKnob(session)
        self.letters = Letters(session, self.config.hold)
        self.piano = False
        light = is_light() if self.config.light is None else self.config.light
        self.palette = LIGHT if light else DARK
        # A message of the stage's, and whether something went wrong.
        self.own: tuple[str, bool] = NOTHING
        self._own_until = 0.0
        self._message = ""
        self._drawing = Drawing()
        self.canvas = Canvas()

    def compose(self) -> ComposeResult:
        """One canvas, as large as the terminal."""
        yield self.canvas

    def on_mount(self) -> None:
        """Begin to draw."""
        self.theme = self._theme()
        self.canvas.focus()
        self.set_interval(1 / self.config.frames, self.frame)

    def frame(self) -> None:
        """Draw what has changed."""
        now = self.clock()
        state = self.session.state()
        self.letters.tick(now)
        # What the session says is newer.
        if now >= self._own_until or state.message != self._message:
            self.own = NOTHING
        self._message = state.message
        size = (self.canvas.size.width, self.canvas.size.height)
        if all(size) and self.canvas.is_attached:
            lines = self._drawing.lines(
                state, size, self.palette, self.knob.name, self.own, self.piano
            )
            self.canvas.show(lines)

    def on_resize(self, event: Resize) -> None:  # noqa: ARG002
        """Draw all again, at once."""
        self.call_after_refresh(self.frame)

    # What the player is told.

    def say(self, text: str, bad: bool = False) -> None:
        """Tell the player something, for a moment."""
        self.own = (text, bad)
        self._own_until = self.clock() + OWN_SECONDS

    def refuse(self, text: str, mend: Mend | None = None) -> None:
        """Say what went wrong, and the key that helps."""
        self.say(by_key(text, mend), True)

    def attempt(self, act: Callable[[], object]) -> None:
        """Do something; what a player can mend is said, and never an end of the music."""
        try:
            act()
        except (ComposerError, OSError) as error:
            self.refuse(str(error) or type(error).__name__, mend_of(error))

    # What keys do.

    def on_key(self, event: Key) -> None:
        """Do what a key of the stage means: a command or, with the piano on, a note."""
        if len(self.screen_stack) > 1:
            # A page lies over the stage, and the key is for it.
            return
        event.stop()
        event.prevent_default()
        key = label_of(event.key)
        # Before the picture: a note is not to wait for it.
        command = command_for(key, self.piano)
        if command is not None:
            self.attempt(lambda: self.do(command, key))
        elif self.piano:
            self.letters.strike(key, self.clock())
        self.frame()

    def do(self, command: Command, key: str) -> None:
        """Do what a row of the tables says; if it needs more than a key, ask for it."""
        if command in OWN:
            self._do_own(command, key)
        elif command.name == "save":
            self.ask_path()
        elif command.name == "model":
            self.ask_model()
        elif command.is_button:
            self.session.do(command.name)
        else:
            self.ask_argument(command)

    def _do_own(self, command: Command, key: str) -> None:
        if command.name == "choose":
            self.knob.choose(int(key))
            return
        own: dict[str, Callable[[], object]] = {
            "turn up": self.turn_up,
            "turn down": self.turn_down,
            "let go": self.knob.let_go,
            "piano": self.toggle_piano,
            "light": self.toggle_light,
            "help": self.show_help,
            "quit": self.action_leave,
        }
        own[command.name]()

    def turn_up(self) -> None:
        """Turn the chosen knob up."""
        self.knob.turn(STEP)

    def turn_down(self) -> None:
        """Turn the chosen knob down."""
        self.knob.turn(-STEP)

    def toggle_piano(self) -> None:
        """Make notes of the letters, or commands again."""
        self.letters.release()
        self.piano = not self.piano

    def toggle_light(self) -> None:
        """Take the other palette."""
        self.palette = DARK if self.palette is LIGHT else LIGHT
        self.theme = self._theme()

    def _theme(self) -> str:
        """Return the name of Textual's theme for the pages over the stage."""
        return "textual-light" if self.palette is LIGHT else "textual-dark"

    def show_help(self) -> None:
        """Lay the page of help over the stage."""
        self.push_screen(Help())

    def action_leave(self) -> None:
        """Quit."""
        self.letters.release()
        self.exit()

    # What is asked for on a page.

    def ask_path(self) -> None:
        """Ask where to save."""
        takes = self.session.state().takes
        if not takes:
            self.say("nothing to save yet: press space and play", True)
            return
        path = free_path(Path(f"take-{takes}.mid"))
        hint = "the ending says what: .mid .wav    Enter saves, Escape does not"
        self.push_screen(
            Question("Save the last take", hint, str(path)), self._giving("save")
        )

    def ask_model(self) -> None:
        """Ask for another model."""
        names = self.config.models or _bundled()
        page = Choice("Who plays along?", names, self.session.state().model)
        self.push_screen(page, self._giving("model"))

    def ask_argument(self, command: Command) -> None:
        """Ask for what a command needs beside its name."""
        assert command.argument is not None
        page = Question(command.help, command.argument.about, "")
        self.push_screen(page, self._giving(command.name))

    def _giving(self, name: str) -> Callable[[str | None], None]:
        """Return a function that does the command of that name with the text of a page."""

        def give(text: str | None) -> None:
            if text and text.strip():
                self.attempt(lambda: self.do_line(f"{name} {text}"))

        return give

    def do_line(self, line: str) -> None:
        """Do what a typed line says."""
        command, argument = commands.parse(line)
        self.session.do(command.name, argument)


def _bundled() -> tuple[str, ...]:
    """Return the names of the bundled models."""
    from composer.catalog import models

    return tuple(models())
