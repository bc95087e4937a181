"""The chorales: facts read from the scores by hand, and the file rebuilt from music21."""

import json
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
from composer.data import DATASETS, load_corpus, parse_roles
from composer.data.jsb import (
    BUNDLED,
    RANGES,
    RESOLUTION,
    SPLITS,
    VOICES,
    Chorale,
    corpus,
    load,
    to_song,
)
from composer.errors import ConfigError
from composer.songs.song import Note, TimeSignature

COUNTS = {"train": 225, "valid": 75, "test": 77, "": 32}
# Of train, with a tenth or more of a held-out piece.
LEAKING = {"bwv5.7", "bwv16.6", "bwv39.7", "bwv166.6", "bwv176.6", "bwv245.15", "bwv414", "bwv436"}
# Bars inside a piece that the score itself writes shorter than the metre: a phrase that
# ends early, or the last bar before a new metre and that metre's own pickup.
SHORT_BARS_INSIDE = {
    "bwv4.8": 1,
    "bwv41.6": 4,
    "bwv48.3": 1,
    "bwv171.6": 4,
    "bwv261": 1,
    "bwv276": 1,
    "bwv304": 1,
    "bwv324": 1,
}


@pytest.fixture(scope="module")
def chorales() -> dict[str, Chorale]:
    return {c.bwv: c for split in SPLITS for c in load(split)}


def runs(chorale: Chorale, voice: int, until: int) -> list[tuple[int, int]]:
    """(step, pitch) of the notes that start before `until`."""
    steps = np.flatnonzero(chorale.onsets[:until, voice])
    return [(int(s), int(chorale.voices[s, voice])) for s in steps]


# --- what is in it -----------------------------------------------------------------------


@pytest.mark.parametrize("split", SPLITS)
def test_counts_and_order(split):
    pieces = load(split)
    assert len(pieces) == COUNTS[split]
    indices = [c.index for c in pieces]
    assert indices == ([-1] * len(pieces) if split == "" else sorted(set(indices)))
    assert {c.split for c in pieces} == {split}


def test_order_is_the_split_tables():
    table = json.loads((BUNDLED.parent / "build" / "jsb_split.json").read_text(encoding="utf-8"))
    assert list(table) == ["train", "valid", "test"]
    for split, entries in table.items():
        assert [(c.bwv, c.index) for c in load(split)] == [(e["bwv"], e["index"]) for e in entries]
    # The published arrays begin so; 25 of train and 56 of valid are in no score of music21's.
    assert [c.bwv for c in load("train")[:4]] == ["bwv360", "bwv385", "bwv248.33-3", "bwv19.7"]
    assert [load("train")[i].index for i in (24, 25)] == [24, 26]
    assert [load("valid")[i].index for i in (55, 56)] == [55, 57]


def test_no_piece_is_in_two_splits(chorales):
    assert len(chorales) == sum(COUNTS.values()) == 409


def test_shapes_types_and_ranges(chorales):
    low, high = np.full(4, 127), np.zeros(4, int)
    for c in chorales.values():
        assert c.voices.dtype == np.int8
        assert c.onsets.dtype == c.fermatas.dtype == bool
        assert c.voices.shape == c.onsets.shape == (len(c.fermatas), 4)
        assert (
            not c.voices.flags.writeable
            and not c.onsets.flags.writeable
            and not c.bars.flags.writeable
        )
        sounding = c.voices >= 0
        assert set(c.voices[~sounding].tolist()) <= {-1}
        low = np.minimum(low, np.where(sounding, c.voices, 127).min(axis=0))
        high = np.maximum(high, c.voices.max(axis=0))
        assert sounding[-1].any(), f"{c.bwv} ends in silence"
    assert list(zip(low.tolist(), high.tolist(), strict=True)) == [RANGES[v] for v in VOICES]


def test_an_onset_wherever_the_pitch_changes_and_none_in_a_rest(chorales):
    for c in chorales.values():
        changed = np.vstack([np.ones((1, 4), bool), c.voices[1:] != c.voices[:-1]])
        assert c.onsets[changed & (c.voices >= 0)].all(), c.bwv
        assert not c.onsets[c.voices < 0].any(), c.bwv


def test_repeated_notes_survive(chorales):
    again = sum(
        (c.onsets[1:] & (c.voices[1:] == c.voices[:-1])).sum(axis=0) for c in chorales.values()
    )
    share = again / sum(c.onsets.sum(axis=0) for c in chorales.values())
    assert share == pytest.approx([0.147, 0.204, 0.177, 0.028], abs=5e-4)


def test_metre(chorales):
    first = [(c.numerator, c.denominator) for c in chorales.values()]
    assert {m: first.count(m) for m in set(first)} == {
        (4, 4): 364,
        (3, 4): 43,
        (3, 2): 1,
        (12, 8): 1,
    }
    pickups = [c.pickup for c in chorales.values()]
    assert {p: pickups.count(p) for p in set(pickups)} == {0.0: 125, 1.0: 281, 1.5: 1, 2.0: 2}


