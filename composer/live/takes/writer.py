"""Lines that outlive the program: handed over at once, written to their file by a thread of their own.

Who plays is never held up by a disk; what was handed over is in the file within milliseconds, so a program that is
killed loses nothing of it, and on the disk itself within a second, should the power fail.
"""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import IO, Any

from composer.errors import OutputError

SYNC_SECONDS = 1.0
FLUSH_SECONDS = 10.0  # that a disk is waited for

_Line = tuple[str, str] | threading.Event | None
"""(file, text); what is to be set once all before is written; or the end."""


class Journal:
    """Appends lines of JSON to the files in a folder, in the order in which they came.

    A disk that fails costs the lines and not the take: `trouble` says what happened, once it has.
    """

    def __init__(self, folder: Path, names: tuple[str, ...]) -> None:
        """names: of the files; made at once. Raises OutputError where they cannot be."""
        self.trouble = ""
        self._closed = False
        self._lines: SimpleQueue[_Line] = SimpleQueue()
        try:
            self._files = {name: (folder / name).open("ab", buffering=0) for name in names}
        except OSError as error:
            raise OutputError(
                f"cannot write a take in {folder}: {error.strerror}; choose another place"
            ) from error
        self._thread = threading.Thread(target=self._run, name="journal", daemon=True)
        self._thread.start()

    def add(self, name: str, values: Any) -> None:
        """Hand over a line; from any thread, never waits. values: JSON. Once closed, it is dropped."""
        if not self._closed:
            self._lines.put((name, json.dumps(values, separators=(",", ":"))))

    def flush(self) -> None:
        """Wait until all that was handed over is in the files."""
        written = threading.Event()
        self._lines.put(written)
        if self._thread.is_alive() and not written.wait(FLUSH_SECONDS):
            self.trouble = f"the disk does not answer within {FLUSH_SECONDS:.0f} s"

    def close(self) -> None:
        """Write what is left, and end; a second time does nothing."""
        self._closed = True
        self._lines.put(None)
        self._thread.join(FLUSH_SECONDS)

    def _run(self) -> None:
        synced, dirty, going = time.monotonic(), False, True
        while going:
            batch = self._batch(SYNC_SECONDS if dirty else None)
            going = None not in batch
            dirty = self._write([line for line in batch if isinstance(line, tuple)]) or dirty
            if dirty and (not going or time.monotonic() - synced >= SYNC_SECONDS):
                self._sync()
                synced, dirty = time.monotonic(), False
            for line in batch:
                if isinstance(line, threading.Event):
                    line.set()
        for file in self._files.values():
            file.close()

    def _batch(self, seconds: float | None) -> list[_Line]:
        """All that waits to be written; at least one, if it comes within `seconds`."""
        batch: list[_Line] = []
        try:
            batch.append(self._lines.get(timeout=seconds))
            while True:
                batch.append(self._lines.get_nowait())
        except Empty:
            return batch

    def _write(self, lines: list[tuple[str, str]]) -> bool:
        """Whether there was anything to write."""
        for name in dict.fromkeys(name for name, _ in lines):
            text = "".join(f"{values}\n" for of, values in lines if of == name)
            try:
                _write_all(self._files[name], text.encode())
            except (OSError, ValueError) as error:
                self.trouble = f"the take is not kept whole: {name}: {error}"
        return bool(lines)

    def _sync(self) -> None:
        try:
            for file in self._files.values():
                os.fsync(file.fileno())
        except OSError as error:
            self.trouble = f"the take is not kept whole: {error}"


def read_lines(path: Path) -> Iterator[Any]:
    """The JSON values of a journal's file; lines that are cut off or damaged are left out, a missing file has none."""
    try:
        data = path.read_bytes()
    except OSError:
        return
    for line in data.split(b"\n")[
        :-1
    ]:  # a line without its end was cut off: what it says may be another number
        value = _value(line)
        if value is not None:
            yield value


def _value(line: bytes) -> Any:
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        return None


def _write_all(file: IO[bytes], data: bytes) -> None:
    """An unbuffered file may take a part at a time."""
    while data:
        data = data[file.write(data) or 0 :]
