"""What can be measured in four-part music: pure functions on voices grids, numpy only.

A grid is int [..., step, voice]: soprano, alto, tenor, bass as MIDI pitches, -1 = rest, four steps a beat. Leading
axes are a batch: one grid gives one number a feature, a stack of n grids gives n. A grid does not know repeated
notes and bars, so a note starts where the pitch changes.

`features` gives 61 numbers in four groups; `composer.metrics.ladder` compares them between two sets of pieces.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from composer.errors import ShapeError
from composer.metrics.counterpoint import voice_features
from composer.metrics.grids import Floats, Ints
from composer.metrics.harmony import estimate_key, harmony_features
from composer.metrics.melody import melody_features
from composer.metrics.rhythm import rhythm_features

__all__ = ["GROUPS", "Table", "check_grids", "estimate_keys", "feature_table", "features"]

GROUPS = ("voice", "harmony", "rhythm", "melody")
Table = dict[str, dict[str, Floats]]
"""Group -> feature -> float [piece]."""


def features(voices: Ints, keys: Ints, surprisal: Floats) -> Table:
    """Every feature of a stack of grids: group -> feature -> float [...].

    voices: int [..., step, 4]. keys: int [..., 2], tonic (0-11) and 1 where minor.
    surprisal: float [chord, chord], bits of the second after the first (`harmony.chord_surprisal`).
    """
    measured = (
        voice_features(voices),
        harmony_features(voices, keys, surprisal),
        rhythm_features(voices),
    )
    return dict(zip(GROUPS, (*measured, melody_features(voices)), strict=True))


def feature_table(grids: Sequence[Ints], keys: Ints, surprisal: Floats) -> Table:
    """`features` of grids of any lengths: group -> feature -> float [piece]. Those of one length go together."""
    lengths = [len(grid) for grid in grids]
    table: Table = {group: {} for group in GROUPS}
    for length in sorted(set(lengths)):
        which = [i for i, n in enumerate(lengths) if n == length]
        part = features(np.stack([grids[i] for i in which]), keys[which], surprisal)
        for group, values in part.items():
            for name, value in values.items():
                table[group].setdefault(name, np.zeros(len(grids)))[which] = value
    return table


def estimate_keys(grids: Iterable[Ints]) -> Ints:
    """The key of each grid: int [piece, 2], tonic and 1 where minor."""
    return np.array([estimate_key(grid) for grid in grids], np.int64).reshape(-1, 2)


def check_grids(grids: Iterable[Ints]) -> list[Ints]:
    """The grids as int64. Raises ShapeError where there is none, or one is not int [step, 4] with at least a step."""
    checked = []
    for i, grid in enumerate(grids):
        array = np.asarray(grid)
        if (
            array.ndim != 2
            or array.shape[1:] != (4,)
            or not len(array)
            or array.dtype.kind not in "iu"
        ):
            raise ShapeError(
                f"a grid is int [step, 4], at least one step; number {i} is {array.dtype} {array.shape}"
            )
        checked.append(array.astype(np.int64))
    if not checked:
        raise ShapeError("at least one grid is needed, got none")
    return checked
