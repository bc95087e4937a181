"""A session as a whole: settings, tempo, MIDI clock, keys sounding at once, and what makes no sense."""

from __future__ import annotations

import sys
import threading
import time
from dataclasses import replace

import composer
import mido
import pytest
from composer.errors import ConfigError
from composer.live.melody.capture import Event
from composer.live.midi.devices import Profile
from composer.live.session.session import Session
from composer.live.session.state import SessionConfig
from composer.live.takes.saved import list_takes
from composer.songs.song import Note

from tests.support.sessions import BEAT, PHRASE, QPM, beats, tune

# What a player asks for


def test_what_makes_no_sense_is_one_clear_line_and_nothing_stops(stand):
    s = stand()
    downbeat = s.play()
    s.score(PHRASE, downbeat, QPM)
    s.run(3.0)
    refused = {
        "knob: a number from -1 to 1 is expected, got 3": ("knob", ["chords", 3]),
        "mode: one of phrase, duet, call is expected, got 'solo'": ("mode", "solo"),
        "tempo: a number from 30 to 300 is expected, got 1000": ("tempo", 1000),
        "bars: a number from 0 to 64 is expected, got 65": ("bars", 65),
        "no command 'dance'; there are ": ("dance", None),
    }
    for text, ask in refused.items():
        with pytest.raises(ConfigError) as caught:
            s.session.do(*ask)
        assert text in str(caught.value)
    told = {
        "this model has no knob 'colour'; it has chords": ("knob", ["colour", 0.1]),
        "no take to keep": ("keep", None),
        "no take to save": ("save", "x.mid"),
    }
    for text, ask in told.items():
        s.session.do(*ask)
        s.run(0.002)
        assert text in s.session.state().message and "\n" not in s.session.state().message
    s.session.do("model", "no-such-model")
    deadline = time.monotonic() + 10
    while (
        "no model 'no-such-model'" not in s.session.state().message and time.monotonic() < deadline
    ):
        s.session.step()
        time.sleep(0.01)
    assert "the bundled models are" in s.session.state().message
    s.run(8 * BEAT)
    assert s.session.state().phase == "playing"


def test_what_was_asked_for_at_the_last_moment_is_done(stand, tmp_path):
    s = stand(takes=tmp_path)
    downbeat = s.play()
    s.score(PHRASE, downbeat, QPM)
    s.run(4 * BEAT + 17 * BEAT)
    s.session.do("keep")
    s.session.close()
    assert list_takes(tmp_path)[0].header.kept


@pytest.mark.parametrize("broken", [("step",), ("step", "end")])
def test_a_bug_ends_the_run_and_keeps_the_take(stand, tmp_path, broken, monkeypatch):
    s = stand(SessionConfig(bars=2, qpm=QPM, clock_out=True), takes=tmp_path)
    downbeat = s.play()
    assert s.sequencer.beats is not None
    s.score(PHRASE, downbeat, QPM)
    s.run(4 * BEAT + 3 * BEAT)
    for name in broken:
        monkeypatch.setattr(s.director._run, name, lambda *_: 1 / 0)
    s.run(0.1)
    assert "ZeroDivisionError" in s.session.state().message and s.session.state().phase == "idle"
    assert s.sequencer.beats is None and not s.hanging
    s.session.do("play")  # and on it goes
    s.run(0.1)
    assert s.session.state().phase == "count-in"
    s.session.do("stop")
    s.session.close()
    (take,) = list_takes(tmp_path)
    assert take.ended == "failed" and [n.pitch for n in take.melody().tracks[0].notes] == [
        67,
        69,
        71,
    ]


def test_tempo_is_tapped_and_changes_without_breaking_the_beat(stand):
    s = stand(SessionConfig(mode="duet", qpm=QPM))
    downbeat = s.play()
    s.score(tune(6), downbeat, QPM)
    s.run((4 + 4.5) * BEAT)
    beat = s.session.state().beat
    s.session.do("tempo", 90)
    s.run(0.002)
    assert s.session.state().beat == pytest.approx(beat, abs=0.01) and s.session.state().qpm == 90
    s.run(60 / 90)
    assert s.session.state().beat == pytest.approx(beat + 1, abs=0.01)
    for _ in range(4):
        s.session.do("tap")
        s.run(0.4)
    assert s.session.state().qpm == pytest.approx(150)


def test_midi_clock_starts_leads_and_stops(stand):
    s = stand(SessionConfig(bars=2, qpm=100.0, clock_in=True, count_in=0))
    s.run(0.1)
    start, tick = s.clock.at, 60 / QPM / 24
    s.session.on_clock(start, "start")
    ticks = [start + i * tick for i in range(24 * 18)]
    s.score(PHRASE, start, QPM)

    def clock():
        while ticks and ticks[0] <= s.clock.at:
            s.session.on_clock(ticks.pop(0), "clock")

    s.run(8 * BEAT + 0.2, clock)
    assert s.session.state().qpm == pytest.approx(QPM, rel=0.01)
    assert s.session.state().phase == "playing"
    assert beats(s.notes(1), start)[0][0] == pytest.approx(8, abs=0.02)
    s.session.on_clock(s.clock.at, "stop")
    s.run(0.1)
    assert s.session.state().phase == "idle" and not s.hanging


def test_thru_moves_keys_to_the_melody_channel_and_octave_and_lets_go_of_the_same_keys(stand):
    s = stand(SessionConfig(qpm=QPM, channels=(5, 1, 2, 3)))
    on = mido.Message("note_on", channel=0, note=60, velocity=70)
    s.session.thru(on)
    s.session.do("octave up")
    s.session.thru(mido.Message("note_off", channel=0, note=60))
    s.session.thru(on)
    s.session.thru(mido.Message("note_on", channel=0, note=60, velocity=0))
    s.session.thru(
        mido.Message("note_on", channel=0, note=120, velocity=70)
    )  # out of MIDI's range then
    s.session.thru(mido.Message("clock"))
    assert [(m.type, m.channel, m.note) for _, m in s.sequencer.sent] == [
        ("note_on", 5, 60), ("note_off", 5, 60), ("note_on", 5, 72), ("note_on", 5, 72),
    ]  # fmt: skip


