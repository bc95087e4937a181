"""The bundled melodies: the files against hand-written openings, mido and a rebuild from the ABC text."""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path

import mido
import numpy as np
import pytest
from composer import catalog
from composer.data.build.melodies import build
from composer.songs import read
from composer.songs.abc import AbcTune, tunes
from composer.songs.song import Song, TimeSignature

from tests.conftest import needs

FOLDER = Path(__file__).parents[3] / "assets" / "melodies"
TUNES = tunes((FOLDER / "melodies.abc").read_text(encoding="utf-8"))

# By ear and by hand, not from the ABC text: first pitch, then steps in semitones; then the length in bars.
OPENINGS = {
    "ah-vous-dirai-je": (60, [0, 7, 0, 2, 0, -2, -2, 0, -1, 0, -2, 0, -2], 24),
    "amazing-grace": (62, [5, 4, -4, 4, -2, -2, -3, -2, 0, 5, 4, -4, 4, -2, 5, -3], 16),
    "auld-lang-syne": (60, [5, 0, 0, 4, -2, -2, 2, 2, -4, 0, 4, 3, 2, 0, -2, -3], 16),
    "austria": (67, [2, 2, -2, 3, -1, -2, -3, 1, 9, -2, -2, -1, -2, 2, -4, 7], 20),
    "frere-jacques": (65, [2, 2, -4, 0, 2, 2, -4, 4, 1, 2, -3, 1, 2, 0, 2, -2, -2, -1, -4], 8),
    "god-rest-ye-merry": (64, [0, 7, 0, -2, -2, -1, -2, -2, 2, 2, 1, 2, 2, -7], 19),
    "god-save-the-king": (
        67,
        [0, 2, -3, 1, 2, 2, 0, 1, -1, -2, -2, 2, -2, -1, 1, 7, 0, 0, 0, -2, -1],
        14,
    ),
    "good-king-wenceslas": (67, [0, 0, 2, -2, 0, -5, 2, -2, 2, 2, 1, 0], 17),
    "greensleeves": (64, [3, 2, 2, 1, -1, -2, -3, -4, 2, 2, 1, -3, 0, -1, 1, 2, -3, -4, 5], 16),
    "irish-washerwoman": (
        74,
        [-2, -1, -4, 0, -5, 5, 0, 4, -4, 4, 3, -2, -1, 1, -3, 0, -7, 7, 0],
        16,
    ),
    "jingle-bells": (69, [0, 0, 0, 0, 0, 0, 3, -7, 2, 2, 1, 0, 0, 0, 0, -1], 16),
    "joy-to-the-world": (74, [-1, -2, -2, -2, -1, -2, -2, 7, 2, 0, 2, 0, 1, 0], 19),
    "noel-nouvelet": (62, [7, 2, -4, 2, -4, 2, 0, 2, -4, -1, -2], 16),
    "ode-to-joy": (66, [0, 1, 2, 0, -2, -1, -2, -2, 0, 2, 2, 0, -2, 0, 2], 16),
    "old-hundredth": (67, [0, -1, -2, -2, 5, 2, 2, 0, 0, 0, -2, -2, 5, -1, -2], 8),
    "sakura": (69, [0, 2, -2, 0, 2, -2, 2, 1, -1, -2, 2, -2, -4, -1, -4, 4, 1], 14),
    "silent-night": (65, [2, -2, -3, 3, 2, -2, -3, 10, 0, -3, 1, 0, -5], 12),
    "three-by-three": (65, [4, 3, 2, -2, -2, -1, -2, 2], 12),
    "to-anacreon": (65, [-3, -4, 4, 3, 5, 4, -2, -2, -8, 2, 1, 0, 0, 9, -2, -2, -1], 32),
    "uneven-stairs": (71, [2, 1, 4, -2, -2, 2, -2, -1, -2, -5], 8),
    "veni-emmanuel": (64, [3, 4, 0, 0, -2, 3, -1, -2, -2, 2, 2, -4, -3, 3, 2, -3, -2, -2, 2], 19),
}
# Beats before the first full bar, where there are any.
PICKUPS = {
    "amazing-grace": 1.0,
    "auld-lang-syne": 1.0,
    "austria": 2.0,
    "god-rest-ye-merry": 1.0,
    "greensleeves": 0.5,
    "irish-washerwoman": 0.5,
    "old-hundredth": 1.0,
    "to-anacreon": 1.0,
    "veni-emmanuel": 1.0,
}
# Rhythm of the opening in beats, by hand, where it is not plain.
RHYTHMS = {
    "amazing-grace": [
        1,
        2,
        0.5,
        0.5,
        2,
        1,
        2,
        1,
        2,
        1,
        2,
        0.5,
        0.5,
        2,
        1,
        5,
        1,
        1.5,
        0.5,
        0.5,
        0.5,
        2,
        1,
    ],
    "austria": [1.5, 0.5, 1, 1, 1, 1, 0.5, 0.5, 1, 1, 1, 1, 1, 1, 0.5, 0.5, 2],
    "greensleeves": [0.5, 1, 0.5, 0.75, 0.25, 0.5, 1, 0.5, 0.75, 0.25, 0.5],
    "irish-washerwoman": [0.25, 0.25, 0.5, 0.5, 0.5],
    "joy-to-the-world": [1, 0.75, 0.25, 1.5, 0.5, 1, 1, 1.5, 0.5],
    "noel-nouvelet": [0.5, 0.5, 0.5, 0.5, 1, 1, 0.5, 0.25, 0.25, 0.5, 0.5, 2],
    "silent-night": [0.75, 0.25, 0.5, 1.5, 0.75, 0.25, 0.5, 1.5, 1, 0.5, 1.5],
    "three-by-three": [1, 1, 1, 1 / 3, 1 / 3, 1 / 3, 1, 1, 2, 1],
    "to-anacreon": [0.75, 0.25, 1, 1, 1, 2, 0.75, 0.25, 1, 1, 1, 2, 0.5, 0.5, 1.5, 0.5, 1],
}
OFF_THE_TONIC = {"sakura": 4}  # pitch class of a last note that is not the tonic


