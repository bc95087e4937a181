"""The screen in a process of its own: Python runs one thread at a time, so drawing here would hold up what plays there.

What goes through the pipe: states one way, the names of methods and their arguments the other.
"""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import replace
from multiprocessing.connection import Client, Connection, Listener
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast

from composer.errors import ComposerError
from composer.terminal.play.keys import Player

if TYPE_CHECKING:
    from composer.live.session.state import ShownNote, State
    from composer.terminal.play.app import StageConfig

KEY: Final = "COMPOSER_STAGE_KEY"  # of the environment, for this pipe alone
METHODS: Final = frozenset(("do", "press", "release"))
POLITE: Final = 10  # a picture may be late, a note may not
START: Final = 0.05  # seconds between looks at whether the screen has come up
Notes = tuple["tuple[ShownNote, ...]", "tuple[ShownNote, ...]"]


def show_apart(player: Player, config: StageConfig) -> int:
    """Show a session on a screen in a process of its own until that ends; its exit status, 0 where one has quit."""
    secret = secrets.token_bytes(32)
    with Listener(authkey=secret) as listener:
        path = os.pathsep.join(
            filter(None, [str(Path(__file__).parents[3]), os.environ.get("PYTHONPATH")])
        )
        environment = {**os.environ, KEY: secret.hex(), "PYTHONPATH": path}
        command = [sys.executable, "-m", "composer.terminal.play", str(listener.address)]
        # It draws on stderr: on ours, as descriptor 2 may lead nowhere, so that C libraries keep quiet here.
        screen = subprocess.Popen(command, env=environment, stderr=_own_stderr())
        try:
            connection = _accepted(listener, screen)
            if connection is not None:
                with connection:
                    connection.send(config)
                    serve(player, connection, config.frames)
            return screen.wait()
        finally:
            if screen.poll() is None:
                screen.terminate()  # it leaves the terminal as it was
                screen.wait()


def _own_stderr() -> int | None:
    """The descriptor of Python's stderr; None where it has none, and the child takes what this process has."""
    try:
        return sys.stderr.fileno()
    except (AttributeError, OSError, ValueError):
        return None


def _accepted(listener: Listener, screen: subprocess.Popen[bytes]) -> Connection | None:
    """The pipe to the screen; None where its process ends before it asks for one."""
    found: list[Connection] = []
    thread = threading.Thread(target=lambda: found.append(listener.accept()), daemon=True)
    thread.start()
    while thread.is_alive() and screen.poll() is None:
        thread.join(START)
    return found[0] if found else None


def serve(player: Player, connection: Connection, frames: int) -> None:
    """Send the states of a session and do what comes back, until the other end closes."""
    last: State | None = None
    notes: Notes | None = None
    try:
        while True:
            wait = 1.0 / frames
            while connection.poll(wait):
                _do(player, connection, *connection.recv())
                wait = 0.0
            state = player.state()
            if state != last:
                connection.send(("state", *_packed(state, notes)))
                last, notes = state, (state.melody, state.accompaniment)
    except (EOFError, OSError):
        return


def _do(player: Player, connection: Connection, name: str, arguments: tuple[Any, ...]) -> None:
    """Call a method of the session; what the player can mend is sent back."""
    try:
        if name in METHODS:
            getattr(player, name)(*arguments)
    except (ComposerError, OSError) as error:
        connection.send(("error", str(error) or type(error).__name__))


def _packed(state: State, before: Notes | None) -> tuple[State, list[list[tuple[Any, ...]]] | None]:
    """A state without its notes, and these as plain tuples, which pack faster; None where they are those of before."""
    thin = replace(
        state, melody=(), accompaniment=(), knobs=dict(state.knobs), latencies=dict(state.latencies)
    )
    notes = (state.melody, state.accompaniment)
    if notes == before:
        return thin, None
    return thin, [[(n.onset, n.end, n.pitch, n.voice, n.ahead) for n in part] for part in notes]


class Remote:
    """The session as its screen sees it: a method that is called here is called there; errors come later.

    on_error: is told what went wrong. on_end: is called once when the session's process is gone.
    """

    def __init__(self, connection: Connection) -> None:
        from composer.live.session.state import State

        self.on_error: Callable[[str], object] = print
        self.on_end: Callable[[], object] = lambda: None
        self._connection = connection
        self._state, self._notes = State(), ((), ())  # type: State, Notes

    def state(self) -> State:
        """The latest that has come."""
        try:
            while self._connection.poll():
                self._take(*self._connection.recv())
        except (EOFError, OSError):
            self.on_end()
        return self._state

    def _take(self, kind: str, *what: Any) -> None:
        from composer.live.session.state import ShownNote

        if kind == "error":
            self.on_error(*what)
            return
        thin, notes = what
        if notes is not None:
            melody, accompaniment = (tuple(ShownNote(*note) for note in part) for part in notes)
            self._notes = (melody, accompaniment)
        self._state = replace(thin, melody=self._notes[0], accompaniment=self._notes[1])

    def __getattr__(self, name: str) -> Callable[..., None]:
        if name not in METHODS:
            raise AttributeError(name)
        return lambda *arguments: self._call(name, arguments)

    def _call(self, name: str, arguments: tuple[Any, ...]) -> None:
        try:
            self._connection.send((name, arguments))
        except OSError:
            self.on_end()


def main(address: str) -> None:
    """Be the screen of the session behind a pipe."""
    from composer.terminal.play.app import StageApp

    with Client(address, authkey=bytes.fromhex(os.environ.pop(KEY))) as connection:
        config: StageConfig = connection.recv()
        remote = Remote(connection)
        app = StageApp(cast(Player, remote), config)
        remote.on_error = lambda text: app.say(text, True)
        remote.on_end = app.exit
        if hasattr(os, "nice"):
            os.nice(POLITE)
        app.run()
        sys.exit(app.return_code or 0)
