"""Write a take while it is played: the folder is usable at every moment, even if the program is
killed.

Nobody who plays waits for a disk: lines are handed over at once, and written by a thread of their
own. They are in the file within milliseconds, so a program that is killed loses nothing of them,
and on the disk within a second, in case the power fails.
"""

from __future__ import annotations

import json
import os
import threading
import time
import weakref
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from queue import Empty, SimpleQueue
from tempfile import TemporaryFile
from typing import IO, Any, Protocol

from composer.config import to_dict
from composer.errors import OutputError
from composer.files import atomic
from composer.live.melody.capture import Event
from composer.live.takes.header import (
    ARRANGEMENT,
    EVENTS,
    FILES,
    HEADER,
    MELODY,
    PLAYED,
    Header,
)
from composer.songs import write
from composer.songs.song import Song

SYNC_SECONDS = 1.0
# That a disk is waited for.
FLUSH_SECONDS = 10.0
# Takes that begin in one second and one folder.
MOST_OF_A_SECOND = 1000

_Line = tuple[str, str] | threading.Event | None
"""A file's name and text to append; an event to set once all before it is written; or None, the
end.
"""


class Message(Protocol):
    """A MIDI message, as mido has it."""

    def bytes(self) -> list[int]:
        """Return the bytes that are sent."""


class Journal:
    """Appends lines of JSON to the files in a folder, in the order in which they came.

    A disk that fails costs the lines and not the take: `trouble` then says what happened.
    """

    def __init__(self, folder: Path, names: tuple[str, ...]) -> None:
        """Make the files `names` at once. Raise OutputError if that fails."""
        self.trouble = ""
        self._closed = False
        self._lines: SimpleQueue[_Line] = SimpleQueue()
        try:
            self._files = {
                name: (folder / name).open("ab", buffering=0) for name in names
            }
        except OSError as error:
            raise OutputError(
                f"cannot write a take in {folder}: {error.strerror}; choose another place"
            ) from error
        self._thread = threading.Thread(target=self._run, name="journal", daemon=True)
        self._thread.start()

    def add(self, name: str, values: Any) -> None:
        """Hand over a line, from any thread, without waiting. Once closed, it is dropped. values:
        JSON.
        """
        if not self._closed:
            self._lines.put((name, json.dumps(values, separators=(",", ":"))))

    def flush(self) -> None:
        """Wait until all that was handed over is in the files."""
        written = threading.Event()
        self._lines.put(written)
        if self._thread.is_alive() and not written.wait(FLUSH_SECONDS):
            self.trouble = f"the disk does not answer within {FLUSH_SECONDS:.0f} s"

    def close(self) -> None:
        """Write what is left, and end. A second time does nothing."""
        self._closed = True
        self._lines.put(None)
        self._thread.join(FLUSH_SECONDS)

    def _run(self) -> None:
        synced = time.monotonic()
        # Lines are in the file, but maybe not on the disk.
        unsynced = False
        going_on = True
        while going_on:
            batch = self._batch(SYNC_SECONDS if unsynced else None)
            going_on = None not in batch
            if self._write([line for line in batch if isinstance(line, tuple)]):
                unsynced = True
            is_time = time.monotonic() - synced >= SYNC_SECONDS
            if unsynced and (is_time or not going_on):
                self._sync()
                synced = time.monotonic()
                unsynced = False
            _answer(batch)
        for file in self._files.values():
            file.close()

    def _batch(self, seconds: float | None) -> list[_Line]:
        """Return all that waits to be written: at least one line, if one comes within `seconds`."""
        batch: list[_Line] = []
        try:
            batch.append(self._lines.get(timeout=seconds))
            while True:
                batch.append(self._lines.get_nowait())
        except Empty:
            return batch

    def _write(self, lines: list[tuple[str, str]]) -> bool:
        """Append the lines to their files, one write a file. Return True if there were any."""
        texts: dict[str, str] = {}
        for name, values in lines:
            texts[name] = texts.get(name, "") + f"{values}\n"
        for name, text in texts.items():
            self._append(name, text)
        return bool(lines)

    def _append(self, name: str, text: str) -> None:
        try:
            _write_all(self._files[name], text.encode())
        except (OSError, ValueError) as error:
            self.trouble = f"the take is not kept whole: {name}: {error}"

    def _sync(self) -> None:
        try:
            for file in self._files.values():
                os.fsync(file.fileno())
        except OSError as error:
            self.trouble = f"the take is not kept whole: {error}"


