"""Every take is kept: a folder with what was heard, key by key, what was made of it and what sounded.

take.json: how it was made. events.jsonl: [seconds, kind, number, value] of all that the keyboard said, and
played.jsonl: [seconds, bytes in hex] of all that was sent out, in seconds since the take began; both grow while one
plays and survive a program that is killed. melody.mid and arrangement.mid are written when the take ends.
"""

from __future__ import annotations

import hashlib
import json
import weakref
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import lru_cache
from math import isfinite
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any, Protocol

from composer.catalog import data_folder
from composer.config import from_dict, to_dict
from composer.errors import ComposerError, ConfigError, OutputError
from composer.files import atomic
from composer.generators import PLAYS
from composer.live.melody.capture import Event, RecordConfig, capture
from composer.live.takes.writer import Journal, read_lines
from composer.songs import read, write
from composer.songs.song import DEFAULT_QPM, Song

HEADER, EVENTS, PLAYED = "take.json", "events.jsonl", "played.jsonl"
MELODY, ARRANGEMENT = "melody.mid", "arrangement.mid"
SOUND = "arrangement.wav"  # of a session without a synthesiser
FILES = (HEADER, EVENTS, PLAYED, MELODY, ARRANGEMENT)
CUT_OFF, DAMAGED = "cut off", "damaged"
LAST, UNDONE = "last", "undone"


class Message(Protocol):
    """A MIDI message, as mido has it."""

    def bytes(self) -> list[int]:
        """As it is sent."""


@dataclass(frozen=True)
class Header:
    """How a take was made, and how it ended.

    when: ISO 8601, with the offset from UTC. mode: "phrase", "duet" or "call". model, model_hash, model_folder: its
    name, the SHA-256 of its `generator.tflite`, where it was. seed, latents: of the arrangement, latents as
    `latents.to_json` says them. bars: asked for. record: the RecordConfig with which the keys became the melody, as
    JSON. programs: of melody and voices. offset: seconds by which keys come late. ended: why; "" while it goes on.
    seconds, length: of the arrangement, else the melody; length in bars. kept: marked by the player.
    """

    when: str
    mode: str = "phrase"
    model: str = ""
    model_hash: str = ""
    model_folder: str = ""
    seed: int = 0
    latents: dict[str, Any] = field(default_factory=dict)
    qpm: float = DEFAULT_QPM
    beats_per_bar: int = 4
    bars: int | None = None
    count_in: int = 0
    record: dict[str, Any] = field(default_factory=dict)
    programs: tuple[int, ...] = ()
    device: str = ""
    offset: float = 0.0
    ended: str = ""
    seconds: float = 0.0
    length: int = 0
    kept: bool = False
    title: str = ""

    @property
    def record_config(self) -> RecordConfig:
        """With which its keys become a melody."""
        return from_dict(RecordConfig, self.record or self._plain_record())

    def _plain_record(self) -> dict[str, Any]:
        names = ("qpm", "bars", "beats_per_bar", "count_in")
        return {name: getattr(self, name) for name in names}


def now() -> str:
    """What a header's `when` is, for a take that begins now."""
    return datetime.now().astimezone().isoformat(timespec="seconds")


def model_fields(folder: Path) -> dict[str, str]:
    """What a header says of the model in `folder`: `Header(now(), **model_fields(model.folder))`."""
    return {
        "model": folder.name,
        "model_hash": model_hash(folder),
        "model_folder": str(folder.absolute()),
    }


def model_hash(folder: Path) -> str:
    """SHA-256 of what plays in a model's folder, in hex. Raises OSError where it is not there."""
    path = folder / PLAYS
    about = path.stat()
    return _sha256(path, about.st_mtime_ns, about.st_size)


