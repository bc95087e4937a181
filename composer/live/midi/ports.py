"""MIDI ports of this machine: listed, chosen by name, opened, watched. No music is known here."""

from __future__ import annotations

import os
import re
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Any, TypeVar

from composer.errors import PortError
from composer.live.midi import jack
from composer.live.midi.backend import SYSTEMS, DriverPort, driver

MEND_SYSTEM = {
    "linux": "; load ALSA's sequencer (modprobe snd-seq) or start JACK (jackd)"
}
# ALSA's own port, always there and never a keyboard.
LOOPBACK = "midi through"

# rtmidi counts the ports and then asks for each: one that comes or goes meanwhile hides another, or
# raises. So a port
# counts as gone after LOOKS looks; the seconds BETWEEN them let this thread begin a new slice of
# time.
LOOKS = 5
BETWEEN = 0.002
# Seconds in which a driver's call that has begun comes to its end.
LAST_CALL = 0.02
# At most; where libjack cannot say who is connected, all of it.
JOIN_SECONDS = 1.0
# Others see a virtual output as Composer:arrangement.
VIRTUAL_CLIENT = "Composer"
VIRTUAL_PORT = "arrangement"
# What rtmidi calls its own end of a connection, ours as that of any program: others see it as a
# port.
_CONNECTION = re.compile(r"rtmidi(in|out) client(-\d+)?:rtmidi (in|out)put")
_VIRTUAL = re.compile(rf"{VIRTUAL_CLIENT}(-\d+)?:.*")

Callback = Callable[[Any], None]
P = TypeVar("P", bound="_Port")


@dataclass(frozen=True, slots=True)
class Ports:
    """Names of the MIDI inputs and outputs, and the `api` (alsa, jack, coremidi, winmm) that knows
    them.
    """

    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    api: str


class _Port:
    """An open MIDI port, and a client of its own that watches whether the other side is there.

    own: on JACK its own name, where it is known: with that it can be connected again.
    """

    def __init__(
        self,
        port: DriverPort,
        watcher: DriverPort,
        api: str,
        name: str,
        own: str | None = None,
    ) -> None:
        self.name = name
        self.api = api
        self._own = own
        self._port = port
        self._watcher = watcher
        self._is_open = True
        # A client must not be freed while another thread asks it.
        self._lock = threading.Lock()

    def is_there(self) -> bool:
        """Tell whether the other side still exists (for a virtual port: its MIDI system); takes
        about 0.25 ms.
        """
        for look in range(LOOKS):
            if look:
                time.sleep(BETWEEN)
            if self._sees():
                return True
        return False

    def _sees(self) -> bool:
        try:
            return self.name in self._others()
        except Exception:
            # A MIDI server that died is a port that is gone.
            return False

    def found(self) -> str | None:
        """Return what the port is called now (ALSA numbers it again after a replug); None while it
        is away.
        """
        try:
            return choose(self.name, self._others())
        except Exception:
            return None

    def _others(self) -> list[str]:
        """Return the ports that could be the other side; none once this one is closed, for its
        watcher is freed then.
        """
        with self._lock:
            return self._watcher.names() if self._is_open and not self.is_lost() else []

    def rejoin(self, name: str) -> bool:
        """Connect to the other side that is there again as `name`. Return False if the port has to
        be opened again.
        """
        if (
            self._own is None
            or self.is_lost()
            or not jack.connect(*self._way(self._own, name))
        ):
            return False
        self.name = name
        return True

    @staticmethod
    def _way(own: str, name: str) -> tuple[str, str]:
        """Return the names (from, to) of a connection."""
        return own, name

    def close(self) -> None:
        """Close the port; a second time does nothing."""
        with self._lock:
            if not self._is_open:
                return
            self._is_open = False
            try:
                self._end()
            finally:
                _delete(self._watcher, self.api)

    def _end(self) -> None:
        self._port.close()
        self._port.delete()

    def is_lost(self) -> bool:
        """Tell whether the MIDI system itself has ended, with all its ports (known of JACK): close
        it, or all hangs.
        """
        return self.api == "jack" and jack.is_lost()

    def __enter__(self: P) -> P:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self.close()


