"""Tests of arrange_bad."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from composer.errors import OutputError
from composer.songs import read, write
from composer.songs.midi import to_bytes
from composer.songs.song import Note, Song, Track

from tests.conftest import lacking
from tests.support.command import fails, files, two_tracks


def test_files_that_are_no_melody(arrange, ode):
    whole = to_bytes(ode)
    drums = Song((Track((Note(0.0, 38, 1.0), Note(1.0, 42, 1.0)), is_drum=True),))
    bad = {
        "empty.mid": (b"", "cannot read"),
        "text.mid": (b"Dear Sir or Madam, this is a letter.", "cannot read"),
        "cut.mid": (whole[: len(whole) // 2], "cannot read"),
        "nothing.mid": (to_bytes(Song()), "no notes"),
        "silent.mid": (to_bytes(Song((Track(name="a"),))), "no notes"),
        "drums.mid": (to_bytes(drums), "only drums"),
        "short.mid": (zero_length(), "no notes"),
        "damaged.npz": (b"PK\x03\x04 and then nothing", "cannot read"),
        "endless.mid": (endless(), "at most"),
    }
    for name, (data, words) in bad.items():
        (arrange.folder / name).write_bytes(data)
        fails(arrange(name, "-o", "out.mid"), words)
    assert files(arrange.folder) == sorted(bad)


def zero_length() -> bytes:
    """A file whose only note stops where it starts."""
    track = b"\x00\x90\x3c\x40\x00\x80\x3c\x40\x00\xff\x2f\x00"
    return (
        b"MThd\x00\x00\x00\x06\x00\x00\x00\x01\x01\xe0MTrk" + len(track).to_bytes(4, "big") + track
    )


def endless() -> bytes:
    """A file whose only note lasts for days."""
    track = (
        b"\x00\x90\x3c\x40"
        + b"\xff\xff\xff\x7f\xff\x01\x00" * 4
        + b"\xff\xff\xff\x7f\x80\x3c\x40\x00\xff\x2f\x00"
    )
    return (
        b"MThd\x00\x00\x00\x06\x00\x00\x00\x01\x00\x60MTrk" + len(track).to_bytes(4, "big") + track
    )


def test_a_note_of_no_length_among_others_is_left_out(arrange):
    track = b"\x00\x90\x3c\x40\x00\x80\x3c\x40\x00\x90\x40\x40\x9e\x00\x80\x40\x40\x00\xff\x2f\x00"
    data = (
        b"MThd\x00\x00\x00\x06\x00\x00\x00\x01\x01\xe0MTrk" + len(track).to_bytes(4, "big") + track
    )
    (arrange.folder / "in.mid").write_bytes(data)
    assert arrange("in.mid", "-o", "out.mid").returncode == 0
    assert [n.pitch for n in read(arrange.folder / "out.mid").tracks[0].notes] == [64]


def test_names_that_are_nothing(arrange):
    fails(arrange("ode-to-joi"), "'ode-to-joi'", "composer melodies")
    fails(arrange("gone.mid"), "gone.mid", "No such file")
    (arrange.folder / "in").mkdir()
    fails(arrange("in"), "folder in")
    fails(arrange("x" * 300), "composer: ")
    assert files(arrange.folder) == []


def test_tracks_that_are_not_there(arrange):
    drums = Track((Note(0.0, 38, 1.0),), is_drum=True)
    write(arrange.folder / "in.mid", replace(two_tracks(), tracks=(*two_tracks().tracks, drums)))
    fails(arrange("in.mid", "--track", 4), "track 4", "3")
    fails(arrange("in.mid", "--track", 3), "track 3 is drums", "[1, 2]")
    fails(arrange("in.mid", "--track", 0), "--track")


@pytest.mark.parametrize(
    "option", ["--seed=-1", "--seed=many", "--track=x", "--qpm=fast", "--sead=1"]
)
def test_options_that_mean_nothing(arrange, option):
    fails(arrange("ode-to-joy", option), option.split("=")[0], "--help")


@pytest.mark.parametrize("qpm", ["0", "-5", "nan", "inf", "1e9"])
def test_tempos_that_midi_cannot_hold(arrange, qpm):
    fails(arrange("ode-to-joy", f"--qpm={qpm}"), "tempo")
    assert files(arrange.folder) == []


def test_outputs_that_cannot_be_written(arrange):
    (arrange.folder / "file").write_text("")
    fails(arrange("ode-to-joy", "-o", "file/out.mid"), "cannot write")
    fails(arrange("ode-to-joy", "-o", "/proc/out.mid"), "cannot write")
    fails(arrange("ode-to-joy", "greensleeves", "-o", "file"), "folder")
    fails(arrange("ode-to-joy", "-o", "out.wav"), "--wav")
    fails(arrange("ode-to-joy", "-o", "out.txt"), ".mid or .midi", "out.txt")
    fails(arrange("ode-to-joy", "--wav", "out.mp3"), ".wav", "out.mp3")
    fails(arrange("ode-to-joy", "--png", "out.pdf"), ".png", "out.pdf")
    assert files(arrange.folder) == ["file"]


def test_a_folder_without_permission(as_nobody):
    (as_nobody / "locked").mkdir(mode=0o500)
    with pytest.raises(OutputError, match=r"cannot write .*Permission denied"):
        write(as_nobody / "locked/out.mid", two_tracks())


def test_a_melody_is_never_overwritten(arrange):
    write(arrange.folder / "in.mid", two_tracks())
    before = (arrange.folder / "in.mid").read_bytes()
    (arrange.folder / "link.mid").symlink_to("in.mid")
    for out in ("in.mid", "./in.mid", "link.mid", "."):
        fails(arrange("in.mid", "-o", out), "choose another place")
    fails(arrange("in.mid", "-o", "out.mid", "--wav", "in.mid"), ".wav, got in.mid")
    fails(arrange("in.mid", "-o", "out.mid", "--png", "out.mid"), ".png, got out.mid")
    (arrange.folder / "link.mid").unlink()
    fails(arrange(".", "-o", "."), "choose another place")
    assert (arrange.folder / "in.mid").read_bytes() == before
    assert files(arrange.folder) == ["in.mid"]


def test_a_soundfont_that_is_not_there(arrange):
    fails(arrange("ode-to-joy", "--wav", "x.wav", "--soundfont", "none.sf2"), "none.sf2")
    fails(
        arrange("ode-to-joy", "--wav", "x.wav", env={"COMPOSER_SOUNDFONT": "gone.sf2"}), "gone.sf2"
    )
    assert "x.wav" not in files(arrange.folder)


def test_a_full_disk(arrange):
    full = Path("/dev/full")
    if not full.exists():
        lacking("/dev/full")
    fails(arrange("ode-to-joy", "-o", full), "cannot write")
    assert files(arrange.folder) == []
