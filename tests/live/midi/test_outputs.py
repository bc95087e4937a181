"""Outputs: real JACK ports heard in another process, a real fluidsynth whose sound is measured, killed and missed."""

import json
import os
import signal
import subprocess
import sys
import time
import wave
from contextlib import ExitStack, closing
from pathlib import Path

import numpy as np
import pytest
from composer.catalog import soundfont
from composer.errors import ComposerError, PortError
from composer.live.midi import outputs
from composer.live.midi.outputs import (
    ChannelSettings,
    MidiOutput,
    Nowhere,
    SynthOutput,
    open_output_named,
)
from composer.live.midi.ports import list_ports, open_input, open_output
from composer.live.midi.synthesiser import line_of
from mido import Message

from tests.support.jack_listener import JackListener
from tests.support.jack_server import jack  # noqa: F401
from tests.support.soak import Child

TESTS = Path(__file__).parents[2] / "support"
ON = Message("note_on", channel=1, note=67, velocity=93)
OFF = Message("note_off", channel=1, note=67, velocity=0)
ORGAN = Message("program_change", channel=0, program=19)


def until(true, seconds=20.0):
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "it did not come"
        time.sleep(0.01)


@pytest.mark.parametrize(
    ("message", "line"),
    [
        (ON, "noteon 1 67 93\n"),
        (OFF, "noteoff 1 67\n"),
        (Message("note_on", channel=2, note=50, velocity=0), "noteoff 2 50\n"),
        (Message("control_change", channel=15, control=64, value=127), "cc 15 64 127\n"),
        (Message("program_change", channel=9, program=40), "prog 9 40\n"),
        (Message("pitchwheel", channel=3, pitch=-8192), "pitch_bend 3 0\n"),
        (Message("pitchwheel", channel=3, pitch=8191), "pitch_bend 3 16383\n"),
        (Message("clock"), None),
        (Message("active_sensing"), None),
        (Message("aftertouch", value=3), None),
        (Message("sysex", data=(1, 2)), None),
    ],
)
def test_messages_as_lines_of_the_shell(message, line):
    assert line_of(message) == line


def test_the_last_program_and_settings_are_remembered_bank_before_program():
    memory = ChannelSettings()
    bank = Message("control_change", channel=1, control=0, value=8)
    program, other = (Message("program_change", channel=1, program=p) for p in (5, 7))
    loud, pedal = (Message("control_change", channel=1, control=c, value=99) for c in (7, 64))
    for message in (program, loud, bank, ON, pedal, other):
        memory.hear(message)
    assert memory.messages() == [loud, bank, other]


