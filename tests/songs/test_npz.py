"""pypianoroll's Multitracks and .npz files."""

from __future__ import annotations

import json
import sys
import zipfile
from io import BytesIO
from pathlib import Path

import numpy as np
import pypianoroll
import pytest
from composer.errors import MidiError, MissingPackageError
from composer.songs import read
from composer.songs.npz import from_multitrack, to_multitrack
from composer.songs.song import Note, Song, Tempo, TimeSignature, Track

SONG = Song(
    tracks=(
        Track((Note(0, 67, 0.5, 90), Note(1, 67, 1.5, 91), Note(3.75, 79, 0.25, 1)), "flute", 73),
        Track((), "nothing", 12),
        Track((Note(0.25, 36, 0.5, 127), Note(0.25, 42, 0.25, 3)), "kit", 8, True),
    ),
    tempos=(Tempo(0, 120.0), Tempo(2.5, 80.0)),
    time_signatures=(TimeSignature(0, 1, 4), TimeSignature(1, 3, 4)),
    title="tune",
)


def notes_of(song: Song, track: int = 0) -> list[tuple[float, int, float]]:
    return [(note.onset, note.pitch, note.duration) for note in song.tracks[track].notes]


def test_cells() -> None:
    multitrack = to_multitrack(SONG, resolution=4)
    assert multitrack.validate() is multitrack
    flute = multitrack.tracks[0].pianoroll
    assert flute.shape == (16, 128)
    assert flute[:, 67].tolist() == [90] * 2 + [0] * 2 + [91] * 6 + [0] * 6
    assert np.flatnonzero(flute[:, 79]).tolist() == [15]
    assert np.flatnonzero(multitrack.downbeat).tolist() == [0, 4]
    assert multitrack.tempo.tolist() == [120.0] * 10 + [80.0] * 6
    assert (multitrack.name, multitrack.tracks[2].is_drum, multitrack.tracks[2].program) == (
        "tune",
        True,
        8,
    )


@pytest.mark.parametrize("resolution", [4, 12, 24])
def test_round_trip(resolution: int) -> None:
    assert from_multitrack(to_multitrack(SONG, resolution)) == SONG


def test_round_trip_through_a_file(tmp_path: Path) -> None:
    for compressed in (True, False):
        pypianoroll.save(tmp_path / "song.npz", to_multitrack(SONG), compressed=compressed)
        assert read(tmp_path / "song.npz") == SONG


def test_a_song_without_tempo_and_metre() -> None:
    song = Song((Track((Note(0.5, 60, 1.25),)),))
    multitrack = to_multitrack(song, 4)
    assert (multitrack.tempo, multitrack.downbeat) == (None, None)
    assert multitrack.tracks[0].pianoroll.shape == (16, 128)
    assert from_multitrack(multitrack) == song
    assert to_multitrack(Song()).tracks == []


def test_a_repeated_note_leaves_a_hole_of_one_step_only_where_it_needs_one() -> None:
    notes = (Note(0, 60, 1), Note(1, 60, 1), Note(2.25, 60, 0.75), Note(0, 72, 1), Note(1, 74, 1))
    again = from_multitrack(to_multitrack(Song((Track(notes),)), 4))
    assert notes_of(again) == [
        (0, 60, 0.75),
        (0, 72, 1.0),
        (1, 60, 1.0),
        (1, 74, 1.0),
        (2.25, 60, 0.75),
    ]


def test_repeated_notes_of_one_step_become_one() -> None:
    notes = (Note(0, 60, 0.25, 70), Note(0.25, 60, 0.5, 90))
    again = from_multitrack(to_multitrack(Song((Track(notes),)), 4))
    assert notes_of(again) == [(0, 60, 0.75)]


def test_a_later_note_of_the_same_pitch_ends_the_earlier_one() -> None:
    notes = (Note(0, 60, 4, 70), Note(2, 60, 0.5, 90))
    again = from_multitrack(to_multitrack(Song((Track(notes),)), 4))
    assert notes_of(again) == [(0, 60, 1.75), (2, 60, 0.5)]


def test_a_short_note_at_the_end_has_a_step() -> None:
    again = from_multitrack(to_multitrack(Song((Track((Note(3.99, 60, 0.005),)),)), 4))
    assert notes_of(again) == [(4.0, 60, 0.25)]


def test_tempo_of_shape_n_1_and_of_pypianorolls_own_reader(tmp_path: Path) -> None:
    """With numpy 2.4 pypianoroll.read gives a tempo of shape (n, 1), which pypianoroll.write then refuses."""
    roll = np.zeros((8, 128), np.uint8)
    tempo = np.array([[90.0]] * 3 + [[91.5]] * 5)
    multitrack = pypianoroll.Multitrack(
        "m", 4, tempo, None, [pypianoroll.StandardTrack(pianoroll=roll)]
    )
    assert from_multitrack(multitrack).tempos == (Tempo(0.0, 90.0), Tempo(0.75, 91.5))


