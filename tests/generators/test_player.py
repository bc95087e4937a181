"""The shipped model, used as a player does: every bundled melody, melodies that nobody would
bundle, and ahead of them.
"""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import composer
import numpy as np
import pytest
from composer import catalog
from composer.catalog import models
from composer.data.jsb import RANGES
from composer.errors import ConfigError, MelodyError
from composer.generators import CARD, PLAYS, WEIGHTS, Model, Player, family
from composer.generators.latents import Latents, Source
from composer.generators.unet.config import UnetConfig
from composer.metrics import rolls
from composer.songs import read
from composer.songs.grid import to_pianoroll, to_voices
from composer.songs.song import Note, Song, TimeSignature, Track


@pytest.fixture(scope="module")
def model() -> Model:
    return composer.load_model("jsb-chorales")


def tune(pitches: list[int], length: float = 1.0, numerator: int = 4) -> Song:
    notes = tuple(Note(i * length, p, length) for i, p in enumerate(pitches))
    return Song((Track(notes, "Melody"),), time_signatures=(TimeSignature(0, numerator, 4),))


def check(song: Song, out: Song) -> None:
    """What holds for every arrangement of a one-line song in the soprano's range."""
    assert out.tracks[0].notes == song.tracks[0].notes
    assert (out.tempos, out.time_signatures) == (song.tempos, song.time_signatures)
    assert [t.name for t in out.tracks[1:]] == ["Alto", "Tenor", "Bass"]
    end = song.tracks[0].end
    for track in out.tracks[1:]:
        low, high = RANGES[track.name]
        assert track.notes and all(low <= n.pitch <= high for n in track.notes)
        assert track.end <= end + 1e-6 and all(n.duration > 0 for n in track.notes)
        assert all(
            a.end <= b.onset + 1e-6 for a, b in zip(track.notes, track.notes[1:], strict=False)
        )


def test_the_folder_is_complete_and_small() -> None:
    folder = models()["jsb-chorales"]
    assert sum(f.stat().st_size for f in folder.iterdir()) <= 10_000_000
    assert {f.name for f in folder.iterdir()} >= {CARD, PLAYS, WEIGHTS}
    card = json.loads((folder / CARD).read_text())
    assert card["family"] == "chorale" and card["scores"]["bach_distance"] <= 1.2


@pytest.mark.parametrize("name", catalog.tunes())
def test_every_bundled_melody_is_arranged(model: Model, name: str) -> None:
    song = composer.read(catalog.tune(name))
    check(song, model.arrange(song, seed=1))


@pytest.mark.parametrize(
    "name", ["ode-to-joy", "amazing-grace", "irish-washerwoman", "uneven-stairs"]
)
def test_voices_sound_exactly_where_the_melody_does(model: Model, name: str) -> None:
    song = composer.read(catalog.tune(name))
    sounding = to_voices(model.arrange(song), 12)[0] >= 0
    melody = sounding[:, 0]
    for voice in sounding[:, 1:].T:
        # A rest of one step (a sixteenth, or in compound metres up to an eighth) is too short to
        # stop for.
        gap = np.flatnonzero(voice[: len(melody)] != melody)
        assert len(gap) <= 0.02 * len(melody)


def test_a_seed_repeats_and_another_differs(model: Model) -> None:
    song = composer.read(catalog.tune("old-hundredth"))
    one, again, other = (to_voices(model.arrange(song, seed=s))[0][:, 1:] for s in (5, 5, 6))
    assert (one == again).all() and (one != other).mean() >= 0.2


@pytest.mark.parametrize(
    "pitches",
    [[60], [67] * 64, [72, 60, 79, 57, 81], [60, 62, 64] * 4, [69, 71, 72, 74, 76, 77, 80, 81]],
)
@pytest.mark.parametrize("numerator", [3, 4, 5])
def test_odd_melodies_are_arranged(model: Model, pitches: list[int], numerator: int) -> None:
    song = tune(pitches, numerator=numerator)
    check(song, model.arrange(song))


def test_a_negative_seed_is_refused(model: Model) -> None:
    with pytest.raises(composer.ComposerError, match="0 or more, got -1"):
        model.arrange(tune([60, 62]), seed=-1)


def test_five_hundred_bars(model: Model) -> None:
    song = tune([60 + (7 * i) % 17 for i in range(2000)])
    check(song, model.arrange(song))


def test_a_melody_above_and_below_the_range_is_moved_by_octaves_and_back(model: Model) -> None:
    song = composer.read(catalog.tune("frere-jacques"))
    moved = Song(
        (
            Track(
                tuple(
                    Note(n.onset, n.pitch - 24, n.duration, n.velocity)
                    for n in song.tracks[0].notes
                )
            ),
        ),
        song.tempos,
        song.time_signatures,
    )
    here, there = model.arrange(song, seed=2), model.arrange(moved, seed=2)
    for a, b in zip(here.tracks[1:], there.tracks[1:], strict=True):
        assert [n.pitch - 24 for n in a.notes] == [n.pitch for n in b.notes]


def test_what_is_written_is_what_was_arranged(model: Model, tmp_path: Path) -> None:
    song = composer.read(catalog.tune("greensleeves"))
    out = model.arrange(song, seed=3)
    composer.write(tmp_path / "out.mid", out)
    back = composer.read(tmp_path / "out.mid")
    for a, b in zip(out.tracks, back.tracks, strict=True):
        assert [(n.pitch, n.velocity) for n in a.notes] == [(n.pitch, n.velocity) for n in b.notes]
        assert np.allclose([n.onset for n in a.notes], [n.onset for n in b.notes], atol=1 / 480)


def test_added_voices_stay_in_the_melodys_key_and_never_fall_silent(model: Model) -> None:
    shares = []
    for name in catalog.tunes():
        out = model.arrange(composer.read(catalog.tune(name)), seed=1)
        roll = to_pianoroll(out)
        shares.append(rolls.in_scale_ratio(roll, rolls.own_scale(roll[:, :, :1]))[1:])
        voices, _ = to_voices(out)
        assert not ((voices[:, :1] >= 0) & (voices[:, 1:] < 0)).any(), name
    assert np.mean(shares) >= 0.93


@pytest.mark.parametrize("pitches", [[60], [67] * 40, [60, 84, 55, 79] * 8, [62, 64, 65] * 700])
def test_odd_melodies_get_a_sensible_answer(model: Model, pitches: list[int]) -> None:
    song = tune(pitches)
    out = model.arrange(song)
    assert out.tracks[0].notes == song.tracks[0].notes
    assert all(track.notes and track.end == song.tracks[0].end for track in out.tracks[1:])


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


def test_what_a_model_cannot_do_is_said_in_one_place(model: Model) -> None:
    for capability in model.family.capabilities:
        model.require(capability)
    words = r"model jsb-chorales \(family chorale\) cannot compose from nothing; .* none of the"
    with pytest.raises(ConfigError, match=words) as error:
        model.require("composes")
    assert error.value.mend.way == "model"
    player = Player(family("unet"), UnetConfig(), lambda inputs: inputs)
    words = r"this model \(family unet\) cannot keep a part of an arrangement; .* jsb-chorales"
    with pytest.raises(ConfigError, match=words):
        player.kept_melody(Song(()))


def test_latents_are_saved_in_the_order_of_the_family(model: Model, ode: Song) -> None:
    made = model.arrange(ode, latents={"groove": 0.5, "chords": 7}).made
    assert made.index("chords") < made.index("groove")
    with pytest.raises(ConfigError, match="no latent 'tempo'; there are chords, style"):
        model.arrange(ode, latents=Latents(0, {"tempo": Source(3)}))