def song_of(name: str) -> Song:
    return read(catalog.tune(name))


def full_metre(song: Song) -> TimeSignature:
    return song.time_signatures[-1]


each = pytest.mark.parametrize("name", sorted(OPENINGS))


def test_names_are_the_files_and_the_tunes_and_the_openings():
    assert list(catalog.tunes()) == sorted(OPENINGS) == sorted(tune.name for tune in TUNES)
    assert len(catalog.tunes()) >= 12


@each
def test_opening_by_hand(name: str):
    notes = song_of(name).tracks[0].notes
    first, steps, _ = OPENINGS[name]
    assert notes[0].pitch == first
    assert [b.pitch - a.pitch for a, b in pairwise(notes)][: len(steps)] == steps


@pytest.mark.parametrize("name", sorted(RHYTHMS))
def test_rhythm_by_hand(name: str):
    durations = [note.duration for note in song_of(name).tracks[0].notes]
    assert durations[: len(RHYTHMS[name])] == pytest.approx(RHYTHMS[name])


@each
def test_bars_add_up(name: str):
    song = song_of(name)
    bars = song.end / full_metre(song).beats_per_bar
    assert bars == OPENINGS[name][2]
    assert song.tracks[0].notes[0].onset == 0


@each
def test_pickup_is_a_short_first_bar(name: str):
    song = song_of(name)
    pickup = PICKUPS.get(name, 0.0)
    assert len(song.time_signatures) == (2 if pickup else 1)
    assert full_metre(song).onset == pickup
    if pickup:
        assert song.time_signatures[0].beats_per_bar == pickup


@each
def test_is_one_line_named_melody(name: str):
    song = song_of(name)
    (track,) = song.tracks
    assert (track.name, track.program, track.is_drum) == ("Melody", 0, False)
    assert all(a.end <= b.onset + 1e-9 for a, b in pairwise(track.notes))
    assert all(55 <= note.pitch <= 84 for note in track.notes)
    assert 60 <= song.qpm <= 180 and len(song.tempos) == 1


@each
def test_mostly_in_its_key_and_ends_on_the_tonic(name: str):
    song = song_of(name)
    (key,) = song.key_signatures
    tonic = (7 * key.sharps + (9 if key.is_minor else 0)) % 12
    steps = (0, 2, 3, 5, 7, 8, 10) if key.is_minor else (0, 2, 4, 5, 7, 9, 11)
    scale = {(tonic + step) % 12 for step in steps}
    notes = song.tracks[0].notes
    inside = sum(note.duration for note in notes if note.pitch % 12 in scale)
    assert inside / sum(note.duration for note in notes) > 0.87
    assert notes[-1].pitch % 12 == OFF_THE_TONIC.get(name, tonic)
    assert notes[-1].duration >= 1


@each
def test_mido_reads_the_same_notes(name: str):
    song = song_of(name)
    file = mido.MidiFile(catalog.tune(name))
    assert (file.type, len(file.tracks), file.ticks_per_beat) == (1, 2, song.ticks_per_beat)
    tick, sounding, heard = 0, {}, []
    for message in file.tracks[1]:
        tick += message.time
        if message.type == "note_on" and message.velocity:
            assert not sounding
            sounding[message.note] = tick
        elif message.type in ("note_on", "note_off"):
            heard.append((sounding.pop(message.note), message.note, tick))
    written = [(n.onset, n.pitch, n.end) for n in song.tracks[0].notes]
    assert np.array([(a / 480, pitch, b / 480) for a, pitch, b in heard]) == pytest.approx(
        np.array(written)
    )
    assert not sounding
    kinds = {message.type for message in file.tracks[0]}
    assert {"set_tempo", "time_signature", "key_signature", "track_name"} <= kinds


@pytest.mark.parametrize("tune", TUNES, ids=lambda tune: tune.name)
def test_files_equal_a_rebuild(tune: AbcTune, tmp_path: Path):
    needs("music21")
    text = tmp_path / "melodies.abc"
    text.write_text(tune.text, encoding="utf-8")
    (built,) = build(tmp_path)
    assert built.name == tune.fields["F"]
    assert built.read_bytes() == (FOLDER / built.name).read_bytes()
    assert song_of(tune.name).title == tune.fields["T"]


def test_readme_lists_exactly_the_files():
    rows = [
        [cell.strip() for cell in line.strip("|\n").split("|")]
        for line in (FOLDER / "README.md").read_text(encoding="utf-8").splitlines()
        if line.startswith("| `")
    ]
    expected = []
    for tune in TUNES:
        f = tune.fields
        tonic, minor = re.fullmatch(r"([A-G]b?)(m?)", f["K"]).groups()
        key = f"{tonic.replace('b', '♭')} {'minor' if minor else 'major'}"
        expected.append([f"`{f['F']}`", f["T"], f["C"], f["S"], f["M"], key])
    assert rows == expected
    assert sorted(row[0] for row in rows) == [
        f"`{file.name}`" for file in sorted(FOLDER.glob("*.mid"))
    ]
