"""Frames to H.264 and back."""

from __future__ import annotations

import numpy as np
import pytest
from composer.errors import OutputError
from composer.runs.film.encoder import Stream, movie

from tests.support.films import facts_of, frames_of

SIZE = (320, 180)


def grey(level):
    return np.full((180, 320, 3), level, np.uint8)


def test_a_stream_is_whole_after_every_frame(tmp_path):
    path = tmp_path / "film.mp4"
    stream = Stream(SIZE, 12.5, path)
    for count, level in enumerate((20, 120, 220), 1):
        stream.add(grey(level))
        stream.write()
        frames = frames_of(path)
        assert len(frames) == count and abs(int(frames[-1].mean()) - level) <= 2
    stream.close()
    facts = facts_of(path)
    assert facts["fps"] == 12.5 and facts["seconds"] == pytest.approx(3 / 12.5, abs=0.01)


def test_one_can_jump_to_every_24th_frame(tmp_path):
    from tests.support.films import av

    path = tmp_path / "film.mp4"
    with movie(path, SIZE, 8.0) as feed:
        for at in range(50):
            feed(grey(4 * at))
    with av.open(str(path)) as container:
        keys = [
            i for i, p in enumerate(p for p in container.demux(video=0) if p.size) if p.is_keyframe
        ]
    assert keys == [0, 24, 48]


def test_a_place_that_cannot_be_written_is_an_error_of_the_system(tmp_path):
    with pytest.raises(OSError), movie(tmp_path / "none" / "film.mp4", SIZE, 8.0) as feed:
        feed(grey(0))
    (tmp_path / "film.mp4").mkdir()
    stream = Stream(SIZE, 8.0, tmp_path / "film.mp4")
    stream.add(grey(0))
    with pytest.raises(OutputError):
        stream.write()
