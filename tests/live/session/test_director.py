"""The director: modes, tempo, knobs and seeds while it plays, and what it does when all fails."""

from __future__ import annotations

import pytest
from composer.errors import ConfigError, Mend
from composer.live.session.state import SessionConfig

from tests.support.sessions import BEAT, PHRASE, QPM


def test_another_mode_ends_what_goes_on_and_the_same_one_does_not(stand):
    s = stand()
    s.play()
    s.director.set_mode("phrase", s.clock())
    assert s.session.state().phase == "count-in"
    s.director.set_mode("duet", s.clock())
    state = s.session.state()
    assert (state.mode, state.phase) == ("duet", "idle")
    assert state.message.startswith("mode duet")


def test_what_nobody_thought_of_stops_the_music_and_the_session_goes_on(stand):
    s = stand()
    downbeat = s.play()
    s.score(PHRASE, downbeat, QPM)
    s.run(downbeat + 9.5 * BEAT - s.clock.at)
    assert s.session.state().phase == "playing" and s.hanging
    s.director.fail(KeyError("bass"), s.clock())
    state = s.session.state()
    assert (state.phase, state.takes) == ("idle", 1) and not s.hanging
    assert "KeyError: 'bass'" in state.message
    s.play()
    assert s.session.state().phase == "count-in"


def test_taps_set_the_tempo_and_the_beat_goes_on_from_where_it_is(stand):
    s = stand()
    s.play()
    s.run(4 * BEAT)
    before = s.session.state().beat
    s.director.tap(10.0, s.clock())
    assert s.session.state().qpm == QPM
    s.director.tap(10.4, s.clock())
    state = s.session.state()
    assert state.qpm == pytest.approx(150.0) and state.beat == pytest.approx(before)
    s.run(0.8)
    assert s.session.state().beat == pytest.approx(before + 2.0)


def test_the_tempo_is_refused_only_while_a_midi_clock_leads(stand):
    s = stand(SessionConfig(clock_in=True, qpm=QPM))
    s.director.set_tempo(90.0, s.clock())
    s.director.clock(s.clock(), "start", s.clock())
    with pytest.raises(ConfigError, match="MIDI clock"):
        s.director.set_tempo(77.0, s.clock())
    assert s.director.config.qpm == 90.0
    s.director.clock(s.clock(), "stop", s.clock())
    s.director.set_tempo(77.0, s.clock())
    assert s.director.config.qpm == 77.0


def test_a_knob_is_turned_by_name_or_number_and_let_go_and_no_other_is_known(stand):
    s = stand()
    names = s.director._context.accompanist.knobs
    assert len(names) > 1
    s.director.set_knob("2", -0.5)
    assert s.session.state().knobs == {n: -0.5 if n == names[1] else 0.0 for n in names}
    assert s.director.value_of("knob", "2") == s.director.value_of("knob", names[1])
    for wrong in ("0", str(len(names) + 1), "loudness"):
        with pytest.raises(ConfigError, match=names[1]) as told:
            s.director.set_knob(wrong, 1.0)
        assert told.value.mend == Mend("model")
    s.director.set_knob(names[1], None)
    assert s.director.config.latents == {}


def test_the_volume_goes_to_the_channels_of_the_config_and_to_the_drums(stand):
    s = stand(SessionConfig(channels=(4, 5, 7, 11)))
    s.sequencer.sent.clear()
    s.director.set_volume(0.3)
    sent = [(m.channel, m.control, m.value) for _, m in s.sequencer.sent]
    assert sent == [(channel, 7, 38) for channel in (4, 5, 7, 11, 9)]
