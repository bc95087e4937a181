"""Songs onto the steps of a beat: sixteenths, or thirds for the beats that are triplets."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from composer.songs.grid import CLOSE, RESOLUTION, TINY, Floats
from composer.songs.song import Song, Track

THIRDS = 3  # of a beat
# Beats. Onsets that lie nearer to the steps than that are no triplet, however near thirds are.
STRAIGHT = 1 / 24


def quantise(song: Song, resolution: int = RESOLUTION, triplets: bool = True) -> Song:
    """Move onsets and ends to the nearest of `resolution` steps a beat.

    No note becomes shorter than a step. With `triplets`, a beat whose onsets lie nearer to thirds
    of the beat than to its steps, and at least one of them between steps, is rounded to
    thirds. Every note of a beat is rounded alike. Swing is not undone: long-short eighths land on
    the nearest of both grids.

    >>> from composer.songs.song import Note
    >>> late = Song((Track((Note(0.02, 60, 0.9), Note(1.27, 62, 0.5))),))
    >>> [(note.onset, note.duration) for note in quantise(late).tracks[0].notes]
    [(0.0, 1.0), (1.25, 0.5)]
    """
    tracks = [_quantise_track(track, resolution, triplets) for track in song.tracks]
    return replace(song, tracks=tuple(tracks))


def _quantise_track(track: Track, resolution: int, triplets: bool) -> Track:
    ternary = _ternary_beats(track, resolution) if triplets else set()

    def steps_at(beat: float) -> int:
        return THIRDS if int(beat + TINY) in ternary else resolution

    def snap(at: float) -> float:
        # The end of a beat of triplets belongs to it too.
        ends_triplets = at % 1 < TINY and int(at) - 1 in ternary
        steps = THIRDS if ends_triplets else steps_at(at)
        return round(at * steps) / steps

    notes = []
    for note in track.notes:
        onset = snap(note.onset)
        shortest = 1 / steps_at(note.onset)
        duration = max(snap(note.end) - onset, shortest)
        notes.append(replace(note, onset=onset, duration=duration))
    return replace(track, notes=tuple(notes))


def _ternary_beats(track: Track, resolution: int) -> set[int]:
    """Return the beats of a track whose onsets are triplets."""
    onsets: dict[int, list[float]] = {}
    for note in track.notes:
        beat = int(note.onset + TINY)
        onsets.setdefault(beat, []).append(note.onset)
    ternary = set()
    for beat, inside in onsets.items():
        if _is_ternary(np.array(inside), resolution):
            ternary.add(beat)
    return ternary


def _is_ternary(onsets: Floats, resolution: int) -> bool:
    from_steps = _distances(onsets, resolution)
    from_thirds = _distances(onsets, THIRDS)
    is_nearer = from_thirds.sum() + CLOSE < from_steps.sum()
    return bool(is_nearer and from_steps.max() > STRAIGHT)


def _distances(onsets: Floats, steps: int) -> Floats:
    """Return how far onsets lie from the nearest of `steps` places a beat, in beats."""
    places = onsets * steps
    distances: Floats = np.abs(places - np.round(places)) / steps
    return distances
