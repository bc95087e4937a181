"""Live figures over real JACK ports: Composer in one process, keyboards in others, a bare mido loop beside it.

Three keyboards' worth of time: `call` plays phrases of one beat and hears their answers; `duet` plays on and on.
Between two keys for Composer comes one for the bare loop, so both are measured under the same load.
"""

from __future__ import annotations

import json
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import rtmidi
from composer.live.session.playback import pickup
from composer.live.takes.saved import SavedTake, list_takes

from tests.support.soak import Child, Composer, Ears

KEYS, OTHER_KEYS = "StageKeys", "BareKeys"
HALF = 0.5  # of the way to Composer's next key, the bare loop gets one
FIRST_NOTE = 0x91, 0x92, 0x93  # the voices' note-ons

Script = list[tuple[float, list[int]]]  # seconds, bytes
Pairs = list[tuple[float, float]]


@dataclass
class Measured:
    """All in milliseconds. *_thru: key to the listener; *_inside: from the driver's callback to the port being told.

    stamps: recorded onset less when it was sent; bare_stamps: the bare loop's stamps of the same; beyond: the
    recorded less the bare one's. lateness: the keyboard's own, of a sleep and a send. first: an answer's first note
    sent less its downbeat; first_heard: the listener heard it.
    """

    thru: list[float] = field(default_factory=list)
    bare_thru: list[float] = field(default_factory=list)
    inside: list[float] = field(default_factory=list)
    bare_inside: list[float] = field(default_factory=list)
    stamps: list[float] = field(default_factory=list)
    bare_stamps: list[float] = field(default_factory=list)
    beyond: list[float] = field(default_factory=list)
    lateness: list[float] = field(default_factory=list)
    first: list[float] = field(default_factory=list)
    standing: dict[str, Any] = field(default_factory=dict)


class Sender(Child):
    """`jack_sender`: sends a script and says when each message went."""

    def __init__(self, client: str) -> None:
        super().__init__("jack_sender.py", client)
        self.port = f"{client}:keys"
        assert self.read() == "ready\n"

    def begin(self, script: Script) -> None:
        """Send it, each so many seconds from now."""
        self.write(json.dumps(script))

    def sent(self) -> list[float]:
        """When each went, once all have."""
        return list(json.loads(self.read()))


def measure(config: dict[str, Any], keys: list[tuple[float, float]]) -> Measured:
    """Play `keys` (onset, length) in beats from the first downbeat of a session with `config`."""
    with (
        tempfile.TemporaryDirectory() as folder,
        _stage(Path(folder), config) as (composer, senders, ears, bare),
    ):
        composer.do("play")
        composer.until(lambda standing: standing["phase"] != "idle")
        downbeat, beat = composer.standing["downbeat"], 60 / config["qpm"]
        now = time.monotonic()
        script = _script([(downbeat - now + on * beat, length * beat) for on, length in keys])
        gap = HALF * float(np.median(np.diff([at for at, message in script])))
        other = [(at + gap, message) for at, message in script]
        for sender, what in zip(senders, (script, other), strict=True):
            sender.begin(what)
        sent, other_sent = (sender.sent() for sender in senders)
        time.sleep(1.0)
        found = Measured(standing=composer.do("state"))
        composer.do("stop")
        composer.write('["stop"]')
        composer.stop()
        bare.write("")
        told = json.loads(bare.read())
        spans = json.loads((Path(folder) / "spans.json").read_text())
        _fill(found, (sent, other_sent), (ears[0].heard, ears[1].heard), (spans, told))
        found.lateness = _ms([(now + at, s) for (at, _), s in zip(script, sent, strict=True)])
        for take in list_takes(Path(folder) / "takes"):
            found.first += _first(take)
    return found


@contextmanager
def _stage(
    folder: Path, config: dict[str, Any]
) -> Iterator[tuple[Composer, list[Sender], list[Ears], Child]]:
    senders = [Sender(KEYS), Sender(OTHER_KEYS)]
    composer = Composer(senders[0].port, folder / "takes", config, spans=str(folder / "spans.json"))
    bare = Child("bare_loop.py", senders[1].port, senders[0].port)
    assert bare.read() == "ready\n"
    names = rtmidi.MidiIn(rtmidi.API_UNIX_JACK).get_ports()
    ears = [Ears(next(n for n in names if n.endswith(end))) for end in (":soak", "Bare:out")]
    try:
        yield composer, senders, ears, bare
    finally:
        for one in ears:
            one.close()
        for child in (*senders, bare, composer):
            if child.process.poll() is None:
                child.kill()


def _script(keys: Sequence[tuple[float, float]]) -> Script:
    """Note-ons and -offs in time, each of its own pitch and velocity for long."""
    script: Script = []
    for number, (at, seconds) in enumerate(keys):
        pitch, velocity = _note(number)
        script += [(at, [0x90, pitch, velocity]), (at + seconds, [0x80, pitch, 0])]
    return sorted(script)


def _note(number: int) -> tuple[int, int]:
    """A melody up and down the scale of C; velocities go round."""
    scale = (60, 62, 64, 65, 67, 69, 71, 72)
    return scale[abs(number * 3 % 14 - 7)], 30 + number % 90


def _fill(found: Measured, sent: Any, heard: Any, told: Any) -> None:
    (ours, others), (spans, bare) = sent, told
    found.thru, found.bare_thru = _ms(_paired(ours, heard[0])), _ms(_paired(others, heard[1]))
    found.inside, found.bare_inside = _ms(spans), _ms(bare["spans"])
    stamps = [stamp for stamp, _ in spans]
    _same(len(ours), len(stamps), len(bare["stamps"]))
    found.stamps = _ms(list(zip(ours, stamps, strict=True)))
    found.bare_stamps = _ms(list(zip(ours, bare["stamps"], strict=True)))
    found.beyond = _ms(list(zip(bare["stamps"], stamps, strict=True)))


def _same(*counts: int) -> None:
    if len(set(counts)) > 1:
        raise RuntimeError(
            f"sent, recorded and stamped by the bare loop: {counts} messages (JACK repeats when busy)"
        )


def _paired(sent: list[float], heard: list[tuple[float, int, int, int]]) -> Pairs:
    """(Sent, heard) of what came through on the first channel."""
    through = [at for at, status, _, _ in heard if status in (0x80, 0x90)]
    _same(len(sent), len(through))
    return list(zip(sent, through, strict=True))


def _ms(pairs: Sequence[Sequence[float]]) -> list[float]:
    return [1e3 * (b - a) for a, b in pairs]


def _first(take: SavedTake) -> list[float]:
    """The first note of an answer, in ms after the beat at which it is written; nothing where there is no answer."""
    song, config = take.arrangement(), take.header.record_config
    if song is None or not any(t.notes for t in song.tracks[1:]) or take.header.mode == "duet":
        return []
    bar = config.beats_per_bar
    onset = min(t.notes[0].onset for t in song.tracks[1:] if t.notes) - pickup(song)
    asked = ((1 + (take.header.bars or 1)) * bar + onset) * config.beat_seconds
    sent = [
        at
        for at, message in take.played()
        if message[0] in FIRST_NOTE and message[2] and at > asked - 0.1
    ]
    return [1e3 * (sent[0] - asked)] if sent else []


@contextmanager
def busy_core() -> Iterator[None]:
    """A process that does nothing as fast as it can."""
    import sys

    with subprocess.Popen([sys.executable, "-c", "while True: pass"]) as process:
        try:
            yield
        finally:
            process.kill()
