"""A melody to windows of pianoroll, and back."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from composer.errors import MelodyError
from composer.generators.family import Request
from composer.generators.latents import Latents
from composer.generators.unet.codec import decode, encode
from composer.songs.edit import Melody, take_melody
from composer.songs.song import Note, Song, Track

from tests.support.small_unet import LINE, TINY


def echo(melody: Any) -> dict[str, np.ndarray[Any, Any]]:
    """As if the network gave the melody to every voice, the bass an octave lower."""
    roll = np.repeat(melody, 4, axis=3) * np.float32(0.3)
    roll[..., 3] = np.roll(roll[..., 3], -12, axis=2)
    return {"roll": roll}


def test_encode_shapes_and_values(song: Song) -> None:
    arrays, steps = encode(song, take_melody(song), Request(Latents(0)), TINY)
    assert {k: (v.shape, v.dtype) for k, v in arrays.items()} == {
        "melody": ((3, 32, 128, 1), np.float32),
        "noise": ((3, 2, 8, 3), np.float32),
    }
    assert steps == 75
    roll = arrays["melody"].reshape(96, 128)
    assert set(np.unique(roll)) == {-1.0, 1.0}
    assert (
        roll[11, 60] == 1 and roll[12, 60] == -1 and roll[12, 67] == 1
    )  # where the first note ends
    assert (roll[75:] == -1).all()


def test_there_and_back_over_three_windows(song: Song) -> None:
    melody = take_melody(song)
    arrays, steps = encode(song, melody, Request(Latents(0)), TINY)
    back = decode(echo(arrays["melody"]), steps, song, melody)
    assert [t.name for t in back.tracks] == ["Flute", "Alto", "Tenor", "Bass"]
    assert back.tracks[0] == song.tracks[0]
    assert (back.tempos, back.title) == (song.tempos, song.title)
    assert [(n.onset, n.pitch, n.duration) for n in back.tracks[1].notes] == list(LINE)
    assert [(n.onset, n.pitch, n.duration) for n in back.tracks[3].notes] == [
        (o, p - 12, d) for o, p, d in LINE
    ]
    assert {n.velocity for t in back.tracks[1:] for n in t.notes} == {85}
    assert [t.program for t in back.tracks] == [73] * 4


def test_added_notes_stop_with_the_melody() -> None:
    song = Song((Track((Note(0, 60, 1.1),)),))
    melody = take_melody(song)
    _, steps = encode(song, melody, Request(Latents(0)), TINY)
    back = decode({"roll": np.ones((1, 32, 128, 4), np.float32)}, steps, song, melody)
    assert back.tracks[0].name == "Melody"
    assert {n.end for t in back.tracks[1:] for n in t.notes} == {1.1}


def test_zero_is_silence(song: Song) -> None:
    melody = take_melody(song)
    back = decode({"roll": np.zeros((3, 32, 128, 4), np.float32)}, 75, song, melody)
    assert [len(t.notes) for t in back.tracks] == [6, 0, 0, 0]


def test_a_melody_without_notes_is_refused(song: Song) -> None:
    with pytest.raises(MelodyError, match="at least one note"):
        encode(song, Melody(0, Track(), Track()), Request(Latents(0)), TINY)
