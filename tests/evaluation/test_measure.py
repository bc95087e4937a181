"""Songs measured, compared and answered: by hand, with lopsided songs, and with models that do not listen."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from composer.data import jsb
from composer.errors import ShapeError
from composer.evaluation import (
    ALL,
    METRICS,
    RESPONSES,
    TITLES,
    compare,
    dataset_responses,
    measure,
    responses,
)
from composer.evaluation.listen import change, nearest_change, with_notes
from composer.evaluation.measure import lead, track_names
from composer.songs.edit import only_melody
from composer.songs.song import Note, Song, TimeSignature, Track


def notes(*items) -> tuple[Note, ...]:
    """Of (onset, pitch, duration)."""
    return tuple(Note(float(onset), pitch, float(duration)) for onset, pitch, duration in items)


def lopsided() -> Song:
    """A pickup of a beat and two bars of 3/4: 28 steps. The pad plays in the second bar only, the drums too."""
    tracks = (
        Track(notes((0, 72, 1), (1, 76, 3), (4, 79, 3)), "Tune"),
        Track(notes((1, 61, 1), (2, 64, 1), (2, 67, 1)), "Pad"),
        Track(notes((1, 36, 0.25), (4, 43, 3)), "Low"),
        Track(notes((1, 35, 0.25), (1.25, 35, 0.25), (2.5, 38, 0.25)), "Kit", is_drum=True),
    )
    return Song(tracks, time_signatures=(TimeSignature(0, 1, 4), TimeSignature(1, 3, 4)))


NAN = float("nan")
# fmt: off
BY_HAND = {  # tune, pad, low, kit, all of the last three
    "empty_bar_ratio": [0, 2 / 3, 1 / 3, 2 / 3, 5 / 9],  # in 4/4 from the start: 0, 1/2, 0, 1/2
    "c_major_ratio": [1, 2 / 3, 1, NAN, 5 / 6],
    "mean_pitch": [(72 + 3 * 76 + 3 * 79) / 7, 64, (36 + 12 * 43) / 13, NAN, (64 + (36 + 12 * 43) / 13) / 2],
    "pitches_per_bar": [1, 3, 1, 2, 2],
    "notes_per_beat": [3 / 7, 3 / 7, 2 / 7, 3 / 7, 8 / 21],
    "note_length": [7 / 3, 1, 3.25 / 2, NAN, 2.625 / 2],
    "qualified_note_ratio": [1, 1, 1 / 2, NAN, 3 / 4],
    "polyphonic_ratio": [0, 4 / 28, 0, NAN, 2 / 28],
    "drum_pattern_ratio": [NAN, NAN, NAN, 2 / 3, 2 / 3],
}
# fmt: on


@pytest.mark.parametrize("name", BY_HAND)
def test_a_song_measured_by_hand(name):
    assert measure([lopsided()]).values[name][0] == pytest.approx(BY_HAND[name], nan_ok=True)


def test_every_measure_has_a_name_and_a_column_for_each_track():
    measured = measure([lopsided(), lopsided()])
    assert list(measured.values) == list(METRICS)
    assert all(value.shape == (2, 5) for value in measured.values.values())
    assert measured.tracks == ("Tune", "Pad", "Low", "Kit") and len(measured) == 2
    assert (measured.pitches.shape, measured.pitch_classes.shape) == ((2, 4, 128), (2, 4, 12))
    assert measured.pitch_classes[0, 1, [1, 4, 7]] == pytest.approx(1 / 3)
    assert (
        measured.pitches[0, 3, 35] == pytest.approx(2 / 3)
        and np.isnan(measured.pitch_classes[0, 3]).all()
    )


def test_voices_are_the_tracks_of_one_line_and_ranges_are_of_four():
    values = measure([lopsided()]).values
    assert values["crossing"][0] == pytest.approx([NAN, NAN, NAN, NAN, 0], nan_ok=True)
    assert values["dissonance"][0, -1] == 0  # on beats 1, 4, 5, 6: E over C, G over G
    assert np.isnan(values["out_of_range"]).all() and np.isnan(values["chord_share"]).all()
    four = Song(
        tuple(
            Track(notes((0, p, 3), (3, q, 1))) for p, q in ((60, 60), (84, 57), (50, 53), (35, 36))
        )
    )
    values = measure([four]).values
    assert values["out_of_range"][0] == pytest.approx([0, 3 / 4, 0, 3 / 4, 1 / 2])
    assert values["crossing"][0, -1] == pytest.approx(3 / 4)
    for more in (Track(notes((0, 30, 4))), Track(notes((0, 38, 4)), is_drum=True)):
        five = replace(four, tracks=(*four.tracks, more))
        assert np.isnan(measure([five]).values["out_of_range"]).all()


def test_beats_are_counted_from_the_first_full_bar():
    """An eighth-note pickup: a grid from its start would find the chords between the beats."""
    lines = (
        (72, 74),
        (67, 66),
        (64, 61),
    )  # from beat 0.5 on, C major for a half and a cluster for a half
    tracks = [
        Track(notes((0, 70, 0.5), *((0.5 + i / 2, line[i % 2], 0.5) for i in range(8))))
        for line in lines
    ]
    song = Song(tuple(tracks), time_signatures=(TimeSignature(0, 1, 8), TimeSignature(0.5, 4, 4)))
    assert lead(song) == 2
    assert measure([song]).values["chord_share"][0, -1] == 1
    assert lead(lopsided()) == 0 and lead(Song()) == 0
    kit = Track(
        notes((0.5, 36, 0.25), (1.25, 36, 0.25), (1.5, 36, 0.25), (2, 36, 0.25)), is_drum=True
    )
    metres = (TimeSignature(0, 1, 16), TimeSignature(0.25, 4, 4))
    quarter = replace(song, tracks=(tracks[0], kit), time_signatures=metres)
    assert (
        measure([quarter]).values["drum_pattern_ratio"][0, 1] == 1 / 4
    )  # on beats .25, .75, 1.25: the second


def test_drums_have_no_part_in_what_pitches_measure():
    tracks = lopsided().tracks[:3]
    noise = Track(
        notes(*((0, pitch, 7) for pitch in (37, 39, 42, 44, 46, 49, 51, 54))), is_drum=True
    )
    without, with_drums = (
        measure([replace(lopsided(), tracks=some)]) for some in (tracks, (*tracks, noise))
    )
    for name in (
        "own_key_ratio",
        "melody_tonal_distance",
        "added_tonal_distance",
        "dissonance",
        "crossing",
    ):
        found = with_drums.values[name][0, [0, 1, 2, 4]]
        assert found == pytest.approx(without.values[name][0], nan_ok=True)
        assert np.isnan(with_drums.values[name][0, 3])
    songs = [replace(song, tracks=(*song.tracks, noise)) for song in (in_c(), in_d())]
    found, without_drums = dataset_responses(songs), dataset_responses([in_c(), in_d()])
    for name in (
        "key_agreement",
        "key_agreement_other",
        "chord_agreement",
        "chord_agreement_other",
    ):
        assert found[name] == without_drums[name]


def test_the_own_key_follows_the_piece():
    """Eleven notes in F# major and one outside: C major holds B, F and the stranger C."""
    melody = Track(
        notes(*((i, p, 1) for i, p in enumerate((66, 68, 70, 71, 73, 75, 77, 78, 73, 70, 66))))
    )
    song = Song((melody, Track(notes((0, 54, 3), (3, 60, 1)))))
    values = measure([song]).values
    assert values["own_key_ratio"][0, :2] == pytest.approx([1, 3 / 4])
    assert values["c_major_ratio"][0, :2] == pytest.approx([2 / 11, 1 / 4])


