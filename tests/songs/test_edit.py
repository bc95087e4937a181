"""Cutting in time, one line of a track, the choice of the melody."""

from __future__ import annotations

from dataclasses import replace

import pytest
from composer.errors import MelodyError, Mend
from composer.songs.edit import (
    beginning,
    bottom_line,
    cut_notes,
    excerpt,
    first_bars,
    melody_beside,
    named_melody,
    only_melody,
    outside,
    shift_notes,
    take_melody,
    top_line,
    until,
)
from composer.songs.song import KeySignature, Note, Song, Tempo, TimeSignature, Track
from hypothesis import given
from hypothesis import strategies as st


def track(*notes, **about):
    """Notes as (onset, pitch, duration)."""
    return Track(tuple(Note(*n) for n in notes), **about)


def line(found):
    return [(n.onset, n.pitch, n.duration) for n in found.notes]


# Cutting in time

PIECE = Song(
    (
        track((0.0, 60, 1.0), (1.0, 62, 3.0), (3.0, 64, 1.0), (4.0, 65, 4.0), name="Tune"),
        track((2.0, 40, 1.0), (7.5, 41, 1.0), program=32),
    ),
    tempos=(Tempo(0.0, 90.0), Tempo(1.0, 80.0), Tempo(4.0, 70.0), Tempo(6.0, 60.0)),
    time_signatures=(TimeSignature(0.0, 3, 4),),
    key_signatures=(KeySignature(0.0, 2), KeySignature(3.0, -1, True)),
    title="Piece",
)


def test_an_excerpt_has_what_begins_in_it_cut_at_its_end():
    found = excerpt(PIECE, 2.0, 4.0)
    assert line(found.tracks[0]) == [(1.0, 64, 1.0), (2.0, 65, 2.0)]  # 62 began before
    assert line(found.tracks[1]) == [(0.0, 40, 1.0)]
    assert (found.tracks[0].name, found.tracks[1].program, found.title) == ("Tune", 32, "Piece")


def test_an_excerpt_is_under_the_tempo_metre_and_key_in_force():
    found = excerpt(PIECE, 2.0, 4.0)
    assert found.tempos == (Tempo(0.0, 80.0), Tempo(2.0, 70.0))  # the one at its end is left out
    assert found.time_signatures == (TimeSignature(0.0, 3, 4),)
    assert found.key_signatures == (KeySignature(0.0, 2), KeySignature(1.0, -1, True))


def test_an_excerpt_of_all_is_the_song_to_the_last_bit():
    thirds = Song((track(*((i / 3, 60, 1 / 3) for i in range(50))),))
    assert excerpt(thirds, 0.0, 99.0) == thirds


def test_a_beginning_starts_with_the_bar_of_the_melody():
    late = replace(PIECE, tracks=(track((4.0, 65, 1.0), (6.0, 67, 9.0)), PIECE.tracks[1]))
    found = beginning(late, 5.0)
    assert line(found.tracks[0]) == [(1.0, 65, 1.0), (3.0, 67, 2.0)]  # from beat 3, in 3/4
    assert line(found.tracks[1]) == [(4.5, 41, 0.5)]
    with pytest.raises(MelodyError, match="no notes"):
        beginning(Song((Track(),)), 4.0)


def test_the_first_bars_count_a_pickup():
    metres = (TimeSignature(0.0, 1, 4), TimeSignature(1.0, 3, 4))
    song = replace(PIECE, time_signatures=metres)
    assert first_bars(song, 2).end == 4.0
    assert first_bars(song, 9) is song


def test_until_keeps_what_began_before_and_what_is_known_of_the_metre():
    found = until(PIECE, 3.0)
    assert line(found.tracks[0]) == [(0.0, 60, 1.0), (1.0, 62, 2.0)]
    assert line(found.tracks[1]) == [(2.0, 40, 1.0)]
    assert (found.tempos, found.key_signatures) == (PIECE.tempos, PIECE.key_signatures)


def test_what_fits_is_cut_nowhere_and_slivers_before_the_end_are_none():
    notes = [Note(1 / 3, 60, 1 / 3), Note(1.0, 61, 1.0), Note(2.0 - 1e-9, 62, 1.0)]
    assert cut_notes(notes, 2.0) == notes[:2]
    assert cut_notes(notes, 1.5) == [notes[0], Note(1.0, 61, 0.5)]
    assert shift_notes(notes[1:2], 0.5) == [Note(1.5, 61, 1.0)]


