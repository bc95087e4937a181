"""The sound of a film: the same bars of every snapshot, one after the other."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from math import ceil
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from composer.pictures.layout import NumberedBar
from composer.songs.audio import SAMPLE_RATE, Audio, render
from composer.songs.song import Note, Song, Tempo, Track
from composer.songs.theory import beat_onsets

Floats = NDArray[np.float64]

# Seconds at least for the last notes to die away.
RING: Final = 0.25
LEAST_BEATS: Final = 4.0
# Seconds of sound: if two bars of every snapshot are longer, less is heard of each.
LONG: Final = 120.0
# Seconds rendered at once: loading a SoundFont takes a second, a minute of sound 25 MB.
STRETCH: Final = 240.0
# Seconds at the end of a stretch: a sound that is cut at once clicks.
FADE: Final = 0.02
ONE_BEAT_A_SECOND: Final = (Tempo(0.0, 60.0),)
LOUDEST: Final = 32767


def heard_beats(
    song: Song, bars: Sequence[NumberedBar], count: int
) -> tuple[float, float]:
    """Return the first and the last beat that a film of `count` snapshots lets hear.

    Two bars, or four beats if that is long. A pickup comes on top of two bars, but is one of the
    four beats.
    """
    start = bars[0].start
    pickup = bars[0].number == 0
    end_of_two = bars[: 2 + pickup][-1].end
    seconds = song.seconds(end_of_two) - song.seconds(start)
    if seconds * count <= LONG:
        return start, end_of_two
    for beat in beat_onsets(song, end_of_two):
        if beat - start >= LEAST_BEATS - 1e-6:
            return start, beat
    return start, end_of_two


def beats_heard(song: Song, heard: tuple[float, float], fps: float) -> Floats:
    """Return the beat that sounds in the middle of each frame of a snapshot: float [frame].

    There are as many frames as the sound needs.
    """
    # Tempo may change within the bars, so beats and seconds are not proportional.
    beats = np.linspace(*heard, 64)
    seconds = np.array([song.seconds(beat) for beat in beats]) - song.seconds(heard[0])
    frames = max(1, ceil((seconds[-1] + RING) * fps - 1e-9))
    middles = (np.arange(frames) + 0.5) / fps
    found: Floats = np.interp(middles, seconds, beats)
    return found


def write_soundtrack(
    path: Path, songs: Sequence[Song], seconds: float, on_stretch: Callable[[int], None]
) -> None:
    """Write `songs` one after the other, `seconds` for each, as raw 16-bit stereo at SAMPLE_RATE.

    on_stretch is told how many are rendered. Raise what `render` raises, and OutputError.
    """
    many = max(1, int(STRETCH / seconds))
    with path.open("wb") as file:
        for at in range(0, len(songs), many):
            part = songs[at : at + many]
            done = at + len(part)
            # Every stretch ends on a sample counted from the start: sound and frames never drift
            # apart.
            end = round(done * seconds * SAMPLE_RATE)
            samples = end - round(at * seconds * SAMPLE_RATE)
            sound = _stretch(part, seconds, samples)
            file.write(np.round(sound * LOUDEST).astype("<i2").tobytes())
            on_stretch(done)


def _stretch(songs: Sequence[Song], seconds: float, samples: int) -> Audio:
    """Return the sound of some songs in `samples` samples: float32 [sample, 2]."""
    song = in_a_row(songs, seconds)
    sound = np.zeros((samples, 2), np.float32)
    if song.end > 0:
        made = render(song)[:samples]
        sound[: len(made)] = made
    fade = min(round(FADE * SAMPLE_RATE), samples)
    sound[samples - fade :] *= np.linspace(
        1,
        0,
        fade,
        dtype=np.float32,
    )[:, None]
    return sound


def in_a_row(songs: Sequence[Song], seconds: float) -> Song:
    """Return `songs` as one, each `seconds` after the one before; a beat lasts a second."""
    notes: dict[tuple[int, int, bool], list[Note]] = {}
    for i, song in enumerate(songs):
        for place, track in enumerate(song.tracks):
            there = notes.setdefault((place, track.program, track.is_drum), [])
            for note in track.notes:
                start = song.seconds(note.onset)
                end = min(song.seconds(note.end), seconds)
                there.append(
                    replace(note, onset=i * seconds + start, duration=end - start)
                )
    tracks = []
    for (_, program, is_drum), found in notes.items():
        tracks.append(Track(tuple(found), "", program, is_drum))
    return Song(tuple(tracks), ONE_BEAT_A_SECOND, ticks_per_beat=960)
