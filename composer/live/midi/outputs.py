"""Outputs: a synthesiser of our own, a MIDI port, or nowhere; all take mido messages and never
raise.
"""

from __future__ import annotations

import threading
from contextlib import suppress
from pathlib import Path
from typing import Any, Final, Protocol

from composer.errors import ComposerError, Mend, PortError
from composer.live.midi.ports import OutputPort, open_output
from composer.live.midi.synthesiser import Synthesiser, start_synthesiser

WATCH_SECONDS: Final = 0.1
# From joining a port until JACK's graph, and the instrument itself, let messages through.
SETTLE_SECONDS: Final = 0.1
# After the first failure, the second, ...; then the last for ever.
RETRY_SECONDS: Final = (0.05, 0.1, 0.2, 0.4, 0.8, 1.6)
# With it four voices at velocity 127 just reach full scale (Debian's default SoundFont).
GAIN: Final = 0.6
CHANNELS: Final = range(16)
SUSTAIN: Final = 64
ALL_NOTES_OFF: Final = 123
# Controllers that say how a channel sounds from then on: bank, volume, pan, expression, reverb,
# chorus.
SETTINGS: Final = frozenset({0, 32, 7, 10, 11, 91, 93})


class Output(Protocol):
    """An output as a sequencer sees it."""

    @property
    def name(self) -> str:
        """Return the name that the player is told."""

    def send(self, message: Any) -> None:
        """Send a mido message now, from any thread. It returns at once and never raises; without a
        device it is dropped.
        """

    def alive(self) -> bool:
        """Tell whether messages sound now."""

    def close(self) -> None:
        """End; what is sent later is dropped. A second time does nothing."""


class ChannelSettings:
    """Programs and settings of the channels as last sent, for an instrument that comes back without
    them.
    """

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
        # Kept in the order of the last time each was sent, for a bank must come before its program.
        self._last.pop(key, None)
        self._last[key] = message

    def messages(self) -> list[Any]:
        """Return what to send to the instrument that is back."""
        return list(self._last.values())


class Nowhere:
    """No sound now: the take is rendered afterwards."""

    name = "nowhere"

    def __init__(self, why: str = "", mend: Mend | None = None) -> None:
        """Be silent. why, mend: what kept the synthesiser from playing, if anything, and a way out
        of it.
        """
        self.why = why
        self.mend = mend

    def send(self, message: Any) -> None:
        """Drop it."""

    def alive(self) -> bool:
        """Tell that silence always works."""
        return True

    def close(self) -> None:
        """End nothing."""


