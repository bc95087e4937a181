"""What training costs: CPU-seconds, of all threads, for one adversarial iteration and for each bar it learns from."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from composer.config import from_dict
from composer.datasets import jsb
from composer.generators import family
from tests.benchmarks.table import Row

WARM, COUNTED = 2, {"chorale": 8, "unet": 3}
PULSES_A_BAR = 4


@dataclass(frozen=True)
class Cost:
    """CPU-seconds an iteration (median of those counted), bars of music in it, parameters of both networks."""

    seconds: float
    spread: str
    bars: float
    size: str

    @property
    def a_bar(self) -> float:
        """CPU-milliseconds a bar."""
        return 1e3 * self.seconds / self.bars


def rows() -> Iterator[Row]:
    """Both families in turn, in this process, through the same training step."""
    songs = [jsb.to_song(chorale) for chorale in jsb.load("train")]
    ours, unet = _cost("chorale", songs), _cost("unet", songs)
    yield Row(
        "training, one iteration (5 + 1 steps)",
        "CPU-s",
        ours.seconds,
        unet.seconds,
        "",
        f"{ours.spread} against {unet.spread}; {ours.size} against {unet.size} parameters",
    )
    yield Row(
        "training, a bar of music",
        "CPU-ms",
        ours.a_bar,
        unet.a_bar,
        ">= 15",
        f"{ours.bars:.0f} against {unet.bars:.0f} bars an iteration",
    )
    learning = _supervised(songs)
    yield Row("training, supervised phase, a bar", "CPU-ms", learning, None, "", "unet has no such phase")


def _trainer(name: str, songs: list[Any]) -> Any:
    from composer.training import TrainConfig, Trainer

    kind = family(name)
    return Trainer(kind, songs, kind.config(), from_dict(TrainConfig, kind.train))


def _cost(name: str, songs: list[Any]) -> Cost:
    trainer = _trainer(name, songs)
    times = _cpu(lambda i: trainer.adversarial(np.random.default_rng([0, i])), COUNTED[name])
    bars = trainer.config.batch * trainer.config.adversarial_length / PULSES_A_BAR
    sizes = (trainer.networks.generator.count_params(), trainer.networks.critic.count_params())
    spread = f"{min(times):.2f}-{max(times):.2f}"
    return Cost(float(np.median(times)), spread, bars, " + ".join(f"{n / 1e6:.2f} M" for n in sizes))


def _supervised(songs: list[Any]) -> float:
    trainer = _trainer("chorale", songs)
    times = _cpu(lambda _: trainer.iterate(), COUNTED["chorale"])
    bars = float(trainer.config.batch * trainer.config.length / PULSES_A_BAR)
    return 1e3 * float(np.median(times)) / bars


def _cpu(job: Any, count: int) -> list[float]:
    """CPU-seconds of `count` runs, after WARM that trace the graphs."""
    times = []
    for i in range(WARM + count):
        start = time.process_time()
        job(i)
        times.append(time.process_time() - start)
    return times[WARM:]
