"""What was copied from the training set note for note, in any transposition."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from composer.metrics.grids import STEPS_PER_BEAT, Ints

REST = 99  # no interval to the soprano is that large


def phrases(voices: Ints, beats: int) -> list[bytes]:
    """Return every window of `beats` beats that starts on a beat, as intervals from its first
    soprano note.

    voices: int [step, 4]. Windows without a soprano note are left out.
    """
    size = beats * STEPS_PER_BEAT
    # numpy refuses a window that is longer than the array.
    if len(voices) < size:
        return []
    windows = sliding_window_view(voices, size, axis=0)[::STEPS_PER_BEAT]
    windows = windows.transpose(0, 2, 1)  # [window, step, voice]
    soprano = windows[:, :, 0]
    sings = soprano >= 0
    first_step = sings.argmax(1)
    first = soprano[np.arange(len(windows)), first_step]
    # Intervals instead of pitches, so that the same music in another key is the same phrase.
    intervals = windows - first[:, None, None]
    relative = np.where(windows >= 0, intervals, REST).astype(np.int8)
    return [window.tobytes() for window in relative[sings.any(1)]]


def phrase_index(grids: Iterable[Ints], beats: int) -> set[bytes]:
    """Return all `phrases` of all grids.

    >>> piece = np.repeat([[72, 64, 55, 48], [74, 65, 57, 50]], 4, axis=0)  # two chords
    >>> len(phrase_index([piece], 1)), len(phrases(piece, 1))
    (2, 2)
    """
    return {phrase for grid in grids for phrase in phrases(grid, beats)}


def copied_share(
    voices: Ints,
    known: set[bytes],
    beats: int,
) -> float:
    """Return the share of the `phrases` of one grid that are in `known`; NaN if it has none.

    >>> piece = np.repeat([[72, 64, 55, 48], [71, 62, 55, 43]], 4, axis=0)
    >>> copied_share(piece - 3, phrase_index([piece], 2), 2)
    1.0
    """
    own = phrases(voices, beats)
    if not own:
        return float("nan")
    copied = sum(phrase in known for phrase in own)
    return copied / len(own)
