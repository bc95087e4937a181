"""The pieces that a run is judged by, and the melodies that are watched."""

from __future__ import annotations

from dataclasses import replace

import pytest
from composer.data import Corpus, load_corpus
from composer.songs.song import Song, Track
from composer.training.judge import JUDGED_BEATS, WATCHED_BEATS, RunJudge


class Copying:
    """A player that knows the pieces by heart; it notes the seeds that it is asked with."""

    def __init__(self) -> None:
        self.seeds: list[int] = []

    def arrange(self, song: Song, seed: int = 0, track: int | None = None) -> Song:
        assert track == 0
        self.seeds.append(seed)
        return song


class Silent(Copying):
    """A player that leaves out all notes of the added tracks."""

    def arrange(self, song: Song, seed: int = 0, track: int | None = None) -> Song:
        melody, *added = super().arrange(song, seed, track).tracks
        empty: list[Track] = [replace(part, notes=()) for part in added]
        return replace(song, tracks=(melody, *empty))


@pytest.fixture(scope="module")
def corpus() -> Corpus:
    return load_corpus("jsb")


@pytest.fixture(scope="module")
def judge(corpus: Corpus) -> RunJudge:
    return RunJudge(corpus, 3)


def test_it_judges_by_the_beginnings_of_pieces_that_training_never_sees(corpus, judge):
    assert [song.title for song in judge.pieces] == [song.title for song in corpus.valid[:3]]
    assert all(song.end <= JUDGED_BEATS for song in judge.pieces)


def test_it_watches_ode_to_joy_and_a_piece_of_the_corpus(corpus, judge):
    assert list(judge.watched) == ["ode-to-joy", "valid"]
    assert judge.watched["valid"].title == corpus.valid[0].title
    assert 0 < judge.watched["valid"].end <= WATCHED_BEATS


def test_a_snapshot_is_always_of_the_same_seed(judge):
    player = Copying()
    assert judge.snapshot(player) == judge.watched
    assert player.seeds == [0, 0]


def test_each_piece_is_arranged_with_a_seed_of_its_own(judge):
    player = Copying()
    judge.measures(player)
    assert player.seeds == [0, 1, 2]


def test_the_pieces_themselves_have_distance_0_and_silence_has_not(judge):
    same, reference = judge.measures(Copying())
    assert same["distance"] == pytest.approx(0.0)
    assert "distance" in same and set(reference) <= set(same)
    silent, again = judge.measures(Silent())
    assert again == reference
    assert silent != same and silent["empty_bar_ratio"] > same["empty_bar_ratio"]
