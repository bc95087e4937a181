"""Ask libjack what RtMidi does not tell: whether the server still runs, and which ports are
connected.

After the server's death rtmidi still lists the old ports; a port out fills its buffer (16 KB) and
then holds up the whole process for ever; a client made before the old ones are closed crashes it.
So: every user of rtmidi on JACK calls `hold` first and `release` when its client is deleted, and
closes as soon as `is_lost`.
"""

from __future__ import annotations

import ctypes
import ctypes.util
import itertools
import threading
from errno import EEXIST
from pathlib import Path
from typing import Any

from composer.errors import PortError

CLIENT = b"composer-watch"
# JackNoStartServer: ask a server that runs, never start one.
NO_START_SERVER = 1
_SHUTDOWN = ctypes.CFUNCTYPE(None, ctypes.c_void_p)


class _Watch:
    """A JACK client of its own that is told when the server ends."""

    def __init__(self) -> None:
        self.lost = False
        # kept: libjack holds no reference.
        self._on_shutdown = _SHUTDOWN(self._shut_down)
        self._library = _library()
        self._client: int | None = None
        if self._library is not None:
            _be_quiet(self._library)
            self._client = self._library.jack_client_open(CLIENT, NO_START_SERVER, None)
        if self._client:
            self._library.jack_on_shutdown(self._client, self._on_shutdown, None)

    def _shut_down(self, _argument: Any) -> None:
        # In libjack's thread: no more than that.
        self.lost = True

    def connections(self, port: bytes) -> set[str]:
        handle = (
            self._library.jack_port_by_name(self._client, port)
            if self._client
            else None
        )
        names = (
            self._library.jack_port_get_all_connections(self._client, handle)
            if handle
            else None
        )
        if not names:
            return set()
        found = {
            name.decode(errors="replace") for name in itertools.takewhile(bool, names)
        }
        self._library.jack_free(names)
        return found

    def connect(self, source: bytes, destination: bytes) -> bool:
        return bool(self._client) and self._library.jack_connect(
            self._client, source, destination
        ) in (0, EEXIST)

    def close(self) -> None:
        if self._client:
            self._library.jack_client_close(self._client)
            self._client = None


_lock = threading.Lock()
_users = 0
_watch: _Watch | None = None


def hold() -> None:
    """Say that an rtmidi client on JACK is about to be made, and watch the server from now on.

    Raise PortError if the server went away and clients of the old one are still open: try again
    later.
    """
    global _users, _watch
    with _lock:
        if is_lost():
            raise PortError(
                f"JACK's server went away; its {_users} open MIDI clients are being closed, try again"
            )
        if _watch is None:
            _watch = _Watch()
        _users += 1


def release() -> None:
    """Say that an rtmidi client on JACK is deleted; with the last one the watch ends."""
    global _users, _watch
    with _lock:
        _users -= 1
        if _users == 0 and _watch is not None:
            _watch.close()
            _watch = None


def is_lost() -> bool:
    """Tell whether the JACK server of this process's clients has ended: every one of them must be
    closed now.
    """
    watch = _watch
    return watch is not None and watch.lost


def connections(port: str) -> set[str]:
    """Return the names of the ports that are connected to that one; none if libjack cannot say."""
    with _lock:
        if _watch is None or _watch.lost:
            return set()
        return _watch.connections(port.encode())


def connect(source: str, destination: str) -> bool:
    """Connect two ports that are there. Return True if they are connected now.

    Other threads run on meanwhile. Not so while rtmidi opens a client: it holds Python's lock until
    JACK has been round its graph, in which a port in may wait for that lock to tell of a key; then
    JACK gives up, and keys are lost.
    """
    with _lock:
        return (
            _watch is not None
            and not _watch.lost
            and _watch.connect(source.encode(), destination.encode())
        )


def _library() -> Any:
    """Load libjack: the copy that RtMidi has loaded (its wheel brings one), else the system's. None
    without one.
    """
    try:
        maps = (
            Path("/proc/self/maps")
            .read_text(encoding="utf-8", errors="replace")
            .splitlines()
        )
        loaded = next(
            (line[line.index("/") :] for line in maps if "/libjack" in line), None
        )
    except OSError:  # not Linux
        loaded = None
    name = loaded or ctypes.util.find_library("jack")
    try:
        library = ctypes.CDLL(name) if name else None
        if library is not None:
            library.jack_client_open.restype = ctypes.c_void_p
            library.jack_client_open.argtypes = [
                ctypes.c_char_p,
                ctypes.c_int,
                ctypes.c_void_p,
            ]
            library.jack_on_shutdown.argtypes = [
                ctypes.c_void_p,
                _SHUTDOWN,
                ctypes.c_void_p,
            ]
            library.jack_client_close.argtypes = [ctypes.c_void_p]
            library.jack_port_by_name.restype = ctypes.c_void_p
            library.jack_port_by_name.argtypes = [ctypes.c_void_p, ctypes.c_char_p]
            library.jack_port_get_all_connections.restype = ctypes.POINTER(
                ctypes.c_char_p
            )
            library.jack_port_get_all_connections.argtypes = [
                ctypes.c_void_p,
                ctypes.c_void_p,
            ]
            library.jack_free.argtypes = [ctypes.c_void_p]
            library.jack_connect.argtypes = [
                ctypes.c_void_p,
                ctypes.c_char_p,
                ctypes.c_char_p,
            ]
    except (OSError, AttributeError):
        return None
    return library


def _be_quiet(library: Any) -> None:
    """Keep libjack from writing on stderr, over the player's screen: what matters reaches us as
    exceptions.
    """
    try:
        # A C function, because libjack may call it when Python has ended; strlen reads the text,
        # and that is all.
        nothing = ctypes.cast(ctypes.CDLL(None).strlen, ctypes.c_void_p)
        library.jack_set_error_function(nothing)
        library.jack_set_info_function(nothing)
    except (AttributeError, OSError, TypeError):
        # TypeError: Windows has no library None.
        pass
