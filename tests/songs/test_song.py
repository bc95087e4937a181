from __future__ import annotations

from dataclasses import FrozenInstanceError

import pytest
from hypothesis import given
from hypothesis import strategies as st

from composer.errors import MelodyError
from composer.songs.song import Note, Song, Tempo, TimeSignature, Track, take_melody, top_line


def track(*notes, **about):
    """Notes as (onset, pitch, duration)."""
    return Track(tuple(Note(*n) for n in notes), **about)


def line(found):
    return [(n.onset, n.pitch, n.duration) for n in found.notes]


# Songs


def test_notes_are_put_in_order_and_songs_are_frozen():
    t = track((2.0, 60, 1.0), (0.0, 64, 1.0), (0.0, 62, 3.0))
    assert [n.pitch for n in t.notes] == [62, 64, 60]
    assert (t.end, t.mean_pitch) == (3.0, 62.0)
    assert (Track().end, Track().mean_pitch) == (0.0, -1.0)
    with pytest.raises(FrozenInstanceError):
        Song().title = "x"


def test_seconds_under_changing_tempo():
    song = Song(tempos=(Tempo(4.0, 30.0), Tempo(0.0, 120.0)))
    assert [song.seconds(b) for b in (0.0, 3.0, 4.0, 5.5)] == [0.0, 1.5, 2.0, 5.0]
    assert song.qpm == 120.0
    assert Song().seconds(5.0) == 3.0  # at 100
    assert (
        Song(tempos=(Tempo(2.0, 60.0),)).seconds(3.0) == 3.0
    )  # the first tempo counts from the start
    assert song.with_qpm(60).seconds(5.5) == 5.5


def test_bars_with_a_pickup_and_a_change_of_metre():
    song = Song(
        (track((0.0, 60, 9.0)),),
        time_signatures=(
            TimeSignature(0.0, 1, 8),
            TimeSignature(0.5, 3, 4),
            TimeSignature(6.5, 2, 4),
        ),
    )
    assert song.bar_onsets() == [0.0, 0.5, 3.5, 6.5, 8.5]
    assert song.bar_onsets(3.5) == [0.0, 0.5]
    assert Song().bar_onsets() == [0.0]
    assert Song(time_signatures=(TimeSignature(2.0, 3, 4),)).bar_onsets(6.0) == [0.0, 2.0, 5.0]
    assert [song.metre_at(b).numerator for b in (0.0, 0.4, 0.5, 6.0, 6.5, 99.0)] == [
        1,
        1,
        3,
        3,
        2,
        2,
    ]
    assert Song(time_signatures=(TimeSignature(2.0, 3, 4),)).metre_at(1.0) == TimeSignature(
        0.0, 4, 4
    )


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
    assert melody.remarks == (
        "track 4 is taken as the melody, the highest of several; --track chooses",
    )
    assert "track 1 (Low)" in take_melody(Song((LOW, track((0.0, 50, 1.0))))).remarks[0]


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
    assert chords.remarks == ("track 1 has chords; their top line is taken",)


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
