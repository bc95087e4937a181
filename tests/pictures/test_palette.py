"""Colours of tracks, and how they are mixed."""

from __future__ import annotations

import pytest
from composer.pictures.palette import (
    DARK,
    LIGHT,
    MELODY,
    OTHERS,
    mix,
    rgb,
    track_color,
    track_colors,
)


def test_the_melody_has_a_colour_of_its_own_wherever_it_stands():
    assert track_colors(3) == [MELODY, *OTHERS[:2]]
    assert track_colors(3, melody=2) == [*OTHERS[:2], MELODY]
    assert track_colors(2, melody=-1) == list(OTHERS[:2])


def test_further_tracks_begin_again_but_never_with_the_melodys():
    colors = track_colors(20)
    assert colors[9] == OTHERS[0] == track_color(1) and colors.count(MELODY) == 1


def test_mixing():
    assert mix("#FF0000", "#0000FF", 0.25) == "#4000BF"
    assert rgb("#0A10FF") == (10, 16, 255)


def luminance(color):
    linear = [
        c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4
        for c in (v / 255 for v in rgb(color))
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("palette", [LIGHT, DARK])
def test_text_can_be_read_on_its_ground(palette):
    """WCAG 2: 4.5 for text, 3 for what is no text; palest is an amber on white with 2.5."""
    ground = luminance(palette.ground)

    def contrast(color):
        pair = sorted((luminance(color), ground))
        return (pair[1] + 0.05) / (pair[0] + 0.05)

    assert contrast(palette.text) > 7 and contrast(palette.faint) > 4.5
    assert all(contrast(palette.track(place)) > 2.4 for place in range(len(OTHERS) + 1))
