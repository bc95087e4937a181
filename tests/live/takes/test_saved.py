"""Takes on disk: listed, found by name, made whole again if they were cut off or damaged."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from composer.errors import ComposerError
from composer.live.takes.header import EVENTS, HEADER, PLAYED
from composer.live.takes.replay import replay
from composer.live.takes.saved import list_takes, load_take, read_take, takes_folder
from composer.live.takes.writer import TakeWriter

from tests.support.jack_server import jack  # noqa: F401
from tests.support.takes import HEAD, Collected, events, keep

# Kept


def test_the_last_take_is_not_one_that_was_dropped(tmp_path, melody):
    first = keep(tmp_path, melody=melody)
    with TakeWriter(tmp_path, replace(HEAD, when="2026-03-08T10:00:00+01:00")) as writer:
        writer.finish(melody, None, "undone")
    assert load_take("last", tmp_path).folder == first
    assert load_take(writer.folder.name, tmp_path).ended == "undone"


def test_a_take_that_was_cut_off_has_its_melody_back(tmp_path, melody):
    folder = keep(tmp_path, melody=melody)
    (folder / "melody.mid").unlink()
    assert read_take(folder).melody().tracks[0].notes[:-1] == melody.tracks[0].notes[:-1]
    last, held = read_take(folder).melody().tracks[0].notes[-1], melody.tracks[0].notes[-1]
    assert (last.onset, last.pitch, last.velocity) == (held.onset, held.pitch, held.velocity)


def test_lines_that_are_damaged_cost_no_others(tmp_path):
    folder = keep(tmp_path)
    whole = (folder / EVENTS).read_bytes()
    lines = whole.splitlines(keepends=True)
    odd = (
        b'\n{"a":1}\n[1,2]\n[NaN,"note_on",60,1]\n["x","note_on",60,1]\n\x00\x00\xff\n'
        + b"[" * 5000
        + b"\n"
    )
    (folder / EVENTS).write_bytes(b"".join(lines[:3]) + odd + b"".join(lines[3:])[:-4])
    assert [e.number for e in read_take(folder).events()] == [e.number for e in events()[:-1]]
    (folder / PLAYED).write_bytes(
        b'[0.1,"903c40"]\n[0.2,"90zz"]\n[0.3,"ff00"]\n[0.4,""]\n[0.5,"803c40"]\n[0.6,"803c4'
    )
    out = Collected()
    assert replay(read_take(folder), out, out.clock, out.wait) == 2
    assert out.bytes() == [bytes.fromhex("903c40"), bytes.fromhex("803c40")]


# Listed and found


def test_takes_are_listed_the_oldest_first_and_found_by_name(tmp_path):
    whens = [
        "2026-03-07T21:04:05+01:00",
        "2026-03-07T20:30:00+00:00",
        "2026-03-08T01:00:00-05:00",
        "2025-12-31T00:00:00",
    ]
    names = [keep(tmp_path, replace(HEAD, when=when, seed=i)).name for i, when in enumerate(whens)]
    assert [t.header.seed for t in list_takes(tmp_path)] == [3, 0, 1, 2]
    assert load_take("last", tmp_path).header.seed == 2
    assert load_take(names[1], tmp_path).header.seed == 1
    assert load_take("2026-03-08", tmp_path).header.seed == 2
    assert load_take(str(tmp_path / names[3]), Path("nowhere")).header.seed == 3
    for name, words in (
        ("2026-03-07", "2 takes begin with"),
        ("1999", "no take is called '1999'"),
        ("", "no take"),
    ):
        with pytest.raises(ComposerError, match=words) as caught:
            load_take(name, tmp_path)
        assert names[0] in str(caught.value)
    with pytest.raises(ComposerError, match="composer play"):
        load_take("last", tmp_path / "none")


def test_a_whole_name_is_found_though_others_begin_with_it(tmp_path):
    first, second = keep(tmp_path), keep(tmp_path)
    assert second.name.startswith(first.name)
    assert load_take(first.name, tmp_path).folder == first


def test_damaged_headers_are_listed_and_refused(tmp_path):
    folder = keep(tmp_path)
    for text in ("", "{", "[1]", '{"when": 3}', '{"when": "x", "colour": 1}', "\x00"):
        (folder / HEADER).write_text(text)
        (take,) = list_takes(tmp_path)
        assert take.ended == "damaged" and take.length() == (0, 0.0)
        with pytest.raises(ComposerError, match="is damaged"):
            load_take(folder.name, tmp_path)
    (tmp_path / "something else").mkdir()
    assert len(list_takes(tmp_path)) == 1


def test_where_takes_are_kept(monkeypatch):
    monkeypatch.setenv("XDG_DATA_HOME", "/data")
    assert takes_folder() == Path("/data/composer/takes")
    for relative in ("", "data"):  # which the XDG specification says to ignore
        monkeypatch.setenv("XDG_DATA_HOME", relative)
        assert takes_folder() == Path("~/.local/share/composer/takes").expanduser()
