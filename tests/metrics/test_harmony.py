"""Keys, chords and dissonance, proved by hand on lopsided grids."""

from __future__ import annotations

import numpy as np
import pytest
from composer.metrics import harmony as hm

from tests.support.grids import beats, steps

CHORDS = {
    "": (0, 4, 7),
    "m": (0, 3, 7),
    "dim": (0, 3, 6),
    "aug": (0, 4, 8),
    "7": (0, 4, 7, 10),
    "m7": (0, 3, 7, 10),
    "maj7": (0, 4, 7, 11),
    "m7b5": (0, 3, 6, 10),
    "dim7": (0, 3, 6, 9),
    "mMaj7": (0, 3, 7, 11),
}
WITHOUT_FIFTH = {"": (0, 4), "m": (0, 3), "7": (0, 4, 10), "m7": (0, 3, 10), "maj7": (0, 4, 11)}
ALIKE = {"aug": 4, "dim7": 3}  # after so many semitones they are the same notes


@pytest.mark.parametrize("quality", CHORDS)
@pytest.mark.parametrize("root", [0, 2, 5, 11])
@pytest.mark.parametrize("inversion", [0, 1, 2])
def test_chords_of_every_quality(quality, root, inversion):
    classes = np.roll(CHORDS[quality], inversion)[[0, 1, 2, -1]]
    pitches = (48 + (root + classes) % 12) + [36, 12, 12, 0]
    expected = root % ALIKE.get(quality, 12)
    assert divmod(int(hm.chord_numbers(pitches[None])[0]), 10) == (
        expected,
        hm.QUALITIES.index(quality),
    )


@pytest.mark.parametrize("quality", WITHOUT_FIFTH)
def test_chords_without_fifth(quality):
    pitches = 57 + np.array(WITHOUT_FIFTH[quality])[[0, 1, -1, 0]]
    assert divmod(int(hm.chord_numbers(pitches[None])[0]), 10) == (9, hm.QUALITIES.index(quality))


@pytest.mark.parametrize(
    "classes", [(0, 5, 7, 7), (0, 7, 7, 0), (0, 3, 11, 0), (0, 1, 2, 3), (0, 0, 0, 0), None]
)
def test_what_is_no_chord(classes):
    pitches = np.full(4, -1) if classes is None else 60 + np.array(classes)
    assert hm.chord_numbers(pitches[None])[0] == -1
    assert hm.relative_chords(pitches[None], np.array([5, 0]))[0] == hm.NO_CHORD == 120


def test_chords_are_counted_from_the_tonic():
    sevenths = np.array([[65, 62, 59, 43], [62, 59, 55, 43]])  # G7, G
    assert hm.relative_chords(sevenths, np.array([7, 0])).tolist() == [4, 0]
    assert hm.relative_chords(sevenths, np.array([9, 1])).tolist() == [104, 100]


def progression() -> np.ndarray:
    """C, C, G7 on its third, a cluster, and a beat of which only two voices sound."""
    return beats(
        [76, 67, 60, 48], [79, 64, 60, 48], [77, 67, 62, 47], [75, 73, 62, 60], [72, -1, -1, 41]
    )


def test_chord_features():
    surprisal = np.full((121, 121), 7.0)
    surprisal[0, 0], surprisal[0, 74] = 1.0, 2.5
    measured = {
        k: float(v)
        for k, v in hm.harmony_features(progression(), np.array([0, 0]), surprisal).items()
    }
    assert measured["triads"] == pytest.approx(2 / 4)  # of the beats with three voices or more
    assert measured["sevenths"] == pytest.approx(1 / 4)
    assert measured["chords"] == pytest.approx(3 / 4)
    assert measured["pitch_classes"] == pytest.approx((3 + 3 + 4 + 4 + 2) / 5)
    assert measured["chord_entropy"] == pytest.approx(
        -(0.4 * np.log2(0.4) * 2 + 0.2 * np.log2(0.2))
    )
    assert measured["chord_coverage"] == 3
    assert measured["tonic_chords"] == pytest.approx(2 / 5)
    assert measured["dominant_chords"] == pytest.approx(1 / 5)
    assert measured["root_position"] == pytest.approx(2 / 3)
    assert measured["chord_repetition"] == pytest.approx(1 / 4)
    assert measured["chord_surprisal"] == pytest.approx((1.0 + 2.5 + 7.0 + 7.0) / 4)
    assert measured["in_key"] == pytest.approx(12 / 13)  # the cluster's C sharp
    assert measured["melody_dissonance"] == pytest.approx(
        4 / 13
    )  # F over G and B; E flat over D and C sharp


