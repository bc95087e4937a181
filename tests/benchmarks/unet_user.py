"""What a user of the unet system runs for one arrangement: python unet_user.py WEIGHTS MELODY OUT.

TensorFlow and Keras are imported, the network is built, its weights are loaded, the MIDI file is written. The
sample's notebook imports matplotlib, pypianoroll, scipy and music21 on top; that is left out, in its favour.
"""

import os
import sys

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras  # noqa: F401
import tensorflow as tf
from composer.generators.family import Request
from composer.generators.latents import Latents
from composer.generators.unet import FAMILY
from composer.generators.unet.config import UnetConfig
from composer.songs import read, write
from composer.songs.edit import take_melody


def main(weights: str, source: str, out: str) -> None:
    """Arrange `source` into `out`."""
    config = UnetConfig()
    generator = FAMILY.build(config).generator
    generator.load_weights(weights)
    song = read(source)
    melody = take_melody(song)
    arrays, steps = FAMILY.encode(song, melody, Request(Latents(0)), config)
    inputs = {name: tf.constant(array) for name, array in arrays.items()}
    roll = generator(inputs, training=False).numpy()
    write(out, FAMILY.decode({"roll": roll}, steps, song, melody))


if __name__ == "__main__":
    main(*sys.argv[1:])
