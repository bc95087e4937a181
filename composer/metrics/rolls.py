"""Metrics of pianorolls of any number of tracks: pure functions that give a number a track.

A pianoroll is bool [step, 128, track]: which pitch sounds when. Its onsets, of the same shape, mark
where notes start; they split repeated notes. Bars are int [bar], the first step of each. Arrays are
never changed.

What is undefined is NaN: a share of nothing, a mean over no bar. Most metrics are from MuseGAN
(Dong et al. 2018, AAAI); README.md beside this file shows which published code computes something
else.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from composer.errors import ShapeError
from composer.metrics.grids import STEPS_PER_BEAT, Bools, Floats, Ints
from composer.metrics.harmony import CLASSES, IN_KEY, TONAL_SPACE
from composer.songs.theory import C_MAJOR, estimate_key

PITCHES = 128
OCTAVES = -(-PITCHES // CLASSES)  # the last one is not full
PATTERNS = (8, 16)  # strokes in a bar of 4/4
SHOWN = 6  # numbers of an array that a message shows


# --- bars --------------------------------------------------------------------------------


def empty_bar_ratio(roll: Bools, bars: Ints) -> Floats:
    """Return the share of bars in which nothing sounds, per track; a bar into which a note is held
    is not empty.

    roll: bool [step, 128, track]. bars: int [bar], first step of each bar, from 0; a shorter last
    bar counts. Returns float [track], 0 to 1; NaN if there is no step at all. Raise ShapeError.
    Dong et al. 2018, EB: empty bars, not the others.

    >>> roll = np.zeros((32, 128, 1), bool)
    >>> roll[0:4, 60, 0] = True  # C4 in the first of two bars
    >>> empty_bar_ratio(roll, np.array([0, 16]))
    array([0.5])
    """
    sounds = np.asarray(_used(roll, bars).any(1))
    empty = (~sounds).sum(0)
    every_bar = np.full(sounds.shape[1], len(sounds))
    return _ratio(empty, every_bar)


def pitches_per_bar(roll: Bools, bars: Ints) -> Floats:
    """Return how many different pitches a bar uses: mean over the bars in which the track sounds.

    roll: bool [step, 128, track]. bars: int [bar], as in `empty_bar_ratio`; a held note counts in
    each of its bars. Returns float [track], 1 or more; NaN for a silent track. Raise ShapeError.
    Yang & Lerch 2020, PC.

    >>> roll = np.zeros((16, 128, 1), bool)
    >>> roll[0:4, 60, 0] = roll[4:8, 72, 0] = True
    >>> pitches_per_bar(roll, np.array([0]))
    array([2.])
    """
    return _mean_count(_used(roll, bars))


def pitch_classes_per_bar(roll: Bools, bars: Ints) -> Floats:
    """Return how many different pitch classes a bar uses, octaves folded; else as
    `pitches_per_bar`.

    Dong et al. 2018, UPC.

    >>> roll = np.zeros((16, 128, 1), bool)
    >>> roll[0:4, 60, 0] = roll[4:8, 72, 0] = True  # C4 and C5 are one class
    >>> pitch_classes_per_bar(roll, np.array([0]))
    array([1.])
    """
    octaves = split_octaves(_used(roll, bars), axis=1)
    return _mean_count(np.asarray(octaves.any(1)))


# --- pitches -----------------------------------------------------------------------------


def pitch_histogram(cells: Bools) -> Floats:
    """Return the share of each pitch, per track: float [track, 128], rows of sum 1; NaN for a
    silent track.

    cells: bool [step, 128, track]; onsets count notes, a pianoroll counts time. Raise ShapeError.
    Yang & Lerch 2020, PCH.

    >>> roll = np.zeros((4, 128, 1), bool)
    >>> roll[0:3, 60, 0] = roll[3, 62, 0] = True
    >>> pitch_histogram(roll)[0, 60:63]
    array([0.75, 0.  , 0.25])
    """
    counts = check_roll(cells).sum(0)
    return _rows_to_shares(counts.T)


def pitch_class_histogram(cells: Bools) -> Floats:
    """Return the share of each pitch class, C first, octaves folded: float [track, 12]; else as
    `pitch_histogram`.

    >>> roll = np.zeros((4, 128, 1), bool)
    >>> roll[0:3, 60, 0] = roll[3, 72, 0] = True
    >>> float(pitch_class_histogram(roll)[0, 0])
    1.0
    """
    counts = check_roll(cells).sum(0)
    return _rows_to_shares(_fold(counts).T)


def histogram_distance(first: ArrayLike, second: ArrayLike) -> Floats:
    """Return the total variation of two histograms, half the sum of their differences.

    first, second: float [..., class], each of sum 1; leading axes broadcast. Returns float [...]: 0
    if alike, 1 if nothing is in common, NaN if either is. Raise ShapeError if they do not fit.

    >>> float(histogram_distance([0.75, 0.25, 0.0], [0.25, 0.25, 0.5]))
    0.5
    """
    a = np.asarray(first, np.float64)
    b = np.asarray(second, np.float64)
    has_classes = a.ndim > 0 and a.shape[-1:] == b.shape[-1:]
    if not has_classes:
        raise ShapeError(
            f"histograms to compare have as many classes, got {list(a.shape)} and {list(b.shape)}"
        )
    try:
        apart = np.abs(a - b)
    except ValueError as error:
        raise ShapeError(
            f"histograms {list(a.shape)} and {list(b.shape)} do not broadcast"
        ) from error
    return np.asarray(apart.sum(-1) / 2)


def in_scale_ratio(roll: Bools, scale: ArrayLike = C_MAJOR) -> Floats:
    """Return the share of sounding cells whose pitch class is in `scale`, per track.

    roll: bool [step, 128, track]; onsets count notes instead of time. scale: bool [12], C first.
    Returns float [track], 0 to 1; NaN for a silent track. Raise ShapeError.
    Dong et al. 2018 (MuseGAN), with octaves folded: C4 and C5 are one class.

    >>> roll = np.zeros((4, 128, 1), bool)
    >>> roll[0:3, 60, 0] = roll[3, 61, 0] = True  # C4, then C sharp 4
    >>> in_scale_ratio(roll)
    array([0.75])
    """
    mask = np.asarray(scale)
    if mask.shape != (CLASSES,) or mask.dtype != bool:
        raise ShapeError(
            f"a scale is bool [12], C first, got {mask.dtype} {list(mask.shape)}"
        )
    counts = _fold(check_roll(roll).sum(0))
    inside = counts[mask].sum(0)
    return _ratio(inside, counts.sum(0))


def key_scale(tonic: int, is_minor: bool = False) -> Bools:
    """Return the pitch classes of a key, bool [12], C first: seven of major, nine of minor.

    Minor has both its sixths and both its sevenths.

    >>> np.flatnonzero(key_scale(7))  # G major
    array([ 0,  2,  4,  6,  7,  9, 11])
    """
    return np.roll(IN_KEY[int(is_minor)], tonic)


def own_scale(roll: Bools) -> Bools:
    """Return the scale of the likeliest key of all tracks together, bool [12]; C major for silence.

    roll: bool [step, 128, track], without drums. `in_scale_ratio` of it is the share in the piece's
    own key. The key is that of `songs.theory.estimate_key`. Raise ShapeError.

    >>> roll = np.zeros((3, 128, 1), bool)
    >>> roll[[0, 1, 2], [62, 66, 69], 0] = True  # D, F sharp, A
    >>> bool((own_scale(roll) == key_scale(2)).all())
    True
    """
    counts = _fold(check_roll(roll).sum(0))
    tonic, is_minor = estimate_key(counts.sum(1))
    return key_scale(tonic, is_minor)


# --- notes -------------------------------------------------------------------------------


def qualified_note_ratio(
    roll: Bools,
    onsets: Bools,
    shortest: int = 2,
) -> Floats:
    """Return the share of notes that last at least `shortest` steps, per track: low if music is
    fragmented.

    roll, onsets: bool [step, 128, track]. A note starts at an onset and where a pitch begins to
    sound. It ends before the next one or a rest; one still held at the end is as long as it is
    there. An onset in silence is no note. Returns float [track], 0 to 1; NaN for a silent track.
    Raise ShapeError.
    Dong et al. 2018, QN: there at least a thirty-second note, 3 steps of 24 a beat.

    >>> roll = np.zeros((8, 128, 1), bool)
    >>> roll[0:3, 60, 0] = roll[4, 62, 0] = True
    >>> qualified_note_ratio(roll, np.zeros_like(roll))
    array([0.5])
    """
    roll = check_roll(roll)
    onsets = check_roll(onsets, "onsets are")
    if roll.shape != onsets.shape:
        raise ShapeError(
            f"onsets are as the pianoroll, {list(roll.shape)}, got {list(onsets.shape)}"
        )
    track, length = _notes(roll, onsets)
    tracks = roll.shape[2]
    is_long = length >= shortest
    long_notes = np.bincount(track[is_long], minlength=tracks)
    notes = np.bincount(track, minlength=tracks)
    return _ratio(long_notes, notes)


def polyphonic_ratio(roll: Bools, threshold: int = 2) -> Floats:
    """Return the share of all steps in which at least `threshold` pitches sound, per track.

    roll: bool [step, 128, track]. Rests count as steps, so a silent track has 0.
    Returns float [track], 0 to 1; NaN if there is no step at all. Raise ShapeError.
    Dong & Yang 2018 (Binary MuseGAN), PP; with at least two pitches, as in MuseGAN's first code:
    intervals count.

    >>> roll = np.zeros((4, 128, 1), bool)
    >>> roll[:, 60, 0] = roll[0, 64, 0] = True
    >>> polyphonic_ratio(roll)
    array([0.25])
    """
    roll = check_roll(roll)
    is_polyphonic = roll.sum(1) >= threshold
    every_step = np.full(roll.shape[2], len(roll))
    return _ratio(is_polyphonic.sum(0), every_step)


def drum_pattern_ratio(
    onsets: Bools,
    steps_per_beat: int = STEPS_PER_BEAT,
    pattern: int = 8,
    bars: Ints | None = None,
) -> Floats:
    """Return the share of strokes on the eighths (`pattern` 8) or sixteenths (16) of the bar, per
    track.

    onsets: bool [step, 128, track]; a stroke that rings on is one. pattern: strokes in a bar of
    4/4; at four steps a beat all are on the sixteenths. bars: int [bar] as in `empty_bar_ratio`, to
    count from the start of each bar, in a first bar that may be short from its end; without them
    from step 0.
    Returns float [track], 0 to 1; NaN for a track without onsets. Raise ShapeError. Dong et al.
    2018, DP.

    >>> onsets = np.zeros((16, 128, 1), bool)
    >>> onsets[[0, 4, 7], 36, 0] = True  # bass drum
    >>> drum_pattern_ratio(onsets)
    array([0.66666667])
    """
    onsets = check_roll(onsets, "onsets are")
    parts = pattern // 4
    if pattern not in PATTERNS or steps_per_beat < 1 or steps_per_beat % parts:
        raise ShapeError(
            "a pattern is 8 or 16 and divides the beat, "
            f"got {pattern} at {steps_per_beat} steps a beat"
        )
    steps = len(onsets)
    place = np.arange(steps)
    if bars is not None:
        place = _place(_checked_bars(bars, steps), steps)
    strokes = onsets.sum(1)
    distance = steps_per_beat // parts
    on_pattern = strokes[place % distance == 0]
    return _ratio(on_pattern.sum(0), strokes.sum(0))


# --- tracks ------------------------------------------------------------------------------


def tonal_distance(roll: Bools, steps: int = STEPS_PER_BEAT) -> Floats:
    """Return how far apart two tracks are in tonal space, for each pair: mean over the spans in
    which both sound.

    roll: bool [step, 128, track], without drums. steps: of a span, a beat by default; a shorter
    last one counts. Returns float [track, track], 0 or more, symmetric, 0 on the diagonal; NaN if
    two tracks never sound in one span. Raise ShapeError.
    Harte et al. 2006: how long each pitch class sounds in a span, as shares, is a point in a space
    of fifths, minor and major thirds (radii 1, 1, .5); the distance is Euclidean. Dong et al. 2018,
    TD.

    >>> roll = np.zeros((4, 128, 2), bool)
    >>> roll[:, 60, 0] = roll[:, 67, 1] = True  # C4 and G4
    >>> tonal_distance(roll).round(3)
    array([[0.   , 1.737],
           [1.737, 0.   ]])
    """
    roll = check_roll(roll)
    if steps < 1:
        raise ShapeError(f"a span is at least a step, got {steps}")
    counts = _span_counts(roll, steps)
    total = counts.sum(2, keepdims=True)  # [span, track, 1]
    # Silence lies at the origin, but no span of it is counted below.
    place = counts / np.maximum(total, 1) @ TONAL_SPACE
    between = place[:, :, None] - place[:, None]
    apart = np.linalg.norm(between, axis=-1)
    sounds = total > 0
    both_sound = sounds & sounds.transpose(0, 2, 1)
    known = np.where(both_sound, apart, 0)
    return _ratio(known.sum(0), both_sound.sum(0))


def _span_counts(roll: Bools, steps: int) -> Ints:
    """Count how long each pitch class sounds in spans of `steps` steps: int [span, track, 12]."""
    # Silence fills the last span up.
    missing = -len(roll) % steps
    silence = np.zeros((missing, *roll.shape[1:]), bool)
    whole = np.concatenate([roll, silence])
    count = len(whole) // steps
    spans = whole.reshape(count, steps, *roll.shape[1:])
    octaves = split_octaves(spans.sum(1), axis=1)
    return np.asarray(octaves.sum(1).transpose(0, 2, 1))


# --- arrays ------------------------------------------------------------------------------


def check_roll(cells: Bools, what: str = "a pianoroll is") -> Bools:
    """Return the array itself.

    Raise ShapeError unless it is bool [step, 128, track]; `what` begins the message.
    """
    array = np.asarray(cells)
    has_pitches = array.ndim == 3 and array.shape[1] == PITCHES
    if not has_pitches or array.dtype != bool:
        raise ShapeError(
            f"{what} bool [step, 128, track], got {array.dtype} {list(array.shape)}"
        )
    return array


def split_octaves(cells: Bools | Ints, axis: int) -> Bools | Ints:
    """Return the axis of 128 pitches as two, octave before class: [..., 11, 12, ...]."""
    room = [(0, 0)] * cells.ndim
    room[axis] = (0, OCTAVES * CLASSES - PITCHES)
    # The other order, class before octave, mixes the classes: other evaluators read C sharp as C
    # that way.
    before = cells.shape[:axis]
    after = cells.shape[axis + 1 :]
    shape = (*before, OCTAVES, CLASSES, *after)
    return np.pad(cells, room).reshape(shape)


def _checked_bars(bars: Ints, steps: int) -> Ints:
    """Return the bars, none if there are no steps.

    Raise ShapeError unless they rise from 0 and begin before the end.
    """
    array = np.asarray(bars)
    # No bars at all are an array of floats.
    has_type = not array.size or array.dtype.kind in "iu"
    if array.ndim != 1 or not has_type:
        raise ShapeError(
            f"bars are int [bar], the first step of each, got {array.dtype} {list(array.shape)}"
        )
    if not steps:
        return np.zeros(0, np.int64)
    array = array.astype(np.int64)
    rises = bool((np.diff(array) > 0).all())
    starts_at_0 = len(array) > 0 and array[0] == 0
    if not starts_at_0 or not rises or array[-1] >= steps:
        raise ShapeError(
            f"bars start at 0, rise, and start before the end, step {steps}; got {_short(array)}"
        )
    return array


def _short(numbers: Ints) -> str:
    shown = numbers[:SHOWN].tolist()
    text = ", ".join(map(str, shown))
    if len(numbers) > SHOWN:
        text += f", ... {numbers[-1]}"
    return f"[{text}]"


def _ratio(part: ArrayLike, whole: ArrayLike) -> Floats:
    """Divide part by whole; NaN if there is no whole."""
    part = np.asarray(part, np.float64)
    whole = np.asarray(whole)
    undefined = np.full(part.shape, np.nan)
    # Divided only if there is something: so nothing warns, and the rest stays undefined.
    is_defined = whole > 0
    return np.asarray(np.divide(part, whole, out=undefined, where=is_defined))


def _rows_to_shares(counts: Ints) -> Floats:
    total = counts.sum(-1, keepdims=True)
    return _ratio(counts, np.broadcast_to(total, counts.shape))


def _fold(counts: Ints) -> Ints:
    """Sum counts by pitch, int [128, track], by pitch class: int [12, track]."""
    return np.asarray(split_octaves(counts, axis=0).sum(0))


def _used(roll: Bools, bars: Ints) -> Bools:
    """Mark the pitches that sound in each bar: bool [bar, 128, track]."""
    roll = check_roll(roll)
    bars = _checked_bars(bars, len(roll))
    if not len(bars):
        return np.zeros((0, *roll.shape[1:]), bool)
    return np.logical_or.reduceat(roll, bars, axis=0)


def _mean_count(used: Bools | Ints) -> Floats:
    """Return the mean number used over the bars that use any: float [track].

    used: bool [bar, pitch or class, track].
    """
    # Bars without a note say nothing about how many pitches a bar uses.
    counts = used.sum(1)
    bars_used = (counts > 0).sum(0)
    return _ratio(counts.sum(0), bars_used)


def _notes(roll: Bools, onsets: Bools) -> tuple[Ints, Ints]:
    """Return track and length in steps of every note: two int [note]."""
    # Steps lie last before starts and ends are paired, so that each start is followed by its own
    # end.
    held = np.ascontiguousarray(roll.transpose(2, 1, 0))
    starts = held & onsets.transpose(2, 1, 0)
    starts[..., :1] |= held[..., :1]
    held_after = held[..., 1:]
    starts[..., 1:] |= held_after & ~held[..., :-1]
    ends = held.copy()
    ends[..., :-1] &= ~held_after | starts[..., 1:]
    first = np.flatnonzero(starts)
    last = np.flatnonzero(ends)
    cells = PITCHES * len(roll)  # of one track
    return first // max(cells, 1), last - first + 1


def _place(bars: Ints, steps: int) -> Ints:
    """Count steps from the start of their bar: int [step].

    In the first bar they count from its end, and are negative.
    """
    if not len(bars):
        return np.zeros(0, np.int64)
    origin = bars.copy()
    # The first bar may be a pickup, whose end is that of a full bar.
    if len(bars) > 1:
        origin[0] = bars[1]
    at = np.arange(steps)
    bar = np.searchsorted(bars, at, side="right") - 1
    return np.asarray(at - origin[bar])
