"""Family `chorale`: encoding, decoding and windows (no Keras)."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from composer.config import from_dict, to_dict
from composer.data.jsb import load, to_song
from composer.errors import ConfigError, MelodyError
from composer.generators.chorale import codec as c
from composer.generators.chorale.config import HIDDEN, ChoraleConfig
from composer.generators.chorale.latents import sample_latents, spread_latents
from composer.generators.chorale.windows import Windows, hide, to_piece
from composer.generators.family import Request
from composer.generators.latents import Latents
from composer.songs.edit import Melody, take_melody
from composer.songs.song import Note, Song, TimeSignature, Track


def song_of(pitches: list[int], length: float = 1.0, **kwargs: object) -> Song:
    notes = tuple(Note(i * length, p, length, 70 + i) for i, p in enumerate(pitches))
    return Song((Track(notes, "Tune", 40),), **kwargs)  # type: ignore[arg-type]


def test_config_survives_json_and_refuses_unknown_fields() -> None:
    config = ChoraleConfig(channels=17, strides=(8, 4, 2, 1), temperatures=(1.0, 0.5, 0.6, 0.7))
    assert from_dict(ChoraleConfig, to_dict(config)) == config
    with pytest.raises(ConfigError, match="'chanels'"):
        from_dict(ChoraleConfig, {"chanels": 3})
    with pytest.raises(ConfigError, match="one for each of 4 strides"):
        ChoraleConfig(strides=(8, 4, 2, 1))
    with pytest.raises(ConfigError, match="halve down to 1"):
        ChoraleConfig(strides=(4, 1))


def test_octave_shift_moves_most_of_the_steps_into_the_soprano_range() -> None:
    assert c.octave_shift(np.array([60, 72, -1, 79]), 57, 81) == 0
    assert c.octave_shift(np.array([41, 45, 48, -1]), 57, 81) == 24
    assert c.octave_shift(np.array([96, 98, 88]), 57, 81) == -24
    with pytest.raises(MelodyError):
        c.octave_shift(np.array([-1, -1]), 57, 81)


def test_fold_brings_every_note_into_range_and_leaves_rests() -> None:
    folded = c.fold(np.array([30, -1, 60, 96]), 57, 81)
    assert folded.tolist() == [66, -1, 60, 72]


def test_bridge_rests_fills_one_step_and_keeps_longer_rests() -> None:
    sounds, filled = c.bridge_rests(np.array([60, -1, 62, 62, -1, -1, 64]))
    assert filled.tolist() == [60, 60, 62, 62, -1, -1, 64]
    assert sounds.tolist() == [True, True, True, True, False, False, True]


def test_every_latent_number_is_uniform_and_reaches_what_it_names() -> None:
    song = song_of([67, 69, 71, 72] * 40)
    melody = take_melody(song)
    config = ChoraleConfig()
    _, context = c.encode(song, melody, Request(Latents(0)), config)
    grid = context.grid
    latents = sample_latents(0, 40)
    draws = [spread_latents(sample_latents(s, 40), grid, config) for s in range(20)]
    for name in ("on_pulse", "between"):
        values = np.concatenate([d[name].ravel() for d in draws])
        assert abs(values.mean() - 0.5) < 0.02 and abs(values.std() - 12**-0.5) < 0.02
        assert values.min() >= 0 and values.max() <= 1
    base = spread_latents(latents, grid, config)
    moved = {
        name: spread_latents({**latents, name: latents[name] + 1}, grid, config)
        for name in ("chords", "melody", "groove", "style")
    }
    assert (moved["chords"]["on_pulse"][:, 0] != base["on_pulse"][:, 0]).all()
    assert (moved["chords"]["between"] == base["between"]).all()
    assert (moved["melody"]["on_pulse"][:, 1:] > base["on_pulse"][:, 1:]).all()
    assert (moved["melody"]["between"] == base["between"]).all()
    assert (moved["groove"]["on_pulse"] == base["on_pulse"]).all()
    assert (moved["groove"]["between"] != base["between"]).mean() > 0.95
    assert (moved["style"]["on_pulse"] != base["on_pulse"]).mean() > 0.95


def test_a_seed_gives_the_first_bars_the_same_noise_however_long_the_piece() -> None:
    short, long = sample_latents(3, 4), sample_latents(3, 9)
    assert (long["chords"][:4] == short["chords"]).all() and (
        long["melody"][:4] == short["melody"]
    ).all()
    assert (long["style"] == short["style"]).all() and (long["groove"] == short["groove"]).all()


def decode_constant(song: Song, pitch: int = 60) -> tuple[Song, Melody]:
    melody = take_melody(song)
    inputs, context = c.encode(song, melody, Request(Latents(0)), ChoraleConfig())
    count = inputs["melody"].shape[1]
    index = pitch + context.shift + context.octaves - c.LOW
    outputs = {"pitches": np.full((1, count, 4, 3), index), "strike": np.ones((1, count, 3))}
    return c.decode(outputs, context, song, melody), melody


def test_the_melody_comes_back_note_for_note_and_voices_stop_with_it() -> None:
    song = song_of([67, 69, 71, 72, 74], 0.7, time_signatures=(TimeSignature(0, 3, 4),))
    out, melody = decode_constant(song)
    assert out.tracks[0] == song.tracks[0] and [t.name for t in out.tracks[1:]] == [
        "Alto",
        "Tenor",
        "Bass",
    ]
    assert out.time_signatures == song.time_signatures
    for track in out.tracks[1:]:
        assert {n.pitch for n in track.notes} == {60} and track.end == pytest.approx(
            melody.line.end
        )
        assert [n.onset for n in track.notes] == [0.0, 1.0, 2.0, 3.0]


def test_voices_rest_where_the_melody_rests() -> None:
    notes = (Note(0, 67, 1.0), Note(3, 69, 1.0))
    out, _ = decode_constant(Song((Track(notes),)))
    assert [(n.onset, n.duration) for n in out.tracks[3].notes] == [(0.0, 1.0), (3.0, 1.0)]


def test_a_low_melody_gets_voices_as_far_below_it() -> None:
    out, _ = decode_constant(song_of([43, 45, 47]), 36)
    assert {n.pitch for n in out.tracks[1].notes} == {36}


def test_pieces_keep_pitches_and_windows_stay_in_range_in_every_key() -> None:
    chorale = load("train")[0]
    song = to_song(chorale)
    piece = to_piece(song, ChoraleConfig())
    names = [t.name for t in song.tracks]
    soprano = song.tracks[names.index("Soprano")]
    first = piece.grid.to_steps([soprano.notes[0].onset])[0]
    assert piece.lines[int(first), 0] == soprano.notes[0].pitch
    assert 0 in piece.moves and len(piece.moves) > 1
    rng = np.random.default_rng(5)
    batch = Windows([song], ChoraleConfig()).batch(rng, 50, 8)
    assert batch["target"].shape == (50, 8, 4, 3) and batch["melody"].shape == (50, 8, 4)
    allowed = np.take_along_axis(
        batch["allowed"][:, None, None], batch["target"][..., None].astype(int), -1
    )
    assert allowed.mean() > 0.99
    assert batch["shown"].shape == (50, 8) and set(np.unique(batch["shown"])) == {0.0, 1.0}
    known = batch["given"][:, :, 0] != c.PITCHES
    right = batch["given"][:, :, 0] == batch["target"][:, :, 0]
    assert 0.9 < right[known].mean() < 1  # of what is played along some slips
    asleep = batch["counts"].max(axis=1) <= 1
    assert right[asleep][known[asleep]].all() and known[asleep].any()


def test_windows_to_play_along_decide_the_last_pulse_with_what_is_struck_there_or_nothing() -> None:
    windows = Windows([to_song(load("train")[0])], ChoraleConfig())
    batch = windows.batch(np.random.default_rng(5), 200, 8)
    live = batch["counts"].max(axis=1) > 1
    assert 0.15 < live.mean() < 0.35
    assert (
        not batch["counts"][live, :7].any()
        and (batch["shown"][~live] == 1 - batch["counts"][~live]).all()
    )
    assert (batch["given"][live, :7, 0] < c.PITCHES).all() and (
        batch["given"][live, 7] == c.PITCHES
    ).all()
    hidden = batch["place"][live, 7, HIDDEN] == 1
    assert 0.2 < hidden.mean() < 0.6
    last = batch["melody"][live, 7]
    assert (last[hidden] == c.PITCHES).all() and (last[~hidden] == last[~hidden][:, :1]).all()


def test_what_is_hidden_tells_nothing_of_the_melody() -> None:
    windows = Windows([to_song(load("train")[0])], ChoraleConfig())
    rows = [windows.batch(np.random.default_rng(1), 1, 16) for _ in range(2)]
    row = {k: v[0] for k, v in rows[0].items()}
    row["place"][:, HIDDEN] = 0
    hide(row, 5)
    assert (
        (row["melody"][5:] == c.PITCHES).all()
        and not row["attack"][5:].any()
        and not row["place"][5:, 3].any()
    )
    assert row["place"][:, HIDDEN].tolist() == [0.0] * 5 + [1.0] * 11
    assert (row["melody"][:5] == rows[1]["melody"][0, :5]).all()


def test_windows_of_too_short_pieces_say_how_long_they_must_be() -> None:
    song = song_of([67, 69])
    four = replace(
        song,
        tracks=tuple(replace(song.tracks[0], name=n) for n in ("Soprano", "Alto", "Tenor", "Bass")),
    )
    with pytest.raises(ConfigError, match="at least 32 beats"):
        Windows([four], ChoraleConfig()).batch(np.random.default_rng(0), 2, 32)
