"""Files appear whole or not at all, and one says why it did not."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from composer.errors import ComposerError, Mend, OutputError
from composer.files import atomic, check_ending, free_path, is_temporary
from composer.songs import read, write
from composer.songs.song import Note, Song, Track

SONG = Song((Track((Note(0.0, 60, 1.0), Note(1.0, 64, 0.5)), "Tune"),))


def test_atomic_keeps_the_old_file_when_the_block_fails(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.write_text("old")
    with pytest.raises(KeyError), atomic(path) as temporary:
        assert temporary.suffix == ".png"
        temporary.write_text("half")
        raise KeyError
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_atomic_removes_the_folders_that_it_made(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="No space"), atomic(tmp_path / "x" / "y" / "a.wav"):
        raise OSError(28, "No space left on device")
    assert list(tmp_path.iterdir()) == []


def test_atomic_says_why_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    # What is no regular file stays: a pipe stands here for devices too, as no test should write to those of the machine.
    pipe = tmp_path / "pipe.mid"
    os.mkfifo(pipe)
    for path in (tmp_path, tmp_path / "file" / "a.mid", pipe, "a\0.mid", "/proc/none/a.mid"):
        with pytest.raises(OutputError, match=r"^cannot write .*: [^;]*$") as caught:
            write(path, SONG)
        assert caught.value.mend == Mend("out")  # each edge says in its own words where else to
    assert issubclass(OutputError, ComposerError)
    assert pipe.is_fifo()


def test_atomic_writes_through_a_link(tmp_path: Path) -> None:
    (tmp_path / "link.mid").symlink_to(tmp_path / "real.mid")
    write(tmp_path / "link.mid", SONG)
    assert (tmp_path / "link.mid").is_symlink()
    assert read(tmp_path / "real.mid") == SONG


def test_what_atomic_lends_is_known_by_its_name(tmp_path: Path) -> None:
    with atomic(tmp_path / "song.mid") as temporary:
        temporary.write_bytes(b"")
        assert is_temporary(temporary, (".mid",)) and not is_temporary(temporary, (".wav",))
        link = tmp_path / f".{'0' * 16}.mid"
        link.symlink_to(temporary)
        assert not is_temporary(link, (".mid",))
    assert not is_temporary(tmp_path / "song.mid", (".mid",))


def test_an_ending_of_another_kind_is_refused() -> None:
    for name in ("a.mid", "a.MIDI", "a", "no. 3", "v1.2 final"):
        check_ending(Path(name), (".mid", ".midi"), "the MIDI file")
    with pytest.raises(OutputError, match=r"the MIDI file ends in \.mid or \.midi, got a\.wav"):
        check_ending(Path("a.wav"), (".mid", ".midi"), "the MIDI file")


def test_a_free_path_takes_the_place_of_nothing(tmp_path: Path) -> None:
    path = tmp_path / "take.mid"
    assert free_path(path) == path
    path.touch()
    (tmp_path / "take-2.mid").symlink_to(tmp_path / "nowhere")
    assert free_path(path) == tmp_path / "take-3.mid"
