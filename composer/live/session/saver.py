"""Write takes beside the music: whoever plays hands over and goes on, a thread of its own waits for
the disk.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from queue import SimpleQueue
from typing import Any

from composer.live.melody.capture import Event
from composer.live.session.worker import reason
from composer.live.takes.header import Header
from composer.live.takes.writer import TakeWriter
from composer.songs.song import Song

Task = Callable[[], Any]


class PendingTake:
    """A take on its way to the disk; what comes before its folder is there waits in memory."""

    def __init__(self) -> None:
        self.writer: TakeWriter | None = None
        # Seconds of the clock; what comes later is of no take.
        self.until = float("inf")
        self._early: list[tuple[str, tuple[Any, ...]]] = []
        self._lock = threading.Lock()
        self._closed = False

    def open(self, writer: TakeWriter) -> None:
        """Write to the folder that is there now, what waited first."""
        with self._lock:
            for name, values in self._early:
                getattr(writer, name)(*values)
            self._early.clear()
            self.writer = writer

    def add(self, name: str, seconds: float, *values: Any) -> None:
        """Hand over what came at `seconds` to the writer's method `name`, "event" or "played"."""
        with self._lock:
            if seconds > self.until:
                return
            if self.writer is not None:
                getattr(self.writer, name)(*values)
            elif not self._closed:
                self._early.append((name, values))

    def take_away(self) -> TakeWriter | None:
        """Return its writer, if there is one; nothing more is kept."""
        with self._lock:
            self._closed = True
            self._early.clear()
            writer = self.writer
            self.writer = None
        return writer

    def close(self) -> None:
        """Keep nothing more; what was written may still be finished and amended."""
        with self._lock:
            self._closed = True
            self._early.clear()
        if self.writer is not None:
            self.writer.close()


class TakeSaver:
    """Keeps takes in `folder` (None: nowhere). tell: says a line to the player, from another
    thread.

    What is asked for is done in order; `event` and `played` may be called from any thread and never
    wait.
    """

    def __init__(self, folder: Path | None, tell: Callable[[str], None]) -> None:
        self._folder = folder
        self._tell = tell
        self._tasks: SimpleQueue[Task | None] = SimpleQueue()
        self._current: PendingTake | None = None
        self._thread = threading.Thread(
            target=self._run, name="composer-saver", daemon=True
        )
        self._thread.start()

    def begin(self, header: Callable[[], Header], start: float) -> PendingTake:
        """Begin a new take, from `start` (seconds of the clock) on; the one before is closed."""
        pending = PendingTake()
        before = self._current
        self._current = pending

        def task() -> None:
            if before is not None:
                before.close()
            try:
                if self._folder is not None:
                    pending.open(TakeWriter(self._folder, header(), start))
            except Exception:
                # Or what is played would pile up in it.
                pending.close()
                raise

        self.do(task)
        return pending

    def event(self, event: Event) -> None:
        """Keep what the keyboard said."""
        self._add("event", event.seconds, event)

    def played(self, seconds: float, message: Any) -> None:
        """Keep a message that was sent out."""
        self._add("played", seconds, seconds, message)

    def finish(
        self,
        pending: PendingTake,
        melody: Song | None,
        arrangement: Song | None,
        ended: str,
    ) -> None:
        """Finish a phrase; what sounds afterwards is still kept until the take's `until`."""

        def task() -> None:
            if pending.writer is not None:
                pending.writer.finish(melody, arrangement, ended)
                if pending.writer.trouble:
                    self._tell(pending.writer.trouble)

        self.do(task)

    def amend(self, pending: PendingTake, **changes: Any) -> None:
        """Change what the header says."""
        self.do(
            lambda: (
                pending.writer.amend(**changes) if pending.writer is not None else None
            )
        )

    def discard(self, pending: PendingTake) -> None:
        """Leave no trace of a take in which nothing was played."""

        def task() -> None:
            writer = pending.take_away()
            if writer is not None:
                writer.discard()

        if self._current is pending:
            self._current = None
        self.do(task)

    def do(self, task: Task) -> None:
        """Do anything else that waits for a disk."""
        self._tasks.put(task)

    def close(self) -> None:
        """Wait until all is written; a second time does nothing."""
        if self._current is not None:
            self.do(self._current.close)
            self._current = None
        self._tasks.put(None)
        self._thread.join(30)

    def _add(self, name: str, seconds: float, *values: Any) -> None:
        # Read once: another thread may end it now.
        pending = self._current
        if pending is not None and self._folder is not None:
            pending.add(name, seconds, *values)

    def _run(self) -> None:
        while (task := self._tasks.get()) is not None:
            self._carry_out(task)

    def _carry_out(self, task: Task) -> None:
        try:
            task()
        except Exception as error:
            # A full disk must not end the music.
            self._tell(f"the take is not kept: {reason(error)}")
