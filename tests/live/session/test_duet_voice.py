"""A voice of a duet: held notes are not struck again, exchanges change only what differs."""

from __future__ import annotations

import pytest
from composer.live.melody.transport import Transport
from composer.live.session.duet_voice import DuetVoice
from composer.live.session.state import SessionConfig
from composer.songs.song import Note

from tests.support.live_session import bare_stand

CHANNEL = 6


@pytest.fixture
def bare():
    config = SessionConfig(channels=(0, 1, CHANNEL, 3))
    return bare_stand(config, Transport.start(101.0, 120.0))


@pytest.fixture
def voice(bare):
    return DuetVoice(bare.context, 2)


def sounded(bare):
    """(On, off, pitch, velocity) in beats of all that the voice played."""
    bare.clock.at = 120.0
    bare.sequencer.due()
    assert not bare.sequencer.late
    return [
        (round((on - 101.0) * 2, 6), round((off - 101.0) * 2, 6), pitch, velocity)
        for on, off, pitch, velocity in bare.notes(CHANNEL)
    ]


def test_a_note_that_holds_over_is_not_struck_again_but_a_repeated_one_is(bare, voice):
    voice.begin(0.0, [Note(0.0, 60, 1.0)], [70])
    voice.begin(1.0, [Note(0.0, 60, 2.0)], [71])
    voice.begin(2.0, [Note(2.0, 60, 1.0)], [72])
    voice.end(2.75)
    assert sounded(bare) == [(0.0, 2.0, 60, 70), (2.0, 2.75, 60, 72)]
    assert voice.notes == [Note(0.0, 60, 2.0, 70), Note(2.0, 60, 0.75, 72)]


def test_within_the_beat_it_goes_on_and_rests_as_written_and_late_as_the_player_feels(bare, voice):
    written = [Note(0.0, 60, 0.5), Note(0.5, 62, 0.25)]
    voice.begin(0.0, written, [70, 80])
    voice.pump(1.0)
    voice.feel = (0.0, 0.0, 0.1, 0.0)
    voice.begin(1.0, [Note(n.onset + 1, n.pitch, n.duration) for n in written], [71, 81])
    voice.pump(2.0)
    assert sounded(bare) == [
        (0.0, 0.5, 60, 70), (0.5, 0.75, 62, 80), (1.0, 1.6, 60, 71), (1.6, 1.75, 62, 81),
    ]  # fmt: skip
    assert [n.onset for n in voice.notes] == [0.0, 0.5, 1.0, 1.5]


def test_an_exchange_strikes_only_what_differs_and_rewrites_the_beat(bare, voice):
    voice.begin(0.0, [Note(0.0, 57, 1.0)], [60])
    voice.begin(1.0, [Note(1.0, 60, 1.0)], [70])
    voice.exchange(1.0, 1.125, [Note(1.0, 60, 0.5), Note(1.5, 62, 0.5)], [90, 91])
    voice.exchange(1.0, 1.25, [Note(1.0, 64, 1.0)], [92])
    voice.pump(2.0)
    voice.end(2.0)
    assert sounded(bare) == [
        (0.0, 1.0, 57, 60), (1.0, 1.25, 60, 70), (1.25, 2.0, 64, 92),
    ]  # fmt: skip
    assert voice.notes == [Note(0.0, 57, 1.0, 60), Note(1.0, 64, 1.0, 92)]


def test_without_a_decision_in_time_what_sounds_goes_on_and_a_rest_stays_a_rest(bare, voice):
    voice.hold(0.0)
    assert voice.notes == []
    voice.begin(1.0, [Note(1.5, 60, 0.5)], [70])
    voice.hold(2.0)
    voice.begin(3.0, [], [])
    voice.hold(4.0)
    voice.end(5.0)
    assert sounded(bare) == [(1.5, 3.0, 60, 70)]
    assert voice.notes == [Note(1.5, 60, 1.5, 70)]


def test_the_end_drops_what_was_still_to_come(bare, voice):
    voice.begin(0.0, [Note(0.0, 60, 0.5), Note(0.5, 62, 0.5)], [70, 80])
    voice.end(0.25)
    voice.pump(1.0)
    assert sounded(bare) == [(0.0, 0.25, 60, 70)]
    assert voice.notes == [Note(0.0, 60, 0.25, 70)]
