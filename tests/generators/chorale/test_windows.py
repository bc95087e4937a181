"""Training windows of the chorales."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from composer.data.jsb import load, to_song
from composer.errors import ConfigError
from composer.generators.chorale import codec as c
from composer.generators.chorale.config import HIDDEN, ChoraleConfig
from composer.generators.chorale.windows import Windows, hide, to_piece
from composer.songs.song import Note, Song, Track


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


def song_of(pitches: list[int], length: float = 1.0, **kwargs: object) -> Song:
    notes = tuple(Note(i * length, p, length, 70 + i) for i, p in enumerate(pitches))
    return Song((Track(notes, "Tune", 40),), **kwargs)  # type: ignore[arg-type]


def test_windows_of_too_short_pieces_say_how_long_they_must_be() -> None:
    song = song_of([67, 69])
    four = replace(
        song,
        tracks=tuple(replace(song.tracks[0], name=n) for n in ("Soprano", "Alto", "Tenor", "Bass")),
    )
    with pytest.raises(ConfigError, match="at least 32 beats"):
        Windows([four], ChoraleConfig()).batch(np.random.default_rng(0), 2, 32)
