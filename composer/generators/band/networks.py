"""Generator and critic of family `band`, in Keras 3 layers and operations (any backend).

Shapes: B pieces, P pulses, 4 steps a pulse, T tracks, F cells in all, N of one track, K chords, C
channels. The generator works on rows, R = B * P pulses one after another (see `layers.pulses`), or
on some of them, r.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import keras
import numpy as np
from keras import layers, ops

from composer.generators.band.config import PLACES, BandConfig, chord_masks
from composer.generators.family import Shapes
from composer.generators.layers.harmony import interval_classes
from composer.generators.layers.judge import TwoScores
from composer.generators.layers.pulses import (
    Stack,
    constant,
    every,
    join,
    later,
    rows,
    sample,
)

Tensor = Any

NEVER = 1e4  # taken from the logit of a cell that may not sound


def inputs(config: BandConfig) -> Shapes:
    """Return the shapes, without the batch axis, and types of the generator's inputs."""
    tracks = len(config.names)
    cells = len(config.cells)
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
    """Return rows 1, 3, 5 ...: [r, F] to [r / 2, F]; pieces have an even number of rows."""
    return ops.reshape(x, (-1, 2 * x.shape[-1]))[:, x.shape[-1] :]


def weave(even: Tensor, odd: Tensor) -> Tensor:
    """Return rows of two in turn, both [r / 2, F]: [r, F]."""
    return ops.reshape(join(even, odd), (-1, even.shape[-1]))


def toss(
    logits: Tensor,
    uniform: Tensor,
    temperature: float,
    min_p: float,
    soft: bool,
) -> Tensor:
    """Return 1 where `uniform` lies below the probability, else 0; what is less likely than `min_p`
    never is.

    soft: gradients go straight through the hard decision to the probability.
    """
    p = ops.sigmoid(logits if temperature == 1 else logits / temperature)
    likely = p * ops.cast(p >= min_p, "float32") if min_p else p
    hard = ops.cast(uniform < likely, "float32")
    return p + ops.stop_gradient(hard - p) if soft else hard


def below(x: Tensor) -> Tensor:
    """Return how many lower cells are set, for each cell: [r, N] to the same.

    A running sum, as a product: on every backend the same, and it converts to LiteRT.
    """
    return ops.matmul(x, constant(np.triu(np.ones((x.shape[-1],) * 2), 1)))


def above(x: Tensor) -> Tensor:
    """Return how many higher cells are set, for each cell: [r, N] to the same."""
    return ops.matmul(x, constant(np.tril(np.ones((x.shape[-1],) * 2), -1)))


def plain_below(x: Any) -> Any:
    """Return what `below` does, in numpy."""
    return np.cumsum(x, axis=-1) - x


def plain_above(x: Any) -> Any:
    """Return what `above` does, in numpy."""
    return np.cumsum(x[:, ::-1], axis=-1)[:, ::-1] - x


@dataclass(frozen=True)
class Spot:
    """The rows that are decided: those of every `stride`th pulse, of these the odd ones if
    `halved`; at `step`.
    """

    stride: int = 1
    halved: bool = False
    step: int = 0

    def pick(self, x: Tensor, pieces: int) -> Tensor:
        """Return those rows of [R, F]."""
        kept = every(x, self.stride, pieces)
        return odd(kept) if self.halved else kept


