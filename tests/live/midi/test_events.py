"""mido's messages as events."""

from composer.live.melody.capture import Event
from composer.live.midi.events import event_of
from mido import Message


def test_keys_and_controllers_become_events():
    pressed = Message("note_on", channel=3, note=61, velocity=17)
    assert event_of(pressed, 1.25) == Event(1.25, "note_on", 61, 17)
    released = Message("note_off", note=61, velocity=64)
    assert event_of(released, 2.0) == Event(2.0, "note_off", 61, 64)
    pedal = Message("control_change", control=64, value=127)
    assert event_of(pedal, 0.5) == Event(0.5, "control_change", 64, 127)


def test_other_messages_become_none():
    for message in (Message("clock"), Message("pitchwheel", pitch=9), Message("program_change")):
        assert event_of(message, 0.0) is None