@pytest.mark.jack
@pytest.mark.usefixtures("jack")
class TestMidi:
    def test_every_message_arrives_in_another_process_in_order(self, opened):
        sent = [
            Message("note_on", channel=i % 16, note=i % 128, velocity=1 + i % 127)
            for i in range(997)
        ]
        sent[500] = Message("pitchwheel", channel=4, pitch=1234)
        sent[700] = Message("clock")
        with JackListener() as organ:
            output = opened(MidiOutput("organ", "jack"))
            assert (output.name, output.alive()) == ("Organ:in", True)
            for i, message in enumerate(sent):
                output.send(message)
                if i % 100 == 0:
                    time.sleep(0.01)
            assert organ.wait_for(len(sent)) == [m.hex() for m in sent]
            output.close()
            output.close()
            output.send(ON)
            assert not output.alive()

    def test_a_virtual_port_is_there_for_others_and_heard_by_two(self, opened):
        output = opened(MidiOutput("stage", "jack", virtual=True))
        assert output.name == "Composer:stage" and output.alive()
        assert "Composer:stage" in list_ports("jack").inputs
        with (
            JackListener("one", "Composer:stage") as one,
            JackListener("two", "Composer:stage") as two,
        ):
            output.send(ON)
            assert one.wait_for(1) == two.wait_for(1) == [ON.hex()]
        output.close()
        assert "Composer:stage" not in list_ports("jack").inputs

    def test_a_port_that_vanishes_comes_back_by_name_silent_and_with_its_programs(self, opened):
        with JackListener() as organ:
            output = opened(MidiOutput("organ", "jack"))
            output.send(ORGAN)
            output.send(ON)
            organ.wait_for(2)
            organ.kill()
            until(lambda: not output.alive())
        for i in range(5000):
            output.send(Message("note_on", note=i % 128))
        with JackListener("Other"), JackListener() as organ:
            until(output.alive)
            output.send(OFF)
            heard = organ.wait_for(34)
            assert output.name == "Organ:in"
            assert heard[-2:] == [ORGAN.hex(), OFF.hex()]
            assert len(heard) == 34 and "B1 7B 00" in heard and "B0 40 00" in heard
            output.close()

    def test_no_key_is_lost_while_an_instrument_comes_back(self, opened):
        keys = [[0.005 * i, [0x90, i % 128, 1 + i // 128]] for i in range(1000)]
        keyboard, heard = Child("jack_sender.py", "Manual"), []
        assert keyboard.read() == "ready\n"
        with JackListener() as organ:
            output = opened(MidiOutput("organ", "jack"))
            organ.switch_off()
            until(lambda: not output.alive())
        with open_input("Manual:keys", "jack", heard.append):
            keyboard.write(json.dumps(keys))
            for _ in range(3):
                with JackListener() as organ:
                    until(output.alive)
                    output.send(ON)
                    assert ON.hex() in organ.wait_for(33)
                    organ.switch_off()
                    until(lambda: not output.alive())
            sent = json.loads(keyboard.read())
            time.sleep(0.2)
        output.close()
        keyboard.stop()
        assert len(sent) == len(keys) and [[m.note, m.velocity] for m in heard] == [
            key[1:] for _, key in keys
        ]

    def test_names_are_chosen_as_for_inputs_and_errors_speak_of_outputs(self):
        with pytest.raises(PortError, match="no MIDI output found: switch the instrument on"):
            open_output(None, "jack")
        with JackListener("Organ"), JackListener("Harp"):
            with pytest.raises(
                PortError, match=r"there are 2 MIDI outputs, name one: '(Harp|Organ):in', '"
            ):
                open_output(None, "jack")
            with pytest.raises(PortError, match="no MIDI output is called 'tuba'; there is: '"):
                MidiOutput("tuba", "jack")
            with open_output("HARP", "jack") as port:
                assert (port.name, port.found(), port.is_lost()) == ("Harp:in", "Harp:in", False)

    def test_the_words_of_out(self, opened):
        with JackListener("Organ"):
            output = opened(open_output_named("organ", "jack"))
            assert output.name == "Organ:in"
            output.close()
        output = opened(open_output_named("virtual:Choir", "jack"))
        assert output.name == "Composer:Choir"
        output.close()
        output = opened(open_output_named("virtual", "jack"))
        assert output.name == "Composer:arrangement"
        output.close()


JACK_DIES = """
import sys, time
from tests.support.jack_server import jack_server
from tests.support.jack_listener import JackListener
from mido import Message
from composer.errors import PortError
from composer.live.midi import jack
from composer.live.midi.outputs import MidiOutput
from composer.live.midi.ports import open_input, open_output
NAME = sys.argv[1]
def until(true):
    deadline = time.monotonic() + 30
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.01)
with jack_server(NAME), JackListener() as organ:
    output = MidiOutput("organ", "jack")
    other = open_output(None, "jack", virtual=True)
    output.send(Message("program_change", program=5))
    organ.wait_for(1)
assert not other.is_there()
for i in range(20000):  # ten times what made rtmidi wait for ever
    output.send(Message("note_on", note=i % 128)), other.send(Message("note_on", note=i % 128))
try:
    open_input(None, "jack")  # with clients of the dead server open this crashed
except PortError as error:
    print("refused" if "went away" in str(error) else error)
other.close()
until(lambda: not output.alive() and not jack.is_lost())
with jack_server(NAME), JackListener() as organ:
    until(output.alive)
    output.send(Message("note_on", note=55, velocity=44))
    print(organ.wait_for(34)[-2:])
    output.close()
"""


@pytest.mark.jack
def test_jack_restarting_neither_hangs_nor_crashes_and_the_port_comes_back(jack):  # noqa: F811
    env = os.environ | {"PYTHONPATH": os.pathsep.join(map(str, (TESTS.parents[1],)))}
    command = [sys.executable, "-c", JACK_DIES, f"{jack}-dies"]
    done = subprocess.run(
        command, env=env, text=True, capture_output=True, timeout=120, check=False
    )
    assert (done.returncode, done.stdout) == (0, "refused\n['C0 05', '90 37 2C']\n"), done.stderr
    assert (
        "read fail" not in done.stderr
    )  # libjack is quiet: its words would fall on the player's screen


def loudness(path: Path) -> np.ndarray:
    """RMS of each tenth of a second of what fluidsynth has played, from the first sound on."""
    raw = np.frombuffer(path.read_bytes()[44:], "<i2").astype(float)[
        : None if len(path.read_bytes()) % 2 == 0 else -1
    ]
    heard = np.flatnonzero(np.abs(raw) > 30)
    assert heard.size, "not a sound"
    raw = raw[heard[0] :]
    return np.sqrt((raw[: len(raw) // 8820 * 8820].reshape(-1, 8820) ** 2).mean(1))


@pytest.fixture
def opened():
    """Opens outputs, and closes them before JACK's server ends, also where a test fails."""
    with ExitStack() as stack:
        yield lambda output: stack.enter_context(closing(output))


@pytest.fixture
def synth(tmp_path, monkeypatch):
    """A synthesiser that plays, in real time, into fluidsynth.wav of the folder `tmp_path`."""
    monkeypatch.chdir(tmp_path)
    output = SynthOutput(soundfont(light=True), driver="file")
    yield output
    output.close()


def test_notes_sound_and_end(synth, tmp_path):
    synth.send(ORGAN)
    synth.send(Message("note_on", channel=0, note=60, velocity=100))
    time.sleep(1.0)
    synth.send(Message("note_off", channel=0, note=60))
    time.sleep(1.5)
    synth.close()
    heard = loudness(tmp_path / "fluidsynth.wav")
    assert heard[3] > 200 and heard[-1] < heard[3] / 20
    with wave.open("fluidsynth.wav") as file:
        assert file.getnchannels() == 2


def test_a_killed_synthesiser_comes_back_with_its_programs_and_sending_never_fails(synth, tmp_path):
    synth.send(ORGAN)  # sounds on while it is held, a piano does not
    synth.send(Message("control_change", channel=1, control=7, value=0))  # mute
    for _ in range(2):
        before = synth.pid
        os.kill(before, signal.SIGKILL)
        for i in range(300):
            synth.send(Message("note_on", channel=1, note=i % 128, velocity=100))
            time.sleep(0.001)
        until(lambda before=before: synth.pid not in (None, before) and synth.alive())
    synth.send(Message("note_on", channel=1, note=48, velocity=127))
    time.sleep(0.5)
    synth.send(Message("note_on", channel=0, note=72, velocity=60))
    time.sleep(2.0)
    synth.close()
    heard = loudness(tmp_path / "fluidsynth.wav")
    assert 1.0 < 0.1 * len(heard) < 2.4  # channel 1 was mute: the first sound is the organ's
    assert heard[-2] > 0.5 * heard[3] > 50


def test_a_synthesiser_that_no_longer_listens_is_replaced_and_sending_never_waits(synth):
    before = synth.pid
    os.kill(before, signal.SIGSTOP)
    for i in range(20000):
        synth.send(Message("note_on", note=i % 128))
    until(lambda: synth.pid not in (None, before) and synth.alive())


def test_closed_is_closed(synth):
    pid = synth.pid
    synth.close()
    synth.close()
    synth.send(ON)
    assert not synth.alive() and synth.pid is None
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


@pytest.mark.jack
def test_fluidsynth_plays_to_jack_and_is_found_when_nothing_else_sounds(jack):  # noqa: F811
    synth = open_output_named(None, soundfont=soundfont(light=True))
    assert synth.alive() and "fluidsynth" in synth.name
    pid = synth.pid
    synth.send(ON)
    os.kill(pid, signal.SIGKILL)
    until(lambda: synth.pid not in (None, pid) and synth.alive())
    synth.close()


def test_without_fluidsynth_it_says_how_to_install_it_and_the_take_sounds_nowhere(monkeypatch):
    monkeypatch.setenv("PATH", "")
    with pytest.raises(PortError, match=r"apt install fluidsynth .* brew install .* choco install"):
        SynthOutput()
    nowhere = open_output_named(None)
    assert isinstance(nowhere, Nowhere) and "apt install fluidsynth" in nowhere.why
    nowhere.send(ON)
    assert nowhere.alive()


def test_no_sound_device_is_one_line(monkeypatch):
    monkeypatch.setenv("JACK_DEFAULT_SERVER", "nobody-started-this")
    with pytest.raises(
        PortError, match=r"no sound device \(jack: Failed to connect to Jack server\)$"
    ) as error:
        SynthOutput(driver="jack")
    assert error.value.mend.way == "audio"
    with pytest.raises(PortError, match=r"'oboe'; .*supports the following audio drivers: .*jack"):
        open_output_named("synth", driver="oboe")


def test_a_bad_soundfont_and_a_bad_gain_are_named(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    bad = tmp_path / "bad.sf2"
    bad.write_bytes(b"RIFF" + bytes(100))
    with pytest.raises(ComposerError, match=r"cannot play with .*bad\.sf2: "):
        SynthOutput(bad, driver="file")
    with pytest.raises(ComposerError, match=r"no SoundFont at .*none"):
        open_output_named(None, soundfont=tmp_path / "none.sf2")
    with pytest.raises(PortError, match="gain is above 0 and at most 10, got 11"):
        SynthOutput(gain=11)


def test_nothing_is_no_name():
    assert isinstance(open_output_named("none"), Nowhere)
    with pytest.raises(PortError, match=r"virtual\[:NAME\]"):
        open_output_named(" ")


def test_the_tries_grow_apart():
    pauses = [outputs._pause(n) for n in range(9)]
    assert pauses == sorted(pauses) and pauses[0] < 0.1 and pauses[-1] < 2
