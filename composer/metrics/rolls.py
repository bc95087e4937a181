"""What can be measured in pianorolls of any number of tracks: pure functions, a number a track.

A pianoroll is bool [step, 128, track]: which pitch sounds when. Its onsets, of the same shape, are where notes start;
they split notes that are repeated. Bars are int [bar], the first step of each. Arrays are never changed.

What is undefined is NaN: a share of nothing, a mean over no bar. Dong et al. 2018 is MuseGAN (AAAI), from where most
of the measures are; `tests/test_peers.py` shows where published code computes others than it says.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from composer.errors import ShapeError
from composer.metrics.grids import STEPS, Bools, Floats, Ints
from composer.metrics.harmony import IN_KEY, TONAL_SPACE
from composer.songs.theory import C_MAJOR, estimate_key

PITCHES, CLASSES = 128, 12
OCTAVES = -(-PITCHES // CLASSES)  # the last one is not full
PATTERNS = (8, 16)  # strokes in a bar of 4/4


def empty_bar_ratio(roll: Bools, bars: Ints) -> Floats:
    """Share of bars in which nothing sounds, per track; a bar into which a note is held is not empty.

    roll: bool [step, 128, track]. bars: int [bar], first step of each bar, from 0; a shorter last bar counts.
    Returns float [track]; NaN where there is no step at all. Raises ShapeError.
    Dong et al. 2018, EB: empty bars, not the others.
    """
    sounds = np.asarray(_used(roll, bars).any(1))
    return _ratio((~sounds).sum(0), np.full(sounds.shape[1], len(sounds)))


def pitch_histogram(cells: Bools) -> Floats:
    """Share of each pitch, per track: float [track, 128], rows of sum 1; a row of NaN where a track is silent.

    cells: bool [step, 128, track]: give it onsets to count notes, a pianoroll to count time. Raises ShapeError.
    Yang & Lerch 2020, PCH.
    """
    return _rows_to_shares(check_roll(cells).sum(0).T)


def pitch_class_histogram(cells: Bools) -> Floats:
    """Share of each pitch class, C first, octaves folded, per track: float [track, 12]; else as `pitch_histogram`."""
    return _rows_to_shares(_fold(check_roll(cells).sum(0)).T)


def histogram_distance(first: ArrayLike, second: ArrayLike) -> Floats:
    """Total variation of two histograms, half the sum of their differences: 0 alike, 1 nothing in common.

    first, second: float [..., class], each of sum 1; leading axes broadcast. Returns float [...]; NaN where either is.
    Raises ShapeError where they do not fit.
    """
    a, b = np.asarray(first, np.float64), np.asarray(second, np.float64)
    if a.shape[-1:] != b.shape[-1:] or not a.ndim:
        raise ShapeError(
            f"histograms to compare have as many classes, got {list(a.shape)} and {list(b.shape)}"
        )
    try:
        return np.asarray(np.abs(a - b).sum(-1) / 2)
    except ValueError as error:
        raise ShapeError(
            f"histograms {list(a.shape)} and {list(b.shape)} do not broadcast"
        ) from error


def in_scale_ratio(roll: Bools, scale: ArrayLike = C_MAJOR) -> Floats:
    """Share of sounding cells whose pitch class is in `scale`, per track.

    roll: bool [step, 128, track]; onsets count notes instead of time. scale: bool [12], C first.
    Returns float [track]; NaN where a track is silent. Raises ShapeError.
    Dong et al. 2018 (MuseGAN), with octaves folded: C4 and C5 are one class.
    """
    mask = np.asarray(scale)
    if mask.shape != (CLASSES,) or mask.dtype != bool:
        raise ShapeError(f"a scale is bool [12], C first, got {mask.dtype} {list(mask.shape)}")
    counts = _fold(check_roll(roll).sum(0))
    return _ratio(counts[mask].sum(0), counts.sum(0))


def key_scale(tonic: int, is_minor: bool = False) -> Bools:
    """The pitch classes of a key, bool [12], C first: seven of major; nine of minor, with both sixths and sevenths."""
    return np.roll(IN_KEY[int(is_minor)], tonic)


def own_scale(roll: Bools) -> Bools:
    """The scale, bool [12], of the likeliest key of all tracks together (`theory.estimate_key`); C major for silence.

    roll: bool [step, 128, track], without drums. For `in_scale_ratio` in the piece's own key. Raises ShapeError.
    """
    return key_scale(*estimate_key(_fold(check_roll(roll).sum(0)).sum(1)))


def pitches_per_bar(roll: Bools, bars: Ints) -> Floats:
    """How many different pitches a bar uses, mean over the bars in which the track sounds.

    roll: bool [step, 128, track]. bars: int [bar], as in `empty_bar_ratio`; a held note counts in each of its bars.
    Returns float [track]; NaN where a track is silent. Raises ShapeError. Yang & Lerch 2020, PC.
    """
    return _mean_count(_used(roll, bars))


def pitch_classes_per_bar(roll: Bools, bars: Ints) -> Floats:
    """How many different pitch classes a bar uses, octaves folded; else as `pitches_per_bar`. Dong et al. 2018, UPC."""
    return _mean_count(np.asarray(split_octaves(_used(roll, bars), axis=1).any(1)))


def qualified_note_ratio(roll: Bools, onsets: Bools, shortest: int = 2) -> Floats:
    """Share of notes that last at least `shortest` steps, per track: low where music is fragmented.

    roll, onsets: bool [step, 128, track]. A note starts at an onset and where a pitch begins to sound, and ends before
    the next or a rest; one still held at the end is as long as it is there. An onset where nothing sounds is no note.
    Returns float [track]; NaN where a track is silent. Raises ShapeError.
    Dong et al. 2018, QN: there at least a thirty-second note, 3 steps of 24 a beat.
    """
    roll, onsets = check_roll(roll), check_roll(onsets, "onsets are")
    if roll.shape != onsets.shape:
        raise ShapeError(
            f"onsets are as the pianoroll, {list(roll.shape)}, got {list(onsets.shape)}"
        )
    track, length = _notes(roll, onsets)
    tracks = roll.shape[2]
    return _ratio(
        np.bincount(track[length >= shortest], minlength=tracks),
        np.bincount(track, minlength=tracks),
    )


def polyphonic_ratio(roll: Bools, threshold: int = 2) -> Floats:
    """Share of all steps in which at least `threshold` pitches sound, per track.

    roll: bool [step, 128, track]. Rests count as steps, so a silent track is 0. Returns float [track]; NaN where there
    is no step at all. Raises ShapeError.
    Dong & Yang 2018 (Binary MuseGAN), PP; with at least two pitches, as in MuseGAN's first code: intervals count.
    """
    roll = check_roll(roll)
    return _ratio((roll.sum(1) >= threshold).sum(0), np.full(roll.shape[2], len(roll)))


def tonal_distance(roll: Bools, steps: int = STEPS) -> Floats:
    """How far apart two tracks are in tonal space, for each pair: mean over the spans in which both sound.

    roll: bool [step, 128, track], without drums. steps: of a span, a beat by default; a shorter last one counts.
    Returns float [track, track], symmetric, 0 on the diagonal; NaN where two tracks never sound in one span.
    Raises ShapeError.
    Harte et al. 2006: how long each pitch class sounds in a span, as shares, is a point in a space of fifths, minor
    and major thirds (radii 1, 1, .5); the distance is Euclidean. C and G are 1.737 apart. Dong et al. 2018, TD.
    """
    roll = check_roll(roll)
    if steps < 1:
        raise ShapeError(f"a span is at least a step, got {steps}")
    whole = np.concatenate([roll, np.zeros((-len(roll) % steps, *roll.shape[1:]), bool)])
    spans = whole.reshape(len(whole) // steps, steps, *roll.shape[1:])
    counts = split_octaves(spans.sum(1), axis=1).sum(1).transpose(0, 2, 1)
    total = counts.sum(2, keepdims=True)  # [span, track, 1]
    place = counts / np.maximum(total, 1) @ TONAL_SPACE
    apart = np.linalg.norm(place[:, :, None] - place[:, None], axis=-1)
    both = (total > 0) & (total > 0).transpose(0, 2, 1)
    return _ratio(np.where(both, apart, 0).sum(0), both.sum(0))


def drum_pattern_ratio(
    onsets: Bools, steps_per_beat: int = STEPS, pattern: int = 8, bars: Ints | None = None
) -> Floats:
    """Share of strokes on the eighths (`pattern` 8) or the sixteenths (16) of the bar, per track.

    onsets: bool [step, 128, track]; a stroke that rings on is one. pattern: strokes in a bar of 4/4; at four steps a
    beat all are on the sixteenths. bars: int [bar] as in `empty_bar_ratio`, to count from the start of each bar, in a
    first bar that may be short from its end; without them from step 0.
    Returns float [track]; NaN for a track without onsets. Raises ShapeError. Dong et al. 2018, DP.
    """
    onsets = check_roll(onsets, "onsets are")
    parts = pattern // 4
    if pattern not in PATTERNS or steps_per_beat < 1 or steps_per_beat % parts:
        raise ShapeError(
            f"a pattern is 8 or 16 and divides the beat, got {pattern} at {steps_per_beat} steps a beat"
        )
    strokes = onsets.sum(1)
    place = (
        np.arange(len(onsets))
        if bars is None
        else _place(_checked_bars(bars, len(onsets)), len(onsets))
    )
    return _ratio(strokes[place % (steps_per_beat // parts) == 0].sum(0), strokes.sum(0))


def check_roll(cells: Bools, what: str = "a pianoroll is") -> Bools:
    """The array itself. Raises ShapeError if it is not bool [step, 128, track]."""
    array = np.asarray(cells)
    if array.ndim != 3 or array.shape[1] != PITCHES or array.dtype != bool:
        raise ShapeError(f"{what} bool [step, 128, track], got {array.dtype} {list(array.shape)}")
    return array


def _checked_bars(bars: Ints, steps: int) -> Ints:
    """The bars as they are; none for no steps."""
    array = np.asarray(bars)
    if array.ndim != 1 or (len(array) and array.dtype.kind not in "iu"):
        raise ShapeError(
            f"bars are int [bar], the first step of each, got {array.dtype} {list(array.shape)}"
        )
    if not steps:
        return np.zeros(0, np.int64)
    array = array.astype(np.int64)
    if not len(array) or array[0] or (np.diff(array) <= 0).any() or array[-1] >= steps:
        raise ShapeError(
            f"bars start at 0, rise, and start before the end, step {steps}; got {_short(array)}"
        )
    return array


def _short(numbers: Ints) -> str:
    text = ", ".join(str(n) for n in numbers[:6].tolist())
    return f"[{text}, ... {numbers[-1]}]" if len(numbers) > 6 else f"[{text}]"


def _ratio(part: ArrayLike, whole: ArrayLike) -> Floats:
    part, whole = np.asarray(part, np.float64), np.asarray(whole)
    return np.asarray(np.divide(part, whole, out=np.full(part.shape, np.nan), where=whole > 0))


def _rows_to_shares(counts: Ints) -> Floats:
    return _ratio(counts, np.broadcast_to(counts.sum(-1, keepdims=True), counts.shape))


def split_octaves(cells: Bools | Ints, axis: int) -> Bools | Ints:
    """The axis of 128 pitches as two, octave before class: [..., 11, 12, ...]. The other order mixes the classes."""
    room = [(0, 0)] * cells.ndim
    room[axis] = (0, OCTAVES * CLASSES - PITCHES)
    shape = (*cells.shape[:axis], OCTAVES, CLASSES, *cells.shape[axis + 1 :])
    return np.pad(cells, room).reshape(shape)


def _fold(counts: Ints) -> Ints:
    """Counts by pitch, int [128, track], summed by pitch class: int [12, track]."""
    return np.asarray(split_octaves(counts, axis=0).sum(0))


def _used(roll: Bools, bars: Ints) -> Bools:
    """Which pitches sound in which bar: bool [bar, 128, track]."""
    roll, bars = check_roll(roll), _checked_bars(bars, len(roll))
    if not len(bars):
        return np.zeros((0, *roll.shape[1:]), bool)
    return np.logical_or.reduceat(roll, bars, axis=0)


def _mean_count(used: Bools | Ints) -> Floats:
    """Mean number used, of bool [bar, pitch or class, track], over the bars that use any: float [track]."""
    counts = used.sum(1)
    return _ratio(counts.sum(0), (counts > 0).sum(0))


def _notes(roll: Bools, onsets: Bools) -> tuple[Ints, Ints]:
    """Track and length in steps of every note: two int [note].

    Steps lie last before starts and ends are paired, so that each start is followed by its own end.
    """
    held = np.ascontiguousarray(roll.transpose(2, 1, 0))
    starts = held & onsets.transpose(2, 1, 0)
    starts[..., :1] |= held[..., :1]
    starts[..., 1:] |= held[..., 1:] & ~held[..., :-1]
    ends = held.copy()
    ends[..., :-1] &= ~held[..., 1:] | starts[..., 1:]
    first, last = np.flatnonzero(starts), np.flatnonzero(ends)
    return first // max(PITCHES * len(roll), 1), last - first + 1


def _place(bars: Ints, steps: int) -> Ints:
    """Steps from the start of the bar: int [step]; in the first bar, which may be a pickup, from its end, below 0."""
    if not len(bars):
        return np.zeros(0, np.int64)
    origin = bars.copy()
    origin[:1] = bars[1:2] if len(bars) > 1 else bars[:1]
    at = np.arange(steps)
    return np.asarray(at - origin[np.searchsorted(bars, at, side="right") - 1])
