"""Where it sounds: a synthesiser of our own, a MIDI port, or nowhere; all take mido messages and never raise."""

from __future__ import annotations

import threading
from contextlib import suppress
from pathlib import Path
from typing import Any, Final, Protocol

from composer.errors import ComposerError, PortError
from composer.live.midi.ports import OutputPort, open_output
from composer.live.midi.synthesiser import Synthesiser, start_synthesiser

WATCH_SECONDS: Final = 0.1
SETTLE_SECONDS: Final = (
    0.1  # from joining a port until JACK's graph, and the instrument itself, let messages through
)
RETRY_SECONDS: Final = (
    0.05,
    0.1,
    0.2,
    0.4,
    0.8,
    1.6,
)  # after the first failure, the second...; then the last
GAIN: Final = (
    0.6  # with it four voices at velocity 127 just reach full scale (Debian's default SoundFont)
)
CHANNELS: Final = range(16)
ALL_NOTES_OFF, SUSTAIN = 123, 64
# Controllers that say how a channel sounds from then on: bank, volume, pan, expression, reverb, chorus.
SETTINGS: Final = frozenset({0, 32, 7, 10, 11, 91, 93})


class Output(Protocol):
    """What a sequencer asks of an output."""

    @property
    def name(self) -> str:
        """What the player is told that it is called."""

    def send(self, message: Any) -> None:
        """Send a mido message now, from any thread; returns at once, never raises. Not there: it is dropped."""

    def alive(self) -> bool:
        """Whether messages sound now."""

    def close(self) -> None:
        """End it; what is sent later is dropped. A second time does nothing."""


class Memory:
    """Programs and settings of the channels as last sent, for an instrument that comes back without them."""

    def __init__(self) -> None:
        self._last: dict[tuple[Any, ...], Any] = {}

    def hear(self, message: Any) -> None:
        """Remember `message` if it says how a channel sounds from now on."""
        if message.type == "program_change":
            key: tuple[Any, ...] = (message.type, message.channel)
        elif message.type == "control_change" and message.control in SETTINGS:
            key = (message.type, message.channel, message.control)
        else:
            return
        self._last.pop(
            key, None
        )  # in order of the last time each was sent: a bank comes before its program
        self._last[key] = message

    def messages(self) -> list[Any]:
        """What to send to the instrument that is back."""
        return list(self._last.values())


class Nowhere:
    """No sound now: the take is rendered afterwards. why: what kept the synthesiser from playing, if that is so."""

    name = "nowhere"

    def __init__(self, why: str = "") -> None:
        self.why = why

    def send(self, message: Any) -> None:
        """Drop it."""

    def alive(self) -> bool:
        """Silence always works."""
        return True

    def close(self) -> None:
        """Nothing to end."""


class MidiOutput:
    """A MIDI port out. One that vanishes is opened again by its name when it is back, its programs set anew.

    name, api, virtual: as in `ports.open_output`, which raises what this raises.
    """

    def __init__(
        self, name: str | None = None, api: str | None = None, virtual: bool = False
    ) -> None:
        port = open_output(name, api, virtual)
        self.name = port.name
        self._asked = (name if virtual else port.name, port.api, virtual)
        self._port: OutputPort | None = port
        self._sounds = True
        self._memory = Memory()
        self._lock = (
            threading.Lock()
        )  # a port must not be closed while it sends: rtmidi would crash
        self._closing = threading.Event()
        self._watcher = threading.Thread(target=self._watch, name="composer-midi-out", daemon=True)
        self._watcher.start()

    def send(self, message: Any) -> None:
        """Send it; while the port is away only programs and settings are remembered, the rest is dropped."""
        with self._lock:
            self._memory.hear(message)
            self._send(message)

    def alive(self) -> bool:
        """Whether the port is there."""
        return self._port is not None and self._sounds

    def close(self) -> None:
        """Close the port; what is sent later is dropped. A second time does nothing."""
        self._closing.set()
        self._watcher.join()
        self._drop()

    def _send(self, message: Any) -> None:
        if self._port is not None and self._sounds:
            with suppress(
                Exception
            ):  # a driver that fails is a port that goes away: the watcher sees to it
                self._port.send(message)

    def _watch(self) -> None:
        failures = 0
        while not self._closing.wait(WATCH_SECONDS if not failures else _pause(failures)):
            port = self._port
            if port is not None and self._sounds and not port.is_there():
                self._sounds = False
                # On JACK a port of a dead server must be closed; one whose other side went away can wait and see.
                if port.is_lost() or self._asked[2]:
                    self._drop()
            failures = 0 if self.alive() or self._look_for() else failures + 1

    def _look_for(self) -> bool:
        """Join the port if its other side is back; one that is lost is opened anew. False where that fails."""
        port = self._port
        if port is not None and not port.is_lost():
            name = port.found()
            if name is None:
                return True
            if port.rejoin(name):
                self._closing.wait(SETTLE_SECONDS)
                self._begin(port)
                return True
        self._drop()
        try:
            port = open_output(*self._asked)
        except Exception:
            return False
        self._begin(port)
        return True

    def _begin(self, port: OutputPort) -> None:
        with self._lock:
            self._port, self._sounds, self.name = port, True, port.name
            for message in (*_silence(), *self._memory.messages()):
                self._send(message)

    def _drop(self) -> None:
        with self._lock:
            port, self._port = self._port, None
        if port is not None:
            with suppress(Exception):
                port.close()


