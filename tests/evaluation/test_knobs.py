"""What latents and knobs move of an arrangement, and measuring it, with the bundled model."""

from __future__ import annotations

from dataclasses import replace

import composer
import numpy as np
import pytest
from composer import catalog
from composer.data import load_corpus
from composer.errors import ConfigError
from composer.evaluation.knobs import Moves, measure_moves
from composer.evaluation.listen import change
from composer.generators import Player, family
from composer.generators.keep import Keep
from composer.generators.latents import Latents
from composer.generators.unet.config import UnetConfig
from composer.metrics import song_grid
from composer.songs.grid import to_voices
from composer.songs.song import Note, Song, TimeSignature, Track

from tests.support.voices import one_at_a_time


@pytest.fixture(scope="module")
def model():
    return composer.load_model("jsb-chorales")


@pytest.fixture(scope="module")
def greensleeves():
    """6/8, with a pickup."""
    return composer.read(catalog.tune("greensleeves"))


# Latents


def test_a_latent_with_a_seed_of_its_own_and_what_is_the_same_without(model, ode):
    plain = model.arrange(ode, seed=1)
    assert model.arrange(ode, seed=1, latents={}).tracks == plain.tracks
    assert model.arrange(ode, seed=1, latents={"groove": 1}).tracks == plain.tracks
    assert model.arrange(ode, seed=9, latents=Latents(1)).tracks == plain.tracks
    every = dict.fromkeys(("chords", "style", "melody", "groove"), 2)
    assert model.arrange(ode, seed=1, latents=every).tracks == model.arrange(ode, seed=2).tracks
    for name in every:
        assert change(plain, model.arrange(ode, seed=1, latents={name: 2})) > 0.03, name


def test_another_groove_leaves_every_pitch_on_the_beat(model, ode):
    one, other = (to_voices(model.arrange(ode, seed=1, latents={"groove": s}))[0] for s in (1, 5))
    assert (one[::4] == other[::4]).all() and (one != other).any()


def test_knobs_do_what_they_say(model):
    songs = [replace(s, tracks=s.tracks[:1]) for s in load_corpus("jsb").valid[:12]]
    moves = measure_moves(model, songs, (0, 1), lambda done, total: None)
    low, middle, high = moves.characters["groove"]["notes a beat"]
    assert low < 0.9 * middle and high > 1.15 * middle
    low, middle, high = moves.characters["melody"]["mean pitch"]
    assert low < middle - 1 and high > middle + 1
    plain, _, rich = moves.characters["chords"]["sevenths"]
    assert rich > plain
    close, _, wide = moves.characters["chords"]["spread"]
    assert wide > close + 3


def test_a_model_without_latents_says_so(ode):
    player = Player(family("unet"), UnetConfig(), lambda inputs: inputs)
    with pytest.raises(ConfigError, match=r"\(family unet\) has no latents, only a seed"):
        player.arrange(ode, latents={"groove": 0.5})
    with pytest.raises(ConfigError, match="cannot keep a part"):
        player.arrange(ode, keep=Keep(("Alto",)))
    with pytest.raises(ConfigError, match="no latents"):
        measure_moves(player, [ode], (0,), lambda done, total: None)


@pytest.mark.parametrize("pitches", [[64], [67] * 60, [60 + 7 * i % 17 for i in range(500)]])
def test_knobs_at_their_ends_take_any_melody(model, pitches):
    song = Song((Track(tuple(Note(float(i), p, 1.0) for i, p in enumerate(pitches))),))
    for end in (-1.0, 1.0):
        out = model.arrange(
            song, latents=dict.fromkeys(("chords", "style", "melody", "groove"), end)
        )
        assert all(track.notes for track in out.tracks) and one_at_a_time(out)


# Measuring


class Fixed:
    """Arranges by the book: each latent alone changes one thing, by name."""

    class family:
        latents = ("chords", "style", "melody", "groove")
        knobs = ("groove",)

    def arrange(self, song, seed=0, track=None, latents=None):
        base = dict.fromkeys(self.family.latents, seed)
        of = {**base, **(latents or {})}
        moved = {
            name: of[name] != 0 and not (isinstance(of[name], float) and of[name] < 0)
            for name in of
        }
        bass = 53 if moved["chords"] else 48  # C major or F major below C and A
        third = 69 - 12 * moved["melody"]
        off = 1.5 if moved["groove"] else 1.0
        low = (Note(0.0, bass, off), Note(off, bass, 4.0 - off))
        others = (Track((Note(0.0, third, 4.0),)), Track(low))
        return replace(song, tracks=(song.tracks[0], *others))


def test_each_thing_is_seen_by_its_own_measure():
    song = Song((Track((Note(0.0, 72, 4.0),)),), time_signatures=(TimeSignature(0, 4, 4),))
    moves = measure_moves(Fixed(), [song], (0,), lambda done, total: None)
    assert moves.another["harmony"] == 1.0
    assert (
        moves.another["rhythm"] == 1.0
    )  # of two voices one starts a note elsewhere: one left out, one added
    assert moves.another["contour"] == pytest.approx((12 + 5) / 2)
    assert moves.redrawn["chords"]["harmony"] == 1.0 and moves.redrawn["melody"]["harmony"] == 0.0
    assert moves.redrawn["groove"]["rhythm"] == 1.0
    assert moves.redrawn["groove"]["harmony"] == moves.redrawn["groove"]["contour"] == 0.0
    assert moves.redrawn["melody"]["contour"] == pytest.approx(12 / 17)
    assert set(moves.redrawn["style"].values()) == {0.0}
    assert moves.ranked("chords")[0] == "harmony" and moves.ranked("groove")[0] == "rhythm"
    assert moves.verdict()[1].startswith("groove moves rhythm most (1.00, then ")
    assert moves.verdict()[1].endswith("as it should")


def test_a_verdict_that_is_not_as_it_should_be():
    rows = {
        n: dict.fromkeys(("harmony", "rhythm", "contour", "texture"), 0.1)
        for n in Fixed.family.latents
    }
    rows["groove"]["rhythm"] = rows["melody"]["contour"] = 0.5
    rows["melody"]["harmony"] = 0.9
    moves = Moves(3, {}, rows, {}, {})
    assert (
        moves.verdict()[2]
        == "melody moves harmony most (0.90, then contour 0.50), not contour (0.50)"
    )


def test_the_grid_of_a_song_with_a_pickup(greensleeves):
    grid = song_grid(greensleeves)
    first = next(i for i, bar in enumerate(grid.bars) if bar == 1)
    assert first == round(4 * greensleeves.bar_onsets()[1]) and grid.places[first] == 0
    assert grid.places[first - 1] == grid.places.max() == 11 and grid.bars[0] == 0
    assert np.array_equal(grid.voices[:, 0], to_voices(greensleeves)[0][:, 0])


def test_the_bundled_models_chords_and_groove_move_what_they_name(model):
    songs = load_corpus("jsb").valid[:25]
    seen = []
    moves = measure_moves(model, songs, (0, 1), lambda done, total: seen.append((done, total)))
    assert seen[-1] == (50, 50)
    assert moves.ranked("chords")[0] == "harmony" and moves.ranked("groove")[0] == "rhythm", (
        moves.verdict()
    )
    assert moves.redrawn["groove"]["harmony"] == 0
