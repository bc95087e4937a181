"""The live piano roll as arrays: which note covers which pixel, and which characters show that."""

from __future__ import annotations

import numpy as np
import pytest

from composer.live.session.state import ShownNote
from composer.terminal.play.palette import (
    COMING,
    EMPTY,
    PLAYED,
    SOUNDING,
    code,
    voice_of,
)
from composer.terminal.play.roll import (
    Lens,
    Notes,
    Scope,
    characters,
    lens_for,
    picture,
    rulings,
    scope_for,
)

LENS = Lens(columns=6, per_beat=4, head=3)  # 12 pixels; the playhead at pixel 6


SCOPE = Scope(low=60, high=65, semitone=1.0, pixels=6)


def test_notes_cover_their_pixels():
    notes = Notes(
        [ShownNote(0.0, 1.0, 64, 0), ShownNote(0.75, 1.25, 60, 3), ShownNote(1.5, 2.5, 62, 1)]
    )
    pixels = picture(notes, 1.0, LENS, SCOPE)  # beat 1 is pixel 6, so beat 0 is pixel 2
    expected = np.zeros((6, 12), int)
    expected[1, 2:6] = [code(0, PLAYED, True)] * 2 + [code(0, PLAYED)] * 2
    expected[5, 5:7] = code(3, SOUNDING, True), code(3, SOUNDING)
    expected[3, 8:12] = [code(1, COMING, True)] * 2 + [code(1, COMING)] * 2
    assert pixels.tolist() == expected.tolist()


def test_a_note_decided_ahead_is_hatched_until_its_beat_has_come():
    ahead = ShownNote(1.25, 2.25, 63, 2, ahead=True)
    row = picture(Notes([ahead]), 1.0, LENS, SCOPE)[2].tolist()
    assert row == [0] * 7 + [code(2, COMING, True), 0, code(2, COMING), 0, 0]
    row = picture(Notes([ahead]), 1.25, LENS, SCOPE)[2].tolist()
    assert row == [0] * 6 + [code(2, SOUNDING, True)] * 2 + [code(2, SOUNDING)] * 2 + [0] * 2


def test_a_note_that_is_struck_again_leaves_a_pixel_free():
    notes = Notes(
        [ShownNote(0.0, 0.75, 61, 1), ShownNote(0.75, 1.0, 61, 1), ShownNote(0.75, 1.0, 63, 1)]
    )
    row = picture(notes, 1.0, LENS, SCOPE)[4].tolist()
    assert row == [0, 0, code(1, PLAYED, True), code(1, PLAYED), 0, code(1, PLAYED, True)] + [0] * 6


def test_the_melody_is_drawn_over_the_others_and_notes_out_of_view_are_not():
    notes = Notes(
        [ShownNote(0.0, 1.0, 62, 0), ShownNote(0.0, 1.0, 62, 1), ShownNote(-9, -8, 61, 1)]
    )
    pixels = picture(notes, 1.0, LENS, SCOPE)
    assert {voice_of(p) for p in pixels[pixels != EMPTY].tolist()} == {0}
    assert (pixels[4] == EMPTY).all()


def test_a_note_without_end_and_a_pitch_out_of_view_are_drawn_at_the_edges():
    notes = Notes([ShownNote(0.5, float("inf"), 99, 0)])
    assert (picture(notes, 1.0, LENS, SCOPE)[0, 4:] != EMPTY).all()


def test_four_pixels_make_a_character_of_two_colours():
    a, b, onset = code(0, PLAYED), code(1, PLAYED), code(0, PLAYED, True)
    pixels = np.array([[a, 0, 0, a, a, a, onset, a], [0, 0, a, a, b, b, 0, 0]])
    bits, front, back = characters(pixels)
    assert bits.tolist() == [[1, 14, 12, 3]]
    assert front.tolist() == [[a, a, b, a]]
    assert back.tolist() == [[0, 0, a, 0]]


def test_a_pitch_never_takes_the_colour_of_its_neighbour():
    a, b, c = code(0, PLAYED), code(1, PLAYED), code(2, PLAYED)
    bits, front, back = characters(np.array([[b, a], [0, c]]))
    assert (bits.tolist(), front.tolist(), back.tolist()) == ([[12]], [[c]], [[a]])


def test_beats_and_bars_are_ruled_and_flow_to_the_left_by_half_columns():
    lens = Lens(columns=12, per_beat=4, head=4)
    line, numbers = rulings(4.0, lens, 3)  # pixels 8 to 32 of beats 2 to 8
    assert line == "┊ ▏ ┊ ┊ ▏ ┊ "
    assert numbers == [(2, 2), (8, 3)]
    assert rulings(4.25, lens, 3)[0] == " │ ┊ ┊ │ ┊ ┊"


@pytest.mark.parametrize("rows", [3, 9, 17, 24, 31, 50, 90])
@pytest.mark.parametrize("pitches", [(), (60,), (36, 81), (0, 127)])
def test_a_scope_holds_its_pitches_on_all_papers(rows, pitches):
    scope = scope_for(pitches, rows)
    assert scope.holds([*pitches, 43, 76])
    assert scope.pixels == 2 * rows
    assert all(0 <= scope.pixel(pitch) < scope.pixels for pitch in range(128))
    for pixel in range(scope.pixels):
        assert scope.pixel(scope.pitch(pixel)) == min(
            max(int(scope.semitone * (scope.high - scope.pitch(pixel))), 0), pixel
        )


def test_four_octaves_fit_24_rows_and_begin_with_a_row():
    scope = scope_for((37, 83), 24)
    assert scope.semitone == 1.0
    assert scope.high + 1 - scope.low == 48
    assert [
        scope.pixel(pitch) % 2 for pitch in range(scope.low, scope.high) if pitch % 12 == 0
    ] == [1] * 4


def test_a_wide_terminal_shows_a_beat_in_more_pixels():
    assert [lens_for(columns).per_beat for columns in (30, 72, 112, 192)] == [8, 8, 16, 32]
