"""From a melody to windows of pianoroll and back.

A melody is cut into windows of two bars (32 sixteenths), each a pianoroll with the values -1 and 1.
The network draws the pianorolls of all four voices at once, and what lies above 0 sounds. A
pianoroll does not tell a repeated note from a long one, knows no key or metre, and no window hears
the one before it.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from composer.errors import MelodyError
from composer.generators.family import Arrays, Request
from composer.generators.latents import Array
from composer.generators.unet.config import PITCHES, STEPS, TRACKS, VOICES, UnetConfig
from composer.generators.unet.latents import draw_noise
from composer.songs.edit import Melody, cut_notes
from composer.songs.grid import Bools, from_pianoroll, to_pianoroll
from composer.songs.song import Song, Track

SOFTER = 0.85  # velocity of the added voices, times that of the melody


def encode(
    song: Song,  # noqa: ARG001
    melody: Melody,
    request: Request,
    config: UnetConfig,
) -> tuple[Arrays, int]:
    """Return the melody's windows, float [window, 32, 128, 1] of -1 and 1, with their noise; and
    its steps.

    Raise MelodyError if the melody has no notes.
    """
    if not melody.line.notes:
        raise MelodyError("a melody needs at least one note; the track has none")
    roll = to_pianoroll(Song((melody.line,)))
    # Rounded up: the last window is filled with silence, because the network knows one size only.
    count = -(-len(roll) // STEPS)
    padded = np.zeros((count * STEPS, PITCHES, 1), bool)
    padded[: len(roll)] = roll
    inputs = {
        "melody": signed(padded.reshape(count, STEPS, PITCHES, 1)),
        "noise": draw_noise(request.origin, count, config),
    }
    return inputs, len(roll)


def signed(roll: Bools) -> Array:
    """Return -1 for silence and 1 for sound.

    >>> signed(np.array([True, False])).tolist()
    [1.0, -1.0]
    """
    return np.where(roll, np.float32(1), np.float32(-1))


def decode(
    outputs: Arrays,
    steps: int,
    song: Song,
    melody: Melody,
) -> Song:
    """Return the arrangement: the melody as it came, then alto, tenor and bass.

    outputs: roll float [window, 32, 128, 4], soprano first, sounding above 0. The windows are
    joined and cut at `steps`.
    """
    whole = (outputs["roll"] > 0).reshape(-1, PITCHES, TRACKS)
    # The network draws a soprano too; the melody takes its place.
    added = whole[:steps, :, 1:]
    kept = melody.kept
    loudness = float(np.mean([note.velocity for note in melody.line.notes]))
    velocity = max(1, round(SOFTER * loudness))
    like = [Track(name=name, program=kept.program) for name in VOICES[1:]]
    tracks = [kept if kept.name else replace(kept, name="Melody")]
    # The last step may reach beyond the melody; the voices do not.
    for track in from_pianoroll(added, like=like).tracks:
        cut = cut_notes(track.notes, melody.line.end)
        notes = tuple(replace(note, velocity=velocity) for note in cut)
        tracks.append(replace(track, notes=notes))
    return replace(song, tracks=tuple(tracks))
