"""The piano roll in lines of a terminal, cell by cell."""

from __future__ import annotations

from dataclasses import replace

from composer.live.session.state import ShownNote
from composer.pictures.cells import SOUNDING, NoteTable, PitchRows, code, shade
from composer.terminal.palette import DARK
from composer.terminal.play import roll
from composer.terminal.play.lens import Lens, rows_for
from tests.support.played import PLAYING, READY
from tests.support.stage import text


def view(state=PLAYING, columns=24, shown=None, **more):
    lens = Lens(columns, 8, 12)
    return roll.View(
        lens, shown or rows_for((), 17), DARK, now=lens.now(state.beat), held=state.held, **more
    )


def test_the_roll_in_characters():
    notes = NoteTable([*PLAYING.melody, *PLAYING.accompaniment])
    shown = PitchRows(low=58, high=71, semitone=1.0, pixels=14)
    lines = [text(line) for line in roll.roll(view(shown=shown), notes)]
    # The bass, G2, is below the view, so it is at its edge.
    # Beat 6.5 is column 12; a beat is 4 columns: bar 2 begins at column 2, the beats after it at 6 and 10.
    assert lines == [
        "    ▀▀▀   ▀▀▀▀▀▀▀▀┊ ▎ ┊   ▏   ┊ ",
        "    ▀▀▀   ▏   ┊   ┊ ▎ ┊   ▏   ┊ ",
        "G4  ▀▀▀   ▏   ┊   ▀▀▎ ┊   ▏   ┊ ",
        "    ▀▀▀   ▏   ┊   ┊ ▎ ┊   ▏   ┊ ",
        "    ▀▀▀   ▏   ┊   ┊ ▎ ┊   ▏   ┊ ",
        "C4  ▀▀▀   ▏   ┊   ┊ ▎ ▖▖▖▖▏   ┊ ",
        "B3  ▀▀▀   ▏   ▄▄▄▄▄▄▄▄▄▄▄▄▏   ┊ ",
    ]


def test_keys_light_up_that_are_held_and_that_sound():
    shown = PitchRows(low=58, high=71, semitone=1.0, pixels=14)
    lines = roll.roll(view(shown=shown), NoteTable([*PLAYING.melody, *PLAYING.accompaniment]))
    melody, tenor = shade(DARK, code(0, SOUNDING)), shade(DARK, code(2, SOUNDING))
    assert lines[2][1].style.color.name == melody.lower()  # G4, the upper one of its row
    assert lines[6][1].style.color.name == tenor.lower()  # B3
    assert lines[1][1].style.color.name == DARK.white_key.lower()  # A4
    assert lines[2][1].style.bgcolor.name == DARK.black_key.lower()  # F sharp


def test_the_count_in_is_written_large():
    lines = [
        text(line)[roll.LEFT :]
        for line in roll.roll(view(replace(READY, beat=-2.0), number="2"), NoteTable(()))
    ]
    full = [
        (row, column)
        for row, line in enumerate(lines)
        for column, sign in enumerate(line)
        if sign == "█"
    ]
    assert len({row for row, _ in full}) == 10
    assert [line.count("█") for line in lines[3:13]] == [12, 12, 4, 4, 12, 12, 4, 4, 12, 12]


def test_chords_are_named_over_their_beats():
    notes = NoteTable(
        [
            ShownNote(b, b + 1, p, 1)
            for b, chord in ((5, (43, 59, 62)), (6, (45, 60, 64)))
            for p in chord
        ]
    )
    names = roll.chord_names(notes, *notes.beats())
    assert names == {5: "G", 6: "Am"}
    line = text(roll.chords(view(), names))[roll.LEFT :]
    assert (line.index("G"), line.index("Am")) == (6, 10)
