"""Through MIDI files and back, with arrangers that are known; the files for other scorers."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from composer.data import jsb
from composer.errors import ShapeError
from composer.evaluation.chorales import (
    arrange_chorales,
    chorale_grid,
    jsb_grids,
    mean_scores,
    save_for_scorer,
    save_reference_for_scorer,
    soprano_song,
    through_public_path,
)
from composer.metrics.ladder import Ladder
from composer.songs import read, write
from composer.songs.song import Note, Song, TimeSignature, Track


class Parallel:
    """Every voice so many semitones below the melody; the tenor lower with every seed."""

    def __init__(self):
        self.heard: list[Song] = []

    def arrange(self, song: Song, seed: int = 0) -> Song:
        self.heard.append(song)
        (melody,) = song.tracks
        lower = {"Alto": 4, "Tenor": 9 + seed, "Bass": 19}
        tracks = [replace(melody, name=name, notes=below(melody, by)) for name, by in lower.items()]
        return replace(song, tracks=(melody, *tracks))


def below(track: Track, by: int) -> tuple[Note, ...]:
    return tuple(replace(note, pitch=note.pitch - by) for note in track.notes)


class Bach:
    """Knows the chorales, and gives what the split says."""

    def __init__(self, split: str):
        self.songs = [jsb.to_song(chorale) for chorale in jsb.load(split)]
        self.at = 0

    def arrange(self, song: Song, seed: int = 0) -> Song:
        lower = self.songs[self.at % len(self.songs)].tracks[1:]
        self.at += 1
        return replace(song, tracks=(*song.tracks, *lower))


@pytest.mark.parametrize("metre", [False, True])
def test_bach_through_files_is_bach(metre):
    scores = through_public_path(Bach("valid"), seeds=(0, 1), metre=metre)
    assert (
        scores["bach_distance"],
        scores["acc_ATB"],
        scores["auc_window"],
        scores["diversity"],
    ) == (0, 1, 0.5, 0)


def test_what_is_arranged_comes_back_step_for_step():
    chorales = jsb.load("valid")[:4]
    grids = arrange_chorales(Parallel(), chorales, seed=2)
    for grid, chorale in zip(grids, chorales, strict=True):
        soprano = chorale.voices[:, 0]
        assert np.array_equal(grid[:, 0], soprano)
        assert np.array_equal(grid[:, 2], np.where(soprano < 0, -1, soprano - 11))
        assert np.array_equal(grid[:, 3], np.where(soprano < 0, -1, soprano - 19))


def test_melody_files_know_the_metre_only_when_asked():
    chorale = next(
        c
        for c in jsb.load("valid")
        if c.pickup and (c.onsets[1:, 0] & ~np.diff(c.voices[:, 0] != 0)).any()
    )
    plain, scored = Parallel(), Parallel()
    arrange_chorales(plain, [chorale], 0)
    arrange_chorales(scored, [chorale], 0, metre=True)
    assert not plain.heard[0].time_signatures and not plain.heard[0].key_signatures
    assert scored.heard[0].time_signatures == jsb.to_song(chorale).time_signatures
    assert (
        len(scored.heard[0].tracks[0].notes)
        == chorale.onsets[:, 0].sum()
        > len(plain.heard[0].tracks[0].notes)
    )
    assert len(plain.heard[0].tracks) == len(scored.heard[0].tracks) == 1


def test_repeated_notes_are_one_on_the_plain_grid():
    chorale = jsb.load("valid")[0]
    soprano = chorale.voices[:, 0]
    notes = soprano_song(chorale).tracks[0].notes
    assert len(notes) == 1 + np.count_nonzero(np.diff(soprano)) - np.count_nonzero(
        soprano[1:][np.diff(soprano) != 0] < 0
    )


def test_seeds_are_averaged_and_compared_in_turn():
    train, reference = jsb_grids("valid")[10:], jsb_grids("valid")[:6]
    ladder = Ladder(train, reference)
    samples = [arrange_chorales(Parallel(), jsb.load("valid")[:6], seed) for seed in (0, 1, 5)]
    mean = mean_scores(ladder, samples)
    single = [ladder.score(sample)["bd_voice"] for sample in samples]
    assert mean["bd_voice"] == pytest.approx(np.mean(single))
    assert mean["diversity"] == pytest.approx(
        1 / 3, abs=0.02
    )  # the tenor differs, where the soprano sounds
    assert "diversity" not in mean_scores(ladder, samples[:1])


def test_a_changed_melody_is_an_error():
    class Deaf(Parallel):
        def arrange(self, song: Song, seed: int = 0) -> Song:
            arranged = super().arrange(song, seed)
            melody = replace(arranged.tracks[0], notes=below(arranged.tracks[0], 1))
            return replace(arranged, tracks=(melody, *arranged.tracks[1:]))

    with pytest.raises(ShapeError, match="soprano"):
        through_public_path(Deaf(), seeds=(0,))


def test_grids_are_cut_and_filled():
    track = Track((Note(0.5, 60, 1.0), Note(1.5, 62, 0.5)))
    empty = Track(name="Alto")
    song = Song((track, empty, track, track), time_signatures=(TimeSignature(0, 3, 4),))
    grid = chorale_grid(song, 11)
    assert grid[:, 0].tolist() == [-1, -1, 60, 60, 60, 60, 62, 62, -1, -1, -1]
    assert (grid[:, 1] == -1).all() and np.array_equal(grid[:, 3], grid[:, 0])
    assert chorale_grid(song, 5)[:, 2].tolist() == [-1, -1, 60, 60, 60]
    with pytest.raises(ShapeError, match="4 tracks, got 3"):
        chorale_grid(replace(song, tracks=song.tracks[:3]), 11)


def test_an_empty_voice_survives_the_file(tmp_path):
    song = Song(
        (
            Track((Note(0, 60, 1),), "Soprano"),
            Track(name="Alto"),
            Track(name="Tenor"),
            Track(name="Bass"),
        )
    )
    write(tmp_path / "song.mid", song)
    assert chorale_grid(read(tmp_path / "song.mid"), 4).tolist() == [[60, -1, -1, -1]] * 4


def test_files_for_other_scorers(tmp_path):
    grids = [np.array([[72, -1, 55, 40]] * 5), np.array([[70, 60, 50, 41]] * 3)]
    save_for_scorer(tmp_path / "mine.npz", grids, split="test")
    with np.load(tmp_path / "mine.npz", allow_pickle=False) as file:
        assert file.files == ["test"] and file["test"].dtype == np.int16
        saved = file["test"]
    assert saved.shape == (2, 5, 4) and saved[0].tolist() == grids[0].tolist()
    assert saved[1].tolist() == [[70, 60, 50, 41]] * 3 + [[-2] * 4] * 2
    save_reference_for_scorer(tmp_path / "reference.npz", ("valid",))
    with np.load(tmp_path / "reference.npz", allow_pickle=False) as file:
        for padded, chorale in zip(file["valid"], jsb_grids("valid"), strict=True):
            assert np.array_equal(padded[(padded != -2).all(1)], chorale)
