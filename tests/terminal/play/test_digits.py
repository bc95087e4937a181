"""Large digits."""

from __future__ import annotations

from composer.terminal.play.digits import large


def drawn(area):
    return ["".join("#" if cell else "." for cell in line) for line in area]


def test_a_digit_stands_in_the_middle():
    assert drawn(large("1", 7, 12)) == [
        "............",
        "....##......",
        "..####......",
        "....##......",
        "....##......",
        "..######....",
        "............",
    ]


def test_a_tall_area_has_larger_ones_and_a_small_one_cuts_them():
    assert (
        large("12", 20, 80).any(axis=1).sum() == 10 and large("12", 13, 80).any(axis=1).sum() == 5
    )
    assert large("8", 3, 4).shape == (3, 4)
