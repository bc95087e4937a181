"""The string quartets: facts read from the scores by hand, and the file rebuilt from music21."""

import subprocess
import sys
import zipfile

import numpy as np
import pytest
from composer.data import DATASETS, load_corpus, parse_roles
from composer.data.quartets import BUNDLED, PARTS, PROGRAMS, TICKS, Movement, corpus, load, unpack
from composer.errors import ConfigError
from composer.songs.song import KeySignature, TimeSignature

SPLITS = ("train", "valid", "test")
MOVEMENTS = {
    "Haydn, op. 1 no. 1": 5,
    "Haydn, op. 74 no. 1": 4,
    "Mozart, K. 80": 4,
    "Mozart, K. 155": 3,
    "Mozart, K. 156": 4,
    "Mozart, K. 458": 4,
    "Beethoven, op. 18 no. 1": 4,
    "Beethoven, op. 18 no. 3": 4,
    "Beethoven, op. 18 no. 4": 4,
    "Beethoven, op. 18 no. 5": 4,
}


@pytest.fixture(scope="module")
def movements() -> dict[tuple[str, int], Movement]:
    return {(m.work, m.number): m for split in SPLITS for m in load(split)}


def begins(movement: Movement, part: int, count: int) -> list[tuple[float, int, float]]:
    return [(n.onset, n.pitch, n.duration) for n in movement.song.tracks[part].notes[:count]]


def on_ticks(beats: float) -> bool:
    return abs(beats * TICKS - round(beats * TICKS)) < 1e-6


# --- what is in it -----------------------------------------------------------------------


def test_works_and_their_movements():
    found = [(m.work, m.number) for m in unpack(BUNDLED)]
    assert found == [
        (work, number) for work, count in MOVEMENTS.items() for number in range(1, count + 1)
    ]


def test_split_is_by_work(movements):
    where = {work: {m.split for m in movements.values() if m.work == work} for work in MOVEMENTS}
    assert all(len(splits) == 1 for splits in where.values())
    assert {work for work in where if where[work] == {"valid"}} == {
        "Mozart, K. 80",
        "Mozart, K. 156",
    }
    assert {work for work in where if where[work] == {"test"}} == {"Haydn, op. 74 no. 1"}
    beats = {split: sum(m.song.end for m in load(split)) for split in SPLITS}
    shares = [beats[split] / sum(beats.values()) for split in SPLITS]
    assert shares == pytest.approx([0.804, 0.094, 0.102], abs=1e-3)


def test_tracks(movements):
    for m in movements.values():
        assert [(t.name, t.program, t.is_drum) for t in m.song.tracks] == [
            (name, program, False) for name, program in zip(PARTS, PROGRAMS, strict=True)
        ]
        for track in m.song.tracks:
            assert track.notes, m.song.title
            ends = [n.end for n in track.notes]
            later = [n.onset for n in track.notes[1:]]
            assert all(end <= onset + 1e-9 for end, onset in zip(ends, later, strict=False)), (
                "one note at a time"
            )
            assert all(
                n.duration > 0 and on_ticks(n.onset) and on_ticks(n.duration) for n in track.notes
            )


def test_ranges_are_those_of_the_instruments(movements):
    pitches = [
        [n.pitch for m in movements.values() for n in m.song.tracks[part].notes]
        for part in range(4)
    ]
    assert [(min(p), max(p)) for p in pitches] == [(55, 97), (55, 91), (48, 78), (35, 72)]
    assert [len(p) for p in pitches] == [24801, 21223, 18868, 16228]
    assert sum(p < 36 for p in pitches[3]) == 1  # a slip of the score, op. 74 no. 1, IV


def test_bars_are_those_of_the_scores(movements):
    bars = {key: len(m.song.bar_onsets()) for key, m in movements.items()}
    # As printed editions count them, without a pickup: op. 18 no. 1 has 313, 110, 145 and 381.
    assert [bars["Beethoven, op. 18 no. 1", n] for n in (1, 2, 3, 4)] == [313, 110, 145, 381]
    assert (
        bars["Mozart, K. 458", 1] == 282
    )  # 283 in the file, of which a repeat sign makes two of one
    assert bars["Mozart, K. 458", 4] == 335
    for m in movements.values():
        onsets = np.array([*m.song.bar_onsets(), m.song.end])
        full = np.array([m.song.metre_at(at).beats_per_bar for at in onsets[:-1]])
        assert (np.diff(onsets)[1:-1] <= full[1:-1] + 1e-9).all(), m.song.title
        assert m.song.time_signatures[0].onset == 0 and m.song.key_signatures[0].onset == 0


def test_triplets_are_thirds_of_a_beat(movements):
    notes = [n for m in movements.values() for t in m.song.tracks for n in t.notes]
    off = [n for n in notes if (n.onset * 4) % 1 > 1e-9 or (n.duration * 4) % 1 > 1e-9]
    thirds = [n for n in off if round(n.onset * TICKS) % 40 == round(n.duration * TICKS) % 40 == 0]
    assert (len(off), len(thirds)) == (6123, 3196)


