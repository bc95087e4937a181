"""What commands do to a session, on a clock that the test turns."""

from __future__ import annotations

import composer
import mido
import pytest
from composer.live.melody.capture import Event
from composer.live.midi.devices import Action, Profile
from composer.live.session.state import SessionConfig

from tests.support.live_session import SteppedSession


@pytest.fixture(scope="module")
def model():
    return composer.load_model("jsb-chorales")


@pytest.fixture
def stand(model, tmp_path):
    one = SteppedSession.build(model, SessionConfig(qpm=96.0, latents={}), takes=tmp_path / "takes")
    yield one
    one.session.close()


def after(stand, name, argument=None):
    """The state once a command was done."""
    stand.session.do(name, argument)
    stand.run(0.002)
    return stand.session.state()


def test_without_an_argument_the_next_mode_and_the_other_way(stand):
    assert [after(stand, "mode").mode for _ in range(4)] == ["duet", "call", "phrase", "duet"]
    assert after(stand, "mode", "call").mode == "call"
    assert [after(stand, "loop").loop for _ in range(3)] == [True, False, True]
    assert after(stand, "loop", True).loop
    assert [after(stand, "metronome").metronome for _ in range(2)] == [False, True]
    state = after(stand, "melody")
    assert not state.with_melody
    assert state.message == "the arrangement sounds without your melody"


def test_start_begins_and_stops(stand):
    assert after(stand, "start").phase == "count-in"
    assert after(stand, "start").phase == "idle"
    assert after(stand, "record").phase == "count-in"


def test_the_tempo_in_steps_and_at_once(stand):
    assert after(stand, "tempo", 90.6).qpm == 90.6
    assert [after(stand, "faster").qpm, after(stand, "slower").qpm] == [93.0, 91.0]
    after(stand, "tempo", 299)
    assert after(stand, "faster").qpm == 300.0


def test_knobs_by_name_and_by_number(stand):
    assert after(stand, "knob", ["groove", 0.5]).knobs["groove"] == 0.5
    assert after(stand, "knob", ["2", -0.25]).knobs["style"] == -0.25
    assert after(stand, "knob", ["groove", None]).knobs["groove"] == 0.0
    state = after(stand, "knob", ["5", 0.5])
    assert state.message == "this model has no knob '5'; it has chords, style, melody, groove"
    assert state.mend.way == "model"
    assert after(stand, "reroll").mend is None


def test_steps_of_a_knob_are_added_also_if_they_come_at_once(stand):
    for _ in range(3):
        stand.session.do("turn", ["groove", 0.1])
    assert after(stand, "turn", ["4", 0.1]).knobs["groove"] == 0.4
    assert after(stand, "turn", ["groove", 2]).knobs["groove"] == 1.0
    assert after(stand, "turn", ["groove", -2]).knobs["groove"] == -1.0


@pytest.mark.parametrize(
    ("mode", "phase", "said"),
    [
        ("phrase", "idle", True),
        ("phrase", "count-in", True),
        ("duet", "count-in", False),  # the next beat of the duet is another already
    ],
)
def test_a_seed_that_is_not_heard_yet_is_said(stand, mode, phase, said):
    after(stand, "mode", mode)
    if phase == "count-in":
        after(stand, "play")
    state = after(stand, "reroll")
    assert (state.phase, state.seed) == (phase, 1)
    assert ("seed 1: the next answer uses it" in state.message) is said


def test_bars_of_the_next_phrase(stand):
    after(stand, "bars", 2)
    assert stand.director.config.bars == 2
    after(stand, "bars", 0)
    assert stand.director.config.bars is None


def test_the_voices_are_those_of_the_model(stand):
    assert stand.session.state().voices == ("melody", "alto", "tenor", "bass")


def test_turned_knobs_of_a_keyboard(stand):
    profile = Profile(
        "x",
        controls={"cc 1": "tempo", "cc 2": "knob groove", "cc 3": "volume", "cc 4": "tempo"},
        relative=("cc 4",),
    )
    stand.session.attach(None, profile)

    def turned(number, value):
        stand.session.hear(Event(stand.clock(), "control_change", number, value))
        stand.run(0.002)
        return stand.session.state()

    assert [turned(1, value).qpm for value in (0, 127, 64)] == [40.0, 200.0, 121.0]
    assert [turned(4, value).qpm for value in (3, 127)] == [124.0, 123.0]
    assert [turned(2, value).knobs["groove"] for value in (0, 127, 96)] == [-1.0, 1.0, 0.512]
    # Clicks that come at once are all counted.
    for value in (1, 1, 2):
        stand.session.hear(Event(stand.clock(), "control_change", 4, value))
    stand.run(0.002)
    assert stand.session.state().qpm == 127.0
    turned(3, 64)
    volumes = {m.channel: m.value for _, m in stand.sequencer.sent if m.is_cc(7)}
    assert volumes == dict.fromkeys((0, 1, 2, 3, 9), 64)


def test_what_a_button_cannot_do_is_said_and_ends_no_thread(stand):
    stand.session.attach(None, Profile("x", controls={"cc 1": "knob colour"}))
    stand.session.hear(Event(stand.clock(), "control_change", 1, 5))
    stand.run(0.002)
    assert "no knob 'colour'" in stand.session.state().message
    stand.session._act(Action("dance", 1.0))
    assert "no command 'dance'" in stand.session.state().message


def test_panic_is_heard_at_once(stand):
    stand.sequencer.now(mido.Message("note_on", note=60, velocity=80))
    stand.session.do("panic")
    assert not stand.hanging


def test_no_file_is_written_over(stand, tmp_path, monkeypatch):
    """From the keyboard's button, which names no file, and for a name that a player gives."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "take-1.mid").write_text("of another day")
    (tmp_path / "mine.mid").write_text("mine")
    downbeat = stand.play()
    stand.score([(0.0, 67, 0.9, 80), (1.0, 69, 0.9, 80)], downbeat, 96.0)
    stand.run(4.0)
    stand.session.do("stop")
    stand.run(2.0)
    for _ in range(2):
        stand.session._act(Action("save", 1.0))
    stand.session.do("save", "mine.mid")
    stand.session.do("save")
    stand.run(0.01)
    stand.session.close()
    assert (tmp_path / "take-1.mid").read_text() == "of another day"
    assert (tmp_path / "mine.mid").read_text() == "mine"
    saved = [tmp_path / f"take-1-{number}.mid" for number in (2, 3, 4)]
    for path in (*saved, tmp_path / "mine-2.mid"):
        assert composer.read(path).tracks[0].notes
    assert stand.session.state().message == "saved take-1-4.mid (take-1.mid was there)"
