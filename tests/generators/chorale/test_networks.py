"""Networks of family `chorale`: decisions, masks, losses (Keras)."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest

from composer.data.jsb import load, to_song
from composer.generators.chorale import networks as n
from composer.generators.chorale.config import ChoraleConfig
from composer.generators.chorale.windows import Windows
from composer.generators.layers import pulses as layers
from composer.generators.layers.melody import PITCHES

TINY = ChoraleConfig(
    channels=8, encoder_blocks=1, skeleton_blocks=1, fine_blocks=1, critic_channels=8
)


@pytest.fixture(scope="module")
def networks() -> n.Networks:
    keras.utils.set_random_seed(1)
    return n.Networks(TINY)


@pytest.fixture(scope="module")
def batch() -> dict[str, Any]:
    return Windows([to_song(x) for x in load("train")[:4]], TINY).batch(
        np.random.default_rng(0), 3, 8
    )


def test_sample_is_the_inverse_of_the_distribution() -> None:
    logits = np.log(np.array([[0.5, 0.3, 0.2]] * 4, np.float32))
    drawn = np.asarray(
        layers.sample(logits, np.array([[0.1], [0.49], [0.51], [0.95]], np.float32), 1.0, 0.0)
    )
    assert drawn.argmax(-1).tolist() == [0, 0, 1, 2]
    assert np.allclose(drawn.sum(-1), 1) and np.allclose(drawn.max(-1), 1)


def test_sample_at_one_and_zero_stays_inside() -> None:
    logits = np.zeros((2, 5), np.float32)
    assert np.asarray(layers.sample(logits, np.array([[0.0], [1.0]], np.float32), 1.0, 0.0)).sum(
        -1
    )[0] == pytest.approx(1)


def test_min_p_leaves_the_tail_out() -> None:
    logits = np.log(np.array([0.9, 0.06, 0.04], np.float32))[None].repeat(99, 0)
    u = np.linspace(0.005, 0.995, 99, dtype=np.float32)[:, None]
    assert set(np.asarray(layers.sample(logits, u, 1.0, 0.0)).argmax(-1)) == {0, 1, 2}
    assert set(np.asarray(layers.sample(logits, u, 1.0, 0.05)).argmax(-1)) == {0, 1}


def hot(*pitches: int) -> Any:
    return np.eye(PITCHES, dtype=np.float32)[list(pitches)]


def test_parallels_warn_of_the_pitch_that_makes_them_and_of_no_other() -> None:
    layer = layers.Parallels()
    layer.build()
    # Before: bass B flat, soprano F (a fifth above). Now the soprano goes to G: the bass must not go to C.
    nobody = np.zeros((3, PITCHES), np.float32)
    there, here = (layers.classes(hot(p), *(v[None] for v in nobody)) for p in (17, 19))
    own = layers.classes(hot(10))
    logits = np.asarray(layer(own, there, here, voice=0))[0]
    assert np.flatnonzero(logits < -1).tolist() == [0]
    assert not np.asarray(
        layer(layers.classes(hot(11)), there, here, voice=0)
    ).any()  # not perfect before
    assert not np.asarray(
        layer(own, there, there, voice=0)
    ).any()  # nothing moves, nothing is parallel


def test_intervals_are_the_same_wherever_they_lie() -> None:
    layer = layers.Intervals(1)
    layer.build()
    table = np.zeros((3, 1, 2 * PITCHES - 1), np.float32)
    table[1, 0, PITCHES - 1 + 2] = 3.0  # a tone up
    layer.table.assign(table)
    for start in (5, 40):
        logits = np.asarray(layer(hot(start), voice=1))[0]
        assert np.flatnonzero(logits).tolist() == [start + 2]


def test_interval_classes_count_up_from_the_second_voice() -> None:
    a, b = layers.classes(hot(20)), layers.classes(hot(13))
    assert np.asarray(layers.interval_classes(a, b)).argmax(-1).tolist() == [7]
    assert np.asarray(layers.interval_classes(b, a)).argmax(-1).tolist() == [5]


def test_given_cells_come_back_and_every_other_is_decided(
    networks: n.Networks, batch: dict[str, Any]
) -> None:
    x = {k: batch[k] for k in n.INPUTS}
    x["given"] = np.where(
        np.random.default_rng(0).random(x["given"].shape) < 0.4, batch["target"], PITCHES
    )
    voices, strike = (np.asarray(v) for v in networks.generator(x, playing=True))
    assert np.allclose(voices.sum(-1), 1, atol=1e-5) and strike.shape == (3, 8, 3)
    kept = x["given"] != PITCHES
    assert (voices.argmax(-1)[kept] == x["given"][kept]).all()


def test_pitches_on_the_pulse_are_allowed_ones(networks: n.Networks, batch: dict[str, Any]) -> None:
    x = {k: batch[k] for k in n.INPUTS}
    x["given"] = np.full_like(x["given"], PITCHES)
    drawn = np.asarray(networks.generator(x)[0]).argmax(-1)
    assert np.take_along_axis(x["allowed"][:, None, None], drawn[..., None], -1).all()


def test_other_noise_gives_other_voices_and_the_same_noise_the_same(
    networks: n.Networks, batch: dict[str, Any]
) -> None:
    x = {k: batch[k] for k in n.INPUTS} | {"given": np.full_like(batch["given"], PITCHES)}
    once, again = (np.asarray(networks.generator(x)[0]) for _ in range(2))
    other = np.asarray(networks.generator({**x, "on_pulse": 1 - x["on_pulse"]})[0])
    assert (once == again).all()
    assert (once.argmax(-1) != other.argmax(-1)).mean() > 0.3


def test_cross_entropy_leaves_known_cells_out_and_asks_for_the_others(
    batch: dict[str, Any],
) -> None:
    x = {k: batch[k] for k in n.INPUTS}
    bare = n.Generator(
        ChoraleConfig(channels=8, encoder_blocks=1, skeleton_blocks=1, fine_blocks=1, dropout=0.0)
    )
    bare(x)
    strike, half = -np.ones_like(batch["strike"]), np.ones_like(batch["half"])
    none, every = np.zeros_like(batch["shown"]), np.ones_like(batch["shown"])

    def entropy(shown: Any) -> float:
        return float(bare.cross_entropy(x, batch["target"], strike, shown, 1 - shown, half))

    open_ = [entropy(none), entropy(every)]
    x["given"] = x["given"].copy()
    x["given"][:, :, 0] = batch["target"][:, :, 0]
    locked = [entropy(none), entropy(every)]
    assert locked[0] == pytest.approx(
        locked[1], rel=1e-5
    )  # all is given: only sixteenths are left to ask for
    assert (
        open_[0] > open_[1] + 1 > locked[0] + 2
    )  # the last round asks for the pulses that are not shown
    x["given"][:, 5, 0, 1] = PITCHES  # one open cell
    assert entropy(none) > locked[0] + 0.5


def test_lines_look_up_the_interval_tables_of_their_voice() -> None:
    rng = np.random.default_rng(3)
    lines = layers.Lines()
    lines.build()
    table = rng.standard_normal(lines.table.shape).astype(np.float32)
    lines.table.assign(table)
    pitches = rng.integers(0, PITCHES, (6, 4))
    pitches[0, 1] = pitches[1, 0] = pitches[2, 3] = PITCHES  # unknown
    beside = [layers.one_hot(pitches[:, i]) for i in range(4)]
    found = np.asarray(lines(beside, voice=2))
    clip = lambda d: int(np.clip(d, -layers.SPAN, layers.SPAN)) + layers.SPAN  # noqa: E731
    for row, (two_before, before, after, two_after) in enumerate(pitches):
        for pitch in (0, 20, 56):
            pairs = (
                (before, after, before),
                (two_before, before, before),
                (after, two_after, after),
            )
            terms = (
                table[2, i, clip(second - first), clip(pitch - near)]
                for i, (first, second, near) in enumerate(pairs)
                if PITCHES not in (first, second)
            )
            assert found[row, pitch] == pytest.approx(sum(terms), abs=1e-5)


def test_rows_go_forth_and_back() -> None:
    x = np.arange(24, dtype=np.float32).reshape(8, 3)  # two pieces of four pulses
    assert np.asarray(layers.every(x, 2, 2))[:, 0].tolist() == [0, 6, 12, 18]
    assert np.asarray(layers.spread(layers.every(x, 2, 2), 2))[:, 0].tolist() == [
        0,
        0,
        6,
        0,
        12,
        0,
        18,
        0,
    ]
    assert np.asarray(layers.every(x, 2, 2, 1))[:, 0].tolist() == [3, 9, 15, 21]
    assert np.asarray(layers.Cut(2, 1, 2).back(layers.every(x, 2, 2, 1)))[:, 0].tolist() == [
        0,
        3,
        0,
        9,
        0,
        15,
        0,
        21,
    ]
    assert np.asarray(layers.Cut(2, 1, 2).out(x))[:, 0].tolist() == [0, 0, 6, 0, 12, 0, 18, 0]
    assert np.asarray(layers.later(x, 1, 2))[:, 0].tolist() == [3, 6, 9, 0, 15, 18, 21, 0]
    assert np.asarray(layers.later(x, -2, 2))[:, 0].tolist() == [0, 0, 0, 3, 0, 0, 12, 15]
    assert (
        np.asarray(layers.with_sides(x[:4], 1, 1)).tolist()
        == np.asarray(layers.with_sides(x, 1, 2))[:4].tolist()
    )
    for by in (-12, -8, 8, 12):  # further than a piece is long
        assert (
            np.asarray(layers.later(x, by, 2)).shape == (8, 3)
            and not np.asarray(layers.later(x, by, 2)).any()
        )
        assert (
            np.asarray(layers.later(x, by, 1)).shape == (8, 3)
            and not np.asarray(layers.later(x, by, 1)).any()
        )
