"""The first line of the stage."""

from __future__ import annotations

from dataclasses import replace

from composer.terminal.palette import DARK
from composer.terminal.play.sliders import sliders
from composer.terminal.play.status import Status, status
from composer.terminal.text import length
from tests.support.played import KNOBS, PLAYING, READY
from tests.support.stage import text


def test_the_status_line_says_what_goes_on():
    line = text(status(Status.of(PLAYING, False), 80, DARK))
    for word in ("PLAYING", "duet", "2.3", "○○●○", "♩ = 96", "jsb-chorales", "seed 7"):
        assert word in line
    assert length(status(Status.of(PLAYING, True), 80, DARK)) == 80


def test_switches_are_read_without_colours():
    def line_of(**changed):
        state = replace(READY, mode="phrase", **changed)
        return text(status(Status.of(state, False), 100, DARK))

    assert "⟳ loop" in line_of(loop=True) and "no loop" not in line_of(loop=True)
    assert "no loop" in line_of() and "⟳" not in line_of()
    assert (
        "♪ click" in line_of()
        and "no click" in line_of(metronome=False)
        and "♪ " not in line_of(metronome=False)
    )
    assert "melody off" in line_of(with_melody=False) and "melody off" not in line_of()
    for chosen in KNOBS:
        line = text(sliders(tuple(KNOBS.items()), chosen, 80, DARK))
        assert line.count("▸") == 1 and line[line.index("▸") + 3 :].startswith(chosen)