def test_silence_is_undefined_and_warns_of_nothing(recwarn):
    quiet = replace(
        lopsided(), tracks=tuple(replace(track, notes=()) for track in lopsided().tracks)
    )
    measured = measure([quiet, lopsided()])
    assert measured.values["empty_bar_ratio"][0].tolist() == [1] * 5
    assert measured.values["notes_per_beat"][0].tolist() == [0] * 5
    others = [
        v[0] for n, v in measured.values.items() if n not in ("empty_bar_ratio", "notes_per_beat")
    ]
    assert np.isnan(others).all() and np.isnan(measured.pitches[0]).all()
    evaluation = compare(measured, measured)
    assert evaluation.table["mean_pitch"]["Pad"].generated == 64
    measure([only_melody(lopsided())])
    assert [str(w.message) for w in recwarn] == []


def test_songs_with_other_tracks_are_refused():
    with pytest.raises(ShapeError, match=r"same tracks.*\[3, 4\]"):
        measure([lopsided(), replace(lopsided(), tracks=lopsided().tracks[:3])])
    for none in ([], [Song()]):
        with pytest.raises(ShapeError, match=r"no song|one at least"):
            measure(none)


def test_no_two_tracks_have_one_name():
    song = Song((Track(), Track(name="Piano"), Track(name="Piano"), Track(name="all")))
    assert track_names(song) == ("Track 1", "Piano", "Piano (3)", "all (4)")


