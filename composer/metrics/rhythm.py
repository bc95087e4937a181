"""When voices move: how often, on the beat or between, together with the soprano or alone."""

from __future__ import annotations

import numpy as np

from composer.metrics.grids import (
    STEPS_PER_BEAT,
    Floats,
    Ints,
    mean_where,
    note_starts,
    split_lower_voices,
)

LONG = 8  # steps: a half note


def rhythm_features(voices: Ints) -> dict[str, Floats]:
    """Return the ladder's features of rhythm, float [...] each, of int [..., step, 4]; undefined is
    0.

    Of alto, tenor and bass each (`_A`, `_T`, `_B`): `onsets`, notes a beat; `offbeat_eighths` and
    `offbeat_sixteenths`, those of them that start there; `with_soprano`, share of the notes that
    start together with one of the soprano; `long_notes`, share of the steps in notes of two beats
    or more. Of all voices: `homorhythm`.
    """
    starts = note_starts(voices)
    beats = voices.shape[-2] / STEPS_PER_BEAT
    soprano_starts = np.broadcast_to(starts[..., :1], starts.shape)
    eighths = starts[..., 2::STEPS_PER_BEAT, :]
    sixteenths = starts[..., 1::2, :]
    is_long = note_lengths(voices) >= LONG
    measured = split_lower_voices(
        onsets=starts.sum(-2) / beats,
        offbeat_eighths=eighths.sum(-2) / beats,
        offbeat_sixteenths=sixteenths.sum(-2) / beats,
        with_soprano=mean_where(soprano_starts, starts, axis=-2),
        long_notes=is_long.mean(-2),
    )
    measured["homorhythm"] = homorhythm(voices)
    return {name: np.nan_to_num(value) for name, value in measured.items()}


def homorhythm(voices: Ints) -> Floats:
    """Return the share of the steps with a new note in which all voices have one: float [...]; NaN
    for silence.

    >>> float(homorhythm(np.array([[60, 55], [62, 53], [62, 52], [62, 52]])))
    0.6666666666666666
    """
    starts = note_starts(voices)
    return mean_where(starts.all(-1), starts.any(-1))


def offbeat_changes(voices: Ints, steps_per_beat: int = STEPS_PER_BEAT) -> Floats:
    """Return the share of a voice's sounding steps between the eighths that bring a new pitch:
    float [..., voice].

    It is high if pitch flickers; the alto of Bach's chorales has .01. A repeated note is no change,
    one after a rest is. The ladder's `offbeat_sixteenths` counts the same notes per beat. NaN for a
    voice that never sounds between the eighths, so always with one or two steps a beat.

    >>> offbeat_changes(np.array([[60, 55], [60, 56], [60, 57], [60, 57]]))
    array([0. , 0.5])
    """
    step = np.arange(voices.shape[-2])
    is_between = 2 * step % steps_per_beat != 0
    sounds_between = (voices >= 0) & is_between[:, None]
    return mean_where(note_starts(voices), sounds_between, axis=-2)


def note_lengths(voices: Ints) -> Ints:
    """Return how many steps the note that sounds there lasts in all: int [..., step, voice]; 0 for
    rests.

    >>> note_lengths(np.array([[60], [60], [-1], [62]]))[:, 0]
    array([2, 2, 0, 1])
    """
    lines = np.moveaxis(voices, -1, -2)  # a voice is a row
    new = np.ones(lines.shape, bool)
    before = lines[..., :-1]
    new[..., 1:] = lines[..., 1:] != before
    # Notes are numbered through all rows; each row begins a new one, so none goes on in the next.
    note = np.cumsum(new.ravel()) - 1
    steps_of_note = np.bincount(note)
    lengths = steps_of_note[note].reshape(lines.shape)
    sounding = np.where(lines >= 0, lengths, 0)
    return np.asarray(np.moveaxis(sounding, -2, -1), np.int64)
