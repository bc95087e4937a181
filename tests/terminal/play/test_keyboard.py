"""The keyboard at the left of the roll."""

from __future__ import annotations

from composer.pictures.cells import SOUNDING, PitchRows, code, shade
from composer.terminal.palette import DARK
from composer.terminal.play.keyboard import WIDTH, ground_of, keyboard
from composer.terminal.text import length

ROWS = PitchRows(low=58, high=71, semitone=1.0, pixels=14)  # B4 to A sharp 3


def test_the_cs_are_named_and_a_lit_key_says_its_name():
    names = [line[0].text.strip() for line in keyboard(ROWS, DARK, ())]
    assert names == ["", "", "", "", "", "C4", ""]
    lit = [line[0].text.strip() for line in keyboard(ROWS, DARK, ((66, 1), (67, 0)))]
    assert lit == ["", "", "G4", "", "", "C4", ""]  # of two keys in a line the melody's
    assert {length(line) for line in keyboard(ROWS, DARK, ())} == {WIDTH}


def test_a_lit_black_key_is_short():
    line = keyboard(ROWS, DARK, ((66, 1),))[2]
    blue = shade(DARK, code(1, SOUNDING)).lower()
    assert line[1].style.bgcolor.name == blue and line[2].style.bgcolor.name != blue


def test_every_other_octave_has_a_band():
    assert ground_of(ROWS, DARK, 0) != ground_of(ROWS, DARK, 6)
