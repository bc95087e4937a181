"""Every feature proved by hand on lopsided grids; then stacks against single grids, and transposition."""

from __future__ import annotations

import numpy as np
import pytest

from composer.errors import ShapeError
from composer.metrics import check_grids, estimate_keys, feature_table, features
from composer.metrics import counterpoint as cp
from composer.metrics import harmony as hm
from composer.metrics.copying import copied_share, phrase_index, phrases
from composer.metrics.grids import note_starts
from composer.metrics.melody import melody_features
from composer.metrics.rhythm import note_lengths, rhythm_features
from composer.metrics.samples import logistic_regression, roc_auc, two_sample_auc, wasserstein


def steps(*rows: list[int], each: int = 1) -> np.ndarray:
    return np.repeat(np.array(rows), each, axis=0)


def beats(*rows: list[int]) -> np.ndarray:
    return steps(*rows, each=4)


def line(*pitches: int, voice: int) -> np.ndarray:
    """One voice that moves over others that do not."""
    grid = np.full((len(pitches), 4), 60)
    grid[:, voice] = pitches
    return grid


def some_grids(seed: int = 7) -> list[np.ndarray]:
    """Random, with rests and held notes, of several lengths."""
    rng = np.random.default_rng(seed)
    return [rng.choice([-1, *range(48, 72)], (n, 4)).repeat(3, axis=0) for n in (9, 5, 9, 1, 22)]


# Voice leading


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ([79, 72, 55, 40], [81, 74, 55, 40], (1, 0, 0)),  # S-A, a fifth
        ([72, 64, 58, 53], [74, 64, 58, 55], (1, 0, 0)),  # S-B, a fifth and an octave
        ([72, 67, 60, 45], [70, 67, 58, 45], (0, 1, 0)),  # S-T, downwards
        ([72, 67, 50, 50], [72, 67, 53, 53], (0, 1, 0)),  # T-B in unison
        (
            [79, 72, 55, 43],
            [81, 74, 53, 41],
            (1, 1, 0),
        ),  # S-A a fifth, upwards; T-B an octave, downwards
        ([72, 64, 60, 50], [76, 64, 60, 52], (0, 0, 1)),  # hidden octave, the soprano leaps
        ([72, 64, 60, 48], [76, 64, 60, 57], (0, 0, 1)),  # hidden fifth
        ([74, 64, 60, 49], [76, 64, 60, 52], (0, 0, 0)),  # the same by step is allowed
        ([76, 64, 60, 53], [72, 64, 60, 55], (0, 0, 0)),  # reached in contrary motion
        ([72, 64, 58, 53], [77, 64, 58, 46], (0, 0, 0)),  # fifths in contrary motion
        ([79, 72, 55, 40], [79, 72, 55, 40], (0, 0, 0)),  # a fifth held
        ([79, 72, 55, 40], [81, 75, 55, 40], (0, 0, 0)),  # perfect to diminished
        ([79, -1, 55, 40], [81, 74, 55, 40], (0, 0, 0)),  # from a rest
    ],
)
def test_parallels(before, after, expected):
    assert tuple(int(n) for n in cp.parallels(steps(before, after))) == expected


def test_parallels_are_counted_per_hundred_beats_and_once_for_each_pair():
    grid = steps([79, 72, 55, 40], [81, 74, 55, 40], each=10)  # 20 steps, 5 beats
    measured = cp.voice_features(grid)
    assert measured["parallel_fifths"] == 20 and measured["parallel_octaves"] == 0
    planed = steps([79, 72, 55, 48], [81, 74, 57, 50])
    assert tuple(int(n) for n in cp.parallels(planed)) == (3, 2, 0)  # S-A, S-B, T-B; S-T, A-B


def test_crossing_is_a_share_of_full_steps():
    full = [72, 65, 58, 50]
    grid = steps(full, full, [64, 65, 58, 50], [72, 65, 48, 50], full, [60, 65, -1, 50])
    assert cp.crossing(grid) == pytest.approx(2 / 5)


def test_spacing_allows_an_octave_and_any_gap_above_the_bass():
    grid = steps(
        [72, 60, 50, 50], [73, 60, 50, 40], [72, 70, 57, 36], [72, 65, 60, 36], [90, 60, 50, -1]
    )
    assert cp.wide_spacing(grid) == pytest.approx(2 / 4)  # S-A 13; A-T 13; T-B 24 is fine