class SynthOutput:
    """The `fluidsynth` command, told what to play through its shell. If it dies it is started again, within a second.

    soundfont: see `catalog.soundfont`. gain: 0 to 10. driver: fluidsynth's audio driver (alsa, jack,
    pulseaudio, coreaudio, ...; None: the first of this system's that works).
    Raises PortError where fluidsynth is missing or finds no sound device, ComposerError for a bad SoundFont.
    """

    def __init__(
        self, soundfont: str | Path | None = None, gain: float = GAIN, driver: str | None = None
    ) -> None:
        self._child: Synthesiser | None = start_synthesiser(soundfont, gain, driver)
        self.name = self._child.name
        self._command = self._child.command
        self._memory = Memory()
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self._keeper = threading.Thread(
            target=self._keep, args=(self._child,), name="composer-synth", daemon=True
        )
        self._keeper.start()

    def send(self, message: Any) -> None:
        """Play it; while the synthesiser starts again only programs and settings are remembered."""
        with self._lock:
            self._memory.hear(message)
            if self._child is not None and not self._child.tell(message):
                self._child.kill()  # it reads no more: started again it will

    def alive(self) -> bool:
        """Whether the synthesiser runs and has its SoundFont."""
        child = self._child
        return child is not None and child.runs()

    @property
    def pid(self) -> int | None:
        """Process id of the synthesiser; None while there is none."""
        child = self._child
        return child.process.pid if child is not None else None

    def close(self) -> None:
        """End the synthesiser; what is sent later is dropped. A second time does nothing."""
        self._closing.set()
        with self._lock:
            child, self._child = self._child, None
        if child is not None:
            child.close()
        self._keeper.join()

    def _keep(self, child: Synthesiser) -> None:
        """Wait for the child to end, start another, and so on."""
        failures = 0
        while True:
            child.wait_for_end()
            with self._lock:
                self._child = None
            child.close()
            if self._closing.wait(_pause(failures)):
                return
            try:
                child = Synthesiser(self._command, self.name)
                is_ready = child.start()
            except OSError:  # no memory for a process, or the command is being replaced
                is_ready = False
            if not is_ready:
                failures += 1
                continue
            failures = 0
            with self._lock:
                self._child = child
                for message in self._memory.messages():
                    child.tell(message)
                if self._closing.is_set():  # closed while it started
                    self._child = None
                    child.close()


def open_output_named(
    text: str | None = None,
    api: str | None = None,
    soundfont: str | Path | None = None,
    driver: str | None = None,
) -> Output:
    """What `--out` says: "synth", "none", "virtual", "virtual:NAME", or (a part of) a MIDI output's name.

    None is "synth", and `Nowhere` with the reason in `why` where that cannot be.
    Raises PortError or ComposerError where what is named cannot be had.
    """
    if text is None:
        try:
            return SynthOutput(soundfont, driver=driver)
        except ComposerError as error:
            if soundfont or driver:
                raise
            return Nowhere(str(error))
    kind, _, name = text.partition(":")
    if text == "synth":
        return SynthOutput(soundfont, driver=driver)
    if text == "none":
        return Nowhere()
    if kind == "virtual":
        return MidiOutput(name or None, api, virtual=True)
    if not text.strip():
        raise PortError(
            "--out is synth, none, virtual[:NAME] or the name of a MIDI output, got nothing"
        )
    return MidiOutput(text, api)


def _silence() -> list[Any]:
    """Pedal up and all notes off on every channel: what sounded when the port went away has no end else."""
    from mido import Message

    controls = ((channel, control) for channel in CHANNELS for control in (SUSTAIN, ALL_NOTES_OFF))
    return [
        Message("control_change", channel=channel, control=control, value=0)
        for channel, control in controls
    ]


def _pause(failures: int) -> float:
    """Seconds to wait before the next try."""
    return RETRY_SECONDS[min(failures, len(RETRY_SECONDS) - 1)]
