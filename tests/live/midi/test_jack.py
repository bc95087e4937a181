"""Real MIDI ports, through JACK: another process plays, this one lists, opens, records and survives it."""

import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from composer.errors import PortError
from composer.live.midi.ports import list_ports, open_input
from composer.live.midi.recorder import RecordConfig, record, record_melody
from composer.songs.song import Note

from tests.support.jack_server import JackKeyboard, jack, jack_server  # noqa: F401

pytestmark = [pytest.mark.jack, pytest.mark.usefixtures("jack")]

TESTS = Path(__file__).parents[2] / "support"
QPM = 50.0  # slow, so that a busy machine does not move a note to the next step
MELODY = (
    Note(0.0, 60, 1.0, 71),
    Note(1.0, 60, 0.5, 34),
    Note(1.5, 67, 0.25, 99),
    Note(1.75, 65, 0.25, 52),
    Note(2.0, 76, 1.0, 120),
    Note(3.5, 55, 0.5, 1),
    Note(4.0, 62, 0.5, 127),
    Note(4.5, 53, 1.0, 88),
)


def test_a_melody_played_in_another_process_is_recorded_note_for_note():
    told = []
    with JackKeyboard(MELODY, QPM) as keyboard:
        threading.Timer(0.3, keyboard.play).start()
        song = record_melody("akm", "jack", RecordConfig(qpm=QPM), on_event=told.append)
    assert song.tracks[0].notes == MELODY
    assert song.qpm == QPM
    assert len(told) == 2 * len(MELODY) + 1


def test_a_keyboard_that_dies_in_mid_note_leaves_the_take_and_no_hanging_note():
    held = (Note(0.0, 64, 1.0, 50), Note(1.0, 57, 60.0, 90))
    with (
        JackKeyboard(held, QPM, stop_key=False) as keyboard,
        open_input(keyboard.port, "jack") as port,
    ):

        def pull_the_plug(event):
            if event.is_press and event.number == 57:
                threading.Timer(0.5, keyboard.kill).start()

        threading.Timer(0.3, keyboard.play).start()
        take = record(port, RecordConfig(qpm=QPM), on_event=pull_the_plug)
        assert not port.is_there()
    assert take.ended == "port gone"
    first, second = take.song.tracks[0].notes
    assert (first.pitch, first.velocity, second.pitch, second.velocity) == (64, 50, 57, 90)
    assert (
        0.25 <= second.duration <= 4.0
    )  # of 60: killed after 0.4 beats; this server lets go of it 1 s later
    assert [e.kind for e in take.events] == ["note_on", "note_off", "note_on"]


def test_a_keyboard_that_comes_back_is_opened_again_by_its_name():
    for onset in (0.0, 1.0):
        with JackKeyboard([Note(onset, 60, 1.0)], QPM) as keyboard:
            threading.Timer(0.3, keyboard.play).start()
            assert record_melody("AKM", "jack", RecordConfig(qpm=QPM)).tracks[0].notes == (
                Note(0.0, 60, 1.0),
            )


def test_notes_played_before_a_take_are_not_in_it():
    quick = (Note(0.0, 60, 0.25), Note(0.25, 62, 0.25))
    with (
        JackKeyboard(quick, QPM, stop_key=False) as keyboard,
        open_input(keyboard.port, "jack") as port,
    ):
        keyboard.play()
        stopped = threading.Event()
        stopped.wait(1.5)
        threading.Timer(0.2, stopped.set).start()
        take = record(port, RecordConfig(qpm=QPM), wait=stopped.wait)
    assert take.events == () and take.ended == "stopped"


def test_list_ports_sees_a_keyboard_come_and_go():
    assert list_ports("jack").inputs == ()
    with JackKeyboard(MELODY, QPM, client="first"), JackKeyboard(MELODY, QPM, client="second"):
        ports = list_ports("jack")
        assert (sorted(ports.inputs), ports.outputs, ports.api) == (
            ["first:keys", "second:keys"],
            (),
            "jack",
        )
        with pytest.raises(
            PortError, match="there are 2 MIDI inputs, name one: 'first:keys', 'second:keys'"
        ):
            open_input(None, "jack")
        with pytest.raises(PortError, match="'piano'; there is: 'first:keys', 'second:keys'"):
            open_input("piano", "jack")
        with open_input("SECOND", "jack") as port:
            assert (port.name, port.api) == ("second:keys", "jack")
            assert (
                len(list_ports("jack").outputs) == 1
            )  # our own open input, seen from the other side
    with pytest.raises(PortError, match="no MIDI input found"):
        open_input("second", "jack")


