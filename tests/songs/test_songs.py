"""`read` and `write` tell the kinds of files apart, and importing them is light."""

from __future__ import annotations

import subprocess
import sys

import composer
import pytest
from composer.errors import MidiError, OutputError
from composer.songs import read, write
from composer.songs.song import Note, Song, Track

SONG = Song((Track((Note(0.0, 60, 1.0), Note(1.0, 64, 2.0)), "Tune", 40),))


def test_the_package_reads_and_writes_with_these():
    assert (composer.read, composer.write) == (read, write)


@pytest.mark.parametrize("name", ["a.mid", "a.MIDI", "a", "a.kar", "no. 3"])
def test_midi_by_its_ending_or_without_one(tmp_path, name):
    write(tmp_path / name, SONG)
    assert (tmp_path / name).read_bytes()[:4] == b"MThd"
    assert read(tmp_path / name) == SONG


def test_a_score_and_sound_by_their_endings(tmp_path):
    write(tmp_path / "a.musicxml", SONG)
    write(tmp_path / "a.xml", SONG)
    score = (tmp_path / "a.musicxml").read_bytes()
    assert b"score-partwise" in score and score == (tmp_path / "a.xml").read_bytes()
    write(tmp_path / "a.wav", SONG)
    assert (tmp_path / "a.wav").read_bytes()[:4] == b"RIFF"


def test_another_ending_is_refused_and_nothing_written(tmp_path):
    with pytest.raises(OutputError, match=r"a song ends in \.mid or .*\.wav, got .*a\.mp3"):
        write(tmp_path / "a.mp3", SONG)
    assert list(tmp_path.iterdir()) == []


def test_what_is_read_is_told_by_its_content(tmp_path):
    write(tmp_path / "a.mid", SONG)
    (tmp_path / "a.mid").rename(tmp_path / "a.npz")
    assert read(tmp_path / "a.npz") == SONG
    (tmp_path / "b.mid").write_bytes(b"PK\x03\x04 no more")
    with pytest.raises(MidiError, match=r"cannot read .*b\.mid: not a file that pypianoroll wrote"):
        read(tmp_path / "b.mid")


def test_importing_it_brings_no_kind_of_file():
    code = "import sys, composer.songs; print([m for m in sys.modules if 'songs.' in m or m == 'numpy'])"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
