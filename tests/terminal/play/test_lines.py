"""Lines of a screen."""

from __future__ import annotations

from composer.terminal.play.lines import clean


def test_text_from_outside_cannot_break_a_line():
    assert clean("a\x1b[2J\nb\tc") == "a [2J b c"
    assert clean("鍵盤の名前", 6) == "鍵盤…"
