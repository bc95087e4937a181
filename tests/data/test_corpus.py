"""The hash of what training sees, and what a corpus tells people."""

import os
from dataclasses import replace

import pytest
from composer.data import Corpus, load_corpus, parse_roles
from composer.data.corpus import Skipped, hash_of, music_digest, song_digest
from composer.errors import ConfigError, Mend, Remark
from composer.songs import write
from composer.songs.song import Note, Song, Tempo, TimeSignature, Track

from tests.support.duets import ROLES, duet, fill

# --- the hash ----------------------------------------------------------------------------


def test_hash_and_splits_come_from_the_contents_alone(tmp_path):
    songs = {f"{i}.mid": duet(i, title=str(i)) for i in range(6)}
    first = load_corpus(fill(tmp_path / "first", songs), ROLES)
    for i, name in enumerate(reversed(songs)):
        write(tmp_path / "second" / f"z{i}" / f"{i}x.midi", songs[name])
    os.utime(tmp_path / "second" / "z0" / "0x.midi", (1, 1))
    (tmp_path / "second" / "broken.mid").write_bytes(b"")
    second = load_corpus(tmp_path / "second", ROLES)
    assert second.hash == first.hash
    assert (second.train, second.valid, second.test) == (first.train, first.valid, first.test)


def test_hash_changes_with_what_training_sees(tmp_path):
    songs = {f"{i}.mid": duet(i) for i in range(4)}
    base = load_corpus(fill(tmp_path, songs), ROLES).hash
    found = {base}
    notes = songs["0.mid"].tracks[0].notes
    later = replace(notes[3], duration=0.5)
    for changed in (
        {
            "0.mid": replace(
                songs["0.mid"],
                tracks=(Track((*notes[:3], later, *notes[4:]), "Flute", 73), duet(0).tracks[1]),
            )
        },
        {"0.mid": replace(songs["0.mid"], time_signatures=(TimeSignature(0, 4, 4),))},
        {"0.mid": replace(songs["0.mid"], tempos=(Tempo(0, 60.0),))},
        {"4.mid": duet(4)},
    ):
        found.add(load_corpus(fill(tmp_path, songs | changed), ROLES).hash)
    found.add(load_corpus(tmp_path, parse_roles(["Top=flute", "Deep=bass"])).hash)
    (tmp_path / "1.mid").unlink()
    found.add(load_corpus(tmp_path, ROLES).hash)
    assert len(found) == 7
    assert all(len(one) == 64 and set(one) <= set("0123456789abcdef") for one in found)


def test_hash_by_split_and_order():
    one, other = duet(1), duet(2)
    found = [
        hash_of(*splits)
        for splits in (([one, other], [], []), ([one], [other], []), ([other, one], [], []))
    ]
    assert len(set(found)) == 3


def test_digests():
    song = duet(1)
    assert song_digest(replace(song, title="x")) == song_digest(song)
    assert song_digest(replace(song, time_signatures=(TimeSignature(0, 3, 4),))) == song_digest(
        song
    )  # 0 and 0.0
    louder = replace(
        song.tracks[0], notes=tuple(replace(n, velocity=81) for n in song.tracks[0].notes)
    )
    assert song_digest(replace(song, tracks=(louder, song.tracks[1]))) != song_digest(song)
    assert music_digest(replace(song, tracks=(louder, song.tracks[1]), tempos=())) == music_digest(
        song
    )
    # The same notes one after the other, otherwise dealt out: another music.
    first, second, third = Note(0, 60, 1), Note(1, 62, 1), Note(2, 64, 1)
    dealt = [
        Song((Track((first, second)), Track((third,)))),
        Song((Track((first,)), Track((second, third)))),
    ]
    assert music_digest(dealt[0]) != music_digest(dealt[1])


# --- what a corpus tells -----------------------------------------------------------------


def small() -> Corpus:
    top, low = Track((Note(0, 70, 7), Note(7, 81, 1)), "Top"), Track((Note(0, 40, 1),), "Low")
    kit = Track((Note(0, 36, 1),), "Kit", 0, True)
    waltz = Song((top, low, kit), time_signatures=(TimeSignature(0, 3, 4),))
    bare = Song((top, Track((), "Low"), Track((), "Kit", 0, True)))
    skipped = [
        Skipped("a", "the same music as another file: b"),
        Skipped("c", "track 3 ends"),
        Skipped("d", "track 41 ends"),
    ]
    return Corpus(
        "mine",
        (waltz, waltz),
        (bare,),
        (),
        "0" * 64,
        (Remark("a choice", Mend("track")), *(Remark(str(one)) for one in skipped)),
        tuple(skipped),
    )


def test_bars_and_splits():
    corpus = small()
    assert [corpus.bars(name) for name in ("train", "valid", "test")] == [6, 2, 0]
    assert corpus.bars() == 6
    assert corpus.split("valid") == corpus.valid
    assert len(corpus.songs) == 3
    with pytest.raises(ConfigError, match="a split is one of train, valid, test, got 'dev'"):
        corpus.bars("dev")


def test_summary():
    assert small().summary().splitlines() == [
        "mine: 3 pieces: train 2 (6 bars), valid 1 (2 bars), test 0 (0 bars)",
        "  Top  in 3 pieces, pitch 70 to 81, the melody",
        "  Low  in 2 pieces, pitch 40 to 40",
        "  Kit  in 2 pieces, drums",
        "a choice",
        "skipped 3 of 6 files: 2 × track … ends; 1 × the same music as another file",
    ]
    worded = small().summary(lambda remark: f"{remark}; {remark.mend}").splitlines()
    assert worded[4] == "a choice; Mend(way='track', value=None)"
    nothing = Corpus("none", (), (), (), "")
    assert (nothing.roles, nothing.summary()) == (
        (),
        "none: 0 pieces: train 0 (0 bars), valid 0 (0 bars), test 0 (0 bars)",
    )
