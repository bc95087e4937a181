"""Tests of midi_bad."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest
from composer.errors import MidiError
from composer.songs import read, write
from composer.songs.midi import MAX_BYTES, from_bytes
from composer.songs.song import KeySignature, Note, Song, Tempo, TimeSignature, Track

from tests.support.midi_songs import END, midi

GOOD = midi(b"\x00\x90\x3c\x50\x60\x3c\x00" + END)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "empty"),
        (b"\x89PNG\r\n\x1a\n" + b"\0" * 40, "MThd"),
        (GOOD[:9], "cut off"),
        (GOOD[:20], "cut off"),
        (GOOD[:-3], "cut off"),
        (midi(END, form=2), "type 2"),
        (midi(END, form=7), "header"),
        (midi(END, division=0), "0 ticks"),
        (midi(END, division=0xE728), "SMPTE"),
        (midi(), "0 tracks"),
        (GOOD[:10] + b"\x00\x05" + GOOD[12:], "5 tracks"),
        (midi(b"\x00\x3c\x50" + END), "status"),
        (midi(b"\x00\x90\x3c"), "breaks off"),
        (midi(b"\x00\x90\x3c\x85" + END), "0 to 127"),
        (midi(b"\x00\xff\x03\xff\xff\xff\x7fabc"), "breaks off"),
        (midi(b"\xff\xff\xff\xff\x7f\x90\x3c\x50" + END), "four bytes"),
        (midi(b"\x00\xf4" + END), "0xf4"),
        (midi(b"\x00\x90\x3c\x50" + b"\xff\xff\xff\x7f\x3c\x00" + END, division=1), "beats"),
        (
            midi(
                b"\x00\xff\x51\x03\xff\xff\xff" + b"\x8f\xff\xff\x7f\x90\x3c\x50" + END,
                division=960,
            ),
            "hours",
        ),
        (b"RIFF\x10\0\0\0RMIDjunk\x02\0\0\0ab", "RIFF"),
    ],
)
def test_bad_files_say_why_in_one_line(tmp_path: Path, data: bytes, message: str) -> None:
    path = tmp_path / "bad.mid"
    path.write_bytes(data)
    with pytest.raises(MidiError, match=message) as caught:
        read(path)
    assert "bad.mid" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_files_that_cannot_be_opened(tmp_path: Path) -> None:
    for path, why in [
        (tmp_path / "none.mid", "No such file"),
        (tmp_path, "folder"),
        (Path("/dev/zero"), "device"),
    ]:
        with pytest.raises(MidiError, match=why):
            read(path)
    with pytest.raises(MidiError):
        read("a\0b.mid")
    os.mkfifo(tmp_path / "pipe.mid")
    with pytest.raises(MidiError, match="pipe"):
        read(tmp_path / "pipe.mid")


def test_files_that_are_too_large(tmp_path: Path) -> None:
    path = tmp_path / "large.mid"
    with path.open("wb") as file:
        file.write(GOOD)
        file.truncate(MAX_BYTES + 1)
    with pytest.raises(MidiError, match="4 MiB"):
        read(path)
    with pytest.raises(MidiError, match="4 MiB"):
        from_bytes(path.read_bytes())


ONE = Song((Track((Note(0, 60, 1),)),))


@pytest.mark.parametrize(
    ("song", "message"),
    [
        (Song((Track((Note(0, 128, 1),)),)), "pitch"),
        (Song((Track((Note(0, 60, 1, 0),)),)), "velocity"),
        (Song((Track((Note(-0.5, 60, 1),)),)), "beat 0"),
        (Song((Track((Note(float("nan"), 60, 1),)),)), "beat 0"),
        (Song((Track((Note(0, 60, 300_000),)),)), "beats"),
        (Song((Track((), program=128),)), "program"),
        (Song(tuple(Track((), program=i) for i in range(16))), "15 channels"),
        (replace(ONE, ticks_per_beat=0), "ticks"),
        (replace(ONE, tempos=(Tempo(0, 0.0),)), "tempo"),
        (replace(ONE, time_signatures=(TimeSignature(0, 3, 5),)), "3/5"),
        (replace(ONE, key_signatures=(KeySignature(0, 8),)), "key"),
        (Song((Track((Note(30_000, 60, 1),)),), ticks_per_beat=32767), "fewer ticks"),
    ],
)
def test_songs_that_midi_cannot_hold(tmp_path: Path, song: Song, message: str) -> None:
    with pytest.raises(MidiError, match=message):
        write(tmp_path / "out.mid", song)
    assert list(tmp_path.iterdir()) == []
