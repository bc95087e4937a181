"""Settings of a film."""

from __future__ import annotations

import pytest
from composer.errors import ConfigError
from composer.runs.film import FilmConfig, size_of


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ({"fps": 0}, "above 0"),
        ({"fps": 61}, "60 at most"),
        ({"fps": float("nan")}, "above 0"),
        ({"size": (641, 360)}, "even"),
        ({"size": (100, 360)}, "320x180 at least"),
    ],
)
def test_settings_that_make_no_film(setting, words):
    with pytest.raises(ConfigError, match=words):
        FilmConfig(**setting)


def test_sizes_are_read_and_made_even():
    assert size_of("1281x721") == (1280, 720) and size_of(" 640 X 360 ") == (640, 360)
    for text in ("1280", "x720", "12.5x7", "-2x4", "1280x720x3", ""):
        with pytest.raises(ConfigError, match="1280x720"):
            size_of(text)


def test_the_range_of_snapshots_includes_its_ends():
    config = FilmConfig(first=100, last=200)
    assert [config.wants(at) for at in (99, 100, 200, 201)] == [False, True, True, False]
    assert FilmConfig().wants(0)
