"""The knob that is chosen by number and turned with arrows."""

from __future__ import annotations

from dataclasses import replace

from tests.support.played import PLAYING
from tests.support.stage import on_stage, shown


def test_knobs_are_chosen_by_number():
    async def test(app, pilot, double):
        await pilot.press("4", "right", "3", "left")
        assert double.asked == [("turn", ["groove", 0.1]), ("turn", ["melody", -0.1])]
        double.now = replace(PLAYING, knobs={"chords": 0.95})
        await pilot.press("1", "right", "2")
        assert double.asked[2:] == [("turn", ["chords", 0.1])]
        assert "this model has no knob 2: its knobs are chords; o: choose" in shown(app)[-2]

    on_stage(test, PLAYING)
