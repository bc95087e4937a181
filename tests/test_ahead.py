"""Voices for what is not heard yet."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest

import composer
from composer.datasets import melodies
from composer.errors import ConfigError, MelodyError
from composer.generators import Model, Player, unet
from composer.generators.keeping import continued
from composer.midifile import read
from composer.music import Note, Song, Track


@pytest.fixture(scope="module")
def model() -> Model:
    return composer.load_model("jsb-chorales")


def voices(song: Song) -> list[tuple[Note, ...]]:
    return [track.notes for track in song.tracks[1:]]


def play(model: Model, song: Song, horizon: float, until: float) -> Song:
    """The song accompanied as it is played, up to beat `until`."""
    melody, now, so_far = song.tracks[0], horizon, song
    while now < until:
        so_far = model.arrange_ahead(replace(song, tracks=(melody, *so_far.tracks[1:])), now, horizon)
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
                notes=tuple(replace(n, pitch=n.pitch + 3) if n.onset >= now else n for n in ode.tracks[0].notes),
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
    assert any(n.duration > 1 for notes in voices(whole) for n in notes)  # notes are held over the beat
    for notes in voices(whole):
        assert all(a.end <= b.onset + 1e-6 for a, b in pairwise(notes))


def test_notes_go_on_or_begin_anew() -> None:
    kept = (Note(0.0, 60, 2.0), Note(2.0, 64, 2.0))
    assert continued(kept, [Note(2.0, 64, 3.0), Note(5.0, 62, 1.0)], 4.0) == (
        Note(0.0, 60, 2.0),
        Note(2.0, 64, 3.0),
        Note(5.0, 62, 1.0),
    )
    assert continued(kept, [Note(3.0, 67, 2.0)], 4.0) == (*kept, Note(4.0, 67, 1.0))
    assert continued(kept, [Note(2.0, 64, 2.0), Note(4.0, 64, 1.0)], 4.0) == (*kept, Note(4.0, 64, 1.0))


@pytest.mark.parametrize("name", ["greensleeves", "irish-washerwoman", "uneven-stairs"])
def test_other_metres_are_played_ahead_too(model: Model, name: str) -> None:
    song = play(model, read(melodies.path(name)), 1.5, 12)
    assert all(track.notes for track in song.tracks)


def test_bad_requests_are_named(model: Model, ode: Song) -> None:
    for now, horizon in ((0.0, 1.0), (4.0, 0.0), (4.0, -1.0)):
        with pytest.raises(ConfigError, match="horizon above 0"):
            model.arrange_ahead(ode, now, horizon)
    late = Song((Track((Note(8.0, 60, 1.0),)),))
    with pytest.raises(MelodyError):
        model.arrange_ahead(late, 4.0)
    player = Player(unet.FAMILY, unet.UnetConfig(), lambda inputs: inputs)
    with pytest.raises(ConfigError, match="cannot keep a part"):
        player.arrange_ahead(ode, 4.0)
