"""Takes given away: as a folder, a MIDI file, sound or an archive."""

from __future__ import annotations

import wave
import zipfile

import pytest
from composer.errors import ComposerError, OutputError
from composer.live.takes.export import export_take
from composer.live.takes.replay import check
from composer.live.takes.saved import read_take
from composer.live.takes.writer import TakeWriter
from composer.songs import read

from tests.support.jack_server import jack  # noqa: F401
from tests.support.takes import HEAD

# Given away


def test_export(arranged, tmp_path):
    take = read_take(arranged)
    files = {"take.json", "events.jsonl", "played.jsonl", "melody.mid", "arrangement.mid"}
    assert {p.name for p in export_take(take, tmp_path / "new")} == files
    assert {p.name for p in (tmp_path / "new").iterdir()} == files
    assert (tmp_path / "new" / "events.jsonl").read_bytes() == (
        arranged / "events.jsonl"
    ).read_bytes()
    export_take(take, tmp_path / "new")
    assert check(read_take(tmp_path / "new" / take.name)).equal
    (song,) = export_take(take, tmp_path / "one.mid")
    assert read(song).tracks == take.arrangement().tracks
    (sound,) = export_take(take, tmp_path / "one.WAV")
    with wave.open(str(sound)) as opened:
        assert opened.getnframes() / opened.getframerate() >= take.header.seconds
    (archive,) = export_take(take, tmp_path / "one.zip")
    with zipfile.ZipFile(archive) as opened:
        assert set(opened.namelist()) == {f"{take.name}/{name}" for name in files}


def test_export_to_where_it_cannot_go(arranged, tmp_path):
    take = read_take(arranged)
    before = {p.name: p.read_bytes() for p in arranged.iterdir()}
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="ends in"):
        export_take(take, tmp_path / "file")
    with pytest.raises(OutputError, match=r"ends in \.mid or \.wav or \.zip"):
        export_take(take, tmp_path / "one.mp3")
    with pytest.raises(OutputError, match="the take itself"):
        export_take(take, arranged.parent)
    with pytest.raises(OutputError, match="cannot write"):
        export_take(take, tmp_path / "file" / "x.mid")
    assert {p.name: p.read_bytes() for p in arranged.iterdir()} == before
    with pytest.raises(ComposerError, match="nothing was played"):
        with TakeWriter(tmp_path / "silent", HEAD) as writer:
            pass
        export_take(read_take(writer.folder), tmp_path / "x.mid")