class _Listener:
    """Turn a driver's bytes into mido messages for whoever listens now.

    The driver calls this one object for good. Exchanging the driver's own callback would free the
    old one, while the driver's thread may be waiting for Python's lock in order to call it.
    """

    def __init__(self, tell: Callback) -> None:
        # Imported before the first key: it takes 50 ms, by which that key would be stamped late.
        from mido import Message

        self.tell = tell
        self._parse = Message.from_bytes

    def __call__(self, data: Sequence[int]) -> None:
        try:
            message = self._parse(data)
        except ValueError:
            # Bytes that are no message are left out.
            return
        self.tell(message)


class InputPort(_Port):
    """An open MIDI input; its listener gets each mido message in the driver's thread, and must not
    hold that up.

    A source that goes away raises nothing and sends no note-off: ask `is_there`, and close the port
    then.
    """

    def __init__(
        self,
        port: DriverPort,
        watcher: DriverPort,
        api: str,
        name: str,
        listener: _Listener,
        own: str | None = None,
    ) -> None:
        super().__init__(port, watcher, api, name, own)
        self._listener = listener

    @staticmethod
    def _way(own: str, name: str) -> tuple[str, str]:
        return name, own

    def _end(self) -> None:
        """Close, wait, and only then free: the driver's thread may be in a call that still waits
        for Python's lock.
        """
        self._listener.tell = _ignore
        self._port.close()
        time.sleep(LAST_CALL)
        self._port.delete()

    def listen(self, callback: Callback | None) -> None:
        """Give each message from now on to `callback`; None drops them."""
        self._listener.tell = callback or _ignore


class OutputPort(_Port):
    """An open MIDI output. A destination that goes away raises nothing: ask `is_there`, and close
    the port then.
    """

    def __init__(
        self,
        port: DriverPort,
        watcher: DriverPort,
        api: str,
        name: str,
        own: str | None = None,
    ) -> None:
        super().__init__(port, watcher, api, name, own)
        # RtMidi takes one message at a time.
        self._sending = threading.Lock()

    def send(self, message: Any) -> None:
        """Send a mido message now; where JACK's server has ended it is dropped (rtmidi would wait
        for ever).
        """
        if not self.is_lost():
            with self._sending:
                self._port.send(message.bytes())


def list_ports(api: str | None = None) -> Ports:
    """Return the MIDI ports that there are now; the lists may be empty.

    api: alsa, jack, coremidi, winmm; None or "auto" for this system's own, on Linux ALSA, then
    JACK. Raise PortError if the MIDI system is missing or not running.
    """
    found, watcher = _system(api, "in")
    try:
        with _quiet():
            other = driver()(found, "out")
        ports = Ports(tuple(_names(watcher)), tuple(_names(other)), found)
        other.delete()
    finally:
        _delete(watcher, found)
    return ports


def open_input(
    name: str | None = None, api: str | None = None, callback: Callback | None = None
) -> InputPort:
    """Open the input called `name`; a part of the name in any case will do if only one port has it.

    name: None takes the only input there is. api: as in `list_ports`.
    Raise PortError if there is no port, none of that name (it names those there are), or several.
    """
    found, watcher = _system(api, "in")
    with _opening(watcher, found, f"MIDI input {name!r}"):
        chosen = choose(name, _names(watcher))
        listener = _Listener(callback or _ignore)
        port, own = _joined(
            found, chosen, lambda: _open_port(found, "in", chosen, listener)
        )
        return InputPort(port, watcher, found, chosen, listener, own)