@lru_cache(maxsize=16)
def _sha256(path: Path, _changed: int, _size: int) -> str:
    """Hashed once, as long as the file is the same."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def takes_folder() -> Path:
    """Where takes are kept unless the player says otherwise: ~/.local/share/composer/takes."""
    return data_folder() / "takes"


class TakeWriter:
    """A take that is being played; a new folder in `folder`, named by date and time.

    start: the clock's seconds at which the take begins, those that `event` and `played` are given count from there.
    Neither waits nor raises; `trouble` says what the disk did not take. The folder is usable at every moment.
    Raises OutputError where it cannot be made.
    """

    def __init__(self, folder: Path, header: Header, start: float = 0.0) -> None:
        self.header, self._start = header, start
        self.folder = _new_folder(folder, header.when)
        self._journal = Journal(self.folder, (EVENTS, PLAYED))
        self._end = weakref.finalize(
            self, self._journal.close
        )  # a writer that is dropped leaves no thread behind
        self._save()

    @property
    def trouble(self) -> str:
        """What went wrong while it was written; "" if nothing."""
        return self._journal.trouble

    def event(self, event: Event) -> None:
        """The keyboard said something; `event.seconds` are the clock's."""
        self._journal.add(
            EVENTS, [event.seconds - self._start, event.kind, event.number, event.value]
        )

    def played(self, seconds: float, message: Message) -> None:
        """A message was sent out; `seconds` are the clock's."""
        self._journal.add(PLAYED, [seconds - self._start, bytes(message.bytes()).hex()])

    def amend(self, **changes: Any) -> None:
        """Change what the header says (title, kept, seed, ...). Raises OutputError."""
        self.header = replace(self.header, **changes)
        self._save()

    def finish(self, melody: Song | None, arrangement: Song | None, ended: str) -> None:
        """The phrase is over: write melody and arrangement, and why it ended. Raises OutputError.

        What sounds afterwards is still kept, until `close`. A second time, of an answer made anew, replaces the first.
        Seed and latents are those with which the arrangement says it was made.
        """
        for name, song in ((MELODY, melody), (ARRANGEMENT, arrangement)):
            if song is not None:
                write(self.folder / name, song)
        self._journal.flush()
        music = arrangement or melody
        length = (
            {"seconds": round(music.seconds(music.end), 3), "length": len(music.bar_onsets())}
            if music
            else {}
        )
        made = _made(arrangement.made) if arrangement else {}
        self.amend(ended=ended, **length, **made)

    def close(self) -> None:
        """Nothing more comes; a second time does nothing."""
        self._end()

    def discard(self) -> None:
        """Close it and remove the folder: for a take in which nothing was played."""
        self.close()
        for name in FILES:
            (self.folder / name).unlink(missing_ok=True)
        self.folder.rmdir()

    def __enter__(self) -> TakeWriter:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _save(self) -> None:
        with atomic(self.folder / HEADER) as temporary:
            temporary.write_text(
                json.dumps(to_dict(self.header), indent=1) + "\n", encoding="utf-8"
            )


@dataclass(frozen=True)
class SavedTake:
    """A take on disk. header: what it says of itself; of a take whose take.json is damaged, `problem` says how."""

    folder: Path
    header: Header
    problem: str = ""

    @property
    def name(self) -> str:
        """By which `load_take` finds it."""
        return self.folder.name

    @property
    def ended(self) -> str:
        """Why; of a take that nobody ended: cut off, or damaged."""
        return DAMAGED if self.problem else self.header.ended or CUT_OFF

    def events(self) -> list[Event]:
        """What the keyboard said, in seconds since the take began; damaged lines are left out."""
        return [event for line in read_lines(self.folder / EVENTS) if (event := _event(line))]

    def played(self) -> list[tuple[float, bytes]]:
        """(Seconds since the take began, bytes of a message) of all that sounded; damaged lines are left out."""
        return [one for line in read_lines(self.folder / PLAYED) if (one := _sent(line))]

    def melody(self) -> Song | None:
        """What was played; of a take that was cut off it is made from the keys; those still down get a beat more."""
        if (self.folder / MELODY).is_file():
            return read(self.folder / MELODY)
        events = self.events()
        end = max((e.seconds for e in events), default=0.0) + self.header.record_config.beat_seconds
        song = capture(events, end, self.header.record_config)
        return song if song.end else None

    def arrangement(self) -> Song | None:
        """What was made of it; None where it did not come to that."""
        path = self.folder / ARRANGEMENT
        return read(path) if path.is_file() else None

    def music(self) -> Song:
        """The arrangement, else the melody. Raises ComposerError where nothing was played."""
        song = self.arrangement() or self.melody()
        if song is None:
            raise ComposerError(f"nothing was played in take {self.name}")
        return song

    def length(self) -> tuple[int, float]:
        """(Bars, seconds) of what was played."""
        if self.header.ended or self.problem:
            return self.header.length, self.header.seconds
        song = self.melody()
        return (len(song.bar_onsets()), song.seconds(song.end)) if song else (0, 0.0)