def test_without_an_alsa_sequencer_jack_is_found_by_itself():
    code = "from composer.live.midi.ports import list_ports; print(list_ports())"
    env = os.environ | {"ALSA_CONFIG_PATH": "/nonexistent"}
    with JackKeyboard(MELODY, QPM) as keyboard:
        done = subprocess.run(
            [sys.executable, "-c", code],
            env=env,
            text=True,
            capture_output=True,
            timeout=60,
            check=True,
        )
    assert done.stdout.strip() == f"Ports(inputs=({keyboard.port!r},), outputs=(), api='jack')"
    assert done.stderr == ""


TURNING = """
import json, time
from tests.support.soak import Child
from composer.live.midi.ports import open_input

keyboard = Child("jack_sender.py", "Manual")
keyboard.read()
heard = []
with open_input("Manual:keys", "jack", heard.append) as port:
    keyboard.write(json.dumps([[0.001 * i, [0x90, 60, 9]] for i in range(4000)]))
    end = time.monotonic() + 3.5
    while time.monotonic() < end:
        for _ in range(200):
            port.listen(None)
            port.listen(heard.append)
        time.sleep(0)
print(len(heard))
keyboard.kill()
"""


def test_who_listens_may_change_while_keys_come_in():
    env = os.environ | {"PYTHONPATH": os.pathsep.join(map(str, (TESTS.parents[1],)))}
    done = subprocess.run(
        [sys.executable, "-c", TURNING], env=env, text=True, capture_output=True, timeout=60
    )
    assert done.returncode == 0, done.stderr  # below 0: it crashed
    assert int(done.stdout) > 500


COMING_AND_GOING = """
import ctypes, ctypes.util, time
library, pointer = ctypes.CDLL(ctypes.util.find_library("jack")), ctypes.c_void_p
library.jack_client_open.restype = library.jack_port_register.restype = pointer
client = pointer(library.jack_client_open(b"Restless", 1, None))
end, count = time.monotonic() + 4, 0
while time.monotonic() < end:
    port = library.jack_port_register(client, b"keys", b"8 bit raw midi", ctypes.c_ulong(2), ctypes.c_ulong(0))
    library.jack_port_unregister(client, pointer(port))
    count += 1
    time.sleep(0.001)
library.jack_client_close(client)
print(count)
"""


def test_a_keyboard_is_there_while_others_come_and_go():
    with JackKeyboard(MELODY, QPM) as keyboard, open_input(keyboard.port, "jack") as port:
        command = [sys.executable, "-c", COMING_AND_GOING]
        others = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(3)]
        looks = []
        while any(other.poll() is None for other in others):
            looks.append(port.is_there())
        assert all(other.returncode == 0 and int(other.communicate()[0]) > 100 for other in others)
        assert len(looks) > 1000 and all(looks), f"{looks.count(False)} of {len(looks)}"
        keyboard.kill()
        end = time.monotonic() + 20
        while port.is_there():
            assert time.monotonic() < end


def test_a_port_that_is_closed_is_not_there_whatever_is_asked():
    code = """
from composer.live.midi.ports import open_input, open_output
ports = [open_input(None, "jack"), open_output("Choir", "jack", virtual=True)]
print([port.is_there() for port in ports])
for port in ports:
    port.close()
blocks = [bytes([255]) * n for n in range(16, 2048) for _ in range(20)]  # what was freed is written over
print([(port.is_there(), port.found(), port.close()) for port in ports])
"""
    with JackKeyboard(MELODY, QPM):
        done = subprocess.run(
            [sys.executable, "-c", code], text=True, capture_output=True, timeout=60
        )
    gone = (False, None, None)
    assert (done.returncode, done.stdout) == (0, f"[True, True]\n[{gone}, {gone}]\n"), done.stderr


def test_without_jackd_the_tests_fail_and_say_what_to_install(monkeypatch):
    monkeypatch.setenv("PATH", "")
    with pytest.raises(pytest.fail.Exception, match="apt install jackd2"), jack_server("nobody"):
        pass
