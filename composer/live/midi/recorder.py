"""A take: what a port hears, stamped with our own clock, until it is stopped; then one melody.

The driver's thread only stamps and enqueues; everything else happens in the thread that called `record`.
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
# mido's kinds of message that are kept, and where they carry their number and value.
FIELDS = {
    "note_on": ("note", "velocity"),
    "note_off": ("note", "velocity"),
    "control_change": ("control", "value"),
}

Clock = Callable[[], float]
Wait = Callable[[float], Any]
OnEvent = Callable[[Event], None]


class Port(Protocol):
    """What a recorder asks of a port; `composer.live.midi.ports.InputPort` is the real one."""

    def listen(self, callback: Callback | None) -> None:
        """Give each message from now on to `callback`."""

    def is_there(self) -> bool:
        """Whether the source still exists."""


@dataclass(frozen=True, slots=True)
class Recording:
    """What was played: raw `events`, the `song` they make, the length in `seconds`, and what ended it.

    ended: "stop key", "bars", "port gone" or "stopped" (Ctrl-C, or the caller).
    """

    events: tuple[Event, ...]
    song: Song
    seconds: float
    ended: str


class Recorder:
    """Hears messages in one thread, hands them over as events in another. clock: monotonic seconds."""

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
        """Time since the take began."""
        return self._clock() - self._start

    def drain(self) -> list[Event]:
        """The events heard since the last call; clocks, bends and other messages are left out."""
        first = len(self.events)
        while True:
            try:
                at, message = self._heard.get_nowait()
            except Empty:
                return self.events[first:]
            if message.type in FIELDS:
                number, value = (getattr(message, name) for name in FIELDS[message.type])
                self.events.append(Event(at - self._start, message.type, number, value))

    def ending(self) -> tuple[float, str] | None:
        """When the take is over, in seconds, and why: the stop key was pressed, or the bars are full; None if not."""
        stops = (e.seconds for e in self.events if self._is_stop(e))
        ends = [(at, "stop key") for at in (next(stops, None),) if at is not None]
        full = self._full()
        if full is not None and self.seconds() >= full:
            ends.append((full, "bars"))
        return min(ends, default=None)

    def take(self, end: float, ended: str) -> Recording:
        """The take as it is at `end` (seconds); events after it are left out."""
        events = tuple(e for e in self.events if e.seconds <= end)
        return Recording(events, capture(events, end, self.config), end, ended)

    def _is_stop(self, event: Event) -> bool:
        return (
            event.kind == "control_change"
            and event.number == self.config.stop_key
            and event.value > 0
        )

    def _full(self) -> float | None:
        """Seconds at which the last bar ends; None while that is not known."""
        config = self.config
        if config.bars is None:
            return None
        bars = config.bars + config.count_in
        downbeat = (
            0.0 if config.count_in else next((e.seconds for e in self.events if e.is_press), None)
        )
        return (
            None
            if downbeat is None
            else downbeat + bars * config.beats_per_bar * config.beat_seconds
        )


def record(
    port: Port,
    config: RecordConfig | None = None,
    clock: Clock = time.monotonic,
    wait: Wait = time.sleep,
    on_event: OnEvent | None = None,
) -> Recording:
    """Listen to `port` until the stop key, the last bar, Ctrl-C, or the port going away; what was heard is kept.

    wait: sleeps that many seconds; true ends the take (`threading.Event().wait` stops it from another thread).
    on_event: told each event, in this thread, within POLL_SECONDS.
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
        is_there = port.is_there()  # asked first, so that its last words are drained
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

    Raises PortError where the port is not there, MelodyError where nothing was played.
    """
    with open_input(port_name, api) as port:
        take = record(port, config, on_event=on_event)
    if not take.song.end:
        raise MelodyError(
            f"nothing was played on {port.name!r} in {take.seconds:.0f} s ({take.ended})"
        )
    return take.song