def test_range_is_a_share_of_sounding_steps_mean_of_the_lower_voices():
    grid = steps([99, 52, 47, 65], [99, 53, 69, 64], [99, 74, 60, -1], [99, 74, 60, -1])
    assert cp.out_of_range(grid) == pytest.approx((1 / 4 + 0 + 1 / 2) / 3)


def test_outer_motion_looks_at_the_beats_only():
    tops, bottoms = [60, 62, 64, 65, 65, 67, 67], [50, 48, 49, 51, 53, 52, -1]
    grid = beats(*[[top, 55, 55, bottom] for top, bottom in zip(tops, bottoms, strict=True)])
    grid[[1, 5, 6], 3] = 70  # between beats
    assert [float(x) for x in cp.outer_motion(grid)] == pytest.approx([2 / 5, 2 / 5])


# Harmony

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
    assert hm.pitch_consonance(steps([-1, 67, 64, 58])) == 0


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
        assert hm.estimate_key(grid) == key
    assert hm.estimate_key(np.full((5, 4), -1)) == (0, 0)
    assert estimate_keys([grid + 3 * (grid >= 0), grid]).tolist() == [[10, 0], [7, 0]]


def test_surprisal_mixes_pairs_with_singles():
    bits = hm.chord_surprisal([np.array([3, 3, 8]), np.array([120])])
    total = 2 + 121 / 2
    assert bits[3, 8] == pytest.approx(-np.log2((1 + 10 * 1.5 / total) / 12))
    assert bits[3, 50] == pytest.approx(-np.log2((10 * 0.5 / total) / 12))
    assert bits[50, 8] == pytest.approx(-np.log2(1.5 / total))
    assert np.sum(2.0**-bits, axis=1) == pytest.approx(np.ones(121))


# Rhythm and melody


def test_rhythm():
    grid = np.full((12, 4), 60)
    grid[:, 0] = [72, 72, 72, 72, 72, 72, 74, 74, 74, 74, 74, 74]  # starts 0, 6
    grid[:, 1] = [60, 60, 60, 62, 62, 62, 64, 64, -1, -1, -1, 64]  # starts 0, 3, 6, 11
    grid[:, 3] = [40, 40, 41, 41, 41, 41, 43, 43, 43, 43, 43, 43]  # starts 0, 2, 6
    measured = {k: float(v) for k, v in rhythm_features(grid).items()}
    assert measured["onsets_A"] == pytest.approx(4 / 3) and measured["onsets_T"] == pytest.approx(
        1 / 3
    )
    assert measured["offbeat_eighths_A"] == pytest.approx(1 / 3)
    assert measured["offbeat_eighths_B"] == pytest.approx(2 / 3)
    assert (
        measured["offbeat_sixteenths_A"] == pytest.approx(2 / 3)
        and measured["offbeat_sixteenths_B"] == 0
    )
    assert measured["with_soprano_A"] == pytest.approx(2 / 4)
    assert measured["with_soprano_B"] == pytest.approx(2 / 3) and measured["with_soprano_T"] == 1
    assert (measured["long_notes_A"], measured["long_notes_T"]) == (0, 1)
    assert measured["homorhythm"] == pytest.approx(1 / 5)  # steps 0, 2, 3, 6, 11; all voices at 0


def test_long_notes_are_two_beats_or_more_and_rests_are_none():
    line_of_7_and_9 = line(*[60] * 7, *[62] * 9, *[-1] * 8, voice=2)
    assert note_lengths(line_of_7_and_9)[:, 2].tolist() == [7] * 7 + [9] * 9 + [0] * 8
    assert rhythm_features(line_of_7_and_9)["long_notes_T"] == pytest.approx(9 / 24)
    assert rhythm_features(line(*[60] * 8, *[62] * 3, voice=2))["long_notes_T"] == pytest.approx(
        8 / 11
    )


def test_notes_start_where_the_pitch_changes_and_after_a_rest():
    starts = note_starts(line(60, 60, -1, 60, 62, voice=1))
    assert (
        starts[:, 1].tolist() == [True, False, False, True, True]
        and starts[:, 0].tolist() == [True] + [False] * 4
    )


