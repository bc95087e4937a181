"""The table of what a player can ask of a session: one row a command.

The keys of the stage, the buttons of MIDI keyboards, plain lines, help texts, MIDI learn and the
session protocol read these rows. To add a command, add a row to COMMANDS and, to
`composer.live.session.controls.Controls`, the method that the row names. Nothing else has to know
of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from composer.errors import ConfigError
from composer.live.arguments import Argument

MODES: Final = ("phrase", "duet", "call")
SLOWEST: Final = 30.0  # qpm
FASTEST: Final = 300.0
LONGEST: Final = 64  # bars of a phrase


@dataclass(frozen=True)
class Command:
    """A row of the table."""

    # What a plain line, a profile of a keyboard and the protocol call it.
    name: str
    # A sentence for all help texts.
    help: str
    argument: Argument | None = None
    # Keys of the computer's keyboard, as they are labelled; the first one is shown.
    keys: tuple[str, ...] = ()
    # Beside its key in the footer of the stage; "": only the help page has it.
    label: str = ""
    # In a narrow footer the highest rank gives way first.
    rank: int = 9
    # True: its keys that are no letters work while the letters are a piano, too.
    is_everywhere: bool = False
    # True: MIDI learn asks for a button or a knob of the keyboard that does it.
    is_learned: bool = False
    # The method of the session's controls; "": as the command is called.
    does: str = ""

    @property
    def method(self) -> str:
        """The name of the method that carries it out."""
        return self.does or self.name.replace(" ", "_")

    @property
    def usage(self) -> str:
        """A line that could be typed; what may be left out is in brackets."""
        if self.argument is None:
            return self.name
        example = self.argument.example
        return f"{self.name} {example if self.argument.is_needed else f'[{example}]'}"

    @property
    def is_button(self) -> bool:
        """True if a press of a button says all of it."""
        return self.argument is None or not self.argument.is_needed

    def checked(self, value: Any = None) -> Any:
        """Return the argument as the method gets it.

        Raise ConfigError if the command does not take it.
        """
        if value is None:
            if not self.is_button:
                raise ConfigError(f"{self.name} needs {self._expected}, got nothing")
            return None
        if self.argument is None:
            raise ConfigError(f"{self.name} takes nothing more, got {value!r}")
        try:
            return self.argument.checked(value)
        except ConfigError as error:
            raise ConfigError(f"{self.name}: {error}") from None

    @property
    def _expected(self) -> str:
        assert self.argument is not None
        return f"{self.argument.about}, like {self.argument.example}"


COMMANDS: tuple[Command, ...] = (
    Command(
        name="start",
        help="count in and listen; again: stop",
        keys=("space",),
        label="play/stop",
        rank=0,
        is_everywhere=True,
    ),
    Command(
        name="play",
        help="count in and listen; what goes on ends",
        is_learned=True,
    ),
    Command(
        name="stop",
        help="end the phrase, or what sounds",
        is_learned=True,
    ),
    Command(
        name="record",
        help="the same as play, for keyboards with a key of that name",
        is_learned=True,
        does="play",
    ),
    Command(
        name="mode",
        help="phrase, duet, call and response: the next one",
        argument=Argument(
            "choice", "phrase, duet or call", "duet", is_needed=False, choices=MODES
        ),
        keys=("m",),
        label="mode",
        rank=3,
    ),
    Command(
        name="knob",
        help="turn a knob of the model",
        argument=Argument(
            "knob",
            "its name or number, and -1 to 1, or off",
            "groove 0.5",
            least=-1.0,
            most=1.0,
            span=(-1.0, 1.0),
            click=2 / 127,
        ),
    ),
    Command(
        name="turn",
        help="turn a knob a step further",
        argument=Argument(
            "knob",
            "its name or number, and by how much",
            "groove -0.1",
            least=-2.0,
            most=2.0,
        ),
    ),
    Command(
        name="tempo",
        help="set the tempo",
        argument=Argument(
            "number",
            "quarter notes a minute",
            "96",
            least=SLOWEST,
            most=FASTEST,
            # A knob that reached from 30 to 300 would be too coarse in between.
            span=(40.0, 200.0),
            click=1.0,
            digits=0,
        ),
        is_learned=True,
    ),
    Command(
        name="volume",
        help="set the volume of all voices",
        argument=Argument("number", "from 0 to 1", "0.8", span=(0.0, 1.0)),
    ),
    Command(
        name="tap",
        help="tap the tempo, two times or more",
        keys=("t",),
        label="tap",
        rank=6,
        is_learned=True,
    ),
    Command(
        name="faster",
        help="a little faster",
        keys=("+", "=", "up"),
        is_everywhere=True,
    ),
    Command(
        name="slower",
        help="a little slower",
        keys=("-", "down"),
        is_everywhere=True,
    ),
    Command(
        name="bars",
        help="the length of the next phrase",
        argument=Argument(
            "whole", "bars; 0: until you stop", "8", least=0, most=LONGEST
        ),
    ),
    Command(
        name="loop",
        help="play the arrangement round and round",
        argument=Argument("switch", "on or off", "on", is_needed=False),
        keys=("l",),
        label="loop",
        rank=5,
        is_learned=True,
    ),
    Command(
        name="reroll",
        help="another arrangement of the same melody, from the next downbeat",
        keys=("r",),
        label="re-roll",
        rank=4,
        is_learned=True,
    ),
    Command(
        name="keep",
        help="mark this take as one to keep",
        keys=("k",),
        label="keep",
        rank=7,
        is_learned=True,
    ),
    Command(
        name="undo",
        help="drop the last take, back to the one before",
        keys=("u", "backspace"),
        label="undo",
        rank=1,
        is_learned=True,
    ),
    Command(
        name="save",
        help="write the arrangement into a file; the ending says what: .mid .wav",
        argument=Argument("text", "the name of a file", "FILE", is_needed=False),
        keys=("s",),
        label="save",
        rank=2,
        is_learned=True,
    ),
    Command(
        name="panic",
        help="all notes off, now",
        keys=("esc", "p"),
        label="panic",
        rank=10,
        is_everywhere=True,
        is_learned=True,
    ),
    Command(
        name="calibrate",
        help="play along 8 clicks: how late your keys come is measured",
        keys=("c",),
    ),
    Command(
        name="metronome",
        help="the metronome on or off",
        argument=Argument("switch", "on or off", "off", is_needed=False),
        keys=("n",),
    ),
    Command(
        name="melody",
        help="whether the arrangement repeats your melody or leaves it to you",
        argument=Argument("switch", "on or off", "off", is_needed=False),
        keys=("w",),
    ),
    Command(
        name="model",
        help="choose another model",
        argument=Argument("text", "a bundled one, or a folder", "NAME"),
        keys=("o",),
    ),
    Command(
        name="octave up",
        help="your keys sound an octave higher",
        is_learned=True,
    ),
    Command(
        name="octave down",
        help="your keys sound an octave lower",
        is_learned=True,
    ),
)


def find(name: str) -> Command:
    """Return the command of that name. Raise ConfigError that names those that there are.

    >>> find("undo").keys
    ('u', 'backspace')
    """
    for command in COMMANDS:
        if command.name == name:
            return command
    known = ", ".join(command.name for command in COMMANDS)
    raise ConfigError(f"no command {name!r}; there are {known}")


def for_key(key: str) -> Command | None:
    """Return the command of a key of the computer's keyboard, or None."""
    return next((command for command in COMMANDS if key in command.keys), None)


