"""Pages over the stage: help that teaches, the choice of a model, the name of a file."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from rich.table import Table
from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical, VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Input, Label, OptionList, Static
from textual.widgets.option_list import Option

from composer.terminal.play.keys import shown_commands, shown_key

# In braces the names of commands, for which their keys are put.
LESSONS: Final = (
    (
        "Begin",
        "Press {start}. Four clicks are counted in; on the one, play a melody: on the keyboard, or "
        "with {piano} on the letters of this one. One note at a time is enough: the other voices "
        "are added.",
    ),
    (
        "phrase",
        "You play some bars, or until you press {start} again. On the very next downbeat the "
        "arrangement sounds. {loop} lets it go round, {reroll} tries another one, {keep} keeps it.",
    ),
    (
        "duet",
        "You play on, and the other voices go with you: those of each beat are decided just before "
        "it. They follow your tempo best when you play with the click.",
    ),
    (
        "call",
        "You play a phrase, it is answered, you play the next.",
    ),
    (
        "The picture",
        "Time flows to the left; the upright line is now. Red is your melody. In a duet, hatched "
        "notes are decided and not yet heard. At the left, keys light up that sound.",
    ),
    (
        "Knobs",
        "Their numbers choose one, arrows turn it, {let go} lets it go. chords: close and plain to "
        "wide and rich. style: calmer to livelier. melody: lower to higher. groove: calmer to "
        "denser.",
    ),
    (
        "Latencies",
        "last/99%, in ms: the last one, then what 99 of 100 keep to. key to sound (thru), decided "
        "in: 99 of 100 took no longer (99th percentile). ready before the beat, where small is "
        "bad: 99 of 100 had no less time left (first percentile).",
    ),
    (
        "Late keys?",
        "If notes land a step late although you are in time, press {calibrate} and play along "
        "eight clicks.",
    ),
    (
        "No sound?",
        "A red light says what is missing. {panic} ends every note at once.",
    ),
)


def lessons() -> list[tuple[str, str]]:
    """Return what the page of help teaches: title and text, with the keys of now."""
    keys = {row.name: shown_key(row) for row in shown_commands()}
    return [(title, text.format_map(keys)) for title, text in LESSONS]


class Page(ModalScreen[str]):
    """A page over the stage; Escape closes it."""

    BINDINGS = [Binding("escape", "close", "close")]  # noqa: RUF012 -- Textual's own way
    DEFAULT_CSS = """
    Page { align: center middle; }
    Page > Vertical {
        width: 76; max-width: 96%; height: auto; max-height: 96%; padding: 0 1;
        border: round $secondary; background: $surface;
        border-title-color: $text; border-subtitle-color: $text-muted;
    }
    Page OptionList, Page Input { margin: 1 0 0 0; max-height: 14; }
    Page VerticalScroll { height: auto; max-height: 100%; scrollbar-size-vertical: 1; }
    Page Static { padding: 0 1 0 0; }
    Page .hint { color: $text-muted; margin: 1 0 0 0; }
    """

    def action_close(self) -> None:
        """Choose nothing."""
        self.dismiss("")


class Help(Page):
    """A page that explains the stage and its keys."""

    BINDINGS = [Binding("q,space,enter,question_mark,f1", "close", "close")]  # noqa: RUF012

    def compose(self) -> ComposeResult:
        """Lay out the page."""
        keys = [(shown_key(row), row.help) for row in shown_commands()]
        with Vertical() as box:
            box.border_title = "How to play"
            box.border_subtitle = "arrows scroll, Escape closes"
            with VerticalScroll():
                yield Static(_grid(lessons()))
                yield Static(_grid(keys))


class Choice(Page):
    """A page that gives one of several names; "" if none was chosen."""

    def __init__(self, title: str, names: Sequence[str], now: str) -> None:
        super().__init__()
        self._title = title
        self._names = list(names)
        self._now = now

    def compose(self) -> ComposeResult:
        """Lay out the page."""
        with Vertical() as box:
            box.border_title = self._title
            yield OptionList(*self._options())
            yield Label("Enter takes it, Escape leaves all as it is", classes="hint")

    def _options(self) -> list[Option]:
        options = []
        for number, name in enumerate(self._names):
            mark = "● " if name == self._now else "  "
            options.append(Option(Text(mark + name), id=str(number)))
        return options

    def on_mount(self) -> None:
        """Begin at the name of now."""
        is_known = self._now in self._names
        start = self._names.index(self._now) if is_known else 0
        self.query_one(OptionList).highlighted = start

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Give the name that was chosen."""
        self.dismiss(self._names[event.option_index])


class Question(Page):
    """A page that gives a line of text, with one to begin from."""

    def __init__(self, title: str, hint: str, text: str) -> None:
        super().__init__()
        self._title = title
        self._hint = hint
        self._text = text

    def compose(self) -> ComposeResult:
        """Lay out the page."""
        with Vertical() as box:
            box.border_title = self._title
            yield Input(self._text)
            yield Label(self._hint, classes="hint")

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Give the line."""
        self.dismiss(event.value)


def _grid(rows: Sequence[tuple[str, str]]) -> Table:
    table = Table.grid(padding=(0, 2), expand=True)
    table.add_column(width=12, style="bold")
    table.add_column(ratio=1)
    for name, text in rows:
        table.add_row(name, text)
    table.add_row("", "")
    return table
