"""What was taken from the training set note for note, in any transposition."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from composer.metrics.grids import STEPS, Ints

REST = 99  # no interval to the soprano is that large


def phrases(voices: Ints, beats: int) -> list[bytes]:
    """Every window of so many beats that starts on a beat, as intervals from its first soprano note.

    voices: int [step, 4]. Windows without a soprano note are left out.
    """
    size = beats * STEPS
    if len(voices) < size:
        return []
    windows = sliding_window_view(voices, size, axis=0)[::STEPS].transpose(
        0, 2, 1
    )  # [window, step, voice]
    sings = windows[:, :, 0] >= 0
    first = windows[np.arange(len(windows)), sings.argmax(1), 0]
    relative = np.where(windows >= 0, windows - first[:, None, None], REST).astype(np.int8)
    return [window.tobytes() for window in relative[sings.any(1)]]


def copied_share(voices: Ints, known: set[bytes], beats: int) -> float:
    """Share of the `phrases` of one grid that are in `known`; NaN where it has none."""
    own = phrases(voices, beats)
    return sum(phrase in known for phrase in own) / len(own) if own else float("nan")


def phrase_index(grids: Iterable[Ints], beats: int) -> set[bytes]:
    """All `phrases` of all grids."""
    return {phrase for grid in grids for phrase in phrases(grid, beats)}
