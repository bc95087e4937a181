"""What all metrics of voices share: masked means, the steps on the beat, and the starts of notes.

A grid of voices is int [step, voice]: MIDI pitches from the melody down, -1 for a rest, four steps
a beat.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from composer.errors import ShapeError

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]

STEPS_PER_BEAT = 4
SILENT = -1

# The voices that the ladder measures one by one; the soprano is given, so it tells nothing.
LOWER_VOICES = ((1, "A"), (2, "T"), (3, "B"))


def mean_where(
    values: ArrayLike,
    where: ArrayLike,
    axis: int | tuple[int, ...] = -1,
    empty: float = float("nan"),
) -> Floats:
    """Return the mean of `values` over `axis`, of those only for which `where` is true.

    values, where: arrays of one shape. empty: the mean of nothing.

    >>> mean_where([60, 99, 62], [True, False, True])
    array(61.)
    """
    count = np.sum(where, axis=axis)
    total = np.where(where, values, 0).sum(axis=axis)
    # Divide by one instead of zero: that raises no warning, and `empty` takes the place of the
    # result.
    means = total / np.maximum(count, 1)
    return np.asarray(np.where(count > 0, means, empty), np.float64)


def mean_of_rows(
    values: Floats | Ints | Bools,
    rows: Ints,
    shape: tuple[int, ...],
) -> Floats:
    """Return the mean of the values of each row: float of `shape`, 0 for a row without values.

    values: [value]. rows: int [value], the row of each, counted through `shape`.

    >>> mean_of_rows(np.array([4, 6, 9]), np.array([0, 0, 2]), (3,))
    array([5., 0., 9.])
    """
    size = int(np.prod(shape))
    count = np.bincount(rows, minlength=size)
    total = np.bincount(rows, weights=values, minlength=size)
    # A row without values has the total 0, which stays 0.
    means = total / np.maximum(count, 1)
    return means.reshape(shape)


def on_beats(voices: Ints) -> Ints:
    """Return every fourth step: int [..., beat, voice]."""
    return voices[..., ::STEPS_PER_BEAT, :]


def note_starts(voices: Ints) -> Bools:
    """Mark the steps at which a voice takes another pitch: bool [..., step, voice].

    A grid knows no repeated notes, so a repeated note starts nothing. The first step and one after
    a rest do.

    >>> note_starts(np.array([[60], [60], [-1], [60]]))[:, 0]
    array([ True, False, False,  True])
    """
    # The first step has none before it to differ from.
    changed = np.ones(voices.shape, bool)
    before = voices[..., :-1, :]
    changed[..., 1:, :] = voices[..., 1:, :] != before
    return changed & (voices >= 0)


def split_lower_voices(**values: Floats) -> dict[str, Floats]:
    """Take features float [..., 4] apart by voice: name_A, name_T and name_B, each float [...]."""
    named = {}
    for voice, letter in LOWER_VOICES:
        for name, value in values.items():
            named[f"{name}_{letter}"] = value[..., voice]
    return named


def check_voices(voices: Ints) -> Ints:
    """Return the voices as int64.

    Raise ShapeError unless they are int [step, voice], two voices at least.
    """
    array = np.asarray(voices)
    has_voices = array.ndim == 2 and array.shape[1] >= 2
    if not has_voices or array.dtype.kind not in "iu":
        shape = list(array.shape)
        raise ShapeError(
            f"voices are int [step, voice], at least two, got {array.dtype} {shape}"
        )
    # Differences of small integer types would wrap around.
    return array.astype(np.int64)


def check_grids(grids: Iterable[Ints]) -> list[Ints]:
    """Return four-part grids as int64, each int [step, 4].

    Raise ShapeError if there is none, or if one has another shape or no step.

    >>> check_grids([[[72, 64, 55, 48]]])[0].shape
    (1, 4)
    """
    checked = [_checked_grid(grid, number) for number, grid in enumerate(grids)]
    if not checked:
        raise ShapeError("at least one grid is needed, got none")
    return checked


def _checked_grid(grid: Ints, number: int) -> Ints:
    array = np.asarray(grid)
    is_int = array.dtype.kind in "iu"
    has_four_voices = array.ndim == 2 and array.shape[1] == 4
    if not is_int or not has_four_voices or not len(array):
        raise ShapeError(
            "a grid is int [step, 4], at least one step; "
            f"number {number} is {array.dtype} {array.shape}"
        )
    return array.astype(np.int64)
