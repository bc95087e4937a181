"""Generator and critic of family `chorale`, in Keras 3 layers and operations (any backend).

Shapes: B pieces, P pulses, 4 steps a pulse, 3 voices (bass, alto, tenor), N = PITCHES pitches, C channels. The
generator works on rows: R = B * P pulses one after another, [R, any]; so it converts to few and plain operations.
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
    "allowed": ((3, PITCHES), "float32"),
    "given": ((None, 4, 3), "int32"),
    "on_pulse": ((None, 3), "float32"),
    "between": ((None, 4, 3), "float32"),
}
FOLD = np.equal.outer(np.arange(PITCHES) % 12, np.arange(12)).astype(np.float32)  # network pitch to pitch class
PERFECT = (0, 5, 7)  # unison or octave; fifth above; fifth below, as pitch-class distances
_PAIRS = 4 * len(PERFECT)  # other voice and interval
# Pitch classes of four voices [48] to those a perfect interval up, by voice and interval [_PAIRS * 12].
_UP = np.kron(np.eye(4), np.hstack([np.roll(np.eye(12), k, axis=1) for k in PERFECT])).astype(np.float32)
_SUM = np.kron(np.eye(_PAIRS), np.ones((12, 1))).astype(np.float32)  # [_PAIRS * 12] to [_PAIRS]
_TILE = np.tile(np.eye(12, dtype=np.float32), _PAIRS)  # [12] to [_PAIRS * 12]
_EACH = np.kron(np.eye(4), np.ones((12, len(PERFECT)))).astype(np.float32)  # [4 * 12] to [_PAIRS]


def one_hot(index: Tensor) -> Tensor:
    """Network pitches int [...] to float [..., N]; PITCHES (rest, unknown) is all zeros."""
    return ops.one_hot(index, PITCHES, dtype="float32")


def rows(x: Tensor, axes: int = 2) -> Tensor:
    """[B, P, ...] to [R, ...], all after the first `axes` as one."""
    return ops.reshape(x, (-1, int(np.prod(x.shape[axes:]))))


def constant(x: Any) -> Tensor:
    """An array as a tensor."""
    return ops.convert_to_tensor(np.asarray(x, np.float32))


def join(*parts: Tensor) -> Tensor:
    """Side by side, on the last axis."""
    return ops.concatenate(parts, axis=-1)


def later(x: Tensor, by: int, pieces: int) -> Tensor:
    """Rows [R, any] of `by` pulses later in the same piece (negative: earlier), zeros past the ends."""
    ends = [[max(-by, 0), max(by, 0)], [0, 0]]
    if pieces == 1:  # plainer, and that is how it is played; padded first: a piece can be shorter than the way
        y = ops.pad(x, ends)
        return y[by:] if by > 0 else y[:by]
    y = ops.pad(ops.reshape(x, (pieces, -1, x.shape[-1])), [[0, 0], *ends])
    return ops.reshape(y[:, by:] if by > 0 else y[:, :by], (-1, x.shape[-1]))


def with_sides(x: Tensor, by: int, pieces: int) -> Tensor:
    """Rows beside those of `by` pulses before and after in the same piece: [R, F] to [R, 3 * F]."""
    if pieces > 1:
        return join(later(x, -by, pieces), x, later(x, by, pieces))
    y = ops.pad(x, [[by, by], [0, 0]])
    return join(y[: -2 * by], x, y[2 * by :])


def every(x: Tensor, stride: int, pieces: int) -> Tensor:
    """Rows of every `stride`th pulse: [R, F] to [R / stride, F]."""
    if stride == 1:
        return x
    return ops.reshape(ops.reshape(x, (pieces, -1, stride * x.shape[-1]))[:, :, : x.shape[-1]], (-1, x.shape[-1]))


def spread(x: Tensor, stride: int) -> Tensor:
    """Rows put back on every `stride`th pulse, zeros between: [R / stride, F] to [R, F]."""
    width = x.shape[-1]
    return ops.reshape(ops.pad(x, [[0, 0], [0, (stride - 1) * width]]), (-1, width)) if stride > 1 else x


class Residual(layers.Layer):
    """x + two layers that see a pulse and one on either side, the first `dilation` away; starts as the identity."""

    def __init__(self, channels: int, dilation: int, dropout: float, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.dilation = dilation
        self.first = layers.Dense(channels)
        self.second = layers.Dense(channels, kernel_initializer="zeros")
        self.drop = layers.Dropout(dropout)

    def call(self, x: Tensor, pieces: int, training: bool = False) -> Tensor:
        """Float [R, C] to the same."""
        y = ops.relu(x)
        y = ops.relu(self.first(with_sides(y, self.dilation, pieces)))
        y = self.drop(y, training=training)
        return x + self.second(with_sides(y, 1, pieces))


class Stack(layers.Layer):
    """A projection, added to what came before, and residual blocks of growing dilation (1, 2, 4, 8, 1 ...)."""

    def __init__(self, channels: int, blocks: int, dropout: float, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.project = layers.Dense(channels)
        self.drop = layers.Dropout(dropout)
        self.blocks = [Residual(channels, 2 ** (i % 4), dropout) for i in range(blocks)]

    def call(self, x: Tensor, before: Tensor | None = None, pieces: int = 1, training: bool = False) -> Tensor:
        """Float [R, any], and `before` [R, C], to [R, C]."""
        y = self.project(x)
        y = self.drop(y if before is None else y + before, training=training)
        for block in self.blocks:
            y = block(y, pieces=pieces, training=training)
        return ops.relu(y)


def relative(voices: Tensor, bases: Tensor, span: int = 12) -> Tensor:
    """How far each of n voices lies above its base, both one-hot [R, n * N]: one-hot [R, n * (2 * span + 1)], clipped.

    All zeros where one of them is unknown; no gradient.
    """
    count, size = voices.shape[-1] // PITCHES, 2 * span + 1
    number = constant(np.kron(np.eye(count), np.arange(PITCHES)[:, None]))
    sounding = constant(np.kron(np.eye(count), np.ones((PITCHES, 1))))
    known = ops.matmul(voices, sounding) * ops.matmul(bases, sounding)
    distance = ops.clip(ops.matmul(voices - bases, number), -span, span) + span
    table = ops.one_hot(ops.cast(ops.round(distance), "int32"), size, dtype="float32")
    return ops.stop_gradient(ops.reshape(table * ops.expand_dims(known, -1), (-1, count * size)))


def sample(logits: Tensor, uniform: Tensor, temperature: float = 1.0, min_p: float = 0.0, soft: bool = True) -> Tensor:
    """One-hot draws [R, S] by inverse distribution at `uniform` [R, 1].

    What is less likely than `min_p` times the likeliest is left out. soft: gradients go straight through to the
    distribution; without, the draws are plain.
    """
    p = ops.softmax(logits if temperature == 1 else logits / temperature, axis=-1)
    if min_p:
        p = p * ops.cast(p >= min_p * ops.max(p, axis=-1, keepdims=True), "float32")
    # The share up to each symbol; as a product it is the same on every backend and converts to LiteRT.
    upper = ops.matmul(p, constant(np.triu(np.ones((p.shape[-1],) * 2))))
    passed = ops.cast(upper <= uniform * upper[:, -1:], "float32")
    before = ops.pad(passed[:, :-1], [[0, 0], [1, 0]], constant_values=1.0)
    hard = before * (1.0 - passed)  # the first symbol that is not passed
    return p + ops.stop_gradient(hard - p) if soft else hard


class Parallels(layers.Layer):
    """How much each pitch of each voice is held back because it would go in parallel with another voice.

    Where voices v and u stand a perfect interval apart at one time and u has moved by another time, v is warned of the
    pitch class that makes the same interval there. How strongly is learnt, for each pair and interval.
    """

    def build(self, *_: Any) -> None:
        """One weight for each voice (3), other voice (4, soprano first) and interval."""
        self.weight = self.add_weight(shape=(3, 4, len(PERFECT)), initializer=keras.initializers.Constant(-8.0))

    def call(self, own: Tensor, there: Tensor, here: Tensor, voice: int) -> Tensor:
        """Logits by pitch class [R, 12] to add to `voice` here.

        own [R, 12] and there [R, 4 * 12] sound there, here [R, 4 * 12], as pitch classes, soprano first.
        """
        return held_back([self], [own], [there], [here], voice)


def held_back(
    learnt: list[Parallels], own: list[Tensor], there: list[Tensor], here: list[Tensor], voice: int
) -> Tensor:
    """What `voice` is warned of by several `Parallels` together, one a direction: logits by pitch class [R, 12]."""
    count, each = len(learnt), constant(_EACH)
    here_, there_, own_ = (ops.concatenate(x, axis=0) for x in (here, there, own))
    moved = ops.matmul(here_, each) * ops.matmul(there_, each) - ops.matmul(here_ * there_, each)  # [R, _PAIRS]
    apart = ops.matmul(ops.matmul(own_, constant(_TILE)) * ops.matmul(there_, constant(_UP)), constant(_SUM))
    others = constant(1.0 - np.eye(4)[voice + 1][:, None])
    weight = ops.reshape(ops.stack([p.weight[voice] * others for p in learnt]), (count, 1, _PAIRS))
    warned = ops.reshape(ops.reshape(apart * moved, (count, -1, _PAIRS)) * weight, (-1, _PAIRS))
    by_class = ops.matmul(ops.matmul(warned, constant(_SUM.T)) * ops.matmul(here_, constant(_UP)), constant(_TILE.T))
    return ops.sum(ops.reshape(by_class, (count, -1, 12)), axis=0)


def classes(*voices: Tensor) -> Tensor:
    """Pitch classes of voices [R, N], side by side: [R, 12 * voices]."""
    return ops.matmul(join(*voices), constant(np.kron(np.eye(len(voices)), FOLD)))


class Intervals(layers.Layer):
    """How well each pitch lies from pitches already known: logits by interval, learnt for each voice and neighbour."""

    def __init__(self, neighbours: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.neighbours = neighbours

    def build(self, *_: Any) -> None:
        """One logit for each voice, neighbour and interval, from 56 down to 56 up."""
        self.table = self.add_weight(shape=(3, self.neighbours, 2 * PITCHES - 1), initializer="zeros")

    def call(self, near: Tensor, voice: int) -> Tensor:
        """Logits [R, N] of `voice` given its first n neighbours [R, n * N], zeros where unknown."""
        apart = PITCHES - 1 + np.arange(PITCHES) - np.arange(PITCHES)[:, None]  # [from, to]
        count = near.shape[-1] // PITCHES
        weight = ops.take(self.table[voice, :count], apart, axis=-1)  # [n, N, N]
        return ops.matmul(near, ops.reshape(weight, (count * PITCHES, PITCHES)))


class Generator(keras.Model):
    """Decides three voices in rounds, each seeing all that was decided before it."""

    def __init__(self, config: ChoraleConfig, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        c, drop = config.channels, config.dropout
        self.config = config
        self.encoder = Stack(c, config.encoder_blocks, drop, name="encoder")
        rounds = range(len(config.strides))
        self.skeleton = [Stack(c, config.skeleton_blocks, drop, name=f"skeleton_{i}") for i in rounds]
        self.on_pulse = [[layers.Dense(PITCHES, name=f"on_pulse_{i}_{v}") for v in range(3)] for i in rounds]
        self.steps = [Intervals(5, name=f"steps_{i}") for i in rounds]  # to other voices (3), to pulses beside (2)
        self.fine = Stack(c, config.fine_blocks, drop, name="fine")
        self.half = [layers.Dense(SYMBOLS, name=f"half_{v}") for v in range(3)]
        self.quarters = layers.Dense(6 * SYMBOLS + 3, name="quarters")
        self.from_before = Parallels(name="from_before")
        self.to_after = Parallels(name="to_after")
        self.within = Parallels(name="within")
        self.to_next = Parallels(name="to_next")
        for parallels in (self.from_before, self.to_after, self.within, self.to_next):
            parallels.build()

    def encode(self, x: dict[str, Tensor], melody: Tensor, training: bool = False) -> Tensor:
        """What the melody [R, 4 * N] says, once for all rounds: [R, C]."""
        seen = join(melody, rows(x["attack"]), rows(x["place"]))
        return self.encoder(seen, pieces=x["melody"].shape[0], training=training)

    def skeleton_logits(
        self, seen: Seen, known: list[Tensor], turn: int, voices: tuple[int, ...] = (0, 1, 2)
    ) -> list[Tensor]:
        """Logits of `voices` on the pulses of round `turn` [R / stride, N], given `known` [R, N] (zeros: not yet)."""
        stride = self.config.strides[turn]
        here = [every(k, stride, seen.pieces) for k in known]
        melody = every(seen.melody[0], stride, seen.pieces)
        state = every(seen.h, stride, seen.pieces)
        y = self.skeleton[turn](join(*here), state, pieces=seen.pieces, training=seen.training)
        logits = []
        for v in voices:
            near = [melody, *here]
            del near[v + 1]
            if turn:
                near += [later(here[v], by, seen.pieces) for by in (-1, 1)]
            forbidden = seen.forbidden[v] if seen.pieces == 1 else every(seen.forbidden[v], stride, seen.pieces)
            logits.append(self.on_pulse[turn][v](y) + self.steps[turn](join(*near), voice=v) - forbidden)
        if stride == 1:
            logits = [x + w for x, w in zip(logits, self._warnings(seen, known, voices), strict=True)]
        return logits

    def _warnings(self, seen: Seen, known: list[Tensor], voices: tuple[int, ...]) -> list[Tensor]:
        """What parallels with the pulses beside each voice is warned of: [R, N] each."""
        others = classes(*known)
        begin, end = join(classes(seen.melody[0]), others), join(classes(seen.melody[3]), others)
        before, after = later(end, -1, seen.pieces), later(begin, 1, seen.pieces)
        warned = []
        for v in voices:
            mine = slice(12 * (v + 1), 12 * (v + 2))
            own, there = [before[:, mine], after[:, mine]], [before, after]
            total = held_back([self.from_before, self.to_after], own, there, [begin, end], v)
            warned.append(ops.matmul(total, constant(FOLD.T)))
        return warned

    def fine_state(self, seen: Seen, now: list[Tensor], moves: Tensor, half: list[Tensor]) -> Tensor:
        """What is known between pulses [R, C]; now (step 0) and half (step 2) are [R, N] a voice, 0: not yet."""
        turns = relative(join(*half), join(*now))
        return self.fine(join(*now, *half, moves, turns), seen.h, pieces=seen.pieces, training=seen.training)

    @staticmethod
    def moves(seen: Seen, now: list[Tensor]) -> Tensor:
        """Where each voice goes on the next pulse and came from on the last: one-hot intervals [R, 6 * 25]."""
        here = join(*now)
        return relative(join(later(here, 1, seen.pieces), later(here, -1, seen.pieces)), join(here, here))

    def half_logits(self, state: Tensor, seen: Seen, now: list[Tensor], half: list[Tensor], voice: int) -> Tensor:
        """Logits of step 2 of `voice` [R, SYMBOLS]."""
        begin = classes(seen.melody[0], *now)
        after, others = later(begin, 1, seen.pieces), classes(*half)
        middle, end = join(classes(seen.melody[2]), others), join(classes(seen.melody[3]), others)
        mine = slice(12 * (voice + 1), 12 * (voice + 2))
        own, there = [begin[:, mine], after[:, mine]], [begin, after]
        warned = held_back([self.within, self.to_next], own, there, [middle, end], voice)
        moving = ops.matmul(warned, constant(FOLD.T)) - seen.forbidden[voice]
        return self.half[voice](state) + ops.pad(moving, [[0, 0], [1, 0]])

    def quarter_logits(self, state: Tensor, seen: Seen) -> tuple[Tensor, Tensor]:
        """Logits of steps 1 and 3 [R * 6, SYMBOLS], each of three voices, and of striking again [R, 3]."""
        y = self.quarters(state)
        masks = [ops.pad(f, [[0, 0], [1, 0]]) for f in seen.forbidden]
        return ops.reshape(y[:, :-3] - join(*masks, *masks), (-1, SYMBOLS)), y[:, -3:]

    def call(self, x: dict[str, Tensor], training: bool = False, playing: bool = False) -> tuple[Tensor, Tensor]:
        """(voices one-hot [B, P, 4, 3, N], struck again [B, P, 3]); `given` cells come back as they were.

        playing: the config's temperature and min_p; else the bare distribution.
        """
        knobs = (self.config.temperature, self.config.min_p, False) if playing else (1.0, 0.0, True)
        seen = Seen(self, x, training)
        given = ops.reshape(one_hot(ops.reshape(x["given"], (-1, 12))), (-1, 12 * PITCHES))
        cells = [given[:, i * PITCHES : (i + 1) * PITCHES] for i in range(12)]
        fixed = [cells[3 * i : 3 * i + 3] for i in range(4)]
        now = self._on_pulses(x, seen, list(fixed[0]), knobs)
        voices, strike = self._between(x, seen, now, fixed, soft=not playing)
        again = ops.cast(ops.sigmoid(strike) > rows(x["between"][:, :, 0]), "float32")
        shape = (seen.pieces, -1, 4, 3, PITCHES)
        return ops.reshape(voices, shape), ops.reshape(again, (seen.pieces, -1, 3))

    def _on_pulses(
        self, x: dict[str, Tensor], seen: Seen, known: list[Tensor], knobs: tuple[float, float, bool]
    ) -> list[Tensor]:
        uniform = rows(x["on_pulse"])
        for turn, stride in enumerate(self.config.strides):
            numbers = every(uniform, stride, seen.pieces)
            for v in range(3):
                (logits,) = self.skeleton_logits(seen, known, turn, (v,))
                drawn = spread(sample(logits, numbers[:, v : v + 1], *knobs), stride)
                known[v] = known[v] + (1.0 - ops.sum(known[v], -1, keepdims=True)) * drawn
        return known

    def _between(
        self, x: dict[str, Tensor], seen: Seen, now: list[Tensor], fixed: list[list[Tensor]], soft: bool
    ) -> tuple[Tensor, Tensor]:
        """(The four steps of each voice [R, 12 * N], logits of striking again [R, 3]).

        No tail is cut here: each of many moves is unlikely beside holding on, and together they are the rhythm.
        """
        uniform = rows(x["between"])  # [R, 4 * 3]
        half, moves = list(fixed[2]), self.moves(seen, now)
        for v in range(3):
            logits = self.half_logits(self.fine_state(seen, now, moves, half), seen, now, half, v)
            half[v] = _moved(sample(logits, uniform[:, 6 + v : 7 + v], soft=soft), now[v], fixed[2][v])
        logits, strike = self.quarter_logits(self.fine_state(seen, now, moves, half), seen)
        drawn = sample(logits, ops.reshape(join(uniform[:, 3:6], uniform[:, 9:]), (-1, 1)), soft=soft)
        held, stay = (ops.reshape(join(*six), (-1, PITCHES)) for six in ((*now, *half), (*fixed[1], *fixed[3])))
        quarters = ops.reshape(_moved(drawn, held, stay), (-1, 6 * PITCHES))
        return join(*now, quarters[:, : 3 * PITCHES], *half, quarters[:, 3 * PITCHES :]), strike

    def cross_entropy(
        self, x: dict[str, Tensor], target: Tensor, strike: Tensor, shown: Tensor, half: Tensor
    ) -> Tensor:
        """Mean negative log-likelihood of Bach's cells, in nats a cell: of every round, and of what is between.

        target: int [B, P, 4, 3]. strike: float [B, P, 3], -1 where the pitch changes and nothing is to decide.
        shown: float [B, rounds, 3], 1 where a voice of that round is known. half: float [B, 1, 3], the same for step 2.
        Cells in `given` are known in every round.
        """
        seen = Seen(self, x, True)
        index = [[ops.reshape(target[:, :, i, v], (-1,)) for v in range(3)] for i in range(4)]
        now, middle = [one_hot(i) for i in index[0]], [one_hot(i) for i in index[2]]
        given = [ops.cast(rows(x["given"][:, :, 0, v : v + 1]) < PITCHES, "float32") for v in range(3)]
        loss = 0.0
        for turn in range(len(self.config.strides)):
            loss = loss + self._round_entropy(seen, turn, now, given, shown[:, turn])
        half = rows(half + 0.0 * strike)
        between, again = self._between_entropy(seen, index, now, middle, half)
        soft = ops.softplus(again) - again * rows(strike)
        return loss + between + ops.mean(ops.where(rows(strike) < 0, 0.0, soft))

    def _round_entropy(self, seen: Seen, turn: int, now: list[Tensor], given: list[Tensor], shown: Tensor) -> Tensor:
        """Loss of one round; shown: [B, 3]. The voice to be decided next counts whole, those after it a fifth."""
        stride, pulses = self.config.strides[turn], now[0].shape[0] // seen.pieces
        here = np.arange(pulses) % stride == 0
        coarser = constant((np.arange(pulses) % (2 * stride) == 0) & (turn > 0))
        shown_here = ops.reshape(shown[:, None] * constant(here)[:, None], (-1, 3))
        coarser = ops.reshape(ops.tile(coarser, (seen.pieces,)), (-1, 1))
        known = [ops.maximum(ops.maximum(coarser, given[v]), shown_here[:, v : v + 1]) for v in range(3)]
        logits = self.skeleton_logits(seen, [k * n for k, n in zip(known, now, strict=True)], turn)
        loss = total = 0.0
        for v in range(3):
            following = ops.prod(shown[:, :v], axis=1) * (1.0 - shown[:, v])
            counts = ops.repeat(0.2 + 0.8 * following, pulses)[:, None] * (1.0 - known[v])
            counts = every(counts, stride, seen.pieces)[:, 0]
            answer = every(now[v], stride, seen.pieces)
            loss = loss - ops.sum(counts * ops.sum(answer * ops.log_softmax(logits[v], axis=-1), axis=-1))
            total = total + ops.sum(counts)
        return loss / (total + 1.0)

    def _between_entropy(
        self, seen: Seen, index: list[list[Tensor]], now: list[Tensor], middle: list[Tensor], known: Tensor
    ) -> tuple[Tensor, Tensor]:
        """(Loss of the steps between pulses, logits of striking again); known: [R, 3], 1 where step 2 is shown."""
        shown = [m * known[:, v : v + 1] for v, m in enumerate(middle)]
        moves = self.moves(seen, now)
        state = self.fine_state(seen, now, moves, shown)
        quarters, again = self.quarter_logits(self.fine_state(seen, now, moves, middle), seen)
        symbols = ops.stack([_symbol(index, step, v) for step in (1, 3) for v in range(3)], axis=1)
        loss = -6.0 * ops.mean(_picked(quarters, ops.reshape(symbols, (-1,))))
        for v in range(3):
            logits = self.half_logits(state, seen, now, shown, v)
            loss = loss - ops.mean((1.0 - known[:, v]) * _picked(logits, _symbol(index, 2, v)))
        return loss / 3, again


class Seen:
    """What every round sees of the piece: the encoded melody, its four steps [R, N], and pitches out of range."""

    def __init__(self, generator: Generator, x: dict[str, Tensor], training: bool) -> None:
        self.training = training
        self.pieces = x["melody"].shape[0]
        melody = rows(one_hot(x["melody"]))
        self.h = generator.encode(x, melody, training)
        self.melody = [melody[:, i * PITCHES : (i + 1) * PITCHES] for i in range(4)]
        out = [ops.expand_dims(1e4 * (1.0 - x["allowed"][:, v]), 1) for v in range(3)]
        ones = 0.0 * x["attack"][:, :, :1] + 1.0
        self.forbidden = [rows(ones * o) if self.pieces > 1 else o[0] for o in out]  # one row serves one piece


def _moved(drawn: Tensor, held: Tensor, fixed: Tensor) -> Tensor:
    """Symbols [R, SYMBOLS] as pitches [R, N], a hold going on with `held`; `fixed` pitches stay."""
    pitch = drawn[:, 1:] + drawn[:, :1] * held
    return fixed + (1.0 - ops.sum(fixed, -1, keepdims=True)) * pitch


def _symbol(index: list[list[Tensor]], step: int, voice: int) -> Tensor:
    """Symbols of a step between pulses [R]: 0 where it holds on, else 1 + its pitch."""
    held = ops.equal(index[step][voice], index[HELD_FROM[step]][voice])
    return ops.where(held, 0, index[step][voice] + 1)


def _picked(logits: Tensor, index: Tensor) -> Tensor:
    """Log-probability of symbol `index` [...] under `logits` [..., S]."""
    table = ops.one_hot(index, logits.shape[-1], dtype="float32")
    return ops.sum(table * ops.log_softmax(logits, axis=-1), axis=-1)


def interval_classes(a: Tensor, b: Tensor) -> Tensor:
    """Pitch-class interval from `b` up to `a`, both pitch classes [R, 12]: float [R, 12], differentiable."""
    table = np.equal.outer(np.subtract.outer(np.arange(12), np.arange(12)) % 12, np.arange(12))
    pairs = ops.expand_dims(a, -1) * ops.expand_dims(b, -2)
    return ops.matmul(ops.reshape(pairs, (-1, 144)), constant(table.reshape(144, 12)))


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
        pieces, four = x["melody"].shape[0], 4 * PITCHES
        score = ops.reshape(ops.concatenate([melody, voices], axis=3), (pieces, -1, four))  # [B, 4 * P, 4 * N]
        # Classes first: slices of them are a fifth as wide, and the gradients of slices are most of the work.
        heard = ops.matmul(ops.reshape(score, (-1, four)), constant(np.kron(np.eye(4), FOLD)))
        voice = [heard[:, 12 * i : 12 * (i + 1)] for i in range(4)]
        pairs = join(*(interval_classes(voice[i], voice[j]) for i in range(4) for j in range(i)))
        vertical = ops.reshape(pairs, (pieces, -1, 4 * 72))
        h = self.pitch(join(ops.reshape(score, (pieces, -1, 4 * four)), x["attack"], x["place"]))
        motion = ops.reshape(self._motion(score), (pieces, -1, 4 * 14))
        h = ops.leaky_relu(h + self.vertical(vertical) + self.motion(motion), 0.2)
        for conv in self.local:
            h = h + ops.leaky_relu(conv(h), 0.2)
        local = ops.mean(self.local_score(h), axis=(1, 2))
        for conv in self.whole:
            h = ops.leaky_relu(conv(h), 0.2)
        return local + ops.mean(self.whole_score(h), axis=(1, 2))

    @staticmethod
    def _motion(score: Tensor) -> Tensor:
        """How far each voice goes and whether it stays, step by step: [B, 4 * P, 2 * 4 + 6]."""
        height = ops.matmul(score, constant(np.kron(np.eye(4), np.arange(PITCHES)[:, None] / 12.0)))
        stay = ops.matmul(score[:, 1:] * score[:, :-1], constant(np.kron(np.eye(4), np.ones((PITCHES, 1)))))
        first = [[0, 0], [1, 0], [0, 0]]
        move = ops.pad(height[:, 1:] - height[:, :-1], first)
        turn = ops.tanh(3.0 * move)
        both = [turn[..., i : i + 1] * turn[..., j : j + 1] for i in range(4) for j in range(i)]
        return join(move, ops.pad(stay, first), *both)


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
        masks = (batch[k] for k in ("target", "strike", "shown", "half"))
        return self.generator.cross_entropy(x, *masks)


def playing_model(generator: Generator) -> tuple[Any, dict[str, tuple[tuple[int | None, ...], str]]]:
    """What is exported: (a function of the inputs by name, their shapes and types).

    It gives int pitches [1, P, 4, 3] and float strikes [1, P, 3]. P is a multiple of the first of `strides`.
    """

    def play(x: dict[str, Tensor]) -> dict[str, Tensor]:
        voices, strike = generator(x, playing=True)
        # Not argmax: Keras writes it with an operation that LiteRT lacks.
        index = ops.matmul(ops.reshape(voices, (-1, PITCHES)), constant(np.arange(PITCHES)[:, None]))
        pitches = ops.reshape(ops.cast(ops.round(index), "int32"), (1, -1, 4, 3))
        return {"pitches": pitches, "strike": strike}

    return play, {name: ((1, *shape), dtype) for name, (shape, dtype) in INPUTS.items()}
