"""Ports: names are matched, systems chosen, and every failure is one line that says how to mend it.

Real ports are in test_jack.py. The missing systems here are really missing: ALSA's configuration and JACK's
server are hidden from a child process.
"""

import os
import subprocess
import sys

import pytest
from composer.errors import PortError
from composer.live.midi import ports
from composer.live.midi.backend import DriverPort
from composer.live.midi.ports import Ports, choose, is_instrument, list_ports, open_input

from tests.conftest import ROOT

ALSA_NAMES = (
    "Midi Through:Midi Through Port-0 14:0",
    "AKM322:AKM322 MIDI 1 20:0",
    "Keystation:Keystation MIDI 1 24:0",
)
NO_SYSTEM = {"ALSA_CONFIG_PATH": "/nonexistent", "JACK_DEFAULT_SERVER": "nobody-started-this"}
PRINT_ERROR = """
from composer.errors import PortError
from composer.live.midi.ports import list_ports, open_input
for call in (lambda: list_ports({api!r}), lambda: open_input("x", {api!r})):
    try:
        call()
    except PortError as error:
        print(error)
"""


def run(code: str, **env: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", code]
    return subprocess.run(
        command, env=os.environ | env, text=True, capture_output=True, timeout=60, check=False
    )


def errors_of(code: str, **env: str) -> list[str]:
    """What list_ports and open_input raise in a child process, which says nothing else."""
    done = run(code, **env)
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert len(lines) == 2 and lines[0] == lines[1], done.stdout
    return lines


def test_no_alsa_sequencer_and_no_jack_is_one_line_naming_both():
    line = errors_of(PRINT_ERROR.format(api=None), **NO_SYSTEM)[0]
    assert line.startswith("no MIDI system answers (alsa: ") and "; jack: " in line
    assert "modprobe snd-seq" in line and "jackd" in line


def test_a_system_asked_for_by_name_does_not_fall_back():
    line = errors_of(PRINT_ERROR.format(api="alsa"), **NO_SYSTEM)[0]
    assert "alsa: " in line and "jack: " not in line


def test_importing_the_live_modules_loads_no_driver():
    code = "import sys, composer.live.midi.recorder\nprint([m for m in ('rtmidi', 'mido') if m in sys.modules])"
    assert run(code).stdout.strip() == "[]"


def test_stderr_is_the_same_after_two_threads_kept_it_quiet():
    code = """
import os, threading, time
from composer.live.midi.ports import _quiet
def stay(before, within):
    time.sleep(before)
    with _quiet():
        time.sleep(within)
threads = [threading.Thread(target=stay, args=a) for a in ((0, 0.2), (0.1, 0.2))]  # one ends within the other
[thread.start() for thread in threads], [thread.join() for thread in threads]
os.write(2, b"heard")
"""
    assert run(code).stderr == "heard"


def test_a_connection_that_jack_shows_late_is_waited_for(monkeypatch):
    shown = iter([{"other:in"}, {"other:in"}, {"other:in"}, {"other:in", "ours:in"}])
    monkeypatch.setattr(ports.jack, "connections", lambda other: next(shown))
    assert ports._joined("jack", "AKM322:keys", lambda: "port") == ("port", "ours:in")


def test_an_unknown_api_is_refused_by_name():
    with pytest.raises(PortError, match="one of alsa, jack, coremidi, winmm or auto, got 'oss'"):
        list_ports("oss")


def test_an_api_of_another_system_is_refused():
    other = "alsa" if sys.platform == "win32" else "winmm"
    with pytest.raises(PortError, match=f"{other} is not in this build"):
        open_input("x", other)


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("AKM322:AKM322 MIDI 1 20:0", 1),
        ("akm322", 1),
        ("station", 2),
        ("KEYSTATION:keystation midi 1", 2),
        ("AKM322:AKM322 MIDI 1 28:0", 1),  # replugged: ALSA has given it another number
        ("through", 0),
    ],
)
def test_a_part_of_a_name_in_any_case_is_enough(name, found):
    assert choose(name, ALSA_NAMES) == ALSA_NAMES[found]


def test_an_exact_name_wins_over_longer_ones():
    assert choose("key", ("Key 2", "Key", "Monkey")) == "Key"
    assert choose("Key", ("key", "Key 2", "Key")) == "Key"


