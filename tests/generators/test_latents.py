"""Where latents come from: seeds, knobs, and the way between."""

from __future__ import annotations

import json
import pickle

import numpy as np
import pytest
from composer.errors import ConfigError
from composer.generators.chorale.latents import (
    DIRECTIONS,
    NAMES,
    sample_latents,
)
from composer.generators.latents import (
    PUSH,
    SHARE,
    Between,
    Latents,
    Source,
    check_names,
    checked,
    draw,
    from_json,
    parse,
    push,
    slerp,
    to_json,
    to_origin,
    uniform,
)


@pytest.mark.parametrize(
    ("text", "source"),
    [
        ("7", Source(7)),
        ("0", Source(0)),
        ("+1", Source(knob=1.0)),
        ("-1.0", Source(knob=-1.0)),
        ("0.3", Source(knob=0.3)),
        (".5", Source(knob=0.5)),
        ("1.", Source(knob=1.0)),
        ("-.25", Source(knob=-0.25)),
        ("7+0.5", Source(7, 0.5)),
        ("12-1", Source(12, -1.0)),
    ],
)
def test_seeds_and_knobs_as_they_are_written(text, source):
    assert parse("groove", text) == source


@pytest.mark.parametrize(
    "text", ["", ".", "+", "loud", "1.5", "-2", "7+", "+0.5+0.5", "7 0.5", "1e3", "nan", "9" * 5000]
)
def test_what_is_neither_seed_nor_knob_is_refused_by_name(text):
    with pytest.raises(ConfigError, match="groove is a seed like 7, a knob from -1 to"):
        parse("groove", text)


def test_what_a_caller_may_give():
    given = {"chords": 7, "groove": -0.5, "melody": Source(2, 0.25)}
    assert to_origin(given, 3, NAMES) == Latents(
        3, {"chords": Source(7), "melody": Source(2, 0.25), "groove": Source(knob=-0.5)}
    )
    assert to_origin(None, 3, NAMES) == to_origin({}, 3, NAMES) == Latents(3)
    assert to_origin(Latents(5), 3, NAMES) == Latents(5)
    for wrong, words in (
        ({"tempo": 1}, "no latent 'tempo'; there are chords, style, melody, groove"),
        ({"chords": "7"}, "chords is a seed .* got '7'"),
        ({"chords": True}, "chords is a seed"),
        ({"groove": 1.5}, "a knob lies in -1..1, got 1.5"),
        ({"groove": float("nan")}, "a knob lies in -1..1, got nan"),
        ({"groove": -1}, "a seed is 0 or more, got -1"),
    ):
        with pytest.raises(ConfigError, match=words):
            to_origin(wrong, 3, NAMES)


def test_origins_survive_json():
    way = Between(
        Latents(1, {"groove": Source(knob=0.5)}),
        Between(Latents(2), Latents(3, {"chords": Source(4, -1.0)}), 0.5),
        0.25,
    )
    for origin in (Latents(), Latents(7, {"style": Source(1)}), way):
        assert from_json(json.loads(json.dumps(to_json(origin)))) == origin
    assert to_json(Latents(7)) == {"seed": 7}
    for wrong in (
        None,
        3,
        [],
        {},
        {"seed": "x"},
        {"seed": 1, "tempo": {"speed": 2}},
        {"seed": -1},
        {"from": {"seed": 1}},
    ):
        with pytest.raises(ConfigError):
            from_json(wrong)


def test_every_latent_has_a_seed_of_its_own():
    drawn = draw(
        Latents(1, {"melody": Source(9)}), lambda seed: sample_latents(seed, 5), DIRECTIONS
    )
    one, nine = sample_latents(1, 5), sample_latents(9, 5)
    assert all((drawn[name] == (nine if name == "melody" else one)[name]).all() for name in NAMES)


def test_a_knob_moves_what_it_points_at_and_leaves_the_rest_bit_for_bit():
    normal = np.random.default_rng(0).standard_normal((4000, 3)).astype(np.float32)
    moved = push(normal, np.array([1.0, 0.0, -0.5]))
    assert (moved[:, 1] == normal[:, 1]).all()
    assert np.allclose(moved.mean(0)[[0, 2]], [SHARE * PUSH, -SHARE * PUSH / 2], atol=0.05)
    assert np.allclose(moved.std(0)[[0, 2]], [0.6, np.sqrt(1 - 0.16)], atol=0.05)
    ends = uniform(moved[:, 0])
    assert (
        0.75 < ends.mean() < 0.85 and np.percentile(ends, 5) < 0.55
    )  # pushed, yet not pinned to one choice


def test_a_knob_that_a_family_lacks_is_refused():
    with pytest.raises(
        ConfigError, match=r"no knob groove \(it has none at all\); give groove a seed"
    ):
        draw(Latents(0, {"groove": Source(knob=0.5)}), lambda seed: sample_latents(seed, 2), {})
    with pytest.raises(ConfigError, match=r"no knob groove \(knobs are there for chords\)"):
        draw(
            Latents(0, {"groove": Source(knob=0.5)}),
            lambda seed: sample_latents(seed, 2),
            {"chords": 1.0},
        )


def test_the_way_between_keeps_its_ends_exactly_and_its_length():
    rng = np.random.default_rng(1)
    a, b = rng.standard_normal((2, 50, 7)).astype(np.float32)
    assert (
        (slerp(a, b, 0) == a).all()
        and (slerp(a, b, 1) == b).all()
        and (slerp(a, a, 0.3) == a).all()
    )
    lengths = [np.linalg.norm(slerp(a, b, share)) for share in (0.0, 0.25, 0.5, 0.75, 1.0)]
    assert min(lengths) > 0.95 * min(lengths[0], lengths[-1])
    apart = [np.linalg.norm(slerp(a, b, share) - a) for share in np.linspace(0, 1, 9)]
    assert (np.diff(apart) > 0).all()
    assert np.allclose(
        slerp(a, -a, 0.5), 0, atol=1e-6
    )  # no great circle is the shortest: straight through


def test_latents_are_values() -> None:
    one = Latents(3, {"groove": Source(knob=0.5), "chords": Source()})
    same = Latents(3, {"groove": Source(knob=0.5)})
    assert one == same and hash(one) == hash(same) and one != Latents(3)
    assert pickle.loads(pickle.dumps(Between(one, Latents(1), 0.25))) == Between(
        same, Latents(1), 0.25
    )
    given = {"groove": Source(knob=0.5)}
    kept = Latents(0, given)
    given["chords"] = Source(7)
    assert "chords" not in kept.sources


def test_names_are_the_familys_and_saved_in_its_order() -> None:
    mixed = Latents(1, {"groove": Source(2), "chords": Source(3)})
    assert list(to_json(checked(mixed, NAMES))) == ["seed", "chords", "groove"]
    with pytest.raises(ConfigError, match=r"no latent .groove.; there are chords$"):
        checked(Between(Latents(0), mixed, 0.5), ["chords"])
    with pytest.raises(ConfigError, match="no latent 'chords'; there are none"):
        check_names({"chords": 1}, [])
