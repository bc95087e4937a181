"""Generator and critic of family `band`, in Keras 3 layers and operations (any backend).

Shapes: B pieces, P pulses, 4 steps a pulse, T tracks, F cells in all, N of one track, K chords, C channels. The
generator works on rows, R = B * P pulses one after another, as that of `chorale` does, or on some of them, r.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import keras
import numpy as np
from keras import layers, ops

from composer.generators.band.config import PLACES, BandConfig, chord_masks
from composer.generators.layers.pulses import (
    Judge,
    Stack,
    constant,
    every,
    interval_classes,
    join,
    later,
    rows,
    sample,
)

Tensor = Any
Shapes = dict[str, tuple[tuple[int | None, ...], str]]
HELD_FROM = {1: 0, 2: 0, 3: 2}  # the step whose cells a hold goes on with


def inputs(config: BandConfig) -> Shapes:
    """Shapes, without the batch axis, and types of the generator's inputs."""
    tracks, cells = len(config.names), len(config.cells)
    return {
        "melody": ((None, 4), "int32"),
        "attack": ((None, 4), "float32"),
        "place": ((None, PLACES), "float32"),
        "allowed": ((cells,), "float32"),
        "chord": ((None, 1), "float32"),
        "ends": ((None, 4, 2 * tracks), "float32"),
        "inner": ((None, 4, cells), "float32"),
        "again": ((None, 4, tracks + cells), "float32"),
    }


def odd(x: Tensor) -> Tensor:
    """Rows 1, 3, 5 ...: [r, F] to [r / 2, F]; pieces have an even number of rows."""
    return ops.reshape(x, (-1, 2 * x.shape[-1]))[:, x.shape[-1] :]


def weave(even: Tensor, odd: Tensor) -> Tensor:
    """Rows of two in turn, both [r / 2, F]: [r, F]."""
    return ops.reshape(join(even, odd), (-1, even.shape[-1]))


def toss(logits: Tensor, uniform: Tensor, temperature: float, min_p: float, soft: bool) -> Tensor:
    """1 where `uniform` lies below the probability, else 0; what is less likely than `min_p` never is.

    soft: gradients go straight through to the probability.
    """
    p = ops.sigmoid(logits if temperature == 1 else logits / temperature)
    hard = ops.cast(uniform < (p * ops.cast(p >= min_p, "float32") if min_p else p), "float32")
    return p + ops.stop_gradient(hard - p) if soft else hard


def below(x: Tensor) -> Tensor:
    """How many lower cells are set, for each cell: [r, N] to the same."""
    return ops.matmul(x, constant(np.triu(np.ones((x.shape[-1],) * 2), 1)))


def above(x: Tensor) -> Tensor:
    """How many higher cells are set, for each cell: [r, N] to the same."""
    return ops.matmul(x, constant(np.tril(np.ones((x.shape[-1],) * 2), -1)))


@dataclass(frozen=True)
class Spot:
    """Which rows are decided: those of every `stride`th pulse, of these the odd ones where `halved`; at `step`."""

    stride: int = 1
    halved: bool = False
    step: int = 0

    def pick(self, x: Tensor, pieces: int) -> Tensor:
        """Those rows of [R, F]."""
        kept = every(x, self.stride, pieces)
        return odd(kept) if self.halved else kept


