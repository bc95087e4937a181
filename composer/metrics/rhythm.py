"""When voices move: how often, off the beat or on it, with the soprano or alone."""

from __future__ import annotations

import numpy as np

from composer.metrics.grids import STEPS, Floats, Ints, lower_voices, mean_where, note_starts

LONG = 8  # steps: a half note


def rhythm_features(voices: Ints) -> dict[str, Floats]:
    """Per lower voice: notes a beat (all, on off-beat eighths, on sixteenths), share of notes that start with the
    soprano's, share of steps in notes of two beats or more; and `homorhythm`. float [...] each.
    """
    starts = note_starts(voices)
    beats = voices.shape[-2] / STEPS
    return {
        **lower_voices(
            onsets=starts.sum(-2) / beats,
            offbeat_eighths=starts[..., 2::STEPS, :].sum(-2) / beats,
            offbeat_sixteenths=starts[..., 1::2, :].sum(-2) / beats,
            with_soprano=mean_where(
                np.broadcast_to(starts[..., :1], starts.shape), starts, axis=-2
            ),
            long_notes=(note_lengths(voices) >= LONG).mean(-2),
        ),
        "homorhythm": mean_where(starts.all(-1), starts.any(-1)),
    }


def note_lengths(voices: Ints) -> Ints:
    """Steps that the note sounding there lasts in all: int [..., step, voice]; 0 for rests."""
    lines = np.moveaxis(voices, -1, -2)  # a voice is a row
    new = np.ones(lines.shape, bool)
    new[..., 1:] = lines[..., 1:] != lines[..., :-1]
    note = np.cumsum(new.ravel()) - 1
    lengths = np.bincount(note)[note].reshape(lines.shape)
    return np.asarray(np.moveaxis(np.where(lines >= 0, lengths, 0), -2, -1), np.int64)
