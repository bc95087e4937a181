"""Runs that were broken off end as they always did, and the bundled weights still fit (`golden`).

COMPOSER_GOLDEN_EXACT=1 asks for the same bits, which only a processor of the same kind and the same
TensorFlow give.
"""

from __future__ import annotations

import os
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import pytest

from tests.conftest import needs

needs("tensorflow")
import h5py  # noqa: E402
from composer.generators import WEIGHTS  # noqa: E402
from composer.training.recipes import find_recipe  # noqa: E402
from composer.training.trainer import Trainer  # noqa: E402

from tests.golden import arrangements  # noqa: E402
from tests.golden import checkpoints as golden  # noqa: E402

EXACT = os.environ.get("COMPOSER_GOLDEN_EXACT", "") not in ("", "0")
LONG = [pytest.mark.slow, pytest.mark.timeout(900)]
FAMILIES = ["unet", *(pytest.param(name, marks=LONG) for name in ("chorale", "band"))]


@pytest.mark.parametrize("name", FAMILIES)
def test_a_run_goes_on_into_the_next_phase_and_ends_as_ever(name: str, tmp_path: Path) -> None:
    if EXACT:
        # Networks made before in the same process change how TensorFlow rounds.
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as alone:
            made = alone.submit(golden.resumed, name, tmp_path / "run").result()
    else:
        made = golden.resumed(name, tmp_path / "run")
    found = golden.differences(name, made)
    assert not found, f"{len(found)} differ:\n" + "\n".join(found[:20])
    if EXACT:
        assert golden.digest(made) == golden.kept_digest(name)


@pytest.mark.parametrize("name", golden.CASES)
def test_the_variables_of_the_networks_keep_their_order_and_names(name: str) -> None:
    assert golden.variables(name).splitlines() == golden.kept_variables(name).splitlines()


def test_what_is_kept_is_small() -> None:
    sizes = {str(path): path.stat().st_size for path in golden.HERE.rglob("*.npz")}
    assert len(sizes) == 2 * len(golden.CASES) and max(sizes.values()) < 300_000, sizes


@pytest.mark.slow
@pytest.mark.parametrize("name", arrangements.MODELS)
def test_bundled_weights_fit_and_play_the_same_notes(name: str, tmp_path: Path) -> None:
    model = arrangements.model(name)
    settings = find_recipe(model.family.recipe).config()
    trainer = Trainer(model.family, [], model.config, settings)
    trainer.networks.generator.load_weights(model.folder / WEIGHTS)
    player, melody = trainer.player(), arrangements.melody("three-by-three")
    for seed in (0, 1):
        assert player.arrange(melody, seed=seed) == model.arrange(melody, seed=seed)
    trainer.networks.generator.save_weights(tmp_path / WEIGHTS)
    assert paths(tmp_path / WEIGHTS) == paths(model.folder / WEIGHTS)


def paths(file: Path) -> dict[str, tuple[int, ...]]:
    """Shapes of all that a weights file holds, by path."""
    found: dict[str, tuple[int, ...]] = {}

    def note(path: str, item: h5py.Group | h5py.Dataset) -> None:
        if isinstance(item, h5py.Dataset):
            found[path] = item.shape

    with h5py.File(file) as held:
        held.visititems(note)
    return found
