"""The frame of a film: words and places."""

from __future__ import annotations

import numpy as np
import pytest
from composer.pictures.frames import film_scope
from composer.runs.film.scene import Moment, Scene, about

from tests.support.films import RED, like, song


def test_words_about_a_run():
    asked = {"dataset": "/far/away/My songs", "family": "band", "seed": 0}
    assert about(asked) == "My songs · band · seed 0"
    assert about({}) == ""


@pytest.mark.parametrize("size", [(320, 180), (1280, 720), (360, 800), (1920, 200)])
def test_everything_lies_in_the_frame(size):
    songs = {"a": song(), "b": song()}
    scene = Scene(size, "", songs, film_scope(songs.values()))
    for box in (scene.bar, scene.side, *(panel.box for panel in scene.panels)):
        assert box.x >= 0 and box.right <= size[0] and box.y >= 0 and box.bottom <= size[1]
    assert scene.panels[0].box.bottom < scene.panels[1].box.y


def test_the_still_parts_are_drawn_once_and_never_touched():
    songs = {"a": song()}
    scene = Scene((640, 360), "", songs, film_scope(songs.values()))
    still = np.array(scene.still)
    frame = scene.draw(Moment(50, 9.0, 100), songs, [])
    assert (scene.still == still).all() and like(frame, RED).sum() > like(still, RED).sum()
    assert like(frame[51:53], RED).any(0).sum() == pytest.approx(306, abs=4)
