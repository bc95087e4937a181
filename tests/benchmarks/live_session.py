"""Live figures of a session without ports: a phrase in real threads; a duet of any length, in its own time."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from composer.generators import Model, Player
from composer.live.melody.capture import Event
from composer.live.midi.outputs import Nowhere
from composer.live.midi.sequencer import Sequencer
from composer.live.session.accompanist import Accompanist
from composer.live.session.session import Session
from composer.live.session.state import SessionConfig
from composer.live.session.worker import TaskResult, Worker, carry_out

from tests.support.live_session import Clock, SteppedSequencer

SCALE = (60, 62, 64, 65, 67, 69, 71, 72, 74)
BEAT_STEPS = (60.0, 200.0, 29)  # tempos of the duets in their own time: from, to, how many
WARM = 5


def melody(beats: float, rng: np.random.Generator) -> Iterator[tuple[float, int, float]]:
    """(Onset, pitch, length) in beats: eighths to halves, a walk up and down the scale."""
    at, degree = 0.0, 4
    while at < beats:
        length = min(float(rng.choice([0.5, 0.5, 1.0, 1.0, 2.0])), beats - at)
        degree = int(np.clip(degree + rng.integers(-2, 3), 0, len(SCALE) - 1))
        yield at, SCALE[degree], length
        at += length


# --- a phrase: real threads, a clock that leaps from key to key but is real from the last key on ---


class LeapingClock:
    """Monotonic seconds that may be told to leap ahead."""

    def __init__(self) -> None:
        self._leapt = 0.0

    def __call__(self) -> float:
        return time.monotonic() + self._leapt

    def leap_to(self, seconds: float) -> None:
        """Now it is `seconds`."""
        self._leapt += max(0.0, seconds - self())


def phrases(model: Model, bars: int, count: int) -> tuple[list[float], list[float]]:
    """ms from the last key's release to its arrangement being there; ms that the model alone takes for as much."""
    rng, clock, ended = np.random.default_rng(0), LeapingClock(), list[float]()
    config = SessionConfig(bars=bars, count_in=0, metronome=False)

    def done() -> None:
        ended.append(time.monotonic())
        session._wake.set()

    found, bare, alone = list[float](), list[float](), Accompanist(model)
    with Sequencer(Nowhere(), clock) as sequencer:
        session = Session(config, model, sequencer, None, clock, worker=Worker(done, urgent=True))
        with session:
            for number in range(count + WARM):
                began = _phrase(session, clock, ended, list(melody(4 * bars - 0.5, rng)))
                if number >= WARM:
                    found.append(1e3 * (ended[-1] - began))
                if song := session._director._run._made:  # type: ignore[union-attr]
                    start = time.perf_counter()
                    alone.phrase(song.melody)
                    bare.append(1e3 * (time.perf_counter() - start))
    return found, bare


def _phrase(
    session: Session, clock: LeapingClock, ended: list[float], notes: list[tuple[float, int, float]]
) -> float:
    """Play one; the moment at which the last key went up."""
    session.do("mode", "phrase")
    session.do("play")
    _until(lambda: session.state().phase != "idle")
    time.sleep(0.005)
    begin, beat = session._director._context.time.seconds(0.0), 60 / session._director.config.qpm
    for number, (onset, pitch, length) in enumerate(notes):
        for at, kind, velocity in ((onset, "note_on", 70), (onset + 0.9 * length, "note_off", 0)):
            clock.leap_to(begin + at * beat)
            if number == len(notes) - 1 and not velocity:
                time.sleep(0.04)  # what the keys before asked for is over
                ended.clear()
                now = clock()
                moment = time.monotonic()
                session.hear(Event(now, kind, pitch, velocity))
                _until(lambda: bool(ended))
                _until(lambda: session._director._run._made is not None)  # type: ignore[union-attr]
                return moment
            session.hear(Event(clock(), kind, pitch, velocity))
            time.sleep(0.001)
    raise AssertionError("a phrase has notes")


