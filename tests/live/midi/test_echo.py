"""Echoes: an input that gives back what an output is sent."""

from contextlib import contextmanager

from composer.live.midi import echo
from composer.live.midi.outputs import MidiOutput, Nowhere
from mido import Message


class FakeOutput(MidiOutput):
    """A MIDI output whose messages come in again, from the n-th on."""

    def __init__(self, first):
        self.first, self.hear, self.count = first, None, 0

    def send(self, message):
        self.count += 1
        if self.count >= self.first:
            self.hear(message)


def opened(output):
    @contextmanager
    def open_input(name, api, hear):
        output.hear = hear
        yield

    return open_input


def test_an_echo_is_noticed_though_the_first_messages_are_lost(monkeypatch):
    monkeypatch.setattr(echo, "TRY_SECONDS", 0.001)
    for first, expected in ((1, True), (4, True), (100, False)):
        output = FakeOutput(first)
        monkeypatch.setattr(echo, "open_input", opened(output))
        assert echo.echoes("AKM322", None, output) is expected


def test_other_messages_are_no_echo(monkeypatch):
    monkeypatch.setattr(echo, "TRY_SECONDS", 0.001)
    output = FakeOutput(1)
    output.send = lambda message: output.hear(Message("note_on", note=60))
    monkeypatch.setattr(echo, "open_input", opened(output))
    assert not echo.echoes("AKM322", None, output)


def test_no_port_no_echo():
    assert not echo.echoes("AKM322", None, Nowhere())
