"""Generator and critic of family `chorale`, in Keras 3 layers and operations (any backend).

Shapes: B pieces, P pulses, 4 steps a pulse, 3 voices (bass, alto, tenor), N = PITCHES pitches, C
channels. The generator works on rows: R = B * P pulses one after another, [R, any] (see
`layers.pulses`).
"""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import layers, ops

from composer.generators.chorale.config import PLACE, ChoraleConfig
from composer.generators.family import Shapes
from composer.generators.layers.harmony import (
    FOLD,
    Intervals,
    Lines,
    Parallels,
    classes,
    held_back,
    interval_classes,
    relative,
)
from composer.generators.layers.judge import TwoScores
from composer.generators.layers.melody import PITCHES
from composer.generators.layers.pulses import (
    Cut,
    Stack,
    constant,
    every,
    join,
    later,
    one_hot,
    rows,
    sample,
)

Tensor = Any

VOICES = 3
SYMBOLS = PITCHES + 1  # between pulses: 0 holds, 1 + n moves to pitch n
HELD_FROM = {2: 0, 1: 0, 3: 2}  # the step whose pitch a hold goes on with
QUARTERS = (1, 3)  # the steps that are decided last
NEVER = 1e4  # taken from the logit of a pitch out of range
PAIRS = [(i, j) for i in range(4) for j in range(i)]  # each two of the four voices once
INPUTS: Shapes = {
    "melody": ((None, 4), "int32"),
    "attack": ((None, 4), "float32"),
    "place": ((None, PLACE), "float32"),
    "allowed": ((VOICES, PITCHES), "float32"),
    "given": ((None, 4, VOICES), "int32"),
    "on_pulse": ((None, VOICES), "float32"),
    "between": ((None, 4, VOICES), "float32"),
}
"""Shapes, without the batch axis, and types of the generator's inputs."""

# Thinking over: every fourth pulse at once, in this order, so that each is decided with both
# neighbours known.
RETHINK = 4
PHASES = (2, 0, 3, 1)


