"""Clicks: which beats, high on the first of a bar, a little ahead, and taken back."""

from __future__ import annotations

import pytest
from composer.live.melody.transport import Transport
from composer.live.session.metronome import AHEAD, Metronome
from composer.live.session.state import DRUMS, SessionConfig

from tests.support.live_session import STEP, bare_stand

DOWNBEAT = 102.0  # seconds; at 120 beats a minute that is beat 0


def build(**config):
    time = Transport.start(DOWNBEAT, 120.0)
    bare = bare_stand(SessionConfig(beats_per_bar=3, **config), time)
    return bare, Metronome(bare.context)


def run(bare, metronome, seconds, always=False, until=None):
    while bare.clock.at < seconds:
        bare.clock.at += STEP
        metronome.pump(bare.clock.at, always, until)
        bare.sequencer.due()


def clicks(bare):
    return [(round((on - DOWNBEAT) * 2, 6), p) for on, _, p, _ in bare.notes(DRUMS)]


def test_the_first_click_of_each_bar_is_higher_and_louder():
    bare, metronome = build()
    metronome.start(-3.0)
    run(bare, metronome, DOWNBEAT + 2.2)
    high, low = (76, 112), (77, 84)
    struck = [(pitch, velocity) for *_, pitch, velocity in bare.notes(DRUMS)]
    assert struck == [high, low, low, high, low, low, high, low]
    assert [beat for beat, _ in clicks(bare)] == [-3, -2, -1, 0, 1, 2, 3, 4]
    assert all(off - on == pytest.approx(0.05) for on, off, *_ in bare.notes(DRUMS))


def test_without_a_metronome_only_the_count_in_clicks_unless_it_is_wanted_always():
    found = []
    for always in (False, True):
        bare, metronome = build(metronome=False)
        metronome.start(-2.0)
        run(bare, metronome, DOWNBEAT + 0.7, always=always)
        found.append([beat for beat, _ in clicks(bare)])
    assert found == [[-2, -1], [-2, -1, 0, 1]]


def test_no_click_comes_from_the_beat_on_that_ends_them():
    bare, metronome = build()
    metronome.start(0.0)
    run(bare, metronome, DOWNBEAT + 3.0, until=2.0)
    assert clicks(bare) == [(0, 76), (1, 77)]


def test_clicks_that_time_ran_past_are_left_out_and_the_count_goes_on():
    bare, metronome = build()
    metronome.start(-3.0)
    bare.clock.at = DOWNBEAT + 0.3  # between beats 0 and 1
    run(bare, metronome, DOWNBEAT + 1.7)
    assert clicks(bare) == [(1, 77), (2, 77), (3, 76)] and not bare.sequencer.late


def test_a_click_is_handed_over_a_little_ahead_and_can_still_be_taken_back():
    bare, metronome = build()
    metronome.start(0.0)
    metronome.pump(DOWNBEAT - AHEAD - 0.001, False)
    assert bare.sequencer.agenda.next() == float("inf")
    metronome.pump(DOWNBEAT - AHEAD + 0.001, False)
    assert bare.sequencer.agenda.next() == DOWNBEAT
    metronome.stop()
    bare.clock.at = DOWNBEAT + 1.0
    bare.sequencer.due()
    assert bare.notes(DRUMS) == []
