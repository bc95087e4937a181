"""Recordings: what ends one, what is kept of it, and what a port that goes away leaves."""

from dataclasses import dataclass

import mido
import pytest
from composer.errors import MelodyError
from composer.live.midi import recorder
from composer.live.midi.recorder import (
    Event,
    RecordConfig,
    record,
    record_melody,
)
from composer.songs.song import Note

from tests.support.keys import BEAT, MELODY, QPM, line, played

# --- takes: a keyboard, its cable and the clock are played by a script ---


@dataclass
class Script:
    """A clock that a `wait` moves on, and a port whose messages and end come at their seconds."""

    messages: list[tuple[float, mido.Message]]
    gone_at: float = float("inf")
    interrupt_at: float = float("inf")
    stop_at: float = float("inf")
    now: float = 0.0
    epoch: float = 5000.0  # a monotonic clock starts anywhere
    callback: object = None
    name: str = "script"

    def clock(self):
        return self.epoch + self.now

    def listen(self, callback):
        self.callback = callback

    def is_there(self):
        return self.now < self.gone_at

    def wait(self, seconds):
        until = self.now + seconds
        while self.messages and self.messages[0][0] <= until and self.messages[0][0] < self.gone_at:
            self.now, message = self.messages.pop(0)
            self.callback(message)
        self.now = until
        assert self.now < 100, "the take never ended"
        if self.now >= self.interrupt_at:
            raise KeyboardInterrupt
        return self.now >= self.stop_at

    def take(self, on_event=None, **settings):
        take = record(
            self, RecordConfig(**{"qpm": QPM} | settings), self.clock, self.wait, on_event
        )
        assert self.callback is None
        return take


def control(number, value):
    return mido.Message("control_change", control=number, value=value)


def test_the_stop_key_ends_a_take():
    end = 0.5 + 7 * BEAT
    script = Script(
        played(
            MELODY,
            stop=(end, control(106, 127)),
            late=(end + 0.001, mido.Message("note_on", note=1)),
        )
    )
    take = script.take()
    assert take.song.tracks[0].notes == MELODY
    assert take.ended == "stop key" and take.seconds == pytest.approx(end)
    assert take.events[-1] == Event(pytest.approx(end), "control_change", 106, 127)
    assert take.events[0] == Event(pytest.approx(0.5), "note_on", 60, 71)
    assert len(take.events) == 2 * len(MELODY) + 1


def test_the_release_of_the_stop_key_and_other_keys_do_not_end_a_take():
    keys_pressed = {
        "a": (0.2, control(106, 0)),
        "b": (0.3, control(107, 127)),
        "c": (0.4, control(1, 60)),
    }
    take = Script(played(MELODY, **keys_pressed), stop_at=9.0).take()
    assert take.ended == "stopped" and take.song.tracks[0].notes == MELODY


def test_another_stop_key_can_be_set():
    assert (
        Script(played(MELODY, stop=(1.0, control(20, 1))), stop_at=9.0).take(stop_key=20).ended
        == "stop key"
    )


def test_a_take_of_n_bars_ends_by_itself_and_lets_keys_go():
    held = [Note(0, 60, 4.0), Note(4, 64, 40.0, 33)]
    take = Script(played(held, offset=2.0)).take(bars=3, beats_per_bar=4)
    assert take.ended == "bars" and take.seconds == pytest.approx(2.0 + 12 * BEAT)
    assert take.song.tracks[0].notes == (Note(0, 60, 4.0), Note(4, 64, 8.0, 33))


def test_bars_are_counted_from_the_count_in_even_if_nothing_is_played():
    take = Script([]).take(bars=2, beats_per_bar=3, count_in=1)
    assert take.ended == "bars" and take.seconds == pytest.approx(9 * BEAT)
    assert take.song.tracks[0].notes == ()


def test_without_a_count_in_the_bars_wait_for_the_first_note():
    assert Script([], stop_at=60.0).take(bars=1).ended == "stopped"


def test_a_port_that_goes_away_keeps_the_take_and_closes_the_note():
    script = Script(played([Note(0, 60, 1.0), Note(1, 67, 9.0, 45)]), gone_at=0.5 + 3 * BEAT)
    take = script.take()
    assert take.ended == "port gone"
    assert take.song.tracks[0].notes == (Note(0, 60, 1.0), Note(1, 67, 2.0, 45))


def test_the_last_words_of_a_port_are_heard():
    gone = 0.5 + 2 * BEAT
    script = Script(played([Note(0, 60, 1.0), Note(1, 67, 0.999)]), gone_at=gone)
    assert line(script.take().song.tracks[0].notes) == [(0, 60, 1), (1, 67, 1)]


def test_an_interrupt_keeps_the_take():
    take = Script(played(MELODY), interrupt_at=0.5 + 3 * BEAT).take()
    assert take.ended == "stopped"
    assert take.song.tracks[0].notes == (*MELODY[:4], Note(2.0, 76, 1.0, 120))


def test_each_event_is_told_once_in_order_and_soon():
    script = Script(
        played(MELODY, clock=(0.9, mido.Message("clock")), bend=(1.0, mido.Message("pitchwheel"))),
        stop_at=9.0,
    )
    told = []
    take = script.take(on_event=lambda e: told.append((script.now, e)))
    assert tuple(e for _, e in told) == take.events and len(told) == 2 * len(MELODY)
    assert all(0 <= at - e.seconds <= recorder.POLL_SECONDS + 1e-6 for at, e in told)


class Opened(Script):
    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.closed = True


@pytest.mark.parametrize("notes", [MELODY, ()])
def test_record_melody_opens_the_port_asked_for_and_closes_it(monkeypatch, notes):
    stop = (9.0, control(106, 127))
    script = Opened(played(notes, stop=stop))
    asked = []
    monkeypatch.setattr(recorder, "open_input", lambda *a: asked.append(a) or script)
    monkeypatch.setattr(recorder, "record", lambda port, config, on_event: port.take(on_event))
    if notes:
        assert record_melody("kb", "jack", RecordConfig()).tracks[0].notes == MELODY
    else:
        with pytest.raises(
            MelodyError, match=r"nothing was played on 'script' in 9 s \(stop key\)"
        ):
            record_melody("kb", "jack")
    assert asked == [("kb", "jack")] and script.closed
