"""What a corpus calls for, and windows cut from its songs."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from composer.config import to_dict
from composer.errors import ConfigError
from composer.generators.band.config import BandConfig, chord_masks
from composer.generators.band.windows import (
    Windows,
    configure,
    nearest_chord,
    pitch_range,
    pulse_classes,
    to_piece,
)
from composer.songs.song import Song, Track

from tests.support.small_band import (
    HAT,
    KICK,
    SNARE,
    tune,
)


def test_configure_finds_tracks_ranges_drums_and_chords(
    songs: list[Song], tiny: BandConfig
) -> None:
    assert tiny.names == ("Piano", "Bass", "Drums")
    assert (tiny.programs, tiny.drums) == ((2, 33, 0), (False, False, True))
    assert tiny.drum_pitches == (KICK, SNARE, HAT)
    piano = [n.pitch for song in songs for n in song.tracks[1].notes]
    assert (tiny.lows[0], tiny.highs[0]) == (min(piano), max(piano))
    assert tiny.lows[1] < 36 and tiny.strides == (2, 1) and tiny.channels == 8
    assert tiny.chords[0] == 0 and len(set(tiny.chords)) == len(tiny.chords)
    triads = {sum(1 << (c % 12) for c in (root, root + 4, root + 7)) for root in (0, 5, 7)}
    assert triads <= set(tiny.chords[:16])  # C, F and G major: the songs were transposed to C
    assert configure(json.loads(json.dumps(to_dict(tiny))), []) == tiny


def test_what_is_given_wins_and_the_unknown_is_named(songs: list[Song]) -> None:
    config = configure({"names": ["A", "B", "C"], "lows": [40, 20, 0], "dropout": 0.5}, songs)
    assert (config.names, config.lows, config.dropout) == (("A", "B", "C"), (40, 20, 0), 0.5)
    with pytest.raises(ConfigError, match="'layers'"):
        configure({"layers": 3}, songs)
    with pytest.raises(ConfigError, match="one value a track"):
        configure({"names": ["A", "B"]}, songs)


def test_songs_that_are_no_band_are_refused(songs: list[Song], tiny: BandConfig) -> None:
    with pytest.raises(ConfigError, match="no songs"):
        configure({}, [])
    with pytest.raises(ConfigError, match=r"\[1\]"):
        configure({}, [tune((0, 60, 1))])
    with pytest.raises(ConfigError, match=r"\[2, 4\]"):
        configure({}, [songs[0], replace(songs[1], tracks=songs[1].tracks[:2])])
    with pytest.raises(ConfigError, match="none has notes"):
        configure({}, [replace(songs[0], tracks=(Track(), *songs[0].tracks[1:]))])
    with pytest.raises(ConfigError, match=r"3 tracks .*has 2 tracks"):
        to_piece(replace(songs[0], tracks=songs[0].tracks[:2]), tiny)


def test_a_range_is_an_octave_to_five() -> None:
    assert pitch_range(np.array([60, 61])) == (54, 67)
    assert pitch_range(np.array([40, 70])) == (40, 70)
    assert pitch_range(np.array([5, *[60] * 9, 90, 90])) == (31, 90)  # the lonely note gives way
    assert pitch_range(np.array([])) == (48, 72)


def test_the_nearest_chord_shares_most_of_all_that_sounds() -> None:
    chords = chord_masks([0, 0b10010001, 0b1000010010001])[:, :12]  # silence; C E G
    c_e, c_e_g_b, nothing, fis = (
        [x in s for x in range(12)] for s in ({0, 4}, {0, 4, 7, 11}, set(), {6})
    )
    assert nearest_chord(np.array([c_e, c_e_g_b, nothing, fis]), chords[:2]).tolist() == [
        1,
        1,
        0,
        0,
    ]


def test_classes_of_a_pulse_are_those_that_fill_half_of_it(tiny: BandConfig) -> None:
    sound = np.zeros((12, len(tiny.cells)), bool)
    cell = {p: i for i, p in enumerate(tiny.cells.pitch[tiny.cells.spans[0]].tolist())}
    sound[0:3, cell[60]] = sound[3:4, cell[62]] = sound[2:4, cell[55]] = (
        True  # C long, D short, G half
    )
    sound[5, cell[65]] = sound[6, cell[69]] = True  # an arpeggio: nothing fills half
    sound[:, tiny.cells.spans[2]] = True  # drums have no class
    assert [np.flatnonzero(row).tolist() for row in pulse_classes(sound, tiny)] == [
        [0, 7],
        [5, 9],
        [],
    ]


def test_windows_are_cuts_of_the_songs(songs: list[Song], tiny: BandConfig) -> None:
    drawn = Windows(songs, tiny).batch(np.random.default_rng(1), 5, 8)
    again = Windows(songs, tiny).batch(np.random.default_rng(1), 5, 8)
    cells = len(tiny.cells)
    assert drawn["melody"].shape == (5, 8, 4) and drawn["plan"].shape == (5, 8)
    assert drawn["sound"].shape == drawn["onset"].shape == (5, 8, 4, cells)
    assert drawn["again"].shape == (5, 8, 4, 3 + cells) and drawn["ends"].shape == (5, 8, 4, 6)
    assert all(np.array_equal(drawn[k], again[k]) for k in drawn)
    assert (drawn["sound"] >= drawn["onset"]).all()  # what starts sounds
    assert (drawn["sound"] <= drawn["allowed"][:, None, None]).all()  # and is in range
    drums = tiny.cells.spans[2]
    assert np.array_equal(drawn["sound"][..., drums], drawn["onset"][..., drums])
    assert (drawn["sound"][..., tiny.cells.spans[0]].sum(-1) >= 2).mean() > 0.8  # chords
    assert (drawn["plan"] > 0).mean() > 0.9


def test_a_window_begins_within_notes(tiny: BandConfig) -> None:
    cell = tiny.cells.spans[0].start + tiny.cells.pitch[tiny.cells.spans[0]].tolist().index(60)
    stroke = tiny.cells.spans[2].start
    notes = np.array([[2, 9, 58, 0], [3, 30, KICK, 2], [5, 9, KICK, 2]])
    sound, onset = Windows([], tiny).render(notes, 4, 8, 2)
    assert np.argwhere(sound).tolist() == sorted([[s, cell] for s in range(5)] + [[1, stroke]])
    assert np.argwhere(onset).tolist() == [[1, stroke]]


def test_a_role_that_is_lacking_is_not_allowed_to_play(songs: list[Song], tiny: BandConfig) -> None:
    lacking = [
        replace(s, tracks=(s.tracks[0], replace(s.tracks[1], notes=()), *s.tracks[2:]))
        for s in songs
    ]
    drawn = Windows(lacking, tiny).batch(np.random.default_rng(0), 2, 8)
    piano, bass = tiny.cells.spans[0], tiny.cells.spans[1]
    assert not drawn["allowed"][:, piano].any() and drawn["allowed"][:, bass].any()


def test_short_pieces_and_odd_lengths_are_refused(songs: list[Song], tiny: BandConfig) -> None:
    with pytest.raises(ConfigError, match=r"at least 400 beats \(100 bars"):
        Windows(songs, tiny).batch(np.random.default_rng(0), 1, 400)
    with pytest.raises(ConfigError, match="multiple of 2"):
        Windows(songs, tiny).batch(np.random.default_rng(0), 1, 7)
