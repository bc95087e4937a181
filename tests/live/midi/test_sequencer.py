"""The sequencer: what is sent, when and in what order; no note hangs whatever is done. The agenda with a clock of
the test's own, the thread with the real one, and both through a real port into another process."""

import threading
import time
from contextlib import closing
from itertools import pairwise

import pytest
from composer.errors import ConfigError
from composer.live.midi.agenda import Agenda
from composer.live.midi.outputs import MidiOutput
from composer.live.midi.sequencer import Sequencer
from hypothesis import given, settings
from hypothesis import strategies as st
from mido import Message

from tests.support.jack_listener import JackListener
from tests.support.jack_server import jack  # noqa: F401


def on(pitch, channel=1, velocity=70):
    return Message("note_on", channel=channel, note=pitch, velocity=velocity)


def off(pitch, channel=1):
    return Message("note_off", channel=channel, note=pitch, velocity=0)


def agenda(*planned):
    made = Agenda()
    for seconds, message, tag in planned:
        made.add(seconds, message, tag)
    return made


def play(plan, until):
    """What is sent up to `until`, with nothing late."""
    sent = []
    while plan.next() <= until:
        sent += plan.due(plan.next())
    return sent


def words(messages):
    """Short: "+60" begins, "-60" ends, else the kind."""
    signs = {"note_on": "+", "note_off": "-"}
    return [f"{signs[m.type]}{m.note}" if m.type in signs else m.type for m in messages]


def test_messages_go_in_order_of_time_and_of_one_time_in_the_order_given():
    plan = agenda(
        (2.0, on(62), ""),
        (1.0, on(60), ""),
        (2.0, off(60), ""),
        (2.0, on(55), ""),
        (3.5, off(62), ""),
    )
    assert plan.next() == 1.0
    assert words(play(plan, 0.999)) == []
    assert words(play(plan, 1.0)) == ["+60"]
    assert words(play(plan, 2.25)) == ["+62", "-60", "+55"]
    assert plan.sounding == {(1, 62): "", (1, 55): ""} and plan.next() == 3.5


def test_a_note_that_sounds_is_ended_before_it_begins_again_and_keeps_its_own_end():
    plan = agenda((0.0, on(60), "a"), (4.0, off(60), "a"), (3.0, on(60), "b"), (7.0, off(60), "b"))
    assert words(play(plan, 3.0)) == ["+60", "-60", "+60"]
    assert words(play(plan, 6.9)) == []  # the end at 4 was the first one's
    assert words(play(plan, 7.0)) == ["-60"] and not plan.sounding


def test_the_end_of_a_later_note_is_not_taken_for_a_stale_one():
    plan = agenda((10.0, on(60), "late"), (11.0, off(60), "late"), (0.0, on(60), "x"))
    plan.add(1.0, on(60), "y")
    plan.add(2.0, off(60), "y")
    assert words(play(plan, 11.0))[-2:] == ["+60", "-60"] and not plan.sounding


def test_a_note_of_another_channel_is_another_note():
    plan = agenda((0.0, on(60, 1), ""), (1.0, on(60, 2), ""), (2.0, off(60, 1), ""))
    assert words(play(plan, 2.0)) == ["+60", "+60", "-60"]
    assert plan.sounding == {(2, 60): ""}


def test_a_key_by_hand_takes_over_a_note_and_its_release_ends_it():
    plan = agenda((0.0, on(60), "loop"), (2.0, off(60), "loop"))
    list(play(plan, 0.0))
    assert words(plan.now(on(60, velocity=99))) == ["-60", "+60"]
    assert words(play(plan, 3.0)) == []  # the hand holds it
    assert (
        words(plan.now(on(60, velocity=0))) == ["+60"] and not plan.sounding
    )  # velocity 0: passed on as it is