class TakeWriter:
    """A take that is being played; a new folder in `folder`, named by date and time.

    `event` and `played` neither wait nor raise; `trouble` says what the disk did not take.
    """

    def __init__(self, folder: Path, header: Header, start: float = 0.0) -> None:
        """Make the folder. Raise OutputError if that fails.

        start: the clock's seconds at which the take begins; `event` and `played` are given seconds
        of that clock.
        """
        self.header = header
        self._start = start
        self.folder = _new_folder(folder, header.when)
        self._journal = Journal(self.folder, (EVENTS, PLAYED))
        # A writer that is dropped without `close` leaves no thread behind.
        self._end = weakref.finalize(self, self._journal.close)
        self._save()

    @property
    def trouble(self) -> str:
        """Return what went wrong while it was written; "" if nothing."""
        return self._journal.trouble

    def event(self, event: Event) -> None:
        """Keep what the keyboard said; `event.seconds` are the clock's."""
        seconds = event.seconds - self._start
        self._journal.add(EVENTS, [seconds, event.kind, event.number, event.value])

    def played(self, seconds: float, message: Message) -> None:
        """Keep a message that was sent out; `seconds` are the clock's."""
        self._journal.add(PLAYED, [seconds - self._start, bytes(message.bytes()).hex()])

    def amend(self, **changes: Any) -> None:
        """Change fields of the header: title, kept, seed, ... Raise OutputError if it cannot be
        written.
        """
        self.header = replace(self.header, **changes)
        self._save()

    def finish(self, melody: Song | None, arrangement: Song | None, ended: str) -> None:
        """Write melody and arrangement of a phrase that is over, and why it ended. Raise
        OutputError if that fails.

        What sounds afterwards is still kept, until `close`. A second call, with an answer made
        again, replaces the first. Seed and latents are those with which the arrangement says that
        it was made.
        """
        if melody is not None:
            write(self.folder / MELODY, melody)
        if arrangement is not None:
            write(self.folder / ARRANGEMENT, arrangement)
        self._journal.flush()
        changes: dict[str, Any] = {"ended": ended}
        music = arrangement or melody
        if music is not None:
            changes["seconds"] = round(music.seconds(music.end), 3)
            changes["length"] = len(music.bar_onsets())
        if arrangement is not None:
            changes |= _made_with(arrangement)
        self.amend(**changes)

    def close(self) -> None:
        """End; a second time does nothing."""
        self._end()

    def discard(self) -> None:
        """Close it and remove the folder, for a take in which nothing was played."""
        self.close()
        for name in FILES:
            (self.folder / name).unlink(missing_ok=True)
        self.folder.rmdir()

    def __enter__(self) -> TakeWriter:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _save(self) -> None:
        text = json.dumps(to_dict(self.header), indent=1) + "\n"
        with atomic(self.folder / HEADER) as temporary:
            temporary.write_text(text, encoding="utf-8")


def check_folder(folder: Path) -> None:
    """Make the folder, and raise OutputError if takes cannot be kept in it."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise _no_place(folder, error.strerror or str(error)) from error


def _new_folder(folder: Path, when: str) -> Path:
    """Make a folder that was not there before: two programs that play at once never write into
    one.
    """
    local = when.partition("+")[0]
    stem = "".join(c for c in local if c.isdigit() or c in "-T")[:17].replace("T", "-")
    stem = stem or "take"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for count in range(1, MOST_OF_A_SECOND):
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
    return OutputError(f"cannot keep takes in {folder}: {why}", mend="takes")


def _made_with(arrangement: Song) -> dict[str, Any]:
    """Return the seed and latents with which an arrangement says that it was made; nothing if it
    does not say.
    """
    try:
        latents: Mapping[str, Any] = json.loads(arrangement.made)["latents"]
        made: dict[str, Any] = {"latents": dict(latents)}
        if "seed" in latents:
            made["seed"] = int(latents["seed"])
        return made
    except (KeyError, TypeError, ValueError):
        return {}


def _answer(batch: list[_Line]) -> None:
    """Tell those who wait for this batch that it is written."""
    for line in batch:
        if isinstance(line, threading.Event):
            line.set()


def _write_all(file: IO[bytes], data: bytes) -> None:
    # An unbuffered file may take a part at a time.
    while data:
        written = file.write(data) or 0
        data = data[written:]
