"""One training step of tiny networks, and LiteRT."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from composer.config import to_dict
from composer.errors import ModelError
from composer.generators import Model, family
from composer.generators.family import Request
from composer.generators.latents import Latents
from composer.generators.layers import wgan
from composer.generators.unet import FAMILY
from composer.generators.unet.codec import encode
from composer.generators.unet.config import UnetConfig
from composer.songs.edit import take_melody
from composer.songs.song import Note, Song, Track

from tests.conftest import needs
from tests.support.small_unet import TINY, moved, played


def test_the_registry_knows_it() -> None:
    assert family("unet") is FAMILY


def test_one_step_moves_the_weights(training: tuple[Any, Any, dict[str, Any]]) -> None:
    tf, networks, batch = training
    real, fake = networks.real(batch), networks.generate(batch)
    assert tuple(real.shape) == tuple(fake.shape) == (4, 32, 128, 4)
    assert float(tf.reduce_max(tf.abs(fake))) <= 1
    mixed = wgan.mix(real, fake, tf.constant([0.1, 0.4, 0.6, 0.9]))
    with tf.GradientTape() as tape:
        loss = wgan.critic_loss(networks.score(batch, real), networks.score(batch, fake))
        with tf.GradientTape() as inner:
            inner.watch(mixed)
            scores = networks.score(batch, mixed)
        assert tuple(scores.shape) == (4,)
        total = loss + 10.0 * wgan.gradient_penalty(inner.gradient(scores, mixed))
    assert moved(networks.critic, tape.gradient(total, networks.critic.trainable_variables))
    with tf.GradientTape() as tape:
        loss = wgan.generator_loss(
            networks.score(batch, networks.generate(batch))
        ) + networks.supervised(batch)
    assert moved(networks.generator, tape.gradient(loss, networks.generator.trainable_variables))


def test_weights_saved_and_loaded_play_the_same(
    training: tuple[Any, Any, dict[str, Any]], tmp_path: Path
) -> None:
    _, networks, batch = training
    inputs = {k: batch[k] for k in ("melody", "noise")}
    networks.generator.save_weights(tmp_path / "generator.weights.h5")
    other = FAMILY.build(TINY)
    untrained = played(other, inputs)
    other.generator.load_weights(tmp_path / "generator.weights.h5")
    assert np.array_equal(played(networks, inputs), played(other, inputs))
    assert not np.allclose(played(networks, inputs), untrained)


def test_exported_it_arranges_any_length(
    song: Song, training: tuple[Any, Any, dict[str, Any]], tmp_path: Path
) -> None:
    _, networks, _ = training
    from composer.training.export import to_litert

    tflite = to_litert(*FAMILY.playing_model(networks), networks.generator)
    (tmp_path / "generator.tflite").write_bytes(tflite)
    (tmp_path / "model.json").write_text(json.dumps({"family": "unet", "config": to_dict(TINY)}))
    model = Model(tmp_path)
    arrays, _ = encode(song, take_melody(song), Request(Latents(3)), TINY)
    assert np.allclose(model._run(arrays)["roll"], played(networks, arrays), atol=1e-5)
    short = Song((Track((Note(0.5, 65, 1.5),), "Short"),))
    assert model.arrange(short).tracks[0] == short.tracks[0]
    before = model.arrange(song, 3)
    with pytest.raises(ModelError, match="does not fit its family"):
        model._run({**arrays, "noise": arrays["noise"][..., :2]})
    assert model.arrange(song, 3) == before  # what failed leaves nothing behind


@pytest.mark.slow
def test_full_size_is_that_of_the_sample() -> None:
    needs("tensorflow")
    networks = FAMILY.build(UnetConfig())
    assert networks.generator.count_params() == 8_273_540
    assert networks.critic.count_params() == 2_766_785