def check_folder(folder: Path) -> None:
    """Raise OutputError where takes cannot be kept in `folder`; it is made."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise _no_place(folder, error.strerror or str(error)) from error


def list_takes(folder: Path | None = None) -> list[SavedTake]:
    """All takes in `folder` (default: `takes_folder()`), the oldest first; damaged ones too. None: an empty list."""
    folder = folder or takes_folder()
    found = [read_take(path.parent) for path in folder.glob(f"*/{HEADER}")]
    return sorted(found, key=lambda take: (_instant(take.header.when), take.name))


def load_take(name: str, folder: Path | None = None) -> SavedTake:
    """The take called `name`: all of its name or the beginning, "last" (not undone), or the path of its folder.

    Raises ComposerError where there is none or several of that beginning, and where its header is damaged.
    """
    take = _found(name, folder or takes_folder())
    if take.problem:
        raise ComposerError(f"take {take.folder} is damaged: {HEADER}: {take.problem}")
    return take


def read_take(folder: Path) -> SavedTake:
    """The take in `folder`, also a damaged one."""
    try:
        values = json.loads((folder / HEADER).read_text(encoding="utf-8"))
        return SavedTake(folder, from_dict(Header, values))
    except (OSError, ValueError, ConfigError) as error:
        return SavedTake(folder, Header(when=""), problem=str(error))


def _found(name: str, folder: Path) -> SavedTake:
    if Path(name, HEADER).is_file():
        return read_take(Path(name))
    takes = list_takes(folder)
    if not takes:
        raise ComposerError(f"no takes in {folder}; composer play makes them")
    if name == LAST:  # one that the player dropped is still there, by its name
        return next((t for t in reversed(takes) if t.ended != UNDONE), takes[-1])
    matches = [t for t in takes if t.name == name] or [
        t for t in takes if name and t.name.startswith(name)
    ]
    if len(matches) != 1:
        listed = ", ".join(t.name for t in (matches or takes)[-5:])
        what = f"{len(matches)} takes begin with" if matches else "no take is called"
        raise ComposerError(
            f"{what} {name!r}; there {'are' if matches else 'is'} {listed} (composer takes lists all)"
        )
    return matches[0]


def _instant(when: str) -> float:
    try:
        return datetime.fromisoformat(when).timestamp()
    except (ValueError, OverflowError, OSError):
        return 0.0


def _new_folder(folder: Path, when: str) -> Path:
    """A folder that was not there before: two programs that play at once never write into one."""
    stem = (
        "".join(c for c in when.partition("+")[0] if c.isdigit() or c in "-T")[:17].replace(
            "T", "-"
        )
        or "take"
    )
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for count in range(1, 1000):
            path = folder / (stem if count == 1 else f"{stem}-{count}")
            try:
                path.mkdir()
                return path
            except FileExistsError:
                continue
    except OSError as error:
        raise _no_place(folder, error.strerror or str(error)) from error
    raise _no_place(folder, f"it has a thousand of {when}")


def _no_place(folder: Path, why: str) -> OutputError:
    return OutputError(f"cannot keep takes in {folder}: {why}; choose a folder with --takes")


def _made(made: str) -> dict[str, Any]:
    """{seed, latents} as an arrangement says it was made; nothing where it does not."""
    try:
        latents: Mapping[str, Any] = json.loads(made)["latents"]
        return {
            "latents": dict(latents),
            **({"seed": int(latents["seed"])} if "seed" in latents else {}),
        }
    except (KeyError, TypeError, ValueError):
        return {}


def _event(line: Any) -> Event | None:
    match line:
        case [int() | float() as seconds, str() as kind, int() as number, int() as value] if (
            isfinite(seconds)
        ):
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
