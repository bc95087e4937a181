"""Keeping a part, blending two, and measuring what the latents move, with the bundled model."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

import composer
from composer import catalog
from composer.arranging import blend as blending
from composer.data import load_corpus
from composer.errors import ConfigError
from composer.evaluation.knobs import Moves, measure_moves
from composer.evaluation.listen import change
from composer.generators import Player, family
from composer.generators.keep import Keep, parse
from composer.generators.latents import Between, Latents, Source
from composer.generators.unet.config import UnetConfig
from composer.metrics import song_grid
from composer.songs import write
from composer.songs.grid import to_voices
from composer.songs.midi import from_bytes, to_bytes
from composer.songs.song import Note, Song, TimeSignature, Track


@pytest.fixture(scope="module")
def model():
    return composer.load_model("jsb-chorales")


@pytest.fixture(scope="module")
def greensleeves():
    """6/8, with a pickup."""
    return composer.read(catalog.tune("greensleeves"))


@pytest.fixture(scope="module")
def arranged(model, ode):
    return model.arrange(ode, seed=1)


def voice(song: Song, name: str) -> Track:
    return next(track for track in song.tracks if track.name == name)


def in_bars(song: Song, track: Track, first: int, last: int) -> list[Note]:
    """Notes of a track that sound in those bars, from 1."""
    starts = [*song.bar_onsets(), song.end]
    return [
        n for n in track.notes if n.onset < starts[last] - 1e-6 and n.end > starts[first - 1] + 1e-6
    ]


def one_at_a_time(song: Song) -> bool:
    return all(a.end <= b.onset + 1e-9 for t in song.tracks[1:] for a, b in pairwise(t.notes))


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


# Keeping


def test_what_keep_and_bars_ask_for():
    assert parse(["alto", "1-4", "Tenor", "9"], ["5-8"]) == Keep(
        ("alto", "Tenor"), ((1, 4), (9, 9)), ((5, 8),)
    )
    assert parse([], []) is None
    for wrong in ("x", "8-5", "0", "5-", "-5"):
        with pytest.raises(ConfigError, match="bars are"):
            parse([], [wrong])


def test_a_kept_voice_comes_back_and_the_others_fit_around_it(model, arranged):
    again = model.arrange(arranged, seed=5, keep=Keep(("alto",)))
    assert again.tracks[:2] == arranged.tracks[:2]
    assert voice(again, "Bass").notes != voice(arranged, "Bass").notes
    free = model.arrange(arranged, seed=5, track=0)
    assert voice(again, "Bass").notes != voice(free, "Bass").notes  # it hears the alto that is kept


def test_only_some_bars_are_made_anew(model, arranged):
    again = model.arrange(arranged, seed=5, keep=Keep(only=((5, 8),)))
    assert again.tracks[0] == arranged.tracks[0] and one_at_a_time(again)
    for before, after in zip(arranged.tracks[1:], again.tracks[1:], strict=True):
        for span in ((1, 4), (9, 16)):
            assert in_bars(arranged, before, *span) == in_bars(again, after, *span)
    assert any(
        in_bars(arranged, before, 5, 8) != in_bars(again, after, 5, 8)
        for before, after in zip(arranged.tracks[1:], again.tracks[1:], strict=True)
    )
    other = model.arrange(arranged, seed=5, keep=Keep(bars=((1, 4), (9, 16))))
    assert other.tracks == again.tracks


def test_a_voice_and_bars_together(model, arranged):
    again = model.arrange(arranged, seed=6, keep=Keep(("BASS",), only=((3, 3),)))
    assert voice(again, "Bass") == voice(arranged, "Bass")
    assert in_bars(again, again.tracks[1], 4, 16) == in_bars(arranged, arranged.tracks[1], 4, 16)


def test_everything_kept_is_everything_as_it_was(model, arranged):
    assert (
        model.arrange(arranged, seed=8, keep=Keep(("Alto", "Tenor", "Bass"))).tracks
        == arranged.tracks
    )
    assert model.arrange(arranged, seed=8, keep=Keep(bars=((1, 16),))).tracks == arranged.tracks


def test_notes_off_the_grid_and_out_of_range_come_back_bit_for_bit(model, arranged):
    played = tuple(
        Note(n.onset + 0.013 * (i % 3), n.pitch - 24 * (i == 4), n.duration * 0.87, 31 + i)
        for i, n in enumerate(arranged.tracks[2].notes)
    )
    song = replace(
        arranged,
        tracks=(
            *arranged.tracks[:2],
            replace(arranged.tracks[2], notes=played),
            arranged.tracks[3],
        ),
    )
    whole = model.arrange(song, seed=3, keep=Keep(("tenor",)))
    assert whole.tracks[2].notes == played
    part = model.arrange(song, seed=3, keep=Keep(bars=((2, 3),)))
    kept = in_bars(song, song.tracks[2], 2, 3)
    assert [n for n in part.tracks[2].notes if n in kept] == kept and one_at_a_time(part)


def test_a_note_that_reaches_into_a_kept_bar_is_kept_whole(model, ode):
    """Bars of 4 beats; the bass holds from bar 1 into bar 2, which is kept."""
    end = ode.end
    low = Track((Note(0.0, 48, 2.0), Note(2.0, 43, 4.0), Note(6.0, 48, end - 6.0)), "Bass")
    others = [Track((Note(0.0, p, end),), name) for name, p in (("Alto", 60), ("Tenor", 55))]
    song = replace(ode, tracks=(ode.tracks[0], *others, low))
    again = model.arrange(song, seed=4, keep=Keep(bars=((2, 2),)))
    assert again.tracks[3].notes[-2:] == low.notes[1:] and again.tracks[1:3] == tuple(others)
    assert again.tracks[3].notes[0].onset == 0.0 and one_at_a_time(again)


def test_a_pickup_in_six_eight_is_bar_one(model, greensleeves):
    before = model.arrange(greensleeves, seed=1)
    assert before.bar_onsets()[1] < 3.0
    again = model.arrange(before, seed=2, keep=Keep(bars=((1, 3),)))
    assert again.tracks[0] == before.tracks[0] and one_at_a_time(again)
    for a, b in zip(before.tracks[1:], again.tracks[1:], strict=True):
        assert in_bars(before, a, 1, 3) == in_bars(again, b, 1, 3)


def test_voices_without_their_names_are_taken_in_their_order(model, arranged):
    bare = replace(arranged, tracks=tuple(replace(t, name="") for t in arranged.tracks))
    again = model.arrange(bare, seed=5, keep=Keep(("tenor",)))
    assert again.tracks[2] == bare.tracks[2] and again.tracks[1].notes != bare.tracks[1].notes


def test_locks_that_name_nothing_list_what_there_is(model, arranged, ode):
    for song, keep, words in (
        (arranged, Keep(("sopran",)), "no voice 'sopran' to keep; there are Alto, Tenor, Bass"),
        (arranged, Keep(bars=((15, 17),)), "no bar 15-17; the melody has bars 1 to 16"),
        (arranged, Keep(only=((99, 99),)), "no bar 99; the melody has bars 1 to 16"),
        (
            ode,
            Keep(("alto",)),
            "its voices are needed, Alto, Tenor, Bass; beside the melody there is none",
        ),
    ):
        with pytest.raises(ConfigError, match=words):
            model.arrange(song, keep=keep)


# Blending


def test_a_blend_begins_and_ends_with_the_two_and_changes_little_by_little(model, ode, tmp_path):
    for name, seed, groove in (("a", 1, Source()), ("b", 2, Source(knob=0.5))):
        song = model.arrange(ode, latents=Latents(seed, {"groove": groove}))
        write(tmp_path / f"{name}.mid", song)
    first, second = (blending.read_arranged(tmp_path / f"{name}.mid") for name in "ab")
    assert (first.origin, second.origin) == (Latents(1), Latents(2, {"groove": Source(knob=0.5)}))
    steps = blending.blend(first, second, blending.model_of(first, second), 6)
    assert len(steps) == 6 and steps[0].song == first.song and steps[-1].song == second.song
    changed = [step.changed[0] for step in steps]
    assert all(b > a - 0.03 for a, b in pairwise(changed)) and changed[1] < 0.75 * changed[-1]
    assert all(b < a + 0.03 for a, b in pairwise(step.changed[1] for step in steps))
    assert all(step.song.tracks[0] == first.song.tracks[0] for step in steps)
    paths = blending.write_steps(steps, tmp_path / "way")
    assert [p.name for p in paths] == ["01.mid", "02.mid", "03.mid", "04.mid", "05.mid", "06.mid"]
    middle = blending.read_arranged(paths[2])
    assert isinstance(middle.origin, Between)  # and so blends can be blended
    assert len(blending.blend(middle, second, model, 2)) == 2


def test_the_steps_divide_what_is_heard_to_change():
    heard = [0.0, 0.5, 0.55, 0.6, 0.62, 0.68, 1.0]
    assert blending.evenly(heard, 2) == [0, 6]
    assert blending.evenly(heard, 3) == [0, 1, 6]
    assert blending.evenly(heard, 4) == [0, 1, 5, 6]
    assert blending.evenly([0.0, 0.9, 0.9, 0.9, 1.0], 5) == [0, 1, 2, 3, 4]


def test_what_cannot_blend_says_why(model, ode, greensleeves, tmp_path):
    one = model.arrange(ode, seed=1)
    bass = replace(
        one.tracks[3],
        notes=(
            replace(one.tracks[3].notes[0], pitch=one.tracks[3].notes[0].pitch - 1),
            *one.tracks[3].notes[1:],
        ),
    )
    songs = {
        "one": one,
        "tune": ode,
        "locked": model.arrange(one, seed=2, keep=Keep(("alto",))),
        "edited": replace(one, tracks=(*one.tracks[:3], bass)),
        "other": model.arrange(greensleeves, seed=1),
        "elsewhere": replace(one, made=one.made.replace("jsb-chorales", "mine")),
        "broken": replace(one, made='{"model": "jsb-chorales", "latents": 3}'),
    }
    for name, song in songs.items():
        write(tmp_path / f"{name}.mid", song)

    def tried(name, steps=3):
        first, second = (blending.read_arranged(tmp_path / f"{n}.mid") for n in ("one", name))
        return blending.blend(first, second, blending.model_of(first, second), steps)

    for name, words in (
        ("tune", "does not say how it was made"),
        ("broken", "does not say how it was made"),
        ("locked", "made around a part that was kept"),
        ("edited", "edited.mid is not what jsb-chorales makes of its latents"),
        ("other", "different melodies"),
        ("elsewhere", "was made by jsb-chorales, .*elsewhere.mid by mine"),
    ):
        with pytest.raises(ConfigError, match=words):
            tried(name)
    with pytest.raises(ConfigError, match="2 steps at least, its ends, got 1"):
        tried("one", 1)
    assert [step.song.tracks for step in tried("one")] == [
        blending.read_arranged(tmp_path / "one.mid").song.tracks
    ] * 3


def test_how_an_arrangement_was_made_stays_in_its_file(model, ode):
    song = model.arrange(ode, seed=3, latents={"chords": 0.5})
    assert '"model": "jsb-chorales"' in song.made and '"knob": 0.5' in song.made
    assert from_bytes(to_bytes(song)).made == song.made
    assert from_bytes(to_bytes(ode)).made == "" and b"composer: " not in to_bytes(ode)


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
