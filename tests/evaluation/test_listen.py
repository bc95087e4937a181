"""What a model listens to: by hand, and with models that do not listen."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from composer.data import jsb
from composer.evaluation import (
    RESPONSES,
    dataset_responses,
    responses,
)
from composer.evaluation.listen import change, nearest_change, with_notes
from composer.songs.edit import only_melody
from composer.songs.song import Song, TimeSignature, Track

from tests.support.lopsided import in_c, in_d, notes, over_a_chord

NAN = float("nan")


# Models that listen, and that do not


class Deaf:
    """Always the same two tracks, whatever the melody and the seed."""

    def arrange(self, song: Song, seed: int = 0) -> Song:
        return replace(song, tracks=(song.tracks[0], *self.added(song, np.random.default_rng(0))))

    def added(self, song: Song, rng: np.random.Generator) -> tuple[Track, ...]:
        return tuple(
            Track(notes(*((i, int(rng.integers(48, 60)), 1) for i in range(40))), name)
            for name in "AB"
        )


class Plumbed(Deaf):
    """The same, moved to the key of the melody's first note: as a model that is deaf inside of its transposition."""

    def added(self, song: Song, rng: np.random.Generator) -> tuple[Track, ...]:
        by = song.tracks[0].notes[0].pitch - 60
        return tuple(moved(track, by) for track in super().added(song, rng))


class Noisy(Deaf):
    """Other notes for every seed, but deaf."""

    def arrange(self, song: Song, seed: int = 0) -> Song:
        return replace(
            song, tracks=(song.tracks[0], *self.added(song, np.random.default_rng(seed)))
        )


class Parallel:
    """Thirds below the melody, over a bass that never moves."""

    def arrange(self, song: Song, seed: int = 0) -> Song:
        return replace(
            song,
            tracks=(song.tracks[0], moved(song.tracks[0], -4), Track(notes((0, 36, song.end)))),
        )


def moved(track: Track, by: int) -> Track:
    return replace(track, notes=tuple(replace(note, pitch=note.pitch + by) for note in track.notes))


@pytest.fixture
def melodies() -> list[Song]:
    return [jsb.to_song(chorale) for chorale in jsb.load("valid")[:6]]


def test_a_model_that_ignores_its_melody_is_caught(melodies):
    found = responses(Deaf(), melodies, (0, 1))
    assert (found["conditioning"], found["noise"]) == (0, 0)
    assert list(found) == list(RESPONSES)


def test_to_move_one_answer_into_the_key_is_not_to_listen(melodies):
    songs = [Plumbed().arrange(only_melody(song)) for song in melodies[:2]]
    assert change(*songs) > 0.5
    assert nearest_change(*songs) == 0
    assert responses(Plumbed(), melodies, (0,))["conditioning"] == 0


def test_a_model_that_ignores_its_noise_is_caught(melodies):
    found = responses(Parallel(), melodies, (0, 1, 2))
    assert found["noise"] == 0
    assert 0.3 < found["conditioning"] < 0.5  # at most half: the bass never moves
    assert responses(Noisy(), melodies, (3, 4))["noise"] > 0.7
    assert responses(Noisy(), melodies, (3, 4))["conditioning"] == 0


def test_the_shares_by_hand():
    """Tracks of 2 cells a step; of 8 steps the first track changes in 4 and the second in 1: 5 of 16 cells."""
    first = Song(
        (Track(notes((0, 80, 9))), Track(notes((0, 60, 2))), Track(notes((0, 40, 2), (0, 47, 2))))
    )
    second = Song(
        (Track(notes((0, 70, 2))), Track(notes((0, 60, 1), (1, 62, 1))), Track(notes((0, 40, 2))))
    )
    fifth = replace(second.tracks[2], notes=notes((0, 40, 1.75), (0, 47, 2)))
    second = replace(second, tracks=(*second.tracks[:2], fifth))
    assert change(first, second) == pytest.approx(5 / 16)
    lower = replace(second, tracks=tuple(moved(track, -5) for track in second.tracks))
    assert change(first, lower) == 1 and nearest_change(first, lower) == pytest.approx(5 / 16)


