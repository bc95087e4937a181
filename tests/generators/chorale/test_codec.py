"""A melody to pulses, and three voices back."""

from __future__ import annotations

import numpy as np
import pytest
from composer.generators.chorale import codec as c
from composer.generators.chorale.config import ChoraleConfig
from composer.generators.family import Request
from composer.generators.latents import Latents
from composer.songs.edit import Melody, take_melody
from composer.songs.song import Note, Song, TimeSignature, Track


def song_of(pitches: list[int], length: float = 1.0, **kwargs: object) -> Song:
    notes = tuple(Note(i * length, p, length, 70 + i) for i, p in enumerate(pitches))
    return Song((Track(notes, "Tune", 40),), **kwargs)  # type: ignore[arg-type]


def decode_constant(song: Song, pitch: int = 60) -> tuple[Song, Melody]:
    melody = take_melody(song)
    inputs, context = c.encode(song, melody, Request(Latents(0)), ChoraleConfig())
    count = inputs["melody"].shape[1]
    index = pitch + context.shift + context.octaves - c.LOW
    outputs = {"pitches": np.full((1, count, 4, 3), index), "strike": np.ones((1, count, 3))}
    return c.decode(outputs, context, song, melody), melody


def test_the_melody_comes_back_note_for_note_and_voices_stop_with_it() -> None:
    song = song_of([67, 69, 71, 72, 74], 0.7, time_signatures=(TimeSignature(0, 3, 4),))
    out, melody = decode_constant(song)
    assert out.tracks[0] == song.tracks[0] and [t.name for t in out.tracks[1:]] == [
        "Alto",
        "Tenor",
        "Bass",
    ]
    assert out.time_signatures == song.time_signatures
    for track in out.tracks[1:]:
        assert {n.pitch for n in track.notes} == {60} and track.end == pytest.approx(
            melody.line.end
        )
        assert [n.onset for n in track.notes] == [0.0, 1.0, 2.0, 3.0]


def test_voices_rest_where_the_melody_rests() -> None:
    notes = (Note(0, 67, 1.0), Note(3, 69, 1.0))
    out, _ = decode_constant(Song((Track(notes),)))
    assert [(n.onset, n.duration) for n in out.tracks[3].notes] == [(0.0, 1.0), (3.0, 1.0)]


def test_a_low_melody_gets_voices_as_far_below_it() -> None:
    out, _ = decode_constant(song_of([43, 45, 47]), 36)
    assert {n.pitch for n in out.tracks[1].notes} == {36}