def test_what_lies_within_the_spans_is_cut_out():
    notes = [Note(0.0, 60, 4.0), Note(4.0, 62, 1.0), Note(6.0, 64, 2.0)]
    cut = outside(notes, [(1.0, 2.0), (4.0, 5.0), (7.0, 9.0)])
    assert [(n.onset, n.end) for n in cut] == [(0.0, 1.0), (2.0, 4.0), (6.0, 7.0)]
    assert outside([Note(0.0, 60, 1.0)], [(0.05, 0.9)]) == [Note(0.9, 60, pytest.approx(0.1))]


# Top line


def test_a_line_of_one_note_at_a_time_stays_as_it_is():
    t = track((0.0, 60, 1.0), (1.0, 60, 0.5), (2.0, 55, 1.0), name="Tune", program=41)
    assert top_line(t) == (t, False)


def test_legato_is_no_chord():
    t = track((0.0, 60, 1.25), (1.0, 64, 1.5), (2.0, 59, 1.0))
    assert line(top_line(t)[0]) == [(0.0, 60, 1.0), (1.0, 64, 1.0), (2.0, 59, 1.0)]
    assert top_line(t)[1] is False


def test_of_a_chord_the_highest_note_is_kept():
    t = track((0.0, 60, 1.0), (0.0, 67, 1.0), (0.0, 64, 2.0), (2.0, 59, 1.0), (2.0, 55, 1.0))
    assert line(top_line(t)[0]) == [(0.0, 67, 1.0), (2.0, 59, 1.0)]
    assert top_line(t)[1] is True


def test_a_lower_note_under_a_long_one_is_dropped_and_a_higher_one_ends_it():
    assert line(top_line(track((0.0, 67, 4.0), (1.0, 60, 1.0), (2.0, 64, 0.5)))[0]) == [
        (0.0, 67, 4.0)
    ]
    found, chords = top_line(track((0.0, 60, 4.0), (1.0, 67, 1.0), (3.0, 65, 1.0)))
    assert line(found) == [(0.0, 60, 1.0), (1.0, 67, 1.0), (3.0, 65, 1.0)]
    assert chords


def test_a_strummed_chord_is_one_stroke_from_either_side():
    up = track((0.0, 60, 1.0), (0.02, 64, 0.98), (0.05, 67, 0.95), (1.0, 65, 1.0))
    down = track((0.0, 67, 1.0), (0.02, 64, 0.98), (0.05, 60, 0.95), (1.0, 65, 1.0))
    assert line(top_line(up)[0]) == [(0.05, 67, 0.95), (1.0, 65, 1.0)]
    assert line(top_line(down)[0]) == [(0.0, 67, 1.0), (1.0, 65, 1.0)]
    assert top_line(up)[1] and top_line(down)[1]


def test_notes_of_no_length_are_left_out():
    assert line(top_line(track((0.0, 60, 0.0), (0.0, 55, 1.0)))[0]) == [(0.0, 55, 1.0)]


@given(
    st.lists(st.tuples(st.integers(0, 40), st.integers(50, 80), st.integers(0, 12)), max_size=20)
)
def test_the_top_line_is_one_note_at_a_time_and_is_its_own_top_line(notes):
    found, _ = top_line(track(*((a / 4, p, d / 4) for a, p, d in notes)))
    for before, after in zip(found.notes, found.notes[1:], strict=False):
        assert before.end <= after.onset + 1e-9
    assert all(n.duration > 0 for n in found.notes)
    assert top_line(found) == (found, False)
    assert bool(found.notes) == any(d for _, _, d in notes)


# The melody of a song


LOW, HIGH = track((0.0, 60, 1.0), (1.0, 62, 2.0), name="Low"), track((0.0, 70, 1.0), (1.0, 69, 1.0))
DRUMS = track((0.0, 90, 1.0), is_drum=True)


def test_of_several_tracks_the_highest_that_is_not_drums_is_taken_and_said_aloud():
    melody = take_melody(Song((LOW, DRUMS, Track(), HIGH)))
    assert (melody.index, melody.kept, melody.line) == (3, HIGH, HIGH)
    (remark,) = melody.remarks
    assert remark.text == "track 4 is taken as the melody, the highest of several"
    assert remark.mend == Mend("track")
    (named,) = take_melody(Song((LOW, track((0.0, 50, 1.0))))).remarks
    assert "track 1 (Low)" in named.text