def test_cancel_keeps_the_ends_of_what_sounds_and_drops_the_rest_of_its_tag():
    voices = [(0.0, on(60), "a"), (2.0, off(60), "a"), (2.0, on(62), "a"), (3.0, off(62), "a")]
    plan = agenda(*voices, (1.5, on(40, 3), "b"), (2.5, off(40, 3), "b"))
    list(play(plan, 1.0))
    assert list(plan.cancel("a", float("-inf"), False)) == []
    assert words(play(plan, 9.0)) == ["+40", "-60", "-40"] and not plan.sounding


def test_cancel_after_a_time_keeps_notes_that_begin_before_it_whole():
    plan = agenda(
        (1.0, on(60), "a"),
        (6.0, off(60), "a"),
        (4.0, on(64), "a"),
        (5.0, off(64), "a"),
        (3.0, Message("program_change", program=3), "a"),
        (4.5, Message("program_change", program=4), "a"),
    )
    list(plan.cancel("a", 4.0, False))
    assert words(play(plan, 9.0)) == ["+60", "program_change", "-60"] and not plan.sounding


def test_cancel_with_end_now_ends_what_sounds_of_that_tag_at_once():
    plan = agenda(
        (0.0, on(60), "a"),
        (2.0, off(60), "a"),
        (0.0, on(50, 2), "b"),
        (0.5, on(65), "a"),
        (3.0, off(65), "a"),
    )
    list(play(plan, 0.0))
    list(plan.now(on(72)))
    assert words(plan.cancel("a", 1.0, True)) == ["-60"]
    assert plan.sounding == {(2, 50): "b", (1, 72): None}
    assert words(play(plan, 9.0)) == ["+65", "-65"]


def test_silence_ends_all_lifts_pedals_and_wheels_and_tells_every_channel():
    plan = agenda((0.0, on(60), "a"), (0.0, on(61, 2), "b"), (5.0, on(70), "a"))
    list(plan.due(0.0))
    list(plan.now(Message("control_change", channel=4, control=64, value=127)))
    for channel, pitch in ((3, 900), (6, -70), (3, 0)):
        list(plan.now(Message("pitchwheel", channel=channel, pitch=pitch)))
    sent = list(plan.silence())
    assert words(sent[:2]) == ["-60", "-61"]
    assert sent.pop(3) == Message("pitchwheel", channel=6, pitch=0)
    assert [(m.channel, m.control, m.value) for m in sent[2:]] == [
        (4, 64, 0),
        *((c, 123, 0) for c in range(16)),
    ]
    assert len(list(plan.silence())) == 16
    assert not plan.sounding and plan.next() == float("inf")


def test_after_a_sleep_the_past_is_not_made_up_for_but_ends_and_programs_are():
    program = Message("program_change", program=9)
    plan = agenda((0.5, program, ""), (1.0, on(60), ""), (2.0, off(60), ""), (3599.5, on(64), ""))
    list(plan.now(on(48)))
    plan.add(3.0, off(48), "")
    assert words(plan.due(3600.0)) == ["program_change", "-60", "-48", "+64"]


NOTE = st.tuples(
    st.floats(0, 10),
    st.floats(0.01, 5),
    st.integers(60, 63),
    st.sampled_from("ab"),
    st.sampled_from([1, 2]),
)
ACTION = st.one_of(
    st.tuples(st.just("plan"), st.lists(NOTE, min_size=1, max_size=6)),
    st.tuples(st.just("hand"), st.tuples(st.integers(60, 63), st.booleans())),
    st.tuples(st.just("cancel"), st.tuples(st.sampled_from("ab"), st.floats(0, 10), st.booleans())),
    st.tuples(st.just("time"), st.floats(0, 3)),
)


