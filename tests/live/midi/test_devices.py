"""Profiles of keyboards: read, matched, asked what a control does, and learned from a player who moves them."""

from __future__ import annotations

import json

import pytest
from composer.config import to_dict
from composer.errors import ConfigError
from composer.live.melody.capture import Event
from composer.live.midi import devices
from composer.live.midi.devices import DONE, SKIP, Action, Ask, Profile, action, learn, profile_for


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    """A player without any devices yet."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    return tmp_path


def cc(number: int, value: int) -> Event:
    return Event(0.0, "control_change", number, value)


def key(number: int, velocity: int = 90) -> Event:
    return Event(0.0, "note_on", number, velocity)


AKM322 = devices.profile("akm322")


def test_the_deepcomposer_keyboard():
    assert (AKM322.lowest, AKM322.highest, AKM322.usb) == (41, 72, "1acc:1533")
    assert action(AKM322, cc(105, 127)) == Action("play", 1.0)
    assert action(AKM322, cc(106, 1)) == Action("stop", 1.0)
    assert action(AKM322, cc(107, 127)) == Action("record", 1.0)
    assert action(AKM322, cc(106, 0)) is None  # the button comes up
    assert action(AKM322, cc(21, 127)) == Action("knob chords", 1.0)
    assert action(AKM322, cc(22, 0)) == Action("knob melody", 0.0)
    assert action(AKM322, cc(23, 32)) == Action("knob groove", 32 / 127)
    assert action(AKM322, cc(64, 63)) == Action("sustain", 0.0)
    assert action(AKM322, cc(64, 64)) == Action("sustain", 1.0)
    assert action(AKM322, cc(1, 99)) is None  # the modulation wheel is heard, and does nothing else
    assert action(AKM322, key(60)) is None


def test_an_encoder_without_an_end_says_how_far_it_was_turned():
    made = Profile("x", controls={"cc 10": "tempo", "cc 11": "volume"}, relative=("cc 10",))
    turned = [action(made, cc(10, value)) for value in (1, 5, 127, 120, 0)]
    assert turned == [Action("tempo", n / 127, True) if n else None for n in (1, 5, -1, -8, 0)]
    assert action(made, cc(11, 5)) == Action("volume", 5 / 127)


def test_pads_are_buttons_too():
    made = Profile("x", lowest=48, highest=72, controls={"note 36": "loop"})
    assert action(made, key(36)) == Action("loop", 1.0)
    assert action(made, key(36, 0)) is None
    assert action(made, Event(0.0, "note_off", 36, 64)) is None
    assert action(made, cc(36, 127)) is None


@pytest.mark.parametrize(
    ("port", "name"),
    [
        ("AKM322:AKM322 MIDI 1 20:0", "akm322"),
        ("AWS DeepComposer", "akm322"),
        ("akm322:keys", "akm322"),
        ("Launchkey Mini MK3:Launchkey Mini MK3 MIDI 1 24:0", "generic"),
        ("", "generic"),
    ],
)
def test_a_port_finds_its_profile(port, name):
    assert profile_for(port).name == name


def test_the_longest_pattern_wins_and_a_learned_profile_before_all(home):
    known = {
        n: Profile(n, match=(m,))
        for n, m in (("any", "*key*"), ("mini", "*launchkey mini*"), ("wide", "*"))
    }
    assert profile_for("Launchkey Mini MK3", known).name == "mini"
    assert profile_for("A keyboard", known).name == "any"
    devices.save_profile(Profile("mine", match=("akm*",)))
    assert profile_for("AKM322:keys").name == "mine"
    assert profile_for("AKM322:midi", known).name == "wide"


def test_a_port_s_own_pattern_fits_it_again_under_other_numbers(home):
    port = "Odd [Name]* (v?):Odd MIDI 1 20:0"
    made = Profile(devices.name_of(port), match=(devices.pattern_of(port),))
    assert made.name == "odd-name-v"
    devices.save_profile(made)
    assert profile_for("Odd [Name]* (v?):Odd MIDI 1 32:0") == made
    assert profile_for("Odd N* (v2):Odd MIDI 1 32:0").name == "generic"
    assert devices.name_of("日本") == "keyboard"


def test_saved_and_read_again(home):
    made = Profile(
        "a-b",
        ("x*",),
        "1:2",
        36,
        84,
        {"cc 1": "tempo", "note 9": "tap"},
        ("cc 1",),
        -0.0125,
        "Ünïcode",
    )
    path = devices.save_profile(made)
    assert path == home / "composer" / "devices" / "a-b.json"
    assert devices.profile("a-b") == devices.profile(str(path)) == made


def test_all_bundled_profiles_are_named_as_their_files_and_say_what_they_are():
    found = devices.profiles()
    assert set(found) == {"akm322", "computer-keyboard", "generic"}
    assert all(name == one.name and one.about for name, one in found.items())


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"controls": {"cc 200": "play"}}, "cc 0"),
        ({"controls": {"CC 20": "play"}}, "cc 0"),
        ({"controls": {"cc 20": "explode"}}, "explode"),
        ({"controls": ["cc 20"]}, "controls"),
        ({"lowest": 80}, "80 to 72"),
        ({"relative": ["cc 105"]}, "cc 105"),
        ({"offset": 3.0}, "offset"),
        ({"name": "../../etc"}, "small letters"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_damaged_profiles_are_named_with_what_is_wrong(tmp_path, change, words):
    path = tmp_path / "broken.json"
    path.write_text(json.dumps({**to_dict(AKM322), **change}))
    with pytest.raises(ConfigError, match=r"broken\.json") as caught:
        devices.profile(str(path))
    assert words in str(caught.value)


def test_a_damaged_learned_profile_does_not_hide_the_others(home):
    devices.learned_folder().mkdir(parents=True)
    (devices.learned_folder() / "bad.json").write_text("{")
    (devices.learned_folder() / "worse.json").write_bytes(b"\xff\xfe")
    assert "akm322" in devices.profiles()
    with pytest.raises(ConfigError, match=r"bad\.json"):
        devices.profile("bad")
    with pytest.raises(ConfigError, match=r"'moog'; there are akm322, .*composer learn"):
        devices.profile("moog")


# MIDI learn


def taught(lesson, answers) -> tuple[Profile, list[Ask]]:
    """What a lesson learns from answers, and all that it asked."""
    asked = [next(lesson)]
    try:
        for answer in answers:
            asked += [lesson.send(answer)]
    except StopIteration as end:
        return end.value, asked
    raise AssertionError(f"it goes on to ask {asked[-1]}")


BLANK = Profile("blank", lowest=36, highest=84)


def test_buttons_are_learned_by_their_press_and_keys_never():
    answers = [key(60), cc(64, 127), cc(20, 0), cc(20, 127), cc(20, 0), key(30), SKIP]
    made, asked = taught(learn(BLANK, ["play", "stop", "record"]), answers)
    assert made.controls == {"cc 20": "play", "note 30": "stop"}
    assert [a.action for a in asked] == ["play"] * 4 + ["stop"] * 2 + ["record"]


def test_a_knob_is_told_from_a_button_and_from_an_encoder():
    button = [cc(20, 127), cc(20, 0), cc(20, 127), cc(20, 0)]
    knob = [cc(21, 40), cc(21, 41), cc(21, 43)]
    encoder = [cc(22, v) for v in (1, 1, 2, 1, 127, 127, 1, 1)]
    made, _ = taught(learn(BLANK, ["knob chords", "tempo"]), [*button, *knob, *encoder])
    assert made.controls == {"cc 21": "knob chords", "cc 22": "tempo"}
    assert made.relative == ("cc 22",)


def test_a_knob_with_an_end_that_is_turned_slowly_from_it_is_no_encoder():
    made, _ = taught(learn(BLANK, ["tempo"]), [cc(22, v) for v in (0, 1, 2, 3)])
    assert (made.controls, made.relative) == ({"cc 22": "tempo"}, ())
    made, _ = taught(learn(BLANK, ["tempo"]), [cc(22, v) for v in (1, 2, 3, 4, 5, 6, 7, 6)])
    assert (made.controls, made.relative) == ({"cc 22": "tempo"}, ())


def test_a_knob_that_still_turns_is_not_taken_for_the_next():
    knob = [cc(21, v) for v in (40, 41, 43, 50, 60, 70)]
    other = [cc(22, v) for v in (80, 79, 75)]
    answers = [*knob, *other, cc(21, 71), cc(23, 127)]
    made, asked = taught(learn(BLANK, ["knob chords", "knob melody", "play"]), answers)
    assert made.controls == {"cc 21": "knob chords", "cc 22": "knob melody", "cc 23": "play"}
    assert [a.remark for a in asked if a.remark] == ["cc 21 is knob chords already"]


def test_what_is_learned_anew_loses_its_old_place():
    made, _ = taught(
        learn(AKM322, ["play", "tempo"]), [cc(106, 127), *[cc(30, v) for v in (3, 60, 9)]]
    )
    assert made.controls["cc 106"] == "play" and "cc 105" not in made.controls
    assert made.controls["cc 30"] == "tempo" and "cc 10" not in made.controls
    assert made.controls["cc 21"] == "knob chords"


def test_the_ends_of_the_keys():
    made, asked = taught(learn(BLANK), [cc(1, 1), key(48), key(48, 0), key(40), key(72), DONE])
    assert (made.lowest, made.highest) == (48, 72)
    assert [a.action for a in asked] == ["lowest key"] * 2 + ["highest key"] * 3 + ["knob 1"]


def test_skipped_or_ended_at_once_nothing_changes():
    assert taught(learn(AKM322), [DONE])[0] == AKM322
    assert taught(learn(AKM322), [SKIP] * len(devices.learned()))[0] == AKM322
