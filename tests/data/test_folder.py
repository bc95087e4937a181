"""A folder of one's own music: what is read, skipped, split and said; and the hash of what training sees."""

import hashlib
import shutil
import sys
from dataclasses import replace

import pypianoroll
import pytest
from composer.data import Corpus, load_corpus, parse_roles
from composer.data.folder import MAX_BEATS, find, shortened, split, tune
from composer.data.jsb import load, to_song
from composer.errors import ConfigError, MelodyError, MissingPackageError
from composer.songs import write
from composer.songs.npz import to_multitrack
from composer.songs.song import KeySignature, Note, Song, Tempo, TimeSignature, Track

from tests.support.duets import ROLES, duet, fill


def said(corpus: Corpus) -> list[str]:
    return [remark.text for remark in corpus.remarks]


def titles(songs: tuple[Song, ...]) -> set[str]:
    return {song.title for song in songs}


# --- a folder ----------------------------------------------------------------------------


def test_chorales_as_midi_are_the_chorales_of_jsb(tmp_path):
    chorales = [to_song(c) for c in load("valid")[:20]]
    for i, song in enumerate(chorales):
        write(tmp_path / "a" / f"b{i % 3}" / f"{i}.MID", song)
    corpus = load_corpus(tmp_path)
    assert corpus.roles == ("Soprano", "Alto", "Tenor", "Bass")
    assert len(corpus.songs) == 20
    by_title = {song.title: song for song in corpus.songs}
    for song in chorales:
        found = by_title[song.title]
        assert found.tracks == song.tracks
        assert (found.tempos, found.time_signatures) == (song.tempos, song.time_signatures)
        assert found.bar_onsets() == song.bar_onsets()
    assert not corpus.skipped
    assert said(corpus)[0].startswith(
        "the pieces have 4 one-line tracks: roles by name: Soprano (the melody), Alto"
    )


def test_pianorolls_of_the_lakh_kind(tmp_path):
    kit = Track((Note(0, 36, 0.5), Note(2, 38, 0.5)), "Drums", 0, True)
    chords = Track((Note(0, 60, 1), Note(0, 64, 1), Note(1, 62, 2)), "Piano", 0)
    for i, name in enumerate(["A", "B"]):
        song = duet(i)
        song = replace(song, tracks=(kit, chords, *song.tracks))
        (tmp_path / name).mkdir()
        pypianoroll.save(tmp_path / name / "x.npz", to_multitrack(song, 24))
    corpus = load_corpus(tmp_path)
    assert corpus.roles == ("Melody", "Drums", "Piano", "Bass")
    assert {tuple(len(t.notes) > 0 for t in song.tracks) for song in corpus.songs} == {(True,) * 4}
    assert [[n.pitch for n in song.tracks[2].notes] for song in corpus.songs] == [[60, 64, 62]] * 2
    assert all(song.tracks[1].is_drum and song.tracks[3].program == 33 for song in corpus.songs)
    assert [t.notes for t in corpus.songs[0].tracks[:1]] in (
        [duet(0).tracks[0].notes],
        [duet(1).tracks[0].notes],
    )
    assert "no piece has Guitar, Strings: left out" in said(corpus)


