"""The canvas draws again what has changed, and no more."""

from __future__ import annotations

import doctest

from composer.terminal.play import canvas
from tests.support.played import PLAYING
from tests.support.stage import on_stage


def test_only_lines_that_have_changed_are_made_again():
    async def test(app, pilot, double):
        lines = list(app.canvas.lines)
        strips = list(app.canvas._strips)
        lines[3] = list(lines[5])
        before = app.canvas.drawn
        app.canvas.show(lines)
        assert app.canvas.drawn == before + 1
        same = [a is b for a, b in zip(strips, app.canvas._strips, strict=True)]
        assert [row for row, is_same in enumerate(same) if not is_same] == [3]

    on_stage(test, PLAYING)


def test_fewer_and_more_lines_are_a_new_picture():
    async def test(app, pilot, double):
        lines = list(app.canvas.lines)
        app.canvas.show(lines[:10])
        assert len(app.canvas._strips) == 10
        app.canvas.show(lines)
        assert [s.text for s in app.canvas._strips][-1] == "".join(p.text for p in lines[-1])

    on_stage(test, PLAYING)


def test_examples():
    assert doctest.testmod(canvas).failed == 0
