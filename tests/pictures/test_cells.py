"""A piano roll in characters, pixel by pixel."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from composer.pictures.cells import (
    COMING,
    EMPTY,
    LETTERS,
    NEEDED,
    PLAYED,
    SOUNDING,
    BeatColumns,
    NoteTable,
    PitchRows,
    block_line,
    characters,
    code,
    pack,
    paint,
    pitch_rows,
    shade,
    table_of,
    track_of,
    unpack,
)
from composer.pictures.layout import Scope
from composer.pictures.palette import ANY_GROUND, DARK, MELODY, OTHERS
from composer.songs.song import Note
from rich.style import Style

from tests.support.tunes import song


class ShownNote(NamedTuple):
    onset: float
    end: float
    pitch: int
    voice: int
    ahead: bool = False


ROWS = PitchRows(low=60, high=65, semitone=1.0, pixels=6)


def picture(notes, now):
    """12 pixels, 4 a beat, the sixth of them now."""
    columns = BeatColumns(12, 4, round(4 * now) - 6)
    return paint(notes, columns, ROWS, now)


def test_notes_cover_their_pixels():
    notes = NoteTable(
        [ShownNote(0.0, 1.0, 64, 0), ShownNote(0.75, 1.25, 60, 3), ShownNote(1.5, 2.5, 62, 1)]
    )
    pixels = picture(notes, 1.0)  # beat 1 is pixel 6, so beat 0 is pixel 2
    expected = np.zeros((6, 12), int)
    expected[1, 2:6] = [code(0, PLAYED, True)] * 2 + [code(0, PLAYED)] * 2
    expected[5, 5:7] = code(3, SOUNDING, True), code(3, SOUNDING)
    expected[3, 8:12] = [code(1, COMING, True)] * 2 + [code(1, COMING)] * 2
    assert pixels.tolist() == expected.tolist()


def test_a_note_decided_ahead_is_hatched_until_its_beat_has_come():
    ahead = ShownNote(1.25, 2.25, 63, 2, ahead=True)
    row = picture(NoteTable([ahead]), 1.0)[2].tolist()
    assert row == [0] * 7 + [code(2, COMING, True), 0, code(2, COMING), 0, 0]
    row = picture(NoteTable([ahead]), 1.25)[2].tolist()
    assert row == [0] * 6 + [code(2, SOUNDING, True)] * 2 + [code(2, SOUNDING)] * 2 + [0] * 2


def test_a_note_that_is_struck_again_leaves_a_pixel_free():
    notes = NoteTable(
        [ShownNote(0.0, 0.75, 61, 1), ShownNote(0.75, 1.0, 61, 1), ShownNote(0.75, 1.0, 63, 1)]
    )
    row = picture(notes, 1.0)[4].tolist()
    assert row == [0, 0, code(1, PLAYED, True), code(1, PLAYED), 0, code(1, PLAYED, True)] + [0] * 6


def test_the_melody_is_drawn_over_the_others_and_notes_out_of_view_are_not():
    notes = NoteTable(
        [ShownNote(0.0, 1.0, 62, 0), ShownNote(0.0, 1.0, 62, 1), ShownNote(-9, -8, 61, 1)]
    )
    pixels = picture(notes, 1.0)
    assert {track_of(p) for p in pixels[pixels != EMPTY].tolist()} == {0}
    assert (pixels[4] == EMPTY).all()


def test_a_note_without_end_and_a_pitch_out_of_view_are_drawn_at_the_edges():
    notes = NoteTable([ShownNote(0.5, float("inf"), 99, 0)])
    assert (picture(notes, 1.0)[0, 4:] != EMPTY).all()


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


def test_onsets_stand_out_only_if_needed():
    tune = song([Note(0, 60, 1), Note(1, 60, 1), Note(2, 62, 1)])
    a, start = code(0), code(0, is_onset=True)
    row = paint(table_of(tune), BeatColumns(6, 2), ROWS, onsets=NEEDED)[5].tolist()
    assert row == [a, EMPTY, a, a, EMPTY, EMPTY]  # a free pixel parts the two
    row = paint(table_of(tune), BeatColumns(3, 1), ROWS, onsets=NEEDED)[5].tolist()
    assert row == [a, start, EMPTY]  # no room for one
    row = paint(table_of(tune), BeatColumns(6, 2), ROWS, onsets=LETTERS)[5].tolist()
    assert row == [start, a, start, a, EMPTY, EMPTY]


def test_drums_of_a_family_share_a_lane_kicks_below():
    tune = song([Note(0, 60, 1)], drums=[Note(0, 35, 1), Note(1, 45, 1), Note(2, 49, 1)])
    rows = pitch_rows(Scope(60, 63, (35, 45, 49)), 20, per_line=2)
    assert (rows.pixels, rows.lanes, rows.height) == (4, 4, 8)
    pixels = paint(table_of(tune), BeatColumns(3, 1), rows)
    assert [np.flatnonzero(row).tolist() for row in pixels[-4:]] == [[], [2], [1], [0]]


def test_pitches_share_pixels_if_there_are_too_few():
    rows = pitch_rows(Scope(40, 79), 20, per_line=2)
    assert rows.semitone == 0.5 and rows.pixel(79) == 0 and rows.pixel(40) == 19
    assert pitch_rows(Scope(60, 64), 20, per_line=2).pixels == 6  # a line more than half used


def test_every_track_has_its_colour_and_the_melody_keeps_its_own():
    assert shade(ANY_GROUND, code(0)) == MELODY
    assert [track_of(code(n)) for n in range(10)] == [0, 1, 2, 3, 4, 5, 6, 7, 8, 1]
    assert shade(ANY_GROUND, code(9)) == OTHERS[0]
    looks = {shade(DARK, code(1, time, on)) for time in range(3) for on in (False, True)}
    assert len(looks) == 6


def test_packed_characters_come_back():
    bits, front, back = (np.array([[n]]) for n in (6, code(8, COMING, True), code(1)))
    ((packed,),) = pack(bits, front, back)
    assert unpack(int(packed)) == ("▞", code(8, COMING, True), code(1))


def test_a_line_shows_its_base_between_notes():
    packed = pack(np.array([0, 15, 15, 0]), np.array([0, code(0), code(0), 0]), np.zeros(4, int))
    line = block_line(packed, ANY_GROUND, "▏  ▏", Style(dim=True))
    assert [part.text for part in line] == ["▏", "██", "▏"]
    assert line[1].style.color.name == MELODY.lower() and line[1].style.bgcolor is None