def test_what_is_broken_is_skipped_and_said(tmp_path):
    fill(tmp_path / "deep" / "er", {"a.mid": duet(1), "b.midi": duet(2)})
    good = (tmp_path / "deep" / "er" / "a.mid").read_bytes()
    (tmp_path / "cut.mid").write_bytes(good[: len(good) // 2])
    (tmp_path / "empty.mid").write_bytes(b"")
    (tmp_path / "zip.npz").write_bytes(b"PK\x03\x04 and no more")
    (tmp_path / "text.kar").write_text("la la")
    (tmp_path / "gone.mid").symlink_to(tmp_path / "nowhere")
    (tmp_path / "folder.mid").mkdir()
    (tmp_path / "notes.txt").write_text("mine")
    (tmp_path / "._a.mid").write_bytes(b"what macOS leaves behind")
    fill(
        tmp_path,
        {
            "silent.mid": Song((Track((), "x"),)),
            "bass.mid": replace(duet(3), tracks=duet(3).tracks[1:]),
        },
    )
    corpus = load_corpus(tmp_path, ROLES)
    reasons = dict(corpus.skipped)
    assert set(reasons) == {
        "cut.mid",
        "empty.mid",
        "zip.npz",
        "text.kar",
        "gone.mid",
        "silent.mid",
        "bass.mid",
    }
    assert reasons["empty.mid"] == "the file is empty"
    assert reasons["silent.mid"] == "no notes"
    assert reasons["gone.mid"] == "No such file or directory"
    assert reasons["bass.mid"] == "no track for the melody (Top): it has 'Bass' (33)"
    assert titles(corpus.songs) == {"a", "b"}
    assert "skipped empty.mid: the file is empty" in said(corpus)
    assert not any("\n" in remark or str(tmp_path) in remark for remark in said(corpus))


def test_links_to_folders_are_followed_once(tmp_path):
    fill(tmp_path / "real", {"a.mid": duet(1)})
    (tmp_path / "real" / "round").symlink_to(tmp_path)
    (tmp_path / "other").symlink_to(tmp_path / "real")
    fill(tmp_path / ".hidden", {"b.mid": duet(2)})
    (tmp_path / "c.txt").write_text("")
    paths, others, closed = find(tmp_path)
    assert ([path.name for path in paths], others, closed) == (["a.mid"], 1, [])


def test_a_folder_that_is_closed_is_said(as_nobody):
    fill(as_nobody / "closed", {"a.mid": duet(1)}).chmod(0)
    paths, _, closed = find(as_nobody)
    (as_nobody / "closed").chmod(0o700)
    assert (paths, [skipped.path for skipped in closed]) == ([], ["closed"])


def test_the_same_music_twice_counts_once(tmp_path):
    fill(tmp_path, {"a.mid": duet(1), "b.mid": duet(2)})
    shutil.copy(tmp_path / "a.mid", tmp_path / "copy.mid")
    write(
        tmp_path / "louder.mid", replace(duet(2), title="Another title", tempos=(Tempo(0, 33.0),))
    )
    corpus = load_corpus(tmp_path, ROLES)
    assert len(corpus.songs) == 2
    assert (
        sorted(s.reason.split(":")[0] for s in corpus.skipped)
        == ["the same music as another file"] * 2
    )
    named = {frozenset((s.path, s.reason.split(": ")[1])) for s in corpus.skipped}
    assert named == {frozenset(("a.mid", "copy.mid")), frozenset(("b.mid", "louder.mid"))}


def test_progress_is_told_file_by_file(tmp_path):
    fill(tmp_path, {"b.mid": duet(1), "a.mid": duet(2)})
    (tmp_path / "z.mid").write_bytes(b"")
    told: list[tuple[int, int, str]] = []
    load_corpus(tmp_path, ROLES, lambda done, total, path: told.append((done, total, path.name)))
    assert told == [(1, 3, "a.mid"), (2, 3, "b.mid"), (3, 3, "z.mid")]


@pytest.mark.parametrize(
    "marks", [{"time_signatures": (TimeSignature(0, 13, 16), TimeSignature(5, 255, 1))}, {}]
)
def test_odd_metres_and_many_tempos_pass(tmp_path, marks):
    tempos = tuple(Tempo(float(i), 30.0 + 7 * i) for i in range(30))
    key = (KeySignature(0, -7, True),)
    fill(tmp_path, {"a.mid": duet(1, tempos=tempos, key_signatures=key, **marks), "b.mid": duet(2)})
    corpus = load_corpus(tmp_path, ROLES)
    found = next(song for song in corpus.songs if song.title == "a")
    assert len(found.tempos) == 30
    assert found.key_signatures == key
    assert found.time_signatures == duet(1, **marks).time_signatures


def test_a_piece_without_end_is_cut():
    notes = (*duet(1).tracks[0].notes, Note(MAX_BEATS - 1, 60, 5), Note(MAX_BEATS + 7, 61, 1))
    cut = shortened(
        Song(
            (Track(notes),),
            time_signatures=(TimeSignature(0, 3, 4), TimeSignature(MAX_BEATS + 3, 1, 4)),
        )
    )
    assert cut.tracks[0].notes == (*duet(1).tracks[0].notes, Note(MAX_BEATS - 1, 60, 1))
    assert cut.time_signatures == (TimeSignature(0, 3, 4),)
    with pytest.raises(MelodyError, match=f"no notes in its first {MAX_BEATS} beats"):
        shortened(Song((Track(notes[-1:]),)))
    with pytest.raises(MelodyError, match="no notes"):
        shortened(Song((Track(), Track())))
    assert shortened(duet(1)) == duet(1)


def test_a_cut_is_said(tmp_path):
    long = duet(1)
    low = Track((*long.tracks[1].notes, Note(MAX_BEATS - 2, 40, 9)), "Bass", 33)
    fill(tmp_path, {"a.mid": replace(long, tracks=(long.tracks[0], low)), "b.mid": duet(2)})
    assert f"1 of 2 pieces are cut after {MAX_BEATS} beats" in said(load_corpus(tmp_path, ROLES))


# --- nothing to use ----------------------------------------------------------------------


def test_where_there_is_nothing(tmp_path):
    with pytest.raises(
        ConfigError, match=r"no MIDI, MusicXML or \.npz file in .*empty.* \(it is empty\)"
    ):
        load_corpus(fill(tmp_path / "empty", {}))
    (tmp_path / "text").mkdir()
    for i in range(3):
        (tmp_path / "text" / f"{i}.txt").write_text("")
    with pytest.raises(
        ConfigError, match=r"no MIDI, MusicXML or \.npz file in .*text \(3 other files\)"
    ):
        load_corpus(str(tmp_path / "text"))
    with pytest.raises(
        ConfigError, match=r"a dataset is jsb, quartets, or a folder of MIDI.*; got '.*0\.txt'"
    ):
        load_corpus(tmp_path / "text" / "0.txt")
    for name in ("a\0b", "~nobody-of-that-name/x", "x" * 5000, ""):
        if name:
            with pytest.raises(ConfigError, match="a dataset is jsb"):
                load_corpus(name)


def test_where_nothing_can_be_used_the_first_reasons_are_said(tmp_path):
    for i in range(5):
        (tmp_path / f"{i}.mid").write_bytes(b"")
    with pytest.raises(
        ConfigError,
        match=r"no usable piece in .*, 5 files looked at: 0\.mid: the file is empty; and 4 more$",
    ):
        load_corpus(tmp_path)


def test_a_role_that_fits_nowhere_is_refused(tmp_path):
    fill(tmp_path, {"a.mid": duet(1), "b.mid": duet(2)})
    with pytest.raises(ConfigError, match=r"no track in .* fits the role Beat"):
        load_corpus(tmp_path, parse_roles(["Top=flute", "Low=bass", "Beat=drums"]))


def test_a_role_that_one_piece_lacks_is_an_empty_track(tmp_path):
    kit = Track((Note(0, 36, 0.5),), "Kit", 0, True)
    fill(tmp_path, {"a.mid": duet(1), "b.mid": replace(duet(2), tracks=(kit, *duet(2).tracks))})
    corpus = load_corpus(tmp_path, parse_roles(["Top=flute", "Low=bass", "Beat=drums"]))
    lacking = next(song for song in corpus.songs if song.title == "a")
    assert lacking.tracks[2] == Track((), "Beat", 0, True)
    assert "missing: Beat in 1 of 2 pieces" in said(corpus)


def test_without_music21_a_score_names_the_extra(tmp_path, monkeypatch):
    fill(tmp_path, {"a.mid": duet(1)})
    (tmp_path / "b.musicxml").write_text("<score-partwise/>")
    monkeypatch.setitem(sys.modules, "music21", None)
    monkeypatch.delitem(sys.modules, "music21.musicxml", raising=False)
    monkeypatch.delitem(sys.modules, "music21.musicxml.xmlToM21", raising=False)
    with pytest.raises(MissingPackageError, match=r"melody-composer\[data\]"):
        load_corpus(tmp_path, ROLES)


# --- the split ---------------------------------------------------------------------------


def hashes(count: int, seed: int = 0) -> list[bytes]:
    return [hashlib.sha256(f"{seed} {i}".encode()).digest() for i in range(count)]


def test_shares():
    counts = [split(hashes(5000)).count(name) for name in ("train", "valid", "test")]
    assert counts == pytest.approx([4000, 500, 500], rel=0.1)


def test_a_piece_more_moves_no_other():
    few, more = hashes(200), hashes(260)
    assert split(more)[:200] == split(few)
    assert split(few[::-1]) == split(few)[::-1]


@pytest.mark.parametrize("count", range(2, 30))
def test_small_folders_have_something_to_judge_by(count):
    for seed in range(40):
        found = split(hashes(count, seed))
        assert found.count("valid") >= 1
        assert found.count("train") >= (0.6 * count if count > 4 else count - 2 if count > 2 else 1)
        assert count < 10 or found.count("test") >= 1


def test_pieces_of_one_tune_go_together():
    tunes = hashes(40)
    found = split(tunes * 3)
    assert found == split(tunes) * 3
    assert split(tunes[:1] * 5) == ["train"] * 5
    # Of two tunes the larger is trained on, whatever their hashes.
    for seed in range(10):
        one, other = hashes(2, seed)
        assert split([one] * 9 + [other]) == ["train"] * 9 + ["valid"]


def test_a_transposed_copy_is_of_one_tune():
    song = duet(1)
    assert tune(duet(1, shift=5)) == tune(song) != tune(duet(2))
    reharmonised = replace(
        song, tracks=(song.tracks[0], duet(7).tracks[1], Track((Note(0, 36, 1),), "kit", 0, True))
    )
    assert tune(reharmonised) == tune(song)
    turned = replace(song, tracks=song.tracks[::-1])
    assert tune(turned) == tune(song)
    longer = replace(song.tracks[0], notes=(*song.tracks[0].notes, Note(40, 60, 1)))
    assert tune(replace(song, tracks=(longer, song.tracks[1]))) != tune(
        song
    )  # fewer than 64 moves: all count


def test_a_melody_of_one_pitch_is_told_by_the_other_parts():
    still = Track(tuple(Note(float(i), 90, 1.0) for i in range(40)), "Lead", 80)
    one, other = (replace(duet(seed), tracks=(still, duet(seed).tracks[1])) for seed in (1, 2))
    assert tune(one) != tune(other)


def test_copies_in_other_keys_stay_in_one_split_and_it_is_said(tmp_path):
    fill(
        tmp_path,
        {f"{seed}_{shift}.mid": duet(seed, shift) for seed in range(8) for shift in (0, 3, -2)},
    )
    corpus = load_corpus(tmp_path, ROLES)
    assert len(corpus.songs) == 24 and corpus.valid and corpus.train
    for seed in range(8):
        homes = [
            s
            for s in ("train", "valid", "test")
            if any(t.startswith(f"{seed}_") for t in titles(corpus.split(s)))
        ]
        assert len(homes) == 1
    assert (
        "24 pieces share their melody, in any key, with others (8 tunes): one split a tune"
        in said(corpus)
    )


def test_one_piece_is_trained_on_and_it_is_said(tmp_path):
    corpus = load_corpus(fill(tmp_path, {"a.mid": duet(1)}), ROLES)
    assert (len(corpus.train), len(corpus.valid)) == (1, 0)
    assert any("none for valid" in remark for remark in said(corpus))