def open_output(
    name: str | None = None, api: str | None = None, virtual: bool = False
) -> OutputPort:
    """Open the output called `name`, chosen as `open_input` chooses; or a new one that other
    programs can open.

    virtual: makes a port `name` (None: VIRTUAL_PORT) of the client VIRTUAL_CLIENT, which any number
    may listen to. Raise PortError as `open_input` does, and for a virtual port if the system has
    none (Windows).
    """
    # To others a virtual output is a source: the watcher looks among those.
    found, watcher = _system(api, "in" if virtual else "out")
    with _opening(watcher, found, f"MIDI output {name!r}"):
        before = _names(watcher)
        if not virtual:
            chosen = choose(name, before, "output")
            port, own = _joined(found, chosen, lambda: _open_port(found, "out", chosen))
            return OutputPort(port, watcher, found, chosen, own)
        if found == "winmm":
            raise PortError(
                "Windows has no virtual MIDI ports: install loopMIDI, make a port there, give its "
                "name"
            )
        called = name or VIRTUAL_PORT
        port = _open_virtual(found, called)
        made = next((n for n in _names(watcher) if n not in before), called)
        return OutputPort(port, watcher, found, made)


def _open_port(
    api: str, way: str, name: str, listener: _Listener | None = None
) -> DriverPort:
    """Open the port `name` with a client of its own, which is deleted if that fails."""
    port = driver()(api, way)
    try:
        port.open(name)
        if listener is not None:
            port.listen(listener)
    except BaseException:
        port.delete()
        raise
    return port


def _open_virtual(api: str, name: str) -> DriverPort:
    """Open an output `name` of the client VIRTUAL_CLIENT, which is deleted if that fails."""
    port = driver()(api, "out", VIRTUAL_CLIENT)
    try:
        port.open_virtual(name)
    except BaseException:
        port.delete()
        raise
    return port


@contextmanager
def _opening(watcher: DriverPort, api: str, what: str) -> Iterator[None]:
    """Open a port quietly within this block; if that fails the watcher is deleted."""
    try:
        with _quiet():
            yield
    except BaseException as error:
        # A client left behind holds up JACK when it ends.
        _delete(watcher, api)
        if isinstance(error, OSError | ValueError):
            # The driver's own, by their kind.
            raise PortError(
                f"{what} does not open ({error}); another program may hold it"
            ) from error
        raise


def _joined(
    api: str, other: str, open_port: Callable[[], DriverPort]
) -> tuple[DriverPort, str | None]:
    """Return the port that `open_port` opens and, on JACK, its own name: the new one that is
    connected to `other`.

    JACK shows a connection with its next cycle only, which comes late on a busy machine: so it is
    waited for.
    """
    if api != "jack":
        return open_port(), None
    before = jack.connections(other)
    port = open_port()
    deadline = time.monotonic() + JOIN_SECONDS
    while not (new := jack.connections(other) - before) and time.monotonic() < deadline:
        time.sleep(BETWEEN)
    return port, new.pop() if len(new) == 1 else None


def _delete(client: DriverPort, api: str) -> None:
    """Delete the client that `_system` made."""
    client.delete()
    if api == "jack":
        jack.release()


def _names(client: DriverPort) -> list[str]:
    """Return the names of the ports that a client sees, asked again if that fails because one has
    just gone.
    """
    for _ in range(LOOKS - 1):
        with suppress(ValueError):
            # RtMidi's InvalidPortError.
            return client.names()
    return client.names()


def choose(name: str | None, names: Sequence[str], kind: str = "input") -> str:
    """Return the one of `names` that `name` means: equal, else equal but for case and ALSA's
    numbers, else a part.

    kind: "input" or "output", for the words of an error.
    """
    if name in names:
        return str(name)
    names = [other for other in names if not _CONNECTION.fullmatch(plain(other))]
    if not names:
        device = {
            "input": "plug the keyboard in",
            "output": "switch the instrument on, or use a virtual port,",
        }[kind]
        raise PortError(f"no MIDI {kind} found: {device} and try again")
    wanted = plain(name or "")
    matches = _fitting(wanted, names)
    if len(matches) == 1:
        return matches[0]
    raise PortError(_not_chosen(name if wanted else None, kind, names, matches))


