"""Rows of bars on a sheet, in inches: cases proved by hand."""

from __future__ import annotations

import pytest
from composer.errors import ComposerError, MelodyError
from composer.pictures import layout, sheet
from composer.songs.song import Note, Song, TimeSignature, Track

from tests.support.tunes import PICKUP, of_bars, song


def rows_of(tune):
    return sheet.rows_of(tuple(layout.bars(tune)))


@pytest.mark.parametrize(
    ("count", "sizes"),
    [
        (1, [1]),
        (8, [8]),
        (9, [9]),
        (10, [8, 2]),
        (16, [8, 8]),
        (17, [8, 9]),
        (64, [8] * 8),
        (330, [16] * 20 + [10]),
    ],
)
def test_rows_have_eight_bars(count, sizes):
    assert [len(row) for row in rows_of(of_bars(count))] == sizes


def test_rows_hold_every_bar_once_in_order():
    all_bars = layout.bars(of_bars(43))
    assert [bar for row in rows_of(of_bars(43)) for bar in row] == all_bars


def test_a_pickup_comes_on_top_and_long_bars_are_fewer():
    with_pickup = song([Note(0, 60, 1 + 3 * 12)], metres=PICKUP)
    assert [len(row) for row in rows_of(with_pickup)] == [9, 4]
    long = song([Note(0, 60, 7 * 12)], metres=(TimeSignature(0, 7, 4),))
    assert [len(row) for row in rows_of(long)] == [4, 4, 4]
    longest = song([Note(0, 60, 120)], metres=(TimeSignature(0, 40, 4),))
    assert [len(row) for row in rows_of(longest)] == [1, 1, 1]


def test_inches():
    made = sheet.sheet_of(
        song([Note(0, 60, 1), Note(38, 84, 1)], drums=[Note(0, 36, 1), Note(0, 42, 1)])
    )
    first, second = made.rows
    assert made.layout.scope == (58, 86, (36, 42))
    assert (first.start, first.end, second.start, second.end) == (0, 32, 32, 40)
    assert first.x(0) == second.x(32) == sheet.LEFT
    assert first.x(first.end) == pytest.approx(sheet.WIDTH - sheet.RIGHT)
    assert first.y(86) == first.top
    assert first.y(85) == pytest.approx(first.top + first.grid.semitone)
    under_pitches = first.y(58) + first.grid.semitone
    assert first.drum_y(42) == pytest.approx(under_pitches)
    assert first.drum_y(36) == pytest.approx(under_pitches + sheet.LANE)
    assert first.bottom == pytest.approx(under_pitches + 2 * sheet.LANE)
    assert first.bottom < second.top and second.bottom < made.height


def test_every_row_is_on_the_sheet():
    for count in (1, 8, 64, 330, 2000):
        made = sheet.sheet_of(of_bars(count))
        assert made.rows[0].top > sheet.HEAD and made.rows[-1].bottom < made.height
        assert len(made.rows) <= sheet.MAX_ROWS
        assert all(a.bottom < b.top for a, b in zip(made.rows, made.rows[1:], strict=False))


@pytest.mark.parametrize("empty", [Song(), Song((Track(), Track()))])
def test_an_empty_song_is_refused(empty):
    with pytest.raises(ComposerError, match="at least one note"):
        sheet.sheet_of(empty)


def test_a_melody_that_is_not_there_is_refused():
    with pytest.raises(MelodyError):
        sheet.sheet_of(of_bars(1), 7)


def test_too_many_bars_are_refused():
    with pytest.raises(ComposerError, match="room for 2000 bars, the song has 2001"):
        sheet.sheet_of(of_bars(2001))