def test_bars_lie_where_the_metre_says(chorales):
    for c in chorales.values():
        assert c.bars[0] == 0 and c.bars[-1] < len(c.voices)
        assert c.metres[0, 0] == 0
        rows = np.searchsorted(c.metres[:, 0], c.bars, side="right") - 1
        full = 4 * RESOLUTION * c.metres[rows, 1] // c.metres[rows, 2]
        lengths = np.diff([*c.bars, len(c.voices)])
        assert set(c.metres[:, 0].tolist()) <= set(c.bars.tolist()), "a new metre begins a bar"
        assert (lengths <= full).all(), c.bwv
        assert lengths[0] == (c.pickup * RESOLUTION or full[0]), c.bwv
        short = int((lengths < full)[1:-1].sum())
        assert short == SHORT_BARS_INSIDE.get(c.bwv, 0), c.bwv


def test_fermatas(chorales):
    assert sum(c.fermatas.any() for c in chorales.values()) == 403
    for c in chorales.values():
        # A fermata begins where a soprano note does, and lasts as long as it.
        starts = np.flatnonzero(np.diff(c.fermatas.astype(int), prepend=0) == 1)
        ends = np.flatnonzero(np.diff(c.fermatas.astype(int), append=0) == -1) + 1
        assert c.onsets[starts, 0].all(), c.bwv
        stops = c.onsets[:, 0] | (c.voices[:, 0] < 0)
        assert stops[ends[ends < len(stops)]].all(), c.bwv


def test_modes_and_keys(chorales):
    assert sum(c.mode == "major" for c in chorales.values()) == 220
    expected = {
        "bwv269": (1, "major", 7),  # G
        "bwv66.6": (3, "minor", 6),  # F sharp minor
        "bwv244.54": (-1, "major", 5),  # O Haupt voll Blut und Wunden, in F
        "bwv248.5": (0, "minor", 4),  # the same tune, phrygian on E
        "bwv298": (0, "major", 7),  # mixolydian on G
        "bwv10.7": (-2, "minor", 7),
    }
    assert {
        b: (chorales[b].sharps, chorales[b].mode, chorales[b].final) for b in expected
    } == expected


# --- three scores, read by hand ----------------------------------------------------------


def test_bwv269_aus_meines_herzens_grunde(chorales):
    c = chorales["bwv269"]
    assert c.name == "Aus meines Herzens Grunde, BWV 269"
    assert (c.split, c.index) == ("valid", 69)
    assert (c.pickup, c.numerator, c.denominator) == (1.0, 3, 4)
    # The repeat sign cuts bars 7 and 14 in two; 21 bars and the pickup, the last of two beats.
    assert c.bars.tolist() == [0, *range(4, 245, 12)]
    assert len(c.voices) == 252
    assert runs(c, 0, 28) == [(0, 67), (4, 67), (12, 74), (16, 71), (22, 69), (24, 67)]
    assert runs(c, 3, 16) == [(0, 43), (4, 55), (8, 52), (12, 54)]
    assert np.flatnonzero(np.diff(c.fermatas.astype(int)) == 1).tolist() == [
        39,
        75,
        111,
        159,
        207,
        243,
    ]


def test_bwv66_6_first_phrase(chorales):
    c = chorales["bwv66.6"]
    assert c.title == ""
    assert c.name == "BWV 66.6"
    # C#5 B4 as two quavers | A4 B4 C#5 E5 | ... ; the alto holds its first note over the quavers.
    assert runs(c, 0, 20) == [(0, 73), (2, 71), (4, 69), (8, 71), (12, 73), (16, 76)]
    assert runs(c, 1, 20) == [(0, 64), (4, 66), (8, 64), (12, 64), (16, 64)]
    assert runs(c, 3, 20) == [(0, 57), (2, 56), (4, 54), (8, 56), (12, 57), (16, 56)]
    assert c.bars.tolist() == [0, *range(4, 133, 16)]
    assert c.fermatas[12:16].all() and not c.fermatas[:12].any() and not c.fermatas[16:28].any()


def test_bwv304_changes_its_metre(chorales):
    c = chorales["bwv304"]
    assert c.metres.tolist() == [[0, 4, 4], [128, 3, 4]]
    assert c.bars[7:11].tolist() == [112, 128, 132, 144]
    assert to_song(c).time_signatures == (
        TimeSignature(0, 4, 4),
        TimeSignature(32, 1, 4),
        TimeSignature(33, 3, 4),
    )


def test_two_sopranos_the_first_is_taken(chorales):
    # Soprano 1 rests three beats, then D5 D5 F5; soprano 2 has B flat.
    assert runs(chorales["bwv27.6"], 0, 17) == [(12, 74), (14, 74), (16, 77)]
    assert (chorales["bwv27.6"].voices[:12, 0] == -1).all()
    assert (chorales["bwv27.6"].split, chorales["bwv227.3"].split) == ("valid", "train")


# --- the same music twice ----------------------------------------------------------------


