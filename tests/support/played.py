"""A session that keeps what it is asked for, and states of one to show."""

from __future__ import annotations

from dataclasses import replace

from composer.live import commands
from composer.live.session.state import Latency, ShownNote, State

KNOBS = {"chords": 0.0, "style": 0.0, "melody": -0.3, "groove": 0.5}
READY = State(
    mode="duet",
    qpm=96.0,
    knobs=KNOBS,
    model="jsb-chorales",
    seed=7,
    device="AKM322 MIDI 1",
    plugged=True,
    output="fluidsynth",
    output_alive=True,
    takes=3,
    voices=("melody", "alto", "tenor", "bass"),
    latencies={
        "thru": Latency(0.31, 0.84),
        "decision": Latency(3.9, 12.3),
        "ready": Latency(),
    },
)
PLAYING = replace(
    READY,
    phase="playing",
    beat=6.5,
    bar=2,
    held=(67,),
    melody=(ShownNote(4.0, 6.0, 71, 0), ShownNote(6.0, 6.5, 67, 0)),
    accompaniment=(
        ShownNote(6.0, 7.0, 59, 2),
        ShownNote(7.0, 8.0, 60, 2, True),
        ShownNote(5.0, 8.0, 43, 3),
    ),
)


class Double:
    """A session that keeps what it is asked for; what it is told to raise, it raises.

    checks: commands are checked by the table, as a session does it.
    """

    def __init__(self, state=READY, raises=None, checks=False):
        self.now, self.asked, self.raises, self.checks = state, [], raises, checks

    def state(self):
        return self.now

    def do(self, name, argument=None):
        if self.checks:
            commands.find(name).checked(argument)
        self.ask(name) if argument is None else self.ask(name, argument)

    def press(self, pitch, velocity):
        self.ask("press", pitch, velocity)

    def release(self, pitch):
        self.ask("release", pitch)

    def ask(self, *what):
        self.asked.append(what)
        if self.raises:
            raise self.raises
