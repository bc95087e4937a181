"""The colours of the terminal alone, around those of every piano roll, for dark and for light
terminals.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import Final

from rich.style import Style

from composer.pictures import palette as pictures
from composer.pictures.palette import Palette


@dataclass(frozen=True)
class TerminalPalette(Palette):
    """A palette, and the colours of what stands around the piano roll."""

    head: str = ""  # behind the lines above and below
    chosen: str = ""  # behind what is selected
    good: str = ""
    bad: str = ""
    warn: str = ""


DARK: Final = TerminalPalette(
    **asdict(pictures.DARK),
    head="#1F2329",
    chosen="#39424F",
    good="#4CBF73",
    bad="#FF6B5E",
    warn="#E5A93B",
)
LIGHT: Final = TerminalPalette(
    # Thin lines of characters and keys beside white ground need more than the page gives them.
    **{
        **asdict(pictures.LIGHT),
        "beat_line": "#C3C8D0",
        "white_key": "#E3E6EA",
        "black_key": "#3B4048",
    },
    head="#ECEEF1",
    chosen="#D3DBE6",
    good="#1E8A45",
    bad="#C62F1D",
    warn="#A86C00",
)


def is_light(environment: Mapping[str, str] = os.environ) -> bool:
    """Return whether the terminal says, in COLORFGBG ("0;15": text, ground), that its ground is
    light.

    Few terminals say so.
    """
    ground = environment.get("COLORFGBG", "").rpartition(";")[2]
    return ground in ("7", "15")


@lru_cache(maxsize=4096)
def style(color: str, ground: str, bold: bool = False) -> Style:
    """Return a style, made once."""
    return Style(color=color, bgcolor=ground, bold=bold)
