"""The keyboard on the stage, through JACK: another process plays, is unplugged and comes back, floods; JACK dies."""

import itertools
import json
import os
import subprocess
import sys
import threading
import time
import tracemalloc
from pathlib import Path

import pytest
from composer.errors import PortError
from composer.live.melody.capture import Event
from composer.live.midi.keyboard import Keyboard

from tests.support.jack_server import jack  # noqa: F401

pytestmark = [pytest.mark.jack, pytest.mark.usefixtures("jack")]

SENDER = Path(__file__).parents[2] / "support" / "jack_sender.py"
PATIENCE = 20.0  # seconds; only so that a test does not hang


class Sender:
    """The other process; `send` returns when each message went out."""

    def __init__(self, client="AKM322"):
        self.port = f"{client}:keys"
        command = [sys.executable, str(SENDER), client]
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert self.process.stdout.readline() == "ready\n"

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.kill()

    def send(self, script):
        time.sleep(
            0.05
        )  # JACK may leave out the first cycle of a new connection, on a busy machine
        self.process.stdin.write(json.dumps(script) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def kill(self):
        """Pull the plug."""
        self.process.kill()
        self.process.wait(10)
        self.process.stdin.close()
        self.process.stdout.close()


class Ears:
    """All that a keyboard tells, in order: ("thru", message), ("event", Event), ("clock", ...), ("plug", bool)."""

    def __init__(self, fails=False):
        self.told = []
        self.fails = fails

    def open(self, name, clocks=True, **more):
        def take(what):
            def listener(*told):
                if what == "clock" or not self.is_repeated(what, told[0]):
                    self.told.append((what, *told))
                if self.fails:
                    raise RuntimeError(what)

            return listener

        on_clock = take("clock") if clocks else None
        return Keyboard(
            name,
            "jack",
            on_event=take("event"),
            thru=take("thru"),
            on_clock=on_clock,
            on_plug=take("plug"),
            **more,
        )

    def is_repeated(self, what, told):
        """JACK on a busy machine gives a cycle's messages twice when the sender misses the next one."""
        last = next((t[1] for t in reversed(self.told) if t[0] == what), None)
        if isinstance(told, Event) and last is not None:
            return (told.kind, told.number, told.value) == (last.kind, last.number, last.value)
        return type(told) is type(last) and told == last

    def of(self, what):
        return [
            told[1:] if len(told) > 2 else told[1] for told in self.told.copy() if told[0] == what
        ]

    @property
    def keys(self):
        return [(e.kind, e.number, e.value) for e in self.of("event")]


def until(met, what="it"):
    deadline = time.monotonic() + PATIENCE
    while not met():
        assert time.monotonic() < deadline, f"{what} did not happen"
        time.sleep(0.002)


ON, OFF = [0x93, 60, 71], [0x83, 60, 12]


def test_keys_are_told_thru_first_then_as_events_stamped_when_they_came():
    ears = Ears()
    wheel = [(0.15, [0xE3, 0, 80]), (0.17, [0xE3, 0, 64])]
    script = [(0.1, ON), *wheel, (0.2, [0xB3, 64, 127]), (0.25, OFF), (0.3, [0xB3, 64, 0])]
    with Sender() as sender, ears.open("akm") as keyboard:
        assert (keyboard.name, keyboard.connected, keyboard.held) == (
            "AKM322:keys",
            True,
            frozenset(),
        )
        sent = sender.send(script)
        until(lambda: len(ears.told) == 10)
    assert [told[0] for told in ears.told] == ["thru", "event", "thru", "thru"] + [
        "thru",
        "event",
    ] * 3
    assert [m.bytes() for m in ears.of("thru")] == [m for _, m in script]
    assert ears.keys == [
        ("note_on", 60, 71),
        ("control_change", 64, 127),
        ("note_off", 60, 12),
        ("control_change", 64, 0),
    ]
    assert all(
        0 <= e.seconds - at < PATIENCE
        for e, at in zip(ears.of("event"), [sent[0], *sent[3:]], strict=True)
    )
    assert not keyboard.connected


def test_keys_down_are_held_until_their_release_on_any_channel():
    ears = Ears()
    with Sender() as sender, ears.open(None) as keyboard:
        sender.send(
            [(0, [0x90, 60, 9]), (0, [0x91, 60, 8]), (0, [0x90, 47, 9]), (0, [0x90, 60, 0])]
        )
        until(lambda: len(ears.of("event")) == 4)
        assert keyboard.held == {47, 60}  # 60 is still down on the other channel
        sender.send([(0, [0x81, 60, 0]), (0, [0x80, 50, 0])])
        until(lambda: len(ears.of("event")) == 6)
        assert keyboard.held == {47}
    assert ears.keys[-1] == ("note_off", 47, 0)  # closing lets go


def test_unplugged_in_mid_note_it_lets_go_and_opens_again_by_itself():
    ears = Ears()
    held = [
        (0, ON),
        (0, [0x90, 55, 3]),
        (0, [0x90, 70, 1]),
        (0, [0x80, 70, 1]),
        (0, [0xB5, 64, 90]),
    ]
    held.insert(3, (0, [0xE2, 0, 80]))  # the wheel is no event
    with Sender() as sender, ears.open("AKM") as keyboard:
        sender.send(held)
        until(lambda: len(ears.of("event")) == 5)
        sender.kill()
        until(lambda: ears.of("plug") == [False], "unplugging")
        assert keyboard.held == frozenset() and not keyboard.connected
        releases = [("note_off", 55, 0), ("note_off", 60, 0), ("control_change", 64, 0)]
        assert ears.keys[5:] == releases
        assert [m.channel for m in ears.of("thru")][6:] == [0, 3, 5, 2]
        assert (ears.of("thru")[-1].type, ears.of("thru")[-1].pitch) == ("pitchwheel", 0)
        assert ears.told[-1] == ("plug", False)
        with Sender("another"):
            time.sleep(0.2)
            assert not keyboard.connected  # not any keyboard will do
            with Sender() as again:
                until(lambda: ears.of("plug") == [False, True], "plugging in")
                assert keyboard.connected and keyboard.name == again.port
                again.send([(0, ON), (0, OFF)])
                until(lambda: len(ears.of("event")) == 10)
    assert ears.keys[8:] == [("note_on", 60, 71), ("note_off", 60, 12)]
    seconds = [e.seconds for e in ears.of("event")]
    assert seconds == sorted(seconds)
    assert keyboard.trouble is None


def test_it_can_be_unplugged_often_and_closed_while_away():
    ears = Ears()
    with Sender() as sender:
        keyboard = ears.open("AKM")
        for _ in range(4):
            sender.send([(0, ON)])
            until(lambda: keyboard.held == {60})
            sender.kill()
            until(lambda: not keyboard.connected and keyboard.held == frozenset())
            sender = Sender()
            until(lambda: keyboard.connected)
        sender.kill()
        until(lambda: len(ears.of("plug")) == 9)
    keyboard.close()
    keyboard.close()
    assert ears.keys == [("note_on", 60, 71), ("note_off", 60, 0)] * 4
    assert ears.of("plug") == [False, True] * 4 + [False]
    assert not [t for t in threading.enumerate() if t.name.startswith("keyboard")]


NONSENSE = (
    [0xF8],
    [0xFE],
    [0x90, 2, 0],
    [0xF0, 1, 2, 3, 0xF7],
    [0xC0, 5],
    [0xF8],
    [0xFF],
    [0xB0, 1, 7],
)


def test_a_thousand_messages_of_nonsense_a_second_neither_block_nor_pile_up():
    ears = Ears()
    flood = [(i / 1000, NONSENSE[i % len(NONSENSE)]) for i in range(1000)]
    with Sender() as sender, ears.open("AKM", clocks=False) as keyboard:
        sizes = []
        tracemalloc.start()
        for _ in range(3):
            sender.send([*flood, (1.0, ON), (1.0, OFF)])
            until(lambda: ears.keys[-1:] == [("note_off", 60, 12)])
            assert ears.keys.count(("control_change", 1, 7)) > 100
            assert {m.type for m in ears.of("thru")} == {"note_on", "note_off", "control_change"}
            ears.told.clear()
            sizes.append(tracemalloc.get_traced_memory()[0])
        tracemalloc.stop()
        assert sizes[2] - sizes[1] < 100_000
        assert keyboard.held == frozenset() and keyboard.connected and keyboard.trouble is None


def test_clock_goes_to_who_follows_it_in_order():
    ears = Ears()
    script = [
        (0.0, [0xFA]),
        *((0.01 * i, [0xF8]) for i in range(24)),
        (0.3, [0xFE]),
        (0.3, [0xFC]),
        (0.3, [0xFB]),
    ]
    with Sender() as sender, ears.open("AKM"):
        sender.send(script)
        until(lambda: len(ears.told) >= 27)
    assert [kind for _, kind in ears.of("clock")] == ["start"] + ["clock"] * 24 + [
        "stop",
        "continue",
    ]
    assert all(a <= b for (a, _), (b, _) in itertools.pairwise(ears.of("clock")))
    assert {told[0] for told in ears.told} == {"clock"}


def test_a_listener_that_fails_does_not_stop_the_next_key():
    ears = Ears(fails=True)
    with Sender() as sender, ears.open("AKM") as keyboard:
        sender.send([(0, ON), (0, OFF)])
        until(lambda: len(ears.of("event")) == 2)
        sender.kill()
        until(lambda: ears.of("plug") == [False])
    assert isinstance(keyboard.trouble, RuntimeError)


def test_the_clock_is_the_one_given():
    ears = Ears()
    with Sender() as sender, ears.open("AKM", clock=itertools.count(5000.0).__next__):
        sender.send([(0, ON), (0, OFF)])
        until(lambda: len(ears.of("event")) == 2)
    assert ears.of("event") == [Event(5000.0, "note_on", 60, 71), Event(5001.0, "note_off", 60, 12)]


def test_two_keyboards_may_listen_to_one_port():
    first, second = Ears(), Ears()
    with Sender() as sender, first.open("AKM"), second.open("AKM"):
        sender.send([(0, ON), (0, OFF)])
        until(lambda: len(first.told) == len(second.told) == 4)
    assert first.keys == second.keys


def test_a_keyboard_that_is_not_there_is_refused_at_once():
    with Sender(), pytest.raises(PortError, match="no MIDI input is called 'piano'"):
        Keyboard("piano", "jack")


RESTART = """
import sys, time
sys.path.insert(0, sys.argv[1])
from tests.live.midi.test_keyboard import OFF, ON, Ears, Sender, restartable, until

with restartable() as start:
    server = start()
    sender, ears = Sender(), Ears()
    keyboard = ears.open("AKM")
    sender.send([(0, ON)])
    until(lambda: keyboard.held == {60})
    server.kill()
    server.wait(10)
    until(lambda: ears.of("plug") == [False], "noticing that JACK died")
    assert ears.keys[-1] == ("note_off", 60, 0), ears.keys
    sender.kill()
    time.sleep(0.5)
    server = start()
    sender = Sender()
    until(lambda: ears.of("plug") == [False, True], "coming back")
    sender.send([(0, ON), (0, OFF)])
    until(lambda: len(ears.keys) == 4)
    keyboard.close()
    sender.kill()
    print("survived")
"""


class restartable:
    """Starts JACK servers of one name, as often as asked; for a process of its own."""

    def __enter__(self):
        os.environ |= {
            "JACK_NO_AUDIO_RESERVATION": "1",
            "JACK_DEFAULT_SERVER": f"restart-{os.getpid()}",
        }
        self.server = None
        return self.start

    def start(self):
        name = os.environ["JACK_DEFAULT_SERVER"]
        command = [
            "jackd",
            "-n",
            name,
            "-r",
            "-S",
            "-t",
            "100",
            "-d",
            "dummy",
            "-r",
            "48000",
            "-p",
            "128",
        ]
        self.server = subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        deadline = time.monotonic() + PATIENCE
        probe = [
            sys.executable,
            "-c",
            "import rtmidi; rtmidi.MidiIn(rtmidi.API_UNIX_JACK).delete()",
        ]
        while subprocess.run(probe, capture_output=True).returncode:
            assert time.monotonic() < deadline, "jackd did not start"
        return self.server

    def __exit__(self, *error):
        if self.server is not None:
            self.server.terminate()
            self.server.wait(10)


def test_a_jack_server_that_is_killed_and_started_again_is_survived():
    command = [sys.executable, "-c", RESTART, str(Path(__file__).parents[3])]
    done = subprocess.run(command, text=True, capture_output=True, timeout=90)
    assert (done.stdout.strip(), done.returncode) == ("survived", 0), done.stderr