def _fitting(wanted: str, names: Sequence[str]) -> list[str]:
    """Return the names that equal a plain name, else those that have it in them; of "" all
    instruments.
    """
    if not wanted:
        return [name for name in names if is_instrument(name)]
    equal = [name for name in names if plain(name) == wanted]
    # "Port 1" is a part of "Port 10": a part counts only if no name is equal.
    return equal or [name for name in names if wanted in plain(name)]


def _not_chosen(
    name: str | None, kind: str, names: Sequence[str], matches: Sequence[str]
) -> str:
    listed = ", ".join(repr(n) for n in matches or names)
    if name is not None and matches:
        return f"the name {name!r} fits {len(matches)} MIDI {kind}s, give more of it: {listed}"
    if name is not None:
        return f"no MIDI {kind} is called {name!r}; there is: {listed}"
    if matches:
        return f"there are {len(matches)} MIDI {kind}s, name one: {listed}"
    what = "keyboard" if kind == "input" else "instrument"
    return f"no {what} found, only ALSA's loopback or Composer's own ports: {listed}"


def is_instrument(name: str) -> bool:
    """Tell whether a port may be an instrument: no loopback, and none that a Composer has made.

    Those are the ports of this process and of any other that runs Composer.
    """
    known = _CONNECTION.fullmatch(plain(name)) or _VIRTUAL.fullmatch(name)
    return known is None and LOOPBACK not in name.casefold()


def _ignore(_message: Any) -> None:
    pass


def plain(name: str) -> str:
    """Return a name without case and without ALSA's numbers, which change when a keyboard is
    plugged in again.
    """
    return re.sub(r"\s+\d+:\d+$", "", name.strip()).casefold()


def _system(api: str | None, way: str) -> tuple[str, DriverPort]:
    """Return the name of the first MIDI system that answers, and a client of it ("in" or "out")
    with no port open.
    """
    port = driver()
    wanted = _wanted(api)
    reasons = []
    for name in wanted:
        if not port.has(name):
            reasons.append(f"{name} is not in this build of {port.package}")
            continue
        try:
            return name, _client(name, way)
        except (OSError, RuntimeError, SystemError, PortError) as error:
            reasons.append(f"{name}: {error}")
    raise PortError(
        f"no MIDI system answers ({'; '.join(reasons)}){MEND_SYSTEM.get(sys.platform, '')}"
    )


def _client(api: str, way: str) -> DriverPort:
    if api != "jack":
        with _quiet():
            return driver()(api, way)
    jack.hold()
    try:
        with _quiet():
            return driver()(api, way)
    except BaseException:
        jack.release()
        raise


def _wanted(api: str | None) -> tuple[str, ...]:
    if api not in (None, "auto"):
        if api not in SYSTEMS:
            raise PortError(
                f"a MIDI api is one of {', '.join(SYSTEMS)} or auto, got {api!r}"
            )
        return (str(api),)
    return {"darwin": ("coremidi",), "win32": ("winmm",)}.get(
        sys.platform, ("alsa", "jack")
    )


# Two threads that kept and put back at once would leave the null device there for good.
_one_at_a_time = threading.RLock()


@contextmanager
def _quiet() -> Iterator[None]:
    """Silence file descriptor 2: ALSA and JACK print there, past Python, what comes as an exception
    too.
    """
    with _one_at_a_time:
        try:
            kept = os.dup(2)
        except OSError:
            # A process without a stderr has nothing to keep quiet.
            yield
            return
        null = os.open(os.devnull, os.O_WRONLY)
        try:
            os.dup2(null, 2)
            yield
        finally:
            os.dup2(kept, 2)
            os.close(null)
            os.close(kept)
