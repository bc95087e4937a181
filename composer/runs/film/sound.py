"""What a film sounds like: the same bars of every snapshot, one after the other, rendered in long stretches."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from math import ceil
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from composer.pictures.layout import Bar
from composer.songs.audio import SAMPLE_RATE, Audio, render
from composer.songs.song import Note, Song, Tempo, Track
from composer.songs.theory import beat_onsets

Floats = NDArray[np.float64]

RING: Final = 0.25  # seconds at least for the last notes to die away
LEAST_BEATS: Final = 4.0
LONG: Final = (
    120.0  # seconds of a film that hears two bars of every snapshot; a longer one hears less
)
STRETCH: Final = (
    240.0  # seconds rendered at once: loading a SoundFont takes a second, a minute of sound 25 MB
)
FADE: Final = 0.02  # seconds, at the end of a stretch
ONE_BEAT_A_SECOND: Final = (Tempo(0.0, 60.0),)


def heard_beats(song: Song, bars: Sequence[Bar], count: int) -> tuple[float, float]:
    """From which beat to which a film of `count` snapshots is heard: two bars, or four beats where that is long.

    A pickup comes on top of two bars, but is one of the four beats.
    """
    start, pickup = bars[0].start, bars[0].number == 0
    two = bars[: 2 + pickup][-1].end
    if (song.seconds(two) - song.seconds(start)) * count <= LONG:
        return start, two
    return start, next(
        (beat for beat in beat_onsets(song, two) if beat - start >= LEAST_BEATS - 1e-6), two
    )


def beats_heard(song: Song, heard: tuple[float, float], fps: float) -> Floats:
    """The beat that sounds in the middle of each frame of a snapshot: float [frame]; as many as its sound needs."""
    beats = np.linspace(*heard, 64)
    seconds = np.array([song.seconds(beat) for beat in beats]) - song.seconds(heard[0])
    frames = max(1, ceil((seconds[-1] + RING) * fps - 1e-9))
    found: Floats = np.interp((np.arange(frames) + 0.5) / fps, seconds, beats)
    return found


def write_soundtrack(
    path: Path, songs: Sequence[Song], seconds: float, on_stretch: Callable[[int], None]
) -> None:
    """Write `songs` one after the other, `seconds` for each, as raw 16-bit stereo at SAMPLE_RATE.

    on_stretch is told how many are rendered. Raises what `synth.render` raises, and OutputError.
    """
    many = max(1, int(STRETCH / seconds))
    with path.open("wb") as file:
        for at in range(0, len(songs), many):
            part = songs[at : at + many]
            # Every stretch ends on a sample counted from the start, so that sound and frames never drift apart.
            samples = round((at + len(part)) * seconds * SAMPLE_RATE) - round(
                at * seconds * SAMPLE_RATE
            )
            sound = _stretch(part, seconds, samples)
            file.write(np.round(sound * 32767).astype("<i2").tobytes())
            on_stretch(at + len(part))


def _stretch(songs: Sequence[Song], seconds: float, samples: int) -> Audio:
    """The sound of some songs, so many samples: float32 [sample, 2]."""
    song = in_a_row(songs, seconds)
    sound = np.zeros((samples, 2), np.float32)
    if song.end > 0:
        made = render(song)[:samples]
        sound[: len(made)] = made
    fade = min(round(FADE * SAMPLE_RATE), samples)
    sound[samples - fade :] *= np.linspace(1, 0, fade, dtype=np.float32)[:, None]
    return sound


def in_a_row(songs: Sequence[Song], seconds: float) -> Song:
    """One song in which each of `songs` begins so many seconds after the one before; a beat lasts a second."""
    notes: dict[tuple[int, int, bool], list[Note]] = {}
    for i, song in enumerate(songs):
        for place, track in enumerate(song.tracks):
            there = notes.setdefault((place, track.program, track.is_drum), [])
            for note in track.notes:
                start, end = song.seconds(note.onset), min(song.seconds(note.end), seconds)
                there.append(replace(note, onset=i * seconds + start, duration=end - start))
    tracks = (Track(tuple(found), "", program, drum) for (_, program, drum), found in notes.items())
    return Song(tuple(tracks), ONE_BEAT_A_SECOND, ticks_per_beat=960)