class Voicing(layers.Layer):
    """The cells of one track at one step: silence, or the lowest, then the highest, then those between.

    So any number of notes can sound and one is no harder than four. holds: a symbol more, "as before".
    """

    def __init__(self, cells: int, channels: int, holds: bool, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.cells, self.holds = cells, holds
        self.lowest = layers.Dense(1 + cells + holds)
        self.see_lowest, self.highest = layers.Dense(channels), layers.Dense(cells)
        self.see_both, self.between = layers.Dense(channels), layers.Dense(cells)

    def build(self, *_: Any) -> None:
        """Nothing of its own."""

    def lowest_logits(self, state: Tensor, out: Tensor) -> Tensor:
        """Of silence, each cell, and holding on: [r, 1 + N + holds]. state: [r, C]; out: large where not allowed."""
        return self.lowest(state) - ops.pad(out, [[0, 0], [1, int(self.holds)]])

    def highest_logits(self, state: Tensor, out: Tensor, low: Tensor) -> Tensor:
        """Of the highest cell [r, N], given the lowest one-hot [r, N]: not below it."""
        return self.highest(ops.relu(state + self.see_lowest(low))) - out - 1e4 * above(low)

    def between_logits(self, state: Tensor, out: Tensor, low: Tensor, high: Tensor) -> Tensor:
        """Of each cell [r, N], where it lies between the lowest and the highest."""
        return self.between(ops.relu(state + self.see_both(join(low, high)))) - out


class Chooser(Protocol):
    """Who answers when the generator asks: a draw, when playing, or the song that is learnt from."""

    def chord(self, logits: Tensor, spot: Spot) -> Tensor:
        """One-hot [r, K]."""

    def voicing(
        self,
        layer: Voicing,
        state: Tensor,
        seen: Seen,
        spot: Spot,
        track: int,
        held: Tensor | None = None,
    ) -> Tensor:
        """Cells that sound [r, N], 0 or 1. held: those that a hold goes on with."""

    def again(self, logits: Tensor, common: Tensor, track: int) -> Tensor:
        """Which notes that go on are struck again, [R, 4 * N]; common: where cells go on. logits: [R, 4 + 4 * N]."""


class Seen:
    """What every decision sees of a piece: the encoded melody [R, C], its pitch classes [R, 12], cells out of range."""

    def __init__(self, generator: Generator, x: dict[str, Tensor], training: bool) -> None:
        config = generator.config
        self.training, self.pieces = training, x["melody"].shape[0]
        count = config.melody_pitches
        melody = rows(ops.one_hot(x["melody"], count, dtype="float32"))
        classes = np.tile(np.eye(12), (-(-count // 12), 1))[:count]
        self.classes = ops.matmul(melody, constant(np.tile(classes, (4, 1)) / 4))
        member = np.eye(len(config.names))[config.cells.track]
        present = ops.minimum(ops.matmul(x["allowed"], constant(member)), 1.0)  # [B, T]
        places = self._each(present, x["attack"][:, :, :1])
        heard = join(melody, self.classes, rows(x["attack"]), rows(x["place"]), places)
        self.h = generator.encoder(heard, pieces=self.pieces, training=training)
        self._out = [1e4 * (1.0 - x["allowed"][:, span]) for span in config.cells.spans]

    def _each(self, x: Tensor, like: Tensor) -> Tensor:
        """What holds for a piece, [B, F], on its every row: [any, F]; like: [B, rows, 1]."""
        return rows(ops.expand_dims(x, 1) + 0.0 * like)

    def out(self, track: int, state: Tensor) -> Tensor:
        """Large where a track's cells are out of range, for the rows of `state`: [r, N]."""
        out = self._out[track]
        if self.pieces == 1:
            return out
        return self._each(out, ops.reshape(state[:, :1], (self.pieces, -1, 1)))


class Generator(keras.Model):
    """Plans chords, then decides the tracks in order, coarse to fine, each seeing all that was decided before."""

    def __init__(self, config: BandConfig, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.config = config
        c, drop, counts = config.channels, config.dropout, config.cells.counts
        rounds, tracks = range(len(config.strides)), range(len(counts))

        def stacks(name: str, blocks: int) -> list[Stack]:
            return [Stack(c, blocks, drop, name=f"{name}_{t}") for t in tracks]

        def voicings(name: str, holds: bool) -> list[Voicing]:
            return [
                Voicing(n, c, holds and not d, name=f"{name}_{t}")
                for t, (n, d) in enumerate(zip(counts, config.drums, strict=True))
            ]

        self.encoder = Stack(c, config.encoder_blocks, drop, name="encoder")
        self.plan = [Stack(c, config.plan_blocks, drop, name=f"plan_{i}") for i in rounds]
        self.chord = [layers.Dense(len(config.chords), name=f"chord_{i}") for i in rounds]
        self.coarse = [stacks(f"coarse_{i}", config.track_blocks) for i in rounds]
        self.on_pulse = [voicings(f"on_pulse_{i}", False) for i in rounds]
        self.half, self.quarter = (
            stacks("half", config.fine_blocks),
            stacks("quarter", config.fine_blocks),
        )
        self.steps = [voicings(f"step_{step}", True) for step in (1, 2, 3)]
        self.pitched = [t for t, drum in enumerate(config.drums) if not drum]
        self.see_notes = [layers.Dense(c, name=f"see_notes_{t}") for t in self.pitched]
        self.again = [layers.Dense(4 + 4 * counts[t], name=f"again_{t}") for t in self.pitched]
        for layer in (v for group in (*self.on_pulse, *self.steps) for v in group):
            layer.build()

    def call(
        self, x: dict[str, Tensor], training: bool = False, playing: bool = False
    ) -> tuple[Tensor, Tensor]:
        """(What sounds, where notes start), both [B, P, 4, F] of 0 and 1.

        playing: the config's temperature and min_p; else the bare distribution.
        """
        seen = Seen(self, x, training)
        return self.decide(seen, Draws(self.config, x, playing))

    def decide(self, seen: Seen, choose: Chooser) -> tuple[Tensor, Tensor]:
        """The piece that `choose` answers with: sound and onset [B, P, 4, F]."""
        plan = self._chords(seen, choose)
        steps = self._fine(seen, choose, plan, self._coarse(seen, choose, plan))
        return self._struck(seen, choose, steps)

    def _chords(self, seen: Seen, choose: Chooser) -> Tensor:
        """The plan: what is known of each pulse's chord, as one of K and as pitch classes [R, K + 12]."""
        known = None
        for turn, stride in enumerate(self.config.strides):
            h, tune = every(seen.h, stride, seen.pieces), every(seen.classes, stride, seen.pieces)
            told = tune if known is None else join(tune, weave(known, 0.0 * known))
            state = self.plan[turn](told, h, pieces=seen.pieces, training=seen.training)
            spot = Spot(stride, turn > 0)
            drawn = choose.chord(self.chord[turn](odd(state) if turn else state), spot)
            known = drawn if known is None else weave(known, drawn)
        return join(known, ops.matmul(known, constant(chord_masks(self.config.chords))))

    def _coarse(self, seen: Seen, choose: Chooser, plan: Tensor) -> list[Tensor]:
        """The cells of each track on the pulses, [R, N] each."""
        known: list[Tensor] = []
        for turn, stride in enumerate(self.config.strides):
            h, chords = every(seen.h, stride, seen.pieces), every(plan, stride, seen.pieces)
            coarser, known = known, [weave(k, 0.0 * k) for k in known]
            for t, stack in enumerate(self.coarse[turn]):
                state = stack(join(chords, *known), h, pieces=seen.pieces, training=seen.training)
                layer, spot = self.on_pulse[turn][t], Spot(stride, turn > 0)
                drawn = choose.voicing(layer, odd(state) if turn else state, seen, spot, t)
                known[t : t + 1] = [weave(coarser[t], drawn) if turn else drawn]
        return known

    def _fine(
        self, seen: Seen, choose: Chooser, plan: Tensor, now: list[Tensor]
    ) -> list[list[Tensor]]:
        """The cells at each of the four steps, of each track: [step][track], [R, N]."""
        told = join(plan, *now, *(later(n, 1, seen.pieces) for n in now))
        half: list[Tensor] = []
        for t, stack in enumerate(self.half):
            state = stack(join(told, *half), seen.h, pieces=seen.pieces, training=seen.training)
            half.append(choose.voicing(self.steps[1][t], state, seen, Spot(step=2), t, now[t]))
        steps = [now, [], half, []]
        for t, stack in enumerate(self.quarter):
            state = stack(
                join(told, *half, *steps[1], *steps[3]),
                seen.h,
                pieces=seen.pieces,
                training=seen.training,
            )
            for step in (1, 3):
                held = steps[HELD_FROM[step]][t]
                steps[step].append(
                    choose.voicing(self.steps[step - 1][t], state, seen, Spot(step=step), t, held)
                )
        return steps

    def _struck(
        self, seen: Seen, choose: Chooser, steps: list[list[Tensor]]
    ) -> tuple[Tensor, Tensor]:
        """Sound and onset [B, P, 4, F]: a cell that goes on is held, unless it is struck again; drums are struck."""
        sounds, onsets = [], []
        for t, count in enumerate(self.config.cells.counts):
            sound = join(*(step[t] for step in steps))  # [R, 4 * N]
            onset = sound
            if t in self.pitched:
                i = self.pitched.index(t)
                before = join(later(steps[3][t], -1, seen.pieces), sound[:, : 3 * count])
                common = sound * before
                logits = self.again[i](ops.relu(seen.h + self.see_notes[i](join(sound, before))))
                onset = sound - common * (1.0 - choose.again(logits, common, t))
            sounds.append(ops.reshape(sound, (-1, count)))
            onsets.append(ops.reshape(onset, (-1, count)))
        shape = (seen.pieces, -1, 4, len(self.config.cells))
        return ops.reshape(join(*sounds), shape), ops.reshape(join(*onsets), shape)

    def cross_entropy(
        self, x: dict[str, Tensor], plan: Tensor, sound: Tensor, onset: Tensor
    ) -> Tensor:
        """Mean negative log-likelihood of a song, in nats a pulse and track. plan int [B, P]; others [B, P, 4, F]."""
        answers = Answers(self.config, plan, sound, onset)
        self.decide(Seen(self, x, True), answers)
        return answers.loss / (plan.shape[0] * plan.shape[1] * len(self.config.names))


class Draws:
    """Answers at random, by the numbers that came with the piece."""

    def __init__(self, config: BandConfig, x: dict[str, Tensor], playing: bool) -> None:
        # Between pulses no tail is cut: each of many moves is unlikely beside holding on, together they are the rhythm.
        self.between = (1.0, 0.0, not playing)
        self.knobs = (config.temperature, config.min_p, False) if playing else self.between
        self.pieces, self.tracks = x["melody"].shape[0], len(config.names)
        self.spans, self.chords = config.cells.spans, rows(x["chord"])
        ends, inner, self.numbers = (
            rows(x[k], 3) for k in ("ends", "inner", "again")
        )  # [4 * R, any]
        self.ends, self.inner = (ops.reshape(v, (-1, 4 * v.shape[-1])) for v in (ends, inner))

    def chord(self, logits: Tensor, spot: Spot) -> Tensor:
        """See Chooser."""
        return sample(logits, spot.pick(self.chords, self.pieces), *self.knobs)

    def voicing(
        self,
        layer: Voicing,
        state: Tensor,
        seen: Seen,
        spot: Spot,
        track: int,
        held: Tensor | None = None,
    ) -> Tensor:
        """See Chooser."""
        at, span = 2 * (self.tracks * spot.step + track), self.spans[track]
        first = self.spans[-1].stop * spot.step
        ends = spot.pick(self.ends[:, at : at + 2], self.pieces)
        numbers = spot.pick(self.inner[:, first + span.start : first + span.stop], self.pieces)
        out, knobs = seen.out(track, state), self.between if spot.step else self.knobs
        symbol = sample(layer.lowest_logits(state, out), ends[:, :1], *knobs)
        low = symbol[:, 1 : layer.cells + 1]
        sounding = ops.sum(low, axis=-1, keepdims=True)
        high = sounding * sample(layer.highest_logits(state, out, low), ends[:, 1:], *self.knobs)
        inner = toss(layer.between_logits(state, out, low, high), numbers, *self.knobs)
        cells = 1.0 - (1.0 - low) * (1.0 - high) * (1.0 - inner * above(high) * below(low))
        return cells + symbol[:, -1:] * held if layer.holds and held is not None else cells

    def again(self, logits: Tensor, common: Tensor, track: int) -> Tensor:
        """See Chooser."""
        span, count = self.spans[track], common.shape[-1] // 4
        which = self.numbers[:, self.tracks + span.start : self.tracks + span.stop]
        numbers = join(
            ops.reshape(self.numbers[:, track : track + 1], (-1, 4)),
            ops.reshape(which, (-1, 4 * count)),
        )
        tossed = toss(logits, numbers, *self.between)
        return tossed[:, 4:] * ops.matmul(
            tossed[:, :4], constant(np.kron(np.eye(4), np.ones((1, count))))
        )


class Answers:
    """Answers as the song goes, and adds up how unlikely that was: `loss`, in nats."""

    def __init__(self, config: BandConfig, plan: Tensor, sound: Tensor, onset: Tensor) -> None:
        self.loss: Tensor = 0.0
        self.pieces, self.spans = plan.shape[0], config.cells.spans
        self.plan = ops.one_hot(ops.reshape(plan, (-1,)), len(config.chords), dtype="float32")
        self.sound, self.onset = sound, onset

    def chord(self, logits: Tensor, spot: Spot) -> Tensor:
        """See Chooser."""
        answer = spot.pick(self.plan, self.pieces)
        self._add(-ops.sum(answer * ops.log_softmax(logits, axis=-1)))
        return answer

    def voicing(
        self,
        layer: Voicing,
        state: Tensor,
        seen: Seen,
        spot: Spot,
        track: int,
        held: Tensor | None = None,
    ) -> Tensor:
        """See Chooser."""
        out = seen.out(track, state)
        answer = spot.pick(rows(self.sound[:, :, spot.step, self.spans[track]]), self.pieces)
        low, high = (answer * ops.cast(count(answer) == 0, "float32") for count in (below, above))
        rest = 1.0 - ops.sum(low, axis=-1, keepdims=True)
        moves, symbol = 1.0, join(rest, low)
        if layer.holds and held is not None:
            moves = ops.minimum(ops.sum(ops.abs(answer - held), axis=-1, keepdims=True), 1.0)
            symbol = join(moves * symbol, 1.0 - moves)
        self._add(-ops.sum(symbol * ops.log_softmax(layer.lowest_logits(state, out), axis=-1)))
        likely = ops.log_softmax(layer.highest_logits(state, out, low), axis=-1)
        self._add(-ops.sum(moves * high * likely))
        logits = layer.between_logits(state, out, low, high)
        asked = moves * ops.minimum(above(high) * below(low), 1.0) * ops.cast(out < 1.0, "float32")
        self._add(ops.sum(asked * (ops.softplus(logits) - logits * answer)))
        return answer

    def again(self, logits: Tensor, common: Tensor, track: int) -> Tensor:
        """See Chooser."""
        count = common.shape[-1] // 4
        each = constant(np.kron(np.eye(4), np.ones((count, 1))))
        struck = common * rows(self.onset[:, :, :, self.spans[track]])
        some = ops.minimum(ops.matmul(struck, each), 1.0)
        asked = join(
            ops.minimum(ops.matmul(common, each), 1.0),
            common * ops.matmul(some, ops.transpose(each)),
        )
        self._add(ops.sum(asked * (ops.softplus(logits) - logits * join(some, struck))))
        return struck

    def _add(self, loss: Tensor) -> None:
        self.loss = self.loss + loss


class Critic(keras.Model):
    """Scores a piece by what is heard: cells, each track's harmony with the melody and the others, and rhythm."""

    def __init__(self, config: BandConfig, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        c, cells, tracks = config.critic_channels, config.cells, len(config.names)
        self.count = config.melody_pitches
        self.pitch, self.vertical, self.rhythm = layers.Dense(c), layers.Dense(c), layers.Dense(c)
        self.judge = Judge(c)
        self.pitched = [t for t, drum in enumerate(config.drums) if not drum]
        member = np.eye(tracks)[cells.track]  # [F, T]
        by_class = np.eye(12)[cells.pitch % 12] * ~cells.drum[:, None]
        classes = (by_class[:, None] * member[:, :, None]).reshape(len(cells), -1)  # [F, T * 12]
        density = member * np.where(cells.drum, 1.0, 1 / 3)[:, None]
        none = np.zeros_like(density)
        self._heard = np.block(
            [[classes, density, none], [0 * classes, none, density]]
        )  # [2 * F, 14 * T]

    def call(self, x: dict[str, Tensor], piece: Tensor) -> Tensor:
        """Scores [B] of `piece` [B, P, 4, 2 * F] (sound and onset; or between two pieces) under the melody in `x`."""
        pieces, tracks = x["melody"].shape[0], (self._heard.shape[1]) // 14
        melody = ops.one_hot(x["melody"], self.count, dtype="float32")
        tune = ops.matmul(
            rows(melody, 3), constant(np.tile(np.eye(12), (-(-self.count // 12), 1))[: self.count])
        )
        heard = ops.matmul(rows(piece, 3), constant(self._heard))  # [4 * R, 12 * T + 2 * T]
        classes = [heard[:, 12 * t : 12 * (t + 1)] for t in self.pitched]
        everyone = sum(classes, tune)
        pairs = [interval_classes(everyone, one) for one in (tune, *classes)]
        h = self.pitch(
            join(*(self._by_pulse(v, pieces) for v in (piece, melody, x["attack"], x["place"])))
        )
        h = h + self.vertical(self._by_pulse(0.3 * join(*pairs), pieces))
        h = h + self.rhythm(self._by_pulse(heard[:, 12 * tracks :], pieces))
        return self.judge(h)

    @staticmethod
    def _by_pulse(x: Tensor, pieces: int) -> Tensor:
        """[B, P, ...], or [4 * R, F] by step, to [B, P, any]."""
        width = int(np.prod(x.shape[2:])) if len(x.shape) > 2 else 4 * x.shape[-1]
        return ops.reshape(x, (pieces, -1, width))


class Networks:
    """Generator and critic of one config, built, and what a training step asks of them.

    batch: tensors by name as `Windows.batch` draws them. Pieces: float [B, P, 4, 2 * F], sound and onset.
    """

    def __init__(self, config: BandConfig) -> None:
        self.generator = Generator(config, name="generator")
        self.critic = Critic(config, name="critic")
        self.inputs = inputs(config)
        size = 2 * config.strides[0]
        x = {
            k: ops.zeros((1, *(d or size for d in s)), dtype)
            for k, (s, dtype) in self.inputs.items()
        }
        self.critic(x, join(*self.generator(x)))

    def generate(self, batch: dict[str, Tensor]) -> Tensor:
        """Pieces under the batch's melodies, decided hard; gradients go straight through."""
        return join(*self.generator({k: batch[k] for k in self.inputs}))

    def real(self, batch: dict[str, Tensor]) -> Tensor:
        """The songs' own tracks under the same melodies."""
        return join(batch["sound"], batch["onset"])

    def score(self, batch: dict[str, Tensor], pieces: Tensor) -> Tensor:
        """The critic's scores [B]."""
        return self.critic(batch, pieces)

    def supervised(self, batch: dict[str, Tensor]) -> Tensor:
        """Cross-entropy of the songs' own tracks, in nats a pulse and track."""
        x = {k: batch[k] for k in self.inputs}
        return self.generator.cross_entropy(x, batch["plan"], batch["sound"], batch["onset"])


def playing_model(generator: Generator) -> tuple[Any, Shapes]:
    """What is exported: (a function of the inputs by name, their shapes and types).

    It gives sound and onset, float [1, P, 4, F]. P is a multiple of the first of `strides`.
    """

    def play(x: dict[str, Tensor]) -> dict[str, Tensor]:
        sound, onset = generator(x, playing=True)
        return {"sound": sound, "onset": onset}

    return play, {
        name: ((1, *shape), dtype) for name, (shape, dtype) in inputs(generator.config).items()
    }
