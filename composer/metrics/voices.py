"""Part-writing of any number of voices: the ladder's measures (`counterpoint`, `harmony`), NaN where undefined.

Voices are int [step, voice], the melody first, then from high to low; -1 = rest. The ladder compares sets of
chorales and wants numbers everywhere; here a share of nothing is NaN, and there may be two voices or five.
"""

from __future__ import annotations

from itertools import combinations

import numpy as np
from numpy.typing import ArrayLike

from composer.errors import ShapeError
from composer.metrics.counterpoint import LARGEST_GAP, RANGES, crossing
from composer.metrics.grids import STEPS, Bools, Floats, Ints, mean_where, note_starts
from composer.metrics.harmony import chord_numbers, melody_dissonance

CHORD_VOICES = 3  # fewer make no chord


def voice_measures(
    voices: Ints, ranges: ArrayLike | None = None, steps_per_beat: int = STEPS
) -> dict[str, float | Floats]:
    """All measures of one piece, by name; float, or float [voice] where it says so. NaN where undefined.

    out_of_range [voice]: share of a voice's sounding steps outside its range.
    crossing: share of the steps with all voices in which one is above its upper neighbour.
    wide_spacing: share of the steps with all voices in which two neighbours above the lowest are over an octave apart.
    parallel_fifths, parallel_octaves: per 100 beats, see `parallels`.
    dissonance: share of the lower notes on beats that are a second, tritone or seventh from the melody.
    offbeat_changes [voice]: share of the sounding steps between the eighths at which the pitch is new.
    chord_share: share of the beats with three voices or more whose notes make a triad or a seventh chord.

    voices: int [step, voice], at least two voices, -1 = rest. ranges: int [voice, 2], lowest and highest pitch;
    by default `counterpoint.RANGES` for four voices (S, A, T, B), else unknown, NaN. steps_per_beat: from step 0.
    Raises ShapeError.
    """
    voices = _checked(voices)
    if steps_per_beat < 1:
        raise ShapeError(f"a beat has at least one step, got {steps_per_beat}")
    beats = voices[::steps_per_beat]
    fifths, octaves = parallels(voices, steps_per_beat)
    return {
        "out_of_range": out_of_range(voices, ranges),
        "crossing": _where_any(crossing(voices), np.asarray((voices >= 0).all(1))),
        "wide_spacing": wide_spacing(voices),
        "parallel_fifths": fifths,
        "parallel_octaves": octaves,
        "dissonance": _where_any(
            melody_dissonance(beats), (beats[:, 1:] >= 0) & (beats[:, :1] >= 0)
        ),
        "offbeat_changes": offbeat_changes(voices, steps_per_beat),
        "chord_share": chord_share(beats),
    }


def out_of_range(voices: Ints, ranges: ArrayLike | None = None) -> Floats:
    """Share of each voice's sounding steps outside its range, int [voice, 2]: float [voice]. See `voice_measures`."""
    count = voices.shape[1]
    if ranges is None:
        if count != len(RANGES):
            return np.full(count, np.nan)
        ranges = RANGES
    limits = np.asarray(ranges)
    if limits.shape != (count, 2):
        raise ShapeError(
            f"ranges are [voice, 2], lowest and highest of {count} voices, got {list(limits.shape)}"
        )
    outside = (voices < limits[:, 0]) | (voices > limits[:, 1])
    return _mean(outside, voices >= 0, axis=0)


def wide_spacing(voices: Ints) -> float:
    """Share of the steps with all voices in which neighbours above the lowest are over an octave apart.

    NaN for two voices: the gap above the lowest is free.
    """
    gaps = -np.diff(voices, axis=1)[:, :-1]
    full = (voices >= 0).all(1) & (gaps.shape[1] > 0)
    return float(_mean(np.asarray((gaps > LARGEST_GAP).any(1)), full, axis=0))


def parallels(voices: Ints, steps_per_beat: int = STEPS) -> tuple[float, float]:
    """Parallel fifths and octaves (unisons too) per 100 beats, over any octaves, counted for each pair of voices.

    Two voices move in one direction, from one step to the next, from such an interval to the same. NaN where no two
    voices sound in two successive steps. voices: int [step, voice].
    """
    upper, under = np.array(list(combinations(range(voices.shape[1]), 2))).T
    sounds = (voices[1:] >= 0) & (voices[:-1] >= 0)
    together = sounds[:, upper] & sounds[:, under]
    if not together.any():
        return float("nan"), float("nan")
    direction = np.sign(np.diff(voices, axis=0))
    alike = together & (direction[:, upper] * direction[:, under] > 0)
    interval = np.abs(voices[:, upper] - voices[:, under]) % 12
    kept = alike & (interval[1:] == interval[:-1])
    beats = len(voices) / steps_per_beat
    fifths, octaves = (
        100 * int((kept & (interval[1:] == perfect)).sum()) / beats for perfect in (7, 0)
    )
    return fifths, octaves


def offbeat_changes(voices: Ints, steps_per_beat: int = STEPS) -> Floats:
    """Share of each voice's sounding steps between the eighths at which its pitch is new: float [voice].

    High where pitch flickers; the alto of Bach's chorales has .01. A repeated note is no change; one after a rest is.
    NaN where a voice never sounds between the eighths, as with one or two steps a beat.
    """
    between = 2 * np.arange(len(voices)) % steps_per_beat != 0
    return _mean(note_starts(voices), (voices >= 0) & between[:, None], axis=0)


def chord_share(beats: Ints) -> float:
    """Share of the beats with three voices or more, of int [beat, voice], that make a triad or seventh chord.

    `harmony.chord_numbers` says what is one; a fifth may be left out. NaN where no beat has three voices.
    """
    return float(_mean(chord_numbers(beats) >= 0, (beats >= 0).sum(1) >= CHORD_VOICES, axis=0))


def _checked(voices: Ints) -> Ints:
    array = np.asarray(voices)
    if array.ndim != 2 or array.shape[1] < 2 or array.dtype.kind not in "iu":
        raise ShapeError(
            f"voices are int [step, voice], at least two, got {array.dtype} {list(array.shape)}"
        )
    return array.astype(np.int64)  # differences of small types would wrap


def _mean(values: Bools, where: Bools, axis: int) -> Floats:
    """`mean_where`, NaN instead of 0 where `where` never is true."""
    return np.where(where.any(axis), mean_where(values, where, axis=axis), np.nan)


def _where_any(value: Floats, where: Bools) -> float:
    return float(value) if where.any() else float("nan")
