"""A session on a WebSocket of this machine; see `composer.live.messages` for what is said.

A WebSocket and not a pipe: a browser speaks it, it has messages and not only bytes, and the library
is small. Nothing here lies on the way from a key of the keyboard to its sound: the session's thread
knows of no client. A client is two threads. One reads what it asks for, and no faster than a
session can do it. The other sends the newest state whenever the client has taken the one before, so
that a slow client misses states and never makes a queue.
"""

from __future__ import annotations

import hmac
import secrets
import socket
import threading
from collections.abc import Iterator
from contextlib import suppress
from http import HTTPStatus
from time import monotonic, sleep
from typing import Any, Final, Protocol
from urllib.parse import parse_qs, urlsplit

from composer.errors import ComposerError, ConfigError
from composer.live import messages
from composer.live.messages import Asked, Document
from composer.live.session.state import State

HOST: Final = "127.0.0.1"
MOST_CLIENTS: Final = 8
FRAMES: Final = 20  # states a second, at most
PER_SECOND: Final = (
    200  # messages of a client that are taken; of one that sends more the rest waits
)
WAITING: Final = (
    16  # messages of a client that wait here; more of them wait in the client
)
PATIENCE: Final = 30.0  # seconds in which a client takes a state, before it is given up
OPENING: Final = 2.0  # seconds for a client to say who it is
CLOSING: Final = 1.0  # seconds for a client to say goodbye
LOOK: Final = 0.25  # seconds between looks at whether the server is closed
TOKEN_BYTES: Final = 32


class Served(Protocol):
    """A session as its clients know it: the real one, or one in another process.

    Its methods return at once and may be called from any thread.
    """

    def state(self) -> State:
        """Return what there is to draw."""

    def do(self, name: str, argument: Any = None) -> None:
        """Do a command."""

    def press(self, pitch: int, velocity: int) -> None:
        """Strike a key."""

    def release(self, pitch: int) -> None:
        """Let it go."""


class Server:
    """Serve a session to clients of this machine until closed; `with Server(session) as server`.

    models: names that clients may offer for the command "model". token: what a client has to know;
    a new one without.
    """

    def __init__(
        self,
        session: Served,
        models: tuple[str, ...] = (),
        token: str | None = None,
        frames: int = FRAMES,
    ) -> None:
        self._session = session
        self._models = models
        self._token = token or secrets.token_urlsafe(TOKEN_BYTES)
        self._frame = 1.0 / frames
        self._clients: set[_Client] = set()
        self._lock = threading.Lock()
        self._closed = threading.Event()
        self._server = _listen(self)
        self._threads = [
            threading.Thread(target=self._server.serve_forever, name="composer-server"),
            threading.Thread(target=self._look, name="composer-states"),
        ]
        for thread in self._threads:
            thread.start()

    @property
    def address(self) -> str:
        """The address of the server, with the token: a client that knows it can play."""
        port = self._server.socket.getsockname()[1]
        return f"ws://{HOST}:{port}/?token={self._token}"

    def knows(self, path: str) -> bool:
        """Return True if the path of a request has the token."""
        given = parse_qs(urlsplit(path).query).get("token", [""])[0]
        return hmac.compare_digest(given.encode(), self._token.encode())

    def is_full(self) -> bool:
        """Return True if there are as many clients as there may be."""
        return len(self._clients) >= MOST_CLIENTS

    def serve(self, connection: Any) -> None:
        """Talk to a client until one of both ends it; in a thread of its own."""
        client = _Client(connection, self._session, self._models)
        with self._lock:
            # The request was looked at before; since then others may have come.
            is_welcome = not self.is_full() and not self._closed.is_set()
            if is_welcome:
                self._clients.add(client)
        if not is_welcome:
            return
        try:
            client.talk()
        finally:
            with self._lock:
                self._clients.discard(client)

    def close(self) -> None:
        """Say goodbye to all clients, and end; a second time does nothing."""
        if self._closed.is_set():
            return
        self._closed.set()
        # All are told before one is waited for: together they take no longer than the slowest.
        with self._lock:
            clients = list(self._clients)
        for client in clients:
            client.cut_soon()
        for client in clients:
            client.close()
        self._server.shutdown()
        for thread in self._threads:
            thread.join(5)

    def _look(self) -> None:
        """Show the state of the session to the clients, again and again."""
        state: State | None = None
        document: Document | None = None
        while not self._closed.wait(self._frame):
            with self._lock:
                clients = list(self._clients)
            # Nobody looks: the session is left in peace.
            if not clients:
                continue
            before = state
            state = self._session.state()
            document = messages.document_of(state, before, document)
            for client in clients:
                client.show(document)

    def __enter__(self) -> Server:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _listen(server: Server) -> Any:
    """Open a port of this machine that asks for the token.

    The library is loaded here: it takes a tenth of a second.
    """
    from websockets.sync.server import serve

    def refuse(connection: Any, request: Any) -> Any:
        if not server.knows(request.path):
            return connection.respond(
                HTTPStatus.UNAUTHORIZED, "the token is missing or wrong\n"
            )
        if server.is_full():
            return connection.respond(
                HTTPStatus.SERVICE_UNAVAILABLE, "too many clients\n"
            )
        return None

    return serve(
        server.serve,
        HOST,
        0,
        process_request=refuse,
        # On one machine there is nothing to gain from packing.
        compression=None,
        max_size=messages.LONGEST,
        max_queue=WAITING,
        # Every state is followed by a ping.
        ping_interval=None,
        open_timeout=OPENING,
        close_timeout=CLOSING,
    )


