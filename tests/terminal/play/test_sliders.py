"""The sliders of the knobs."""

from __future__ import annotations

from composer.terminal.palette import DARK
from composer.terminal.play.sliders import sliders
from tests.support.stage import text


def test_knobs_are_sliders():
    line = sliders((("chords", -1.0), ("groove", 0.5)), "groove", 80, DARK)
    assert text(line).startswith("  1 chords ●━━━─── ")
    assert "▸2 groove ───━●──" in text(line)
    assert "no knobs" in text(sliders((), "chords", 80, DARK))