def test_an_octave_that_changes_while_a_key_goes_down_leaves_nothing_hanging(stand):
    s = stand()
    s.session.thru(mido.Message("note_on", channel=0, note=60, velocity=70))
    s.session.do("octave up")  # in another thread, before the same key is heard
    s.session.hear(Event(s.clock.at, "note_on", 60, 70))
    s.run(0.01)
    assert s.session.state().held == (60,)
    s.session.thru(mido.Message("note_off", channel=0, note=60))
    s.session.hear(Event(s.clock.at, "note_off", 60, 0))
    s.run(0.01)
    assert s.session.state().held == () and not s.hanging
    s.session.hear(Event(s.clock.at, "note_on", 60, 70))
    s.run(0.01)
    assert s.session.state().held == (72,)


def test_a_pad_that_is_a_button_is_no_note(stand, tmp_path):
    pads = Profile("x", lowest=48, highest=72, controls={"note 36": "loop", "cc 20": "volume"})
    s = stand(profile=pads, takes=tmp_path)
    s.play()
    s.run(4 * BEAT + 0.1)
    for kind, velocity in (("note_on", 90), ("note_off", 0)):
        s.session.thru(mido.Message(kind, note=36, velocity=velocity))
        s.session.hear(Event(s.clock.at, kind, 36, velocity))
        s.run(0.1)
    s.session.thru(mido.Message("control_change", control=20, value=3))
    assert (
        s.session.state().loop
        and s.notes(0) == []
        and not any(m.is_cc(20) for _, m in s.sequencer.sent)
    )
    s.session.press(36)  # a letter of the computer's keyboard is no pad
    s.run(0.1)
    assert s.session.state().held == (36,) and s.notes(0)[0][2] == 36 and s.session.state().loop
    s.session.release(36)
    s.session.do("stop")
    s.run(9 * BEAT)
    assert [n.pitch for n in s.director._history.takes[0].melody.tracks[0].notes] == [36]


def test_the_computer_keyboard_plays_and_is_heard(stand):
    s = stand()
    s.play()
    s.run(4 * BEAT + 0.1)
    s.session.press(64, 90)
    s.run(0.2)
    assert s.session.state().held == (64,) and s.notes(0)[0][2:] == (64, 90)
    s.session.release(64)
    s.run(0.05)
    assert s.session.state().held == () and [n.pitch for n in s.session.state().melody] == [64]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("mode", "solo"),
        ("qpm", 5.0),
        ("bars", 0),
        ("channels", (0, 1, 1, 2)),
        ("programs", (128,)),
        ("seed", -1),
    ],
)
def test_bad_settings_are_refused(field, value):
    with pytest.raises(ConfigError, match=field.rstrip("s")):
        replace(SessionConfig(), **{field: value})


# Real threads, real ports


@pytest.mark.jack
def test_on_jack_a_keyboard_plays_the_session_answers_and_a_listener_hears():
    from composer.live.midi.keyboard import Keyboard
    from composer.live.midi.outputs import MidiOutput
    from composer.live.midi.ports import open_input
    from composer.live.midi.sequencer import Sequencer

    from tests.support.jack_server import JackKeyboard, jack_server

    config = SessionConfig(bars=1, qpm=150.0, count_in=1, metronome=False)
    heard = []
    with jack_server("composer-session"):
        output = MidiOutput("composer", "jack", virtual=True)
        notes = [Note(0.0, 67, 0.9, 70), Note(1.0, 69, 0.9, 80), Note(2.0, 71, 1.5, 60)]
        model = composer.load_model("jsb-chorales")
        with (
            JackKeyboard(notes, 150.0, stop_key=False) as player,
            Sequencer(output) as sequencer,
            open_input("composer", "jack", lambda m: heard.append((time.monotonic(), m))),
            Session(config, model, sequencer) as session,
            Keyboard("AKM", "jack", time.monotonic, session.hear, session.thru) as keyboard,
        ):
            session.attach(keyboard)
            session.do("play")
            threading.Timer(0.05 + 4 * 0.4 - 0.1, player.play).start()
            deadline = time.monotonic() + 30
            while session.state().takes == 0 and time.monotonic() < deadline:
                time.sleep(0.01)
            downbeat = session._director._context.time.seconds(4.0)
            while session.state().phase == "playing" and time.monotonic() < deadline:
                time.sleep(0.01)
            state = session.state()
        output.close()
    assert (state.phase, state.takes, state.message) == ("idle", 1, "")
    assert [n.pitch for n in session._director._history.takes[0].melody.tracks[0].notes] == [
        67,
        69,
        71,
    ]
    thru = [m for at, m in heard if m.type == "note_on" and m.channel == 0 and at < downbeat - 0.05]
    assert [m.note for m in thru if m.velocity] == [67, 69, 71]
    for channel in (1, 2, 3):
        first = next(at for at, m in heard if m.type == "note_on" and m.channel == channel)
        assert (
            abs(first - downbeat) < 0.25
        )  # generous: shared machines; the figures are measured by the benchmark
        down = set()
        for _, m in heard:
            if m.type in ("note_on", "note_off") and m.channel == channel:
                (down.add if m.type == "note_on" and m.velocity else down.discard)(m.note)
        assert not down
    assert sys.getswitchinterval() == pytest.approx(0.005)
