"""The screen in a process of its own: Python runs one thread at a time, so drawing here would hold
up what plays there.

It is a client of the session's server, like any other: all that goes between them is JSON.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import replace
from pathlib import Path
from queue import SimpleQueue
from typing import Any, Final

from composer.config import from_dict, to_dict
from composer.errors import Mend
from composer.live import messages
from composer.live.server import Served
from composer.live.session.state import State
from composer.terminal.play.app import StageApp, StageConfig

STAGE: Final = (
    "COMPOSER_STAGE"  # of the environment: the address, which is secret, and the config
)
POLITE: Final = 10  # a picture may be late, a note may not
LONGEST: Final = 2**24  # bytes of a state; a long phrase has thousands of notes
GREETING: Final = 10.0  # seconds for the first state to come


def show_apart(session: Served, config: StageConfig) -> int:
    """Show a session on a screen in a process of its own until that ends.

    Return its exit status, 0 for quit.
    """
    from composer.live.server import Server

    with Server(session, config.models, frames=config.frames) as server:
        screen = _start(server.address, config)
        try:
            return screen.wait()
        finally:
            if screen.poll() is None:
                screen.terminate()  # it leaves the terminal as it was
                screen.wait()


def _start(address: str, config: StageConfig) -> subprocess.Popen[bytes]:
    """Start the process of the screen."""
    paths = [str(Path(__file__).parents[3]), os.environ.get("PYTHONPATH", "")]
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(path for path in paths if path),
        # Not an argument: those can be read by all users of the machine.
        STAGE: json.dumps({"address": address, "config": to_dict(config)}),
    }
    command = [sys.executable, "-m", "composer.terminal.play"]
    # It draws on stderr: on ours, as descriptor 2 may lead nowhere, so that C libraries keep quiet
    # here.
    return subprocess.Popen(command, env=environment, stderr=_own_stderr())


def _own_stderr() -> int | None:
    """Return the descriptor of Python's stderr; None if it has none, and the child takes what this
    process has.
    """
    try:
        return sys.stderr.fileno()
    except (AttributeError, OSError, ValueError):
        return None


class Remote:
    """A session as its clients see it: what is asked for here is done there, and errors come later.

    on_error: is told what went wrong, and the way out if there is one. on_end: is called when the
    session is gone. Both are called by `state`, in the thread of the screen.
    """

    def __init__(
        self, address: str, clock: Callable[[], float] = time.monotonic
    ) -> None:
        from websockets.sync.client import connect

        self.on_error: Callable[[str, Mend | None], object] = print
        self.on_end: Callable[[], object] = lambda: None
        self._clock = clock
        self._document: messages.Document = {}
        self._state = State()
        # Of the session's clock, seconds behind this one; of several messages the fastest knows it
        # best.
        self._behind = float("inf")
        self._errors: SimpleQueue[tuple[str, Mend | None]] = SimpleQueue()
        self._greeted = threading.Event()
        self._is_over = threading.Event()
        self._open = ExitStack()
        self._connection = self._open.enter_context(
            connect(
                address,
                compression=None,
                max_size=LONGEST,
                ping_interval=None,
                proxy=None,
            )
        )
        self._thread = threading.Thread(
            target=self._listen, name="composer-client", daemon=True
        )
        self._thread.start()
        self._greeted.wait(GREETING)

    def state(self) -> State:
        """Return the state of now: the latest one, and the time that has passed since."""
        while not self._errors.empty():
            self.on_error(*self._errors.get())
        if self._is_over.is_set():
            self.on_end()
        return self._state.at(self._clock() - self._behind)

    def do(self, name: str, argument: Any = None) -> None:
        """Do a command of the table."""
        self._say(
            {"do": name} if argument is None else {"do": name, "argument": argument}
        )

    def press(self, pitch: int, velocity: int) -> None:
        """Strike a key."""
        self._say({"press": pitch, "velocity": velocity})

    def release(self, pitch: int) -> None:
        """Let it go."""
        self._say({"release": pitch})

    def close(self) -> None:
        """Leave the session."""
        self._open.close()

    def _say(self, values: dict[str, Any]) -> None:
        from websockets.exceptions import ConnectionClosed

        with suppress(ConnectionClosed, OSError):
            self._connection.send(json.dumps({"v": messages.VERSION, **values}))

    def _listen(self) -> None:
        from websockets.exceptions import ConnectionClosed

        with suppress(ConnectionClosed, OSError):
            for text in self._connection:
                self._take(json.loads(text))
        self._is_over.set()

    def _take(self, message: dict[str, Any]) -> None:
        if message["type"] == "error":
            mend = message["mend"]
            self._errors.put((message["text"], None if mend is None else Mend(**mend)))
        elif message["type"] in ("hello", "state"):
            self._change(message["state"])
            seconds = message.get("seconds", self._document["clock"]["seconds"])
            self._behind = min(self._behind, self._clock() - seconds)
            self._greeted.set()

    def _change(self, changed: messages.Document) -> None:
        self._document = {**self._document, **changed}
        # Notes that are as they were stay the same ones: they are many, and the screen draws only
        # others again.
        same = [name for name in messages.NOTES if name not in changed]
        without = messages.state_of({**self._document, **{name: [] for name in same}})
        self._state = replace(
            without, **{name: getattr(self._state, name) for name in same}
        )


def main() -> None:
    """Be the screen of the session whose address the environment has."""
    given = json.loads(os.environ.pop(STAGE))
    config = from_dict(StageConfig, given["config"])
    remote = Remote(given["address"])
    app = StageApp(remote, config)
    remote.on_error = app.refuse
    remote.on_end = app.exit
    # Windows has no such thing.
    if hasattr(os, "nice"):
        os.nice(POLITE)
    app.run()
    remote.close()
    sys.exit(app.return_code or 0)
