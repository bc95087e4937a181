"""The whole picture: what is equal to the last one is not made again, and the view does not jump."""

from __future__ import annotations

from dataclasses import replace

import pytest
from composer.live.session.state import ShownNote
from composer.terminal.palette import DARK, LIGHT
from composer.terminal.play.drawing import Drawing, count_of
from tests.support.played import PLAYING, READY
from tests.support.stage import text


def drawn(drawing, state, size=(80, 24), palette=DARK):
    return drawing.lines(state, size, palette, "groove", ("", False), False)


def test_an_equal_state_is_the_same_picture():
    drawing = Drawing()
    before = drawn(drawing, PLAYING)
    after = drawn(drawing, replace(PLAYING))
    assert all(a is b for a, b in zip(before[3:-2], after[3:-2], strict=True))
    other = drawn(drawing, PLAYING, palette=LIGHT)
    assert not any(a is b for a, b in zip(before, other, strict=True))


@pytest.mark.parametrize("height", [1, 5, 24, 28, 40])
def test_there_are_as_many_lines_as_the_screen_has(height):
    lines = drawn(Drawing(), PLAYING, (80, height))
    assert len(lines) == height


def test_a_tall_screen_has_chords_and_a_legend():
    low = [text(line) for line in drawn(Drawing(), PLAYING, (80, 27))]
    tall = [text(line) for line in drawn(Drawing(), PLAYING, (80, 28))]
    assert not any("not yet heard" in line for line in low)
    assert "not yet heard" in tall[-3]


def test_the_view_is_moved_for_a_pitch_outside_and_not_back_at_once():
    drawing = Drawing()
    usual = drawn(drawing, PLAYING)
    high = replace(PLAYING, melody=(ShownNote(6.0, 6.5, 96, 0),), held=(96,))
    moved = [text(line) for line in drawn(drawing, high)]
    assert any(line.startswith("C7") for line in moved)
    back = drawn(drawing, PLAYING)
    assert text(back[10])[:4] != text(usual[10])[:4] or back != usual
    drawn(drawing, replace(READY, phase="count-in", beat=-4.0))
    again = drawn(drawing, PLAYING)
    assert [text(line) for line in again] == [text(line) for line in usual]


@pytest.mark.parametrize(("beat", "count"), [(-4.0, "1"), (-3.01, "1"), (-2.5, "2"), (-0.5, "4")])
def test_the_count_in_is_counted(beat, count):
    assert count_of(replace(READY, phase="count-in", beat=beat)) == count
    assert count_of(replace(PLAYING, beat=beat)) == ""
