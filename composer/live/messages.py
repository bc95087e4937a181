"""A session as JSON, without a transport: its state goes out, commands come in.

Every message is one JSON object with the version, {"v": 1, ...}. A server says:

- {"v": 1, "type": "hello", "commands": [...], "models": [...], "state": {...}}: once, the whole
  state in it.
- {"v": 1, "type": "state", "seconds": 12.5, "state": {...}}: the parts of the state that have
  changed; `seconds` is the session's clock, as in the state's "clock".
- {"v": 1, "type": "done", "id": 7} and {"v": 1, "type": "error", "id": 7, "text": "...", "mend":
  null}: the answer to a message with an "id"; without one only errors are answered.

A client says:

- {"v": 1, "do": "tempo", "argument": 96}: a command of `composer.live.commands`.
- {"v": 1, "press": 60, "velocity": 80} and {"v": 1, "release": 60}: a key.

The "clock" of a state says that it was `beat` at `seconds`, and how fast it goes: a client that
draws takes the beat of now from there, and hears of the clock again only when it goes otherwise.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from math import inf
from typing import Any, Final

from composer.errors import ComposerError, ConfigError, Mend
from composer.live import commands
from composer.live.commands import Command
from composer.live.session.state import Latency, ShownNote, State

VERSION: Final = 1
# Bytes of a message to a session; a path may have 4096 characters of four bytes.
LONGEST: Final = 32768
LONGEST_ERROR: Final = 1000  # characters, of which a part came from the client
DIGITS: Final = 4  # of beats and seconds
SOON: Final = 0.004  # beats by which a clock may differ from what the client draws by
VELOCITY: Final = 80

# Parts of a state that go out as they are.
PLAIN: Final = (
    "mode",
    "phase",
    "bar",
    "beats_per_bar",
    "start",
    "length",
    "loop",
    "metronome",
    "with_melody",
    "seed",
    "model",
    "device",
    "plugged",
    "output",
    "output_alive",
    "takes",
    "kept",
    "message",
)
LISTS: Final = ("voices", "held", "remarks")
NOTES: Final = ("melody", "accompaniment")

Document = dict[str, Any]
"""A state as JSON values."""


# What goes out.


def hello(document: Document, models: tuple[str, ...] = ()) -> str:
    """Return the first message to a client: what can be asked for, and the whole state."""
    rows = [_row(command) for command in commands.COMMANDS]
    return _message("hello", commands=rows, models=list(models), state=document)


def _row(command: Command) -> Document:
    """Return a row of the table of commands."""
    row: Document = {
        "name": command.name,
        "help": command.help,
        "label": command.label,
        "keys": list(command.keys),
        "argument": None,
    }
    argument = command.argument
    if argument is not None:
        row["argument"] = {
            "kind": argument.kind,
            "about": argument.about,
            "needed": argument.is_needed,
            "least": argument.least,
            "most": argument.most,
            "choices": list(argument.choices),
        }
    return row


def news(before: Document, after: Document, seconds: float) -> str:
    """Return the message that tells a client of what has changed; "" if nothing has."""
    changed = {
        name: value for name, value in after.items() if before.get(name) != value
    }
    if "clock" in changed and _is_expected(before["clock"], after["clock"]):
        del changed["clock"]
    if not changed:
        return ""
    return _message("state", seconds=_rounded(seconds), state=changed)


def known(before: Document, after: Document) -> Document:
    """Return the state that a client knows once it has `news` of one that follows another."""
    if _is_expected(before["clock"], after["clock"]):
        return {**after, "clock": before["clock"]}
    return after


def _is_expected(before: Document, after: Document) -> bool:
    """Return True if a clock goes on as it did."""
    if (before["qpm"], before["running"]) != (after["qpm"], after["running"]):
        return False
    passed = after["seconds"] - before["seconds"]
    beat = before["beat"]
    if before["running"]:
        beat += passed * before["qpm"] / 60
    return bool(abs(after["beat"] - beat) < SOON)


def done(number: Any) -> str:
    """Return the answer to what was done."""
    return _message("done", id=number)


def refused(error: Exception, number: Any = None) -> str:
    """Return the answer to what could not be done."""
    text = (str(error) or type(error).__name__)[:LONGEST_ERROR]
    mend = error.mend if isinstance(error, ComposerError) else None
    return _message("error", id=number, text=text, mend=_mend(mend))


def _message(kind: str, **values: Any) -> str:
    return json.dumps({"v": VERSION, "type": kind, **values}, separators=(",", ":"))


# States.


def document_of(
    state: State, before: State | None = None, made: Document | None = None
) -> Document:
    """Return a state as JSON values.

    before, made: an earlier state and its document. Notes that are equal are not made again: a long
    phrase has thousands of them, twenty times a second.

    >>> document_of(State(mode="duet"))["mode"]
    'duet'
    """
    document = {name: getattr(state, name) for name in PLAIN}
    for name in LISTS:
        document[name] = list(getattr(state, name))
    for name in NOTES:
        notes = getattr(state, name)
        if before is not None and made is not None and notes == getattr(before, name):
            document[name] = made[name]
        else:
            document[name] = _listed(notes)
    document["clock"] = {
        "seconds": _rounded(state.seconds),
        "beat": _rounded(state.beat),
        "qpm": state.qpm,
        "running": state.phase != "idle",
    }
    document["knobs"] = dict(state.knobs)
    document["latencies"] = {
        kind: [latency.last, latency.p99] for kind, latency in state.latencies.items()
    }
    document["mend"] = _mend(state.mend)
    return document


def _listed(notes: tuple[ShownNote, ...]) -> list[list[Any]]:
    """Return [onset, end, pitch, voice, ahead] of each note; an end of null: it has none yet."""
    listed: list[list[Any]] = []
    for note in notes:
        # JSON has no infinity.
        end = round(note.end, DIGITS) if note.end < inf else None
        onset = round(note.onset, DIGITS)
        listed.append([onset, end, note.pitch, note.voice, note.ahead])
    return listed


def _rounded(number: float) -> float:
    return round(number, DIGITS)


def _mend(mend: Mend | None) -> Document | None:
    if mend is None:
        return None
    value = mend.value if isinstance(mend.value, str | int | float) else None
    return {"way": mend.way, "value": value}


def state_of(document: Document) -> State:
    """Return the state that `document_of` made a document of."""
    clock = document["clock"]
    values = {name: document[name] for name in PLAIN}
    for name in LISTS:
        values[name] = tuple(document[name])
    for name in NOTES:
        values[name] = tuple(_shown(note) for note in document[name])
    values["latencies"] = {
        kind: Latency(*figures) for kind, figures in document["latencies"].items()
    }
    mend = document["mend"]
    return State(
        **values,
        beat=clock["beat"],
        seconds=clock["seconds"],
        qpm=clock["qpm"],
        knobs=document["knobs"],
        mend=None if mend is None else Mend(**mend),
    )


def _shown(note: list[Any]) -> ShownNote:
    onset, end, pitch, voice, ahead = note
    return ShownNote(onset, inf if end is None else end, pitch, voice, ahead)


# What comes in.


@dataclass(frozen=True)
class Asked:
    """A command or a key that a client asks for.

    name: a command, or "press" or "release". number: as the client numbers it.
    """

    name: str
    argument: Any = None
    velocity: int = VELOCITY
    number: Any = None

    @property
    def is_key(self) -> bool:
        """True for a key that goes down or up."""
        return self.name in ("press", "release")


def read(text: str | bytes) -> Asked:
    """Return what a message asks for. Raise ConfigError if it is none.

    The command and its argument are checked by the table, when the session does it.
    """
    values = _object(text)
    if values.get("v") != VERSION:
        raise ConfigError(
            f"this session speaks version {VERSION}, got {values.get('v')!r}"
        )
    # Two at once would have no order.
    asked = [name for name in ("do", "press", "release") if name in values]
    if len(asked) != 1:
        raise ConfigError(
            f"one of do, press, release is expected, got {sorted(values)}"
        )
    if asked == ["do"]:
        return _command(values)
    pitch = _midi(values, asked[0])
    velocity = _midi(values, "velocity") if "velocity" in values else VELOCITY
    return Asked(asked[0], pitch, velocity, number_of(values))


def _object(text: str | bytes) -> Mapping[str, Any]:
    if isinstance(text, bytes):
        raise ConfigError("a message is text, got bytes")
    try:
        values = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"a message is JSON: {error}") from None
    if not isinstance(values, dict):
        raise ConfigError(f"a message is an object, got {type(values).__name__}")
    return values


def _command(values: Mapping[str, Any]) -> Asked:
    name = values["do"]
    if not isinstance(name, str):
        raise ConfigError(f"the name of a command is a text, got {name!r}")
    return Asked(name, values.get("argument"), number=number_of(values))


def _midi(values: Mapping[str, Any], name: str) -> int:
    value = values[name]
    # True is a whole number to Python.
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= 127:
        raise ConfigError(f"{name} is 0 to 127, got {value!r}")
    return value


def number_of(values: Mapping[str, Any]) -> Any:
    """Return the number that a client gave to its message, or None."""
    number = values.get("id")
    return number if isinstance(number, str | int) else None
