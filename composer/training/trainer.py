"""One iteration of training, for every family: supervised first where the family has a target, then WGAN-GP."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from math import cos, pi
from typing import Any

import numpy as np
from numpy.typing import NDArray

from composer.errors import ComposerError, ConfigError, MissingPackageError, ModelError
from composer.generators import Arrays, Family, Player

try:
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    import keras
    import tensorflow as tf
except ImportError as error:
    raise MissingPackageError(
        "training needs TensorFlow: pip install 'melody-composer[train]'"
    ) from error

from composer.generators.layers import wgan

Tensors = dict[str, Any]
State = dict[str, NDArray[Any]]
LAST_RATE = 0.03  # what the supervised learning rate falls to, as a share


@dataclass(frozen=True)
class TrainConfig:
    """How a model is trained.

    supervised_iterations, adversarial_iterations: of the two phases. batch: windows an iteration, over all machines;
    length and adversarial_length: of a window, in pulses. critic_steps: for each of the generator's. penalty: weight
    of the gradient penalty. supervised_weight: of the cross-entropy beside the Wasserstein loss. average: how much of
    the generator's running average stays at each adversarial iteration.
    report_every, save_every, snapshot_every, evaluate_every: iterations between lines of the log, checkpoints,
    snapshots of the watched melodies, and evaluations on `evaluate_pieces` pieces of the valid split. keep: how many
    of the last checkpoints stay whole.
    """

    supervised_iterations: int = 7500
    adversarial_iterations: int = 100
    batch: int = 32
    length: int = 32
    adversarial_length: int = 16
    critic_steps: int = 5
    penalty: float = 10.0
    supervised_weight: float = 1.0
    supervised_rate: float = 1e-3
    weight_decay: float = 0.03
    generator_rate: float = 4e-5
    critic_rate: float = 5e-4
    average: float = 0.99
    report_every: int = 50
    save_every: int = 200
    snapshot_every: int = 50
    evaluate_every: int = 400
    evaluate_pieces: int = 24
    keep: int = 3

    def __post_init__(self) -> None:
        for name, value in asdict(self).items():
            counts = name in ("batch", "length", "adversarial_length", "keep") or name.endswith(
                "_every"
            )
            if value < 0 or (value == 0 and counts):
                raise ConfigError(f"{name} lies above 0, got {value}")

    @property
    def iterations(self) -> int:
        """Of both phases."""
        return self.supervised_iterations + self.adversarial_iterations

    @property
    def phases(self) -> dict[str, int]:
        """Iterations of each phase, in order."""
        return {
            "supervised": self.supervised_iterations,
            "adversarial": self.adversarial_iterations,
        }

    def phase(self, iteration: int) -> str:
        """What the iteration is for: "supervised" or "adversarial"."""
        return "supervised" if iteration < self.supervised_iterations else "adversarial"


class Trainer:
    """Networks, optimisers and the running average; one iteration at a time, each drawn from (seed, iteration).

    strategy: where the work is done (tf.distribute); every replica takes its share of the batch.
    """

    def __init__(
        self,
        kind: Family,
        songs: list[Any],
        model: Any,
        config: TrainConfig,
        seed: int = 0,
        strategy: Any = None,
    ) -> None:
        keras.utils.set_random_seed(seed)
        self.kind, self.model, self.config, self.seed, self.iteration = kind, model, config, seed, 0
        self.windows = kind.windows(songs, model)
        self.strategy = strategy or tf.distribute.get_strategy()
        with self.strategy.scope():
            self.networks = kind.build(model)
            self._make_optimizers()
        self.average: list[Any] = []
        self.generate = self._everywhere(self.networks.generate)
        self.supervised_step = self._everywhere(self._supervised_step)
        self.critic_step = self._everywhere(self._critic_step)
        self.generator_step = self._everywhere(self._generator_step)
        self._play, shapes = kind.playing_model(self.networks)
        signature = {name: tf.TensorSpec(shape, dtype) for name, (shape, dtype) in shapes.items()}
        self._play = tf.function(self._play, input_signature=[signature], autograph=False)

    def _make_optimizers(self) -> None:
        config, generator, critic = self.config, self.networks.generator, self.networks.critic
        rate, decay = config.supervised_rate, config.weight_decay
        self.supervised_optimizer = keras.optimizers.AdamW(rate, beta_2=0.99, weight_decay=decay)
        self.generator_optimizer = keras.optimizers.Adam(
            config.generator_rate, beta_1=0.5, beta_2=0.9
        )
        self.critic_optimizer = keras.optimizers.Adam(config.critic_rate, beta_1=0.5, beta_2=0.9)
        self.supervised_optimizer.build(generator.trainable_variables)
        self.generator_optimizer.build(generator.trainable_variables)
        self.critic_optimizer.build(critic.trainable_variables)

    def _everywhere(self, step: Callable[..., Any]) -> Callable[..., Any]:
        """The step as a graph, run on every replica."""

        def run(*arguments: Any) -> Any:
            return self.strategy.run(step, args=arguments)

        graph: Callable[..., Any] = tf.function(run, autograph=False)
        return graph

    def iterate(self) -> dict[str, float]:
        """One iteration: its losses by name. Raises ComposerError where one is not a number."""
        rng = np.random.default_rng([self.seed, self.iteration])
        if self.config.phase(self.iteration) == "supervised":
            self.supervised_optimizer.learning_rate.assign(self._supervised_rate())
            losses = {"supervised": self.supervised_step(self._batch(rng, self.config.length))}
        else:
            losses = self.adversarial(rng)
        found = {name: self._mean(value) for name, value in losses.items()}
        if not all(np.isfinite(list(found.values()))):
            raise ComposerError(
                f"iteration {self.iteration}: a loss is not a number ({found}); the last checkpoint is good: begin "
                "anew with lower learning rates (supervised_rate, generator_rate, critic_rate) or a higher penalty"
            )
        self.iteration += 1
        return found

    def _supervised_rate(self) -> float:
        """The learning rate falls along half a cosine (Loshchilov & Hutter 2017)."""
        done = self.iteration / self.config.supervised_iterations
        return self.config.supervised_rate * (
            LAST_RATE + (1 - LAST_RATE) * 0.5 * (1 + cos(pi * done))
        )

    def adversarial(self, rng: np.random.Generator) -> Tensors:
        """The critic's steps, then the generator's."""
        losses: Tensors = {}
        batch = self._batch(rng, self.config.adversarial_length)
        fake = self.generate(batch)  # once for all of the critic's steps: it is most of their cost
        for _ in range(self.config.critic_steps):
            losses |= self.critic_step(
                batch, fake, self._shared(rng.random(self.config.batch, np.float32))
            )
        losses |= self.generator_step(self._batch(rng, self.config.adversarial_length))
        self._update_average()
        return losses

    def _batch(self, rng: np.random.Generator, length: int) -> Tensors:
        drawn = self.windows.batch(rng, self.config.batch, length)
        return {name: self._shared(values) for name, values in drawn.items()}

    def _shared(self, values: NDArray[Any]) -> Any:
        """Each replica's part of values [B, ...]."""
        count = self.strategy.num_replicas_in_sync
        if count == 1:
            return tf.constant(values)

        def part(context: Any) -> Any:
            return tf.constant(values[context.replica_id_in_sync_group :: count])

        return self.strategy.experimental_distribute_values_from_function(part)

    @property
    def is_chief(self) -> bool:
        """Whether this process is the one that writes; every process but the first of several is not."""
        resolver = self.strategy.cluster_resolver
        return resolver is None or (resolver.task_type or "chief", resolver.task_id or 0) in (
            ("chief", 0),
            ("worker", 0),
        )

    def agreed(self, wish: bool) -> bool:
        """Whether any of the processes wishes it; all hear the same answer, after the same iteration."""
        if self.strategy.num_replicas_in_sync == 1:
            return wish
        wishes = self._shared(np.full(self.strategy.num_replicas_in_sync, float(wish), np.float32))
        return self._mean(self.strategy.run(tf.reduce_max, args=(wishes,))) > 0

    def _mean(self, value: Any) -> float:
        return float(self.strategy.reduce(tf.distribute.ReduceOp.MEAN, value, axis=None))

    def _apply(self, optimizer: Any, gradients: list[Any], variables: list[Any]) -> None:
        """One step along the mean of the replicas' gradients; Keras adds them up."""
        count = self.strategy.num_replicas_in_sync
        optimizer.apply([g if g is None or count == 1 else g / count for g in gradients], variables)

    def _supervised_step(self, batch: Tensors) -> Any:
        variables = self.networks.generator.trainable_variables
        with tf.GradientTape() as tape:
            loss = self.networks.supervised(batch)
        self._apply(self.supervised_optimizer, tape.gradient(loss, variables), variables)
        return loss

    def _critic_step(self, batch: Tensors, fake: Any, share: Any) -> Tensors:
        networks, variables = self.networks, self.networks.critic.trainable_variables
        real = networks.real(batch)
        mixed = wgan.mix(real, fake, share)
        with tf.GradientTape() as tape:
            loss = wgan.critic_loss(networks.score(batch, real), networks.score(batch, fake))
            with tf.GradientTape() as inner:
                inner.watch(mixed)
                scores = networks.score(batch, mixed)
            penalty = wgan.gradient_penalty(inner.gradient(scores, mixed))
            total = loss + self.config.penalty * penalty
        self._apply(self.critic_optimizer, tape.gradient(total, variables), variables)
        return {"critic": loss, "penalty": penalty}

    def _generator_step(self, batch: Tensors) -> Tensors:
        networks, variables = self.networks, self.networks.generator.trainable_variables
        with tf.GradientTape() as tape:
            loss = wgan.generator_loss(networks.score(batch, networks.generate(batch)))
            supervised = networks.supervised(batch)
            total = loss + self.config.supervised_weight * supervised
        self._apply(self.generator_optimizer, tape.gradient(total, variables), variables)
        return {"generator": loss, "supervised": supervised}

    def _update_average(self) -> None:
        """The running average of the generator's weights, from the first adversarial iteration on."""
        now = [v.numpy() for v in self.networks.generator.trainable_variables]
        keep = self.config.average
        self.average = [
            keep * a + (1 - keep) * w for a, w in zip(self.average or now, now, strict=True)
        ]

    @contextmanager
    def averaged(self) -> Iterator[None]:
        """The averaged weights, where there are any, in place of the last ones."""
        variables = self.networks.generator.trainable_variables
        last = [v.numpy() for v in variables] if self.average else []
        _assign(variables, self.average)
        try:
            yield
        finally:
            _assign(variables, last)

    def player(self) -> Player:
        """What plays with the weights as they stand; as an exported model does, without its files."""

        def run(inputs: Arrays) -> Arrays:
            return {name: value.numpy() for name, value in self._play(inputs).items()}

        return Player(self.kind, self.model, run)

    def state(self) -> State:
        """All that resuming needs, and the weights that play, as arrays by name."""
        held = {f"v{i}": v.numpy() for i, v in enumerate(self._variables())}
        mean = {f"a{i}": np.asarray(a) for i, a in enumerate(self.average)}
        with self.averaged():
            plays = {f"g{i}": v.numpy() for i, v in enumerate(self.networks.generator.variables)}
        return {"iteration": np.array(self.iteration), **held, **mean, **plays}

    def restore(self, state: State) -> None:
        """Go on from a `state`. Raises ModelError where it does not fit."""
        self._fill(self._variables(), "v", state)
        self.average = [state[f"a{i}"] for i in range(len(state)) if f"a{i}" in state]
        self.iteration = int(state["iteration"])

    def restore_playing(self, state: State) -> None:
        """Take only the weights that play. Raises ModelError where they do not fit."""
        self._fill(self.networks.generator.variables, "g", state)
        self.iteration = int(state["iteration"])

    @staticmethod
    def _fill(variables: list[Any], letter: str, state: State) -> None:
        try:
            _assign(variables, [state[f"{letter}{i}"] for i in range(len(variables))])
        except (KeyError, ValueError) as error:
            raise ModelError(f"the checkpoint does not fit this model: {error}") from error

    def _variables(self) -> list[Any]:
        optimizers = (self.supervised_optimizer, self.generator_optimizer, self.critic_optimizer)
        networks = (self.networks.generator, self.networks.critic)
        return [v for owner in (*networks, *optimizers) for v in owner.variables]


def _assign(variables: list[Any], values: list[Any]) -> None:
    for variable, value in zip(variables, values, strict=False):
        variable.assign(value)
