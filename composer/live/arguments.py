"""What a command takes beside its name: how it is checked, and how it is read from a typed line."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, Literal

from composer.errors import ConfigError

OFF: Final = "off"
SWITCH: Final = {"on": True, OFF: False}
LONGEST_TEXT: Final = 4096  # characters of a path or a name
KNOB_WORDS: Final = 2  # a knob's name and its value

Kind = Literal["number", "whole", "switch", "choice", "text", "knob"]


@dataclass(frozen=True)
class Argument:
    """The kind and the range of what a command takes beside its name.

    >>> tempo = Argument("number", "quarter notes a minute", "96", least=30, most=300)
    >>> tempo.checked(96)
    96.0
    >>> tempo.parsed("96")
    96.0
    """

    # As JSON: a number, a whole number, true or false, one of `choices`, a text, or [name, number
    # or null].
    kind: Kind
    about: str
    # One that could be typed, for help texts.
    example: str
    # False: the command makes sense without it, and then takes the next choice, or the other way
    # of a switch.
    is_needed: bool = True
    least: float = 0.0
    most: float = 1.0
    choices: tuple[str, ...] = ()
    # The values at both ends of a knob of a MIDI keyboard; None: no knob can turn it.
    span: tuple[float, float] | None = None
    # What one click of a knob without ends adds.
    click: float = 0.0
    # Digits after the point that a turned value keeps.
    digits: int = 3

    def checked(self, value: Any) -> Any:
        """Return `value` as the method gets it.

        Raise ConfigError that says what was expected and what came.
        """
        return _CHECKS[self.kind](self, value)

    def parsed(self, text: str) -> Any:
        """Return the value of a typed text. Raise ConfigError if it has none."""
        return self.checked(_READ[self.kind](text))

    def clipped(self, value: float) -> float:
        """Return `value`, or the nearer end of the range where it lies outside."""
        return min(max(value, self.least), self.most)


# How a value of each kind is checked, and how it is read from typed words.


def _number(argument: Argument, value: Any) -> float:
    expected = f"a number from {argument.least:g} to {argument.most:g} is expected, got {value!r}"
    # True is a number to Python, and none to a player.
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ConfigError(expected)
    # False for what is not a number or infinite, too.
    if not argument.least <= value <= argument.most:
        raise ConfigError(expected)
    return float(value)


def _whole(argument: Argument, value: Any) -> int:
    number = _number(argument, value)
    if number != int(number):
        raise ConfigError(f"a whole number is expected, got {value!r}")
    return int(number)


def _switch(_argument: Argument, value: Any) -> bool:
    if not isinstance(value, bool):
        raise ConfigError(f"on or off is expected, got {value!r}")
    return value


def _choice(argument: Argument, value: Any) -> str:
    if not isinstance(value, str) or value not in argument.choices:
        raise ConfigError(
            f"one of {', '.join(argument.choices)} is expected, got {value!r}"
        )
    return value


def _text(_argument: Argument, value: Any) -> str:
    if not isinstance(value, str) or not value.strip():
        raise ConfigError(f"a text is expected, got {value!r}")
    # A line break in a name would break the lines of the stage and of takes.
    if len(value) > LONGEST_TEXT or not value.isprintable():
        raise ConfigError(
            f"a text of at most {LONGEST_TEXT} printable characters is expected"
        )
    return value.strip()


def _knob(argument: Argument, value: Any) -> tuple[str, float | None]:
    if not isinstance(value, list | tuple) or len(value) != KNOB_WORDS:
        raise ConfigError(
            f"the name of a knob and a number are expected, got {value!r}"
        )
    name, turned = value
    if not isinstance(name, str):
        raise ConfigError(f"the name of a knob is expected, got {name!r}")
    return name, None if turned is None else _number(argument, turned)


_CHECKS: Final[dict[str, Callable[[Argument, Any], Any]]] = {
    "number": _number,
    "whole": _whole,
    "switch": _switch,
    "choice": _choice,
    "text": _text,
    "knob": _knob,
}


def _read_number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise ConfigError(f"a number is expected, got {text!r}") from None


def _read_switch(text: str) -> bool | str:
    return SWITCH.get(text.lower(), text)


def _read_text(text: str) -> str:
    return text


def _read_knob(text: str) -> list[Any]:
    words = text.split()
    if len(words) != KNOB_WORDS:
        raise ConfigError(f"the name of a knob and a number are expected, got {text!r}")
    name, turned = words
    return [name, None if turned == OFF else _read_number(turned)]


_READ: Final[dict[str, Callable[[str], Any]]] = {
    "number": _read_number,
    "whole": _read_number,
    "switch": _read_switch,
    "choice": _read_text,
    "text": _read_text,
    "knob": _read_knob,
}
