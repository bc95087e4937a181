"""The piano on the letters."""

from __future__ import annotations

from composer.terminal.play.letters import LOWER, UPPER, Letters, piano_pitch
from tests.support.played import Double
from tests.support.stage import on_stage


def test_the_letters_are_a_piano():
    async def test(app, pilot, double):
        await pilot.press("tab", "z", "q", "right_square_bracket", "x", "space", "0", "tab", "m")
        assert [a[:2] for a in double.asked] == [
            ("press", 60), ("release", 60), ("press", 72), ("release", 72), ("press", 74), ("start",),
            ("release", 74), ("press", 60 + 12 + 12 + 15), ("release", 99), ("mode",),
        ]  # fmt: skip

    on_stage(test)


def test_the_two_rows_are_one_scale_from_c():
    assert [piano_pitch(key, 60) for key in LOWER] == list(range(60, 77))
    assert [piano_pitch(key, 60) for key in UPPER] == list(range(72, 89))
    assert piano_pitch("p", 120) is None and piano_pitch("a", 60) is None


def test_a_note_of_the_letters_ends_in_time_and_a_key_held_down_is_one_note():
    double = Double()
    letters = Letters(double, hold=0.5)
    for seconds in (0.0, 0.03, 0.06):  # the machine repeats a key that is held
        letters.strike("c", seconds)
    letters.tick(0.55)
    assert [a[:2] for a in double.asked] == [("press", 64)]
    letters.tick(0.56)
    letters.strike("c", 1.0)
    letters.strike("c", 1.2)
    assert [a[:2] for a in double.asked[1:]] == [
        ("release", 64),
        ("press", 64),
        ("release", 64),
        ("press", 64),
    ]
    Letters(double, hold=None).tick(1e9)
