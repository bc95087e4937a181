"""Large digits, for the count-in."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

TALL: Final = 14  # lines, from which on a pixel of a digit is two lines high
# Rows of three bits.
DIGITS: Final = {
    "0": (7, 5, 5, 5, 7),
    "1": (2, 6, 2, 2, 7),
    "2": (7, 1, 7, 4, 7),
    "3": (7, 1, 7, 1, 7),
    "4": (5, 5, 7, 1, 1),
    "5": (7, 4, 7, 1, 7),
    "6": (7, 4, 7, 5, 7),
    "7": (7, 1, 1, 2, 2),
    "8": (7, 5, 7, 5, 7),
    "9": (7, 5, 7, 1, 7),
}


def large(number: str, lines: int, columns: int) -> NDArray[np.bool_]:
    """Return where a number stands in the middle of an area: bool [line, column]."""
    down = 2 if lines >= TALL else 1
    # A character is twice as high as it is wide.
    across = 2 * down
    shape = np.concatenate([_digit(figure) for figure in number], axis=1)
    shape = shape.repeat(down, axis=0).repeat(across, axis=1)[:lines, :columns]
    height, width = shape.shape
    top, left = (lines - height) // 2, (columns - width) // 2
    area = np.zeros((lines, columns), bool)
    area[top : top + height, left : left + width] = shape
    return area


def _digit(figure: str) -> NDArray[np.bool_]:
    """Return a digit and a free column: bool [5, 4]."""
    rows = [[bits >> 2 & 1, bits >> 1 & 1, bits & 1, 0] for bits in DIGITS[figure]]
    return np.array(rows, bool)
