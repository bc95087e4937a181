"""Where latents come from: seeds, knobs, and the way between; and what of the chorales' numbers each of them feeds."""

from __future__ import annotations

import json

import numpy as np
import pytest

from composer.config import from_dict
from composer.errors import ConfigError
from composer.generators.chorale.config import ChoraleConfig
from composer.generators.chorale.latents import (
    CELLS,
    DIRECTIONS,
    NAMES,
    PULSES,
    TURNS,
    sample_latents,
    spread_latents,
)
from composer.generators.latents import (
    PUSH,
    SHARE,
    Between,
    Latents,
    Source,
    draw,
    from_json,
    parse,
    push,
    slerp,
    to_json,
    to_origin,
    uniform,
)
from composer.songs.grid import pulse_grid
from composer.songs.song import Note, Song, TimeSignature, Track

BARS = 300


def grid():
    """Bars of 3/4, so that a place is not the same in every bar of four."""
    return pulse_grid(
        Song((Track((Note(0.0, 60, 3.0 * BARS),)),), time_signatures=(TimeSignature(0, 3, 4),))
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


def test_numbers_are_uniform_and_those_of_one_bar_do_not_tell_those_of_the_next():
    numbers = [
        spread_latents(sample_latents(seed, BARS), grid(), ChoraleConfig()) for seed in range(6)
    ]
    for name, width in (("on_pulse", 3), ("between", 12)):
        each = np.concatenate([n[name].reshape(-1, width) for n in numbers])
        assert each.min() >= 0 and each.max() <= 1
    on_pulse = np.concatenate([n["on_pulse"] for n in numbers])
    assert np.allclose(on_pulse.mean(0), 0.5, atol=0.06) and np.allclose(
        on_pulse.std(0), 12**-0.5, atol=0.03
    )
    bass = numbers[0]["on_pulse"][:, 0]
    assert abs(np.corrcoef(bass[:-3], bass[3:])[0, 1]) < 0.15  # only what style says is alike


def test_what_each_latent_feeds():
    config, bars = ChoraleConfig(), grid()
    base, other = sample_latents(0, BARS), sample_latents(1, BARS)
    before = spread_latents(base, bars, config)
    after = {name: spread_latents({**base, name: other[name]}, bars, config) for name in NAMES}

    def change(latent, name):
        return np.abs(after[latent][name] - before[name]).reshape(len(bars), -1).mean(0)

    assert change("chords", "on_pulse")[0] > 2 * change("melody", "on_pulse")[0]
    assert (change("melody", "on_pulse")[1:] > 2 * change("chords", "on_pulse")[1:]).all()
    assert (after["groove"]["on_pulse"] == before["on_pulse"]).all() and change(
        "groove", "between"
    ).min() > 0.2
    assert all((after[name]["between"] == before["between"]).all() for name in ("chords", "melody"))
    assert change("style", "on_pulse").min() > 0.02 and change("style", "between").min() > 0.02


def test_melody_holds_for_a_bar_and_the_groove_comes_back():
    config = ChoraleConfig(chords_share=(0.0, 0.0), style_share=0.0, groove_repeats=1.0)
    numbers = spread_latents(sample_latents(3, BARS), grid(), config)
    by_bar = numbers["on_pulse"].reshape(BARS, 3, 3)
    assert (by_bar == by_bar[:, :1]).all() and len(np.unique(by_bar[:, 0, 0])) == BARS
    patterns = numbers["between"].reshape(BARS, -1)
    assert (patterns == patterns[0]).all()
    varied = spread_latents(sample_latents(3, BARS), grid(), ChoraleConfig(style_share=0.0))[
        "between"
    ]
    varied = varied.reshape(BARS, -1)
    assert (varied[0] == varied[TURNS]).all() and (varied[0] != varied[1]).mean() > 0.9


def test_long_bars_and_every_voice_have_numbers_of_their_own():
    song = Song((Track((Note(0.0, 60, 14.0),)),), time_signatures=(TimeSignature(0, 7, 4),))
    numbers = spread_latents(sample_latents(0, 2), pulse_grid(song), ChoraleConfig(style_share=0.0))
    assert (
        numbers["between"].shape == (14, 4, 3)
        and len(np.unique(numbers["between"][:PULSES])) == CELLS * 3
    )


def test_the_directions_fit_the_latents():
    for name, values in sample_latents(0, 3).items():
        assert np.broadcast_shapes(values.shape, np.shape(DIRECTIONS[name])) == values.shape
        assert 0 < np.abs(DIRECTIONS[name]).max() <= 1


def test_shares_that_do_not_add_up_are_refused():
    for wrong in (
        {"chords_share": [0.99, 0.1]},
        {"chords_share": [0.5]},
        {"style_share": -0.1},
        {"groove_repeats": 1.2},
    ):
        with pytest.raises(ConfigError, match="reach 1 at most"):
            from_dict(ChoraleConfig, {"style_share": 0.05, **wrong})
