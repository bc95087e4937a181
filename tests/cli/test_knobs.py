"""Latents, keeping, blending and measuring on the command line, in processes of their own."""

from __future__ import annotations

import pytest
from composer.songs import read

from tests.support.command import fails, files


def test_latents_have_seeds_and_knobs(one):
    for name, options in (
        ("same", ["--groove", "1"]),
        ("denser", ["--groove", "+1.0"]),
        ("low", ["--melody", "-0.9"]),
    ):
        done = one("arrange", "ode-to-joy", "--seed", 1, "-o", f"{name}.mid", *options)
        assert (done.returncode, done.stderr) == (0, "")
    plain, same, denser, low = (
        read(one.folder / f"{n}.mid") for n in ("one", "same", "denser", "low")
    )
    assert plain.tracks == same.tracks
    assert sum(len(t.notes) for t in denser.tracks[1:]) > 1.1 * sum(
        len(t.notes) for t in plain.tracks[1:]
    )
    assert (
        sum(t.mean_pitch for t in low.tracks[1:]) < sum(t.mean_pitch for t in plain.tracks[1:]) - 3
    )


def test_a_part_is_made_anew(one):
    done = one(
        "arrange", "one.mid", "--keep", "alto", "--bars", "5-8", "--seed", 5, "-o", "two.mid"
    )
    assert (done.returncode, done.stderr) == (0, "")
    before, after = (read(one.folder / f"{n}.mid") for n in ("one", "two"))
    assert before.tracks[:2] == after.tracks[:2] and before.tracks[3] != after.tracks[3]
    for a, b in zip(before.tracks, after.tracks, strict=True):
        assert [n for n in a.notes if n.end <= 16] == [n for n in b.notes if n.end <= 16]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--chords", "1.5"], ["chords", "from -1 to +1", "1.5"]),
        (["--groove", "loud"], ["groove", "'loud'"]),
        (["--keep", "viola"], ["no voice 'viola'", "Alto, Tenor, Bass"]),
        (["--keep", "7-99"], ["no bar 7-99", "1 to 16"]),
        (["--bars", "five"], ["5-8", "'five'"]),
    ],
)
def test_bad_knobs_and_locks_are_one_line(one, options, words):
    fails(one("arrange", "one.mid", "-o", "two.mid", *options), *words)
    assert files(one.folder) == ["one.mid"]


def test_what_the_knobs_move(composer_command):
    done = composer_command("knobs", "jsb-chorales", "--pieces", 2, "--seeds", 1)
    assert (done.returncode, done.stderr) == (0, "")
    for word in ("drawn again", "harmony", "groove", "notes a beat", "groove moves rhythm most"):
        assert word in done.stdout
    fails(composer_command("knobs", "nothing"), "no model 'nothing'")


def test_any_latent_is_set_by_its_own_name(one):
    by_option = one("arrange", "ode-to-joy", "-o", "a.mid", "--groove", "+0.8")
    by_name = one("arrange", "ode-to-joy", "-o", "b.mid", "--knob", "groove=+0.8")
    assert by_option.returncode == by_name.returncode == 0
    assert (one.folder / "a.mid").read_bytes() == (one.folder / "b.mid").read_bytes()
    fails(
        one("arrange", "ode-to-joy", "-o", "c.mid", "--knob", "wobble=1"),
        "no latent 'wobble'; there are chords, style, melody, groove",
    )
    fails(one("arrange", "ode-to-joy", "-o", "c.mid", "--knob", "wobble"), "NAME=VALUE")
