"""An hour on the stage, or a minute: a keyboard plays and is unplugged again and again, and every note is looked for.

Composer runs in a process of its own (`soak_composer`), the keyboard in another that is killed (`soak_keyboard`); this
one listens to what Composer sends. Real ports, real clock, real takes.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import rtmidi
from composer.live.takes.saved import list_takes

from tests.support.jack_listener import JackListener
from tests.support.jack_server import jack_server

HERE = Path(__file__).parent
CLIENT, PORT = "SoakKeys", "SoakKeys:keys"
PATIENCE = 20.0  # seconds that anything may take
STALL = 1.5  # seconds: JACK holds its whole graph for a client that was killed, and drops what is sent meanwhile
FLOOD = 4.0  # seconds
MODES = ("duet", "call", "phrase")
CONFIG = {
    "mode": "duet",
    "bars": 1,
    "qpm": 120.0,
    "count_in": 0,
    "with_melody": False,
    "loop": True,
    "metronome": True,
}

Struck = tuple[float, int, int]  # seconds, pitch, velocity


@dataclass
class Outcome:
    """What the soak found.

    lost_*: of `sent` (seconds, pitch, velocity), those that are not in the takes as events, nor as sent on at once;
    that no listener heard; that the second program did not hear.
    stalled: sent within STALL of the synthesiser's kill, not looked for at the listener. repeated: in the takes more
    often than sent (JACK gives a cycle twice where a client misses it). hanging: keys that sounded on after an unplug,
    or at the end. noticed: seconds from kill to unplug; returned: from the keyboard's return to its being open.
    memory: MiB as time went by; files, threads: likewise.
    """

    minutes: float = 0.0
    sent: list[Struck] = field(default_factory=list)
    stalled: int = 0
    lost_takes: list[Struck] = field(default_factory=list)
    lost_thru: list[Struck] = field(default_factory=list)
    lost_heard: list[Struck] = field(default_factory=list)
    lost_second: list[Struck] = field(default_factory=list)
    second: int = 0
    repeated: int = 0
    hanging: list[str] = field(default_factory=list)
    unplugs: int = 0
    noticed: list[float] = field(default_factory=list)
    returned: list[float] = field(default_factory=list)
    memory: list[float] = field(default_factory=list)
    files: list[int] = field(default_factory=list)
    threads: list[int] = field(default_factory=list)
    synth_back: float | None = None
    alive: bool = True
    takes: int = 0
    faults: list[str] = field(default_factory=list)
    latencies: dict[str, Any] = field(default_factory=dict)

    def broken(self) -> list[str]:
        """What should not have been; nothing if all is well."""
        found = [
            f"{len(v)} notes lost: {k}"
            for k, v in vars(self).items()
            if k.startswith("lost_") and v
        ]
        found += [*self.hanging, *self.faults]
        return [*found, *([] if self.alive else ["the output is dead"])]


def missing(
    sent: Sequence[Struck], heard: Sequence[tuple[int, int]], window: int = 100
) -> tuple[list[Struck], int]:
    """(Those of `sent` that are not in `heard` in their order, how many more were heard).

    heard: (pitch, velocity). window: a note is looked for among so many that were heard after the last one found; more
    than JACK repeats, and so few that one lost is not taken for the same pitch and velocity in a flood much later.
    """
    lost, at = [], 0
    for one in sent:
        found = next(
            (i for i in range(at, min(len(heard), at + window)) if heard[i] == one[1:]), None
        )
        if found is None:
            lost.append(one)
        else:
            at = found + 1
    return lost, len(heard) - (len(sent) - len(lost))


class Ears:
    """Listens to a JACK port: all note messages, as (seconds, status, pitch, velocity)."""

    def __init__(self, port: str) -> None:
        self.heard: list[tuple[float, int, int, int]] = []
        self._in = rtmidi.MidiIn(rtmidi.API_UNIX_JACK)
        names = self._in.get_ports()
        self._in.open_port(next(i for i, name in enumerate(names) if name == port))
        self._in.set_callback(self._hear)

    def _hear(self, told: tuple[list[int], float], _data: Any) -> None:
        message = told[0]
        if message[0] & 0xE0 == 0x80:
            self.heard.append((time.monotonic(), message[0], message[1], message[2]))

    def struck(self, channel: int = 0) -> list[tuple[int, int]]:
        """(Pitch, velocity) of all that was struck on a channel."""
        return [(p, v) for _, status, p, v in self.heard if status == 0x90 | channel and v]

    def down(self) -> set[tuple[int, int]]:
        """(Channel, pitch) of what sounds now."""
        down: set[tuple[int, int]] = set()
        for _, status, pitch, velocity in self.heard:
            (down.add if status & 0xF0 == 0x90 and velocity else down.discard)((status & 15, pitch))
        return down

    def close(self) -> None:
        """Hear no more."""
        self._in.close_port()
        self._in.delete()


class Child:
    """Another process of Python, which is spoken to in lines; `stop` waits for it."""

    def __init__(self, script: str, *arguments: str) -> None:
        command = [sys.executable, "-X", "faulthandler", str(HERE / script), *arguments]
        path = os.pathsep.join([str(HERE.parents[1]), os.environ.get("PYTHONPATH", "")])
        env = {**os.environ, "PYTHONPATH": path}
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=env
        )

    def read(self) -> str:
        """The next line that it says."""
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"{self.process.args} has ended with {self.process.wait(PATIENCE)}")
        return line

    def write(self, line: str) -> None:
        """Say something to it."""
        assert self.process.stdin is not None
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()

    def kill(self) -> None:
        """No goodbye."""
        self.process.kill()
        self.stop()

    def stop(self) -> None:
        """Close its input and wait until it has ended."""
        assert self.process.stdin is not None and self.process.stdout is not None
        self.process.stdin.close()
        self.process.wait(PATIENCE)
        self.process.stdout.close()


class Composer(Child):
    """The process with a session in it."""

    def __init__(self, port: str, takes: Path | None, config: dict[str, Any], **more: str) -> None:
        job = {"port": port, "takes": takes and str(takes), "config": config, **more}
        super().__init__("soak_composer.py", json.dumps(job))
        self.standing: dict[str, Any] = json.loads(self.read())

    def do(self, command: str, *arguments: Any) -> dict[str, Any]:
        """Do a command of the session ("state": none), and return how it stands."""
        self.write(json.dumps([command, *arguments]))
        self.standing = json.loads(self.read())
        return self.standing

    def until(self, met: Callable[[dict[str, Any]], bool]) -> float:
        """Wait until it stands so; seconds that took, PATIENCE at most."""
        begin = time.monotonic()
        while not met(self.do("state")) and time.monotonic() < begin + PATIENCE:
            time.sleep(0.01)
        return time.monotonic() - begin


class Soak:
    """rounds: how often the keyboard is plugged in and out, `seconds` apart; the first four have trouble besides."""

    def __init__(
        self,
        folder: Path,
        rounds: int,
        seconds: float,
        say: Callable[[str], None] = lambda _line: None,
    ):
        self.outcome = Outcome()
        self._folder, self._rounds, self._seconds, self._say = folder, rounds, seconds, say
        self._log = folder / "keys.txt"
        self._number, self._stall = 0, float("-inf")
        self._second: tuple[float, float, list[tuple[int, int]]] | None = None

    def run(self) -> Outcome:
        """All of it, on a JACK server of its own."""
        self._folder.mkdir(parents=True, exist_ok=True)
        begin = time.monotonic()
        with jack_server(f"composer-soak-{os.getpid()}", period=128):
            self._keyboard = self._plug_in()
            self._composer = Composer(PORT, self._folder / "takes", CONFIG, synth="jack")
            self._ears = Ears(
                next(
                    n
                    for n in rtmidi.MidiIn(rtmidi.API_UNIX_JACK).get_ports()
                    if n.endswith(":soak")
                )
            )
            for number in range(self._rounds):
                self._round(number)
            self._composer.write(json.dumps(["close"]))
            self._composer.stop()
            time.sleep(0.2)
            self._look_for_hanging("at the end")
            self._ears.close()
        self.outcome.minutes = (time.monotonic() - begin) / 60
        self._count()
        return self.outcome

    def _plug_in(self) -> Child:
        keyboard = Child("soak_keyboard.py", CLIENT, str(self._log), str(self._number))
        assert keyboard.read() == "ready\n"
        return keyboard

    def _round(self, number: int) -> None:
        end = time.monotonic() + self._seconds
        if number:
            begin = time.monotonic()
            self._keyboard = self._plug_in()
            ready = time.monotonic()
            self._composer.until(lambda s: s["plugged"])
            self.outcome.returned.append(time.monotonic() - ready)
            end = begin + self._seconds
        self._composer.do("mode", MODES[number % len(MODES)])
        self._composer.do("play")
        time.sleep(0.2)
        self._keyboard.write("play")
        trouble = [self._none, self._nonsense, self._clocks, self._kill_synth, self._two_programs]
        time.sleep(1.0)
        trouble[number if number < len(trouble) else 0]()
        time.sleep(max(0.0, end - 2.0 - time.monotonic()))
        self._measure()
        self._unplug(number)

    def _measure(self) -> None:
        standing, outcome = self._composer.do("collect"), self.outcome
        for name in ("memory", "files", "threads"):
            getattr(outcome, name).append(standing[name])
        outcome.faults += [f for f in standing["faults"] if f not in outcome.faults]
        outcome.alive &= standing["alive"]
        outcome.latencies = standing["latencies"]
        self._say(
            f"{len(outcome.memory)}: {standing['memory']:.1f} MiB, {standing['files']} files, "
            f"{standing['threads']} threads, take {standing['takes']}, {standing['phase']}, {standing['message']!r}, "
            f"unplugs {outcome.unplugs}, {len(self._ears.heard)} heard, load {os.getloadavg()[0]:.2f}, "
            f"hanging {outcome.hanging}, latencies {standing['latencies']}"
        )

    def _unplug(self, number: int) -> None:
        """Kill the keyboard in mid-note, once that is heard; then nothing that it played may sound on."""
        self._keyboard.write("hold")
        pitch, velocity = map(int, self._keyboard.read().split())
        end = time.monotonic() + PATIENCE
        while (pitch, velocity) not in self._ears.struck()[-3:] and time.monotonic() < end:
            time.sleep(0.01)
        self._keyboard.kill()
        self._number += 100_000
        self.outcome.noticed.append(self._composer.until(lambda s: not s["plugged"]))
        self.outcome.unplugs += 1
        time.sleep(0.3)
        if held := self._composer.do("state")["held"]:
            self.outcome.hanging.append(f"keys {held} held after unplug {number}")
        self._look_for_hanging(f"after unplug {number}", channels=(0,))

    def _look_for_hanging(self, when: str, channels: Sequence[int] = range(16)) -> None:
        down = sorted(key for key in self._ears.down() if key[0] in channels)
        if down:
            self.outcome.hanging.append(f"{down} sound {when}")

    # --- trouble, once each ---

    def _none(self) -> None:
        pass

    def _nonsense(self) -> None:
        self._keyboard.write(f"nonsense {FLOOD}")
        time.sleep(FLOOD + 1)

    def _clocks(self) -> None:
        self._keyboard.write(f"clocks {FLOOD}")
        time.sleep(FLOOD + 1)

    def _kill_synth(self) -> None:
        pid = self._composer.do("state")["synth"]
        self._stall = time.monotonic()
        os.kill(pid, 9)
        self._composer.until(lambda s: s["synth"] != pid)
        self.outcome.synth_back = self._composer.until(
            lambda s: s["alive"] and s["synth"] not in (pid, None)
        )

    def _two_programs(self) -> None:
        # In a process of its own: a client that opens holds Python's lock while the JACK server waits for what the
        # other one hears in it, and then gives a second of messages up.
        with JackListener("Second", PORT) as other:
            begin = time.monotonic()
            time.sleep(FLOOD)
            end = time.monotonic()
            time.sleep(0.2)
            heard = [bytes.fromhex(message) for message in other.heard]
        self._second = begin + 0.1, end, [(m[1], m[2]) for m in heard if m[0] == 0x90 and m[2]]

    # --- what came of it ---

    def _count(self) -> None:
        outcome = self.outcome
        lines = [line.split() for line in self._log.read_text().splitlines()]
        outcome.sent = [(float(s), int(p), int(v)) for s, p, v in lines]
        audible = [one for one in outcome.sent if not 0 <= one[0] - self._stall < STALL]
        outcome.stalled = len(outcome.sent) - len(audible)
        outcome.lost_heard, _ = missing(audible, self._ears.struck())
        takes = list_takes(self._folder / "takes")
        outcome.takes = len(takes)
        events = [e for take in takes for e in take.events()]
        outcome.lost_takes, outcome.repeated = missing(
            outcome.sent, [(e.number, e.value) for e in events if e.is_press]
        )
        played = [m for take in takes for _, m in take.played() if m[0] == 0x90 and m[2]]
        outcome.lost_thru, _ = missing(outcome.sent, [(m[1], m[2]) for m in played])
        if self._second is not None:
            begin, end, struck = self._second
            during = [one for one in outcome.sent if begin <= one[0] < end]
            outcome.second = len(during)
            outcome.lost_second, _ = missing(during, struck)
