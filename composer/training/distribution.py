"""Training on several devices or machines at once (tf.distribute): synchronous, each taking its part of the batch.

`mirrored`: all GPUs of this machine. `multi-worker`: a process on each machine, told of the others by the environment
variable TF_CONFIG as TensorFlow documents it:
{"cluster": {"worker": ["host1:2222", "host2:2222"]}, "task": {"type": "worker", "index": 0}}.
"""

from __future__ import annotations

import json
import os
from typing import Any

from composer.errors import ConfigError, MissingPackageError

STRATEGIES = ("mirrored", "multi-worker")


def open_strategy(name: str | None) -> Any:
    """The strategy of that name, None for None. Called first of all: TensorFlow must not have worked before.

    `multi-worker` waits for the other processes. Raises ConfigError for an unknown name or a TF_CONFIG that is none.
    """
    if name is None:
        return None
    if name not in STRATEGIES:
        raise ConfigError(f"a strategy is one of {', '.join(STRATEGIES)}, got {name!r}")
    try:
        import tensorflow as tf
    except ImportError as error:
        raise MissingPackageError(
            "training needs TensorFlow: pip install 'melody-composer[train]'"
        ) from error
    if name == "mirrored":
        return tf.distribute.MirroredStrategy()
    _check_cluster(os.environ.get("TF_CONFIG", ""))
    return tf.distribute.MultiWorkerMirroredStrategy()


def _check_cluster(text: str) -> None:
    try:
        found = json.loads(text)
        workers, task = found["cluster"]["worker"], found["task"]
        good = task["type"] == "worker" and 0 <= task["index"] < len(workers)
    except (ValueError, KeyError, TypeError):
        good = False
    if not good:
        raise ConfigError(
            'multi-worker needs TF_CONFIG={"cluster": {"worker": ["host1:2222", "host2:2222"]}, '
            f'"task": {{"type": "worker", "index": 0}}}} with the index of this process, got {text or "nothing"}'
        )
