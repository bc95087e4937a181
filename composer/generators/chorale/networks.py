"""Generator and critic of family `chorale`, in Keras 3 layers and operations (any backend).

Shapes: B pieces, P pulses, 4 steps a pulse, 3 voices (bass, alto, tenor), N = PITCHES pitches, C channels. The
generator works on rows: R = B * P pulses one after another, [R, any]; so it converts to few and plain operations.
"""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import layers, ops

from composer.generators.chorale.config import PLACE, ChoraleConfig
from composer.generators.layers.melody import PITCHES
from composer.generators.layers.pulses import (
    FOLD,
    Cut,
    Intervals,
    Judge,
    Lines,
    Parallels,
    Stack,
    classes,
    constant,
    every,
    held_back,
    interval_classes,
    join,
    later,
    one_hot,
    relative,
    rows,
    sample,
)

Tensor = Any
SYMBOLS = PITCHES + 1  # between pulses: 0 holds, 1 + n moves to pitch n
HELD_FROM = {2: 0, 1: 0, 3: 2}  # the step whose pitch a hold goes on with
INPUTS = {
    "melody": ((None, 4), "int32"),
    "attack": ((None, 4), "float32"),
    "place": ((None, PLACE), "float32"),
    "allowed": ((3, PITCHES), "float32"),
    "given": ((None, 4, 3), "int32"),
    "on_pulse": ((None, 3), "float32"),
    "between": ((None, 4, 3), "float32"),
}
RETHINK, PHASES = 4, (2, 0, 3, 1)  # every fourth pulse is thought over at once, in this order


