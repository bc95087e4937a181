"""Send each message in its time, from one thread, and let no note hang."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from types import TracebackType
from typing import Any, Final, Protocol

from composer.errors import ConfigError
from composer.live.midi.agenda import Agenda, Key
from composer.live.midi.outputs import Output
from composer.live.midi.priority import hurry

CLOCKS_PER_BEAT: Final = 24
# The lock may wake late by more than a sleep does; what is left is slept in slices of this many
# seconds.
NEAR: Final = 0.001
SLICE: Final = 0.0005

Clock = Callable[[], float]
OnSent = Callable[[float, Any], None]


class Beats(Protocol):
    """A tempo for the MIDI clock; `composer.live.melody.transport.Transport` is the real one."""

    def beat(self, seconds: float) -> float:
        """Return the beat at `seconds`."""

    def seconds(self, beat: float) -> float:
        """Return the seconds at which `beat` is."""


class Sequencer:
    """Sends mido messages to `output` at once or in time; every method may be called from any
    thread.

    clock: monotonic seconds, in which all times are given. on_sent(seconds, message): told every
    message that is sent and when, in order; it must return quickly and call nothing here. If it
    raises it is called no more, and `trouble` says why: the music goes on. Messages of one time go
    in the order given; give the end of a note before the next note of its pitch.
    """

    def __init__(
        self,
        output: Output,
        clock: Clock = time.monotonic,
        on_sent: OnSent | None = None,
    ) -> None:
        self.output = output
        self.on_sent = on_sent
        self.trouble: Exception | None = None
        self._clock = clock
        self._agenda = Agenda()
        self._beats: Beats | None = None
        # Of the MIDI clock, the next one.
        self._tick = 0
        self._is_started = False
        self._closed = False
        self._changed = threading.Condition(threading.Lock())
        self._thread = threading.Thread(
            target=self._run, name="composer-sequencer", daemon=True
        )
        self._thread.start()

    @property
    def sounding(self) -> set[Key]:
        """Return the (channel, pitch) of the notes that sound."""
        with self._changed:
            return set(self._agenda.sounding)

    def now(self, message: Any) -> None:
        """Send `message` at once, in the calling thread."""
        with self._changed:
            if not self._closed:
                self._send(self._agenda.now(message))

    def at(self, seconds: float, message: Any, tag: str = "") -> None:
        """Send `message` at `seconds` (in the past: at once; but a note-on over a second late is
        left out).
        """
        self.plan([(seconds, message)], tag)

    def plan(self, messages: Iterable[tuple[float, Any]], tag: str = "") -> None:
        """Send many, each (seconds, message) at its time; none of them goes before all are
        planned.
        """
        messages = list(messages)
        for seconds, message in messages:
            if not math.isfinite(seconds):
                raise ConfigError(
                    f"a message is sent at a finite time, got {seconds!r} for {message}"
                )
        with self._changed:
            if self._closed:
                return
            first = self._agenda.next()
            for seconds, message in messages:
                self._agenda.add(seconds, message, tag)
            if self._agenda.next() < first:
                self._changed.notify()

    def cancel(self, tag: str, after: float = -math.inf, end_now: bool = False) -> None:
        """Drop what has `tag` and is to be sent at `after` (seconds) or later.

        Notes that sound, or that begin before `after`, keep their ends; with end_now what sounds of
        `tag` ends at once.
        """
        with self._changed:
            self._send(self._agenda.cancel(tag, after, end_now))

    def silence(self) -> None:
        """Panic: drop all that is to come, end all that sounds, pedals up, all notes off on every
        channel.
        """
        with self._changed:
            self._send(self._agenda.silence())

    def start_clock(self, beats: Beats) -> None:
        """Send the MIDI clock, 24 a beat, with a start at the next whole beat (of those before 0:
        at 0).

        Called again it follows the new `beats` without another start: that is how the tempo
        changes.
        """
        with self._changed:
            if self._beats is None:
                self._tick = CLOCKS_PER_BEAT * max(
                    0, math.ceil(beats.beat(self._clock()) - 1e-9)
                )
                self._is_started = False
            self._beats = beats
            self._changed.notify()

    def stop_clock(self) -> None:
        """End the MIDI clock, with a stop."""
        with self._changed:
            self._stop_clock()

    def close(self) -> None:
        """Silence, and send nothing any more; the output stays open. A second time does nothing."""
        with self._changed:
            if not self._closed:
                self._stop_clock()
                self._send(self._agenda.silence())
                self._closed = True
                self._changed.notify()
        if threading.current_thread() is not self._thread:
            self._thread.join()

    def __enter__(self) -> Sequencer:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self.close()

    def _run(self) -> None:
        hurry()
        with self._changed:
            while not self._closed:
                wait = min(self._agenda.next(), self._next_clock()) - self._clock()
                if wait > NEAR:
                    self._changed.wait(
                        None
                        if math.isinf(wait)
                        else min(wait - NEAR, threading.TIMEOUT_MAX)
                    )
                elif wait > 0:
                    # Not while the lock is held: a message by hand may go first.
                    self._changed.release()
                    time.sleep(min(wait, SLICE))
                    self._changed.acquire()
                else:
                    self._send_due()

    def _send_due(self) -> None:
        now = self._clock()
        if self._next_clock() <= now:
            self._send(self._clocks(now))
        self._send(self._agenda.due(now))

    def _next_clock(self) -> float:
        if self._beats is None:
            return math.inf
        return self._beats.seconds(self._tick / CLOCKS_PER_BEAT)

    def _clocks(self, now: float) -> list[Any]:
        """Return the clocks that are due, after a stall with those missed.

        Whole beats that were missed are left out: an instrument that counts clocks stays on our
        beat all the same.
        """
        from mido import Message

        messages = [] if self._is_started else [Message("start")]
        self._is_started = True
        before = self._tick
        while self._next_clock() <= now:
            self._tick += 1
        missed = self._tick - before
        clocks = (missed - 1) % CLOCKS_PER_BEAT + 1
        return messages + [Message("clock")] * clocks

    def _stop_clock(self) -> None:
        from mido import Message

        if self._beats is not None and self._is_started:
            self._send([Message("stop")])
        self._beats = None

    def _send(self, messages: Iterable[Any]) -> None:
        for message in messages:
            seconds = self._clock()
            # An output does not raise; if it does, the next message may fare better.
            with suppress(Exception):
                self.output.send(message)
            if self.on_sent is not None:
                try:
                    self.on_sent(seconds, message)
                except Exception as error:
                    self.trouble = error
                    self.on_sent = None
