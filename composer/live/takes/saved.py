"""Read takes that are on disk: list a folder, find one by its name, also if it was cut off or
damaged.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from math import isfinite
from pathlib import Path
from typing import Any

from composer.catalog import data_folder
from composer.config import from_dict
from composer.errors import ComposerError, ConfigError
from composer.live.melody.capture import Event, capture
from composer.live.takes.header import (
    ARRANGEMENT,
    EVENTS,
    HEADER,
    MELODY,
    PLAYED,
    UNDONE,
    Header,
)
from composer.songs import read
from composer.songs.song import Song

CUT_OFF = "cut off"
DAMAGED = "damaged"
LAST = "last"
# Takes that an error names.
MOST_LISTED = 5


@dataclass(frozen=True)
class SavedTake:
    """A take on disk."""

    folder: Path
    header: Header
    problem: str = ""
    """What is wrong with its take.json; "" if nothing."""

    @property
    def name(self) -> str:
        """Return the name by which `load_take` finds it."""
        return self.folder.name

    @property
    def ended(self) -> str:
        """Return why it ended; "cut off" or "damaged" if nobody ended it."""
        if self.problem:
            return DAMAGED
        return self.header.ended or CUT_OFF

    def events(self) -> list[Event]:
        """Return what the keyboard said, in seconds since the take began, without damaged lines."""
        found = (_event(line) for line in read_lines(self.folder / EVENTS))
        return [event for event in found if event is not None]

    def played(self) -> list[tuple[float, bytes]]:
        """Return (seconds since the take began, bytes) of each message that sounded, without
        damaged lines.
        """
        found = (_sent(line) for line in read_lines(self.folder / PLAYED))
        return [message for message in found if message is not None]

    def melody(self) -> Song | None:
        """Return what was played; None if that is nothing.

        The melody of a take that was cut off is made from its keys; those still down last a beat
        more.
        """
        if (self.folder / MELODY).is_file():
            return read(self.folder / MELODY)
        config = self.header.record_config
        events = self.events()
        last = max((event.seconds for event in events), default=0.0)
        song = capture(events, last + config.beat_seconds, config)
        return song if song.end else None

    def arrangement(self) -> Song | None:
        """Return what was made of it; None if it did not come to that."""
        path = self.folder / ARRANGEMENT
        return read(path) if path.is_file() else None

    def music(self) -> Song:
        """Return the arrangement, else the melody. Raise ComposerError if nothing was played."""
        song = self.arrangement() or self.melody()
        if song is None:
            raise ComposerError(f"nothing was played in take {self.name}")
        return song

    def length(self) -> tuple[int, float]:
        """Return the (bars, seconds) of what was played."""
        if self.header.ended or self.problem:
            return self.header.length, self.header.seconds
        song = self.melody()
        if song is None:
            return 0, 0.0
        return len(song.bar_onsets()), song.seconds(song.end)


def takes_folder() -> Path:
    """Return the folder for takes, unless the player chooses another:
    ~/.local/share/composer/takes.
    """
    return data_folder() / "takes"


def list_takes(folder: Path | None = None) -> list[SavedTake]:
    """Return all takes in `folder` (default: `takes_folder()`), damaged ones too, the oldest
    first.
    """
    folder = folder or takes_folder()
    found = [read_take(path.parent) for path in folder.glob(f"*/{HEADER}")]
    return sorted(found, key=lambda take: (_instant(take.header.when), take.name))


def load_take(name: str, folder: Path | None = None) -> SavedTake:
    """Return the take called `name`: its whole name or the beginning, the path of its folder, or
    "last".

    "last" is the last take that was not undone. Raise ComposerError if there is none, if several
    begin with the name, or if its header is damaged.
    """
    take = _found(name, folder or takes_folder())
    if take.problem:
        raise ComposerError(f"take {take.folder} is damaged: {HEADER}: {take.problem}")
    return take


def read_take(folder: Path) -> SavedTake:
    """Return the take in `folder`, also a damaged one."""
    try:
        values = json.loads((folder / HEADER).read_text(encoding="utf-8"))
        return SavedTake(folder, from_dict(Header, values))
    except (OSError, ValueError, ConfigError) as error:
        return SavedTake(folder, Header(when=""), problem=str(error))


def read_lines(path: Path) -> Iterator[Any]:
    """Yield the JSON values of a journal's file, without damaged lines; a missing file has none."""
    try:
        data = path.read_bytes()
    except OSError:
        return
    # What follows the last line's end was cut off: a number that lacks a digit is still a number.
    whole = data.split(b"\n")[:-1]
    for line in whole:
        value = _value(line)
        if value is not None:
            yield value


def _found(name: str, folder: Path) -> SavedTake:
    if Path(name, HEADER).is_file():
        return read_take(Path(name))
    takes = list_takes(folder)
    if not takes:
        raise ComposerError(f"no takes in {folder}; composer play makes them")
    if name == LAST:
        return _last(takes)
    matches = _called(name, takes)
    if len(matches) == 1:
        return matches[0]
    listed = ", ".join(take.name for take in (matches or takes)[-MOST_LISTED:])
    if matches:
        text = f"{len(matches)} takes begin with {name!r}; there are {listed}"
    else:
        text = f"no take is called {name!r}; there is {listed}"
    raise ComposerError(f"{text} (composer takes lists all)")


def _called(name: str, takes: list[SavedTake]) -> list[SavedTake]:
    """Return the takes of that name, else those whose names begin with it."""
    exact = [take for take in takes if take.name == name]
    if exact or not name:
        return exact
    return [take for take in takes if take.name.startswith(name)]


def _last(takes: list[SavedTake]) -> SavedTake:
    """Return the last take that the player did not drop; a dropped one is still found by its
    name.
    """
    for take in reversed(takes):
        if take.ended != UNDONE:
            return take
    return takes[-1]


def _instant(when: str) -> float:
    try:
        return datetime.fromisoformat(when).timestamp()
    except (ValueError, OverflowError, OSError):
        return 0.0


def _value(line: bytes) -> Any:
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        return None


def _event(line: Any) -> Event | None:
    match line:
        case [
            int() | float() as seconds,
            str() as kind,
            int() as number,
            int() as value,
        ] if isfinite(seconds):
            return Event(float(seconds), kind, number, value)
    return None


def _sent(line: Any) -> tuple[float, bytes] | None:
    match line:
        case [int() | float() as seconds, str() as text] if isfinite(seconds):
            try:
                return float(seconds), bytes.fromhex(text)
            except ValueError:
                return None
    return None