class Generator(keras.Model):
    """Decides three voices in rounds, each seeing all that was decided before it, then thinks some
    pulses over.

    Voices decided one after another, each seeing the others, agree on a harmony; decided all at
    once they clash.
    """

    def __init__(self, config: ChoraleConfig, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.config = config
        self._add_skeleton(config)
        self._add_fine(config)
        self._add_warnings()

    # The order in which layers are made, and their names, must stay: saved weights lie by both.

    def _add_skeleton(self, config: ChoraleConfig) -> None:
        """Add the layers that read the melody and decide what sounds on the pulses."""
        width = config.channels
        drop = config.dropout
        rounds = range(len(config.strides))
        voices = range(VOICES)
        self.encoder = Stack(width, config.encoder_blocks, drop, name="encoder")
        self.skeleton = [
            Stack(width, config.skeleton_blocks, drop, name=f"skeleton_{i}")
            for i in rounds
        ]
        self.mix = [
            [layers.Dense(config.mix, name=f"mix_{i}_{v}") for v in voices]
            for i in rounds
        ]
        self.on_pulse = [
            [layers.Dense(PITCHES, name=f"on_pulse_{i}_{v}") for v in voices]
            for i in rounds
        ]
        # Neighbours: the other voices (3, the melody first) and the pulses beside (2).
        self.steps = [Intervals(5, name=f"steps_{i}") for i in rounds]
        self.lines = Lines(name="lines")

    def _add_fine(self, config: ChoraleConfig) -> None:
        """Add the layers that decide what moves between pulses."""
        voices = range(VOICES)
        self.fine = Stack(
            config.channels,
            config.fine_blocks,
            config.dropout,
            name="fine",
        )
        self.half_mix = [layers.Dense(config.mix, name=f"half_mix_{v}") for v in voices]
        self.half = [layers.Dense(SYMBOLS, name=f"half_{v}") for v in voices]
        # Two steps of three voices, and whether a repeated pitch is struck again.
        self.quarters = layers.Dense(6 * SYMBOLS + VOICES, name="quarters")

    def _add_warnings(self) -> None:
        """Add what is learnt of parallels, one table for each direction in time."""
        self.from_before = Parallels(name="from_before")
        self.to_after = Parallels(name="to_after")
        self.within = Parallels(name="within")
        self.to_next = Parallels(name="to_next")
        warnings = (self.from_before, self.to_after, self.within, self.to_next)
        # Their tables are read without a call of the layer, so they are made here.
        for part in (self.lines, *warnings):
            part.build()

    def call(
        self,
        x: dict[str, Tensor],
        training: bool = False,
        playing: bool = False,
    ) -> tuple[Tensor, Tensor]:
        """Return (voices one-hot [B, P, 4, 3, N], struck again [B, P, 3]).

        Cells in `given` come back as they were. playing: the config's temperatures and min_p, and
        pulses thought over; else the bare distributions.
        """
        strictness = self.config.strictness if playing else 1.0
        seen = ChoraleView(self, x, training, strictness)
        fixed = _fixed(x["given"])
        now = self._on_pulses(x, seen, fixed[0], playing)
        voices, strike = self._between(
            x,
            seen,
            now,
            fixed,
            soft=not playing,
        )
        likely = ops.sigmoid(strike)
        again = ops.cast(likely > rows(x["between"][:, :, 0]), "float32")
        shape = (seen.pieces, -1, 4, VOICES, PITCHES)
        return ops.reshape(voices, shape), ops.reshape(again, (seen.pieces, -1, VOICES))

    def encode(
        self,
        x: dict[str, Tensor],
        melody: Tensor,
        training: bool = False,
    ) -> Tensor:
        """Return what the melody [R, 4 * N] says, once for all rounds: [R, C]."""
        pieces = x["melody"].shape[0]
        first = melody[:, :PITCHES]
        # How the melody moves is told as intervals, so that a turn is the same turn at any height.
        beside = join(*(later(first, by, pieces) for by in (-2, -1, 1, 2)))
        motion = relative(beside, join(*[first] * 4))
        told = join(melody, motion, rows(x["attack"]), rows(x["place"]))
        return self.encoder(told, pieces=pieces, training=training)

    # What sounds on the pulses

    def _on_pulses(
        self,
        x: dict[str, Tensor],
        seen: ChoraleView,
        given: list[Tensor],
        playing: bool,
    ) -> list[Tensor]:
        """Return what sounds on the pulses [R, N] a voice: decided in rounds, coarse to fine; when
        playing, thought over.
        """
        config = self.config
        uniform = rows(x["on_pulse"])
        known = list(given)
        for turn, stride in enumerate(config.strides):
            temperature = config.temperatures[turn] if playing else 1.0
            cut = Cut(stride, 0, seen.pieces)
            known = self._decide(
                seen,
                known,
                uniform,
                turn,
                cut,
                playing,
                temperature,
            )
        # The last round has learnt to decide any pulse with both neighbours known; so it can also
        # think over what was decided with fewer.
        last = len(config.strides) - 1
        for again in range(config.rethinks if playing else 0):
            cut = Cut(RETHINK, PHASES[again % RETHINK], seen.pieces)
            # The pulses of the cut are forgotten, but for what was given.
            opened = []
            for fixed, decided in zip(given, known, strict=True):
                opened.append(fixed + cut.out(decided - fixed))
            temperature = config.temperatures[-1]
            known = self._decide(
                seen,
                opened,
                uniform,
                last,
                cut,
                True,
                temperature,
            )
        return known

    def _decide(
        self,
        seen: ChoraleView,
        known: list[Tensor],
        uniform: Tensor,
        turn: int,
        cut: Cut,
        playing: bool,
        temperature: float,
    ) -> list[Tensor]:
        """Return `known` with bass, alto and tenor decided on the pulses of a cut, where they were
        not known.
        """
        state = self.skeleton_state(seen, known, turn)
        numbers = cut(uniform)
        known = list(known)
        sharp: Tensor = 1.0
        if self.config.strides[turn] == 1:
            state = cut(state)
            if playing:
                sharp = self._sharpness(seen, known, cut, temperature)
        min_p = self.config.min_p * playing
        for v in range(VOICES):
            logits = sharp * self.voice_logits(seen, state, known, turn, cut, v)
            drawn = sample(
                logits,
                numbers[:, v : v + 1],
                temperature,
                min_p,
                not playing,
            )
            is_open = 1.0 - ops.sum(known[v], -1, keepdims=True)
            known[v] = known[v] + is_open * cut.back(drawn)
        return known

    def _sharpness(
        self,
        seen: ChoraleView,
        known: list[Tensor],
        cut: Cut,
        temperature: float,
    ) -> Tensor:
        """Return what the logits of each pulse of a cut are multiplied by, [R / stride, 1].

        A pulse after which nothing is known yet, as when playing ahead, has a temperature of its
        own.
        """
        next_pulse = later(known[0], 1, seen.pieces)
        after = cut(ops.sum(next_pulse, -1, keepdims=True))
        return after + (1.0 - after) * temperature / self.config.ahead_temperature

    def skeleton_state(
        self,
        seen: ChoraleView,
        known: list[Tensor],
        turn: int,
    ) -> Tensor:
        """Return what is known before round `turn` decides [R / stride, C]; known: [R, N] a voice
        (zeros: not yet).
        """
        stride = self.config.strides[turn]
        here = [every(k, stride, seen.pieces) for k in known]
        heard = every(seen.h, stride, seen.pieces)
        return self.skeleton[turn](
            join(*here),
            heard,
            pieces=seen.pieces,
            training=seen.training,
        )

    def voice_logits(
        self,
        seen: ChoraleView,
        state: Tensor,
        known: list[Tensor],
        turn: int,
        cut: Cut,
        v: int,
    ) -> Tensor:
        """Return logits of voice v on the pulses of a cut [R / stride, N]; state, known: all that
        is known by now.
        """
        others = [cut(k) for w, k in enumerate(known) if w != v]
        apart = self.config.strides[turn]
        own = [later(known[v], by * apart, seen.pieces) for by in (-2, -1, 1, 2)]
        beside = [cut(k) for k in own]
        mixed = ops.relu(self.mix[turn][v](join(state, *others)))
        near = join(cut(seen.melody[0]), *others, beside[1], beside[2])
        # Of one piece the row that serves all pulses is no row of a pulse: it is not cut.
        forbidden = seen.forbidden[v] if seen.pieces == 1 else cut(seen.forbidden[v])
        by_state = self.on_pulse[turn][v](mixed)
        by_interval = self.steps[turn](near, voice=v)
        logits = by_state + by_interval - forbidden
        if apart > 1:
            return logits
        # Only now do neighbours lie a pulse apart, so that a line or a parallel would be heard.
        return logits + self.lines(beside, voice=v) + self._warning(seen, known, cut, v)

    def _warning(
        self,
        seen: ChoraleView,
        known: list[Tensor],
        cut: Cut,
        v: int,
    ) -> Tensor:
        """Return what voice v is warned of: parallels with the pulses beside, [R / stride, N]."""
        others = classes(*known)
        begin = join(classes(seen.melody[0]), others)
        end = join(classes(seen.melody[3]), others)
        there = [cut(later(end, -1, seen.pieces)), cut(later(begin, 1, seen.pieces))]
        own = [_of_voice(x, v) for x in there]
        here = [cut(begin), cut(end)]
        learnt = [self.from_before, self.to_after]
        total = seen.strict * held_back(learnt, own, there, here, v)
        return ops.matmul(total, constant(FOLD.T))

    # What moves between pulses

    def _between(
        self,
        x: dict[str, Tensor],
        seen: ChoraleView,
        now: list[Tensor],
        fixed: list[list[Tensor]],
        soft: bool,
    ) -> tuple[Tensor, Tensor]:
        """Return (the four steps of each voice [R, 12 * N], logits of striking again [R, 3]).

        No tail is cut here: each of many moves is unlikely beside holding on, and together they are
        the rhythm.
        """
        uniform = rows(x["between"])  # [R, 4 * 3]
        moves = self.moves(seen, now)
        half = self._halves(
            seen,
            now,
            moves,
            fixed[2],
            uniform,
            soft,
        )
        state = self.fine_state(seen, now, moves, half)
        logits, strike = self.quarter_logits(state, seen)
        # Both steps of all voices are decided at once, one below another.
        numbers = ops.reshape(join(uniform[:, 3:6], uniform[:, 9:]), (-1, 1))
        drawn = sample(logits, numbers, soft=soft)
        held = ops.reshape(join(*now, *half), (-1, PITCHES))
        stay = ops.reshape(join(*fixed[1], *fixed[3]), (-1, PITCHES))
        quarters = ops.reshape(_moved(drawn, held, stay), (-1, 6 * PITCHES))
        first = quarters[:, : VOICES * PITCHES]
        third = quarters[:, VOICES * PITCHES :]
        return join(*now, first, *half, third), strike

    def _halves(
        self,
        seen: ChoraleView,
        now: list[Tensor],
        moves: Tensor,
        fixed: list[Tensor],
        uniform: Tensor,
        soft: bool,
    ) -> list[Tensor]:
        """Return step 2 of each voice [R, N]; fixed: what is given. uniform: [R, 4 * 3]."""
        half = list(fixed)
        state = self.fine_state(seen, now, moves, half)
        for v in range(VOICES):
            logits = self.half_logits(state, seen, now, half, v)
            drawn = sample(logits, uniform[:, 6 + v : 7 + v], soft=soft)
            half[v] = _moved(drawn, now[v], fixed[v])
        return half

    @staticmethod
    def moves(seen: ChoraleView, now: list[Tensor]) -> Tensor:
        """Return where each voice goes on the next pulse and came from on the last: one-hot
        intervals [R, 6 * 25].
        """
        here = join(*now)
        beside = join(later(here, 1, seen.pieces), later(here, -1, seen.pieces))
        return relative(beside, join(here, here))

    def fine_state(
        self,
        seen: ChoraleView,
        now: list[Tensor],
        moves: Tensor,
        half: list[Tensor],
    ) -> Tensor:
        """Return what is known between pulses [R, C]; now (step 0) and half (step 2): [R, N] a
        voice, zeros: not yet.
        """
        # What moves away from the pulse is told as an interval too.
        turns = relative(join(*half), join(*now))
        told = join(*now, *half, moves, turns)
        return self.fine(told, seen.h, pieces=seen.pieces, training=seen.training)

    def half_logits(
        self,
        state: Tensor,
        seen: ChoraleView,
        now: list[Tensor],
        half: list[Tensor],
        voice: int,
    ) -> Tensor:
        """Return logits of step 2 of `voice` [R, SYMBOLS]; half: [R, N] of the voices decided so
        far, zeros: not yet.
        """
        # A voice that has not decided is taken to hold on: most do.
        waiting = []
        for moved, begun in zip(half, now, strict=True):
            is_open = 1.0 - ops.sum(moved, -1, keepdims=True)
            waiting.append(moved + is_open * begun)
        others = []
        for w in range(VOICES):
            if w != voice:
                others += [half[w], classes(waiting[w])]
        mixed = ops.relu(self.half_mix[voice](join(state, *others)))

        warned, begun = self._warning_inside(seen, now, waiting, voice)
        held = ops.sum(warned * begun, -1, keepdims=True)  # the warning of holding on
        moving = ops.matmul(warned, constant(FOLD.T)) - seen.forbidden[voice]
        return self.half[voice](mixed) + join(held, moving)

    def _warning_inside(
        self,
        seen: ChoraleView,
        now: list[Tensor],
        waiting: list[Tensor],
        voice: int,
    ) -> tuple[Tensor, Tensor]:
        """Return what `voice` is warned of at step 2, and its pitch class on the pulse: [R, 12]
        each.

        Warned of parallels inside the pulse, and of those into the next one.
        """
        begin = classes(seen.melody[0], *now)
        after = later(begin, 1, seen.pieces)
        along = classes(*waiting)
        middle = join(classes(seen.melody[2]), along)
        end = join(classes(seen.melody[3]), along)
        there = [begin, after]
        own = [_of_voice(x, voice) for x in there]
        learnt = [self.within, self.to_next]
        warned = seen.strict * held_back(learnt, own, there, [middle, end], voice)
        # Cut again: with own[0] gradients would be summed in another order and round otherwise.
        return warned, _of_voice(begin, voice)

    def quarter_logits(self, state: Tensor, seen: ChoraleView) -> tuple[Tensor, Tensor]:
        """Return logits of steps 1 and 3 [R * 6, SYMBOLS], each of three voices, and of striking
        again [R, 3].
        """
        y = self.quarters(state)
        # Holding on, the first symbol, is never forbidden.
        masks = [ops.pad(forbidden, [[0, 0], [1, 0]]) for forbidden in seen.forbidden]
        allowed = y[:, :-VOICES] - join(*masks, *masks)
        return ops.reshape(allowed, (-1, SYMBOLS)), y[:, -VOICES:]

    # Learning from pieces

    def cross_entropy(
        self,
        x: dict[str, Tensor],
        target: Tensor,
        strike: Tensor,
        shown: Tensor,
        counts: Tensor,
        half: Tensor,
    ) -> Tensor:
        """Return the mean negative log-likelihood of Bach's cells, in nats a cell: every round, and
        between pulses.

        target: int [B, P, 4, 3].
        strike: float [B, P, 3], -1 where the pitch changes and nothing is to decide.
        shown: float [B, P], 1 where a pulse is known in the last round; counts: alike, how much it
        counts there.
        half: float [B, 1, 3], 1 where a voice's step 2 is known before the others'.
        Cells in `given` are known in every round, as they are there.
        """
        # The same logits as when playing, of what Bach wrote before each decision instead of what
        # was drawn.
        seen = ChoraleView(self, x, True)
        index = [_by_voice(target[:, :, step]) for step in range(4)]
        now = [one_hot(i) for i in index[0]]
        middle = [one_hot(i) for i in index[2]]
        given = [one_hot(i) for i in _by_voice(x["given"][:, :, 0])]
        loss: Tensor = 0.0
        for turn in range(len(self.config.strides)):
            loss = loss + self._round_entropy(seen, turn, now, given, (shown, counts))
        # Adding zeros of every pulse lays the one row of `half` out over all of them.
        half = rows(half + 0.0 * strike)
        between, again = self._between_entropy(
            seen,
            index,
            now,
            middle,
            half,
        )
        struck = ops.softplus(again) - again * rows(strike)
        asked = ops.where(rows(strike) < 0, 0.0, struck)
        return loss + between + ops.mean(asked)

    def _round_entropy(
        self,
        seen: ChoraleView,
        turn: int,
        now: list[Tensor],
        given: list[Tensor],
        last: tuple[Tensor, Tensor],
    ) -> Tensor:
        """Return the loss of one round.

        last: float [B, P] each, 1 where the last round knows a pulse, and how much a pulse counts
        there.
        """
        cut = Cut(self.config.strides[turn], 0, seen.pieces)
        coarser, weight = self._known_before(seen, turn, now[0].shape[0], last)
        # What was given is known in every round, and nothing is to be learnt of it.
        told = [ops.sum(g, -1, keepdims=True) for g in given]
        opened = [(1.0 - is_told) * coarser for is_told in told]
        before = [given[v] + opened[v] * now[v] for v in range(VOICES)]
        state = self.skeleton_state(seen, before, turn)
        loss: Tensor = 0.0
        total: Tensor = 0.0
        for v in range(VOICES):
            decided = [*now[:v], *before[v:]]
            logits = self.voice_logits(
                seen,
                state,
                decided,
                turn,
                cut,
                v,
            )
            counts = cut(weight * (1.0 - told[v]) * (1.0 - coarser))[:, 0]
            answer = cut(now[v])
            likely = ops.sum(answer * ops.log_softmax(logits, axis=-1), axis=-1)
            loss = loss - ops.sum(counts * likely)
            total = total + ops.sum(counts)
        # One more, so that a batch in which nothing is asked has a loss of 0.
        return loss / (total + 1.0)

    def _known_before(
        self,
        seen: ChoraleView,
        turn: int,
        count: int,
        last: tuple[Tensor, Tensor],
    ) -> tuple[Tensor, Tensor]:
        """Return 1 for the rows [R, 1] that a round knows, and how much each counts; count: of
        rows.
        """
        stride = self.config.strides[turn]
        if stride == 1:
            # Which pulses the last round knows is drawn, so that it can think any of them over.
            shown, counts = last
            return ops.reshape(shown, (-1, 1)), ops.reshape(counts, (-1, 1))
        # Before a round the pulses of the coarser one are known; before the first, none.
        pulses = count // seen.pieces
        is_coarser = np.arange(pulses) % (2 * stride) == 0
        known = constant(is_coarser & (turn > 0))
        return ops.reshape(ops.tile(known, (seen.pieces,)), (-1, 1)), 1.0

    def _between_entropy(
        self,
        seen: ChoraleView,
        index: list[list[Tensor]],
        now: list[Tensor],
        middle: list[Tensor],
        known: Tensor,
    ) -> tuple[Tensor, Tensor]:
        """Return (loss of the steps between pulses, logits of striking again); known: [R, 3], 1
        where step 2 is shown.
        """
        shown = [m * known[:, v : v + 1] for v, m in enumerate(middle)]
        moves = self.moves(seen, now)
        state = self.fine_state(seen, now, moves, shown)
        # The last steps are asked for with all of step 2 known, as they are when playing.
        full_state = self.fine_state(seen, now, moves, middle)
        quarters, again = self.quarter_logits(full_state, seen)
        loss = -6.0 * ops.mean(_picked(quarters, _quarter_symbols(index)))
        for v in range(VOICES):
            decided = [*middle[:v], *shown[v:]]
            logits = self.half_logits(state, seen, now, decided, v)
            picked = _picked(logits, _symbol(index, 2, v))
            loss = loss - ops.mean((1.0 - known[:, v]) * picked)
        return loss / 3, again


class ChoraleView:
    """The piece as every round sees it.

    h: the encoded melody [R, C]. melody: its four steps [R, N] each. forbidden: large for pitches
    out of range, of each voice. strict: how much a warning of parallels counts.
    """

    def __init__(
        self,
        generator: Generator,
        x: dict[str, Tensor],
        training: bool,
        strict: float = 1.0,
    ) -> None:
        self.training = training
        self.strict = strict
        self.pieces = x["melody"].shape[0]
        melody = rows(one_hot(x["melody"]))
        self.h = generator.encode(x, melody, training)
        self.melody = [melody[:, i * PITCHES : (i + 1) * PITCHES] for i in range(4)]
        self.forbidden = [self._forbidden(x, v) for v in range(VOICES)]

    def _forbidden(self, x: dict[str, Tensor], v: int) -> Tensor:
        """Return what is taken from the logits of voice v: [R, N]; of one piece, one row serves
        all, [1, N].
        """
        out = ops.expand_dims(NEVER * (1.0 - x["allowed"][:, v]), 1)
        if self.pieces == 1:
            return out[0]
        ones = (
            0.0 * x["attack"][:, :, :1] + 1.0
        )  # a row for each pulse, whatever their number
        return rows(ones * out)


def _fixed(given: Tensor) -> list[list[Tensor]]:
    """Return given pitches, int [B, P, 4, 3], one-hot by step and voice: [step][voice], [R, N]."""
    by_pulse = one_hot(ops.reshape(given, (-1, 12)))
    wide = ops.reshape(by_pulse, (-1, 12 * PITCHES))
    cells = [wide[:, i * PITCHES : (i + 1) * PITCHES] for i in range(12)]
    return [cells[3 * step : 3 * step + 3] for step in range(4)]


def _by_voice(pitches: Tensor) -> list[Tensor]:
    """Return pitches, int [B, P, 3], of each voice: [R] each."""
    return [ops.reshape(pitches[:, :, v], (-1,)) for v in range(VOICES)]


def _of_voice(x: Tensor, voice: int) -> Tensor:
    """Return the pitch classes of one voice (0: bass) of those of four, [R, 4 * 12], soprano first:
    [R, 12].
    """
    return x[:, 12 * (voice + 1) : 12 * (voice + 2)]


def _moved(drawn: Tensor, held: Tensor, fixed: Tensor) -> Tensor:
    """Return symbols [R, SYMBOLS] as pitches [R, N], a hold going on with `held`; `fixed` pitches
    stay.
    """
    pitch = drawn[:, 1:] + drawn[:, :1] * held
    return fixed + (1.0 - ops.sum(fixed, -1, keepdims=True)) * pitch


def _symbol(index: list[list[Tensor]], step: int, voice: int) -> Tensor:
    """Return symbols of a step between pulses [R]: 0 if it holds on, else 1 + its pitch."""
    held = ops.equal(index[step][voice], index[HELD_FROM[step]][voice])
    return ops.where(held, 0, index[step][voice] + 1)


def _quarter_symbols(index: list[list[Tensor]]) -> Tensor:
    """Return symbols of steps 1 and 3, each of three voices, in the order of their logits: [R *
    6].
    """
    symbols = [_symbol(index, step, v) for step in QUARTERS for v in range(VOICES)]
    return ops.reshape(ops.stack(symbols, axis=1), (-1,))


def _picked(logits: Tensor, index: Tensor) -> Tensor:
    """Return the log-probability of symbol `index` [...] under `logits` [..., S]."""
    table = ops.one_hot(index, logits.shape[-1], dtype="float32")
    return ops.sum(table * ops.log_softmax(logits, axis=-1), axis=-1)


class Critic(keras.Model):
    """Scores a piece by what is heard: pitches, vertical intervals and motion, locally and as a
    whole.

    Intervals and motion could be learnt from the pitches, but from far more pieces than there are.
    """

    def __init__(self, config: ChoraleConfig, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        c = config.critic_channels
        self.pitch = layers.Dense(c)
        self.vertical = layers.Dense(c)
        self.motion = layers.Dense(c)
        self.judge = TwoScores(c, name="judge")

    def call(self, x: dict[str, Tensor], voices: Tensor) -> Tensor:
        """Return scores [B] of `voices` [B, P, 4, 3, N] (one-hot, or between two pieces) under the
        melody in `x`.
        """
        pieces = x["melody"].shape[0]
        four = 4 * PITCHES
        melody = ops.expand_dims(one_hot(x["melody"]), 3)
        together = ops.concatenate([melody, voices], axis=3)
        score = ops.reshape(together, (pieces, -1, four))  # [B, 4 * P, 4 * N]
        vertical = ops.reshape(self.vertical_of(score), (pieces, -1, 4 * 72))
        by_pulse = ops.reshape(score, (pieces, -1, 4 * four))
        told = join(by_pulse, x["attack"], x["place"])
        h = self.pitch(told)
        motion = ops.reshape(self.motion_of(score), (pieces, -1, 4 * 14))
        return self.judge(h + self.vertical(vertical) + self.motion(motion))

    @staticmethod
    def vertical_of(score: Tensor) -> Tensor:
        """Return the interval classes of the six pairs of voices, [B * S, 6 * 12].

        score: [B, S, 4 * N], step by step.
        """
        steps = ops.reshape(score, (-1, 4 * PITCHES))
        # Classes first: slices of them are a fifth as wide, and the gradients of slices are most of
        # the work.
        heard = ops.matmul(steps, constant(np.kron(np.eye(4), FOLD)))
        voice = [heard[:, 12 * i : 12 * (i + 1)] for i in range(4)]
        return join(*(interval_classes(voice[i], voice[j]) for i, j in PAIRS))

    @staticmethod
    def motion_of(score: Tensor) -> Tensor:
        """Return how far each voice goes, whether it stays, and how pairs of voices go together.

        score: [B, S, 4 * N], step by step. Result: [B, S, 4 + 4 + 6]; see `plain_motion`.
        """
        octaves = np.arange(PITCHES)[:, None] / 12.0
        height = ops.matmul(score, constant(np.kron(np.eye(4), octaves)))
        sums = constant(np.kron(np.eye(4), np.ones((PITCHES, 1))))
        stay = ops.matmul(score[:, 1:] * score[:, :-1], sums)
        first = [[0, 0], [1, 0], [0, 0]]  # nothing comes before the first step
        move = ops.pad(height[:, 1:] - height[:, :-1], first)
        turn = ops.tanh(3.0 * move)
        both = [turn[..., i : i + 1] * turn[..., j : j + 1] for i, j in PAIRS]
        return join(move, ops.pad(stay, first), *both)


def plain_motion(pitches: Any) -> Any:
    """Return what `Critic.motion_of` does, for pitches int [S, 4] of one piece, as loops in numpy:
    [S, 14].

    Octaves that each voice goes up; 1 where it stays; for each pair, 1 if they go far in one
    direction, -1 if apart.
    """
    found = np.zeros((len(pitches), 14))
    for step in range(1, len(pitches)):
        move = (pitches[step] - pitches[step - 1]) / 12
        turn = np.tanh(3 * move)
        both = [turn[i] * turn[j] for i, j in PAIRS]
        found[step] = [*move, *(move == 0), *both]
    return found


class Networks:
    """Generator and critic of one config, built, and what a training step asks of them.

    batch: tensors by name as `Windows.batch` draws them. Pieces: float [B, P, 4, 3, N], one-hot.
    """

    def __init__(self, config: ChoraleConfig) -> None:
        self.generator = Generator(config, name="generator")
        self.critic = Critic(config, name="critic")
        # Run once, because layers make their weights when they are first called.
        x = {}
        for name, (shape, dtype) in INPUTS.items():
            sizes = [8 if size is None else size for size in shape]
            x[name] = ops.zeros((1, *sizes), dtype)
        voices, _ = self.generator(x)
        self.critic(x, voices)

    def generate(self, batch: dict[str, Tensor]) -> Tensor:
        """Return pieces under the batch's melodies, decided hard; gradients go straight through."""
        voices, _ = self.generator({name: batch[name] for name in INPUTS})
        return voices

    def real(self, batch: dict[str, Tensor]) -> Tensor:
        """Return Bach's pieces under the same melodies."""
        return one_hot(batch["target"])

    def score(self, batch: dict[str, Tensor], pieces: Tensor) -> Tensor:
        """Return the critic's scores [B]."""
        return self.critic(batch, pieces)

    def supervised(self, batch: dict[str, Tensor]) -> Tensor:
        """Return the cross-entropy of Bach's own cells, in nats."""
        x = {name: batch[name] for name in INPUTS}
        return self.generator.cross_entropy(
            x,
            batch["target"],
            batch["strike"],
            batch["shown"],
            batch["counts"],
            batch["half"],
        )


def playing_model(generator: Generator) -> tuple[Any, Shapes]:
    """Return what is exported: a function of the inputs by name, and their shapes and types.

    It gives int pitches [1, P, 4, 3] and float strikes [1, P, 3]. P is a multiple of the first of
    `strides`.
    """

    def play(x: dict[str, Tensor]) -> dict[str, Tensor]:
        voices, strike = generator(x, playing=True)
        # Not argmax: Keras writes it with an operation that LiteRT lacks.
        number = constant(np.arange(PITCHES)[:, None])
        index = ops.matmul(ops.reshape(voices, (-1, PITCHES)), number)
        pitches = ops.reshape(ops.cast(ops.round(index), "int32"), (1, -1, 4, VOICES))
        return {"pitches": pitches, "strike": strike}

    shapes: Shapes = {
        name: ((1, *shape), dtype) for name, (shape, dtype) in INPUTS.items()
    }
    return play, shapes
