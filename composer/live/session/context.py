"""Share what a session's runs need: settings, time, the model, ways to send notes. No logic."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np

from composer.live.melody.transport import Transport
from composer.live.session.accompanist import Accompanist
from composer.live.session.state import Latency, SessionConfig, Shown
from composer.live.session.worker import AnyWorker, TaskResult

# Latencies that are remembered of each kind.
MEASURED = 1000


class AnySequencer(Protocol):
    """A sequencer as a session sees it; `composer.live.midi.sequencer.Sequencer` is the real
    one.
    """

    def now(self, message: Any) -> None:
        """Send at once."""

    def at(self, seconds: float, message: Any, tag: str = "") -> None:
        """Send later."""

    def cancel(self, tag: str, after: float = ..., end_now: bool = False) -> None:
        """Drop what has that tag and is not sent yet; end_now: and end what sounds of it."""

    def silence(self) -> None:
        """Turn all notes off."""


@dataclass
class SessionContext:
    """Shared by a session and what runs in it; used in the session's thread alone.

    tell: says one line to the player. answered: takes the melody and arrangement of a phrase as
    soon as they are known, why it ended, and with what feel it sounds.
    """

    config: SessionConfig
    accompanist: Accompanist
    sequencer: AnySequencer
    worker: AnyWorker
    tell: Callable[[str], None]
    answered: Callable[..., None]
    began: Callable[[float], None]
    time: Transport = field(default_factory=lambda: Transport.start(0.0, 100.0))
    latencies: dict[str, deque[float]] = field(default_factory=dict)
    programs: dict[int, int] = field(default_factory=dict)

    def measure(self, kind: str, seconds: float) -> None:
        """Remember a latency."""
        self.latencies.setdefault(kind, deque(maxlen=MEASURED)).append(1e3 * seconds)

    def measured(self) -> dict[str, Latency]:
        """Return the latencies, in ms; of `ready`, where small is bad, the first percentile."""
        kept = {
            kind: list(values) for kind, values in self.latencies.copy().items()
        }  # the session's thread adds more
        tails = {kind: 1 if kind == "ready" else 99 for kind in kept}
        return {
            k: Latency(v[-1], float(np.percentile(v, tails[k])))
            for k, v in kept.items()
            if v
        }

    def note(
        self, seconds: float, channel: int, pitch: int, velocity: int, tag: str = ""
    ) -> None:
        """Press a key of a voice at `seconds`, or with velocity 0 let it go."""
        from mido import Message

        kind = "note_on" if velocity else "note_off"
        self.sequencer.at(
            seconds, Message(kind, channel=channel, note=pitch, velocity=velocity), tag
        )

    def program(self, channel: int, program: int) -> None:
        """Choose the instrument of a channel, if it is another than before."""
        from mido import Message

        if self.programs.get(channel) != program:
            self.programs[channel] = program
            self.sequencer.now(
                Message("program_change", channel=channel, program=program)
            )


class SessionRun(Protocol):
    """A performance, from the count-in to the end: a phrase and its answers, or a duet."""

    phase: str
    # Why it ended; "" while it goes on.
    over: str
    # The beat at which what is shown begins.
    start: float
    length: float | None  # in beats; None: open

    def hear(self, event: Any, beat: float) -> None:
        """Follow what the keyboard said."""

    def step(self, now: float) -> None:
        """Do what is due at `now`, seconds; called every few milliseconds."""

    def due(self, now: float) -> float:
        """Return when `step` is wanted again at the latest, seconds."""

    def take(self, done: TaskResult, now: float) -> None:
        """Use a result of the worker."""

    def changed(self, again: bool = False) -> None:
        """Go on with another model, knob or seed; again: asked for by a re-roll."""

    def stop(self, now: float) -> None:
        """End as the player asks; asked a second time, at once."""

    def end(self, now: float, why: str) -> None:
        """End now: silence what sounds, and hand over what was played."""

    def shown(self, now: float) -> Shown:
        """Return melody and accompaniment for the screen."""