def test_dissonances_are_seconds_sevenths_and_the_tritone():
    keys, surprisal = np.array([0, 0]), np.zeros((121, 121))
    for semitones in range(25):
        grid = beats([72, 72 - semitones, -1, -1], [-1, 71, 60, 50], [60, 60 + semitones, -1, -1])
        measured = hm.harmony_features(grid, keys, surprisal)["melody_dissonance"]
        assert measured == (semitones % 12 in {1, 2, 6, 10, 11}), semitones


def test_minor_has_both_sixths_and_sevenths():
    grid = steps(
        [60, 68, 65, 67], [60, 66, 64, 61], [60, 68, 71, 70]
    )  # A minor: G# F G; F# E C#; G# B Bb
    assert hm.in_key(grid, np.array([9, 1])) == pytest.approx(7 / 9)
    assert hm.in_key(grid, np.array([9, 0])) == pytest.approx(6 / 9)  # A major: G# F# E C# G# B


def test_consonance_counts_a_fourth_as_neither():
    over = {64: 1, 67: 0, 69: 1, 70: -1, 60: 1, 61: -1}  # under C5: m6 P4 m3 M2 P8 M7
    for pitch, score in over.items():
        assert hm.pitch_consonance(steps([72, pitch, pitch, -1])) == score, pitch
    assert hm.pitch_consonance(steps([72, 67, 64, 58])) == pytest.approx(0)
    assert (
        hm.pitch_consonance(steps([64, 72, -1, -1])) == 1
    )  # the soprano below: a major third as it were
    assert np.isnan(hm.pitch_consonance(steps([-1, 67, 64, 58])))


def chord_distance(semitones: int) -> float:
    """Of two single notes: chords of the three circles of tonal space, by their angle."""
    turns = ((1.0, 7 / 6), (1.0, 3 / 2), (0.5, 2 / 3))
    return float(
        np.sqrt(sum((2 * r * np.sin(semitones * np.pi * turn / 2)) ** 2 for r, turn in turns))
    )


def test_tonal_distance():
    grid = beats([60, 60, 60, 48], [67, 67, 67, 43], [67, 65, 65, -1], [-1, 65, 65, 65])
    measured = hm.harmony_features(grid, np.array([0, 0]), np.zeros((121, 121)))
    centre = np.mean(hm.TONAL_SPACE[[5, 7]], axis=0)
    moves = [
        chord_distance(7),
        np.linalg.norm(centre - hm.TONAL_SPACE[7]),
        np.linalg.norm(centre - hm.TONAL_SPACE[5]),
    ]
    assert measured["chord_distance"] == pytest.approx(np.mean(moves))
    assert measured["melody_chord_distance"] == pytest.approx((0 + 0 + chord_distance(2)) / 3)
    assert chord_distance(7) < chord_distance(4) < chord_distance(2) < chord_distance(6)


def test_key_of_even_weights_is_decided_by_the_last_bass_note():
    scale = [60, 62, 64, 65, 67, 69, 71]
    grid = steps(*[[pitch, pitch, pitch, pitch] for pitch in scale], [-1, -1, -1, -1])
    for last, key in {69: (9, 1), 60: (0, 0), 67: (7, 0)}.items():
        grid[6] = last
        assert hm.chorale_key(grid) == key
    assert hm.chorale_key(np.full((5, 4), -1)) == (0, 0)
    assert hm.chorale_keys([grid + 3 * (grid >= 0), grid]).tolist() == [[10, 0], [7, 0]]


def test_surprisal_mixes_pairs_with_singles():
    bits = hm.chord_surprisal([np.array([3, 3, 8]), np.array([120])])
    total = 2 + 121 / 2
    assert bits[3, 8] == pytest.approx(-np.log2((1 + 10 * 1.5 / total) / 12))
    assert bits[3, 50] == pytest.approx(-np.log2((10 * 0.5 / total) / 12))
    assert bits[50, 8] == pytest.approx(-np.log2(1.5 / total))
    assert np.sum(2.0**-bits, axis=1) == pytest.approx(np.ones(121))


def test_chords_are_a_share_of_the_beats_with_three_voices():
    c, g7, cluster, two = [67, 64, 60, 48], [65, 62, 59, 43], [62, 61, 60, 48], [64, -1, -1, 48]
    assert hm.chord_share(steps(c, g7, cluster, two)) == pytest.approx(2 / 3)
    assert hm.chord_share(steps(c, two, two, two)) == 1
    assert (
        hm.chord_numbers(steps(c, g7, cluster, two)) >= 0
    ).mean() == 3 / 4  # two voices make a third, no chord
    assert np.isnan(hm.chord_share(steps(two)))
    assert np.isnan(hm.chord_share(steps([64, 60])))
