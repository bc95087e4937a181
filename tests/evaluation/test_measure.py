"""Songs measured by hand, lopsided ones."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from composer.errors import ShapeError
from composer.evaluation import (
    METRICS,
    compare,
    dataset_responses,
    measure,
)
from composer.evaluation.measure import lead, track_names
from composer.songs.edit import only_melody
from composer.songs.song import Song, TimeSignature, Track

from tests.support.lopsided import in_c, in_d, lopsided, notes

NAN = float("nan")
# fmt: off
BY_HAND = {  # tune, pad, low, kit, all of the last three
    "empty_bar_ratio": [0, 2 / 3, 1 / 3, 2 / 3, 5 / 9],  # in 4/4 from the start: 0, 1/2, 0, 1/2
    "c_major_ratio": [1, 2 / 3, 1, NAN, 5 / 6],
    "mean_pitch": [(72 + 3 * 76 + 3 * 79) / 7, 64, (36 + 12 * 43) / 13, NAN, (64 + (36 + 12 * 43) / 13) / 2],
    "pitches_per_bar": [1, 3, 1, 2, 2],
    "notes_per_beat": [3 / 7, 3 / 7, 2 / 7, 3 / 7, 8 / 21],
    "note_length": [7 / 3, 1, 3.25 / 2, NAN, 2.625 / 2],
    "qualified_note_ratio": [1, 1, 1 / 2, NAN, 3 / 4],
    "polyphonic_ratio": [0, 4 / 28, 0, NAN, 2 / 28],
    "drum_pattern_ratio": [NAN, NAN, NAN, 2 / 3, 2 / 3],
}
# fmt: on


@pytest.mark.parametrize("name", BY_HAND)
def test_a_song_measured_by_hand(name):
    assert measure([lopsided()]).values[name][0] == pytest.approx(BY_HAND[name], nan_ok=True)


def test_every_measure_has_a_name_and_a_column_for_each_track():
    measured = measure([lopsided(), lopsided()])
    assert list(measured.values) == list(METRICS)
    assert all(value.shape == (2, 5) for value in measured.values.values())
    assert measured.tracks == ("Tune", "Pad", "Low", "Kit") and len(measured) == 2
    assert (measured.pitches.shape, measured.pitch_classes.shape) == ((2, 4, 128), (2, 4, 12))
    assert measured.pitch_classes[0, 1, [1, 4, 7]] == pytest.approx(1 / 3)
    assert (
        measured.pitches[0, 3, 35] == pytest.approx(2 / 3)
        and np.isnan(measured.pitch_classes[0, 3]).all()
    )


def test_voices_are_the_tracks_of_one_line_and_ranges_are_of_four():
    values = measure([lopsided()]).values
    assert values["crossing"][0] == pytest.approx([NAN, NAN, NAN, NAN, 0], nan_ok=True)
    assert values["dissonance"][0, -1] == 0  # on beats 1, 4, 5, 6: E over C, G over G
    assert np.isnan(values["out_of_range"]).all() and np.isnan(values["chord_share"]).all()
    four = Song(
        tuple(
            Track(notes((0, p, 3), (3, q, 1))) for p, q in ((60, 60), (84, 57), (50, 53), (35, 36))
        )
    )
    values = measure([four]).values
    assert values["out_of_range"][0] == pytest.approx([0, 3 / 4, 0, 3 / 4, 1 / 2])
    assert values["crossing"][0, -1] == pytest.approx(3 / 4)
    for more in (Track(notes((0, 30, 4))), Track(notes((0, 38, 4)), is_drum=True)):
        five = replace(four, tracks=(*four.tracks, more))
        assert np.isnan(measure([five]).values["out_of_range"]).all()


def test_beats_are_counted_from_the_first_full_bar():
    """An eighth-note pickup: a grid from its start would find the chords between the beats."""
    lines = (
        (72, 74),
        (67, 66),
        (64, 61),
    )  # from beat 0.5 on, C major for a half and a cluster for a half
    tracks = [
        Track(notes((0, 70, 0.5), *((0.5 + i / 2, line[i % 2], 0.5) for i in range(8))))
        for line in lines
    ]
    song = Song(tuple(tracks), time_signatures=(TimeSignature(0, 1, 8), TimeSignature(0.5, 4, 4)))
    assert lead(song) == 2
    assert measure([song]).values["chord_share"][0, -1] == 1
    assert lead(lopsided()) == 0 and lead(Song()) == 0
    kit = Track(
        notes((0.5, 36, 0.25), (1.25, 36, 0.25), (1.5, 36, 0.25), (2, 36, 0.25)), is_drum=True
    )
    metres = (TimeSignature(0, 1, 16), TimeSignature(0.25, 4, 4))
    quarter = replace(song, tracks=(tracks[0], kit), time_signatures=metres)
    assert (
        measure([quarter]).values["drum_pattern_ratio"][0, 1] == 1 / 4
    )  # on beats .25, .75, 1.25: the second


def test_drums_have_no_part_in_what_pitches_measure():
    tracks = lopsided().tracks[:3]
    noise = Track(
        notes(*((0, pitch, 7) for pitch in (37, 39, 42, 44, 46, 49, 51, 54))), is_drum=True
    )
    without, with_drums = (
        measure([replace(lopsided(), tracks=some)]) for some in (tracks, (*tracks, noise))
    )
    for name in (
        "own_key_ratio",
        "melody_tonal_distance",
        "added_tonal_distance",
        "dissonance",
        "crossing",
    ):
        found = with_drums.values[name][0, [0, 1, 2, 4]]
        assert found == pytest.approx(without.values[name][0], nan_ok=True)
        assert np.isnan(with_drums.values[name][0, 3])
    songs = [replace(song, tracks=(*song.tracks, noise)) for song in (in_c(), in_d())]
    found, without_drums = dataset_responses(songs), dataset_responses([in_c(), in_d()])
    for name in (
        "key_agreement",
        "key_agreement_other",
        "chord_agreement",
        "chord_agreement_other",
    ):
        assert found[name] == without_drums[name]


def test_the_own_key_follows_the_piece():
    """Eleven notes in F# major and one outside: C major holds B, F and the stranger C."""
    melody = Track(
        notes(*((i, p, 1) for i, p in enumerate((66, 68, 70, 71, 73, 75, 77, 78, 73, 70, 66))))
    )
    song = Song((melody, Track(notes((0, 54, 3), (3, 60, 1)))))
    values = measure([song]).values
    assert values["own_key_ratio"][0, :2] == pytest.approx([1, 3 / 4])
    assert values["c_major_ratio"][0, :2] == pytest.approx([2 / 11, 1 / 4])