# Compared


def pair_of(*pitches: int) -> list[Song]:
    """Songs of two tracks; the second holds one of these pitches."""
    return [
        Song((Track(notes((0, 72, 8)), "Tune"), Track(notes((0, p, 8)), "Held"))) for p in pitches
    ]


def test_a_distance_by_hand():
    evaluation = compare(
        measure(pair_of(63, 63, 69)), measure(pair_of(60, 64))
    )  # means 65 and 62, deviation 2
    cell = evaluation.table["mean_pitch"]["Held"]
    assert (cell.generated, cell.dataset) == (65, 62)
    # 63, 63, 69 against 60, 64: half of the way 3 apart, a sixth 1, a third 5
    assert cell.distance == pytest.approx((3 / 2 + 1 / 6 + 5 / 3) / 2)
    assert evaluation.table["mean_pitch"][ALL] == cell
    assert evaluation.table["mean_pitch"]["Tune"].distance == 0
    assert evaluation.pieces == (3, 2) and evaluation.tracks == ("Tune", "Held")


def test_the_same_pieces_twice_are_no_further_away():
    assert compare(measure(pair_of(60, 64, 60, 64)), measure(pair_of(60, 64))).distance == 0


def test_a_spread_is_at_least_the_measures_own():
    evaluation = compare(measure(pair_of(63, 63)), measure(pair_of(60, 60)))
    assert evaluation.table["mean_pitch"]["Held"].distance == pytest.approx(
        3 / METRICS["mean_pitch"].least
    )
    assert compare(measure(pair_of(60)), measure(pair_of(60))).distance == 0


def test_the_melody_does_not_count_and_tracks_count_alike():
    """Of three added tracks one is moved: "all" is a third of its distance."""
    song, least = lopsided(), METRICS["notes_per_beat"].least
    busy = replace(
        song.tracks[1], notes=notes(*((i / 4, 61, 0.25) for i in range(7)))
    )  # 4 notes more in 7 beats
    moved = replace(song, tracks=(song.tracks[0], busy, *song.tracks[2:]))
    row = compare(measure([moved]), measure([song])).table["notes_per_beat"]
    assert row["Pad"].distance == pytest.approx(4 / 7 / least) and row["Kit"].distance == 0
    assert row[ALL].distance == pytest.approx(4 / 21 / least)
    faster = replace(song.tracks[0], notes=notes(*((i / 4, 72, 0.25) for i in range(28))))
    row = compare(
        measure([replace(song, tracks=(faster, *song.tracks[1:]))]), measure([song])
    ).table["notes_per_beat"]
    assert row["Tune"].distance > 0 and row[ALL].distance == 0


def test_tracks_that_move_apart_do_not_cancel_out():
    song = pair_of(60)[0]
    both = [(60, 50), (64, 46)]
    held = [
        [Track(notes((0, pitch, 8)), str(i)) for i, pitch in enumerate(pitches)] for pitches in both
    ]
    songs = [replace(song, tracks=(song.tracks[0], *tracks)) for tracks in held]
    row = compare(measure(songs[1:]), measure(songs[:1])).table["mean_pitch"]
    assert row[ALL] == (55, 55, 4)


