"""Takes kept as they are played, even by a program that is killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path

import mido
import pytest
from composer.errors import OutputError
from composer.live.takes.export import export_take
from composer.live.takes.header import EVENTS, PLAYED
from composer.live.takes.saved import list_takes, load_take, read_take
from composer.live.takes.writer import TakeWriter, check_folder
from composer.songs import read

from tests.conftest import lacking
from tests.support.jack_server import jack  # noqa: F401
from tests.support.takes import HEAD, START, events, keep, messages

ROOT = Path(__file__).parents[3]


def test_a_folder_for_takes_is_tried_before_one_plays(as_nobody):
    check_folder(as_nobody / "a" / "b")
    assert list((as_nobody / "a" / "b").iterdir()) == []
    (as_nobody / "shut").mkdir(0o500)
    for place in (as_nobody / "shut", Path("/proc/takes")):
        with pytest.raises(OutputError, match=f"cannot keep takes in {place}") as refused:
            check_folder(place)
        assert refused.value.mend.way == "takes"


def test_a_take_is_kept_whole(tmp_path, melody, model):
    arrangement = model.arrange(melody, seed=3, latents={"groove": 0.5})
    folder = keep(tmp_path, melody=melody, arrangement=arrangement)
    take = load_take("last", tmp_path)
    assert take.folder == folder and take.name == "2026-03-07-210405"
    assert [e.kind for e in take.events()] == [e.kind for e in events()]
    assert [e.seconds for e in take.events()] == pytest.approx(
        [e.seconds for e in events(0.0)], abs=1e-9
    )
    assert [(e.number, e.value) for e in take.events()] == [(e.number, e.value) for e in events()]
    assert [data for _, data in take.played()] == [bytes(m.bytes()) for _, m in messages()]
    assert [at for at, _ in take.played()] == pytest.approx(
        [at - START for at, _ in messages()], abs=1e-9
    )
    assert take.melody().tracks == melody.tracks
    assert take.arrangement().tracks == arrangement.tracks
    # What the arrangement says of itself is what the header keeps, whatever the knobs were when the take began.
    assert (take.header.seed, take.header.latents) == (3, {"seed": 3, "groove": {"knob": 0.5}})
    bars = len(arrangement.bar_onsets())
    length = {"length": bars, "seconds": round(arrangement.seconds(arrangement.end), 3)}
    made = {"seed": 3, "latents": take.header.latents}
    assert take.header == replace(HEAD, ended="bars", **length, **made)
    assert take.length() == (bars, length["seconds"]) and bars > 1


def test_what_sounds_after_the_phrase_and_an_answer_made_anew_are_kept_too(tmp_path, melody, model):
    with TakeWriter(tmp_path, HEAD, START) as writer:
        writer.finish(melody, model.arrange(melody, seed=1), "bars")
        writer.played(START + 9.0, mido.Message("note_on", note=50))
        writer.finish(melody, model.arrange(melody, seed=2), "bars")
        writer.amend(kept=True, title="Ländler")
    take = load_take("2026", tmp_path)
    assert (take.header.seed, take.header.kept, take.header.title) == (2, True, "Ländler")
    assert take.arrangement().tracks == model.arrange(melody, seed=2).tracks
    assert [at for at, _ in take.played()] == pytest.approx([9.0])
    writer.close()
    writer.event(events()[0])  # too late: dropped, no error
    assert load_take("2026", tmp_path).events() == []


def test_two_takes_of_one_second_have_folders_of_their_own(tmp_path):
    names = {keep(tmp_path).name for _ in range(3)}
    assert names == {"2026-03-07-210405", "2026-03-07-210405-2", "2026-03-07-210405-3"}


def test_a_take_in_which_nothing_was_played_can_be_dropped(tmp_path):
    writer = TakeWriter(tmp_path, HEAD, START)
    writer.discard()
    assert list(tmp_path.iterdir()) == []
    assert writer.trouble == ""


def test_a_writer_that_is_forgotten_leaves_no_thread(tmp_path):
    before = threading.active_count()
    writer = TakeWriter(tmp_path, HEAD, START)
    writer.event(events()[0])
    assert threading.active_count() == before + 1
    del writer
    assert threading.active_count() == before
    assert len(load_take("last", tmp_path).events()) == 1


def test_from_many_threads_at_once_no_line_is_lost_or_mixed(tmp_path):
    with TakeWriter(tmp_path, HEAD) as writer:

        def play(channel: int) -> None:
            for i in range(500):
                writer.played(
                    float(i),
                    mido.Message("note_on", channel=channel, note=i % 128, velocity=1 + i % 127),
                )

        threads = [threading.Thread(target=play, args=(channel,)) for channel in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    played = read_take(writer.folder).played()
    for channel in range(4):
        own = [(at, data[1]) for at, data in played if data[0] == 0x90 | channel]
        assert own == [(float(i), i % 128) for i in range(500)]


KILLED = """
import sys, time
from pathlib import Path
import mido
from composer.live.melody.capture import Event
from composer.live.takes.header import Header
from composer.live.takes.writer import TakeWriter
writer = TakeWriter(Path(sys.argv[1]), Header("2026-03-07T21:04:05+01:00", qpm=120.0), 0.0)
for i in range(100_000):
    seconds = time.monotonic()
    writer.event(Event(seconds, "note_on" if i % 2 == 0 else "note_off", 40 + i // 2 % 40, 1 + i % 127))
    writer.played(seconds, mido.Message("note_on", note=i % 128))
    print(i, seconds, flush=True)
    time.sleep(0.002)
"""


def test_kill_9_loses_nothing(tmp_path):
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", KILLED, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as player:
        for line in player.stdout:
            if line.startswith("600 "):
                break
        player.send_signal(signal.SIGKILL)
        killed = time.monotonic()
        told = [line, *player.stdout.readlines()]
    (take,) = list_takes(tmp_path)
    assert take.ended == "cut off" and take.problem == ""
    heard = take.events()
    assert [e.value for e in heard] == [1 + i % 127 for i in range(len(heard))]
    assert (
        len(heard) >= 601 - 500 and len(take.played()) >= 601 - 500
    )  # of a second before, and mostly of all
    assert heard[-1].seconds >= killed - 1.0, "what was a second old is lost"
    assert float(told[0].split()[1]) <= killed
    # And it is of use: the melody is made from the keys.
    song = take.melody()
    assert song.tracks[0].notes and take.length()[0] >= 1
    (folder,) = {path.parent for path in export_take(take, tmp_path / "out")}
    assert read(folder / "melody.mid").tracks == song.tracks


def test_a_disk_that_fails_costs_lines_and_not_the_take(tmp_path):
    if not Path("/dev/full").exists():
        lacking("/dev/full")
    writer = TakeWriter(tmp_path, HEAD, START)
    path = writer.folder / EVENTS
    writer.close()
    path.unlink()
    path.symlink_to("/dev/full")
    from composer.live.takes.writer import Journal

    journal = Journal(writer.folder, (EVENTS, PLAYED))
    journal.add(EVENTS, [1])
    journal.add(PLAYED, [0.0, "f8"])
    journal.flush()
    assert EVENTS in journal.trouble and "No space left" in journal.trouble
    journal.close()
    assert read_take(writer.folder).played() == [(0.0, b"\xf8")]


def test_a_folder_that_cannot_be_written_says_so(tmp_path):
    (tmp_path / "file").write_text("")
    for place in (tmp_path / "file", tmp_path / "file" / "x", Path("/proc/takes")):
        with pytest.raises(OutputError, match="cannot keep takes in") as refused:
            TakeWriter(place, HEAD)
        assert refused.value.mend.way == "takes"
