import keras
from keras import layers, ops

from tests.support.toy_family.codec import HEARD, PITCHES


class Networks:
    def __init__(self):
        self.generator = keras.Sequential([keras.Input((HEARD,)), layers.Dense(PITCHES)])

    def supervised(self, batch):
        logits = self.generator(ops.reshape(batch["heard"], (-1, HEARD)))
        target = ops.reshape(batch["target"], (-1,))
        return ops.mean(ops.sparse_categorical_crossentropy(target, logits, from_logits=True))

    def play(self, inputs):
        return {"logits": self.generator(inputs["heard"])}
