"""One thread that thinks, so that those which play never wait: what is asked last for a purpose is
what counts.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import Any, Protocol

from composer.errors import ComposerError
from composer.live.midi.priority import hurry

Task = Callable[[], Any]


@dataclass(frozen=True)
class TaskResult:
    """A task that is over. value: what it returned; error: what it raised. seconds: that it
    took.
    """

    key: Hashable
    value: Any = None
    error: Exception | None = None
    seconds: float = 0.0


class AnyWorker(Protocol):
    """A worker as a session sees it; `Worker` is the real one."""

    def ask(self, key: Hashable, task: Task, first: bool = False) -> None:
        """Do `task`; one of the same key that has not begun is replaced. first: before all that
        waits.
        """

    def forget(self, keep: Callable[[Hashable], bool] = lambda _key: False) -> None:
        """Drop what has not begun, but for the keys that `keep` says."""

    def done(self) -> list[TaskResult]:
        """Return the tasks that are over since the last call."""

    def close(self) -> None:
        """End."""


def carry_out(key: Hashable, task: Task) -> TaskResult:
    """Do it now; whatever it raises is told and goes no further."""
    began = time.perf_counter()
    try:
        value = task()
    except Exception as error:
        # A model that fails once must not take the session with it.
        return TaskResult(key, error=error, seconds=time.perf_counter() - began)
    return TaskResult(key, value, seconds=time.perf_counter() - began)


def reason(error: Exception) -> str:
    """Return what to tell a player of an error, in one line."""
    text = str(error).splitlines()[0] if str(error) else ""
    return (
        text
        if isinstance(error, ComposerError)
        else f"{type(error).__name__}: {text}"
        if text
        else repr(error)
    )


class Worker:
    """Tasks one after the other, in a thread of its own.

    on_done: called there after each, to wake who waits. urgent: the music waits for them; they take
    milliseconds.
    """

    def __init__(
        self,
        on_done: Callable[[], None] = lambda: None,
        name: str = "thinking",
        urgent: bool = False,
    ) -> None:
        self._on_done = on_done
        self._urgent = urgent
        self._waiting: deque[tuple[Hashable, Task]] = deque()
        self._over: SimpleQueue[TaskResult] = SimpleQueue()
        self._more = threading.Condition()
        self._closed = False
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def ask(self, key: Hashable, task: Task, first: bool = False) -> None:
        """Do `task`; one of the same key that has not begun is replaced. first: before all that
        waits.
        """
        with self._more:
            self._drop(lambda other: other != key)
            self._waiting.appendleft((key, task)) if first else self._waiting.append(
                (key, task)
            )
            self._more.notify()

    def forget(self, keep: Callable[[Hashable], bool] = lambda _key: False) -> None:
        """Drop what has not begun, but for the keys that `keep` says."""
        with self._more:
            self._drop(keep)

    def done(self) -> list[TaskResult]:
        """Return the tasks that are over since the last call, in order."""
        over: list[TaskResult] = []
        try:
            while True:
                over.append(self._over.get_nowait())
        except Empty:
            return over

    def close(self) -> None:
        """End the thread once its task is over; what waits is dropped."""
        with self._more:
            self._closed = True
            self._waiting.clear()
            self._more.notify()
        self._thread.join(10)

    def _drop(self, keep: Callable[[Hashable], bool]) -> None:
        self._waiting = deque(one for one in self._waiting if keep(one[0]))

    def _run(self) -> None:
        if self._urgent:
            hurry()
        while True:
            with self._more:
                while not self._waiting and not self._closed:
                    self._more.wait()
                if self._closed:
                    return
                key, task = self._waiting.popleft()
            self._over.put(carry_out(key, task))
            self._on_done()