def test_silence_is_undefined_and_warns_of_nothing(recwarn):
    quiet = replace(
        lopsided(), tracks=tuple(replace(track, notes=()) for track in lopsided().tracks)
    )
    measured = measure([quiet, lopsided()])
    assert measured.values["empty_bar_ratio"][0].tolist() == [1] * 5
    assert measured.values["notes_per_beat"][0].tolist() == [0] * 5
    others = [
        v[0] for n, v in measured.values.items() if n not in ("empty_bar_ratio", "notes_per_beat")
    ]
    assert np.isnan(others).all() and np.isnan(measured.pitches[0]).all()
    evaluation = compare(measured, measured)
    assert evaluation.table["mean_pitch"]["Pad"].generated == 64
    measure([only_melody(lopsided())])
    assert [str(w.message) for w in recwarn] == []


def test_songs_with_other_tracks_are_refused():
    with pytest.raises(ShapeError, match=r"same tracks.*\[3, 4\]"):
        measure([lopsided(), replace(lopsided(), tracks=lopsided().tracks[:3])])
    for none in ([], [Song()]):
        with pytest.raises(ShapeError, match=r"no song|one at least"):
            measure(none)


def test_no_two_tracks_have_one_name():
    song = Song((Track(), Track(name="Piano"), Track(name="Piano"), Track(name="all")))
    assert track_names(song) == ("Track 1", "Piano", "Piano (3)", "all (4)")