class MidiOutput:
    """A MIDI output that survives being unplugged: opened again by its name, it gets its programs
    again.

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
        self._memory = ChannelSettings()
        # A port must not be closed while it sends: RtMidi would write to what was freed, and crash.
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self._watcher = threading.Thread(
            target=self._watch, name="composer-midi-out", daemon=True
        )
        self._watcher.start()

    def send(self, message: Any) -> None:
        """Send it; while the port is away only programs and settings are remembered, the rest is
        dropped.
        """
        with self._lock:
            self._memory.hear(message)
            self._send(message)

    def alive(self) -> bool:
        """Tell whether the port is there."""
        return self._port is not None and self._sounds

    def close(self) -> None:
        """Close the port; what is sent later is dropped. A second time does nothing."""
        self._closing.set()
        self._watcher.join()
        self._drop()

    def _send(self, message: Any) -> None:
        if self._port is not None and self._sounds:
            # A driver that fails is a port that goes away: the watcher sees to it.
            with suppress(Exception):
                self._port.send(message)

    def _watch(self) -> None:
        failures = 0
        while not self._closing.wait(
            WATCH_SECONDS if not failures else _pause(failures)
        ):
            port = self._port
            if port is not None and self._sounds and not port.is_there():
                self._sounds = False
                # A port of a JACK server that has died must be closed, or the next send waits for
                # ever. A port whose
                # other side went away can wait and see; a virtual one has no other side.
                is_virtual = self._asked[2]
                if port.is_lost() or is_virtual:
                    self._drop()
            failures = 0 if self.alive() or self._look_for() else failures + 1

    def _look_for(self) -> bool:
        """Join the port if its other side is back; open one that is lost again. Return False if
        that fails.
        """
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
            self._port = port
            self._sounds = True
            self.name = port.name
            for message in (*_silence(), *self._memory.messages()):
                self._send(message)

    def _drop(self) -> None:
        with self._lock:
            port = self._port
            self._port = None
        if port is not None:
            with suppress(Exception):
                port.close()


class SynthOutput:
    """The `fluidsynth` command, told what to play through its shell. If it dies it is started
    again, within a second.

    soundfont: see `catalog.soundfont`. gain: 0 to 10. driver: fluidsynth's audio driver (alsa,
    jack, pulseaudio, coreaudio, ...; None: the first of this system's that works). Raise PortError
    if fluidsynth is missing or finds no sound device, ComposerError for a bad SoundFont.
    """

    def __init__(
        self,
        soundfont: str | Path | None = None,
        gain: float = GAIN,
        driver: str | None = None,
    ) -> None:
        self._child: Synthesiser | None = start_synthesiser(soundfont, gain, driver)
        self.name = self._child.name
        self._command = self._child.command
        self._memory = ChannelSettings()
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
                # It reads no more: started again it will.
                self._child.kill()

    def alive(self) -> bool:
        """Tell whether the synthesiser runs and has its SoundFont."""
        child = self._child
        return child is not None and child.runs()

    @property
    def pid(self) -> int | None:
        """Return the process id of the synthesiser; None while there is none."""
        child = self._child
        return child.process.pid if child is not None else None

    def close(self) -> None:
        """End the synthesiser; what is sent later is dropped. A second time does nothing."""
        self._closing.set()
        with self._lock:
            child = self._child
            self._child = None
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
            except OSError:
                # No memory for a process, or the command is being replaced.
                is_ready = False
            if not is_ready:
                failures += 1
                continue
            failures = 0
            with self._lock:
                self._child = child
                for message in self._memory.messages():
                    child.tell(message)
                # `close` came while this one started, and found none to end.
                if self._closing.is_set():
                    self._child = None
                    child.close()


def open_output_named(
    text: str | None = None,
    api: str | None = None,
    soundfont: str | Path | None = None,
    driver: str | None = None,
) -> Output:
    """Open the output called "synth", "none", "virtual", "virtual:NAME", or (a part of) a MIDI
    output's name.

    None is "synth", or `Nowhere`, with the reason in `why`, if that does not play.
    Raise PortError or ComposerError if what is named cannot be had.
    """
    if text is None:
        try:
            return SynthOutput(soundfont, driver=driver)
        except ComposerError as error:
            if soundfont or driver:
                raise
            return Nowhere(str(error), error.mend)
    kind, _, name = text.partition(":")
    if text == "synth":
        return SynthOutput(soundfont, driver=driver)
    if text == "none":
        return Nowhere()
    if kind == "virtual":
        return MidiOutput(name or None, api, virtual=True)
    if not text.strip():
        raise PortError(
            "an output is synth, none, virtual[:NAME] or the name of a MIDI output, got nothing"
        )
    return MidiOutput(text, api)


def _silence() -> list[Any]:
    """Return pedal up and all notes off for every channel: what sounded when the port went away has
    no other end.

    mido's `panic_messages` cut releases off, and its `reset_messages` leave the pedal to
    instruments that know controller 121, which many do not.
    """
    from mido import Message

    controls = [
        (channel, control)
        for channel in CHANNELS
        for control in (SUSTAIN, ALL_NOTES_OFF)
    ]
    return [
        Message("control_change", channel=channel, control=control, value=0)
        for channel, control in controls
    ]


def _pause(failures: int) -> float:
    """Return the seconds to wait before the next try."""
    last = len(RETRY_SECONDS) - 1
    return RETRY_SECONDS[min(failures, last)]
