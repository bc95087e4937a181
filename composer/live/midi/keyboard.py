"""A keyboard that is played live: its keys as events in order, its sound at once, and what to do
when it is unplugged.

The driver's thread only stamps and enqueues. One thread of ours hands everything over, in order;
another watches whether the keyboard is there.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from queue import SimpleQueue
from types import TracebackType
from typing import Any

from composer.errors import PortError
from composer.live.melody.capture import SUSTAIN_PEDAL, Event
from composer.live.midi.events import event_of
from composer.live.midi.ports import InputPort, open_input
from composer.live.midi.priority import hurry
from composer.live.midi.recorder import Clock

WATCH_SECONDS = 0.02
# Between attempts after the MIDI system itself went away: each makes a client, which takes 20 ms.
REOPEN_SECONDS = 0.25
# A thread of a driver that hangs is left behind.
CLOSE_SECONDS = 2.0
PASSED_ON = frozenset(
    {"note_on", "note_off", "control_change", "pitchwheel", "aftertouch", "polytouch"}
)
CLOCK_KINDS = frozenset({"clock", "start", "stop", "continue"})
# Enqueued between messages.
UNPLUGGED = "unplugged"
PLUGGED = "plugged"
CLOSED = "closed"


class Keyboard:
    """A MIDI input that survives being unplugged: it lets go of what is held, and opens again when
    it is back.

    name, api: as in `ports.open_input`, which raises PortError if the keyboard is not there now.
    clock: monotonic seconds, with which each message is stamped as the driver gives it.
    on_event: told each key and controller, `Event.seconds` being the clock's. thru: given each mido
    message of keys, controllers, wheel and pressure, before `on_event` is told. on_clock: (seconds,
    kind) of MIDI clock, start, stop and continue. on_plug: False when the keyboard goes (after its
    releases), True when it is back. All are called in one thread, in order of time; what they raise
    is kept as `trouble` and stops nothing.
    """

    def __init__(
        self,
        name: str | None = None,
        api: str | None = None,
        clock: Clock = time.monotonic,
        on_event: Callable[[Event], None] | None = None,
        thru: Callable[[Any], None] | None = None,
        on_clock: Callable[[float, str], None] | None = None,
        on_plug: Callable[[bool], None] | None = None,
    ) -> None:
        self.trouble: Exception | None = None
        self._clock = clock
        self._on_event = on_event
        self._thru = thru
        self._on_clock = on_clock
        self._on_plug = on_plug
        self._wanted = PASSED_ON | CLOCK_KINDS if on_clock is not None else PASSED_ON
        self._heard: SimpleQueue[tuple[float, Any]] = SimpleQueue()
        self._down: set[tuple[int, int]] = set()  # (channel, pitch)
        self._pedals: set[int] = set()  # channels
        # Channels whose pitch wheel is not in the middle.
        self._bent: set[int] = set()
        # Its thread, once that has called.
        self._driver = 0
        self._closing = threading.Event()
        self._port: InputPort | None = open_input(name, api, self._hear)
        self._name = self._port.name
        self._api = self._port.api
        self._connected = True
        self._threads = [
            threading.Thread(target=run, name=f"keyboard {what}", daemon=True)
            for what, run in (("events", self._hand_over), ("plug", self._watch))
        ]
        for thread in self._threads:
            thread.start()

    @property
    def name(self) -> str:
        """Return the port's name, which stays while the keyboard is away."""
        return self._name

    @property
    def connected(self) -> bool:
        """Tell whether the keyboard is there."""
        return self._connected

    @property
    def held(self) -> frozenset[int]:
        """Return the pitches of the keys that are down."""
        return frozenset(pitch for _, pitch in self._down.copy())

    def close(self) -> None:
        """Close the port, with releases for keys still down. A second time does nothing."""
        if self._closing.is_set():
            return
        self._closing.set()
        # The watcher may be opening the port again: it must be done before the port is closed, or
        # that one stays open.
        self._threads[1].join(CLOSE_SECONDS)
        self._shut()
        self._heard.put((self._clock(), CLOSED))
        if threading.current_thread() is not self._threads[0]:
            self._threads[0].join(CLOSE_SECONDS)
        self._connected = False

    def __enter__(self) -> Keyboard:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self.close()

    def _hear(self, message: Any) -> None:
        """Stamp a message and enqueue it: no more, in the driver's thread. Clocks that nobody wants
        end here.
        """
        at = self._clock()
        if message.type in self._wanted:
            self._heard.put((at, message))
        # At the port's first message, in its thread: what comes next must not wait for other
        # programs.
        if self._driver != threading.get_ident():
            self._driver = threading.get_ident()
            hurry()

    # --- the thread that hands over ---

    def _hand_over(self) -> None:
        hurry()
        latest = float("-inf")
        while True:
            at, message = self._heard.get()
            # The driver's thread and the watcher both stamp: what was stamped first may be enqueued
            # second.
            latest = at = max(at, latest)
            if isinstance(message, str):
                # A mido message cannot be compared with one.
                # When plugged in too: keys may have been enqueued after the word that the keyboard
                # is gone.
                self._release_all(at)
                if message == CLOSED:
                    return
                self._tell(self._on_plug, message == PLUGGED)
            elif message.type in CLOCK_KINDS:
                self._tell(self._on_clock, at, message.type)
            else:
                self._pass_on(at, message)

    def _pass_on(self, at: float, message: Any) -> None:
        self._tell(self._thru, message)
        if message.type == "pitchwheel":
            _put(self._bent, message.channel, message.pitch != 0)
        event = event_of(message, at)
        if event is None:
            return
        self._remember(event, message.channel)
        self._tell(self._on_event, event)

    def _remember(self, event: Event, channel: int) -> None:
        """Keep which keys and pedals are down, in order to let go of them if the keyboard
        cannot.
        """
        key = (channel, event.number)
        if event.kind == "control_change":
            if event.number == SUSTAIN_PEDAL:
                _put(self._pedals, channel, event.value > 0)
        else:
            _put(self._down, key, event.is_press)

    def _release_all(self, at: float) -> None:
        """Let go of every key, pedal and wheel that the keyboard can no longer let go of itself."""
        if not (self._down or self._pedals or self._bent):
            return
        from mido import Message

        for channel, pitch in sorted(self._down):
            self._pass_on(
                at, Message("note_off", channel=channel, note=pitch, velocity=0)
            )
        for channel in sorted(self._pedals):
            self._pass_on(
                at,
                Message(
                    "control_change", channel=channel, control=SUSTAIN_PEDAL, value=0
                ),
            )
        for channel in sorted(self._bent):
            self._pass_on(at, Message("pitchwheel", channel=channel, pitch=0))

    def _tell(self, listener: Callable[..., None] | None, *what: Any) -> None:
        if listener is None:
            return
        try:
            listener(*what)
        except Exception as error:
            # The next key must be heard all the same.
            self.trouble = error

    # --- the thread that watches the plug ---

    def _watch(self) -> None:
        while not self._closing.wait(WATCH_SECONDS):
            try:
                if self._connected:
                    self._look_out()
                else:
                    self._look_for()
            except Exception as error:  # noqa: PERF203 - a driver's own way to fail: try again
                self.trouble = error
                self._closing.wait(REOPEN_SECONDS)

    def _look_out(self) -> None:
        if self._port is not None and not self._port.is_there():
            self._connected = False
            # Or each key would come twice while this port and the new one are both open.
            self._port.listen(None)
            self._heard.put((self._clock(), UNPLUGGED))

    def _look_for(self) -> None:
        """Join the keyboard again if it is back. The old port watches for it, unless its MIDI
        system is gone.
        """
        if self._port is not None and self._port.is_lost():
            self._shut()
        old = self._port
        name = self._name if old is None else old.found()
        if name is None:
            return
        if old is not None and old.rejoin(name):
            old.listen(self._hear)
            self._name = old.name
            self._connected = True
            self._heard.put((self._clock(), PLUGGED))
            return
        try:
            new = open_input(name, self._api, self._hear)
        except PortError:
            self._closing.wait(REOPEN_SECONDS)
            return
        self._port = new
        self._name = new.name
        self._connected = True
        self._heard.put((self._clock(), PLUGGED))
        if old is not None:
            old.close()

    def _shut(self) -> None:
        port = self._port
        self._port = None
        if port is not None:
            port.close()


def _put(into: set[Any], value: Any, is_in: bool) -> None:
    """Add the value to a set, or take it out."""
    if is_in:
        into.add(value)
    else:
        into.discard(value)
