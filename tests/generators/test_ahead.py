"""Voices for what is not heard yet."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest

import composer
from composer import catalog
from composer.errors import ConfigError, MelodyError
from composer.generators import Model, Player, family
from composer.generators.keep import Ahead, continued
from composer.generators.unet.config import UnetConfig
from composer.songs import read
from composer.songs.song import Note, Song, Track


@pytest.fixture(scope="module")
def model() -> Model:
    return composer.load_model("jsb-chorales")


def voices(song: Song) -> list[tuple[Note, ...]]:
    return [track.notes for track in song.tracks[1:]]


def play(model: Model, song: Song, horizon: float, until: float) -> Song:
    """The song accompanied as it is played, up to beat `until`."""
    melody, now, so_far = song.tracks[0], horizon, song
    while now < until:
        so_far = model.arrange_ahead(
            replace(song, tracks=(melody, *so_far.tracks[1:])), now, horizon
        )
        now += horizon
    return so_far


@pytest.mark.parametrize("horizon", [1.0, 2.0, 4.0])
def test_the_future_of_the_melody_is_not_looked_at(model: Model, ode: Song, horizon: float) -> None:
    now = 8.0
    other = replace(
        ode,
        tracks=(
            replace(
                ode.tracks[0],
                notes=tuple(
                    replace(n, pitch=n.pitch + 3) if n.onset >= now else n
                    for n in ode.tracks[0].notes
                ),
            ),
        ),
    )
    one, two = (model.arrange_ahead(song, now, horizon) for song in (ode, other))
    assert one == two and one.tracks[0].end == now
    assert {round(track.end, 6) for track in one.tracks[1:]} == {now + horizon}


def test_what_was_played_stays_and_a_held_note_grows(model: Model, ode: Song) -> None:
    before = play(model, ode, 1.0, 12)
    after = play(model, ode, 1.0, 13)
    for old, new in zip(voices(before), voices(after), strict=True):
        assert new[: len(old) - 1] == old[:-1]
        assert (new[len(old) - 1].onset, new[len(old) - 1].pitch) == (old[-1].onset, old[-1].pitch)
        assert new[len(old) - 1].duration >= old[-1].duration
    whole = play(model, ode, 1.0, 40)
    assert any(
        n.duration > 1 for notes in voices(whole) for n in notes
    )  # notes are held over the beat
    for notes in voices(whole):
        assert all(a.end <= b.onset + 1e-6 for a, b in pairwise(notes))


def test_voices_fit_the_pitch_that_is_expected(model: Model, ode: Song) -> None:
    so_far = play(model, ode, 1.0, 8)
    song = replace(ode, tracks=(ode.tracks[0], *so_far.tracks[1:]))
    chords = {}
    for pitch in (60, 62, 64, 65, 67, 69, 71):
        made = model.arrange_ahead(song, 8.0, expected=pitch)
        assert (
            made.tracks[0] == model.arrange_ahead(song, 8.0).tracks[0]
        )  # the melody is what was heard
        chords[pitch] = [
            next(n.pitch for n in notes if n.onset <= 8.0 < n.end) for notes in voices(made)
        ]
    consonant = [
        all((pitch - p) % 12 not in (1, 2, 6, 10, 11) for p in ps) for pitch, ps in chords.items()
    ]
    assert sum(consonant) >= 5 and len({tuple(c) for c in chords.values()}) >= 4


def test_a_note_that_is_expected_to_go_on_is_held() -> None:
    held = Track((Note(0.0, 60, 1.0), Note(1.0, 64, 3.0, 90)))
    assert Ahead(4.0, 5.0).line(held) == held and Ahead(4.0, 5.0).known == 4.0
    assert Ahead(4.0, 5.0, 64).line(held).notes[-1] == Note(1.0, 64, 4.0, 90)
    assert (
        Ahead(4.0, 5.0, 62).line(held).notes[-1] == Note(4.0, 62, 1.0, 90)
        and Ahead(4.0, 5.0, 62).known == 5.0
    )
    assert Ahead(5.0, 6.0, 64).line(held).notes[-1] == Note(5.0, 64, 1.0, 90)  # it had ended


def test_notes_go_on_or_begin_anew() -> None:
    kept = (Note(0.0, 60, 2.0), Note(2.0, 64, 2.0))
    assert continued(kept, [Note(2.0, 64, 3.0), Note(5.0, 62, 1.0)], 4.0) == (
        Note(0.0, 60, 2.0),
        Note(2.0, 64, 3.0),
        Note(5.0, 62, 1.0),
    )
    assert continued(kept, [Note(3.0, 67, 2.0)], 4.0) == (*kept, Note(4.0, 67, 1.0))
    assert continued(kept, [Note(2.0, 64, 2.0), Note(4.0, 64, 1.0)], 4.0) == (
        *kept,
        Note(4.0, 64, 1.0),
    )


@pytest.mark.parametrize("name", ["greensleeves", "irish-washerwoman", "uneven-stairs"])
def test_other_metres_are_played_ahead_too(model: Model, name: str) -> None:
    song = play(model, read(catalog.tune(name)), 1.5, 12)
    assert all(track.notes for track in song.tracks)


def test_bad_requests_are_named(model: Model, ode: Song) -> None:
    for now, horizon in ((0.0, 1.0), (4.0, 0.0), (4.0, -1.0)):
        with pytest.raises(ConfigError, match="horizon above 0"):
            model.arrange_ahead(ode, now, horizon)
    with pytest.raises(ConfigError, match=r"0\.\.127, got 128"):
        model.arrange_ahead(ode, 4.0, expected=128)
    late = Song((Track((Note(8.0, 60, 1.0),)),))
    with pytest.raises(MelodyError):
        model.arrange_ahead(late, 4.0)
    player = Player(family("unet"), UnetConfig(), lambda inputs: inputs)
    with pytest.raises(
        ConfigError, match="cannot play ahead of what is heard; those that can: jsb-chorales"
    ):
        player.arrange_ahead(ode, 4.0)
