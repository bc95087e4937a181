"""The two packages behind a port: which is chosen, how they differ, and what is said when there is none."""

import os
import subprocess
import sys
import types

import pytest
from composer.live.midi import backend
from composer.live.midi.backend import DriverPort, SupriyaPort

OURS = "supriya-midi" if sys.version_info >= (3, 13) else "python-rtmidi"
HIDE = """
import sys
class Hide:
    def find_spec(self, name, path=None, target=None):
        if name in {names}:
            raise {error}
sys.meta_path.insert(0, Hide())
"""
BOTH = ("rtmidi", "_rtmidi", "supriya_midi")
ABSENT = 'ModuleNotFoundError(f"No module named {name}", name=name)'
PRINT_ERRORS = """
from composer.errors import PortError
from composer.live.midi.ports import list_ports, open_input, open_output
for call in (list_ports, open_input, open_output):
    try:
        call()
    except PortError as error:
        print(error)
"""


def run(code: str, *arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", code, *arguments]
    return subprocess.run(
        command, env=os.environ | env, text=True, capture_output=True, timeout=120, check=False
    )


def test_without_a_package_each_call_says_in_one_line_which_to_install():
    done = run(HIDE.format(names=BOTH, error=ABSENT) + PRINT_ERRORS)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [f"MIDI ports need {OURS}: pip install {OURS}"] * 3


def test_without_libasound_the_line_names_its_package():
    error = (
        'ImportError("libasound.so.2: cannot open shared object file: No such file or directory")'
    )
    done = run(HIDE.format(names=BOTH, error=error) + PRINT_ERRORS)
    first, *others = done.stdout.splitlines()
    assert "libasound.so.2" in first and "apt install libasound2" in first
    assert others == [first] * 2 and done.stderr == ""


def test_python_rtmidi_is_chosen_before_supriya_midi_which_will_do_alone(monkeypatch):
    absent = set()

    def load(name):
        def loaded():
            if name in absent:
                raise ModuleNotFoundError(name=name)

        return staticmethod(loaded)

    monkeypatch.setattr(DriverPort, "load", load("rtmidi"))
    monkeypatch.setattr(SupriyaPort, "load", load("supriya_midi"))
    assert backend.driver.__wrapped__() is DriverPort
    absent.add("rtmidi")
    assert backend.driver.__wrapped__() is SupriyaPort


ARRANGE = """
from composer.cli import main
sys.argv = ["composer", "arrange", "ode-to-joy", "-o", {out!r}]
main()
"""


def test_arranging_works_without_a_package_for_ports(tmp_path):
    out = tmp_path / "arranged.mid"
    done = run(HIDE.format(names=BOTH, error=ABSENT) + ARRANGE.format(out=str(out)))
    assert done.returncode == 0, done.stderr
    assert out.stat().st_size > 200


PLAY = """
from composer.cli import main
sys.argv = ["composer", "play", "--plain", "--out", "none", "--takes", {takes!r}]
main()
"""


def test_playing_without_ports_goes_on_and_says_in_one_line_what_is_missing(tmp_path):
    hidden = HIDE.format(names=BOTH, error=ABSENT)
    command = [sys.executable, "-c", hidden + PLAY.format(takes=str(tmp_path))]
    with subprocess.Popen(
        command, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    ) as player:
        said = next((line for line in player.stdout if "no keyboard" in line), "")
        rest, _ = player.communicate("quit\n", timeout=120)
    assert f"pip install {OURS}" in said
    assert player.returncode == 0, rest


class FakeError(Exception):
    """As supriya-midi has it: neither an OSError nor a ValueError."""


class FakeClient:
    """A client of supriya-midi that sees two ports, unless it `fails`."""

    def __init__(self, number, name):
        self.made = (number, name)
        self.opened = None
        self.fails = False
        self.callbacks = []

    def get_ports(self):
        if self.fails:
            raise FakeError("no such port")
        return ["Midi Through 14:0", "AKM322 20:0"]

    def open_port(self, number, name):
        if self.fails:
            raise FakeError("busy")
        self.opened = (number, name)

    def ignore_types(self, sysex, timing, active_sense):
        self.ignored = (sysex, timing, active_sense)

    def set_callback(self, callback):
        self.callbacks.append(callback)


@pytest.fixture
def supriya(monkeypatch):
    """A package with supriya-midi's names, whose JACK is not there."""

    def midi_in(number, name):
        if number == 3:
            raise FakeError("JACK server not running?")
        return FakeClient(number, name)

    api = types.SimpleNamespace(LINUX_ALSA=2, UNIX_JACK=3, WINDOWS_MM=4)
    package = types.SimpleNamespace(
        RtMidiAPI=api, RtMidiError=FakeError, MidiIn=midi_in, get_compiled_apis=lambda: [2, 3]
    )
    monkeypatch.setattr(SupriyaPort, "load", staticmethod(lambda: package))
    return package


@pytest.mark.usefixtures("supriya")
def test_supriya_midi_opens_a_port_under_the_names_that_rtmidi_gives():
    port = SupriyaPort("alsa", "in")
    port.open("AKM322 20:0")
    assert port._client.made == (2, "RtMidiIn Client")
    assert port._client.opened == (1, "RtMidi input")
    assert SupriyaPort.has("jack") and not SupriyaPort.has("winmm")


@pytest.mark.usefixtures("supriya")
def test_the_bytes_of_a_message_come_alike_from_both_packages():
    heard = []
    port = SupriyaPort("alsa", "in")
    port.listen(heard.append)
    port._client.callbacks[0]([0x90, 60, 9], 0.25, None)  # message, seconds since the last, data
    assert heard == [[0x90, 60, 9]] and port._client.ignored == (False, False, True)

    other = DriverPort.__new__(DriverPort)
    other._client = FakeClient(2, "")
    other.listen(heard.append)
    other._client.callbacks[0](([0x80, 60, 0], 0.25), None)
    assert heard[1] == [0x80, 60, 0]


@pytest.mark.usefixtures("supriya")
def test_errors_of_supriya_midi_are_of_the_kinds_that_ports_knows():
    port = SupriyaPort("alsa", "in")
    with pytest.raises(OSError, match="unknown port 'piano'"):
        port.open("piano")
    port._client.fails = True
    with pytest.raises(ValueError, match="no such port"):
        port.names()
    with pytest.raises(OSError, match=r"not running\?; supriya-midi reaches no JACK2"):
        SupriyaPort("jack", "in")
