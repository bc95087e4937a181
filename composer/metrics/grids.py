"""What all measures share: masked means, the steps on the beat, where notes start."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]

STEPS = 4  # a beat
LOWER = ((1, "A"), (2, "T"), (3, "B"))  # the voices that are measured; the soprano is given


def mean_where(values: ArrayLike, where: ArrayLike, axis: int | tuple[int, ...] = -1) -> Floats:
    """Mean of `values` over `axis` where `where` (same shape) is true; 0 where it never is."""
    total = np.where(where, values, 0).sum(axis=axis)
    return np.asarray(total / np.maximum(np.sum(where, axis=axis), 1), np.float64)


def mean_of_rows(values: Floats | Ints | Bools, rows: Ints, shape: tuple[int, ...]) -> Floats:
    """Means of values that belong to `rows` (int, one each), as many as `shape` holds; 0 for a row without any."""
    size = int(np.prod(shape))
    count = np.bincount(rows, minlength=size)
    return (np.bincount(rows, weights=values, minlength=size) / np.maximum(count, 1)).reshape(shape)


def on_beats(voices: Ints) -> Ints:
    """Every fourth step: int [..., beat, voice]."""
    return voices[..., ::STEPS, :]


def note_starts(voices: Ints) -> Bools:
    """Where the pitch differs from the step before and is no rest: bool [..., step, voice]; the first step counts."""
    changed = np.ones(voices.shape, bool)
    changed[..., 1:, :] = voices[..., 1:, :] != voices[..., :-1, :]
    return changed & (voices >= 0)


def lower_voices(**values: Floats) -> dict[str, Floats]:
    """Features float [..., 4] taken apart by voice: name_A, name_T, name_B, each float [...]."""
    return {
        f"{name}_{voice}": value[..., i] for i, voice in LOWER for name, value in values.items()
    }
