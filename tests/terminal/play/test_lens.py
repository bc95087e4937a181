"""The part of the music that the stage shows."""

from __future__ import annotations

import pytest
from composer.terminal.play.lens import Lens, lens_for, rows_for, rulings


def test_beats_and_bars_are_ruled_and_flow_to_the_left_by_half_columns():
    lens = Lens(columns=12, per_beat=4, head=4)
    line, numbers = rulings(4.0, lens, 3)  # pixels 8 to 32 of beats 2 to 8
    assert line == "┊ ▏ ┊ ┊ ▏ ┊ "
    assert numbers == [(2, 2), (8, 3)]
    assert rulings(4.25, lens, 3)[0] == " │ ┊ ┊ │ ┊ ┊"


@pytest.mark.parametrize("rows", [3, 9, 17, 24, 31, 50, 90])
@pytest.mark.parametrize("pitches", [(), (60,), (36, 81), (0, 127)])
def test_a_scope_holds_its_pitches_on_all_papers(rows, pitches):
    scope = rows_for(pitches, rows)
    assert scope.holds([*pitches, 43, 76])
    assert scope.pixels == 2 * rows
    assert all(0 <= scope.pixel(pitch) < scope.pixels for pitch in range(128))
    for pixel in range(scope.pixels):
        assert scope.pixel(scope.pitch(pixel)) == min(
            max(int(scope.semitone * (scope.high - scope.pitch(pixel))), 0), pixel
        )


def test_four_octaves_fit_24_rows_and_begin_with_a_row():
    scope = rows_for((37, 83), 24)
    assert scope.semitone == 1.0
    assert scope.high + 1 - scope.low == 48
    assert [
        scope.pixel(pitch) % 2 for pitch in range(scope.low, scope.high) if pitch % 12 == 0
    ] == [1] * 4


def test_a_wide_terminal_shows_a_beat_in_more_pixels():
    assert [lens_for(columns).per_beat for columns in (30, 72, 112, 192)] == [8, 8, 16, 32]
