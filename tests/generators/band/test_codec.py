"""A melody to cells, and cells to tracks."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from composer.errors import MelodyError
from composer.generators.band.codec import (
    decode,
    encode,
    fit_octaves,
    note_spots,
    place_inputs,
)
from composer.generators.band.config import BandConfig
from composer.generators.band.windows import (
    Windows,
    to_piece,
)
from composer.generators.family import Request
from composer.generators.latents import Latents
from composer.songs.edit import Melody, take_melody
from composer.songs.grid import pulse_grid
from composer.songs.song import Note, Song, Track

from tests.support.small_band import (
    HAT,
    KICK,
    SNARE,
    tune,
)


def test_a_song_survives_the_way_there_and_back(songs: list[Song], tiny: BandConfig) -> None:
    for song in songs[:4]:
        melody = take_melody(song, 0)
        arrays, context = encode(song, melody, Request(Latents(0)), tiny)
        piece = to_piece(song, tiny)
        assert piece is not None and len(piece) == arrays["melody"].shape[1]
        sound, onset = Windows([], tiny).render(piece.notes, 0, 4 * len(piece), context.shift)
        outputs = {"sound": sound, "onset": onset}
        back = decode(
            {k: v.reshape(1, -1, 4, len(tiny.cells)) * 1.0 for k, v in outputs.items()},
            context,
            song,
            melody,
        )
        assert back.tracks[0] == song.tracks[0]
        for there, here in zip(song.tracks[1:], back.tracks[1:], strict=True):
            assert (here.name, here.program, here.is_drum) == (
                there.name,
                there.program,
                there.is_drum,
            )
            # A note that another voice strikes again while it lasts ends there: one piano has one
            # key a pitch.
            ends = [
                min([n.end, *(m.onset for m in there.notes if again(n, m))]) for n in there.notes
            ]
            cut = [(n.onset, n.pitch, end) for n, end in zip(there.notes, ends, strict=True)]
            assert [(n.onset, n.pitch, n.end) for n in here.notes] == cut


def again(note: Note, other: Note) -> bool:
    return other.pitch == note.pitch and note.onset < other.onset < note.end


def test_repeated_notes_and_chords_are_told_apart() -> None:
    sound, onset = np.zeros((2, 6, 2), bool)
    sound[0:5, 0] = sound[2:6, 1] = True
    onset[[0, 3], 0] = onset[2, 1] = True
    onset[5, 0] = True  # where nothing sounds nothing starts
    assert note_spots(sound, onset).tolist() == [[0, 3, 0], [3, 5, 0], [2, 6, 1]]


def test_added_notes_keep_to_the_melody_and_follow_its_loudness(tiny: BandConfig) -> None:
    notes = (Note(1.5, 60, 1, 40), Note(2.5, 64, 1.1, 120))
    song = Song((Track(notes, ""),))
    melody = take_melody(song)
    arrays, context = encode(song, melody, Request(Latents(0)), tiny)
    shape = (1, arrays["melody"].shape[1], 4, len(tiny.cells))
    onset = np.zeros(shape, np.float32)
    onset[0, :, 0] = onset[0, :, 2] = 1
    back = decode({"sound": np.ones(shape, np.float32), "onset": onset}, context, song, melody)
    assert [t.name for t in back.tracks] == ["Melody", "Piano", "Bass", "Drums"]
    assert back.tracks[0].notes == notes
    added = [n for t in back.tracks[1:] for n in t.notes]
    assert min(n.onset for n in added) == 1.5 and max(n.end for n in added) == pytest.approx(3.6)
    assert {n.velocity for n in added if n.onset < 2.5} == {34}
    assert {n.velocity for n in added if n.onset >= 2.5} == {102}
    assert {n.duration for n in back.tracks[3].notes if n.onset < 3.5} == {
        0.25
    }  # a stroke is a step
    assert {n.pitch for n in back.tracks[3].notes} == {KICK, SNARE, HAT}


def test_a_melody_is_moved_by_octaves_and_strays_are_folded() -> None:
    pitches = np.array([-1, 36, 38, 40, 70, -1])
    assert fit_octaves(pitches, 60, 79).tolist() == [-1, 60, 62, 64, 70, -1]
    with pytest.raises(MelodyError, match="at least one note"):
        fit_octaves(np.array([-1, -1]), 60, 79)


def test_a_melody_without_notes_is_refused(songs: list[Song], tiny: BandConfig) -> None:
    with pytest.raises(MelodyError, match="at least one note"):
        encode(songs[0], Melody(0, Track(), Track()), Request(Latents(0)), tiny)
    silent = replace(songs[0], tracks=(Track(), *songs[0].tracks[1:]))
    assert len(Windows([silent, songs[1]], tiny).pieces) == 1


def test_places_know_the_bar() -> None:
    song = tune((0, 60, 10), metre=(3, 4))  # 3 bars and a beat
    places = place_inputs(pulse_grid(song))
    assert places[:, :8].argmax(1).tolist() == [0, 1, 2] * 3 + [0]
    assert places[:, 8].tolist() == [0, 0, 1] * 3 + [
        0
    ]  # the last bar is cut short, and counts as three
    assert places[:, 9:13].argmax(1).tolist() == [0] * 3 + [1] * 3 + [2] * 3 + [3]
    assert (places[:, 28:].argmax(1) == 2).all() and not places[:, 13].any()
    assert place_inputs(pulse_grid(tune((0, 60, 3), metre=(6, 8))))[:, 13].all()