# --- a few scores, read by hand ----------------------------------------------------------


def test_k458_the_hunt(movements):
    m = movements["Mozart, K. 458", 1]
    assert m.song.title == "Mozart, K. 458, 1. Allegro vivace assai"
    assert m.song.time_signatures == (TimeSignature(0, 1, 8), TimeSignature(0.5, 6, 8))
    assert m.song.key_signatures == (KeySignature(0, -2, False),)
    assert begins(m, 0, 4) == [(0, 77, 0.5), (0.5, 77, 0.5), (1, 74, 0.5), (1.5, 74, 0.5)]
    assert begins(m, 3, 3) == [(0.5, 58, 1), (2, 46, 1), (3.5, 50, 1)]


def test_k458_finale_keeps_its_bars(movements):
    """A word beyond a barline once made bar 99 of it last 5.75 beats."""
    m = movements["Mozart, K. 458", 4]
    assert m.song.time_signatures == (TimeSignature(0, 2, 4),)
    assert [(n.onset, n.pitch) for n in m.song.tracks[0].notes if 196 <= n.onset < 198] == [
        (196, 77),
        (196.5, 76),
        (197, 74),
        (197.5, 72),
    ]


def test_op18_no1_begins_in_unison(movements):
    lines = [begins(movements["Beethoven, op. 18 no. 1", 1], part, 6) for part in range(4)]
    assert lines[0] == [
        (0, 65, 1.5),
        (1.5, 67, 0.25),
        (1.75, 65, 0.25),
        (2, 64, 0.5),
        (2.5, 65, 0.5),
        (3, 60, 1),
    ]
    assert lines[1] == lines[0]
    assert (
        lines[2]
        == lines[3]
        == [(onset, pitch - 12, duration) for onset, pitch, duration in lines[0]]
    )


def test_movements_of_one_file_are_apart(movements):
    third, fourth = (movements["Beethoven, op. 18 no. 5", n] for n in (3, 4))
    assert third.song.time_signatures[:2] == (TimeSignature(0, 1, 8), TimeSignature(0.5, 2, 4))
    assert fourth.song.time_signatures[:2] == (TimeSignature(0, 3, 8), TimeSignature(1.5, 2, 2))
    # The minuet has the key signature of the movement before it, of which the file says nothing there.
    minuet = movements["Beethoven, op. 18 no. 5", 2]
    assert minuet.song.key_signatures == (KeySignature(0, 3, False),)
    assert begins(minuet, 0, 3) == [(0, 73, 1), (1, 76, 3), (4, 71, 3)]
    assert [
        movements["Beethoven, op. 18 no. 3", n].song.key_signatures[0].sharps for n in (1, 2, 3, 4)
    ] == [
        2,
        -2,
        2,
        2,
    ]


def test_beethovens_cello_in_the_treble_clef_sounds_an_octave_lower(movements):
    """Bar 73 of op. 18 no. 1: the cello answers the first violin two octaves below it."""
    m = movements["Beethoven, op. 18 no. 1", 1]
    start = m.song.bar_onsets()[71]
    first = [n.pitch for n in m.song.tracks[3].notes if start <= n.onset < start + 6][:3]
    assert first == [67, 69, 67]


# --- as a corpus -------------------------------------------------------------------------


def test_as_a_corpus():
    assert "quartets" in DATASETS
    found = load_corpus("quartets")
    assert (found.name, found.roles) == ("quartets", PARTS)
    assert [len(found.split(split)) for split in SPLITS] == [28, 8, 4]
    assert list(found.valid) == [m.song for m in load("valid")]
    assert tuple(map(str, found.remarks)) == ("split by work: train 7, valid 2, test 1",)
    assert found.hash == corpus().hash


def test_unknown_names():
    with pytest.raises(ConfigError, match="quartets has its own tracks"):
        load_corpus("quartets", parse_roles(["Melody=40", "Bass=32-39"]))
    with pytest.raises(
        ConfigError, match="a split of quartets is one of 'train', 'valid', 'test', got 'dev'"
    ):
        load("dev")


def test_loading_needs_numpy_alone():
    code = (
        "import sys; from composer.data import load_corpus; load_corpus('quartets');"
        "print(*{'music21', 'tensorflow', 'keras', 'mido', 'rich', 'matplotlib'}.intersection(sys.modules))"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == ""


def test_family_chorale_takes_them():
    from composer.generators.chorale import FAMILY

    config = FAMILY.configure({}, list(load_corpus("quartets").train))
    assert (config.parts, config.programs) == (PARTS, PROGRAMS[1:])


def test_file_is_small_and_dateless():
    assert BUNDLED.stat().st_size <= 100_000
    with zipfile.ZipFile(BUNDLED) as file:
        assert {entry.date_time for entry in file.infolist()} == {(1980, 1, 1, 0, 0, 0)}
