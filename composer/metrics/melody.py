"""Each voice as a melody: how high it lies, how far it moves, how often it turns."""

from __future__ import annotations

import numpy as np

from composer.metrics.grids import (
    Floats,
    Ints,
    mean_of_rows,
    mean_where,
    note_starts,
    split_lower_voices,
)

LARGEST_STEP = 2  # semitones
SMALLEST_LEAP = 5
LARGEST_LEAP = 8  # more is a large one


def melody_features(voices: Ints) -> dict[str, Floats]:
    """Return the ladder's features of single voices, float [...] each, of int [..., step, 4];
    undefined is 0.

    Of alto, tenor and bass each (`_A`, `_T`, `_B`): `pitch_mean` and `pitch_deviation` over
    sounding steps; of the intervals from note to note `interval_size`, the mean in semitones, and
    the shares of `steps` (1 or 2), `leaps` (5 or more) and `large_leaps` (over 8); `turns`, the
    share of the notes between two others at which the line turns.
    """
    row, interval = intervals(voices)
    size = np.abs(interval)
    is_step = (size > 0) & (size <= LARGEST_STEP)
    shape = (*voices.shape[:-2], 4)
    mean, deviation = pitch_mean_and_deviation(voices)
    measured = split_lower_voices(
        pitch_mean=mean,
        pitch_deviation=deviation,
        interval_size=mean_of_rows(size, row, shape),
        steps=mean_of_rows(is_step, row, shape),
        leaps=mean_of_rows(size >= SMALLEST_LEAP, row, shape),
        large_leaps=mean_of_rows(size > LARGEST_LEAP, row, shape),
        turns=turns(row, interval, shape),
    )
    return {name: np.nan_to_num(value) for name, value in measured.items()}


def pitch_mean_and_deviation(voices: Ints) -> tuple[Floats, Floats]:
    """Return mean and standard deviation of each voice's pitch over its sounding steps: two float
    [..., voice].

    NaN for a voice that never sounds.

    >>> pitch_mean_and_deviation(np.array([[60], [-1], [64]]))
    (array([62.]), array([2.]))
    """
    sounds = voices >= 0
    mean = mean_where(voices, sounds, axis=-2)
    squares = (voices - mean[..., None, :]) ** 2
    variance = mean_where(squares, sounds, axis=-2)
    return mean, np.sqrt(variance)


def intervals(voices: Ints) -> tuple[Ints, Ints]:
    """Return the row of each interval, and its semitones from a note to the next in the voice: two
    int [interval].

    voices: int [..., step, voice]; rests are passed over. Rows count through [..., voice].

    >>> intervals(np.array([[60, 48], [62, 48], [-1, 48], [59, 43]]))
    (array([0, 0, 1]), array([ 2, -3, -5]))
    """
    # Each voice of each piece is a row.
    steps = voices.shape[-2]
    lines = np.moveaxis(voices, -1, -2).reshape(-1, steps)
    starts = np.moveaxis(note_starts(voices), -1, -2).reshape(-1, steps)
    row, _ = np.nonzero(starts)
    pitch = lines[starts]
    # From the last note of a row to the first of the next is no interval.
    rows = row[1:]
    together = rows == row[:-1]
    return rows[together], np.diff(pitch)[together]


def turns(
    row: Ints,
    interval: Ints,
    shape: tuple[int, ...],
) -> Floats:
    """Return the share of neighbouring `intervals` in a row that go opposite ways.

    It is a float of `shape`.
    """
    rows = row[1:]
    together = rows == row[:-1]
    opposite = interval[1:] * interval[:-1] < 0
    return mean_of_rows(opposite[together], rows[together], shape)
