"""Train on several devices or machines at once, each with its share of every batch (tf.distribute).

`mirrored` uses all GPUs of this machine. `multi-worker` is a process on each machine, which knows
the others by the environment variable TF_CONFIG, as TensorFlow documents it: {"cluster":
{"worker": ["host1:2222", "host2:2222"]}, "task": {"type": "worker", "index": 0}}.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from composer.errors import ConfigError

STRATEGIES = ("mirrored", "multi-worker")
EXAMPLE = '{"cluster": {"worker": ["host1:2222", "host2:2222"]}, "task": {"type": "worker", "index": 0}}'


def open_strategy(name: str | None) -> Any:
    """Return the strategy of that name, None for None.

    Call it before anything else uses TensorFlow. `multi-worker` waits for the other processes.
    Raise ConfigError for an unknown name, or if TF_CONFIG does not describe a cluster.
    """
    if name is None:
        return None
    if name not in STRATEGIES:
        raise ConfigError(f"a strategy is one of {', '.join(STRATEGIES)}, got {name!r}")
    if name == "mirrored":
        return tf.distribute.MirroredStrategy()
    # TensorFlow would wait for ever for processes that a wrong cluster names.
    _check_cluster(os.environ.get("TF_CONFIG", ""))
    return tf.distribute.MultiWorkerMirroredStrategy()


def _check_cluster(text: str) -> None:
    """Raise ConfigError if `text` is not a TF_CONFIG with a place for this process."""
    try:
        found = json.loads(text)
        workers = found["cluster"]["worker"]
        task = found["task"]
        good = task["type"] == "worker" and 0 <= task["index"] < len(workers)
    except (ValueError, KeyError, TypeError):
        good = False
    if not good:
        raise ConfigError(
            f"multi-worker needs TF_CONFIG={EXAMPLE} with the index of this process, "
            f"got {text or 'nothing'}"
        )


class Replicas:
    """The devices that train together; usually one.

    strategy: of tf.distribute; by default this machine alone.
    """

    def __init__(self, strategy: Any = None) -> None:
        self.strategy = strategy or tf.distribute.get_strategy()

    @property
    def count(self) -> int:
        """Return how many devices there are, over all processes."""
        return int(self.strategy.num_replicas_in_sync)

    @property
    def is_chief(self) -> bool:
        """Return True in the one process that writes files: the first."""
        # Two processes that write one run folder would destroy it.
        resolver = self.strategy.cluster_resolver
        if resolver is None:
            return True
        task = (resolver.task_type or "chief", resolver.task_id or 0)
        return task in (("chief", 0), ("worker", 0))

    def scope(self) -> Any:
        """Return the context in which networks and optimisers are to be made."""
        return self.strategy.scope()

    def everywhere(self, step: Callable[..., Any]) -> Callable[..., Any]:
        """Return `step` as a graph that runs on every device."""

        def run(*arguments: Any) -> Any:
            return self.strategy.run(step, args=arguments)

        graph: Callable[..., Any] = tf.function(run, autograph=False)
        return graph

    def shared(self, values: NDArray[Any]) -> Any:
        """Give each device its share of `values` [B, ...]."""
        # Every process draws the same whole batch from the same seed, and takes its own part.
        count = self.count
        if count == 1:
            return tf.constant(values)

        def share(context: Any) -> Any:
            return tf.constant(values[context.replica_id_in_sync_group :: count])

        return self.strategy.experimental_distribute_values_from_function(share)

    def mean(self, value: Any) -> float:
        """Return the mean of a number over the devices."""
        return float(
            self.strategy.reduce(tf.distribute.ReduceOp.MEAN, value, axis=None)
        )

    def agreed(self, wish: bool) -> bool:
        """Return True if any process wishes it; all processes get the same answer."""
        # A process that stopped alone would leave the others waiting for its gradients.
        if self.count == 1:
            return wish
        wishes = self.shared(np.full(self.count, float(wish), np.float32))
        return self.mean(self.strategy.run(tf.reduce_max, args=(wishes,))) > 0

    def descend(
        self, optimizer: Any, gradients: list[Any], variables: list[Any]
    ) -> None:
        """Take one step of `optimizer` along the mean of the devices' gradients."""
        # Keras adds the gradients of the devices up.
        if self.count > 1:
            gradients = [g if g is None else g / self.count for g in gradients]
        optimizer.apply(gradients, variables)
