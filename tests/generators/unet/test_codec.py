"""Family `unet`: windows, the way there and back, and one training step of tiny networks."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from composer.config import from_dict, to_dict
from composer.data import jsb
from composer.errors import ConfigError, MelodyError, ModelError
from composer.generators import Model, family
from composer.generators.family import Request
from composer.generators.latents import Latents
from composer.generators.layers import wgan
from composer.generators.unet import FAMILY
from composer.generators.unet.codec import decode, encode
from composer.generators.unet.config import UnetConfig
from composer.generators.unet.latents import truncated_normal
from composer.generators.unet.windows import Windows
from composer.songs.edit import Melody, take_melody
from composer.songs.song import Note, Song, Tempo, Track
from tests.conftest import needs

TINY = UnetConfig(filters=2, noise=3)
# 18.75 beats, so 3 windows of 8 of which the last is padded; notes that cross both borders; no repeated pitch.
LINE = ((0, 60, 3), (3, 67, 4.5), (7.5, 64, 1.25), (8.75, 72, 6), (15, 59, 2.25), (18, 62, 0.75))


@pytest.fixture
def song() -> Song:
    notes = tuple(Note(onset, pitch, duration, 100) for onset, pitch, duration in LINE)
    return Song((Track(notes, "Flute", 73),), tempos=(Tempo(0, 77),), title="uneven")


def echo(melody: Any) -> dict[str, np.ndarray[Any, Any]]:
    """As if the network gave the melody to every voice, the bass an octave lower."""
    roll = np.repeat(melody, 4, axis=3) * np.float32(0.3)
    roll[..., 3] = np.roll(roll[..., 3], -12, axis=2)
    return {"roll": roll}


def test_encode_shapes_and_values(song: Song) -> None:
    arrays, steps = encode(song, take_melody(song), Request(Latents(0)), TINY)
    assert {k: (v.shape, v.dtype) for k, v in arrays.items()} == {
        "melody": ((3, 32, 128, 1), np.float32),
        "noise": ((3, 2, 8, 3), np.float32),
    }
    assert steps == 75
    roll = arrays["melody"].reshape(96, 128)
    assert set(np.unique(roll)) == {-1.0, 1.0}
    assert (
        roll[11, 60] == 1 and roll[12, 60] == -1 and roll[12, 67] == 1
    )  # where the first note ends
    assert (roll[75:] == -1).all()


def test_there_and_back_over_three_windows(song: Song) -> None:
    melody = take_melody(song)
    arrays, steps = encode(song, melody, Request(Latents(0)), TINY)
    back = decode(echo(arrays["melody"]), steps, song, melody)
    assert [t.name for t in back.tracks] == ["Flute", "Alto", "Tenor", "Bass"]
    assert back.tracks[0] == song.tracks[0]
    assert (back.tempos, back.title) == (song.tempos, song.title)
    assert [(n.onset, n.pitch, n.duration) for n in back.tracks[1].notes] == list(LINE)
    assert [(n.onset, n.pitch, n.duration) for n in back.tracks[3].notes] == [
        (o, p - 12, d) for o, p, d in LINE
    ]
    assert {n.velocity for t in back.tracks[1:] for n in t.notes} == {85}
    assert [t.program for t in back.tracks] == [73] * 4


def test_added_notes_stop_with_the_melody() -> None:
    song = Song((Track((Note(0, 60, 1.1),)),))
    melody = take_melody(song)
    _, steps = encode(song, melody, Request(Latents(0)), TINY)
    back = decode({"roll": np.ones((1, 32, 128, 4), np.float32)}, steps, song, melody)
    assert back.tracks[0].name == "Melody"
    assert {n.end for t in back.tracks[1:] for n in t.notes} == {1.1}


def test_zero_is_silence(song: Song) -> None:
    melody = take_melody(song)
    back = decode({"roll": np.zeros((3, 32, 128, 4), np.float32)}, 75, song, melody)
    assert [len(t.notes) for t in back.tracks] == [6, 0, 0, 0]


def test_the_seed_is_the_noise_and_a_longer_melody_draws_the_same(song: Song) -> None:
    melody = take_melody(song)
    short = take_melody(Song((Track(song.tracks[0].notes[:2]),)))
    noise = encode(song, melody, Request(Latents(5)), TINY)[0]["noise"]
    assert np.array_equal(noise, encode(song, melody, Request(Latents(5)), TINY)[0]["noise"])
    assert np.array_equal(noise[:1], encode(song, short, Request(Latents(5)), TINY)[0]["noise"])
    assert not np.array_equal(noise, encode(song, melody, Request(Latents(6)), TINY)[0]["noise"])
    assert not np.array_equal(noise[0], noise[1])


def test_noise_lies_within_two() -> None:
    drawn = truncated_normal(np.random.default_rng(0), (20_000,))
    assert np.abs(drawn).max() <= 2
    assert 0.86 < drawn.std() < 0.90  # .880 in theory; 1 without the cut, .960 where it clips


def test_a_melody_without_notes_is_refused(song: Song) -> None:
    with pytest.raises(MelodyError, match="at least one note"):
        encode(song, Melody(0, Track(), Track()), Request(Latents(0)), TINY)


def test_an_unknown_field_is_refused_by_name() -> None:
    assert from_dict(UnetConfig, to_dict(TINY)) == TINY
    with pytest.raises(ConfigError, match="'layers'"):
        from_dict(UnetConfig, {"filters": 2, "layers": 4})
    with pytest.raises(ConfigError, match="above 0"):
        UnetConfig(filters=0)


def test_windows_are_cuts_of_the_pieces() -> None:
    songs = [jsb.to_song(c) for c in jsb.load("valid")[:3]]
    batch = Windows(songs, TINY).batch(np.random.default_rng(0), 5, 8)
    assert {k: v.shape for k, v in batch.items()} == {
        "melody": (5, 32, 128, 1),
        "target": (5, 32, 128, 4),
        "noise": (5, 2, 8, 3),
    }
    assert np.array_equal(batch["melody"], batch["target"][..., :1])
    sounding = batch["target"] > 0
    assert (sounding.sum(axis=2) <= 1).all()  # one pitch a voice and step
    heights = (sounding * np.arange(128)[:, None]).sum(axis=(1, 2)) / sounding.sum(axis=(1, 2))
    assert (np.diff(heights, axis=1) < 0).all()  # soprano, alto, tenor, bass
    again = Windows(songs, TINY).batch(np.random.default_rng(0), 5, 8)
    assert all(np.array_equal(batch[k], again[k]) for k in batch)


def test_windows_of_short_pieces_are_refused() -> None:
    tracks = tuple(
        Track((Note(0, 60, 7.75),), name) for name in ("Soprano", "Alto", "Tenor", "Bass")
    )
    with pytest.raises(ConfigError, match="at least 8 beats"):
        Windows([Song(tracks)], TINY).batch(np.random.default_rng(0), 1, 8)


@pytest.fixture
def training() -> tuple[Any, Any, dict[str, Any]]:
    """TensorFlow, tiny networks and a batch."""
    tf = needs("tensorflow")
    import keras

    keras.utils.set_random_seed(0)
    windows = FAMILY.windows([jsb.to_song(c) for c in jsb.load("valid")[:2]], TINY)
    batch = windows.batch(np.random.default_rng(0), 4, 8)
    return tf, FAMILY.build(TINY), {k: tf.constant(v) for k, v in batch.items()}


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


def moved(network: Any, gradients: list[Any]) -> bool:
    """Whether one step of Adam with these gradients changes kernels, and all of them."""
    import keras

    kernels = [i for i, v in enumerate(network.trainable_variables) if v.name == "kernel"]
    before = [network.trainable_variables[i].numpy() for i in kernels]
    keras.optimizers.Adam(1e-3, beta_1=0.5, beta_2=0.9).apply(
        gradients, network.trainable_variables
    )
    after = [network.trainable_variables[i].numpy() for i in kernels]
    return len(kernels) > 3 and all((a != b).any() for a, b in zip(before, after, strict=True))


def played(networks: Any, inputs: dict[str, Any]) -> np.ndarray[Any, Any]:
    play, _ = FAMILY.playing_model(networks)
    return np.asarray(play(inputs)["roll"].numpy())


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
