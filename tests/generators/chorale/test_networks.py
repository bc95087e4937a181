"""Networks of the chorales: decisions, masks, losses (Keras)."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
from composer.data.jsb import load, to_song
from composer.generators.chorale import networks as n
from composer.generators.chorale.config import ChoraleConfig
from composer.generators.chorale.windows import Windows
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


def test_motion_is_that_of_plain_loops() -> None:
    pitches = np.random.default_rng(2).integers(20, 50, (12, 4))
    pitches[5] = pitches[4]  # all stay
    score = np.eye(PITCHES, dtype=np.float32)[pitches].reshape(1, 12, -1)
    found = np.asarray(n.Critic.motion_of(score))[0]
    assert np.allclose(found, n.plain_motion(pitches), atol=1e-5)