def test_melody():
    measured = melody_features(
        line(60, 62, 62, -1, 62, 71, 66, 66, voice=2)
    )  # intervals 2, 0, 9, -5
    assert measured["interval_size_T"] == pytest.approx(16 / 4)
    assert measured["steps_T"] == pytest.approx(1 / 4)
    assert measured["leaps_T"] == pytest.approx(2 / 4)
    assert measured["large_leaps_T"] == pytest.approx(1 / 4)
    assert measured["turns_T"] == pytest.approx(1 / 3)
    sounding = [60, 62, 62, 62, 71, 66, 66]
    assert measured["pitch_mean_T"] == pytest.approx(sum(sounding) / 7)
    assert measured["pitch_deviation_T"] == pytest.approx(np.std(sounding))
    assert measured["interval_size_A"] == 0 and measured["turns_B"] == 0


def test_size_limits_of_steps_and_leaps():
    measured = melody_features(line(60, 62, 65, 69, 74, 82, 73, voice=3))  # 2, 3, 4, 5, 8, 9
    assert [
        float(measured[f"{name}_B"]) * 6 for name in ("steps", "leaps", "large_leaps")
    ] == pytest.approx([1, 3, 1])


# All together


def test_a_stack_measures_as_its_grids_do():
    grids, keys = some_grids(), np.array([[0, 0], [7, 1], [2, 0], [9, 1], [4, 0]])
    surprisal = hm.chord_surprisal([np.array([0, 5, 74, 0, 120])])
    table = feature_table(grids, keys, surprisal)
    assert [len(group) for group in table.values()] == [8, 16, 16, 21]
    for i, grid in enumerate(grids):
        for group, measured in features(grid, keys[i], surprisal).items():
            for name, value in measured.items():
                assert np.shape(value) == (), name
                assert table[group][name][i] == pytest.approx(float(value), abs=1e-12), name
    assert all(np.isfinite(v).all() for group in table.values() for v in group.values())


def test_silence_measures_nothing_and_fails_nowhere():
    table = feature_table([np.full((6, 4), -1)], np.array([[0, 0]]), np.zeros((121, 121)))
    values = {name: float(v[0]) for group in table.values() for name, v in group.items()}
    assert {name for name, value in values.items() if value} == {
        "chord_coverage",
        "chord_repetition",
    }


def test_transposed_music_measures_the_same_but_for_its_height():
    grids = some_grids(3)
    up = [np.where(grid < 0, -1, grid + 5) for grid in grids]
    surprisal = hm.chord_surprisal([np.array([0, 30, 74, 0])])
    keys = estimate_keys(grids)
    keys_up = np.c_[(keys[:, 0] + 5) % 12, keys[:, 1]]
    one, other = feature_table(grids, keys, surprisal), feature_table(up, keys_up, surprisal)
    by_convention = {
        "root_position",
        "tonic_chords",
        "dominant_chords",
        "chord_surprisal",
        "chord_entropy",
    }
    for group, measured in one.items():
        for name, values in measured.items():
            if name.startswith("pitch_mean"):
                assert other[group][name] == pytest.approx(np.where(values > 0, values + 5, 0))
            elif (
                name not in {"out_of_range", "chord_coverage"} | by_convention
            ):  # the root of an augmented triad
                assert other[group][name] == pytest.approx(values), name


@pytest.mark.parametrize(
    "wrong",
    [
        [],
        [np.zeros((4, 3), int)],
        [np.zeros((0, 4), int)],
        [np.zeros((4, 4))],
        [np.zeros((2, 4, 4), int)],
    ],
)
def test_other_shapes_are_refused(wrong):
    with pytest.raises(ShapeError):
        check_grids(wrong)


def test_given_grids_are_not_changed():
    grids = some_grids()
    before = [grid.copy() for grid in grids]
    feature_table(check_grids(grids), estimate_keys(grids), np.zeros((121, 121)))
    assert all(np.array_equal(a, b) for a, b in zip(grids, before, strict=True))


# Samples


def test_wasserstein_of_a_shifted_sample_is_the_shift():
    sample = np.array([0.0, 1.0, 1.5, 9.0, 30.0])
    assert wasserstein(sample, sample - 2.75) == pytest.approx(2.75)
    assert (
        wasserstein(sample, np.repeat(sample, 2)) < 1.5
    )  # not the mean, not the size: what it holds
    assert wasserstein(np.zeros(3), np.full(8, 4.0)) == pytest.approx(4)
    assert wasserstein(np.array([0.0, 10.0]), np.array([5.0, 5.0])) == pytest.approx(
        2.5
    )  # quantiles interpolate


