"""A band made of chorales, and tiny networks that play it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from composer.config import to_dict
from composer.data import jsb
from composer.generators import Model
from composer.generators.band import FAMILY
from composer.generators.band.codec import (
    decode,
    encode,
)
from composer.generators.band.config import BandConfig
from composer.generators.family import Request
from composer.generators.latents import Latents
from composer.songs.edit import take_melody
from composer.songs.song import Note, Song, TimeSignature, Track

SMALL = {
    "channels": 8,
    "encoder_blocks": 1,
    "plan_blocks": 1,
    "track_blocks": 1,
    "fine_blocks": 1,
    "critic_channels": 8,
    "strides": [2, 1],
}

KICK, SNARE, HAT = 36, 38, 42


def band(chorale: jsb.Chorale) -> Song:
    """A chorale as a melody, a piano that plays the other three voices, a bass an octave lower, and drums."""
    song = jsb.to_song(chorale)
    soprano, alto, tenor, bass = song.tracks
    chords = {
        (n.onset, n.pitch): n for n in (*alto.notes, *tenor.notes, *bass.notes)
    }  # unisons once
    strokes = [Note(float(t), SNARE if t % 2 else KICK, 0.25, 90) for t in range(int(song.end))]
    strokes += [Note(t / 2, HAT, 0.25, 60) for t in range(int(2 * song.end))]
    tracks = (
        Track(soprano.notes, "Tune", 73),
        Track(tuple(chords.values()), "Piano", 2),
        Track(tuple(replace(n, pitch=n.pitch - 12) for n in bass.notes), "Bass", 33),
        Track(tuple(strokes), "Drums", 0, True),
    )
    return replace(song, tracks=tracks)


def tune(*notes: tuple[float, int, float], metre: tuple[int, int] | None = None) -> Song:
    signatures = (TimeSignature(0, *metre),) if metre else ()
    return Song(
        (Track(tuple(Note(*n, 100) for n in notes), "Tune", 73),), time_signatures=signatures
    )


def played(networks: Any, arrays: dict[str, Any]) -> dict[str, Any]:
    import keras

    play, _ = FAMILY.playing_model(networks)
    return {k: keras.ops.convert_to_numpy(v) for k, v in play(arrays).items()}


def arranged(networks: Any, config: BandConfig, song: Song, seed: int = 0) -> Song:
    melody = take_melody(song)
    arrays, context = encode(song, melody, Request(Latents(seed)), config)
    return decode(played(networks, arrays), context, song, melody)


def exported(networks: Any, config: BandConfig, folder: Path) -> Model:
    from composer.training.export import to_litert

    folder.mkdir(exist_ok=True)
    (folder / "generator.tflite").write_bytes(
        to_litert(*FAMILY.playing_model(networks), networks.generator)
    )
    (folder / "model.json").write_text(json.dumps({"family": "band", "config": to_dict(config)}))
    return Model(folder)


def unmoved(network: Any, gradients: list[Any]) -> list[str]:
    """Kernels that one step of Adam with these gradients leaves as they were."""
    import keras

    variables = network.trainable_variables
    before = [v.numpy() for v in variables]
    keras.optimizers.Adam(1e-3, beta_1=0.5, beta_2=0.9).apply(gradients, variables)
    still = [
        v.path
        for v, b in zip(variables, before, strict=True)
        if v.name == "kernel" and (v.numpy() == b).all()
    ]
    assert len(variables) > 3
    return still
