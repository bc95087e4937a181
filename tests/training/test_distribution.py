"""Training on more than one machine: two processes on this one, that end with equal weights."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from composer.errors import ConfigError
from composer.runs.run import TrainingRun
from composer.training.distribution import open_strategy

from tests.support.training import TINY

ROOT = Path(__file__).parents[2]
# Trains and prints what each process ended with: its rank, and a hash of all its weights and optimiser states.
WORKER = """
import hashlib, json, sys
from composer.config import from_dict
from composer.data.jsb import load, to_song
from composer.training.distribution import open_strategy
strategy = open_strategy("multi-worker")
from composer.generators import family
from composer.training.recipes import find_recipe
from composer.training.trainer import Trainer
tiny = json.loads(sys.argv[1])
kind = family(sys.argv[2])
first = min(2, kind.train.get("supervised_iterations", 2))  # some families learn from their critic alone
counts = {"supervised_iterations": first, "adversarial_iterations": 4 - first}
settings = from_dict(find_recipe(kind.recipe).config, {**kind.train, **tiny["train"], **counts})
songs = [to_song(x) for x in load("train")[:3]]
trainer = Trainer(kind, songs, from_dict(kind.config, tiny["model"]), settings, 1, strategy)
start = trainer.networks.generator.trainable_variables[0].numpy().sum()
losses = [trainer.iterate() for _ in range(4)]
# All but what is not trained, like the moving means of a batch normalisation: those are each process's own.
owners = (trainer.networks.generator, trainer.networks.critic)
optimizers = (trainer.recipe.generator_optimizer, trainer.recipe.critic_optimizer)
held = [v for o in owners for v in o.trainable_variables] + [v for o in optimizers for v in o.variables]
digest = hashlib.sha256(b"".join(v.numpy().tobytes() for v in held)).hexdigest()
moved = float(abs(trainer.networks.generator.trainable_variables[0].numpy().sum() - start))
print(json.dumps([strategy.num_replicas_in_sync, trainer.replicas.is_chief, digest, moved, losses]))
"""


def processes(*arguments: object) -> list[subprocess.Popen[str]]:
    """Two processes that know of each other through TF_CONFIG."""
    ports = []
    for _ in range(2):
        with socket.socket() as free:
            free.bind(("localhost", 0))
            ports.append(free.getsockname()[1])
    cluster = {"worker": [f"localhost:{port}" for port in ports]}
    started = []
    for index in range(2):
        config = json.dumps({"cluster": cluster, "task": {"type": "worker", "index": index}})
        environment = {
            **os.environ,
            "TF_CONFIG": config,
            "CUDA_VISIBLE_DEVICES": "",
            "NO_COLOR": "1",
        }
        command = [sys.executable, *map(str, arguments)]
        streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        started.append(subprocess.Popen(command, cwd=ROOT, env=environment, **streams))
    return started


def ended(started: list[subprocess.Popen[str]]) -> list[str]:
    """What they wrote, once both ended well."""
    outputs = [process.communicate(timeout=240) for process in started]
    for process, (out, err) in zip(started, outputs, strict=True):
        assert process.returncode == 0, out + err[-3000:]
    return [out for out, _ in outputs]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "model"), [("chorale", TINY["model"]), ("unet", {"filters": 2, "noise": 4})]
)
def test_two_processes_end_with_equal_weights(name: str, model: dict[str, object]) -> None:
    tiny = json.dumps({**TINY, "model": model})
    found = [json.loads(out.splitlines()[-1]) for out in ended(processes("-c", WORKER, tiny, name))]
    assert [replicas for replicas, *_ in found] == [2, 2]
    assert sorted(chief for _, chief, *_ in found) == [False, True]
    assert found[0][2] == found[1][2] and found[0][3] == found[1][3] > 0
    assert found[0][4] == found[1][4]  # both report the mean over the whole batch


@pytest.mark.slow
def test_the_command_trains_on_two_and_the_first_writes_the_run(tmp_path: Path) -> None:
    config = tmp_path / "config.json"
    config.write_text(json.dumps(TINY))
    arguments = ("--config", config, "--iterations", 4, "--strategy", "multi-worker")
    ended(processes("-m", "composer", "train", "--out", tmp_path / "run", *arguments))
    run = TrainingRun(tmp_path / "run")
    assert (
        run.finished
        and [line["iteration"] for line in run.log] == [0, 1, 2, 3, 4]
        and run.snapshots
    )


def test_what_is_no_strategy_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    assert open_strategy(None) is None
    with pytest.raises(ConfigError, match="one of mirrored, multi-worker, got 'both'"):
        open_strategy("both")
    for text in (
        "",
        "{",
        '{"cluster": {"worker": ["a:1"]}, "task": {"type": "worker", "index": 1}}',
    ):
        monkeypatch.setenv("TF_CONFIG", text)
        with pytest.raises(ConfigError, match="multi-worker needs TF_CONFIG="):
            open_strategy("multi-worker")