def test_bool_and_float_pianorolls() -> None:
    cells = np.zeros((8, 128), bool)
    cells[1:3, 50] = cells[3:5, 55] = True
    tracks = [
        pypianoroll.BinaryTrack(pianoroll=cells, program=5),
        pypianoroll.Track(pianoroll=np.where(cells, 900.0, 0.0)),
    ]
    song = from_multitrack(pypianoroll.Multitrack(None, 4, None, None, tracks))
    assert song.tracks[0] == Track((Note(0.25, 50, 0.5, 80), Note(0.75, 55, 0.5, 80)), program=5)
    assert [n.velocity for n in song.tracks[1].notes] == [127, 127]


@pytest.mark.parametrize(
    ("downbeats", "steps", "metres"),
    [
        ([0, 12, 24], 40, [(0, 3, 4)]),
        ([0, 12, 24], 25, [(0, 3, 4)]),
        ([4, 20, 36], 52, [(0, 1, 4), (1, 4, 4)]),
        ([0, 14, 28, 36], 44, [(0, 7, 8), (7, 2, 4)]),
        ([0], 12, [(0, 3, 4)]),
        ([0], 400, []),
        ([], 16, []),
    ],
)
def test_metres_from_downbeats(
    downbeats: list[int], steps: int, metres: list[tuple[float, int, int]]
) -> None:
    downbeat = np.zeros(steps, bool)
    downbeat[downbeats] = True
    track = pypianoroll.StandardTrack(pianoroll=np.zeros((steps, 128), np.uint8))
    song = from_multitrack(pypianoroll.Multitrack("m", 4, None, downbeat, [track]))
    assert [(m.onset, m.numerator, m.denominator) for m in song.time_signatures] == metres


def npz(**changes: object) -> bytes:
    """What pypianoroll.save writes for one track of eight steps, with some arrays exchanged."""
    arrays = {
        "pianoroll_0_csc_data": np.array([70, 70], np.uint8),
        "pianoroll_0_csc_indices": np.array([2, 3]),
        "pianoroll_0_csc_indptr": np.array([0] * 61 + [2] * 68),
        "pianoroll_0_csc_shape": np.array([8, 128]),
    }
    info = {"resolution": 4, "name": "x", "0": {"name": "a", "program": 1, "is_drum": False}}
    info = {**info, **changes.pop("info", {})}  # type: ignore[dict-item]
    data = BytesIO()
    np.savez(data, **{**arrays, **changes})
    with zipfile.ZipFile(data, "a") as members:
        members.writestr(
            "info.json",
            json.dumps({key: value for key, value in info.items() if value is not None}),
        )
    return data.getvalue()


def test_a_file_from_before_version_1(tmp_path: Path) -> None:
    path = tmp_path / "old.npz"
    path.write_bytes(npz(info={"resolution": None, "beat_resolution": 2}))
    assert read(path).tracks == (Track((Note(1.0, 60, 1.0, 70),), "a", 1),)


@pytest.mark.parametrize(
    "data",
    [
        npz(pianoroll_0_csc_indices=np.array([2, 10**9])),
        npz(pianoroll_0_csc_indices=np.array([2, -1])),
        npz(pianoroll_0_csc_indptr=np.array([0, 5, 1])),
        npz(pianoroll_0_csc_shape=np.array([10**9, 128])),
        npz(pianoroll_0_csc_shape=np.array([8, 88])),
        npz(pianoroll_0_csc_data=np.array([{}, {}], object)),
        npz(info={"resolution": 0}),
        npz(info={"resolution": "four"}),
        npz(info={"0": {"program": 400}}),
        npz(info={"0": None})[:-30],
        npz(tempo=np.array(["a", "b"])),
    ],
)
def test_malicious_files(tmp_path: Path, data: bytes) -> None:
    """Indices outside of the array, which scipy would write to; pickles; sizes that fill the memory."""
    path = tmp_path / "bad.npz"
    path.write_bytes(data)
    with pytest.raises(MidiError) as caught:
        read(path)
    assert "\n" not in str(caught.value)


def test_a_zip_bomb(tmp_path: Path) -> None:
    path = tmp_path / "bomb.npz"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as members:
        for i in range(5):
            members.writestr(f"{i}.npy", bytes(2**26))
    with pytest.raises(MidiError, match="unpacked"):
        read(path)


def test_pianorolls_that_would_fill_the_memory() -> None:
    with pytest.raises(MidiError, match="cells"):
        to_multitrack(Song(tuple(Track((Note(20_000, 60, 1),)) for _ in range(9))), 24)
    with pytest.raises(MidiError, match="step"):
        to_multitrack(SONG, 0)


def test_without_pypianoroll_files_are_read_and_the_rest_names_the_install(tmp_path, monkeypatch):
    path = tmp_path / "song.npz"
    pypianoroll.save(path, to_multitrack(SONG))
    monkeypatch.setitem(sys.modules, "pypianoroll", None)  # as if it were not installed
    assert read(path) == SONG
    with pytest.raises(MissingPackageError) as caught:
        to_multitrack(SONG)
    assert str(caught.value).startswith(
        "pianorolls need pypianoroll: pip install 'melody-composer[lakh]' ("
    )
    assert "\n" not in str(caught.value)