class Voicing(layers.Layer):
    """The cells of one track at one step: silence, or the lowest, then the highest, then those
    between.

    So any number of notes can sound, and one is no harder to learn than four. holds: a symbol more,
    "as before".
    """

    def __init__(self, cells: int, channels: int, holds: bool, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.cells = cells
        self.holds = holds
        self.lowest = layers.Dense(1 + cells + holds)
        self.see_lowest = layers.Dense(channels)
        self.highest = layers.Dense(cells)
        self.see_both = layers.Dense(channels)
        self.between = layers.Dense(cells)

    def build(self, *_: Any) -> None:
        """Make nothing of its own; its layers make theirs when they are first called."""

    def lowest_logits(self, state: Tensor, out: Tensor) -> Tensor:
        """Return logits of silence, each cell, and holding on: [r, 1 + N + holds].

        state: [r, C]. out: large where a cell is not allowed.
        """
        return self.lowest(state) - ops.pad(out, [[0, 0], [1, int(self.holds)]])

    def highest_logits(self, state: Tensor, out: Tensor, low: Tensor) -> Tensor:
        """Return logits of the highest cell [r, N], given the lowest one-hot [r, N]: not below
        it.
        """
        seen = ops.relu(state + self.see_lowest(low))
        return self.highest(seen) - out - NEVER * above(low)

    def between_logits(
        self,
        state: Tensor,
        out: Tensor,
        low: Tensor,
        high: Tensor,
    ) -> Tensor:
        """Return logits of each cell [r, N], if it lies between the lowest and the highest."""
        seen = ops.relu(state + self.see_both(join(low, high)))
        return self.between(seen) - out


class Chooser(Protocol):
    """The one that answers when the generator asks: a draw, when playing, or the song that is
    learnt from.

    So what is played and what is learnt are decided by one piece of code, in one order.
    """

    def chord(self, logits: Tensor, spot: Spot) -> Tensor:
        """Return the chord, one-hot [r, K]."""

    def voicing(
        self,
        layer: Voicing,
        state: Tensor,
        seen: BandView,
        spot: Spot,
        track: int,
        held: Tensor | None = None,
    ) -> Tensor:
        """Return the cells that sound [r, N], 0 or 1. held: those that a hold goes on with."""

    def again(self, logits: Tensor, common: Tensor, track: int) -> Tensor:
        """Return which notes that go on are struck again, [R, 4 * N].

        common: 1 where cells go on. logits: [R, 4 + 4 * N], of any at each step, and of each cell
        then.
        """


class BandView:
    """The piece as every decision sees it: the encoded melody h [R, C], its pitch classes [R, 12],
    cells out of range.
    """

    def __init__(
        self,
        generator: Generator,
        x: dict[str, Tensor],
        training: bool,
    ) -> None:
        config = generator.config
        self.training = training
        self.pieces = x["melody"].shape[0]
        melody = rows(ops.one_hot(x["melody"], config.melody_pitches, dtype="float32"))
        by_class = _pitch_classes(config)
        self.classes = ops.matmul(melody, constant(np.tile(by_class, (4, 1)) / 4))
        member = np.eye(len(config.names))[config.cells.track]
        # A track that a piece lacks has no cell that may sound; that is told at every pulse.
        present = ops.minimum(ops.matmul(x["allowed"], constant(member)), 1.0)  # [B, T]
        places = self._each(present, x["attack"][:, :, :1])
        heard = join(
            melody,
            self.classes,
            rows(x["attack"]),
            rows(x["place"]),
            places,
        )
        self.h = generator.encoder(heard, pieces=self.pieces, training=training)
        self._out = [
            NEVER * (1.0 - x["allowed"][:, span]) for span in config.cells.spans
        ]

    def _each(self, x: Tensor, like: Tensor) -> Tensor:
        """Return what holds for a piece, [B, F], on its every row: [any, F]; like: [B, rows, 1]."""
        return rows(ops.expand_dims(x, 1) + 0.0 * like)

    def out(self, track: int, state: Tensor) -> Tensor:
        """Return a number that is large where a track's cells are out of range, for the rows of
        `state`: [r, N].
        """
        out = self._out[track]
        # Of one piece, one row serves all.
        if self.pieces == 1:
            return out
        return self._each(out, ops.reshape(state[:, :1], (self.pieces, -1, 1)))


def _pitch_classes(config: BandConfig) -> Any:
    """Return the pitch class of each pitch of a melody, counted from its lowest: [pitch, 12]."""
    count = config.melody_pitches
    # Rounded up, and then cut to the pitches that there are.
    octaves = -(-count // 12)
    return np.tile(np.eye(12), (octaves, 1))[:count]


class Generator(keras.Model):
    """Plans chords, then decides the tracks in order, coarse to fine, each seeing all that was
    decided before.

    A plan of chords lets tracks that never meet in time agree; decided without it, each follows the
    melody alone.
    """

    def __init__(self, config: BandConfig, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.config = config
        self.pitched = [t for t, drum in enumerate(config.drums) if not drum]
        self._add_plan(config)
        self._add_on_pulse(config)
        self._add_between(config)
        self._add_again(config)

    # The order in which layers are made, and their names, must stay: saved weights lie by both.

    def _add_plan(self, config: BandConfig) -> None:
        """Add the layers that read the melody and plan chords."""
        width = config.channels
        drop = config.dropout
        rounds = range(len(config.strides))
        self.encoder = Stack(width, config.encoder_blocks, drop, name="encoder")
        self.plan = [
            Stack(width, config.plan_blocks, drop, name=f"plan_{i}") for i in rounds
        ]
        self.chord = [
            layers.Dense(len(config.chords), name=f"chord_{i}") for i in rounds
        ]

    def _add_on_pulse(self, config: BandConfig) -> None:
        """Add the layers of each round that decide what sounds on the pulses."""
        rounds = range(len(config.strides))
        self.coarse = [self._stacks(f"coarse_{i}", config.track_blocks) for i in rounds]
        self.on_pulse = [self._voicings(f"on_pulse_{i}", False) for i in rounds]

    def _add_between(self, config: BandConfig) -> None:
        """Add the layers that decide what sounds between pulses."""
        self.half = self._stacks("half", config.fine_blocks)
        self.quarter = self._stacks("quarter", config.fine_blocks)
        self.steps = [self._voicings(f"step_{step}", True) for step in (1, 2, 3)]

    def _add_again(self, config: BandConfig) -> None:
        """Add the layers that decide which notes that go on are struck again."""
        width = config.channels
        counts = config.cells.counts
        self.see_notes = [
            layers.Dense(width, name=f"see_notes_{t}") for t in self.pitched
        ]
        self.again = [
            layers.Dense(4 + 4 * counts[t], name=f"again_{t}") for t in self.pitched
        ]
        for group in (*self.on_pulse, *self.steps):
            for layer in group:
                layer.build()

    def _stacks(self, name: str, blocks: int) -> list[Stack]:
        """Return a stack for each track."""
        width = self.config.channels
        drop = self.config.dropout
        tracks = range(len(self.config.names))
        return [Stack(width, blocks, drop, name=f"{name}_{t}") for t in tracks]

    def _voicings(self, name: str, holds: bool) -> list[Voicing]:
        """Return a voicing for each track."""
        config = self.config
        found = []
        for t, count in enumerate(config.cells.counts):
            # A stroke of drums has no length, so nothing holds on.
            may_hold = holds and not config.drums[t]
            found.append(Voicing(count, config.channels, may_hold, name=f"{name}_{t}"))
        return found

    def call(
        self,
        x: dict[str, Tensor],
        training: bool = False,
        playing: bool = False,
    ) -> tuple[Tensor, Tensor]:
        """Return (what sounds, where notes start), both [B, P, 4, F] of 0 and 1.

        playing: the config's temperature and min_p; else the bare distribution.
        """
        seen = BandView(self, x, training)
        return self.decide(seen, Draws(self.config, x, playing))

    def decide(self, seen: BandView, choose: Chooser) -> tuple[Tensor, Tensor]:
        """Return the piece that `choose` answers with: sound and onset [B, P, 4, F]."""
        plan = self._chords(seen, choose)
        on_pulse = self._coarse(seen, choose, plan)
        steps = self._fine(seen, choose, plan, on_pulse)
        return self._struck(seen, choose, steps)

    def _chords(self, seen: BandView, choose: Chooser) -> Tensor:
        """Return the plan: each pulse's chord, as one of K and as pitch classes [R, K + 12]."""
        known = None
        for turn, stride in enumerate(self.config.strides):
            h = every(seen.h, stride, seen.pieces)
            told = every(seen.classes, stride, seen.pieces)
            # Chords that are not known yet are rows of zeros between those of the round before.
            if known is not None:
                told = join(told, weave(known, 0.0 * known))
            state = self.plan[turn](told, h, pieces=seen.pieces, training=seen.training)
            logits = self.chord[turn](odd(state) if turn else state)
            # From the second round on, only the pulses half-way are still open.
            drawn = choose.chord(logits, Spot(stride, halved=turn > 0))
            known = drawn if known is None else weave(known, drawn)
        masks = constant(chord_masks(self.config.chords))
        return join(known, ops.matmul(known, masks))

    def _coarse(self, seen: BandView, choose: Chooser, plan: Tensor) -> list[Tensor]:
        """Return the cells of each track on the pulses, [R, N] each."""
        known: list[Tensor] = []
        # Far apart pulses first: they give a piece its shape, those between only fill it in.
        for turn, stride in enumerate(self.config.strides):
            h = every(seen.h, stride, seen.pieces)
            chords = every(plan, stride, seen.pieces)
            coarser = known
            known = [weave(k, 0.0 * k) for k in coarser]
            spot = Spot(stride, turn > 0)
            for t, stack in enumerate(self.coarse[turn]):
                state = stack(
                    join(chords, *known),
                    h,
                    pieces=seen.pieces,
                    training=seen.training,
                )
                open_rows = odd(state) if turn else state
                drawn = choose.voicing(
                    self.on_pulse[turn][t],
                    open_rows,
                    seen,
                    spot,
                    t,
                )
                # In the first round `known` grows by a track, later the track's pulses half-way are
                # filled in.
                known[t : t + 1] = [weave(coarser[t], drawn) if turn else drawn]
        return known

    def _fine(
        self,
        seen: BandView,
        choose: Chooser,
        plan: Tensor,
        now: list[Tensor],
    ) -> list[list[Tensor]]:
        """Return the cells at each of the four steps, of each track: [step][track], [R, N]."""
        # The next pulse is known by now, so that what moves between can lead to it.
        told = join(plan, *now, *(later(n, 1, seen.pieces) for n in now))
        half: list[Tensor] = []
        for t, stack in enumerate(self.half):
            known = join(told, *half)
            state = stack(known, seen.h, pieces=seen.pieces, training=seen.training)
            layer = self.steps[1][t]
            drawn = choose.voicing(layer, state, seen, Spot(step=2), t, now[t])
            half.append(drawn)
        first, third = self._quarters(seen, choose, told, now, half)
        return [now, first, half, third]

    def _quarters(
        self,
        seen: BandView,
        choose: Chooser,
        told: Tensor,
        now: list[Tensor],
        half: list[Tensor],
    ) -> tuple[list[Tensor], list[Tensor]]:
        """Return the cells of each track at steps 1 and 3, [R, N] each; now, half: at steps 0 and
        2.
        """
        first: list[Tensor] = []
        third: list[Tensor] = []
        # With step 2 known on either side, a track decides both steps that are left from one state.
        for t, stack in enumerate(self.quarter):
            known = join(told, *half, *first, *third)
            state = stack(known, seen.h, pieces=seen.pieces, training=seen.training)
            for step, held, found in ((1, now, first), (3, half, third)):
                layer = self.steps[step - 1][t]
                drawn = choose.voicing(layer, state, seen, Spot(step=step), t, held[t])
                found.append(drawn)
        return first, third

    def _struck(
        self,
        seen: BandView,
        choose: Chooser,
        steps: list[list[Tensor]],
    ) -> tuple[Tensor, Tensor]:
        """Return sound and onset [B, P, 4, F]: a cell that goes on is held, unless it is struck
        again; drums are struck.
        """
        sounds = []
        onsets = []
        for t, count in enumerate(self.config.cells.counts):
            sound = join(*(step[t] for step in steps))  # [R, 4 * N]
            onset = sound
            # A pitch that sounds at two steps may be one note or two; that is a decision of its
            # own.
            if t in self.pitched:
                last_step = later(steps[3][t], -1, seen.pieces)
                before = join(last_step, sound[:, : 3 * count])
                onset = self._onset(seen, choose, sound, before, t)
            sounds.append(ops.reshape(sound, (-1, count)))
            onsets.append(ops.reshape(onset, (-1, count)))
        shape = (seen.pieces, -1, 4, len(self.config.cells))
        return ops.reshape(join(*sounds), shape), ops.reshape(join(*onsets), shape)

    def _onset(
        self,
        seen: BandView,
        choose: Chooser,
        sound: Tensor,
        before: Tensor,
        track: int,
    ) -> Tensor:
        """Return where notes of a pitched track start; sound and, a step before, `before`: [R, 4 *
        N].
        """
        i = self.pitched.index(track)
        common = sound * before
        notes = self.see_notes[i](join(sound, before))
        logits = self.again[i](ops.relu(seen.h + notes))
        return sound - common * (1.0 - choose.again(logits, common, track))

    def cross_entropy(
        self,
        x: dict[str, Tensor],
        plan: Tensor,
        sound: Tensor,
        onset: Tensor,
    ) -> Tensor:
        """Return the mean negative log-likelihood of a song, in nats a pulse and track.

        plan: int [B, P]. sound, onset: [B, P, 4, F].
        """
        answers = Answers(self.config, plan, sound, onset)
        self.decide(BandView(self, x, True), answers)
        return answers.loss / (plan.shape[0] * plan.shape[1] * len(self.config.names))


class Draws:
    """Answers at random, by the numbers that came with the piece; the methods are those of
    Chooser.
    """

    def __init__(self, config: BandConfig, x: dict[str, Tensor], playing: bool) -> None:
        # Between pulses no tail is cut: each of many moves is unlikely beside holding on, together
        # they are the rhythm.
        self.between = (1.0, 0.0, not playing)
        self.knobs = (
            (config.temperature, config.min_p, False) if playing else self.between
        )
        self.pieces = x["melody"].shape[0]
        self.tracks = len(config.names)
        self.spans = config.cells.spans
        self.chords = rows(x["chord"])
        # Of each pulse all numbers in one row, its four steps one after another, so that those of a
        # decision are a slice of columns.
        self.ends = _by_pulse(x["ends"])
        self.inner = _by_pulse(x["inner"])
        self.numbers = rows(x["again"], 3)  # [4 * R, any]

    def chord(self, logits: Tensor, spot: Spot) -> Tensor:
        """Return chords as drawn."""
        return sample(logits, spot.pick(self.chords, self.pieces), *self.knobs)

    def voicing(
        self,
        layer: Voicing,
        state: Tensor,
        seen: BandView,
        spot: Spot,
        track: int,
        held: Tensor | None = None,
    ) -> Tensor:
        """Return cells as drawn: the lowest, the highest, those between."""
        ends, numbers = self._numbers(spot, track)
        out = seen.out(track, state)
        knobs = self.between if spot.step else self.knobs
        symbol = sample(layer.lowest_logits(state, out), ends[:, :1], *knobs)
        low = symbol[:, 1 : layer.cells + 1]
        # Without a lowest cell the track is silent, and has no highest one either.
        sounding = ops.sum(low, axis=-1, keepdims=True)
        highest = sample(
            layer.highest_logits(state, out, low),
            ends[:, 1:],
            *self.knobs,
        )
        high = sounding * highest
        tossed = toss(layer.between_logits(state, out, low, high), numbers, *self.knobs)
        inside = tossed * above(high) * below(low)
        silent = (1.0 - low) * (1.0 - high) * (1.0 - inside)
        cells = 1.0 - silent
        if layer.holds and held is not None:
            return cells + symbol[:, -1:] * held
        return cells

    def _numbers(self, spot: Spot, track: int) -> tuple[Tensor, Tensor]:
        """Return the numbers of a track's lowest and highest cell [r, 2], and of its cells [r,
        N].
        """
        at = 2 * (self.tracks * spot.step + track)
        ends = self.ends[:, at : at + 2]
        span = self.spans[track]
        first = self.spans[-1].stop * spot.step
        inner = self.inner[:, first + span.start : first + span.stop]
        return spot.pick(ends, self.pieces), spot.pick(inner, self.pieces)

    def again(self, logits: Tensor, common: Tensor, track: int) -> Tensor:
        """Return which notes are struck again as drawn: whether any is, then which."""
        span = self.spans[track]
        count = common.shape[-1] // 4
        any_is = ops.reshape(self.numbers[:, track : track + 1], (-1, 4))
        which = self.numbers[:, self.tracks + span.start : self.tracks + span.stop]
        numbers = join(any_is, ops.reshape(which, (-1, 4 * count)))
        tossed = toss(logits, numbers, *self.between)
        to_cells = constant(np.kron(np.eye(4), np.ones((1, count))))
        return tossed[:, 4:] * ops.matmul(tossed[:, :4], to_cells)


def _by_pulse(x: Tensor) -> Tensor:
    """Return [B, P, 4, W] as [R, 4 * W]."""
    by_step = rows(x, 3)
    return ops.reshape(by_step, (-1, 4 * by_step.shape[-1]))


class Answers:
    """Answers as the song goes, and adds up how unlikely that was: `loss`, in nats; the methods are
    those of Chooser.
    """

    def __init__(
        self,
        config: BandConfig,
        plan: Tensor,
        sound: Tensor,
        onset: Tensor,
    ) -> None:
        self.loss: Tensor = 0.0
        self.pieces = plan.shape[0]
        self.spans = config.cells.spans
        self.plan = ops.one_hot(
            ops.reshape(plan, (-1,)),
            len(config.chords),
            dtype="float32",
        )
        self.sound = sound
        self.onset = onset

    def chord(self, logits: Tensor, spot: Spot) -> Tensor:
        """Return the song's chords."""
        answer = spot.pick(self.plan, self.pieces)
        self._add(-ops.sum(answer * ops.log_softmax(logits, axis=-1)))
        return answer

    def voicing(
        self,
        layer: Voicing,
        state: Tensor,
        seen: BandView,
        spot: Spot,
        track: int,
        held: Tensor | None = None,
    ) -> Tensor:
        """Return the song's cells."""
        out = seen.out(track, state)
        sound = self.sound[:, :, spot.step, self.spans[track]]
        answer = spot.pick(rows(sound), self.pieces)
        low = answer * ops.cast(below(answer) == 0, "float32")
        high = answer * ops.cast(above(answer) == 0, "float32")
        # While a track holds on, its cells are no decision: only that it holds is asked.
        moves: Tensor = 1.0
        symbol = join(1.0 - ops.sum(low, axis=-1, keepdims=True), low)
        if layer.holds and held is not None:
            moves = _changes(answer, held)
            symbol = join(moves * symbol, 1.0 - moves)
        likely = ops.log_softmax(layer.lowest_logits(state, out), axis=-1)
        self._add(-ops.sum(symbol * likely))
        likely = ops.log_softmax(layer.highest_logits(state, out, low), axis=-1)
        self._add(-ops.sum(moves * high * likely))
        # Only cells that lie between the two ends, and may sound, are asked for.
        logits = layer.between_logits(state, out, low, high)
        inside = ops.minimum(above(high) * below(low), 1.0)
        asked = moves * inside * ops.cast(out < 1.0, "float32")
        self._add(_tossed_loss(asked, logits, answer))
        return answer

    def again(self, logits: Tensor, common: Tensor, track: int) -> Tensor:
        """Return which notes the song strikes again."""
        count = common.shape[-1] // 4
        by_step = constant(np.kron(np.eye(4), np.ones((count, 1))))
        struck = common * rows(self.onset[:, :, :, self.spans[track]])
        some = ops.minimum(ops.matmul(struck, by_step), 1.0)
        # Whether any is struck is asked where a cell goes on; which, where any is.
        any_asked = ops.minimum(ops.matmul(common, by_step), 1.0)
        which_asked = common * ops.matmul(some, ops.transpose(by_step))
        asked = join(any_asked, which_asked)
        self._add(_tossed_loss(asked, logits, join(some, struck)))
        return struck

    def _add(self, loss: Tensor) -> None:
        self.loss = self.loss + loss


def _tossed_loss(asked: Tensor, logits: Tensor, answer: Tensor) -> Tensor:
    """Return how unlikely 0 or 1 in `answer` are, in nats, summed over what is `asked`."""
    unlikely = ops.softplus(logits) - logits * answer
    return ops.sum(asked * unlikely)


def _changes(answer: Tensor, held: Tensor) -> Tensor:
    """Return 1 for the rows in which a track does not hold on, [r, N] each: [r, 1]."""
    changed = ops.sum(ops.abs(answer - held), axis=-1, keepdims=True)
    return ops.minimum(changed, 1.0)


class Critic(keras.Model):
    """Scores a piece by what is heard: cells, each track's harmony with the melody and the others,
    and rhythm.
    """

    def __init__(self, config: BandConfig, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        c = config.critic_channels
        self.count = config.melody_pitches
        self.tracks = len(config.names)
        self.pitch = layers.Dense(c)
        self.vertical = layers.Dense(c)
        self.rhythm = layers.Dense(c)
        self.judge = TwoScores(c, name="judge")
        self.pitched = [t for t, drum in enumerate(config.drums) if not drum]
        self._classes = _pitch_classes(config)
        self._heard = heard_in(config)

    def call(self, x: dict[str, Tensor], piece: Tensor) -> Tensor:
        """Return scores [B] of `piece` [B, P, 4, 2 * F] (sound and onset; or between two) under the
        melody in `x`.
        """
        pieces = x["melody"].shape[0]
        melody = ops.one_hot(x["melody"], self.count, dtype="float32")
        tune = ops.matmul(rows(melody, 3), constant(self._classes))
        heard = ops.matmul(
            rows(piece, 3), constant(self._heard)
        )  # [4 * R, 12 * T + 2 * T]
        classes = [heard[:, 12 * t : 12 * (t + 1)] for t in self.pitched]
        vertical = self._harmony(tune, classes)
        shown = (piece, melody, x["attack"], x["place"])
        told = [self._by_pulse(one, pieces) for one in shown]
        h = self.pitch(join(*told))
        h = h + self.vertical(self._by_pulse(vertical, pieces))
        density = heard[:, 12 * self.tracks :]
        h = h + self.rhythm(self._by_pulse(density, pieces))
        return self.judge(h)

    @staticmethod
    def _harmony(tune: Tensor, classes: list[Tensor]) -> Tensor:
        """Return the intervals of the melody and of each pitched track, [rows, 12] each, in what is
        heard: [rows, any].
        """
        # Each track against all together: pairs of all tracks would be too many to learn from.
        everyone = sum(classes, tune)
        pairs = [interval_classes(everyone, one) for one in (tune, *classes)]
        return 0.3 * join(*pairs)

    @staticmethod
    def _by_pulse(x: Tensor, pieces: int) -> Tensor:
        """Return [B, P, ...], or [4 * R, F] by step, as [B, P, any]."""
        width = int(np.prod(x.shape[2:])) if len(x.shape) > 2 else 4 * x.shape[-1]
        return ops.reshape(x, (pieces, -1, width))


def heard_in(config: BandConfig) -> Any:
    """Return the matrix from sound and onset of the cells to what is heard of them, [2 * F, 14 *
    T].

    The pitch classes of each track (drums have none), then how many cells sound, then how many
    start; of pitched tracks these count a third, so that a chord weighs as a stroke of drums does.
    See `plain_heard`.
    """
    cells = config.cells
    member = np.eye(len(config.names))[cells.track]  # [F, T]
    by_class = np.eye(12)[cells.pitch % 12] * ~cells.drum[:, None]
    classes = (by_class[:, None] * member[:, :, None]).reshape(
        len(cells), -1
    )  # [F, T * 12]
    density = member * np.where(cells.drum, 1.0, 1 / 3)[:, None]
    none = np.zeros_like(density)
    return np.block([[classes, density, none], [0 * classes, none, density]])


def plain_heard(config: BandConfig, sound: Any, onset: Any) -> Any:
    """Return what `heard_in` gives of one step, sound and onset [F], as loops in numpy: [14 *
    T].
    """
    tracks = len(config.names)
    cells = config.cells
    classes = np.zeros((tracks, 12))
    sounding = np.zeros(tracks)
    starting = np.zeros(tracks)
    for cell in range(len(cells)):
        track = cells.track[cell]
        weight = 1 if cells.drum[cell] else 1 / 3
        sounding[track] += weight * sound[cell]
        starting[track] += weight * onset[cell]
        if not cells.drum[cell]:
            classes[track, cells.pitch[cell] % 12] += sound[cell]
    return np.concatenate([classes.ravel(), sounding, starting])


class Networks:
    """Generator and critic of one config, built, and what a training step asks of them.

    batch: tensors by name as `Windows.batch` draws them. Pieces: float [B, P, 4, 2 * F], sound and
    onset.
    """

    def __init__(self, config: BandConfig) -> None:
        self.generator = Generator(config, name="generator")
        self.critic = Critic(config, name="critic")
        self.inputs = inputs(config)
        # Run once, because layers make their weights when they are first called.
        length = 2 * config.strides[0]
        x = {}
        for name, (shape, dtype) in self.inputs.items():
            sizes = [size or length for size in shape]
            x[name] = ops.zeros((1, *sizes), dtype)
        self.critic(x, join(*self.generator(x)))

    def generate(self, batch: dict[str, Tensor]) -> Tensor:
        """Return pieces under the batch's melodies, decided hard; gradients go straight through."""
        return join(*self.generator({name: batch[name] for name in self.inputs}))

    def real(self, batch: dict[str, Tensor]) -> Tensor:
        """Return the songs' own tracks under the same melodies."""
        return join(batch["sound"], batch["onset"])

    def score(self, batch: dict[str, Tensor], pieces: Tensor) -> Tensor:
        """Return the critic's scores [B]."""
        return self.critic(batch, pieces)

    def supervised(self, batch: dict[str, Tensor]) -> Tensor:
        """Return the cross-entropy of the songs' own tracks, in nats a pulse and track."""
        x = {name: batch[name] for name in self.inputs}
        return self.generator.cross_entropy(
            x,
            batch["plan"],
            batch["sound"],
            batch["onset"],
        )


def playing_model(generator: Generator) -> tuple[Any, Shapes]:
    """Return what is exported: a function of the inputs by name, and their shapes and types.

    It gives sound and onset, float [1, P, 4, F]. P is a multiple of the first of `strides`.
    """

    def play(x: dict[str, Tensor]) -> dict[str, Tensor]:
        sound, onset = generator(x, playing=True)
        return {"sound": sound, "onset": onset}

    shapes: Shapes = {}
    for name, (shape, dtype) in inputs(generator.config).items():
        shapes[name] = ((1, *shape), dtype)
    return play, shapes
