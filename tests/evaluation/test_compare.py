"""Two sets of songs compared: distances worked out by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from composer.data import jsb
from composer.errors import ShapeError
from composer.evaluation import (
    ALL,
    METRICS,
    TITLES,
    compare,
    measure,
)
from composer.songs.song import Song, Track

from tests.support.lopsided import lopsided, notes, stuck

NAN = float("nan")


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
