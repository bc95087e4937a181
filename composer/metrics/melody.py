"""Each voice as a melody: how high it lies, how far it moves, how often it turns."""

from __future__ import annotations

import numpy as np

from composer.metrics.grids import Floats, Ints, lower_voices, mean_of_rows, mean_where, note_starts


def melody_features(voices: Ints) -> dict[str, Floats]:
    """Per lower voice: mean and standard deviation of its pitch over sounding steps; of its intervals from note to
    note the mean size in semitones and the shares of steps (1-2), leaps (5 or more) and large leaps (over 8); the
    share of notes between two others where the line turns. float [...] each.
    """
    row, interval = intervals(voices)
    size, shape = np.abs(interval), (*voices.shape[:-2], 4)
    mean, deviation = pitch_mean_and_deviation(voices)
    return lower_voices(
        pitch_mean=mean,
        pitch_deviation=deviation,
        interval_size=mean_of_rows(size, row, shape),
        steps=mean_of_rows((size > 0) & (size <= 2), row, shape),
        leaps=mean_of_rows(size >= 5, row, shape),
        large_leaps=mean_of_rows(size > 8, row, shape),
        turns=turns(row, interval, shape),
    )


def pitch_mean_and_deviation(voices: Ints) -> tuple[Floats, Floats]:
    """Mean and standard deviation of each voice's pitch over the steps where it sounds: two float [..., voice]."""
    sounds = voices >= 0
    mean = mean_where(voices, sounds, axis=-2)
    return mean, np.sqrt(mean_where((voices - mean[..., None, :]) ** 2, sounds, axis=-2))


def intervals(voices: Ints) -> tuple[Ints, Ints]:
    """Semitones from each note to the next in its voice, rests skipped, and the row each belongs to.

    voices: int [..., step, voice]; row counts through [..., voice]. Two int [interval].
    """
    lines = np.moveaxis(voices, -1, -2).reshape(-1, voices.shape[-2])
    starts = np.moveaxis(note_starts(voices), -1, -2).reshape(lines.shape)
    row, pitch = np.nonzero(starts)[0], lines[starts]
    together = row[1:] == row[:-1]
    return row[1:][together], np.diff(pitch)[together]


def turns(row: Ints, interval: Ints, shape: tuple[int, ...]) -> Floats:
    """Share of successive intervals of a row that go opposite ways: float of `shape`."""
    together = row[1:] == row[:-1]
    return mean_of_rows((interval[1:] * interval[:-1] < 0)[together], row[1:][together], shape)
