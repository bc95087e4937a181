"""The colours of a terminal."""

from __future__ import annotations

import pytest
from composer.pictures import palette as pictures
from composer.terminal.palette import DARK, LIGHT, is_light, style


@pytest.mark.parametrize(
    ("value", "light"), [("0;15", True), ("15;default;7", True), ("15;0", False), ("", False)]
)
def test_the_ground_is_as_the_terminal_says(value, light):
    assert is_light({"COLORFGBG": value}) is light


def test_tracks_have_the_colours_of_all_other_pictures():
    for ours, theirs in ((DARK, pictures.DARK), (LIGHT, pictures.LIGHT)):
        assert [ours.track(i) for i in range(9)] == [theirs.track(i) for i in range(9)]
        assert (ours.ground, ours.text) == (theirs.ground, theirs.text)


def test_styles_are_made_once():
    assert style("#FFFFFF", "#000000") is style("#FFFFFF", "#000000")
