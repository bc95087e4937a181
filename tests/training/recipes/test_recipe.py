"""The settings that all recipes share: phases by the names of fields, their proportion, what is due."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
from composer.errors import ConfigError
from composer.training.distribution import Replicas
from composer.training.recipes import RECIPES, find_recipe
from composer.training.recipes.recipe import Draw, Recipe, Settings, falling


@dataclass(frozen=True)
class Three(Settings):
    first_iterations: int = 10
    second_iterations: int = 0
    third_iterations: int = 30
    last_length: int = 6
    slow_rate: float = 0.25


def test_a_field_of_iterations_is_a_phase_in_the_order_of_the_fields() -> None:
    settings = Three()
    assert list(settings.phases.items()) == [("first", 10), ("second", 0), ("third", 30)]
    assert settings.iterations == 40
    told = [settings.phase(at) for at in (0, 9, 10, 39, 40)]
    assert told == ["first", "first", "third", "third", "third"]
    assert settings.lengths == {32, 6} and settings.rates == {"slow_rate": 0.25}


@pytest.mark.parametrize(
    ("iterations", "shared"), [(80, (20, 0, 60)), (2, (0, 0, 2)), (7, (2, 0, 5)), (41, (10, 0, 31))]
)
def test_other_iterations_are_shared_as_before(iterations: int, shared: tuple[int, ...]) -> None:
    lasting = Three().lasting(iterations)
    assert tuple(lasting.phases.values()) == shared and lasting.iterations == iterations
    assert lasting.last_length == 6


def test_without_a_proportion_all_go_to_the_last_phase() -> None:
    lasting = Three(first_iterations=0, third_iterations=0).lasting(5)
    assert lasting.phases == {"first": 0, "second": 0, "third": 5}


def test_what_is_due_is_due_at_the_end_too() -> None:
    settings = Three(report_every=4, snapshot_every=10, evaluate_every=15, save_every=7)
    assert [at for at in range(1, 41) if settings.save_due(at)] == [7, 14, 15, 21, 28, 30, 35, 40]
    reports = [at for at in range(1, 41) if settings.report_due(at)]
    assert reports == [4, 8, 10, 12, 15, 16, 20, 24, 28, 30, 32, 36, 40]


@pytest.mark.parametrize("field", ["batch", "length", "last_length", "keep", "save_every"])
def test_counts_lie_above_zero(field: str) -> None:
    with pytest.raises(ConfigError, match=f"{field} lies above 0, got 0"):
        Three(**{field: 0})
    with pytest.raises(ConfigError, match="slow_rate lies above 0, got -1"):
        Three(slow_rate=-1.0)
    assert Three(evaluate_pieces=0).evaluate_pieces == 0


def test_every_recipe_is_found_by_its_name() -> None:
    for name in RECIPES:
        found = find_recipe(name)
        assert issubclass(found, Recipe) and found.config().iterations > 0
    with pytest.raises(ConfigError, match="no recipe 'diffusion'; there are adversarial, "):
        find_recipe("diffusion")


def test_a_draw_gives_windows_then_numbers_of_one_source() -> None:
    class Windows:
        def batch(self, rng: np.random.Generator, size: int, length: int) -> dict[str, object]:
            return {"x": rng.random((size, length))}

    draw = Draw(Windows(), np.random.default_rng(3), 2, Replicas())
    rng = np.random.default_rng(3)
    assert np.array_equal(draw.batch(5)["x"], rng.random((2, 5)))
    assert np.array_equal(draw.uniform(), rng.random(2, np.float32))


def test_a_rate_falls_along_half_a_cosine() -> None:
    rates = [falling(2.0, done) for done in (0, 0.25, 0.5, 0.75, 1)]
    assert rates == sorted(rates, reverse=True) and rates[0] == 2.0
    assert rates[-1] == pytest.approx(0.06) and rates[0] - rates[1] < rates[1] - rates[2]
