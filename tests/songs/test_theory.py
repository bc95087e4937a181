"""Scales, keys and chords: cases proved by hand, then properties under transposition."""

from __future__ import annotations

import numpy as np
import pytest
from composer.errors import ShapeError
from composer.songs import theory
from composer.songs.song import KeySignature, Note, Song, TimeSignature, Track
from hypothesis import given
from hypothesis import strategies as st


def weights(**beats: float) -> np.ndarray:
    names = {
        "C": 0,
        "Cs": 1,
        "D": 2,
        "Ds": 3,
        "E": 4,
        "F": 5,
        "Fs": 6,
        "G": 7,
        "Gs": 8,
        "A": 9,
        "As": 10,
        "B": 11,
    }
    counts = np.zeros(12)
    for name, value in beats.items():
        counts[names[name]] = value
    return counts


D_MAJOR_TUNE = weights(D=5, E=2, Fs=4, G=1, A=3, B=1, Cs=1)
B_MINOR_TUNE = weights(
    B=5, Cs=1, D=3, E=2, Fs=4, G=1, As=1
)  # with its leading note, not in the signature


def test_every_scale_has_seven_notes_and_no_two_are_equal():
    assert all(
        mask.dtype == bool and mask.shape == (12,) and mask.sum() == 7
        for mask in theory.SCALES.values()
    )
    assert len({mask.tobytes() for mask in theory.SCALES.values()}) == len(theory.SCALES)


def test_modes_are_the_major_scale_from_another_note():
    for name, tonic in {
        "dorian": 2,
        "phrygian": 4,
        "lydian": 5,
        "mixolydian": 7,
        "natural minor": 9,
        "locrian": 11,
    }.items():
        assert np.array_equal(theory.SCALES[name], np.roll(theory.C_MAJOR, -tonic)), name


def test_shared_scales_cannot_be_written_to():
    with pytest.raises(ValueError):
        theory.C_MAJOR[1] = True


def test_pitch_class_weights_are_beats_over_all_octaves():
    notes = [Note(0, 60, 1.5), Note(1, 72, 0.25), Note(4, 61, 3.0)]
    assert theory.pitch_class_weights(notes).tolist() == [1.75, 3.0] + [0.0] * 10


@pytest.mark.parametrize(("tune", "key"), [(D_MAJOR_TUNE, (2, False)), (B_MINOR_TUNE, (11, True))])
def test_estimate_key(tune, key):
    assert theory.estimate_key(tune) == key


def test_profiles_are_their_own_keys():
    assert theory.estimate_key(np.roll(theory.KRUMHANSL_MAJOR, 8)) == (8, False)
    assert theory.estimate_key(np.roll(theory.KRUMHANSL_MINOR, 5)) == (5, True)


def test_correlation_is_pearsons():
    tune = weights(C=3, E=1, G=2, As=0.5)
    expected = np.corrcoef(tune, np.roll(theory.KRUMHANSL_MINOR, 7))[0, 1]
    assert theory.key_correlations(tune)[1, 7] == pytest.approx(expected)


@pytest.mark.parametrize(
    ("tune", "shift"),
    [
        (weights(C=4, D=2, E=3, F=1, G=3, A=1, B=1), 0),
        (weights(A=4, B=2, C=3, D=1, E=3, F=1, Gs=1), 0),
        (D_MAJOR_TUNE, -2),
        (B_MINOR_TUNE, -2),
        (weights(F=4, G=2, A=3, As=1, C=3, D=1, E=1), -5),
        (weights(Ds=4, F=2, G=3, Gs=1, As=3, C=1, D=1), -3),
        (weights(B=4, Cs=2, Ds=3, E=1, Fs=3, Gs=1, As=1), 1),
        (weights(Fs=4, Gs=2, As=3, B=1, Cs=3, Ds=1, F=1), -6),
        (weights(G=4, A=2, B=3, D=2), 5),  # no F: C major holds it too, the profile says G
        (
            weights(A=5, C=1, D=3, E=4, G=3),
            0,
        ),  # F and G major hold it too, the profile says A minor
        (np.zeros(12), 0),
    ],
)
def test_signature_shift(tune, shift):
    assert theory.signature_shift(tune) == shift


@given(st.lists(st.integers(0, 40), min_size=12, max_size=12), st.integers(0, 11))
def test_signature_shift_follows_a_transposition(counts, up):
    # Up to the rarest tie: two scales that score the same are decided by the smaller move.
    tune = np.array(counts) + np.linspace(0, 0.01, 12) ** 2
    shift = theory.signature_shift(tune)
    assert -6 <= shift <= 5
    assert (theory.signature_shift(np.roll(tune, up)) - shift + up) % 12 == 0