def test_twins_that_leak_are_known(chorales):
    found = {
        c.bwv: c.twin for c in chorales.values() if c.split in ("train", "") and c.overlap >= 0.3
    }
    assert found == {
        "bwv414": "bwv253",
        "bwv176.6": "bwv280",
        "bwv245.15": "bwv245.37",
        "bwv112.5-sc": "bwv112.5",
        "bwv120.8-a": "bwv137.5",
        "bwv171.6": "bwv41.6",
        "bwv324": "bwv10.7",
        "bwv69.6-a": "bwv12.7",
    }
    assert chorales["bwv414"].overlap == 1.0
    assert sum(c.overlap >= 0.1 for c in load("train")) == 8
    for c in chorales.values():
        assert (c.twin == "") == (c.overlap == 0), c.bwv
        assert c.twin == "" or (chorales[c.twin].split in ("valid", "test") and c.twin != c.bwv)


def test_a_transposed_twin_is_one(chorales):
    first, second = chorales["bwv414"].voices, chorales["bwv253"].voices
    length = min(len(first), len(second))
    apart = first[:length].astype(int) - second[:length]
    values, counts = np.unique(apart, return_counts=True)
    assert values[counts.argmax()] != 0
    assert counts.max() / counts.sum() > 0.9


# --- as a song ---------------------------------------------------------------------------


def test_to_song(chorales):
    song = to_song(chorales["bwv269"])
    assert [t.name for t in song.tracks] == list(VOICES)
    assert song.title == "Aus meines Herzens Grunde, BWV 269"
    assert song.time_signatures == (TimeSignature(0, 1, 4), TimeSignature(1, 3, 4))
    assert [(k.onset, k.sharps, k.is_minor) for k in song.key_signatures] == [(0.0, 1, False)]
    assert song.tracks[0].notes[:6] == (
        Note(0.0, 67, 1.0),
        Note(1.0, 67, 2.0),
        Note(3.0, 74, 1.0),
        Note(4.0, 71, 1.5),
        Note(5.5, 69, 0.5),
        Note(6.0, 67, 1.0),
    )
    assert (song.qpm, to_song(chorales["bwv269"], qpm=66).qpm) == (80.0, 66.0)


def test_song_holds_all_that_the_arrays_hold(chorales):
    for c in chorales.values():
        song = to_song(c)
        voices, onsets = np.full_like(c.voices, -1), np.zeros_like(c.onsets)
        for v, track in enumerate(song.tracks):
            for note in track.notes:
                start, end = round(note.onset * RESOLUTION), round(note.end * RESOLUTION)
                assert (voices[start:end, v] == -1).all(), f"{c.bwv}: two notes at once"
                voices[start:end, v] = note.pitch
                onsets[start, v] = True
        assert np.array_equal(voices, c.voices), c.bwv
        assert np.array_equal(onsets, c.onsets), c.bwv
        assert song.bar_onsets() == (c.bars / RESOLUTION).tolist(), c.bwv
        assert (song.time_signatures[0].beats_per_bar == c.pickup) == (c.pickup > 0), c.bwv


# --- names and errors --------------------------------------------------------------------


def test_as_a_corpus(chorales):
    assert "jsb" in DATASETS
    jsb = load_corpus("jsb")
    assert (jsb.name, jsb.roles) == ("jsb", VOICES)
    assert [len(jsb.train), len(jsb.valid), len(jsb.test)] == [217, 75, 77]
    assert list(jsb.valid) == [to_song(c) for c in load("valid")]
    assert list(jsb.train) == [to_song(c) for c in load("train") if c.bwv not in LEAKING]
    assert sum(chorales[bwv].overlap >= 0.1 for bwv in LEAKING) == 8
    assert tuple(map(str, jsb.remarks)) == (
        "8 pieces of train are left out: they share music with valid or test",
    )
    assert jsb.hash == corpus().hash


def test_unknown_names():
    with pytest.raises(
        ConfigError, match=r"a dataset is jsb, quartets, or a folder of MIDI.*; got 'bach'"
    ):
        load_corpus("bach")
    with pytest.raises(ConfigError, match="jsb has its own tracks"):
        load_corpus("jsb", parse_roles(["Melody=40", "Bass=32-39"]))
    with pytest.raises(ConfigError, match=r"'train', 'valid', 'test', '', got 'dev'"):
        load("dev")


def test_load_gives_a_list_of_ones_own():
    load("valid").clear()
    assert len(load("valid")) == 75


def test_loading_needs_numpy_alone():
    code = (
        "import sys; from composer.data import load_corpus; load_corpus('jsb');"
        "print(*{'music21', 'tensorflow', 'keras', 'mido', 'rich', 'matplotlib'}.intersection(sys.modules))"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == ""


def dates(path: Path) -> set[tuple[int, ...]]:
    with zipfile.ZipFile(path) as file:
        return {entry.date_time for entry in file.infolist()}


def test_file_is_small_and_dateless():
    assert BUNDLED.stat().st_size <= 250_000
    assert dates(BUNDLED) == {(1980, 1, 1, 0, 0, 0)}
