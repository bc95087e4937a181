"""Record a port, stamped with our own clock, until it is stopped; then make one melody of it.

The driver's thread only stamps and enqueues; everything else happens in the thread that called
`record`.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import Any, Protocol

from composer.errors import MelodyError
from composer.live.melody.capture import Event, RecordConfig, capture
from composer.live.melody.quantise import quantise_onsets
from composer.live.midi.events import event_of
from composer.live.midi.ports import Callback, open_input
from composer.songs.song import Song

__all__ = [
    "Event",
    "RecordConfig",
    "Recorder",
    "Recording",
    "capture",
    "quantise_onsets",
    "record",
    "record_melody",
]

POLL_SECONDS = 0.01

Clock = Callable[[], float]
Wait = Callable[[float], Any]
OnEvent = Callable[[Event], None]


class Port(Protocol):
    """A source of messages for a recorder; `composer.live.midi.ports.InputPort` is the real one."""

    def listen(self, callback: Callback | None) -> None:
        """Give each message from now on to `callback`."""

    def is_there(self) -> bool:
        """Tell whether the source still exists."""


@dataclass(frozen=True, slots=True)
class Recording:
    """Keys that were recorded, and the melody that they make."""

    events: tuple[Event, ...]
    song: Song
    seconds: float
    """The length."""
    ended: str
    """"stop key", "bars", "port gone" or "stopped" (Ctrl-C, or the caller)."""


class Recorder:
    """Hears messages in one thread, hands them over as events in another. clock: monotonic
    seconds.
    """

    def __init__(self, config: RecordConfig, clock: Clock = time.monotonic) -> None:
        self.config = config
        self.events: list[Event] = []
        self._clock = clock
        self._start = clock()
        self._heard: SimpleQueue[tuple[float, Any]] = SimpleQueue()

    def hear(self, message: Any) -> None:
        """Stamp a mido message and keep it; called in the driver's thread, so no more than that."""
        self._heard.put((self._clock(), message))

    def seconds(self) -> float:
        """Return the time since the recording began."""
        return self._clock() - self._start

    def drain(self) -> list[Event]:
        """Return the events heard since the last call, without clocks, bends and other messages."""
        first = len(self.events)
        while True:
            try:
                at, message = self._heard.get_nowait()
            except Empty:
                return self.events[first:]
            event = event_of(message, at - self._start)
            if event is not None:
                self.events.append(event)

    def ending(self) -> tuple[float, str] | None:
        """Return when the recording is over, in seconds, and why; None if it goes on.

        It is over once the stop key was pressed or the bars are full, whichever came first.
        """
        ends = [
            (event.seconds, "stop key") for event in self.events if self._is_stop(event)
        ]
        full = self._full()
        if full is not None and self.seconds() >= full:
            ends.append((full, "bars"))
        return min(ends, default=None)

    def take(self, end: float, ended: str) -> Recording:
        """Return the recording as it is at `end` (seconds), without later events."""
        events = tuple(e for e in self.events if e.seconds <= end)
        return Recording(events, capture(events, end, self.config), end, ended)

    def _is_stop(self, event: Event) -> bool:
        is_stop_key = (
            event.kind == "control_change" and event.number == self.config.stop_key
        )
        return is_stop_key and event.value > 0

    def _full(self) -> float | None:
        """Return the seconds at which the last bar ends; None while that is not known."""
        config = self.config
        if config.bars is None:
            return None
        if config.count_in:
            downbeat = 0.0
        else:
            presses = [event.seconds for event in self.events if event.is_press]
            if not presses:
                return None
            downbeat = presses[0]
        beats = (config.bars + config.count_in) * config.beats_per_bar
        return downbeat + beats * config.beat_seconds


def record(
    port: Port,
    config: RecordConfig | None = None,
    clock: Clock = time.monotonic,
    wait: Wait = time.sleep,
    on_event: OnEvent | None = None,
) -> Recording:
    """Listen to `port` until the stop key, the last bar, Ctrl-C, or the port going away. What was
    heard is kept.

    wait: sleeps that many seconds; true ends the take (`threading.Event().wait` stops it from
    another thread). on_event: told each event, in this thread, within POLL_SECONDS.
    """
    recorder = Recorder(config or RecordConfig(), clock)
    port.listen(recorder.hear)
    try:
        ending = _listen(recorder, port, wait, on_event)
    except KeyboardInterrupt:
        ending = None
    finally:
        port.listen(None)
    at, ended = ending or (recorder.seconds(), "stopped")
    recorder.drain()
    return recorder.take(at, ended)


def _listen(
    recorder: Recorder, port: Port, wait: Wait, on_event: OnEvent | None
) -> tuple[float, str] | None:
    while True:
        # Asked before the queue is drained: what a port said just before it went away is heard too.
        is_there = port.is_there()
        for event in recorder.drain():
            if on_event is not None:
                on_event(event)
        ending = recorder.ending()
        if ending is not None:
            return ending
        if not is_there:
            return recorder.seconds(), "port gone"
        if wait(POLL_SECONDS):
            return None


def record_melody(
    port_name: str | None = None,
    api: str | None = None,
    config: RecordConfig | None = None,
    on_event: OnEvent | None = None,
) -> Song:
    """Record one melody from the input called `port_name` (None: the only one there is).

    Raise PortError if the port is not there, MelodyError if nothing was played.
    """
    with open_input(port_name, api) as port:
        take = record(port, config, on_event=on_event)
    if not take.song.end:
        raise MelodyError(
            f"nothing was played on {port.name!r} in {take.seconds:.0f} s ({take.ended})"
        )
    return take.song