class Generator(keras.Model):
    """Decides three voices in rounds, each seeing all that was decided before it, then thinks some pulses over."""

    def __init__(self, config: ChoraleConfig, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        c, drop = config.channels, config.dropout
        self.config = config
        self.encoder = Stack(c, config.encoder_blocks, drop, name="encoder")
        rounds = range(len(config.strides))
        self.skeleton = [
            Stack(c, config.skeleton_blocks, drop, name=f"skeleton_{i}") for i in rounds
        ]
        self.mix = [
            [layers.Dense(config.mix, name=f"mix_{i}_{v}") for v in range(3)] for i in rounds
        ]
        self.on_pulse = [
            [layers.Dense(PITCHES, name=f"on_pulse_{i}_{v}") for v in range(3)] for i in rounds
        ]
        self.steps = [
            Intervals(5, name=f"steps_{i}") for i in rounds
        ]  # to other voices (3), to pulses beside (2)
        self.lines = Lines(name="lines")
        self.fine = Stack(c, config.fine_blocks, drop, name="fine")
        self.half_mix = [layers.Dense(config.mix, name=f"half_mix_{v}") for v in range(3)]
        self.half = [layers.Dense(SYMBOLS, name=f"half_{v}") for v in range(3)]
        self.quarters = layers.Dense(6 * SYMBOLS + 3, name="quarters")
        self.from_before = Parallels(name="from_before")
        self.to_after = Parallels(name="to_after")
        self.within = Parallels(name="within")
        self.to_next = Parallels(name="to_next")
        for part in (self.lines, self.from_before, self.to_after, self.within, self.to_next):
            part.build()

    def encode(self, x: dict[str, Tensor], melody: Tensor, training: bool = False) -> Tensor:
        """What the melody [R, 4 * N] says, once for all rounds: [R, C]."""
        pieces, first = x["melody"].shape[0], melody[:, :PITCHES]
        motion = relative(
            join(*(later(first, by, pieces) for by in (-2, -1, 1, 2))), join(*[first] * 4)
        )
        seen = join(melody, motion, rows(x["attack"]), rows(x["place"]))
        return self.encoder(seen, pieces=pieces, training=training)

    def skeleton_state(self, seen: Seen, known: list[Tensor], turn: int) -> Tensor:
        """What is known before round `turn` decides [R / stride, C]; known: [R, N] a voice (zeros: not yet)."""
        stride = self.config.strides[turn]
        here = [every(k, stride, seen.pieces) for k in known]
        state = every(seen.h, stride, seen.pieces)
        return self.skeleton[turn](join(*here), state, pieces=seen.pieces, training=seen.training)

    def voice_logits(
        self, seen: Seen, y: Tensor, known: list[Tensor], turn: int, cut: Cut, v: int
    ) -> Tensor:
        """Logits of voice v on the pulses of a cut [R / stride, N]; y, known: all that is known there by now."""
        others = [cut(k) for w, k in enumerate(known) if w != v]
        apart = self.config.strides[turn]
        two_before, before, after, two_after = (
            later(known[v], by * apart, seen.pieces) for by in (-2, -1, 1, 2)
        )
        beside = [cut(k) for k in (two_before, before, after, two_after)]
        mixed = ops.relu(self.mix[turn][v](join(y, *others)))
        near = join(cut(seen.melody[0]), *others, beside[1], beside[2])
        forbidden = seen.forbidden[v] if seen.pieces == 1 else cut(seen.forbidden[v])
        logits = self.on_pulse[turn][v](mixed) + self.steps[turn](near, voice=v) - forbidden
        if apart > 1:
            return logits
        return logits + self.lines(beside, voice=v) + self._warning(seen, known, cut, v)

    def _warning(self, seen: Seen, known: list[Tensor], cut: Cut, v: int) -> Tensor:
        """What parallels with the pulses beside voice v is warned of: [R / stride, N]."""
        others = classes(*known)
        begin, end = join(classes(seen.melody[0]), others), join(classes(seen.melody[3]), others)
        there = [cut(later(end, -1, seen.pieces)), cut(later(begin, 1, seen.pieces))]
        mine = slice(12 * (v + 1), 12 * (v + 2))
        own = [x[:, mine] for x in there]
        total = seen.strict * held_back(
            [self.from_before, self.to_after], own, there, [cut(begin), cut(end)], v
        )
        return ops.matmul(total, constant(FOLD.T))

    def fine_state(
        self, seen: Seen, now: list[Tensor], moves: Tensor, half: list[Tensor]
    ) -> Tensor:
        """What is known between pulses [R, C]; now (step 0) and half (step 2) are [R, N] a voice, 0: not yet."""
        turns = relative(join(*half), join(*now))
        return self.fine(
            join(*now, *half, moves, turns), seen.h, pieces=seen.pieces, training=seen.training
        )

    @staticmethod
    def moves(seen: Seen, now: list[Tensor]) -> Tensor:
        """Where each voice goes on the next pulse and came from on the last: one-hot intervals [R, 6 * 25]."""
        here = join(*now)
        return relative(
            join(later(here, 1, seen.pieces), later(here, -1, seen.pieces)), join(here, here)
        )

    def half_logits(
        self, state: Tensor, seen: Seen, now: list[Tensor], half: list[Tensor], voice: int
    ) -> Tensor:
        """Logits of step 2 of `voice` [R, SYMBOLS]; half: [R, N] of the voices decided so far, zeros: not yet."""
        waiting = [
            h + (1.0 - ops.sum(h, -1, keepdims=True)) * n for h, n in zip(half, now, strict=True)
        ]
        others = [x for w in range(3) if w != voice for x in (half[w], classes(waiting[w]))]
        mixed = ops.relu(self.half_mix[voice](join(state, *others)))
        # Who has not decided is taken to hold on: most do.
        begin, along = classes(seen.melody[0], *now), classes(*waiting)
        after = later(begin, 1, seen.pieces)
        middle, end = join(classes(seen.melody[2]), along), join(classes(seen.melody[3]), along)
        mine = slice(12 * (voice + 1), 12 * (voice + 2))
        own, there = [begin[:, mine], after[:, mine]], [begin, after]
        warned = seen.strict * held_back(
            [self.within, self.to_next], own, there, [middle, end], voice
        )
        held = ops.sum(warned * begin[:, mine], -1, keepdims=True)
        moving = ops.matmul(warned, constant(FOLD.T)) - seen.forbidden[voice]
        return self.half[voice](mixed) + join(held, moving)

    def quarter_logits(self, state: Tensor, seen: Seen) -> tuple[Tensor, Tensor]:
        """Logits of steps 1 and 3 [R * 6, SYMBOLS], each of three voices, and of striking again [R, 3]."""
        y = self.quarters(state)
        masks = [ops.pad(f, [[0, 0], [1, 0]]) for f in seen.forbidden]
        return ops.reshape(y[:, :-3] - join(*masks, *masks), (-1, SYMBOLS)), y[:, -3:]

    def call(
        self, x: dict[str, Tensor], training: bool = False, playing: bool = False
    ) -> tuple[Tensor, Tensor]:
        """(voices one-hot [B, P, 4, 3, N], struck again [B, P, 3]); `given` cells come back as they were.

        playing: the config's temperatures and min_p, and pulses thought over; else the bare distributions.
        """
        seen = Seen(self, x, training, self.config.strictness if playing else 1.0)
        given = ops.reshape(one_hot(ops.reshape(x["given"], (-1, 12))), (-1, 12 * PITCHES))
        cells = [given[:, i * PITCHES : (i + 1) * PITCHES] for i in range(12)]
        fixed = [cells[3 * i : 3 * i + 3] for i in range(4)]
        now = self._on_pulses(x, seen, fixed[0], playing)
        voices, strike = self._between(x, seen, now, fixed, soft=not playing)
        again = ops.cast(ops.sigmoid(strike) > rows(x["between"][:, :, 0]), "float32")
        shape = (seen.pieces, -1, 4, 3, PITCHES)
        return ops.reshape(voices, shape), ops.reshape(again, (seen.pieces, -1, 3))

    def _on_pulses(
        self, x: dict[str, Tensor], seen: Seen, given: list[Tensor], playing: bool
    ) -> list[Tensor]:
        """What sounds on the pulses [R, N] a voice: in rounds, coarse to fine; when playing, thought over then."""
        config, uniform, known = self.config, rows(x["on_pulse"]), list(given)
        for turn, stride in enumerate(config.strides):
            temperature = config.temperatures[turn] if playing else 1.0
            known = self._decide(
                seen, known, uniform, turn, Cut(stride, 0, seen.pieces), playing, temperature
            )
        for again in range(config.rethinks if playing else 0):
            cut = Cut(RETHINK, PHASES[again % RETHINK], seen.pieces)
            opened = [g + cut.out(k - g) for g, k in zip(given, known, strict=True)]
            known = self._decide(
                seen, opened, uniform, len(config.strides) - 1, cut, True, config.temperatures[-1]
            )
        return known

    def _decide(
        self,
        seen: Seen,
        known: list[Tensor],
        uniform: Tensor,
        turn: int,
        cut: Cut,
        playing: bool,
        temperature: float,
    ) -> list[Tensor]:
        """Bass, alto and tenor on the pulses of a cut, where they are not known."""
        y, numbers, known = self.skeleton_state(seen, known, turn), cut(uniform), list(known)
        sharp = 1.0
        if self.config.strides[turn] == 1:
            y = cut(y)
            if playing:
                after = cut(ops.sum(later(known[0], 1, seen.pieces), -1, keepdims=True))
                sharp = after + (1.0 - after) * temperature / self.config.ahead_temperature
        for v in range(3):
            logits = sharp * self.voice_logits(seen, y, known, turn, cut, v)
            drawn = sample(
                logits, numbers[:, v : v + 1], temperature, self.config.min_p * playing, not playing
            )
            known[v] = known[v] + (1.0 - ops.sum(known[v], -1, keepdims=True)) * cut.back(drawn)
        return known

    def _between(
        self,
        x: dict[str, Tensor],
        seen: Seen,
        now: list[Tensor],
        fixed: list[list[Tensor]],
        soft: bool,
    ) -> tuple[Tensor, Tensor]:
        """(The four steps of each voice [R, 12 * N], logits of striking again [R, 3]).

        No tail is cut here: each of many moves is unlikely beside holding on, and together they are the rhythm.
        """
        uniform = rows(x["between"])  # [R, 4 * 3]
        half, moves = list(fixed[2]), self.moves(seen, now)
        state = self.fine_state(seen, now, moves, half)
        for v in range(3):
            logits = self.half_logits(state, seen, now, half, v)
            half[v] = _moved(
                sample(logits, uniform[:, 6 + v : 7 + v], soft=soft), now[v], fixed[2][v]
            )
        logits, strike = self.quarter_logits(self.fine_state(seen, now, moves, half), seen)
        drawn = sample(
            logits, ops.reshape(join(uniform[:, 3:6], uniform[:, 9:]), (-1, 1)), soft=soft
        )
        held, stay = (
            ops.reshape(join(*six), (-1, PITCHES))
            for six in ((*now, *half), (*fixed[1], *fixed[3]))
        )
        quarters = ops.reshape(_moved(drawn, held, stay), (-1, 6 * PITCHES))
        return join(*now, quarters[:, : 3 * PITCHES], *half, quarters[:, 3 * PITCHES :]), strike

    def cross_entropy(
        self,
        x: dict[str, Tensor],
        target: Tensor,
        strike: Tensor,
        shown: Tensor,
        counts: Tensor,
        half: Tensor,
    ) -> Tensor:
        """Mean negative log-likelihood of Bach's cells, in nats a cell: of every round, and of what is between.

        target: int [B, P, 4, 3]. strike: float [B, P, 3], -1 where the pitch changes and nothing is to decide.
        shown: float [B, P], 1 where a pulse is known in the last round; counts: alike, how much it counts there.
        half: float [B, 1, 3], 1 where a voice's step 2 is known before the others'. Cells in `given` are known in every
        round, as they are there.
        """
        seen = Seen(self, x, True)
        index = [[ops.reshape(target[:, :, i, v], (-1,)) for v in range(3)] for i in range(4)]
        now, middle = [one_hot(i) for i in index[0]], [one_hot(i) for i in index[2]]
        given = [one_hot(ops.reshape(x["given"][:, :, 0, v], (-1,))) for v in range(3)]
        loss = 0.0
        for turn in range(len(self.config.strides)):
            loss = loss + self._round_entropy(seen, turn, now, given, (shown, counts))
        half = rows(half + 0.0 * strike)
        between, again = self._between_entropy(seen, index, now, middle, half)
        soft = ops.softplus(again) - again * rows(strike)
        return loss + between + ops.mean(ops.where(rows(strike) < 0, 0.0, soft))

    def _round_entropy(
        self,
        seen: Seen,
        turn: int,
        now: list[Tensor],
        given: list[Tensor],
        last: tuple[Tensor, Tensor],
    ) -> Tensor:
        """Loss of one round; last: float [B, P] each, 1 where the last round knows a pulse, and how much it counts."""
        stride, pulses = self.config.strides[turn], now[0].shape[0] // seen.pieces
        cut = Cut(stride, 0, seen.pieces)
        coarser = constant((np.arange(pulses) % (2 * stride) == 0) & (turn > 0))
        coarser, weight = ops.tile(coarser, (seen.pieces,)), 1.0
        if stride == 1:
            coarser, weight = (ops.reshape(x, (-1, 1)) for x in last)
        coarser = ops.reshape(coarser, (-1, 1))
        told = [ops.sum(g, -1, keepdims=True) for g in given]
        before = [g + (1.0 - t) * coarser * n for g, t, n in zip(given, told, now, strict=True)]
        y = self.skeleton_state(seen, before, turn)
        loss = total = 0.0
        for v in range(3):
            decided = [n if w < v else b for w, (n, b) in enumerate(zip(now, before, strict=True))]
            logits = self.voice_logits(seen, y, decided, turn, cut, v)
            counts = cut(weight * (1.0 - told[v]) * (1.0 - coarser))[:, 0]
            loss = loss - ops.sum(
                counts * ops.sum(cut(now[v]) * ops.log_softmax(logits, axis=-1), axis=-1)
            )
            total = total + ops.sum(counts)
        return loss / (total + 1.0)

    def _between_entropy(
        self,
        seen: Seen,
        index: list[list[Tensor]],
        now: list[Tensor],
        middle: list[Tensor],
        known: Tensor,
    ) -> tuple[Tensor, Tensor]:
        """(Loss of the steps between pulses, logits of striking again); known: [R, 3], 1 where step 2 is shown."""
        shown = [m * known[:, v : v + 1] for v, m in enumerate(middle)]
        moves = self.moves(seen, now)
        state = self.fine_state(seen, now, moves, shown)
        quarters, again = self.quarter_logits(self.fine_state(seen, now, moves, middle), seen)
        symbols = ops.stack([_symbol(index, step, v) for step in (1, 3) for v in range(3)], axis=1)
        loss = -6.0 * ops.mean(_picked(quarters, ops.reshape(symbols, (-1,))))
        for v in range(3):
            logits = self.half_logits(state, seen, now, [*middle[:v], *shown[v:]], v)
            loss = loss - ops.mean((1.0 - known[:, v]) * _picked(logits, _symbol(index, 2, v)))
        return loss / 3, again


class Seen:
    """What every round sees of the piece: the encoded melody, its four steps [R, N], and pitches out of range.

    strict: how much a warning of parallels counts.
    """

    def __init__(
        self, generator: Generator, x: dict[str, Tensor], training: bool, strict: float = 1.0
    ) -> None:
        self.training, self.strict = training, strict
        self.pieces = x["melody"].shape[0]
        melody = rows(one_hot(x["melody"]))
        self.h = generator.encode(x, melody, training)
        self.melody = [melody[:, i * PITCHES : (i + 1) * PITCHES] for i in range(4)]
        out = [ops.expand_dims(1e4 * (1.0 - x["allowed"][:, v]), 1) for v in range(3)]
        ones = 0.0 * x["attack"][:, :, :1] + 1.0
        self.forbidden = [
            rows(ones * o) if self.pieces > 1 else o[0] for o in out
        ]  # one row serves one piece


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


class Critic(keras.Model):
    """Scores a piece by what is heard: pitches, vertical intervals and motion, locally and as a whole."""

    def __init__(self, config: ChoraleConfig, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        c = config.critic_channels
        self.pitch = layers.Dense(c)
        self.vertical = layers.Dense(c)
        self.motion = layers.Dense(c)
        self.judge = Judge(c)

    def call(self, x: dict[str, Tensor], voices: Tensor) -> Tensor:
        """Scores [B] of `voices` [B, P, 4, 3, N] (one-hot, or between two pieces) under the melody in `x`."""
        melody = ops.expand_dims(one_hot(x["melody"]), 3)
        pieces, four = x["melody"].shape[0], 4 * PITCHES
        score = ops.reshape(
            ops.concatenate([melody, voices], axis=3), (pieces, -1, four)
        )  # [B, 4 * P, 4 * N]
        # Classes first: slices of them are a fifth as wide, and the gradients of slices are most of the work.
        heard = ops.matmul(ops.reshape(score, (-1, four)), constant(np.kron(np.eye(4), FOLD)))
        voice = [heard[:, 12 * i : 12 * (i + 1)] for i in range(4)]
        pairs = join(*(interval_classes(voice[i], voice[j]) for i in range(4) for j in range(i)))
        vertical = ops.reshape(pairs, (pieces, -1, 4 * 72))
        h = self.pitch(join(ops.reshape(score, (pieces, -1, 4 * four)), x["attack"], x["place"]))
        motion = ops.reshape(self._motion(score), (pieces, -1, 4 * 14))
        return self.judge(h + self.vertical(vertical) + self.motion(motion))

    @staticmethod
    def _motion(score: Tensor) -> Tensor:
        """How far each voice goes and whether it stays, step by step: [B, 4 * P, 2 * 4 + 6]."""
        height = ops.matmul(score, constant(np.kron(np.eye(4), np.arange(PITCHES)[:, None] / 12.0)))
        stay = ops.matmul(
            score[:, 1:] * score[:, :-1], constant(np.kron(np.eye(4), np.ones((PITCHES, 1))))
        )
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
        x = {
            k: ops.zeros((1, *(8 if d is None else d for d in shape)), dtype)
            for k, (shape, dtype) in INPUTS.items()
        }
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
        masks = (batch[k] for k in ("target", "strike", "shown", "counts", "half"))
        return self.generator.cross_entropy(x, *masks)


def playing_model(
    generator: Generator,
) -> tuple[Any, dict[str, tuple[tuple[int | None, ...], str]]]:
    """What is exported: (a function of the inputs by name, their shapes and types).

    It gives int pitches [1, P, 4, 3] and float strikes [1, P, 3]. P is a multiple of the first of `strides`.
    """

    def play(x: dict[str, Tensor]) -> dict[str, Tensor]:
        voices, strike = generator(x, playing=True)
        # Not argmax: Keras writes it with an operation that LiteRT lacks.
        index = ops.matmul(
            ops.reshape(voices, (-1, PITCHES)), constant(np.arange(PITCHES)[:, None])
        )
        pitches = ops.reshape(ops.cast(ops.round(index), "int32"), (1, -1, 4, 3))
        return {"pitches": pitches, "strike": strike}

    return play, {name: ((1, *shape), dtype) for name, (shape, dtype) in INPUTS.items()}
