"""Tiny networks of a band: one step of training, playing, LiteRT."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from composer.data import jsb
from composer.generators import family
from composer.generators.band import FAMILY
from composer.generators.band.codec import (
    encode,
)
from composer.generators.band.config import BandConfig
from composer.generators.band.latents import sample_latents, spread_latents
from composer.generators.band.windows import (
    Windows,
    configure,
)
from composer.generators.family import Request
from composer.generators.latents import Latents
from composer.generators.layers import wgan
from composer.songs.edit import take_melody
from composer.songs.song import Song

from tests.conftest import needs
from tests.support.small_band import (
    HAT,
    KICK,
    SMALL,
    SNARE,
    arranged,
    band,
    exported,
    played,
    tune,
    unmoved,
)


def test_the_registry_knows_it() -> None:
    assert family("band") is FAMILY


def test_one_step_moves_the_weights(networks: Any, batch: dict[str, Any], tiny: BandConfig) -> None:
    tf = needs("tensorflow")
    networks = FAMILY.build(tiny)
    real, fake = networks.real(batch), networks.generate(batch)
    assert tuple(real.shape) == tuple(fake.shape) == (3, 8, 4, 2 * len(tiny.cells))
    assert np.abs(fake * (1 - fake)).max() < 1e-5  # decided hard
    mixed = wgan.mix(real, fake, tf.constant([0.1, 0.5, 0.9]))
    with tf.GradientTape() as tape:
        loss = wgan.critic_loss(networks.score(batch, real), networks.score(batch, fake))
        with tf.GradientTape() as inner:
            inner.watch(mixed)
            scores = networks.score(batch, mixed)
        assert tuple(scores.shape) == (3,)
        total = loss + 10.0 * wgan.gradient_penalty(inner.gradient(scores, mixed))
    assert unmoved(networks.critic, tape.gradient(total, networks.critic.trainable_variables)) == []
    # Residual blocks end in zeros, so that at first nothing flows through them: a second step moves
    # all. But where a track happens to sound no three cells at once, nobody asks what lies between
    # its lowest and its highest.
    voicings = [
        v for group in (*networks.generator.on_pulse, *networks.generator.steps) for v in group
    ]
    seldom = {layer.kernel.path for v in voicings for layer in (v.see_both, v.between)}
    for loss in (
        networks.supervised,
        lambda b: wgan.generator_loss(networks.score(b, networks.generate(b))),
    ):
        with tf.GradientTape() as tape:
            value = loss(batch)
        left = unmoved(
            networks.generator, tape.gradient(value, networks.generator.trainable_variables)
        )
    assert set(left) <= seldom and len(left) < len(seldom)


@pytest.mark.slow
def test_learning_one_batch_lowers_the_loss_and_is_then_played(
    tiny: BandConfig, batch: dict[str, Any]
) -> None:
    """With the loss near nothing, drawing gives the songs' own notes, whatever the numbers."""
    tf = needs("tensorflow")
    import keras

    keras.utils.set_random_seed(1)
    networks = FAMILY.build(replace(tiny, channels=32, dropout=0.0))
    variables, adam = networks.generator.trainable_variables, keras.optimizers.Adam(6e-3)

    @tf.function
    def step() -> Any:
        with tf.GradientTape() as tape:
            loss = networks.supervised(batch)
        adam.apply(tape.gradient(loss, variables), variables)
        return loss

    losses = [float(step()) for _ in range(150)]
    assert losses[0] > 5 and losses[-1] < 0.2
    real, fake = np.asarray(networks.real(batch)), np.asarray(networks.generate(batch))
    assert (real * fake).sum() / np.maximum(real, fake).sum() > 0.9


def test_drums_stay_drums_and_notes_in_range(
    networks: Any, tiny: BandConfig, songs: list[Song]
) -> None:
    song = arranged(networks, tiny, songs[0])
    assert [(t.name, t.program, t.is_drum) for t in song.tracks[1:]] == [
        ("Piano", 2, False),
        ("Bass", 33, False),
        ("Drums", 0, True),
    ]
    assert {n.pitch for n in song.tracks[3].notes} <= {KICK, SNARE, HAT} and song.tracks[3].notes
    for track, low, high in zip(song.tracks[1:3], tiny.lows, tiny.highs, strict=False):
        assert track.notes and all(low <= n.pitch <= high for n in track.notes)