class _Client:
    """One client: `talk` reads what it asks for, a thread beside it sends the states."""

    def __init__(
        self, connection: Any, session: Served, models: tuple[str, ...]
    ) -> None:
        self._connection = connection
        self._session = session
        self._models = models
        self._newest: Document | None = None
        self._news = threading.Condition()
        self._is_over = False
        # Keys that it holds down: they must not sound on when it dies.
        self._down: set[int] = set()

    def show(self, document: Document) -> None:
        """Have the newest state sent, in place of one that was not sent yet."""
        with self._news:
            self._newest = document
            self._news.notify()

    def talk(self) -> None:
        """Do what the client asks for until it goes, or is gone."""
        from websockets.exceptions import ConnectionClosed

        sender = threading.Thread(
            target=self._send_states, name="composer-client", daemon=True
        )
        sender.start()
        try:
            for text in self._paced():
                answer = self._answer(text)
                if answer:
                    self._connection.send(answer)
        except ConnectionClosed:
            # It died, or broke a rule of the transport, like the size of a message.
            pass
        finally:
            # It can let go of nothing any more.
            for pitch in self._down:
                self._session.release(pitch)
            self.close()
            sender.join(PATIENCE)

    def close(self) -> None:
        """Say goodbye, and hang up if the client does not answer."""
        with self._news:
            self._is_over = True
            self._news.notify()
        self.cut_soon()
        self._connection.close()

    def cut_soon(self) -> None:
        """Hang up in a moment.

        A message that is being sent to a client that takes nothing would wait for ever.
        """
        timer = threading.Timer(CLOSING, self._cut)
        timer.daemon = True
        timer.start()

    def _cut(self) -> None:
        with suppress(OSError):
            self._connection.socket.shutdown(socket.SHUT_RDWR)

    def _paced(self) -> Iterator[str | bytes]:
        """Give the messages of the client, PER_SECOND at most."""
        began = monotonic()
        count = 0
        for text in self._connection:
            yield text
            count += 1
            passed = monotonic() - began
            if passed >= 1.0:
                began += passed
                count = 0
            elif count >= PER_SECOND:
                sleep(1.0 - passed)

    def _answer(self, text: str | bytes) -> str:
        """Do what a message asks for, and return the answer, "" if there is none."""
        number = None
        try:
            asked = messages.read(text)
            number = asked.number
            self._do(asked)
        except (ComposerError, OSError) as error:
            return messages.refused(error, number)
        except Exception as error:  # a client must not learn how to end the thread
            return messages.refused(
                ConfigError(f"{type(error).__name__}: {error}"), number
            )
        return "" if number is None else messages.done(number)

    def _do(self, asked: Asked) -> None:
        if asked.name == "press" and asked.is_key:
            self._down.add(asked.argument)
            self._session.press(asked.argument, asked.velocity)
        elif asked.is_key:
            self._down.discard(asked.argument)
            self._session.release(asked.argument)
        else:
            self._session.do(asked.name, asked.argument)

    def _send_states(self) -> None:
        """Send the whole state, and then again and again what is new in the newest one."""
        from websockets.exceptions import ConnectionClosed

        known = messages.document_of(self._session.state())
        with suppress(ConnectionClosed):
            self._connection.send(messages.hello(known, self._models))
            while (document := self._wait_for_news()) is not None:
                text = messages.news(known, document, document["clock"]["seconds"])
                if text:
                    self._connection.send(text)
                    # The system would buffer seconds of states for a client that is slow.
                    self._wait_until_taken()
                known = messages.known(known, document)

    def _wait_for_news(self) -> Document | None:
        """Return the newest state that was not sent, or None at the end."""
        with self._news:
            while self._newest is None and not self._is_over:
                self._news.wait()
            document = self._newest
            self._newest = None
            return None if self._is_over else document

    def _wait_until_taken(self) -> None:
        """Wait until the client has taken all that was sent, which its answer to a ping says."""
        taken = self._connection.ping()
        until = monotonic() + PATIENCE
        while not taken.wait(LOOK) and not self._is_over:
            if monotonic() > until:
                self._connection.close()
                return