@pytest.mark.parametrize("bad", [np.ones(11), np.ones((12, 1)), -np.ones(12), np.full(12, np.nan)])
def test_bad_weights_are_refused(bad):
    for function in (theory.estimate_key, theory.signature_shift):
        with pytest.raises(ShapeError, match="12 numbers"):
            function(bad)


def test_names_follow_the_signature():
    def spelled(sharps):
        return " ".join(theory.pitch_class_name(c, sharps) for c in range(12))

    assert spelled(0) == "C C# D Eb E F F# G G# A Bb B"
    assert spelled(-1) == "C C# D Eb E F F# G Ab A Bb B"
    assert spelled(-4) == "C Db D Eb E F Gb G Ab A Bb Cb"
    assert spelled(3) == "C C# D D# E E# F# G G# A A# B"
    assert theory.pitch_class_name(61, -5) == "Db"


@given(st.integers(-7, 7), st.integers(0, 127))
def test_every_name_says_its_pitch(sharps, pitch):
    name = theory.pitch_class_name(pitch, sharps)
    assert ("C D EF G A B".index(name[0]) + name.count("#") - name.count("b") - pitch) % 12 == 0
    assert len(name) <= 2


def test_key_names():
    assert theory.key_name(KeySignature(0, -3)) == "Eb major"
    assert theory.key_name(KeySignature(0, -3, True)) == "C minor"
    assert theory.key_name(KeySignature(0, 4, True)) == "C# minor"
    assert theory.key_name(KeySignature(0, -7)) == "Cb major"


def test_song_key_is_the_signature_or_else_estimated():
    song = Song(
        (Track((Note(0, 62, 3), Note(3, 66, 2), Note(5, 69, 2), Note(7, 73, 0.5), Note(8, 67, 1))),)
    )
    assert theory.key_name(theory.song_key(song)) == "D major"
    drums = Track((Note(0, 36, 400.0),), is_drum=True)
    assert theory.song_key(Song((drums, *song.tracks))) == theory.song_key(song)
    assert (
        theory.song_key(Song(song.tracks, key_signatures=(KeySignature(0, -1, True),))).sharps == -1
    )


CHORDS = {
    "C": [60, 64, 67],
    "C/E": [52, 60, 67, 72],
    "C/G": [43, 64, 72],
    "Am": [45, 60, 64],
    "Am/C": [48, 57, 64],
    "Am/E": [40, 57, 60],
    "Bdim": [47, 62, 65],
    "Bdim/D": [50, 59, 65],
    "Bdim/F": [53, 59, 62],
    "Caug": [48, 64, 68],
    "Eaug": [52, 60, 68],
    "G7": [43, 59, 65, 74],
    "G7/B": [47, 62, 65, 67],
    "G7/D": [50, 59, 65, 67],
    "G7/F": [53, 59, 62, 67],
    "Am7": [57, 60, 64, 67],
    "Am7/C": [48, 57, 64, 67],
    "Am7/E": [52, 57, 60, 67],
    "Am7/G": [55, 57, 60, 64],
    "Fmaj7": [53, 57, 60, 64],
    "Fmaj7/A": [45, 53, 60, 64],
    "Fmaj7/C": [48, 53, 57, 64],
    "Fmaj7/E": [52, 53, 57, 60],
    "Bm7b5": [47, 62, 65, 69],
    "Bm7b5/D": [50, 59, 65, 69],
    "Bm7b5/F": [53, 59, 62, 69],
    "Bm7b5/A": [57, 59, 62, 65],
    "G#dim7": [56, 59, 62, 65],
    "Bdim7": [59, 62, 65, 68],
    "AmMaj7": [45, 56, 60, 64],
    "AmMaj7/C": [48, 56, 57, 64],
    "AmMaj7/E": [40, 56, 57, 60],
    "AmMaj7/G#": [44, 57, 60, 64],
    "Gsus4": [43, 60, 62],
    "Gsus4/C": [48, 62, 67],
    "G7sus4": [43, 60, 62, 65],
    "C5": [36, 43, 60],
    "D7": [50, 60, 66],
    "Dm": [50, 65, 74],
    "": [60, 61, 62, 70],
}


@pytest.mark.parametrize(("name", "pitches"), CHORDS.items())
def test_name_chord(name, pitches):
    assert theory.name_chord(pitches) == name
    assert theory.name_chord(reversed(pitches)) == name