@settings(max_examples=300, deadline=None)
@given(st.lists(ACTION, max_size=25))
def test_whatever_is_done_no_note_hangs_and_none_begins_twice(actions):
    """Planned notes end by themselves; keys by hand are the player's to release, so they are, at the end."""
    plan, now, sent, held = Agenda(), 0.0, [], set()
    for kind, what in actions:
        if kind == "plan":
            for start, length, pitch, tag, channel in sorted(what):
                plan.add(now + start, on(pitch, channel), tag)
                plan.add(now + start + length, off(pitch, channel), tag)
        elif kind == "hand":
            pitch, down = what
            (held.add if down else held.discard)(pitch)
            sent += plan.now(on(pitch) if down else off(pitch))
        elif kind == "cancel":
            tag, after, end_now = what
            sent += plan.cancel(tag, now + after, end_now)
        else:
            now += what
            sent += plan.due(now)
    while plan.next() < float("inf"):
        now = plan.next()
        sent += plan.due(now)
    for pitch in held:
        sent += plan.now(off(pitch))
    receiver = set()
    for message in sent:
        key = (message.channel, message.note)
        if message.type == "note_on":
            assert key not in receiver
            receiver.add(key)
        else:
            receiver.discard(key)
    assert receiver == set(plan.sounding) == set()


class Heard:
    """An output that keeps what it is given."""

    name = "ear"

    def __init__(self):
        self.messages = []

    def send(self, message):
        self.messages.append(message)

    def alive(self):
        return True

    def close(self):
        pass

    def wait_for(self, count):
        deadline = time.monotonic() + 20
        while len(self.messages) < count and time.monotonic() < deadline:
            time.sleep(0.005)
        return words(self.messages)


def test_the_thread_sends_in_time_never_early_and_tells_when():
    ear, sent = Heard(), []
    with Sequencer(
        ear, on_sent=lambda seconds, message: sent.append((seconds, message))
    ) as sequencer:
        start = time.monotonic() + 0.05
        for i in reversed(range(40)):
            sequencer.at(start + i * 0.003, on(40 + i))
        ear.wait_for(40)
        assert sequencer.sounding == {(1, 40 + i) for i in range(40)}
    assert [m.note for _, m in sent[:40]] == list(range(40, 80))
    assert all(seconds >= start + i * 0.003 for i, (seconds, _) in enumerate(sent[:40]))
    assert [m for _, m in sent] == ear.messages
    assert words(ear.messages[40:80]) == [
        f"-{40 + i}" for i in range(40)
    ]  # closed: nothing sounds on
    sequencer.now(on(60))
    sequencer.at(0.0, on(60))
    sequencer.close()
    assert len(ear.messages) == 40 + 40 + 16 and not sequencer.sounding


def test_an_earlier_message_wakes_the_thread():
    ear = Heard()
    with Sequencer(ear) as sequencer:
        sequencer.at(time.monotonic() + 3600, on(60))
        time.sleep(0.05)
        sequencer.at(time.monotonic(), on(61))
        assert ear.wait_for(1) == ["+61"]
        sequencer.cancel("")
        assert sequencer.sounding == {(1, 61)}
        sequencer.silence()
        assert words(ear.messages[:2]) == ["+61", "-61"]