def test_a_chord_is_more_than_its_lowest_note_and_its_size():
    tune = Track(notes((0, 80, 4)))
    fifth, third = (Song((tune, Track(notes((0, 40, 4), (0, p, 3))))) for p in (47, 44))
    assert change(fifth, third) == nearest_change(fifth, third) == 3 / 4


def test_drums_are_not_transposed():
    tune, kick = Track(notes((0, 80, 4))), Track(notes((0, 36, 2)), is_drum=True)
    first = Song((tune, Track(notes((0, 60, 4))), kick))
    assert (
        nearest_change(first, replace(first, tracks=(tune, moved(first.tracks[1], 7), kick))) == 0
    )
    assert nearest_change(
        first, replace(first, tracks=(tune, first.tracks[1], moved(kick, 2)))
    ) == pytest.approx(1 / 4)


def test_the_other_melody_is_given_under_the_same_metre():
    heard = []

    class Listening(Parallel):
        def arrange(self, song: Song, seed: int = 0) -> Song:
            heard.append((song, seed))
            return super().arrange(song, seed)

    short = Song((Track(notes((0, 60, 2))),), time_signatures=(TimeSignature(0, 2, 4),))
    long = Song(
        (Track(notes((0, 67, 1), (1, 70, 3), (5, 71, 1))),),
        time_signatures=(TimeSignature(0, 3, 4),),
    )
    responses(Listening(), [short, long], (5,))
    swapped = [
        (song.time_signatures, song.tracks[0].notes) for song, seed in heard[2:] if seed == 5
    ]
    assert swapped == [
        (short.time_signatures, notes((0, 67, 1), (1, 70, 1))),
        (long.time_signatures, notes((0, 60, 2))),
    ]
    assert with_notes(short, long.tracks[0]).end == 2


def test_what_cannot_be_told_is_undefined(melodies):
    alone = responses(Parallel(), melodies[:1], (0,))
    assert np.isnan(alone["conditioning"]) and np.isnan(alone["noise"])
    twice = [
        melodies[0],
        replace(melodies[0], tracks=(moved(melodies[0].tracks[0], 3),)),
    ]  # one tune in two keys
    assert np.isnan(responses(Parallel(), twice, (0, 1))["conditioning"])


def test_a_melody_that_begins_after_the_end_is_no_other(melodies):
    class Strict(Parallel):
        def arrange(self, song: Song, seed: int = 0) -> Song:
            assert song.tracks[0].notes
            return super().arrange(song, seed)

    late = Song((Track(notes((500, 60, 1), (501, 64, 1))),))
    assert responses(Strict(), [melodies[0], late], (0,))["conditioning"] >= 0


def test_what_was_arranged_before_is_not_arranged_again(melodies):
    model = Noisy()
    arranged = [[model.arrange(only_melody(song), seed) for song in melodies] for seed in (0, 1)]
    assert responses(model, melodies, (0, 1), arranged) == responses(model, melodies, (0, 1))


def test_agreement_with_the_melody_and_with_another():
    found = dataset_responses([in_c(), in_d()])
    assert found["key_agreement"] == found["chord_agreement"] == 1
    assert found["key_agreement_other"] < 0.9
    assert found["chord_agreement_other"] == 1  # one triad, once they are in one key
    seventh = over_a_chord((76, 79, 73, 71), (57, 61, 64, 67))  # E G C# B over A7: the B makes none
    found = dataset_responses([in_c(), seventh])
    assert found["chord_agreement"] == pytest.approx((1 + 3 / 4) / 2)
    # D F B A over C E G: maj7 and m7 at the end; D F# A A over A7: the A's
    assert found["chord_agreement_other"] == pytest.approx((1 / 2 + 1 / 2) / 2)


def test_bach_fits_his_melodies_better_than_others():
    songs = [jsb.to_song(chorale) for chorale in jsb.load("valid")[:20]]
    found = dataset_responses(songs)
    assert found["key_agreement"] > 0.9 > 0.8 > found["key_agreement_other"]
    assert found["chord_agreement"] > 0.85 > 0.65 > found["chord_agreement_other"]
    assert found["conditioning"] > 0.7 and np.isnan(found["noise"])