def test_nothing_is_said_where_there_is_no_choice():
    assert take_melody(Song((Track(), LOW))).remarks == ()
    assert take_melody(Song((LOW, HIGH)), 0).remarks == ()
    assert take_melody(Song((LOW, HIGH)), 0).index == 0


def test_of_equals_the_first_is_taken():
    assert take_melody(Song((LOW, LOW, LOW))).index == 0


def test_the_mean_counts_not_the_highest_note():
    peak = track((0.0, 40, 1.0), (1.0, 90, 1.0), (2.0, 40, 1.0))
    assert take_melody(Song((peak, LOW))).index == 1


def test_legato_is_kept_as_it_came_and_chords_are_not():
    legato = track((0.0, 60, 1.1), (1.0, 62, 1.0))
    melody = take_melody(Song((legato,)))
    assert melody.kept == legato
    assert line(melody.line) == [(0.0, 60, 1.0), (1.0, 62, 1.0)]
    assert melody.remarks == ()
    chords = take_melody(Song((track((0.0, 60, 1.0), (0.0, 64, 1.0)),)))
    assert chords.kept == chords.line == track((0.0, 64, 1.0))
    assert [str(remark) for remark in chords.remarks] == [
        "track 1 has chords; their top line is taken"
    ]
    assert chords.remarks[0].mend is None


@pytest.mark.parametrize(
    ("song", "index", "words"),
    [
        (Song(), None, "no notes"),
        (Song((Track(), Track())), None, "no notes"),
        (Song((DRUMS,)), None, "only drums"),
        (Song((LOW, DRUMS)), 1, "track 2 is drums; tracks with a melody: [1]"),
        (Song((LOW, Track(), HIGH)), 1, "track 2 is empty; tracks with a melody: [1, 3]"),
        (Song((LOW,)), 1, "track 2 asked for, the song has 1"),
        (Song((LOW,)), -1, "track 0 asked for, the song has 1"),
        (Song((track((0.0, 60, 0.0)),)), None, "only notes of no length"),
    ],
)
def test_where_there_is_no_melody(song, index, words):
    with pytest.raises(MelodyError) as caught:
        take_melody(song, index)
    assert words in str(caught.value)


def test_a_bottom_line_keeps_the_lowest_note():
    chords = track((0, 48, 2), (0, 55, 2), (2, 60, 1), (2, 43, 1), (3, 50, 1), name="Cello")
    assert [n.pitch for n in bottom_line(chords).notes] == [48, 43, 50]
    assert bottom_line(chords).name == "Cello"


def test_the_melody_beside_voices_is_the_first_that_is_none_of_them():
    alto, tune = replace(LOW, name="ALTO"), replace(LOW, name="Tune")
    assert melody_beside(Song((DRUMS, Track(name="Tune"), alto, tune)), ["Alto"]) == 3
    assert melody_beside(Song((alto,)), ["Alto"]) == 0


def test_the_melody_alone_is_the_first_track():
    assert only_melody(Song((LOW, HIGH), title="both")) == Song((LOW,), title="both")


@pytest.mark.parametrize(
    ("tracks", "expected"),
    [
        ((("Organ", 84), ("Lead Vocal", 60), ("Lead guitar", 62)), 1),
        ((("Organ", 84), ("Lead guitar", 62), ("MELODY", 60)), 2),
        ((("Organ", 84), ("backing vocals", 62), ("lead", 60)), 2),
        ((("Organ", 84), ("Voice Oohs", 62), ("Bass", 40)), 0),
        ((("Organ", 60), ("Voice", 62), ("Bells", 90)), 1),
        ((("", 60), ("", 64), ("", 40)), 1),
        ((("Bassoon", 40), ("Leader", 30)), 0),  # "lead" as a word only
    ],
)
def test_the_melody_by_name_else_the_highest(tracks, expected):
    found = [track((0.0, pitch, 1.0), (1.0, pitch + 1, 1.0), name=name) for name, pitch in tracks]
    assert named_melody(found) == expected


def test_a_bell_in_one_bar_is_no_melody_and_drums_are_none():
    bell = track((4.0, 100, 1.0), name="Lead bell")
    tune = track(*((float(beat), 60 + beat % 2, 1.0) for beat in range(40)))
    drums = track(*((float(beat), 90, 1.0) for beat in range(40)), is_drum=True)
    assert named_melody([bell, tune, drums]) == 1
    assert named_melody([drums]) is None
    assert named_melody([]) is None
