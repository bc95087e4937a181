"""One port of a MIDI driver, by whichever package is installed: python-rtmidi, or supriya-midi.

python-rtmidi reaches every MIDI system, but has wheels for Python 3.10 to 3.12 only. supriya-midi
has them for 3.13 and 3.14. Both wrap the same C++ library, RtMidi; the JACK library that
supriya-midi brings reaches no JACK2 server.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

from composer.errors import PortError

# What a user writes, and what RtMidi calls it.
SYSTEMS = {
    "alsa": "LINUX_ALSA",
    "jack": "UNIX_JACK",
    "coremidi": "MACOSX_CORE",
    "winmm": "WINDOWS_MM",
}
# RtMidi's own words, said here because supriya-midi has others: our ports are known by them.
CLIENT_NAMES = {"in": "RtMidiIn Client", "out": "RtMidiOut Client"}
PORT_NAMES = {"in": "RtMidi input", "out": "RtMidi output"}

Receive = Callable[[Sequence[int]], None]


class DriverPort:
    """A client of a MIDI system through python-rtmidi, with at most one open port.

    It sees the ports of the other side: way "in" sees what sends, way "out" what listens. Every
    call may raise OSError, RuntimeError or ValueError.
    """

    package = "python-rtmidi"

    def __init__(self, system: str, way: str, client: str | None = None) -> None:
        """Begin a client called `client`, with no port open. system: of SYSTEMS. way: "in" or
        "out".
        """
        self.way = way
        self._client = self._begin(system, client)

    @staticmethod
    def load() -> Any:
        """Import the package. Raise ImportError if it is missing, or a library that it needs."""
        import rtmidi

        return rtmidi

    @classmethod
    def has(cls, system: str) -> bool:
        """Tell whether this build of the package knows the MIDI system."""
        package = cls.load()
        return getattr(package, f"API_{SYSTEMS[system]}") in package.get_compiled_api()

    def names(self) -> list[str]:
        """Return the names of the ports on the other side."""
        return list(self._client.get_ports())

    def open(self, name: str) -> None:
        """Join the port called `name`. Raise OSError if it is not there or does not open."""
        names = self.names()
        if name not in names:
            raise OSError(f"unknown port {name!r}")
        try:
            self._client.open_port(names.index(name), PORT_NAMES[self.way])
        except RuntimeError as error:
            raise OSError(*error.args) from error

    def open_virtual(self, name: str) -> None:
        """Open a port that other programs can join."""
        self._client.open_virtual_port(name)

    def listen(self, receive: Receive) -> None:
        """Give the bytes of each message to `receive`, in the driver's thread: once, and until the
        port is deleted.

        A second callback would free the first, which the driver's thread may be about to call: it
        waits for Python's lock with a pointer to it in its hand.
        """
        # System exclusive and clocks are wanted; active sensing, a message every 0.3 s, is not.
        self._client.ignore_types(False, False, True)
        self._register(receive)

    def send(self, data: Sequence[int]) -> None:
        """Send the bytes of one message."""
        self._client.send_message(data)

    def close(self) -> None:
        """Leave the port; what it was joined to is told."""
        self._client.close_port()

    def delete(self) -> None:
        """End the client. Nothing may be asked of it afterwards: it is freed."""
        self._client.delete()

    def _begin(self, system: str, client: str | None) -> Any:
        package = self.load()
        number = getattr(package, f"API_{SYSTEMS[system]}")
        make = package.MidiIn if self.way == "in" else package.MidiOut
        return make(number, client or CLIENT_NAMES[self.way])

    def _register(self, receive: Receive) -> None:
        def on_message(message: tuple[Sequence[int], float], _data: Any) -> None:
            receive(message[0])

        self._client.set_callback(on_message)


class SupriyaPort(DriverPort):
    """The same through supriya-midi: nearly the same calls, with one kind of error of its own."""

    package = "supriya-midi"

    @staticmethod
    def load() -> Any:
        """Import the package. Raise ImportError if it is missing, or a library that it needs."""
        import supriya_midi

        return supriya_midi

    @classmethod
    def has(cls, system: str) -> bool:
        """Tell whether this build of the package knows the MIDI system."""
        package = cls.load()
        return (
            getattr(package.RtMidiAPI, SYSTEMS[system]) in package.get_compiled_apis()
        )

    def names(self) -> list[str]:
        """Return the names of the ports on the other side."""
        try:
            return super().names()
        except self.load().RtMidiError as error:
            # A port that went away while they were counted.
            raise ValueError(*error.args) from error

    def open(self, name: str) -> None:
        """Join the port called `name`. Raise OSError if it is not there or does not open."""
        try:
            super().open(name)
        except self.load().RtMidiError as error:
            raise OSError(*error.args) from error

    def open_virtual(self, name: str) -> None:
        """Open a port that other programs can join."""
        try:
            super().open_virtual(name)
        except self.load().RtMidiError as error:
            raise OSError(*error.args) from error

    def _begin(self, system: str, client: str | None) -> Any:
        package = self.load()
        number = getattr(package.RtMidiAPI, SYSTEMS[system])
        make = package.MidiIn if self.way == "in" else package.MidiOut
        try:
            return make(number, client or CLIENT_NAMES[self.way])
        except package.RtMidiError as error:
            remark = f"; {self.package} reaches no JACK2, python-rtmidi does"
            raise OSError(f"{error}{remark if system == 'jack' else ''}") from error

    def _register(self, receive: Receive) -> None:
        def on_message(message: Sequence[int], _delta: float, _data: Any) -> None:
            receive(message)

        self._client.set_callback(on_message)


@cache
def driver() -> type[DriverPort]:
    """Return the port of the package that is installed, python-rtmidi before supriya-midi.

    Raise PortError, in one line with the command that mends it, if there is none or if it does not
    load.
    """
    for port in (DriverPort, SupriyaPort):
        try:
            port.load()
        except ModuleNotFoundError:
            continue
        except ImportError as error:
            raise PortError(
                f"{port.package} does not load ({error}); it needs ALSA's library: "
                "apt install libasound2 (Ubuntu 24.04: libasound2t64), dnf install alsa-lib"
            ) from error
        return port
    has_wheels = sys.version_info < (3, 13)
    package = DriverPort.package if has_wheels else SupriyaPort.package
    raise PortError(f"MIDI ports need {package}: pip install {package}")
