"""A take as tests keep it: what was played, what was sent, its header."""

from __future__ import annotations

from pathlib import Path

import mido
from composer.config import to_dict
from composer.live.melody.capture import Event, RecordConfig
from composer.live.takes.header import Header
from composer.live.takes.writer import TakeWriter

from tests.support.jack_server import jack  # noqa: F401

RECORD = RecordConfig(qpm=150.0, beats_per_bar=3, bars=4, count_in=1)


HEAD = Header(
    *("2026-03-07T21:04:05+01:00", "phrase"),
    qpm=150.0,
    beats_per_bar=3,
    bars=4,
    count_in=1,
    record=to_dict(RECORD),
    programs=(0, 19, 60),
    device="akm322",
    offset=0.012,
)


START = 100.25  # of the clock


# Lopsided, over an octave, in the second bar (the first is counted in); the last key is still down at the end.
KEYS = [(1.21, 62, 71), (1.6, 62, 33), (2.0, 79, 99), (2.4, 60, 120), (3.61, 65, 54)]


def events(start: float = START) -> list[Event]:
    """What a keyboard says; each key goes up as the next goes down."""
    found = [Event(start + 0.9, "control_change", 64, 0)]
    for (at, pitch, velocity), after in zip(KEYS, [*KEYS[1:], None], strict=True):
        found.append(Event(start + at, "note_on", pitch, velocity))
        if after:
            found.append(Event(start + after[0], "note_off", pitch, 64))
    return found


def messages() -> list[tuple[float, mido.Message]]:
    """What was sent out: every kind of message, two at one time, on several channels."""
    kinds = [
        (0.5, mido.Message("program_change", channel=3, program=60)),
        (0.5, mido.Message("note_on", channel=3, note=60, velocity=1)),
        (0.503, mido.Message("note_on", channel=0, note=67, velocity=127)),
        (0.504, mido.Message("clock")),
        (0.506, mido.Message("control_change", channel=3, control=64, value=127)),
        (0.509, mido.Message("pitchwheel", channel=0, pitch=-8192)),
        (0.511, mido.Message("note_off", channel=3, note=60, velocity=17)),
        (0.52, mido.Message("polytouch", channel=0, note=67, value=9)),
        (0.53, mido.Message("aftertouch", channel=0, value=77)),
        (0.531, mido.Message("note_on", channel=0, note=67, velocity=0)),
        (0.531, mido.Message("control_change", channel=3, control=64, value=0)),
        (0.56, mido.Message("stop")),
    ]
    return [(START + at, message) for at, message in kinds]


def keep(folder: Path, header: Header = HEAD, melody=None, arrangement=None, ended="bars") -> Path:
    """A take that was played to its end."""
    with TakeWriter(folder, header, START) as writer:
        for event in events():
            writer.event(event)
        for at, message in messages():
            writer.played(at, message)
        writer.finish(melody, arrangement, ended)
    return writer.folder


# Played again


class Collected:
    """An output whose clock goes on only while one waits: (seconds, bytes) of what was sent."""

    def __init__(self) -> None:
        self.now, self.sent = 1000.0, []

    def clock(self) -> float:
        return self.now

    def wait(self, seconds: float) -> None:
        self.now += seconds

    def send(self, message) -> None:
        self.sent.append((self.now, bytes(message.bytes())))

    def bytes(self) -> list:
        return [data for _, data in self.sent]