def test_hands_in_many_threads_lose_nothing():
    ear = Heard()
    with Sequencer(ear) as sequencer:

        def play(channel):
            for i in range(300):
                sequencer.now(on(i % 128, channel))
                sequencer.at(time.monotonic() + 0.01, off(i % 128, channel))

        threads = [threading.Thread(target=play, args=(c,)) for c in range(5)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    for channel in range(5):
        mine = [m.note for m in ear.messages if m.type == "note_on" and m.channel == channel]
        assert mine == [i % 128 for i in range(300)]
    for key in {(m.channel, m.note) for m in ear.messages if m.type == "note_on"}:
        kinds = [
            m.type for m in ear.messages if m.type[:4] == "note" and (m.channel, m.note) == key
        ]
        assert kinds[-1] == "note_off"


def test_a_listener_that_fails_stops_being_told_and_the_music_goes_on():
    def full(_seconds, _message):
        raise OSError("no space left on device")

    ear = Heard()
    with Sequencer(ear, on_sent=full) as sequencer:
        sequencer.now(on(60))
        sequencer.at(0.0, Message("program_change", program=1))
        ear.wait_for(2)
        assert str(sequencer.trouble) == "no space left on device"
    assert words(ear.messages[:2]) == ["+60", "program_change"]


def test_a_time_that_is_none_is_refused():
    with Sequencer(Heard()) as sequencer, pytest.raises(ConfigError, match="finite time, got nan"):
        sequencer.at(float("nan"), on(60))


class Steady:
    """A beat every `length` seconds since `start`."""

    def __init__(self, start, length):
        self.start, self.length = start, length

    def beat(self, seconds):
        return (seconds - self.start) / self.length

    def seconds(self, beat):
        return self.start + beat * self.length


def test_the_midi_clock_is_24_a_beat_with_start_and_stop_and_goes_on_through_a_change_of_tempo():
    ear, sent = Heard(), []
    with Sequencer(ear, on_sent=lambda s, m: sent.append((s, m.type))) as sequencer:
        beats = Steady(time.monotonic() + 0.1, 0.24)  # 250 qpm, 10 ms a clock
        sequencer.start_clock(beats)
        ear.wait_for(1 + 30)
        faster = Steady(beats.seconds(2.0) - 2.0 * 0.12, 0.12)
        sequencer.start_clock(faster)  # from beat 2 twice as fast
        ear.wait_for(1 + 96)
        sequencer.stop_clock()
        sequencer.stop_clock()
        told = [kind for _, kind in sent]
        assert told[0] == "start" and told[-1] == "stop" and set(told[1:-1]) == {"clock"}
        clocks = [at for at, kind in sent if kind == "clock"]
        assert clocks[0] >= beats.start and all(b >= a for a, b in pairwise(clocks))
        assert clocks[95] >= faster.seconds(95 / 24) and len(clocks) >= 96
        count = len(sent)
        time.sleep(0.05)
        assert len(sent) == count


def test_a_clock_that_is_started_within_a_beat_waits_for_the_next_one():
    ear, sent = Heard(), []
    with Sequencer(ear, on_sent=lambda s, m: sent.append((s, m.type))) as sequencer:
        beats = Steady(time.monotonic() - 0.5, 0.3)
        sequencer.start_clock(beats)
        ear.wait_for(2)
    assert [kind for _, kind in sent[:2]] == ["start", "clock"]
    assert sent[0][0] >= beats.seconds(2.0)


def test_clocks_missed_in_a_sleep_are_not_made_up_for_by_whole_beats():
    now = [100.0]
    ear = Heard()
    sequencer = Sequencer(ear, clock=lambda: now[0])
    sequencer.start_clock(Steady(100.0, 1.0))
    ear.wait_for(2)
    now[0] = 160.0 + 5.5 / 24  # asleep for a minute
    sequencer.start_clock(Steady(100.0, 1.0))  # wakes the thread
    ear.wait_for(2 + 5)
    sequencer.close()
    assert words(ear.messages).count("clock") == 1 + 5


@pytest.mark.jack
def test_what_is_planned_arrives_in_another_process_and_close_leaves_nothing_sounding(jack):  # noqa: F811
    with JackListener() as organ, closing(MidiOutput("organ", "jack")) as output:
        sent = []
        with Sequencer(output, on_sent=lambda _, message: sent.append(message)) as sequencer:
            start = time.monotonic() + 0.05
            for i in range(200):
                sequencer.at(start + i * 0.004, on(30 + i % 90), "voice")
                sequencer.at(start + i * 0.004 + 0.1, off(30 + i % 90), "voice")
            time.sleep(0.4)
            sequencer.now(on(20, channel=0))
            time.sleep(0.3)
            sequencer.cancel("voice", after=start + 0.75)
            time.sleep(0.3)
        heard = [Message.from_hex(h) for h in organ.wait_for(len(sent))]
        assert heard == sent and sum(m.type == "note_on" for m in heard) == 1 + 188
        held = set()
        for message in heard:
            if message.type == "note_on":
                held.add((message.channel, message.note))
            elif message.type == "note_off":
                held.discard((message.channel, message.note))
        assert not held
