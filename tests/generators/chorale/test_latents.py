"""What each latent of the chorales feeds."""

from __future__ import annotations

import numpy as np
import pytest
from composer.config import from_dict
from composer.errors import ConfigError
from composer.generators.chorale import codec as c
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
from composer.generators.family import Request
from composer.generators.latents import (
    Latents,
)
from composer.songs.edit import take_melody
from composer.songs.grid import pulse_grid
from composer.songs.song import Note, Song, TimeSignature, Track


def song_of(pitches: list[int], length: float = 1.0, **kwargs: object) -> Song:
    notes = tuple(Note(i * length, p, length, 70 + i) for i, p in enumerate(pitches))
    return Song((Track(notes, "Tune", 40),), **kwargs)  # type: ignore[arg-type]


BARS = 300


def grid():
    """Bars of 3/4, so that a place is not the same in every bar of four."""
    return pulse_grid(
        Song((Track((Note(0.0, 60, 3.0 * BARS),)),), time_signatures=(TimeSignature(0, 3, 4),))
    )


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


def test_every_latent_number_is_uniform_and_reaches_what_it_names() -> None:
    song = song_of([67, 69, 71, 72] * 40)
    melody = take_melody(song)
    config = ChoraleConfig()
    _, context = c.encode(song, melody, Request(Latents(0)), config)
    grid = context.grid
    latents = sample_latents(0, 40)
    draws = [spread_latents(sample_latents(s, 40), grid, config) for s in range(20)]
    for name in ("on_pulse", "between"):
        values = np.concatenate([d[name].ravel() for d in draws])
        assert abs(values.mean() - 0.5) < 0.02 and abs(values.std() - 12**-0.5) < 0.02
        assert values.min() >= 0 and values.max() <= 1
    base = spread_latents(latents, grid, config)
    moved = {
        name: spread_latents({**latents, name: latents[name] + 1}, grid, config)
        for name in ("chords", "melody", "groove", "style")
    }
    assert (moved["chords"]["on_pulse"][:, 0] != base["on_pulse"][:, 0]).all()
    assert (moved["chords"]["between"] == base["between"]).all()
    assert (moved["melody"]["on_pulse"][:, 1:] > base["on_pulse"][:, 1:]).all()
    assert (moved["melody"]["between"] == base["between"]).all()
    assert (moved["groove"]["on_pulse"] == base["on_pulse"]).all()
    assert (moved["groove"]["between"] != base["between"]).mean() > 0.95
    assert (moved["style"]["on_pulse"] != base["on_pulse"]).mean() > 0.95


def test_a_seed_gives_the_first_bars_the_same_noise_however_long_the_piece() -> None:
    short, long = sample_latents(3, 4), sample_latents(3, 9)
    assert (long["chords"][:4] == short["chords"]).all() and (
        long["melody"][:4] == short["melody"]
    ).all()
    assert (long["style"] == short["style"]).all() and (long["groove"] == short["groove"]).all()
