"""The stage on a screen: one canvas that is drawn line by line, and only where a line has changed."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

from textual.app import App, ComposeResult
from textual.binding import Binding
from textual.color import Color
from textual.events import Key, Resize
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from composer.errors import ComposerError, Mend
from composer.files import free_path
from composer.live import commands
from composer.live.commands import Command
from composer.terminal.play import panels, rows
from composer.terminal.play.dialogs import Choice, Help, Question
from composer.terminal.play.keys import LEAVE, OWN, Player, command_for, label_of
from composer.terminal.play.knobs import STEP, ChosenKnob
from composer.terminal.play.letters import Letters
from composer.terminal.play.lines import Line
from composer.terminal.play.mends import by_key, mend_of
from composer.terminal.play.palette import DARK, LIGHT, is_light
from composer.terminal.play.roll import USUAL, Notes, Scope, lens_for, scope_for

if TYPE_CHECKING:
    from composer.live.session.state import State

Clock = Callable[[], float]
FRAMES: Final = 20  # a second; a frame in which nothing has changed draws nothing
OWN_SECONDS: Final = 6.0  # for which the stage's own message stands before the session's
ABOVE, BELOW = 4, 2  # lines over the roll and under it
NARROW: Final = 40  # columns; a smaller terminal may have lines that are too long for it
TALL: Final = 28  # lines, from which on chords and the legend have a line each
WELCOME: Final = (
    "Press space, hear the clicks, play a melody.",
    "",
    "?  teaches    tab  plays the letters",
)


@dataclass(frozen=True)
class StageConfig:
    """How a session is shown.

    plain: lines of text instead of a screen; so it is wherever there is no terminal. light: the ground of the
    terminal; None: as it says. hold: seconds that a note of the letter piano lasts, None: until the next one.
    models: to choose from. frames: drawn a second, at most.
    """

    plain: bool = False
    light: bool | None = None
    hold: float | None = 0.6
    models: tuple[str, ...] = ()
    frames: int = FRAMES


@dataclass
class Drawn:
    """What is kept between frames, so that what is equal is not made again."""

    melody: object = None
    accompaniment: object = None
    notes: Notes = field(default_factory=lambda: Notes(()))
    names: dict[int, str] = field(default_factory=dict)
    scope: Scope = field(default_factory=lambda: scope_for((), 1))
    view: rows.View | None = None
    roll: list[Line] = field(default_factory=list)


class Canvas(Widget, can_focus=True):
    """Lines of segments; of a new picture only the lines that differ from the last one are drawn.

    They have all their colours already, so they pass Textual's styles by, which take most of the time otherwise.
    """

    DEFAULT_CSS = "Canvas { width: 100%; height: 100%; }"

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[Line] = []
        self.drawn = 0  # lines, since the beginning
        self._strips: list[Strip] = []

    def show(self, lines: list[Line]) -> None:
        """The new picture, one line a row, each as wide as the canvas or wider."""
        before, self.lines = self.lines, lines
        pairs = zip(before, lines, strict=False)
        changed = [y for y, (old, new) in enumerate(pairs) if old is not new and old != new]
        changed += range(len(before), len(lines))
        self._strips = self._strips[: len(lines)] + [Strip([])] * (len(lines) - len(before))
        for y in changed:
            self._strips[y] = self._strip(lines[y])
        self.drawn += len(changed)
        if changed:
            self.refresh(*(Region(0, a, self.size.width, b - a) for a, b in _stretches(changed)))

    def _strip(self, line: Line) -> Strip:
        if not self.app.no_color:
            return Strip(line, self.size.width) if self.size.width > NARROW else Strip(line)
        strip = Strip(line)
        for line_filter in self.app.get_line_filters():
            strip = strip.apply_filter(line_filter, Color.parse("black"))
        return strip

    def render_lines(self, crop: Region) -> list[Strip]:
        """The rows of a part of the picture."""
        width = self.size.width
        made = [self._strips[y] if y < len(self._strips) else Strip([]) for y in crop.line_range]
        fitting = [
            strip if strip.cell_length == width else strip.adjust_cell_length(width)
            for strip in made
        ]
        return (
            fitting
            if crop.column_span == (0, width)
            else [s.crop(crop.x, crop.right) for s in fitting]
        )


class StageApp(App[None]):
    """Shows a session until one quits; its keys become the session's methods."""

    ENABLE_COMMAND_PALETTE = False
    BINDINGS = [Binding(LEAVE, "leave", "quit", priority=True, show=False)]  # noqa: RUF012
    CSS = "Screen { overflow: hidden; }"

    def __init__(
        self, player: Player, config: StageConfig | None = None, clock: Clock = time.monotonic
    ) -> None:
        super().__init__()
        self.player, self.config, self.clock = player, config or StageConfig(), clock
        self.knob = ChosenKnob(player)
        self.letters = Letters(player, self.config.hold)
        self.piano = False
        self.palette = (
            LIGHT if (is_light() if self.config.light is None else self.config.light) else DARK
        )
        self.own, self._own_until, self._message = ("", False), 0.0, ""
        self._drawn, self._wanted, self._phase = Drawn(), USUAL, ""
        self.canvas = Canvas()

    def compose(self) -> ComposeResult:
        """One canvas, as large as the terminal."""
        yield self.canvas

    def on_mount(self) -> None:
        """Begin to draw."""
        self.theme = "textual-light" if self.palette is LIGHT else "textual-dark"
        self.canvas.focus()
        self.set_interval(1 / self.config.frames, self.frame)

    def say(self, text: str, bad: bool = False) -> None:
        """Tell the player something, for a moment."""
        self.own, self._own_until = (text, bad), self.clock() + OWN_SECONDS

    def frame(self) -> None:
        """Draw what has changed."""
        now, state = self.clock(), self.player.state()
        self.letters.tick(now)
        if (
            now >= self._own_until or state.message != self._message
        ):  # what the session says is newer
            self.own = ("", False)
        self._message = state.message
        width, height = self.canvas.size
        if width and height and self.canvas.is_attached:
            self.canvas.show(self.picture(state, width, height))

    def picture(self, state: State, width: int, height: int) -> list[Line]:
        """All lines of the screen."""
        palette, tall = self.palette, height >= TALL
        roll_rows = max(height - ABOVE - BELOW - 2 * tall, 1)
        view = self._view(state, width, roll_rows)
        if view != self._drawn.view:
            self._drawn.roll = [
                rows.ruler(view),
                *([rows.chords(view, self._drawn.names)] if tall else []),
                *rows.rows(view, self._drawn.notes),
            ]
            self._drawn.view = view
        look = (width, palette)
        lines = [
            panels.status(panels.Status.of(state, self.piano), *look),
            panels.knobs(tuple(state.knobs.items()), self.knob.name, *look),
            panels.devices(panels.Devices.of(state), *look),
            *self._drawn.roll,
            *([panels.legend(state.voices, state.mode == "duet", *look)] if tall else []),
            panels.message(panels.News.of(state, self.own), *look, () if tall else state.voices),
            panels.footer(self.piano, *look),
        ]
        return lines[:height]

    def _view(self, state: State, width: int, roll_rows: int) -> rows.View:
        """What the roll shows now; the pitches in view change only where one would be out of it."""
        lens, drawn = lens_for(max(width - rows.LEFT, 1)), self._drawn
        if state.melody != drawn.melody or state.accompaniment != drawn.accompaniment:
            drawn.melody, drawn.accompaniment = state.melody, state.accompaniment
            drawn.notes, drawn.view = Notes((*state.melody, *state.accompaniment)), None
            drawn.names = rows.chord_names(drawn.notes, *drawn.notes.beats())
        if state.phase == "count-in" != self._phase:
            self._wanted = USUAL
            drawn.scope = scope_for((), 1)
        self._phase = state.phase
        seen = drawn.notes.pitches[drawn.notes.in_view(state.beat, lens)]
        pitches = [*((int(seen.min()), int(seen.max())) if seen.size else ()), *state.held]
        if drawn.scope.pixels != 2 * roll_rows or not drawn.scope.holds(pitches):
            self._wanted = (min([self._wanted[0], *pitches]), max([self._wanted[1], *pitches]))
            drawn.scope = scope_for(pitches, roll_rows, self._wanted)
        words = WELCOME if state.phase == "idle" and not drawn.notes.pitches.size else ()
        now = lens.now(state.beat)
        return rows.View(
            lens,
            drawn.scope,
            self.palette,
            state.beats_per_bar,
            now,
            state.held,
            _count(state),
            words,
        )

    def on_resize(self, event: Resize) -> None:  # noqa: ARG002
        """All is drawn anew, at once."""
        self.call_after_refresh(self.frame)

    def on_key(self, event: Key) -> None:
        """A key of the stage: a command or, with the piano on, a note."""
        if len(self.screen_stack) > 1:
            return
        event.stop()
        event.prevent_default()
        key = label_of(event.key)
        command = command_for(key, self.piano)
        if command is not None:
            self.attempt(lambda: self.do(command, key))
        elif self.piano:
            self.letters.strike(key, self.clock())
        self.frame()

    def attempt(self, act: Callable[[], object]) -> None:
        """Do something; what a player can mend is said, and never an end of the music."""
        try:
            act()
        except (ComposerError, OSError) as error:
            self.refuse(str(error) or type(error).__name__, mend_of(error))

    def refuse(self, text: str, mend: Mend | None = None) -> None:
        """Say what went wrong, and the key that helps."""
        self.say(by_key(text, mend), True)

    def do(self, command: Command, key: str) -> None:
        """Do what a row of the tables says; of what needs more than a key, ask for it."""
        asked: dict[str, Callable[[], object]] = {"save": self.ask_path, "model": self.ask_model}
        if command in OWN:
            self._do_own(command, key)
        elif command.name in asked:
            asked[command.name]()
        elif command.is_button:
            self.player.do(command.name)
        else:
            self.ask_argument(command)

    def _do_own(self, command: Command, key: str) -> None:
        own: dict[str, Callable[[], object]] = {
            "choose": lambda: self.knob.choose(int(key)),
            "turn up": lambda: self.knob.turn(STEP),
            "turn down": lambda: self.knob.turn(-STEP),
            "let go": self.knob.let_go,
            "piano": self.toggle_piano,
            "light": self.toggle_light,
            "help": lambda: self.push_screen(Help()),
            "quit": self.action_leave,
        }
        own[command.name]()

    def action_leave(self) -> None:
        """Quit."""
        self.letters.release()
        self.exit()

    def toggle_piano(self) -> None:
        """The letters are notes, or commands again."""
        self.letters.release()
        self.piano = not self.piano

    def toggle_light(self) -> None:
        """The other palette."""
        self.palette = DARK if self.palette is LIGHT else LIGHT
        self.theme = "textual-light" if self.palette is LIGHT else "textual-dark"

    def ask_path(self) -> None:
        """Where to save."""
        state = self.player.state()
        if not state.takes:
            self.say("nothing to save yet: press space and play", True)
            return
        hint = "the ending says what: .mid .wav    Enter saves, Escape does not"
        path = free_path(Path(f"take-{state.takes}.mid"))
        self.push_screen(Question("Save the last take", hint, str(path)), self._given("save"))

    def ask_model(self) -> None:
        """Ask for another model."""
        names = self.config.models or _bundled()
        page = Choice("Who plays along?", names, self.player.state().model)
        self.push_screen(page, self._given("model"))

    def ask_argument(self, command: Command) -> None:
        """Ask for what a command needs beside its name."""
        assert command.argument is not None
        page = Question(command.help, command.argument.about, "")
        self.push_screen(page, self._given(command.name))

    def _given(self, name: str) -> Callable[[str | None], None]:
        """Return what does the command of that name with the text that a page was given."""

        def given(text: str | None) -> None:
            if text and text.strip():
                self.attempt(lambda: self.do_line(f"{name} {text}"))

        return given

    def do_line(self, line: str) -> None:
        """Do what a typed line says."""
        command, argument = commands.parse(line)
        self.player.do(command.name, argument)


def _bundled() -> tuple[str, ...]:
    from composer.catalog import models

    return tuple(models())


def _count(state: State) -> str:
    """The number of a count-in, "" in all other phases."""
    return str(int(state.beat // 1) % state.beats_per_bar + 1) if state.phase == "count-in" else ""


def _stretches(rows: Sequence[int]) -> list[tuple[int, int]]:
    """Runs of neighbours among rising numbers: (the first, the one after the last)."""
    found: list[tuple[int, int]] = []
    for row in rows:
        if found and found[-1][1] == row:
            found[-1] = (found[-1][0], row + 1)
        else:
            found.append((row, row + 1))
    return found