def test_no_chord_without_two_pitch_classes():
    assert theory.name_chord([]) == theory.name_chord([60]) == theory.name_chord([48, 60, 72]) == ""


def test_chords_are_spelled_by_signature():
    assert theory.name_chord([61, 65, 68], -4) == "Db"
    assert theory.name_chord([61, 65, 68], 4) == "C#"
    assert theory.name_chord([56, 61, 65], -4) == "Db/Ab"


@given(st.sampled_from(list(CHORDS.values())), st.integers(-30, 40), st.integers(-7, 7))
def test_transposing_a_chord_transposes_its_name(pitches, up, sharps):
    def moved(name):
        return theory.pitch_class_name(classes[name] + up, sharps)

    classes = {theory.pitch_class_name(c): c for c in range(12)}
    root, _, bass = theory.name_chord(pitches).partition("/")
    length = 2 if root[1:2] in ("#", "b") else 1
    expected = root and moved(root[:length]) + root[length:] + ("/" + moved(bass) if bass else "")
    assert theory.name_chord([p + up for p in pitches], sharps) == expected


@given(st.sets(st.integers(20, 100), max_size=7), st.data())
def test_the_octave_of_the_upper_notes_does_not_matter(pitches, data):
    pitches = sorted(pitches)
    raised = pitches[:1] + [p + 12 * data.draw(st.integers(0, 2)) for p in pitches[1:]]
    assert theory.name_chord(raised) == theory.name_chord(pitches)


def song(*tracks, metres=(), sharps=0):
    return Song(
        tuple(Track(tuple(notes)) for notes in tracks),
        (),
        tuple(metres),
        (KeySignature(0, sharps),),
    )


def test_beats_start_after_the_pickup_and_count_dotted_in_six_eight():
    pickup = song([Note(0, 60, 7.0)], metres=[TimeSignature(0, 1, 8), TimeSignature(0.5, 3, 4)])
    assert theory.beat_onsets(pickup) == [0, 0.5, 1.5, 2.5, 3.5, 4.5, 5.5, 6.5]
    assert theory.beat_onsets(song([Note(0, 60, 5)], metres=[TimeSignature(0, 6, 8)])) == [
        0,
        1.5,
        3,
        4.5,
    ]
    assert theory.beat_onsets(song([Note(0, 60, 2)], metres=[TimeSignature(0, 5, 8)])) == [
        0,
        0.5,
        1,
        1.5,
    ]
    assert theory.beat_onsets(Song()) == [0]


def test_chords_per_beat():
    soprano = [Note(0, 72, 1), Note(1, 71, 1), Note(2, 74, 0.5), Note(2.5, 72, 0.5), Note(4, 72, 1)]
    alto = [Note(0, 67, 3), Note(4, 67, 1)]
    tenor = [
        Note(0, 64, 0.5),
        Note(0.5, 65, 0.5),
        Note(1, 62, 1),
        Note(2, 64, 1),
        Note(4, 65, 0.5),
        Note(4.5, 64, 0.5),
    ]
    bass = [Note(0, 48, 1), Note(1, 47, 1), Note(2, 48, 1), Note(4, 48, 0.75)]
    expected = ["C", "G/B", "C", "", "Csus4"]  # a ninth over beat 2, a rest on beat 3
    named = theory.chords_per_beat(song(soprano, alto, tenor, bass))
    assert named == list(zip([0.0, 1.0, 2.0, 3.0, 4.0], expected, strict=True))


def test_a_passing_note_on_the_beat_does_not_hide_the_chord():
    held = [Note(0, 48, 1), Note(0, 64, 1), Note(0, 67, 1)]
    assert theory.chords_per_beat(song(held, [Note(0, 73, 0.25), Note(0.25, 72, 0.75)])) == [
        (0.0, "C")
    ]
    assert theory.chords_per_beat(song(held[:2], [Note(0, 66, 0.25), Note(0.25, 67, 0.75)])) == [
        (0.0, "C")
    ]


def test_a_note_played_late_is_still_on_the_beat_and_drums_make_no_chord():
    played = song([Note(0.06, 60, 0.9), Note(0.02, 64, 1.0), Note(0.08, 67, 0.8)])
    assert theory.chords_per_beat(played)[0] == (0.0, "C")
    drums = Song((Track((Note(0, 36, 1), Note(0, 40, 1), Note(0, 43, 1)), is_drum=True),))
    assert theory.chords_per_beat(drums) == [(0.0, "")]