def _until(met: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not met():
        if time.monotonic() > deadline:
            raise RuntimeError("the session does not answer")
        time.sleep(0.0005)


# --- a duet in its own time: what is computed takes as long as it really takes, what is waited for takes nothing ---


class MeasuredWorker:
    """Does a task when it is its turn; it is over, on the clock, when its real time has gone by."""

    def __init__(self, clock: Clock) -> None:
        self.clock, self.spent = clock, 0.0  # real seconds
        self.seconds: list[float] = []
        self.busy: tuple[float, TaskResult] | None = None
        self._waiting: deque[tuple[Any, Any]] = deque()

    def ask(self, key: Any, task: Any, first: bool = False) -> None:
        self._waiting = deque(w for w in self._waiting if w[0] != key)
        self._waiting.appendleft((key, task)) if first else self._waiting.append((key, task))

    def forget(self, keep: Callable[[Any], bool] = lambda _key: False) -> None:
        self._waiting = deque(w for w in self._waiting if keep(w[0]))

    def done(self) -> list[TaskResult]:
        over = []
        if self.busy and self.clock() >= self.busy[0]:
            over, self.busy = [self.busy[1]], None
        if self.busy is None and self._waiting:
            done = carry_out(*self._waiting.popleft())
            self.spent += done.seconds
            self.seconds.append(done.seconds)
            self.busy = self.clock() + done.seconds, done
        return over

    def close(self) -> None:
        self._waiting.clear()


@dataclass
class Duet:
    """beats: decided on; held: began without a decision; late: ms of notes given after
    their time; ready: ms before it."""

    beats: int = 0
    held: int = 0
    late: list[float] = field(default_factory=list)
    ready: list[float] = field(default_factory=list)
    decisions: list[float] = field(default_factory=list)
    entries: list[int] = field(default_factory=list)
    seconds: float = 0.0

    def add(self, other: Duet) -> None:
        """Both together."""
        for name in ("beats", "held", "late", "ready", "decisions", "entries", "seconds"):
            setattr(self, name, getattr(self, name) + getattr(other, name))


def duets(model: Player, beats: int) -> Duet:
    """Duets at all tempos, of `beats` beats together."""
    found, rng = Duet(), np.random.default_rng(1)
    tempos = np.linspace(*BEAT_STEPS[:2], int(BEAT_STEPS[2]))
    for number, qpm in enumerate(tempos):
        count = beats * (number + 1) // len(tempos) - beats * number // len(tempos)
        if count:
            found.add(_duet(model, float(round(qpm)), count, rng))
    return found


def _duet(model: Player, qpm: float, beats: int, rng: np.random.Generator) -> Duet:
    clock, began = Clock(), time.perf_counter()
    sequencer, worker = SteppedSequencer(clock), MeasuredWorker(clock)
    config = SessionConfig(mode="duet", qpm=qpm, count_in=1, metronome=False)
    session = Session(config, model, sequencer, None, clock, worker=worker, thread=False)  # type: ignore[arg-type]
    found = Duet()
    session.do("play")
    session.step()
    context, run = session._director._context, session._director._run

    def measure(kind: str, seconds: float) -> None:
        if kind == "ready" and run._next > 1:  # type: ignore[union-attr]  # before the first beat nothing is heard
            found.ready.append(1e3 * seconds)

    context.measure = measure  # type: ignore[method-assign]
    keys = _keys(beats, context.time.seconds(0.0), 60 / qpm, rng)
    choose = run._commit  # type: ignore[union-attr]

    def commit() -> None:
        plan = run._plan  # type: ignore[union-attr]
        found.entries.append(len(plan.table) if plan else 0)
        choose()

    run._commit = commit  # type: ignore[union-attr]
    while run._next < beats:  # type: ignore[union-attr]
        _go_on(session, clock, sequencer, worker, keys)
    found.beats, found.held, found.late = (
        beats,
        run.held_beats,
        [1e3 * late for late, _ in sequencer.late],
    )  # type: ignore[union-attr]
    found.decisions = [1e3 * s for s in worker.seconds]
    found.seconds = time.perf_counter() - began
    session.close()
    return found


def _go_on(
    session: Session, clock: Clock, sequencer: Any, worker: MeasuredWorker, keys: deque[Event]
) -> None:
    """To the next moment at which something happens; the session's own work takes its real time too."""
    start, thought = time.perf_counter(), worker.spent
    while keys and keys[0].seconds <= clock.at:
        session.hear(keys.popleft())
    due = session.step()
    clock.at += max(0.0, time.perf_counter() - start - (worker.spent - thought))
    sequencer.due()
    moments = [due, sequencer.agenda.next()]
    moments += [worker.busy[0]] if worker.busy else []
    moments += [keys[0].seconds] if keys else []
    clock.at = max(clock.at + 1e-5, min(moments))


def _keys(beats: int, start: float, beat: float, rng: np.random.Generator) -> deque[Event]:
    """A player with 15 ms of jitter."""
    found = []
    for onset, pitch, length in melody(beats, rng):
        on, velocity = start + onset * beat + rng.normal(0, 0.015), int(rng.integers(50, 100))
        off = max(on + 0.03, start + (onset + 0.93 * length) * beat)
        found += [Event(on, "note_on", pitch, velocity), Event(off, "note_off", pitch, 0)]
    return deque(sorted(found, key=lambda e: e.seconds))
