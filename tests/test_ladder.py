"""The ladder on hand-made sets, and against the numbers of the reference scorer."""

from __future__ import annotations

import numpy as np
import pytest

from composer.errors import ShapeError
from composer.evaluation import jsb_grids, jsb_ladder
from composer.ladder import Ladder, accuracy, diversity
from composer.metrics import GROUPS


@pytest.fixture(scope="module")
def valid() -> list[np.ndarray]:
    return jsb_grids("valid")


@pytest.fixture(scope="module")
def ladder() -> Ladder:
    return jsb_ladder("valid")


def spoiled(grids: list[np.ndarray]) -> list[np.ndarray]:
    """Faults of every kind, lopsided: wrong alto beats, a late tenor, a low and a silent bass."""
    out = [grid.copy() for grid in grids]
    for i, grid in enumerate(out):
        step = np.arange(len(grid))
        sounds = grid >= 0
        grid[(step // 4 % 7 == 3) & sounds[:, 1], 1] += 3
        if i % 3 == 1:
            grid[1:, 2] = grid[:-1, 2].copy()
        grid[(step // 16 % 5 == i % 2) & (grid[:, 3] >= 48), 3] -= 12
        if i % 11 == 4:
            grid[step // 8 % 4 == 1, 3] = -1
    return out


def later(grids: list[np.ndarray]) -> list[np.ndarray]:
    """A second sample: the tenor a third lower in every other bar, everything else Bach's."""
    out = [grid.copy() for grid in grids]
    for grid in out:
        grid[(np.arange(len(grid)) // 16 % 2 == 1) & (grid[:, 2] >= 0), 2] -= 4
    return out


# By the reference scorer, an independent program (score.py, its text is not in this repository), run once on
#   cd tests && python -c "
#   from test_ladder import *; from composer.evaluation import *
#   save_reference_for_scorer('ref.npz'); valid = jsb_grids('valid')
#   save_for_scorer('spoiled.npz', spoiled(valid)); save_for_scorer('later.npz', later(valid))"
#   python score.py spoiled.npz --ref ref.npz --second later.npz --out golden.json
GOLDEN: dict[str, float] = {}
GOLDEN_FEATURES: dict[str, float] = {}
