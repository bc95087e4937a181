"""The string quartets rebuilt from music21: one line a part, the same movements, and the same bytes."""

import io
import json
import subprocess
import sys
import zipfile
import zlib
from importlib.util import find_spec
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from composer.data.build import archive
from composer.data.build import quartets as build_quartets
from composer.data.build.quartets import WORKS, bottom_line, clean, hush, lower, modes, pack, works
from composer.data.quartets import BUNDLED, unpack
from composer.errors import MissingPackageError
from composer.songs.song import KeySignature, Note, Song, Tempo, TimeSignature, Track

from tests.conftest import lacking

# --- how one line is made ----------------------------------------------------------------


def test_the_cello_keeps_the_lowest_note_the_others_the_highest():
    chords = Track((Note(0, 48, 2), Note(0, 55, 2), Note(2, 60, 1), Note(2, 43, 1), Note(3, 50, 1)))
    assert [n.pitch for n in bottom_line(chords).notes] == [48, 43, 50]
    song = Song(
        (chords, chords, chords, chords),
        (Tempo(0, 1),),
        (TimeSignature(0, 2, 4), TimeSignature(4, 1, 4)),
    )
    made = clean(song, 90)
    assert chords.notes[0] == Note(0, 48, 2) and len(chords.notes) == 5  # the argument is as it was
    assert [[n.pitch for n in t.notes] for t in made.tracks] == [[55, 60, 50]] * 3 + [[48, 43, 50]]
    assert (made.qpm, made.time_signatures) == (90, (TimeSignature(0, 2, 4),))


def test_modes_are_those_of_the_last_bass_notes():
    keys = (KeySignature(0, -1, True), KeySignature(8, 3, False), KeySignature(16, 0, True))
    # F; on the second key signature D, which is of the second, then F sharp; G under no sharps is no tonic.
    bass = (Note(0, 48, 1), Note(7, 41, 1), Note(8, 50, 1), Note(15, 42, 1), Note(20, 43, 1))
    assert [k.is_minor for k in modes(keys, bass)] == [False, True, True]


NOTE = "<note{}><pitch><step>A</step><octave>{}</octave></pitch><duration>4</duration></note>"
CLEF = "<attributes><clef><sign>{}</sign></clef></attributes>"


def test_notes_that_are_not_printed_are_rests():
    score = ET.fromstring(
        "<x>" + NOTE.format("", 4) + NOTE.format(' print-object="no"', 5) + "</x>"
    )
    hush(score)
    assert [[e.tag for e in note] for note in score.iter("note")] == [
        ["pitch", "duration"],
        ["rest", "duration"],
    ]


def test_only_the_last_part_is_lowered_and_only_in_the_treble_clef():
    part = "".join(
        CLEF.format(clef) + NOTE.format("", octave)
        for clef, octave in (("F", 3), ("G", 5), ("C", 4))
    )
    score = ET.fromstring(f"<x><part>{part}</part><part>{part}</part></x>")
    lower(score)
    assert [[e.text for e in p.iter("octave")] for p in score] == [["3", "5", "4"], ["3", "4", "4"]]


def test_packed_and_unpacked_is_the_same(tmp_path):
    movements = unpack(BUNDLED)
    archive.write(tmp_path / "a.npz", pack(movements))
    assert unpack(tmp_path / "a.npz") == movements
    if "ng" not in zlib.ZLIB_RUNTIME_VERSION:  # zlib-ng packs the same content into other bytes
        assert (tmp_path / "a.npz").read_bytes() == BUNDLED.read_bytes()


def test_the_table_is_that_of_the_file():
    table = json.loads(WORKS.read_text(encoding="utf-8"))
    assert table == works()
    rows = [
        (w["work"], w["split"], row["heading"], row["qpm"]) for w in table for row in w["movements"]
    ]
    assert rows == [(m.work, m.split, m.heading, m.song.qpm) for m in unpack(BUNDLED)]


def test_a_work_built_again():
    if find_spec("music21") is None:
        lacking("music21")
    movements = {(m.work, m.number): m for m in unpack(BUNDLED)}
    [table] = [work for work in works() if work["work"] == "Mozart, K. 80"]
    assert build_quartets.build([table]) == [movements["Mozart, K. 80", n] for n in (1, 2, 3, 4)]


def test_building_without_music21_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "music21", None)
    with pytest.raises(MissingPackageError, match=r"melody-composer\[data\]"):
        build_quartets.corpus_folder()


@pytest.mark.slow
def test_built_again_the_same_bytes(tmp_path):
    if find_spec("music21") is None:
        lacking("music21")
    out = tmp_path / "quartets.npz"
    command = [sys.executable, "-m", "composer.data.build.quartets", "--out", str(out)]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert "40 movements" in said and "28 train" in said
    with zipfile.ZipFile(out) as ours, zipfile.ZipFile(BUNDLED) as bundled:
        assert ours.namelist() == bundled.namelist()
        for name in ours.namelist():
            assert ours.read(name) == bundled.read(name), name
            assert not np.load(io.BytesIO(ours.read(name)), allow_pickle=False).dtype.hasobject
    if "ng" not in zlib.ZLIB_RUNTIME_VERSION:
        assert out.read_bytes() == BUNDLED.read_bytes()
