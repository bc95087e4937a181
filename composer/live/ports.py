"""MIDI ports of this machine: listed, chosen by name, opened, watched. No music is known here."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from types import TracebackType
from typing import Any

from composer.errors import PortError

# What a user writes, and what rtmidi and mido call it.
APIS = {"alsa": "LINUX_ALSA", "jack": "UNIX_JACK", "coremidi": "MACOSX_CORE", "winmm": "WINDOWS_MM"}
MEND_SYSTEM = {"linux": "; load ALSA's sequencer (modprobe snd-seq) or start JACK (jackd)"}
LOOPBACK = "midi through"  # ALSA's own port, always there and never a keyboard

Callback = Callable[[Any], None]


@dataclass(frozen=True, slots=True)
class Ports:
    """Names of the MIDI inputs and outputs, and the `api` (alsa, jack, coremidi, winmm) that knows them."""

    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    api: str


class InputPort:
    """An open MIDI input: what listens gets each mido message, in the driver's thread, which it must not hold up.

    A source that goes away raises nothing and sends no note-off: ask `is_there`. (A JACK server that is
    killed leaves its list of ports behind, so that alone is not seen.)
    """

    def __init__(self, port: Any, watcher: Any, api: str) -> None:
        self.name: str = port.name
        self.api = api
        self._port = port
        self._watcher = watcher

    def listen(self, callback: Callback | None) -> None:
        """Give each message from now on to `callback`; None drops them (mido would keep them for the next one)."""
        self._port.callback = callback or _ignore

    def is_there(self) -> bool:
        """Whether the source still exists; about 0.25 ms."""
        try:
            return self.name in self._watcher.get_ports()
        except Exception:  # a MIDI server that died is a port that is gone
            return False

    def close(self) -> None:
        """Close the port; a second time does nothing."""
        self._port.close()
        self._watcher.delete()

    def __enter__(self) -> InputPort:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()


def list_ports(api: str | None = None) -> Ports:
    """The MIDI ports there are now; the lists may be empty.

    api: alsa, jack, coremidi, winmm; None or "auto" for this system's own, on Linux ALSA, then JACK.
    Raises PortError where the MIDI system is missing or not running.
    """
    found, rt_in = _system(api)
    try:
        with _quiet():
            rt_out = _rtmidi().MidiOut(_api_id(found))
        ports = Ports(tuple(rt_in.get_ports()), tuple(rt_out.get_ports()), found)
        rt_out.delete()
    finally:
        rt_in.delete()
    return ports


def open_input(name: str | None = None, api: str | None = None, callback: Callback | None = None) -> InputPort:
    """The input called `name`, open; a part of the name in any case will do where only one port has it.

    name: None takes the only input there is. api: as in `list_ports`.
    Raises PortError where there is no port, none of that name (it names those there are), or several.
    """
    from mido.backends.backend import Backend

    found, watcher = _system(api)
    backend = Backend("mido.backends.rtmidi", api=APIS[found], use_environ=False)
    try:
        chosen = choose(name, watcher.get_ports())
        with _quiet():
            return InputPort(backend.open_input(chosen, callback=callback or _ignore), watcher, found)
    except BaseException as error:
        watcher.delete()  # a client left behind holds up JACK when it ends
        if isinstance(error, OSError):
            raise PortError(f"MIDI input {name!r} does not open ({error}); another program may hold it") from error
        raise


def choose(name: str | None, names: Sequence[str]) -> str:
    """The one of `names` that `name` means: equal, else equal but for case and ALSA's numbers, else a part of it."""
    if not names:
        raise PortError("no MIDI input found: plug the keyboard in and try again")
    if name in names:
        return str(name)
    wanted = _plain(name or "")
    if wanted:
        matches = [n for n in names if _plain(n) == wanted] or [n for n in names if wanted in _plain(n)]
    else:
        matches = [n for n in names if LOOPBACK not in n.lower()]
    if len(matches) == 1:
        return matches[0]
    raise PortError(_not_chosen(name, bool(wanted), names, matches))


def _not_chosen(name: str | None, named: bool, names: Sequence[str], matches: Sequence[str]) -> str:
    listed = ", ".join(repr(n) for n in matches or names)
    if named and matches:
        return f"the name {name!r} fits {len(matches)} MIDI inputs, give more of it: {listed}"
    if named:
        return f"no MIDI input is called {name!r}; there is: {listed}"
    if matches:
        return f"there are {len(matches)} MIDI inputs, name one: {listed}"
    return f"no keyboard found, only ALSA's loopback: {listed}"


def _ignore(_message: Any) -> None:
    pass


def _plain(name: str) -> str:
    """A name without case and without ALSA's client and port numbers, which change when a keyboard is replugged."""
    return re.sub(r"\s+\d+:\d+$", "", name.strip()).casefold()


def _system(api: str | None) -> tuple[str, Any]:
    """Name of the first MIDI system that answers, with an rtmidi client of it that has no port open."""
    rtmidi = _rtmidi()
    wanted = _wanted(api)
    reasons = []
    for name in wanted:
        if _api_id(name) not in rtmidi.get_compiled_api():
            reasons.append(f"{name} is not in this build of python-rtmidi")
            continue
        try:
            with _quiet():
                return name, rtmidi.MidiIn(_api_id(name))
        except (OSError, RuntimeError, SystemError) as error:  # rtmidi's SystemError is an OSError
            reasons.append(f"{name}: {error}")
    raise PortError(f"no MIDI system answers ({'; '.join(reasons)}){MEND_SYSTEM.get(sys.platform, '')}")


def _wanted(api: str | None) -> tuple[str, ...]:
    if api not in (None, "auto"):
        if api not in APIS:
            raise PortError(f"a MIDI api is one of {', '.join(APIS)} or auto, got {api!r}")
        return (str(api),)
    return {"darwin": ("coremidi",), "win32": ("winmm",)}.get(sys.platform, ("alsa", "jack"))


def _api_id(api: str) -> Any:
    return getattr(_rtmidi(), f"API_{APIS[api]}")


def _rtmidi() -> Any:
    try:
        import rtmidi
    except ModuleNotFoundError as error:
        raise PortError("MIDI ports need python-rtmidi: pip install python-rtmidi") from error
    except ImportError as error:
        raise PortError(
            f"python-rtmidi does not load ({error}); it needs ALSA's library: "
            "apt install libasound2 (Ubuntu 24.04: libasound2t64), dnf install alsa-lib"
        ) from error
    return rtmidi


@contextmanager
def _quiet() -> Iterator[None]:
    """Nothing on file descriptor 2: ALSA and JACK print there, past Python, what comes as an exception too."""
    try:
        kept = os.dup(2)
    except OSError:  # a process without a stderr has nothing to keep quiet
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
