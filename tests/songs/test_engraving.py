"""The layout of a song as a score: bars with their numbers and keys, snapping, note values, ties."""

from __future__ import annotations

from composer.songs.engraving import PrintedNote, Ruler, ScoreBar, bar_pieces, bars_of
from composer.songs.song import DEFAULT_QPM, KeySignature, Note, Song, Tempo, TimeSignature, Track

TONIC_CHORD = Track((Note(0.0, 60, 4.0), Note(0.0, 64, 4.0), Note(0.0, 67, 4.0)))


def line(*notes: tuple[float, float]) -> Track:
    """Return a track of (onset, duration) in beats, all C5."""
    return Track(tuple(Note(onset, 72, duration) for onset, duration in notes))


def ruler_of(track: Track) -> Ruler:
    return Ruler(track, bars_of(Song((track,))))


def printed(track: Track) -> list[list[PrintedNote]]:
    """Lay out every bar of a track in 4/4."""
    bars = bars_of(Song((track,)))
    ruler = Ruler(track, bars)
    groups = ruler.groups(track.notes)
    pieces = []
    for bar in bars:
        inside = [group for group in groups if group[0] < bar.stop and group[1] > bar.start]
        pieces.append(list(bar_pieces(ruler, inside, bar)))
    return pieces


# Bars


def test_the_last_bar_is_whole_and_numbers_start_at_one() -> None:
    bars = bars_of(Song((line((0.0, 5.0)),)))
    assert [(bar.number, bar.start, bar.stop) for bar in bars] == [(1, 0, 48), (2, 48, 96)]


def test_a_pickup_is_bar_zero_under_the_metre_that_follows() -> None:
    metres = (TimeSignature(0.0, 1, 4), TimeSignature(1.0, 3, 4))
    bars = bars_of(Song((line((0.0, 1.0), (1.0, 3.0)),), time_signatures=metres))
    assert [bar.number for bar in bars] == [0, 1]
    assert [bar.new_metre for bar in bars] == [(3, 4), None]


def test_a_whole_first_bar_before_a_new_metre_is_no_pickup() -> None:
    metres = (TimeSignature(0.0, 4, 4), TimeSignature(4.0, 3, 4))
    bars = bars_of(Song((line((0.0, 7.0)),), time_signatures=metres))
    assert [bar.number for bar in bars] == [1, 2]
    assert [bar.new_metre for bar in bars] == [(4, 4), (3, 4)]


def test_a_key_counts_in_the_bar_in_which_it_falls() -> None:
    keys = (KeySignature(0.0, 1), KeySignature(5.0, -3))
    bars = bars_of(Song((line((0.0, 12.0)),), key_signatures=keys))
    assert [bar.sharps for bar in bars] == [1, -3, -3]
    assert [bar.new_key is not None for bar in bars] == [True, True, False]


def test_a_song_without_key_or_tempo_gets_both() -> None:
    first = bars_of(Song((TONIC_CHORD,)))[0]
    assert first.sharps == 0
    assert first.tempos == [Tempo(0.0, DEFAULT_QPM)]


def test_a_tempo_stands_in_its_bar() -> None:
    tempos = (Tempo(0.0, 90.0), Tempo(4.0, 60.0))
    bars = bars_of(Song((line((0.0, 8.0)),), tempos=tempos))
    assert [[tempo.qpm for tempo in bar.tempos] for bar in bars] == [[90.0], [60.0]]


# Where notes start and stop


def test_a_beat_of_thirds_snaps_to_triplets_and_the_next_one_to_sixteenths() -> None:
    ruler = ruler_of(line((0.0, 1 / 3), (1 / 3, 1 / 3), (2 / 3, 1 / 3), (1.0, 0.25), (1.25, 0.75)))
    assert ruler.snap(4.4) == 4
    assert ruler.snap(12 + 4.0) == 12 + 3


def test_a_note_that_rounds_to_nothing_gets_the_shortest_value() -> None:
    ruler = ruler_of(line((0.0, 0.01)))
    assert ruler.groups([Note(0.0, 72, 0.01)]) == [(0, 3, (72,))]


def test_a_chord_is_one_group_and_ends_at_the_next_one() -> None:
    notes = (Note(0.0, 67, 1.0), Note(0.0, 60, 3.0), Note(2.0, 62, 1.0))
    groups = ruler_of(Track(notes)).groups(notes)
    assert groups == [(0, 24, (60, 67)), (24, 36, (62,))]


def test_notes_after_the_last_bar_are_left_out() -> None:
    ruler = Ruler(line((0.0, 4.0)), [ScoreBar(1, 0, 48, 0)])
    assert ruler.groups([Note(0.0, 72, 9.0), Note(5.0, 74, 1.0)]) == [(0, 48, (72,))]


def test_a_span_is_cut_into_values_that_can_be_printed() -> None:
    ruler = ruler_of(line((0.0, 4.0)))
    assert list(ruler.pieces(0, 30)) == [(0, 24), (24, 30)]  # a half and an eighth


def test_a_note_off_the_eighth_does_not_go_over_the_beat() -> None:
    ruler = ruler_of(line((0.25, 1.5)))
    assert list(ruler.pieces(3, 21)) == [(3, 12), (12, 21)]


# What is printed


def test_a_note_over_the_barline_is_two_that_are_tied() -> None:
    first, second = printed(line((3.0, 2.0)))
    assert first[-1] == PrintedNote(36, 48, (72,), tied_to=True)
    assert second[0] == PrintedNote(48, 60, (72,), tied_from=True)


def test_every_bar_is_filled_without_gaps() -> None:
    track = line((0.5, 0.25), (2 + 1 / 3, 1 / 3), (3.75, 2.0))
    for number, pieces in enumerate(printed(track)):
        stops = [48 * number, *(piece.stop for piece in pieces)]
        assert [piece.start for piece in pieces] == stops[:-1]
        assert stops[-1] == 48 * (number + 1)


def test_an_empty_bar_has_one_rest() -> None:
    assert printed(line((0.0, 4.0), (8.0, 4.0)))[1] == [PrintedNote(48, 96)]
