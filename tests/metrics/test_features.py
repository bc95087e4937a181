"""The table of all features: stacks against single grids, silence, and transposition."""

from __future__ import annotations

import numpy as np
import pytest
from composer.metrics import check_grids, chorale_keys, feature_table, features
from composer.metrics import harmony as hm

from tests.support.grids import some_grids


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
    keys = chorale_keys(grids)
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


def test_given_grids_are_not_changed():
    grids = some_grids()
    before = [grid.copy() for grid in grids]
    feature_table(check_grids(grids), chorale_keys(grids), np.zeros((121, 121)))
    assert all(np.array_equal(a, b) for a, b in zip(grids, before, strict=True))
