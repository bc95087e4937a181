"""Bars, rows and inches: cases proved by hand."""

from __future__ import annotations

import pytest

from composer.errors import ComposerError, MelodyError
from composer.pictures import layout
from composer.pictures.layout import Bar
from composer.songs.song import Note, Song, TimeSignature, Track

PICKUP = (TimeSignature(0, 1, 4), TimeSignature(1, 3, 4))


def song(*tracks, metres=(), drums=()):
    pitched = tuple(Track(tuple(notes)) for notes in tracks)
    return Song((*pitched, Track(tuple(drums), is_drum=True)) if drums else pitched, (), metres)


def of_bars(count):
    return song([Note(0, 60, 4.0 * count)], metres=(TimeSignature(0, 4, 4),))


def test_a_pickup_is_bar_zero_and_the_last_bar_is_full():
    assert layout.bars(song([Note(0, 60, 5)], metres=PICKUP)) == [
        Bar(0, 0, 1),
        Bar(1, 1, 4),
        Bar(2, 4, 7),
    ]
    assert layout.bars(song([Note(0, 60, 5)])) == [Bar(1, 0, 4), Bar(2, 4, 8)]
    assert layout.bars(song([Note(0, 60, 1)])) == [Bar(1, 0, 4)]


def test_a_longer_first_bar_is_no_pickup():
    metres = (TimeSignature(0, 4, 4), TimeSignature(4, 3, 4))
    assert [bar.number for bar in layout.bars(song([Note(0, 60, 7)], metres=metres))] == [1, 2]


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
    assert [len(row) for row in layout.rows_of(layout.bars(of_bars(count)))] == sizes


def test_rows_hold_every_bar_once_in_order():
    all_bars = layout.bars(of_bars(43))
    assert [bar for row in layout.rows_of(all_bars) for bar in row] == all_bars


def test_a_pickup_comes_on_top_and_long_bars_are_fewer():
    with_pickup = layout.bars(song([Note(0, 60, 1 + 3 * 12)], metres=PICKUP))
    assert [len(row) for row in layout.rows_of(with_pickup)] == [9, 4]
    long = layout.bars(song([Note(0, 60, 7 * 12)], metres=(TimeSignature(0, 7, 4),)))
    assert [len(row) for row in layout.rows_of(long)] == [4, 4, 4]
    longest = layout.bars(song([Note(0, 60, 120)], metres=(TimeSignature(0, 40, 4),)))
    assert [len(row) for row in layout.rows_of(longest)] == [1, 1, 1]


def test_main_metre_is_the_one_of_most_beats():
    metres = (
        TimeSignature(0, 1, 4),
        TimeSignature(1, 3, 4),
        TimeSignature(10, 4, 4),
        TimeSignature(14, 3, 4),
    )
    metre = layout.main_metre(song([Note(0, 60, 20)], metres=metres))
    assert (metre.numerator, metre.denominator) == (3, 4)


def test_chord_changes():
    chords = [(0.0, ""), (1.0, "C"), (2.0, "C"), (3.0, ""), (4.0, "C"), (5.0, "G/B"), (6.0, "C")]
    assert layout.chord_changes(chords) == [(1.0, "C"), (5.0, "G/B"), (6.0, "C")]


def test_unisons_are_between_tracks_only_while_both_sound():
    low, high, later = Note(0, 60, 2), Note(1, 60, 3), Note(4, 60, 1)
    twice = Note(0, 72, 4)
    shared = layout.unisons(song([low, twice, Note(1, 72, 1)], [Note(0, 61, 9)], [high, later]))
    assert shared == {(0, low): [0, 2], (2, high): [0, 2]}
    assert layout.unisons(song([low], drums=[Note(0, 60, 2)])) == {}


def test_inches():
    page = layout.lay_out(
        song([Note(0, 60, 1), Note(38, 84, 1)], drums=[Note(0, 36, 1), Note(0, 42, 1)])
    )
    first, second = page.rows
    assert (page.low, page.high, page.lanes) == (58, 86, [36, 42])
    assert (first.start, first.end, second.start, second.end) == (0, 32, 32, 40)
    assert page.x(first, 0) == layout.LEFT
    assert page.x(first, first.end) == pytest.approx(layout.WIDTH - layout.RIGHT)
    assert page.y(first, 87) == first.top and page.y(first, 86) == first.top - page.semitone
    assert page.lane(first, 42) == pytest.approx(page.y(first, 58) - layout.LANE)
    assert (
        page.lane(first, 36)
        == page.bottom(first)
        == pytest.approx(page.y(first, 58) - 2 * layout.LANE)
    )
    assert second.top < page.bottom(first) and page.bottom(second) > 0


def test_every_row_is_on_the_page():
    for count in (1, 8, 64, 330, 2000):
        page = layout.lay_out(of_bars(count))
        assert page.bottom(page.rows[-1]) > 0 and page.rows[0].top < page.height - layout.HEAD
        assert len(page.rows) <= layout.MAX_ROWS
        assert all(page.bottom(a) > b.top for a, b in zip(page.rows, page.rows[1:], strict=False))


def test_beats_go_on_to_the_end_of_the_last_bar():
    assert layout.lay_out(song([Note(0, 60, 5)], metres=PICKUP)).beats == [0, 1, 2, 3, 4, 5, 6]


def test_pitches_reach_over_an_octave_and_a_half_and_stay_in_midi():
    for pitch in (0, 60, 127):
        page = layout.lay_out(song([Note(0, pitch, 1)]))
        assert 0 <= page.low <= pitch <= page.high <= 127
    assert layout.lay_out(song([Note(0, 60, 1)])).high - page.low < 128


def test_melody():
    high_second = song([Note(0, 50, 1)], [Note(0, 70, 1)], drums=[Note(0, 90, 1)])
    assert layout.lay_out(high_second).melody == 1
    assert layout.lay_out(high_second, 0).melody == 0
    with pytest.raises(MelodyError):
        layout.lay_out(high_second, 7)
    drums = song(drums=[Note(0, 36, 1)])
    page = layout.lay_out(drums)
    assert page.melody == -1 and page.high < page.low and page.lanes == [36]


@pytest.mark.parametrize("empty", [Song(), Song((Track(), Track()))])
def test_an_empty_song_is_refused(empty):
    with pytest.raises(ComposerError, match="at least one note"):
        layout.lay_out(empty)


def test_too_many_bars_are_refused():
    with pytest.raises(ComposerError, match="room for 2000 bars, the song has 2001"):
        layout.lay_out(of_bars(2001))
