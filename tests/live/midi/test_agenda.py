"""Messages to come and notes that sound, without a thread or a clock."""

from composer.live.midi.agenda import TOO_LATE, Agenda
from mido import Message


def on(pitch, velocity=80):
    return Message("note_on", note=pitch, velocity=velocity)


def off(pitch):
    return Message("note_off", note=pitch)


def test_messages_are_due_in_order_of_time_then_as_they_were_given():
    agenda = Agenda()
    for seconds, message in ((2.0, on(62)), (1.0, on(60)), (1.0, on(61))):
        agenda.add(seconds, message, "a")
    assert agenda.next() == 1.0
    assert [m.note for m in agenda.due(1.5)] == [60, 61]
    assert [m.note for m in agenda.due(2.0)] == [62]
    assert agenda.next() == float("inf")


def test_a_note_that_is_much_too_late_is_left_out_and_its_end_is_not():
    agenda = Agenda()
    agenda.add(1.0, on(60), "a")
    agenda.add(1.1, off(60), "a")
    assert [m.type for m in agenda.due(1.2 + TOO_LATE)] == ["note_off"]


def test_a_key_struck_again_ends_first_and_keeps_its_own_end():
    agenda = Agenda()
    for seconds, message in ((0.0, on(60)), (2.0, off(60))):
        agenda.add(seconds, message, "a")
    list(agenda.due(0.0))
    sent = list(agenda.now(on(60, 33)))  # by hand
    assert [(m.type, m.velocity) for m in sent] == [("note_off", 0), ("note_on", 33)]
    assert list(agenda.due(3.0)) == []  # the planned end would let go of the key that is down
    assert agenda.sounding == {(0, 60): None}


def test_cancel_keeps_the_end_of_what_sounds():
    agenda = Agenda()
    for seconds, message in ((0.0, on(60)), (1.0, off(60)), (2.0, on(62)), (3.0, off(62))):
        agenda.add(seconds, message, "a")
    list(agenda.due(0.0))
    assert list(agenda.cancel("a", 0.0, end_now=False)) == []
    assert [(m.type, m.note) for m in agenda.due(9.0)] == [("note_off", 60)]


def test_silence_lifts_the_pedal_and_the_wheel_and_tells_all_channels():
    agenda = Agenda()
    list(agenda.now(Message("control_change", channel=2, control=64, value=127)))
    list(agenda.now(Message("pitchwheel", channel=5, pitch=100)))
    list(agenda.now(on(60)))
    sent = list(agenda.silence())
    assert sent[0] == Message("note_off", note=60, velocity=0)
    assert Message("control_change", channel=2, control=64, value=0) in sent
    assert Message("pitchwheel", channel=5, pitch=0) in sent
    assert [m.channel for m in sent if m.is_cc(123)] == list(range(16))
