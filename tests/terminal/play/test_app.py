"""The stage on a screen, without a terminal: sizes, what is drawn again, what is said."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest
from composer.errors import ConfigError
from composer.live.session.state import ShownNote, State
from composer.terminal.palette import DARK, LIGHT
from composer.terminal.text import length
from tests.support.played import PLAYING, READY
from tests.support.stage import on_stage, shown


def test_a_mistake_is_a_message():
    async def test(app, pilot, double):
        await pilot.press("r")
        assert "no melody to arrange yet" in shown(app)[-2]
        app.clock = lambda: time.monotonic() + 60
        assert "no melody" not in shown(app)[-2]

    on_stage(test, raises=ConfigError("no melody to arrange yet: play one"))


@pytest.mark.parametrize("key", ["q", "ctrl+q", "ctrl+c"])
def test_quit_ends_the_app_and_the_note_of_the_letters(key):
    async def test(app, pilot, double):
        app.letters.strike("z", time.monotonic())
        await pilot.press(key)
        assert not app.is_running
        assert double.asked[-1] == ("release", 60)

    on_stage(test)


def test_light_and_dark():
    async def test(app, pilot, double):
        assert app.palette is DARK
        await pilot.press("i")
        app.frame()
        assert app.palette is LIGHT
        assert app.canvas.lines[5][-1].style.bgcolor.name in (
            LIGHT.ground.lower(),
            LIGHT.band.lower(),
        )

    on_stage(test)


@pytest.mark.parametrize(
    "size", [(80, 24), (81, 27), (120, 30), (203, 61), (40, 12), (20, 5), (3, 2), (1, 1)]
)
@pytest.mark.parametrize(
    "state", [State(), READY, PLAYING, replace(PLAYING, phase="count-in", beat=-0.5)]
)
def test_every_line_fills_its_row(size, state):
    async def test(app, pilot, double):
        assert len(app.canvas.lines) == size[1]
        if size[0] >= 20:
            assert {length(line) for line in app.canvas.lines} == {size[0]}
        assert {strip.cell_length for strip in app.canvas.render_lines(app.canvas.size.region)} == {
            size[0]
        }

    on_stage(test, state, size)


def test_a_new_size_is_a_new_picture():
    async def test(app, pilot, double):
        await pilot.resize_terminal(132, 43)
        await pilot.pause()
        assert (len(shown(app)), len(shown(app)[0])) == (43, 132)
        assert "■ tenor" in shown(app)[-3]
        await pilot.resize_terminal(80, 24)
        await pilot.pause()
        assert len(shown(app)) == 24 and "PLAYING" in shown(app)[0]

    on_stage(test, PLAYING)


def test_what_does_not_change_is_not_drawn():
    async def test(app, pilot, double):
        before = app.canvas.drawn
        double.now = replace(PLAYING)
        app.frame()
        assert app.canvas.drawn == before
        double.now = replace(PLAYING, message="now")
        app.frame()
        assert app.canvas.drawn == before + 1
        double.now = replace(PLAYING, beat=7.0)
        app.frame()
        assert app.canvas.drawn > before + 10

    on_stage(test, PLAYING)


def test_first_steps_are_shown_and_notes_that_leave_the_view_move_it():
    async def test(app, pilot, double):
        assert any("Press space" in line for line in shown(app))
        double.now = replace(PLAYING, melody=(ShownNote(6.0, 6.5, 96, 0),), held=(96,))
        assert any(line.startswith("C7") for line in shown(app))

    on_stage(test)


def test_a_screenshot_holds_what_is_on_the_canvas():
    async def test(app, pilot, double):
        await pilot.pause(0.1)
        picture = app.export_screenshot().replace("&#160;", " ")
        for word in ("PLAYING", "fluidsynth", "C4", "play/stop"):
            assert word in picture

    on_stage(test, PLAYING)


def test_without_colours_it_is_drawn_all_the_same(monkeypatch):
    monkeypatch.setenv("NO_COLOR", "1")

    async def test(app, pilot, double):
        strip = app.canvas.render_lines(app.canvas.size.region)[0]
        assert "PLAYING" in strip.text
        red, green, blue = next(iter(strip)).style.bgcolor.triplet
        assert red == green == blue

    on_stage(test, PLAYING)
