"""Messages as lines of fluidsynth's shell; with a real fluidsynth they are in test_outputs.py."""

import pytest
from composer.live.midi.synthesiser import line_of
from mido import Message


@pytest.mark.parametrize(
    ("message", "line"),
    [
        (Message("note_on", channel=2, note=61, velocity=9), "noteon 2 61 9\n"),
        (Message("note_on", channel=2, note=61, velocity=0), "noteoff 2 61\n"),
        (Message("note_off", channel=1, note=60), "noteoff 1 60\n"),
        (Message("control_change", channel=3, control=7, value=99), "cc 3 7 99\n"),
        (Message("program_change", channel=4, program=19), "prog 4 19\n"),
        (Message("pitchwheel", channel=5, pitch=-8192), "pitch_bend 5 0\n"),
        (Message("reset"), "reset\n"),
        (Message("clock"), None),
    ],
)
def test_a_message_is_a_line(message, line):
    assert line_of(message) == line
