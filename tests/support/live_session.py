"""A session whose clock is turned by hand: keys at exact seconds, decisions that cost what a test says.

Everything in it is real (model, sequencer's rules, takes) but time, the thread that thinks and the port.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, replace
from pathlib import Path

from composer.live.melody.capture import Event
from composer.live.melody.transport import Transport
from composer.live.midi.agenda import Agenda
from composer.live.session.context import SessionContext
from composer.live.session.session import Session
from composer.live.session.state import SessionConfig
from composer.live.session.worker import TaskResult, carry_out

STEP = 0.001


class Clock:
    """Seconds that pass when told to."""

    def __init__(self, at: float = 100.0) -> None:
        self.at = at

    def __call__(self) -> float:
        return self.at


class SteppedSequencer:
    """The real agenda on the clock of the test; `sent` is what an output would have got, and when."""

    name = "stand"

    def __init__(self, clock: Clock) -> None:
        self.clock, self.agenda, self.sent, self.late = clock, Agenda(), [], []
        self.output, self.on_sent, self.beats = self, None, None

    def alive(self) -> bool:
        return True

    def _send(self, messages) -> None:
        for message in messages:
            self.sent.append((self.clock(), message))
            if self.on_sent:
                self.on_sent(self.clock(), message)

    def now(self, message) -> None:
        self._send(self.agenda.now(message))

    def at(self, seconds, message, tag="") -> None:
        if message.type == "note_on" and seconds < self.clock() - 1e-6:
            self.late.append((self.clock() - seconds, message))
        self.agenda.add(seconds, message, tag)

    def cancel(self, tag, after=float("-inf"), end_now=False) -> None:
        self._send(self.agenda.cancel(tag, after, end_now))

    def silence(self) -> None:
        self._send(self.agenda.silence())

    def start_clock(self, beats) -> None:
        self.beats = beats

    def stop_clock(self) -> None:
        self.beats = None

    def due(self) -> None:
        while self.agenda.next() <= self.clock():
            at = self.agenda.next()
            for message in self.agenda.due(at):
                self.sent.append((at, message))
                if self.on_sent:
                    self.on_sent(at, message)


class SteppedWorker:
    """Thinks `cost` seconds of the test's clock over each task; `asked` is all that was."""

    def __init__(self, clock: Clock, cost: float = 0.005) -> None:
        self.clock, self.cost, self.asked = clock, cost, []
        self._waiting: deque = deque()
        self._busy: tuple[float, TaskResult] | None = None

    def ask(self, key, task, first=False) -> None:
        self._waiting = deque(w for w in self._waiting if w[0] != key)
        self._waiting.appendleft((key, task)) if first else self._waiting.append((key, task))
        self.asked.append(key)

    def forget(self, keep=lambda _key: False) -> None:
        self._waiting = deque(w for w in self._waiting if keep(w[0]))

    def done(self) -> list[TaskResult]:
        over = []
        if self._busy and self.clock() >= self._busy[0]:
            over, self._busy = [self._busy[1]], None
        if self._busy is None and self._waiting:
            key, task = self._waiting.popleft()
            cost = self.cost(key) if callable(self.cost) else self.cost
            self._busy = self.clock() + cost, replace(carry_out(key, task), seconds=cost)
        return over

    def close(self) -> None:
        self._waiting.clear()


@dataclass
class SteppedSession:
    """A session to be driven."""

    session: Session
    clock: Clock
    sequencer: SteppedSequencer
    worker: SteppedWorker
    keys: list

    @classmethod
    def build(
        cls, model, config: SessionConfig, takes: Path | None = None, cost=0.005, **more
    ) -> SteppedSession:
        clock = Clock()
        sequencer, worker = SteppedSequencer(clock), SteppedWorker(clock, cost)
        session = Session(
            config, model, sequencer, None, clock, takes, worker=worker, thread=False, **more
        )
        return cls(session, clock, sequencer, worker, [])

    @property
    def director(self):
        return self.session._director

    def play(self) -> float:
        """Press play; seconds of the first downbeat."""
        self.session.do("play")
        self.run(0.001)
        return self.director._context.time.seconds(0.0)

    def score(self, notes, downbeat: float, qpm: float) -> None:
        """Notes (onset, pitch, duration, velocity) in beats, to be played from `downbeat` (seconds) on."""
        for onset, pitch, duration, velocity in notes:
            on, off = downbeat + onset * 60 / qpm, downbeat + (onset + duration) * 60 / qpm
            self.keys += [Event(on, "note_on", pitch, velocity), Event(off, "note_off", pitch, 0)]
        self.keys.sort(key=lambda e: (e.seconds, e.is_press))

    def run(self, seconds: float, every=None) -> None:
        """Let time go by, in steps of a millisecond."""
        end = self.clock.at + seconds
        while self.clock.at < end - 1e-9:
            self.clock.at += STEP
            while self.keys and self.keys[0].seconds <= self.clock.at:
                self.session.hear(self.keys.pop(0))
            self.session.step()
            self.sequencer.due()
            if every:
                every()

    def notes(self, channel: int) -> list[tuple[float, float, int, int]]:
        """(On, off, pitch, velocity) of what sounded on a channel, in seconds; off is infinite for what hangs."""
        found, down = [], {}
        for at, m in self.sequencer.sent:
            if m.type in ("note_on", "note_off") and m.channel == channel:
                if m.note in down:
                    on, velocity = down.pop(m.note)
                    found.append((on, at, m.note, velocity))
                if m.type == "note_on" and m.velocity:
                    down[m.note] = at, m.velocity
        found += [(on, float("inf"), pitch, velocity) for pitch, (on, velocity) in down.items()]
        return sorted(found)

    @property
    def hanging(self) -> list:
        """What sounds and is never ended."""
        return [n for channel in range(16) for n in self.notes(channel) if n[1] == float("inf")]


def bare_stand(config: SessionConfig, time: Transport) -> SteppedSession:
    """A stand for what needs a context alone: no session, no model; `context` goes with it."""
    clock = Clock()
    sequencer, worker = SteppedSequencer(clock), SteppedWorker(clock)
    stand = SteppedSession(None, clock, sequencer, worker, [])
    stand.context = SessionContext(config, None, sequencer, worker, print, print, print, time)
    return stand
