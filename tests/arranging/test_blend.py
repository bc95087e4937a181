"""Blending two arrangements of a melody into each other, with the bundled model."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import composer
import pytest
from composer import catalog
from composer.arranging import blend as blending
from composer.errors import ConfigError
from composer.generators.keep import Keep
from composer.generators.latents import Between, Latents, Source
from composer.songs import write
from composer.songs.midi import from_bytes, to_bytes


@pytest.fixture(scope="module")
def model():
    return composer.load_model("jsb-chorales")


@pytest.fixture(scope="module")
def greensleeves():
    """6/8, with a pickup."""
    return composer.read(catalog.tune("greensleeves"))


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
