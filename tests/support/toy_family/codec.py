from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
from composer.songs.grid import from_pianoroll, to_pianoroll
from composer.songs.song import Song, Track

LOW, PITCHES, HEARD = 36, 25, 36  # C2 to B3 and a rest; the classes of three beats


@dataclass(frozen=True)
class ToyConfig:
    voice: str = "Bass"


def pitch_classes(song):
    """Return what the melody, the first track, plays around each beat: float [beat, 36]."""
    roll = to_pianoroll(song, 1)[:, :, 0]
    classes = np.pad(roll, ((1, 1), (0, 4))).reshape(len(roll) + 2, -1, 12).any(axis=1)
    return np.concatenate([classes[:-2], classes[1:-1], classes[2:]], axis=1).astype(np.float32)


def pitches(song):
    """Return the second track's pitch on each beat, from LOW; the last number is a rest: int [beat]."""
    roll = to_pianoroll(song, 1)[:, LOW : LOW + PITCHES - 1, 1]
    return np.where(roll.any(axis=1), roll.argmax(axis=1), PITCHES - 1).astype(np.int32)


class Windows:
    """Draw windows from any beat of any song: `heard` [B, L, 36] and `target` int [B, L]."""

    def __init__(self, songs):
        self.pieces = [(pitch_classes(song), pitches(song)) for song in songs]

    def batch(self, rng, size, length):
        rows = []
        for i in rng.integers(len(self.pieces), size=size):
            start = rng.integers(len(self.pieces[i][1]) - length + 1)
            rows.append([part[start : start + length] for part in self.pieces[i]])
        return dict(zip(("heard", "target"), map(np.stack, zip(*rows, strict=True)), strict=True))


class ToyFamily:
    name, config, recipe, produces = "toy", ToyConfig, "likelihood", "notes"
    train: ClassVar = {"likelihood_iterations": 40, "batch": 8, "length": 8, "learning_rate": 0.02}
    capabilities = frozenset({"arranges"})
    latents, knobs, memory, recall = (), (), 0.0, 0.0

    def configure(self, given, songs):
        return ToyConfig(**{"voice": songs[0].tracks[1].name, **given})

    def voices(self, config):
        return (config.voice,)

    def encode(self, song, melody, request, config):
        return {"heard": pitch_classes(Song((melody.line,)))}, (config.voice, request.origin.seed)

    def decode(self, outputs, context, song, melody):
        chance = np.random.default_rng(context[1]).gumbel(size=outputs["logits"].shape)
        chosen = (outputs["logits"] + chance).argmax(axis=1)
        roll = np.zeros((len(chosen), 128, 1), bool)
        beats = np.flatnonzero(chosen < PITCHES - 1)
        roll[beats, LOW + chosen[beats], 0] = True
        added = from_pianoroll(roll, resolution=1, like=[Track(name=context[0])]).tracks
        return replace(song, tracks=(melody.kept, *added))

    def windows(self, songs, config):
        return Windows(songs)

    def build(self, config):
        from tests.support.toy_family.networks import Networks

        return Networks()

    def playing_model(self, networks):
        return networks.play, {"heard": ((None, HEARD), "float32")}
