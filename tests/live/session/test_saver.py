"""Takes written beside the music: a folder or a disk that fails is said, and stops nothing."""

from __future__ import annotations

import threading

import mido
from composer.live.session.saver import TakeSaver
from composer.live.takes.header import Header


def test_where_no_take_can_be_kept_it_is_said_and_nothing_piles_up(tmp_path):
    told, waiting, done = [], [], threading.Event()
    (tmp_path / "file").write_text("no folder")
    saver = TakeSaver(tmp_path / "file", told.append)
    pending = saver.begin(lambda: Header("2026-03-07T21:04:05+01:00"), 0.0)
    saver.do(lambda: [saver.played(0.0, mido.Message("clock")) for _ in range(9)])
    saver.do(lambda: (waiting.append(len(pending._early)), done.set()))
    assert done.wait(10)
    saver.finish(pending, None, None, "bars")
    saver.close()
    assert waiting == [0] and ["the take is not kept" in text for text in told] == [True]


def full_disk(_file, _data):
    raise OSError(28, "No space left on device")


def test_lines_that_the_disk_did_not_take_are_told(tmp_path, monkeypatch):
    told = []
    saver = TakeSaver(tmp_path, told.append)
    pending = saver.begin(lambda: Header("2026-03-07T21:04:05+01:00"), 0.0)
    monkeypatch.setattr("composer.live.takes.writer._write_all", full_disk)
    saver.played(0.0, mido.Message("clock"))
    saver.finish(pending, None, None, "bars")
    saver.close()
    assert len(told) == 1 and "not kept whole" in told[0] and "No space left" in told[0]