def test_auc_of_hand_made_scores():
    assert roc_auc(np.array([3.0, 1.0, 2.0, 0.0]), np.array([True, False, True, False])) == 1
    assert roc_auc(np.array([0.0, 1.0, 2.0]), np.array([True, False, False])) == 0
    scores, positive = (
        np.array([5.0, 2.0, 2.0, 1.0, 2.0]),
        np.array([True, True, False, False, False]),
    )
    assert roc_auc(scores, positive) == pytest.approx((3 + 0.5 + 0.5 + 1) / 6)


def rows(n: int, shift: float = 0.0) -> np.ndarray:
    sample = np.random.default_rng(n).standard_normal((n, 3))
    sample[:, 1] += shift
    return sample


def test_classifier_tells_separable_sets_and_not_identical_ones():
    piece = np.arange(80) // 2
    assert two_sample_auc(rows(80), rows(80), piece, piece) == 0.5
    assert two_sample_auc(rows(80), rows(60, shift=30.0), piece, np.arange(60) // 2) == 1
    some = two_sample_auc(rows(80), rows(60, shift=1.0), piece, np.arange(60) // 2)
    assert 0.65 < some < 0.9  # 0.76 in theory


def test_equal_windows_tie_whatever_the_last_bit_of_their_scores():
    sample, piece = np.random.default_rng(333).standard_normal((333, 61)), np.arange(333)
    assert two_sample_auc(sample, sample, piece, piece) == 0.5


def test_classifier_does_not_profit_from_windows_of_one_piece():
    """Five windows of a piece are alike, its class is noise: with pieces torn apart this would be told."""
    first, second = rows(20).repeat(5, axis=0), rows(21).repeat(5, axis=0)
    assert two_sample_auc(first, second, np.arange(100) // 5, 20 + np.arange(105) // 5) < 0.65


def test_classifier_leaves_out_folds_without_rows_of_both():
    assert (
        two_sample_auc(rows(6, shift=30.0), rows(60), np.arange(6) // 2, 3 + np.arange(60) // 2)
        == 1
    )
    assert np.isnan(two_sample_auc(rows(4), rows(60), np.zeros(4, int), 1 + np.arange(60) // 2))


def test_regression_is_where_its_gradient_vanishes():
    inputs, positive = rows(40, shift=0.5), np.arange(40) % 3 == 0
    weights = logistic_regression(inputs, positive)
    chance = 1 / (1 + np.exp(-(inputs @ weights[:-1] + weights[-1])))
    assert inputs.T @ (chance - positive) == pytest.approx(-5 * weights[:-1], abs=1e-6)
    assert np.sum(chance - positive) == pytest.approx(-1e-3 * weights[-1], abs=1e-6)


# Copying


def test_copies_are_found_in_any_transposition_from_beat_to_beat():
    (_, _, _, _, piece) = some_grids(11)
    piece = piece[:64]
    piece[:, 0] = 60 + np.arange(64) // 3
    known = phrase_index([piece], 4)
    assert len(phrases(piece, 4)) == 13 and not phrases(piece[:15], 4)
    higher = np.where(piece < 0, -1, piece + 6)
    assert copied_share(higher, known, 4) == 1
    assert copied_share(higher[4:], known, 4) == 1  # from another beat
    assert copied_share(higher[1:], known, 4) == 0  # off the beat
    spoiled = higher.copy()
    spoiled[20, 3] = 35 if spoiled[20, 3] != 35 else 36
    assert copied_share(spoiled, known, 4) == pytest.approx(9 / 13)  # four windows hold step 20
    assert np.isnan(copied_share(piece[:12], known, 4))


def test_copies_keep_rests_and_need_a_soprano():
    piece = beats([60, 55, -1, 43], [62, 55, 52, 43])
    rest = beats([60, 55, 50, 43], [62, 55, 52, 43])
    assert copied_share(piece, phrase_index([rest], 2), 2) == 0
    assert copied_share(piece + 0, phrase_index([piece], 2), 2) == 1
    silent = beats([-1, 55, 50, 43], [-1, 55, 52, 43], [60, 55, 52, 43])
    assert len(phrases(silent, 1)) == 1
    late = beats([-1, 55, 50, 43], [62, 55, 52, 43])
    assert copied_share(np.where(late < 0, -1, late + 3), phrase_index([late], 2), 2) == 1