def summary() -> str:
    """Return the keys with a label in one line: "space play/stop, m mode, ..."."""
    labelled = [command for command in COMMANDS if command.keys and command.label]
    return ", ".join(f"{command.keys[0]} {command.label}" for command in labelled)


def parse(line: str) -> tuple[Command, Any]:
    """Return the command of a typed line, and its argument. Raise ConfigError if the line is none.

    >>> command, argument = parse("knob groove 0.5")
    >>> command.name, argument
    ('knob', ('groove', 0.5))
    """
    command, rest = _split(line)
    if not rest:
        return command, command.checked()
    if command.argument is None:
        raise ConfigError(f"{command.name} takes nothing more, got {rest!r}")
    try:
        return command, command.argument.parsed(rest)
    except ConfigError as error:
        raise ConfigError(f"{command.name}: {error}") from None


def is_button(line: str) -> bool:
    """Return True if a button can do what `line` says: "undo", "mode duet", "tempo 96"."""
    try:
        parse(line)
    except ConfigError:
        return False
    return True


def is_setting(line: str) -> bool:
    """Return True if `line` lacks a number that a knob can give: "tempo", "knob groove"."""
    try:
        command, rest = _split(line)
    except ConfigError:
        return False
    argument = command.argument
    if argument is None or argument.span is None:
        return False
    return len(rest.split()) == (1 if argument.kind == "knob" else 0)


def setting(line: str) -> tuple[Command, Argument, str]:
    """Return the command of a setting, its argument, and the name of the knob or "".

    Raise ConfigError if `line` is no setting.
    """
    command, rest = _split(line)
    if command.argument is None or not is_setting(line):
        raise ConfigError(f"{line!r} is not turned by a knob")
    return command, command.argument, rest


def _split(line: str) -> tuple[Command, str]:
    """Return the command that a line begins with, and what comes after its name."""
    words = line.split()
    # "octave up" is the name of a command, so the longer names are tried first.
    for command in sorted(COMMANDS, key=lambda command: -len(command.name.split())):
        count = len(command.name.split())
        if " ".join(words[:count]).lower() == command.name:
            return command, "".join(line.split(maxsplit=count)[count:]).rstrip()
    return find(words[0] if words else ""), ""
