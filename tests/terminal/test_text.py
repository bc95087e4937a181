"""Lines of a terminal."""

from __future__ import annotations

from composer.terminal.text import (
    Area,
    Chunk,
    apart,
    beside,
    clean,
    fit,
    heading,
    length,
    squeeze,
)
from rich.segment import Segment
from rich.style import Style

BLANK = Style()


def text(line):
    return "".join(part.text for part in line)


def piece(rank, word):
    return Chunk(rank, (Segment(word),))


def test_the_piece_of_the_highest_rank_goes_first_and_rank_0_stays():
    pieces = [piece(0, "stays"), piece(2, "second"), piece(5, "first"), piece(9, "")]
    assert text(squeeze(pieces, 20)) == "stays  second  first"
    assert text(squeeze(pieces, 19)) == "stays  second"
    assert text(squeeze(pieces, 3)) == "stays"
    assert text(squeeze([piece(0, "a"), piece(0, "b")], 1, gap=1)) == "a b"


def test_lines_are_cut_and_filled():
    line = [Segment("日本"), Segment("")]
    assert text(fit(line, 3)) == "日 " and text(fit(line, 6)) == "日本  "
    assert length(line) == 4
    assert clean("a\x1b[2J\nb\tc") == "a [2J b c" and clean("鍵盤の名前", 6) == "鍵盤…"
    assert clean("a\n b日本", 4) == "a b…" and clean("ab") == "ab"


def test_left_and_right_stand_apart_if_both_fit():
    left, right = [Segment("left")], [Segment("right")]
    assert text(apart(left, right, 12, BLANK)) == "left   right"
    assert text(apart(left, right, 9, BLANK)) == "left     "


def test_blocks_stand_side_by_side_whatever_their_heights():
    lines = beside([[Segment("ab")]], [[Segment("x")], [Segment("y")]], 3)
    assert [text(line) for line in lines] == ["ab    x", "      y"]


def test_a_heading_has_its_right_end_if_it_fits():
    area = Area(20, 1, unicode=False)
    assert text(heading("Töne", area, 20, [Segment("end")])) == "- T?ne ----------end"
    assert text(heading("Töne", area, 8, [Segment("end")])) == "- T?ne -"


def test_only_signs_that_can_be_shown():
    ascii_ = Area(9, 9, unicode=False)
    assert ascii_.sized("müßig\x07", 4) == "m??~" and ascii_.sign("→", ">") == ">"
    assert Area(9, 9).sized("müßig", 4) == "müß…"