def test_a_name_that_fits_two_ports_lists_just_those():
    with pytest.raises(PortError, match="fits 2 MIDI inputs") as error:
        choose("MIDI 1", ALSA_NAMES)
    assert (
        "AKM322" in str(error.value)
        and "Keystation" in str(error.value)
        and "Through" not in str(error.value)
    )


def test_an_unknown_name_lists_those_there_are():
    with pytest.raises(PortError, match="no MIDI input is called 'piano'") as error:
        choose("piano", ALSA_NAMES)
    assert all(name in str(error.value) for name in ALSA_NAMES)


def test_without_a_name_the_only_keyboard_is_taken_but_never_the_loopback():
    assert choose(None, ALSA_NAMES[:2]) == ALSA_NAMES[1]
    with pytest.raises(PortError, match="there are 2 MIDI inputs, name one"):
        choose("", ALSA_NAMES)
    with pytest.raises(PortError, match="only ALSA's loopback"):
        choose(None, ALSA_NAMES[:1])


@pytest.mark.parametrize("name", [None, "akm"])
def test_no_ports_at_all_is_one_line(name):
    with pytest.raises(PortError, match=r"^no MIDI input found: plug the keyboard in[^\n]*$"):
        choose(name, ())


class FakeRtmidi:
    """rtmidi with two systems, of which those in `broken` cannot make a client."""

    API_LINUX_ALSA, API_UNIX_JACK = 2, 3

    def __init__(self, broken: tuple[int, ...] = ()) -> None:
        self.broken = broken
        self.deleted = 0

    def get_compiled_api(self):
        return [2, 3]

    def MidiIn(self, api, name):
        return self._client(api, ["in"])

    def MidiOut(self, api, name):
        return self._client(api, ["out a", "out b"])

    def _client(fake, api, names):
        if api in fake.broken:
            raise OSError("no such system")

        class Client:
            def get_ports(self):
                return [f"{n} {api}" for n in names]

            def delete(self):
                fake.deleted += 1

        return Client()


@pytest.mark.parametrize(("broken", "api", "number"), [((), "alsa", 2), ((2,), "jack", 3)])
@pytest.mark.parametrize("asked", [None, "auto"])
def test_linux_asks_alsa_first_then_jack(monkeypatch, broken, api, number, asked):
    fake = FakeRtmidi(broken)
    monkeypatch.setattr(DriverPort, "load", staticmethod(lambda: fake))
    monkeypatch.setattr(ports, "driver", lambda: DriverPort)
    monkeypatch.setattr(sys, "platform", "linux")
    assert list_ports(asked) == Ports(
        (f"in {number}",), (f"out a {number}", f"out b {number}"), api
    )
    assert fake.deleted == 2


def test_stderr_is_whole_again_after_a_failure(capfd):
    with pytest.raises(RuntimeError), ports._quiet():
        os.write(2, b"hidden")
        raise RuntimeError
    os.write(2, b"seen")
    assert capfd.readouterr().err == "seen"


@pytest.mark.parametrize(
    "own",
    [
        "RtMidiOut Client:RtMidi output 129:0",
        "RtMidiOut Client-03:RtMidi output",
        "Composer-01:arrangement",
    ],
)
def test_a_port_that_composer_made_is_no_keyboard(own):
    assert (
        not is_instrument(own)
        and is_instrument("Composers' Keys:out")
        and is_instrument("AKM322:AKM322 MIDI 1 20:0")
    )
    with pytest.raises(
        PortError, match=r"no MIDI input found|only ALSA's loopback or Composer's own ports"
    ):
        choose(None, [own])
    assert choose(None, [own, "AKM322:keys"]) == "AKM322:keys"
    assert choose("out", ["RtMidiOut Client:RtMidi output", "Synth:out"]) == "Synth:out"
    assert choose(own, [own, "AKM322:keys"]) == own  # by its whole name


def test_what_reads_a_message_is_imported_before_the_first_key():
    script = (
        "import sys\nfrom composer.live.midi.ports import _Listener\n"
        "assert 'mido' not in sys.modules\n_Listener(print)\nassert 'mido' in sys.modules\n"
    )
    assert subprocess.run([sys.executable, "-c", script], cwd=ROOT, check=False).returncode == 0