def test_one_number_is_the_mean_over_the_measures_that_are_defined():
    evaluation = compare(measure(pair_of(61, 66)), measure(pair_of(60, 64)))
    defined = [
        row[ALL].distance for row in evaluation.table.values() if not np.isnan(row[ALL].distance)
    ]
    assert evaluation.distance == pytest.approx(np.mean(defined)) and evaluation.distance > 0
    assert "drum_pattern_ratio" not in evaluation.table and "chord_share" not in evaluation.table


def test_the_datasets_own_distance_is_between_its_even_and_odd_pieces():
    same = compare(measure(pair_of(60)), measure(pair_of(60, 60, 64, 64)))
    other = compare(measure(pair_of(60)), measure(pair_of(60, 64, 60, 64)))
    assert same.dataset_distance == 0 < other.dataset_distance
    assert same.table["pitch_distance"]["Held"] == pytest.approx((0.5, 0, NAN), nan_ok=True)
    assert other.table["pitch_distance"]["Held"] == pytest.approx((0.5, 1, NAN), nan_ok=True)
    assert np.isnan(compare(measure(pair_of(60)), measure(pair_of(60))).dataset_distance)


def test_histograms_side_by_side():
    evaluation = compare(measure(pair_of(60, 60, 67)), measure(pair_of(61, 48)))
    assert evaluation.pitches[0, 1, [60, 67]] == pytest.approx([2 / 3, 1 / 3])
    assert evaluation.pitches[1, 1, [61, 48]] == pytest.approx([1 / 2, 1 / 2])
    assert evaluation.table["pitch_distance"]["Held"].generated == pytest.approx(1)
    assert evaluation.table["pitch_class_distance"]["Held"].generated == pytest.approx(
        1 / 2
    )  # C in both
    assert evaluation.table["pitch_class_distance"]["Tune"].generated == 0


def test_what_is_undefined_on_either_side_is_left_out_of_the_headline():
    silent = [
        replace(song, tracks=(song.tracks[0], Track(name="Held"))) for song in pair_of(60, 64)
    ]
    evaluation = compare(measure(silent), measure(pair_of(60, 64)))
    generated, dataset = evaluation.headline()
    assert "mean_pitch" not in generated and dataset["mean_pitch"] == 62
    assert generated["empty_bar_ratio"] == 1 and generated["distance"] == evaluation.distance > 1
    assert set(generated) | set(dataset) <= set(TITLES)


def test_the_telling_rows_come_first():
    names = list(compare(measure([lopsided()]), measure([lopsided()])).table)
    assert names[:4] == [
        "empty_bar_ratio",
        "pitch_class_distance",
        "pitch_distance",
        "c_major_ratio",
    ]


def test_other_numbers_of_tracks_are_refused_by_name():
    with pytest.raises(ShapeError, match=r"4 tracks \(Tune, Pad, Low, Kit\).* 2 \(Tune, Held\)"):
        compare(measure(pair_of(60)), measure([lopsided()]))


def test_bach_is_near_bach_and_a_machine_is_not():
    songs = [jsb.to_song(chorale) for chorale in jsb.load("valid")]
    half = compare(measure(songs[:37]), measure(songs[37:]))
    flat = [
        replace(song, tracks=(song.tracks[0], *map(stuck, song.tracks[1:]))) for song in songs[:37]
    ]
    assert half.distance < 0.4 < 2 < compare(measure(flat), measure(songs[37:])).distance
    assert half.table["own_key_ratio"][ALL].dataset > 0.9 > half.table["c_major_ratio"][ALL].dataset


def stuck(track: Track) -> Track:
    """The first note again and again, a step each."""
    return replace(
        track,
        notes=tuple(
            replace(note, pitch=track.notes[0].pitch, duration=0.25) for note in track.notes
        ),
    )


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


def over_a_chord(pitches: tuple[int, ...], chord: tuple[int, ...]) -> Song:
    """A note a beat over one chord that is held."""
    tune = Track(notes(*((i, pitch, 1) for i, pitch in enumerate(pitches))))
    return Song((tune, Track(notes(*((0, pitch, len(pitches)) for pitch in chord)))))


def in_c() -> Song:
    return over_a_chord((72, 76, 79, 79), (48, 52, 55))


def in_d() -> Song:
    return over_a_chord((78, 81, 74, 74), (50, 54, 57))


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