def test_each_latent_changes_what_is_played(
    networks: Any, tiny: BandConfig, songs: list[Song]
) -> None:
    song = songs[0]
    melody = take_melody(song, 0)
    arrays, context = encode(song, melody, Request(Latents(0)), tiny)
    bars = int(context.grid.bar.max()) + 1
    before, other = sample_latents(0, bars, tiny), sample_latents(1, bars, tiny)
    plain = played(networks, arrays)
    for name in before:
        numbers = spread_latents({**before, name: other[name]}, context.grid, tiny)
        changed = played(networks, arrays | {k: v[None] for k, v in numbers.items()})
        assert (changed["sound"] != plain["sound"]).any(), name
    assert all(np.array_equal(plain[k], played(networks, arrays)[k]) for k in plain)


def test_another_melody_changes_what_is_played(networks: Any, tiny: BandConfig) -> None:
    """In the same key and rhythm, with the same numbers."""
    scale, arpeggio = (
        tune(*((t, p, 1) for t, p in enumerate(line)))
        for line in ([60, 62, 64, 65, 67, 69, 71, 72], [60, 64, 67, 72, 71, 65, 62, 60])
    )
    assert (
        arranged(networks, tiny, scale).tracks[1:] != arranged(networks, tiny, arpeggio).tracks[1:]
    )


def test_weights_saved_and_loaded_play_the_same(
    networks: Any, tiny: BandConfig, ode: Song, tmp_path: Path
) -> None:
    networks.generator.save_weights(tmp_path / "generator.weights.h5")
    other = FAMILY.build(tiny)
    untrained = arranged(other, tiny, ode)
    other.generator.load_weights(tmp_path / "generator.weights.h5")
    assert arranged(networks, tiny, ode) == arranged(other, tiny, ode) != untrained


ODD = {
    "one note": tune((0, 60, 1)),
    "a grace note": tune((0.3, 99, 0.01)),
    "a lonely low note, late": tune((37.2, 3, 0.4)),
    "five eighths": tune((0, 60, 2.5), (2.5, 64, 2), (6, 67, 1.25), metre=(5, 8)),
    "seven sixteenths": tune((0, 60, 1.75), (1.75, 64, 1.75), metre=(7, 16)),
    "eleven quarters": tune((0, 60, 11), (11, 62, 11), (22, 64, 3), metre=(11, 4)),
    "500 bars": tune(*((2.0 * t, 60 + t % 13, 2.0) for t in range(1000))),
}


@pytest.mark.slow
def test_exported_it_plays_the_same_notes_under_any_melody(
    networks: Any, tiny: BandConfig, tmp_path: Path
) -> None:
    model = exported(networks, tiny, tmp_path)
    for song in (*ODD.values(), band(jsb.load("valid")[0])):
        back = model.arrange(song, seed=2, track=0)
        assert back == arranged(networks, tiny, song, seed=2)
        line = song.tracks[0]
        assert back.tracks[0] == line and back.time_signatures == song.time_signatures
        added = [n for t in back.tracks[1:] for n in t.notes]
        assert all(
            line.notes[0].onset - 1e-9 <= n.onset and n.end <= line.end + 1e-9 for n in added
        )


@pytest.mark.slow
def test_drums_alone_make_a_band(songs: list[Song], tmp_path: Path) -> None:
    needs("tensorflow")
    duos = [replace(s, tracks=(s.tracks[0], s.tracks[3])) for s in songs[:2]]
    config = configure(SMALL, duos)
    assert (config.chords, config.cells.counts) == ((0, 0b10010001), (3,))
    networks = FAMILY.build(config)
    drawn = Windows(duos, config).batch(np.random.default_rng(0), 2, 8)
    assert np.isfinite(float(networks.supervised(drawn)))
    assert np.isfinite(np.asarray(networks.score(drawn, networks.generate(drawn)))).all()
    back = exported(networks, config, tmp_path / "model").arrange(duos[0], track=0)
    assert [t.is_drum for t in back.tracks] == [False, True]


def test_matrices_give_what_plain_loops_do(tiny: BandConfig) -> None:
    needs("keras")
    from composer.generators.band import networks as n

    rng = np.random.default_rng(4)
    cells = (rng.random((6, 9)) < 0.4).astype(np.float32)
    assert np.array_equal(np.asarray(n.below(cells)), n.plain_below(cells))
    assert np.array_equal(np.asarray(n.above(cells)), n.plain_above(cells))
    sound, onset = rng.random((2, len(tiny.cells)))
    heard = np.concatenate([sound, onset]) @ n.heard_in(tiny)
    assert np.allclose(heard, n.plain_heard(tiny, sound, onset))
    rows = rng.random((8, 3), np.float32)
    assert np.array_equal(np.asarray(n.weave(rows[::2], n.odd(rows))), rows)
