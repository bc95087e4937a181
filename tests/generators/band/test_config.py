"""Settings of a band, and its cells."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from composer.config import from_dict, to_dict
from composer.errors import ConfigError
from composer.generators.band.config import BandConfig


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"strides": (4, 1)}, "strides halve"),
        ({"temperature": 0.0}, "temperature"),
        ({"groove_share": 0.9, "style_share": 0.2}, "together at most 1"),
        ({"lows": (50, 60, 0), "highs": (70, 66, 0)}, "Bass needs an octave"),
        ({"drum_pitches": ()}, "needs drum_pitches"),
        ({"chords": (5000,)}, "pitch-class sets"),
        ({"channels": 0}, "channels"),
    ],
)
def test_bad_settings_are_named(tiny: BandConfig, change: dict[str, Any], says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        replace(tiny, **change)


def test_settings_go_to_json_and_back(tiny: BandConfig) -> None:
    assert from_dict(BandConfig, json.loads(json.dumps(to_dict(tiny)))) == tiny
    with pytest.raises(ConfigError, match="'layers'"):
        from_dict(BandConfig, {**to_dict(tiny), "layers": 4})
