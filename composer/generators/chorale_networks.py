"""Generator and critic of family `chorale`, in Keras 3 layers and operations (any backend).

Shapes: B pieces, P pulses, 4 steps a pulse, 3 voices (bass, alto, tenor), N = PITCHES pitches, C channels.
"""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import layers, ops

from composer.generators.chorale import PITCHES, ChoraleConfig

Tensor = Any
SYMBOLS = PITCHES + 1  # between pulses: 0 holds, 1 + n moves to pitch n
HELD_FROM = {2: 0, 1: 0, 3: 2}  # the step whose pitch a hold goes on with
INPUTS = {
    "melody": ((None, 4), "int32"),
    "attack": ((None, 4), "float32"),
    "place": ((None, 16), "float32"),
    "order": ((None,), "int32"),
    "allowed": ((3, PITCHES), "float32"),
    "given": ((None, 4, 3), "int32"),
    "on_pulse": ((None, 3), "float32"),
    "between": ((None, 4, 3), "float32"),
}


class Residual(layers.Layer):
    """x + two convolutions over pulses, the first dilated; starts as the identity."""

    def __init__(self, channels: int, dilation: int, dropout: float, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.first = layers.Conv1D(channels, 3, padding="same", dilation_rate=dilation)
        self.second = layers.Conv1D(channels, 3, padding="same", kernel_initializer="zeros")
        self.drop = layers.Dropout(dropout)

    def call(self, x: Tensor, training: bool = False) -> Tensor:
        """Float [B, P, C] to the same."""
        y = ops.relu(self.first(ops.relu(x)))
        return x + self.second(self.drop(y, training=training))


class Stack(layers.Layer):
    """A projection, residual blocks of growing dilation (1, 2, 4, ...), and where asked a projection out."""

    def __init__(self, channels: int, blocks: int, dropout: float, out: int = 0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.project = layers.Dense(channels)
        self.drop = layers.Dropout(dropout)
        self.blocks = [Residual(channels, 2 ** (i % 4), dropout) for i in range(blocks)]
        self.out = layers.Dense(out) if out else None

    def call(self, x: Tensor, training: bool = False) -> Tensor:
        """Float [B, P, any] to [B, P, C or out]."""
        x = self.drop(self.project(x), training=training)
        for block in self.blocks:
            x = block(x, training=training)
        return self.out(ops.relu(x)) if self.out is not None else x


def one_hot(index: Tensor) -> Tensor:
    """Network pitches int [...] to float [..., N]; PITCHES (rest, unknown) is all zeros."""
    return ops.one_hot(index, PITCHES, dtype="float32")


def flat(x: Tensor, axes: int) -> Tensor:
    """The last `axes` axes as one."""
    shape = x.shape[-axes:]
    return ops.reshape(x, (*ops.shape(x)[:-axes], int(np.prod(shape))))


def relative(voice: Tensor, base: Tensor, span: int = 12) -> Tensor:
    """How far `voice` lies above `base`, both one-hot [..., N]: one-hot [..., 2 * span + 1], clipped, no gradient.

    All zeros where one of them is unknown.
    """
    number = ops.cast(ops.arange(PITCHES), "float32")
    known = ops.sum(voice, -1) * ops.sum(base, -1)
    distance = ops.clip(ops.sum((voice - base) * number, -1), -span, span) + span
    table = ops.one_hot(ops.cast(ops.round(distance), "int32"), 2 * span + 1, dtype="float32")
    return ops.stop_gradient(table * ops.expand_dims(known, -1))


def sample(logits: Tensor, uniform: Tensor, temperature: float, min_p: float) -> Tensor:
    """One-hot draws [..., S] by inverse distribution at `uniform` [...]; gradients go straight through to softmax.

    What is less likely than `min_p` times the likeliest is left out.
    """
    p = ops.softmax(logits / temperature, axis=-1)
    if min_p:
        p = p * ops.cast(p >= min_p * ops.max(p, axis=-1, keepdims=True), "float32")
        p = p / ops.sum(p, axis=-1, keepdims=True)
    # The share up to each symbol; as a product it is the same on every backend and converts to LiteRT.
    upper = ops.matmul(p, ops.convert_to_tensor(np.triu(np.ones((p.shape[-1],) * 2, np.float32))))
    passed = ops.cast(upper <= ops.expand_dims(uniform, -1) * upper[..., -1:], "float32")
    hard = passed_to_one_hot(passed)
    return p + ops.stop_gradient(hard - p)


def passed_to_one_hot(passed: Tensor) -> Tensor:
    """1 at the first symbol that is not passed: [1, 1, 0, 0] to [0, 0, 1, 0]."""
    before = ops.concatenate([ops.ones_like(passed[..., :1]), passed[..., :-1]], axis=-1)
    return before * (1.0 - passed)


FOLD = np.equal.outer(np.arange(PITCHES) % 12, np.arange(12)).astype(np.float32)  # network pitch to pitch class
PERFECT = (0, 5, 7)  # unison or octave; fifth above; fifth below, as pitch-class distances


class Parallels(layers.Layer):
    """How much each pitch of each voice is held back because it would go in parallel with another voice.

    Where voices v and u stand a perfect interval apart at one time and u has moved by another time, v is warned of the
    pitch class that makes the same interval there. How strongly is learnt, for each pair and interval.
    """

    def build(self, *_: Any) -> None:
        """One weight for each voice (3), other voice (4, soprano first) and interval."""
        self.weight = self.add_weight(shape=(3, 4, len(PERFECT)), initializer=keras.initializers.Constant(-5.0))

    def call(self, own: Tensor, there: Tensor, here: Tensor, voices: tuple[int, ...] = (0, 1, 2)) -> Tensor:
        """Logits [B, P, len(voices), N] to add here; own [B, P, 3, N] and there [B, P, 4, N] sound there."""
        own = ops.stack([own[:, :, v] for v in voices], axis=2)
        weight = ops.stack([self.weight[v] * (1.0 - np.eye(4, dtype=np.float32)[v + 1][:, None]) for v in voices])
        up = np.stack([np.roll(np.eye(12, dtype=np.float32), k, axis=1) for k in PERFECT], axis=1)  # j to j + k
        fold = ops.convert_to_tensor(FOLD)
        moved = ops.sum(here, -1) * ops.sum(there, -1) - ops.sum(here * there, -1)  # [B, P, 4]
        targets = _rolled(ops.matmul(there, fold), up)  # [B, P, 4, K, 12]
        apart = ops.einsum("bpvj,bpukj->bpvuk", ops.matmul(own, fold), targets)
        warned = apart * ops.expand_dims(ops.expand_dims(moved, -1), 2) * weight
        classes = ops.einsum("bpvuk,bpukj->bpvj", warned, _rolled(ops.matmul(here, fold), up))
        return ops.matmul(classes, ops.transpose(fold))


class Intervals(layers.Layer):
    """How well each pitch lies from pitches already known: logits by interval, learnt for each voice and neighbour."""

    def __init__(self, neighbours: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.neighbours = neighbours

    def build(self, *_: Any) -> None:
        """One logit for each voice, neighbour and interval, from 56 down to 56 up."""
        self.table = self.add_weight(shape=(3, self.neighbours, 2 * PITCHES - 1), initializer="zeros")

    def call(self, near: Tensor, voice: int) -> Tensor:
        """Logits [B, P, N] of `voice` given neighbours [B, P, neighbours, N], zeros where unknown."""
        apart = PITCHES - 1 + np.arange(PITCHES) - np.arange(PITCHES)[:, None]  # [from, to]
        weight = ops.take(self.table[voice], apart, axis=-1)  # [neighbours, N, N]
        return ops.matmul(flat(near, 2), ops.reshape(weight, (self.neighbours * PITCHES, PITCHES)))


def _rolled(classes: Tensor, up: Any) -> Tensor:
    """Pitch classes [..., 12] moved up by each of K intervals: [..., K, 12]."""
    k = up.shape[1]
    moved = ops.matmul(classes, ops.convert_to_tensor(up.reshape(12, k * 12)))
    return ops.reshape(moved, (*ops.shape(moved)[:-1], k, 12))


def later(x: Tensor, by: int) -> Tensor:
    """[B, P, ...] of `by` pulses later (negative: earlier), zeros past the ends."""
    rest = [[0, 0]] * (len(x.shape) - 2)
    if by > 0:
        return ops.pad(x[:, by:], [[0, 0], [0, by], *rest])
    return ops.pad(x[:, :by], [[0, 0], [-by, 0], *rest])


class Generator(keras.Model):
    """Decides three voices in rounds, each seeing all that was decided before it."""

    def __init__(self, config: ChoraleConfig, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        c, drop = config.channels, config.dropout
        self.config = config
        self.encoder = Stack(c, config.encoder_blocks, drop, name="encoder")
        self.skeleton = Stack(c, config.skeleton_blocks, drop, name="skeleton")
        self.heads = [layers.Dense(PITCHES, name=f"head_{v}") for v in range(3)]
        self.steps = Intervals(7, name="steps")
        self.fine = Stack(c, config.fine_blocks, drop, 9 * SYMBOLS + 3, name="fine")
        self.from_before = Parallels(name="from_before")
        self.to_after = Parallels(name="to_after")
        self.within = Parallels(name="within")
        self.to_next = Parallels(name="to_next")

    def encode(self, x: dict[str, Tensor], training: bool = False) -> Tensor:
        """What the melody says, once for all rounds: [B, P, C]."""
        melody = one_hot(x["melody"])
        seen = ops.concatenate([flat(melody, 2), x["attack"], x["place"]], axis=-1)
        return self.encoder(seen, training=training)

    def skeleton_logits(
        self,
        h: Tensor,
        melody: Tensor,
        known: Tensor,
        allowed: Tensor,
        voices: tuple[int, ...] = (0, 1, 2),
        training: bool = False,
    ) -> Tensor:
        """Logits on the pulses [B, P, len(voices), N] given `known` [B, P, 3, N] (0: not yet)."""
        first, last = melody[:, :, 0:1], melody[:, :, 3:4]
        below = relative(known, first, 28)
        y = ops.relu(self.skeleton(ops.concatenate([h, flat(known, 2), flat(below, 2)], axis=-1), training=training))
        begin, end = ops.concatenate([first, known], axis=2), ops.concatenate([last, known], axis=2)
        warned = self.from_before(later(known, -1), later(end, -1), begin, voices=voices)
        warned = warned + self.to_after(later(known, 1), later(begin, 1), end, voices=voices)
        near = ops.stack([later(known, by) for by in (-2, -1, 1, 2)], axis=2)  # [B, P, 4, 3, N]
        logits = []
        for i, v in enumerate(voices):
            others = [begin[:, :, u] for u in range(4) if u != v + 1]
            fitting = self.steps(ops.concatenate([near[:, :, :, v], ops.stack(others, axis=2)], axis=2), voice=v)
            logits.append(self.heads[v](y) + fitting + warned[:, :, i] - 1e4 * (1.0 - allowed[:, None, v]))
        return ops.stack(logits, axis=2)

    def fine_logits(
        self, h: Tensor, melody: Tensor, steps: Tensor, allowed: Tensor, training: bool = False
    ) -> tuple[Tensor, Tensor]:
        """Logits between pulses [B, P, 3 steps, 3, SYMBOLS] and of striking again [B, P, 3].

        steps: [B, P, 4, 3, N] one-hot, zeros where not decided.
        """
        now = steps[:, :, 0]
        half = steps[:, :, 2]
        ahead, behind = later(now, 1), later(now, -1)
        moves = [relative(ahead, now), relative(behind, now), relative(half, now)]
        x = ops.concatenate([h, flat(now, 2), flat(half, 2), *(flat(m, 2) for m in moves)], -1)
        y = self.fine(x, training=training)
        logits = ops.reshape(y[..., :-3], (*ops.shape(y)[:-1], 3, 3, SYMBOLS))
        hold = ops.ones_like(allowed[..., :1])
        mask = ops.concatenate([hold, allowed], axis=-1)
        logits = logits - 1e4 * (1.0 - mask[:, None, None])
        return logits + self._half_parallels(melody, now, half, ahead), y[..., -3:]

    def _half_parallels(self, melody: Tensor, now: Tensor, half: Tensor, ahead: Tensor) -> Tensor:
        """What step 2 is warned of, as logits for its moving symbols: [B, P, 3 steps, 3, SYMBOLS]."""
        begin, middle, end, after = (
            ops.concatenate([m, v], axis=2)
            for m, v in (
                (melody[:, :, 0:1], now),
                (melody[:, :, 2:3], half),
                (melody[:, :, 3:4], half),
                (later(melody[:, :, 0:1], 1), ahead),
            )
        )
        warned = self.within(now, begin, middle) + self.to_next(ahead, after, end)
        return ops.pad(ops.expand_dims(warned, 2), [[0, 0], [0, 0], [1, 1], [0, 0], [1, 0]])

    def call(self, x: dict[str, Tensor], training: bool = False, playing: bool = False) -> tuple[Tensor, Tensor]:
        """(voices one-hot [B, P, 4, 3, N], struck again [B, P, 3]); `given` cells come back as they were.

        playing: the config's temperature and min_p; else the bare distribution.
        """
        t, min_p = (self.config.temperature, self.config.min_p) if playing else (1.0, 0.0)
        h = self.encode(x, training=training)
        melody = one_hot(x["melody"])
        given = one_hot(x["given"])
        now = self._on_pulses(x, h, melody, given[:, :, 0], (t, min_p), training)
        return self._between(x, (h, melody), now, given, (t, min_p), training)

    def _on_pulses(
        self, x: dict[str, Tensor], h: Tensor, melody: Tensor, known: Tensor, knobs: tuple[float, float], training: bool
    ) -> Tensor:
        for here in self._rounds(x["order"]):
            for v in range(3):
                logits = self.skeleton_logits(h, melody, known, x["allowed"], (v,), training)[:, :, 0]
                drawn = sample(logits, x["on_pulse"][..., v], *knobs)
                open_ = ops.expand_dims(here, -1) * (1.0 - ops.sum(known[:, :, v], -1, keepdims=True))
                known = known + ops.expand_dims(open_ * drawn, 2) * _unit(v)[:, None]
        return known

    def _rounds(self, order: Tensor) -> list[Tensor]:
        """Which pulses are decided together: float [B, P] of each round, coarse to fine."""
        rounds, done = [], ops.zeros_like(ops.cast(order, "float32"))
        for stride in self.config.strides:
            here = ops.cast(ops.equal(order % stride, 0), "float32")
            rounds.append(here * (1.0 - done))
            done = ops.maximum(done, here)
        return rounds

    def _between(
        self,
        x: dict[str, Tensor],
        seen: tuple[Tensor, Tensor],
        now: Tensor,
        given: Tensor,
        knobs: tuple[float, float],
        training: bool,
    ) -> tuple[Tensor, Tensor]:
        fixed = ops.sum(given, -1, keepdims=True)
        half = given[:, :, 2]
        for v in range(3):
            blank = ops.zeros_like(now)
            steps = ops.stack([now, blank, half, blank], axis=2)
            logits, _ = self.fine_logits(*seen, steps, x["allowed"], training)
            drawn = sample(logits[:, :, 1, v], x["between"][:, :, 2, v], 1.0, knobs[1])
            moved = drawn[..., 1:] + drawn[..., :1] * now[:, :, v]
            half = half + ops.expand_dims((1.0 - fixed[:, :, 2, v]) * moved, 2) * _unit(v)[:, None]
        steps = ops.stack([now, blank, half, blank], axis=2)
        logits, strike = self.fine_logits(*seen, steps, x["allowed"], training)
        quarters = []
        for step in (1, 3):
            drawn = sample(logits[:, :, step - 1], x["between"][:, :, step], 1.0, 0.0)  # rare: no tail to cut
            moved = drawn[..., 1:] + drawn[..., :1] * steps[:, :, HELD_FROM[step]]
            quarters.append(given[:, :, step] + (1.0 - fixed[:, :, step]) * moved)
        voices = ops.stack([now, quarters[0], half, quarters[1]], axis=2)
        return voices, ops.cast(ops.sigmoid(strike) > x["between"][:, :, 0], "float32")

    def cross_entropy(
        self, x: dict[str, Tensor], target: Tensor, strike: Tensor, hidden: Tensor, half: Tensor
    ) -> Tensor:
        """Mean negative log-likelihood of Bach's cells, in nats: a partly hidden skeleton, and what is between.

        target: int [B, P, 4, 3]. strike: float [B, P, 3], -1 where the pitch changes and nothing is to decide.
        hidden: float [B, P, 3], 1 hidden and counted, above 1 counted more. half: float [B, 1, 3], 1 = half known.
        """
        h = self.encode(x, training=True)
        voices = one_hot(target)
        melody = one_hot(x["melody"])
        known = voices[:, :, 0] * ops.expand_dims(ops.cast(hidden == 0, "float32"), -1)
        logits = self.skeleton_logits(h, melody, known, x["allowed"], training=True)
        on_pulse = _picked(logits, target[:, :, 0])
        loss = -ops.sum(hidden * on_pulse) / (ops.sum(hidden) + 1.0)
        blank = ops.zeros_like(known)
        shown = voices[:, :, 2] * half[..., None]
        steps = ops.stack([voices[:, :, 0], blank, shown, blank], axis=2)
        logits, again = self.fine_logits(h, melody, steps, x["allowed"], training=True)
        for step, base in HELD_FROM.items():
            held = ops.equal(target[:, :, step], target[:, :, base])
            symbol = ops.where(held, 0, target[:, :, step] + 1)
            counted = 1.0 - half if step == 2 else ops.min(half, -1, keepdims=True)
            loss = loss - ops.mean(counted * _picked(logits[:, :, step - 1], symbol))
        soft = ops.softplus(again) - again * strike
        return loss + ops.mean(ops.where(strike < 0, 0.0, soft))


def _picked(logits: Tensor, index: Tensor) -> Tensor:
    """Log-probability of symbol `index` [...] under `logits` [..., S]."""
    table = ops.one_hot(index, logits.shape[-1], dtype="float32")
    return ops.sum(table * ops.log_softmax(logits, axis=-1), axis=-1)


def _unit(v: int) -> Tensor:
    return ops.convert_to_tensor(np.eye(3, dtype=np.float32)[v])


def interval_classes(a: Tensor, b: Tensor) -> Tensor:
    """Pitch-class interval from voice `b` up to `a`, both one-hot [..., N]: float [..., 12], differentiable."""
    table = np.zeros((12, 12, 12), np.float32)
    for i in range(12):
        for j in range(12):
            table[i, j, (i - j) % 12] = 1
    pa, pb = ops.matmul(a, ops.convert_to_tensor(FOLD)), ops.matmul(b, ops.convert_to_tensor(FOLD))
    pairs = ops.expand_dims(pa, -1) * ops.expand_dims(pb, -2)
    return ops.matmul(flat(pairs, 2), ops.convert_to_tensor(table.reshape(144, 12)))


class Critic(keras.Model):
    """Scores a piece by what is heard: pitches, vertical intervals and motion, locally and as a whole."""

    def __init__(self, config: ChoraleConfig, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        c = config.critic_channels
        self.pitch = layers.Dense(c)
        self.vertical = layers.Dense(c)
        self.motion = layers.Dense(c)
        self.local = [layers.Conv1D(c, 3, padding="same") for _ in range(2)]
        self.whole = [layers.Conv1D(c, 4, strides=2, padding="same") for _ in range(2)]
        self.local_score = layers.Dense(1)
        self.whole_score = layers.Dense(1)

    def call(self, x: dict[str, Tensor], voices: Tensor) -> Tensor:
        """Scores [B] of `voices` [B, P, 4, 3, N] (one-hot, or between two pieces) under the melody in `x`."""
        melody = ops.expand_dims(one_hot(x["melody"]), 3)
        score = ops.concatenate([melody, voices], axis=3)  # [B, P, 4, 4, N]
        pairs = [interval_classes(score[..., i, :], score[..., j, :]) for i in range(4) for j in range(i)]
        vertical = ops.concatenate([flat(p, 2) for p in pairs], axis=-1)
        steps = ops.reshape(score, (ops.shape(score)[0], -1, 4, PITCHES))
        h = self.pitch(ops.concatenate([flat(score, 3), x["attack"], x["place"]], axis=-1))
        h = ops.leaky_relu(h + self.vertical(vertical) + self.motion(self._motion(steps)), 0.2)
        for conv in self.local:
            h = h + ops.leaky_relu(conv(h), 0.2)
        local = ops.mean(self.local_score(h), axis=(1, 2))
        for conv in self.whole:
            h = ops.leaky_relu(conv(h), 0.2)
        return local + ops.mean(self.whole_score(h), axis=(1, 2))

    @staticmethod
    def _motion(steps: Tensor) -> Tensor:
        """How far each voice goes and whether it stays, step by step: [B, P, 4 * (2 * 4 + 6)]."""
        number = ops.cast(ops.arange(PITCHES), "float32") / 12.0
        height = ops.matmul(steps, number[:, None])[..., 0]
        move = ops.pad(height[:, 1:] - height[:, :-1], [[0, 0], [1, 0], [0, 0]])
        stay = ops.pad(ops.sum(steps[:, 1:] * steps[:, :-1], -1), [[0, 0], [1, 0], [0, 0]])
        both = [ops.tanh(3.0 * move[..., i]) * ops.tanh(3.0 * move[..., j]) for i in range(4) for j in range(i)]
        x = ops.concatenate([move, stay, ops.stack(both, axis=-1)], axis=-1)
        return ops.reshape(x, (ops.shape(x)[0], -1, 4 * 14))


class Networks:
    """Generator and critic of one config, built, and what a training step asks of them.

    batch: tensors by name as `Windows.batch` draws them. Pieces: float [B, P, 4, 3, N], one-hot.
    """

    def __init__(self, config: ChoraleConfig) -> None:
        self.generator = Generator(config, name="generator")
        self.critic = Critic(config, name="critic")
        x = {k: ops.zeros((1, *(8 if d is None else d for d in shape)), dtype) for k, (shape, dtype) in INPUTS.items()}
        voices, _ = self.generator(x)
        self.critic(x, voices)

    def generate(self, batch: dict[str, Tensor]) -> Tensor:
        """Pieces under the batch's melodies, decided hard; gradients go straight through."""
        return self.generator({k: batch[k] for k in INPUTS})[0]

    def real(self, batch: dict[str, Tensor]) -> Tensor:
        """Bach's pieces under the same melodies."""
        return one_hot(batch["target"])

    def score(self, batch: dict[str, Tensor], pieces: Tensor) -> Tensor:
        """The critic's scores [B]."""
        return self.critic(batch, pieces)

    def supervised(self, batch: dict[str, Tensor]) -> Tensor:
        """Cross-entropy of Bach's own cells, in nats."""
        x = {k: batch[k] for k in INPUTS}
        masks = (batch[k] for k in ("target", "strike", "hidden", "half"))
        return self.generator.cross_entropy(x, *masks)


def playing_model(generator: Generator) -> keras.Model:
    """What is exported: the inputs by name to int pitches [1, P, 4, 3] and float strikes [1, P, 3]."""
    x = {k: keras.Input(shape, batch_size=1, dtype=dtype, name=k) for k, (shape, dtype) in INPUTS.items()}
    voices, strike = generator(x, playing=True)
    return keras.Model(x, {"pitches": ops.argmax(voices, axis=-1), "strike": strike})
