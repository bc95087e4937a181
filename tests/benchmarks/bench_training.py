"""What training costs: CPU-seconds, of all threads, for one adversarial iteration and for each bar it learns from."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from composer.config import from_dict
from composer.data import jsb
from composer.generators import family

from tests.benchmarks.table import Row

Schedule = Callable[[Any, np.random.Generator], None]
WARM, COUNTED = 2, {"chorale": 8, "unet": 3}
PULSES_A_BAR = 4


@dataclass(frozen=True)
class Cost:
    """CPU-seconds an iteration (median of those counted), bars of music in a batch, parameters of both networks."""

    seconds: float
    spread: str
    bars: float
    size: str

    @property
    def a_bar(self) -> float:
        """CPU-milliseconds a bar."""
        return 1e3 * self.seconds / self.bars


def rows() -> Iterator[Row]:
    """Both families in turn, in this process, through the same training step; then as WGAN-GP was published."""
    songs = [jsb.to_song(chorale) for chorale in jsb.load("train")]
    schedules: dict[str, Schedule] = {
        "as we train": _reused,
        "new fakes for every critic step": _fresh,
    }
    for schedule, iterate in schedules.items():
        ours, unet = _cost("chorale", songs, iterate), _cost("unet", songs, iterate)
        remark = f"{ours.spread} against {unet.spread}; {ours.size} against {unet.size} parameters"
        yield Row(
            f"training, an iteration, {schedule}", "CPU-s", ours.seconds, unet.seconds, "", remark
        )
        remark = f"{ours.bars:.0f} against {unet.bars:.0f} bars a batch; both networks on the same schedule"
        yield Row(
            f"training, a bar of music, {schedule}",
            "CPU-ms",
            ours.a_bar,
            unet.a_bar,
            ">= 15",
            remark,
        )
    yield Row(
        "training, a bar of music, supervised phase",
        "CPU-ms",
        _supervised(songs),
        None,
        "",
        "unet has none",
    )


def _reused(trainer: Any, rng: np.random.Generator) -> None:
    """As `composer train` does it."""
    trainer.recipe.compete(trainer.draw(rng))


def _fresh(trainer: Any, rng: np.random.Generator) -> None:
    """As Gulrajani et al. 2017 and the sample do it: a new batch, and new fakes, for every step of the critic."""
    config, recipe, draw = trainer.settings, trainer.recipe, trainer.draw(rng)
    for _ in range(config.critic_steps):
        batch = draw.batch(config.adversarial_length)
        recipe.critic_step(batch, recipe.generate(batch), draw.uniform())
    recipe.generator_step(draw.batch(config.adversarial_length))


def _trainer(name: str, songs: list[Any]) -> Any:
    from composer.training.recipes import find_recipe
    from composer.training.trainer import Trainer

    kind = family(name)
    settings = from_dict(find_recipe(kind.recipe).config, kind.train)
    return Trainer(kind, songs, kind.config(), settings)


def _cost(name: str, songs: list[Any], iterate: Schedule) -> Cost:
    trainer = _trainer(name, songs)
    times = _cpu(lambda i: iterate(trainer, np.random.default_rng([0, i])), COUNTED[name])
    bars = trainer.settings.batch * trainer.settings.adversarial_length / PULSES_A_BAR
    sizes = (trainer.networks.generator.count_params(), trainer.networks.critic.count_params())
    spread = f"{min(times):.2f}-{max(times):.2f}"
    return Cost(
        float(np.median(times)), spread, bars, " + ".join(f"{n / 1e6:.2f} M" for n in sizes)
    )


def _supervised(songs: list[Any]) -> float:
    trainer = _trainer("chorale", songs)
    times = _cpu(lambda _: trainer.iterate(), COUNTED["chorale"])
    bars = float(trainer.settings.batch * trainer.settings.length / PULSES_A_BAR)
    return 1e3 * float(np.median(times)) / bars


def _cpu(job: Any, count: int) -> list[float]:
    """CPU-seconds of `count` runs, after WARM that trace the graphs."""
    times = []
    for i in range(WARM + count):
        start = time.process_time()
        job(i)
        times.append(time.process_time() - start)
    return times[WARM:]
