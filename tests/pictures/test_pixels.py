"""Shapes and words in pixels."""

from __future__ import annotations

import numpy as np
from composer.pictures import pixels
from composer.pictures.pixels import Box, rgb

RED, BLUE = rgb("#E4472E"), rgb("#2C6FB7")


def test_a_box_without_its_sides():
    box = Box(10, 20, 100, 50)
    assert (box.right, box.bottom) == (110, 70)
    assert box.inset(1, 2, 3, 4) == Box(11, 22, 96, 44)


def test_a_card_has_round_corners_and_an_edge():
    image = np.zeros((20, 20, 3), np.uint8)
    pixels.card(image, Box(2, 2, 16, 16), RED, BLUE, 4)
    assert not image[2, 2].any() and (image[10, 10] == RED).all()
    assert (image[10, 2] == BLUE).all() and (image[17, 10] == BLUE).all()
    assert (image == image[::-1]).all() and (image == image[:, ::-1]).all()


def test_a_note_has_a_rim_where_it_is_high_and_no_corners():
    image = np.zeros((20, 20, 3), np.uint8)
    pixels.note(image, Box(2, 2, 10, 8), RED, BLUE)
    assert not image[2, 2].any() and (image[2, 5] == BLUE).all() and (image[5, 5] == RED).all()
    pixels.note(image, Box(2, 14, 10, 2), RED, BLUE)
    assert (image[14:16, 2:12] == RED).all()


def test_a_share_shines_through():
    image = np.full((4, 4, 3), 100, np.uint8)
    pixels.fill(image, Box(0, 0, 2, 4), rgb("#000000"), 0.25)
    assert image[0].tolist() == [[75] * 3] * 2 + [[100] * 3] * 2


def test_a_curve_covers_each_pixel_as_far_as_its_line_does():
    image = np.zeros((20, 20, 3), np.uint8)
    pixels.curve(
        image,
        Box(0, 0, 20, 20),
        (np.array([2.0, 12.0]), np.array([5.5, 5.5])),
        rgb("#FFFFFF"),
        width=2.0,
    )
    column = image[:, 6, 0]
    assert column[4] == 128 and column[5] == 255 and column[6] == 128  # from 4.5 to 6.5
    assert column[3] == 0 and 20 < column[7] < 45  # nothing above, pale below
    assert not image[:, :2].any() and not image[:, 13:].any()


def test_what_is_drawn_over_the_edge_is_cut_off_there():
    image = np.zeros((20, 30, 3), np.uint8)
    pixels.text(image, -5, 5, "Wide", 20, RED)
    pixels.text(image, 20, 25, "Wide", 20, RED)
    pixels.dot(image, 0, 0, 4, RED, BLUE)
    pixels.fill(image, Box(-3, -3, 5, 5), BLUE)
    assert (image[0, 0] == BLUE).all() and not image[19, 0].any()
    assert (image[:6, 6:14] == RED).all(-1).any() and (image[12:, 22:] == RED).all(-1).any()


def test_words_that_are_too_long_are_cut_and_control_characters_left_out():
    assert pixels.shortened("Ode\n to\x00 Joy", 500, 12) == "Ode to Joy"
    short = pixels.shortened("W" * 99, 100, 12)
    assert short.endswith("…") and pixels.text_width(short, 12) <= 100
