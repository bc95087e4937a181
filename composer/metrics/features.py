"""Describe four-part pieces by 61 numbers in four groups, which `composer.metrics.ladder` compares.

A leading axis is a batch: one grid gives one number a feature, a stack of n grids gives n.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from composer.metrics.counterpoint import voice_features
from composer.metrics.grids import Floats, Ints
from composer.metrics.harmony import harmony_features
from composer.metrics.melody import melody_features
from composer.metrics.rhythm import rhythm_features

GROUPS = ("voice", "harmony", "rhythm", "melody")

FeatureTable = dict[str, dict[str, Floats]]
"""Group to feature to float [piece]."""


def features(
    voices: Ints,
    keys: Ints,
    surprisal: Floats,
) -> FeatureTable:
    """Return every feature of a stack of grids: group to feature to float [...].

    voices: int [..., step, 4]. keys: int [..., 2], the tonic (0 to 11) and 1 for minor.
    surprisal: float [chord, chord], bits of the second chord after the first
    (`harmony.chord_surprisal`).

    >>> grid = np.tile([72, 64, 55, 48], (16, 1))
    >>> table = features(grid, np.array([0, 0]), np.zeros((121, 121)))
    >>> float(table["harmony"]["triads"]), float(table["voice"]["crossing"])
    (1.0, 0.0)
    """
    return {
        "voice": voice_features(voices),
        "harmony": harmony_features(voices, keys, surprisal),
        "rhythm": rhythm_features(voices),
        "melody": melody_features(voices),
    }


def feature_table(
    grids: Sequence[Ints],
    keys: Ints,
    surprisal: Floats,
) -> FeatureTable:
    """Return `features` of grids of any lengths: group to feature to float [piece].

    >>> grids = [np.tile([72, 64, 55, 48], (steps, 1)) for steps in (16, 8)]
    >>> table = feature_table(grids, np.array([[0, 0], [0, 0]]), np.zeros((121, 121)))
    >>> table["harmony"]["triads"]
    array([1., 1.])
    """
    lengths = [len(grid) for grid in grids]
    table: FeatureTable = {group: {} for group in GROUPS}
    # Grids of one length are measured in one stack, many times faster than one by one.
    for length in sorted(set(lengths)):
        which = [i for i, n in enumerate(lengths) if n == length]
        stack = np.stack([grids[i] for i in which])
        _fill(
            table,
            which,
            features(stack, keys[which], surprisal),
            len(grids),
        )
    return table


def _fill(
    table: FeatureTable,
    which: list[int],
    part: FeatureTable,
    pieces: int,
) -> None:
    """Write the features of some pieces into the table of all."""
    for group, values in part.items():
        for name, value in values.items():
            row = table[group].setdefault(name, np.zeros(pieces))
            row[which] = value
