"""Takes on disk: kept as they are played, even by a program that is killed; listed, played again, checked, exported."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
import wave
import zipfile
from dataclasses import replace
from pathlib import Path

import mido
import pytest

from composer.config import to_dict
from composer.errors import ComposerError, ModelError, OutputError
from composer.generators import PLAYS, load_model
from composer.generators.latents import Source
from composer.live.melody.capture import Event, RecordConfig, capture
from composer.live.melody.dynamics import shaped
from composer.live.takes.export import export_take
from composer.live.takes.replay import check, replay
from composer.live.takes.saved import (
    EVENTS,
    HEADER,
    PLAYED,
    Header,
    TakeWriter,
    check_folder,
    list_takes,
    load_take,
    model_fields,
    read_take,
    takes_folder,
)
from composer.songs import read
from tests.conftest import lacking
from tests.support.jack_server import jack  # noqa: F401

ROOT = Path(__file__).parents[3]
RECORD = RecordConfig(qpm=150.0, beats_per_bar=3, bars=4, count_in=1)
HEAD = Header(
    *("2026-03-07T21:04:05+01:00", "phrase"),
    qpm=150.0,
    beats_per_bar=3,
    bars=4,
    count_in=1,
    record=to_dict(RECORD),
    programs=(0, 19, 60),
    device="akm322",
    offset=0.012,
)
START = 100.25  # of the clock
# Lopsided, over an octave, in the second bar (the first is counted in); the last key is still down at the end.
KEYS = [(1.21, 62, 71), (1.6, 62, 33), (2.0, 79, 99), (2.4, 60, 120), (3.61, 65, 54)]


def events(start: float = START) -> list[Event]:
    """What a keyboard says; each key goes up as the next goes down."""
    found = [Event(start + 0.9, "control_change", 64, 0)]
    for (at, pitch, velocity), after in zip(KEYS, [*KEYS[1:], None], strict=True):
        found.append(Event(start + at, "note_on", pitch, velocity))
        if after:
            found.append(Event(start + after[0], "note_off", pitch, 64))
    return found


def messages() -> list[tuple[float, mido.Message]]:
    """What was sent out: every kind of message, two at one time, on several channels."""
    kinds = [
        (0.5, mido.Message("program_change", channel=3, program=60)),
        (0.5, mido.Message("note_on", channel=3, note=60, velocity=1)),
        (0.503, mido.Message("note_on", channel=0, note=67, velocity=127)),
        (0.504, mido.Message("clock")),
        (0.506, mido.Message("control_change", channel=3, control=64, value=127)),
        (0.509, mido.Message("pitchwheel", channel=0, pitch=-8192)),
        (0.511, mido.Message("note_off", channel=3, note=60, velocity=17)),
        (0.52, mido.Message("polytouch", channel=0, note=67, value=9)),
        (0.53, mido.Message("aftertouch", channel=0, value=77)),
        (0.531, mido.Message("note_on", channel=0, note=67, velocity=0)),
        (0.531, mido.Message("control_change", channel=3, control=64, value=0)),
        (0.56, mido.Message("stop")),
    ]
    return [(START + at, message) for at, message in kinds]


@pytest.fixture(scope="module")
def model(model_folder):
    return load_model(model_folder)


@pytest.fixture
def melody():
    return capture(events(0.0), 5.0, RECORD)


def keep(folder: Path, header: Header = HEAD, melody=None, arrangement=None, ended="bars") -> Path:
    """A take that was played to its end."""
    with TakeWriter(folder, header, START) as writer:
        for event in events():
            writer.event(event)
        for at, message in messages():
            writer.played(at, message)
        writer.finish(melody, arrangement, ended)
    return writer.folder


# Kept


def test_the_last_take_is_not_one_that_was_dropped(tmp_path, melody):
    first = keep(tmp_path, melody=melody)
    with TakeWriter(tmp_path, replace(HEAD, when="2026-03-08T10:00:00+01:00")) as writer:
        writer.finish(melody, None, "undone")
    assert load_take("last", tmp_path).folder == first
    assert load_take(writer.folder.name, tmp_path).ended == "undone"


def test_a_folder_for_takes_is_tried_before_one_plays(as_nobody):
    check_folder(as_nobody / "a" / "b")
    assert list((as_nobody / "a" / "b").iterdir()) == []
    (as_nobody / "shut").mkdir(0o500)
    for place in (as_nobody / "shut", Path("/proc/takes")):
        with pytest.raises(OutputError, match=f"cannot keep takes in {place}.*--takes"):
            check_folder(place)


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
from composer.live.takes.saved import Header, TakeWriter
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


def test_a_take_that_was_cut_off_has_its_melody_back(tmp_path, melody):
    folder = keep(tmp_path, melody=melody)
    (folder / "melody.mid").unlink()
    assert read_take(folder).melody().tracks[0].notes[:-1] == melody.tracks[0].notes[:-1]
    last, held = read_take(folder).melody().tracks[0].notes[-1], melody.tracks[0].notes[-1]
    assert (last.onset, last.pitch, last.velocity) == (held.onset, held.pitch, held.velocity)


def test_lines_that_are_damaged_cost_no_others(tmp_path):
    folder = keep(tmp_path)
    whole = (folder / EVENTS).read_bytes()
    lines = whole.splitlines(keepends=True)
    odd = (
        b'\n{"a":1}\n[1,2]\n[NaN,"note_on",60,1]\n["x","note_on",60,1]\n\x00\x00\xff\n'
        + b"[" * 5000
        + b"\n"
    )
    (folder / EVENTS).write_bytes(b"".join(lines[:3]) + odd + b"".join(lines[3:])[:-4])
    assert [e.number for e in read_take(folder).events()] == [e.number for e in events()[:-1]]
    (folder / PLAYED).write_bytes(
        b'[0.1,"903c40"]\n[0.2,"90zz"]\n[0.3,"ff00"]\n[0.4,""]\n[0.5,"803c40"]\n[0.6,"803c4'
    )
    out = Collected()
    assert replay(read_take(folder), out, out.clock, out.wait) == 2
    assert out.bytes() == [bytes.fromhex("903c40"), bytes.fromhex("803c40")]


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
        with pytest.raises(OutputError, match="--takes"):
            TakeWriter(place, HEAD)


# Listed and found


def test_takes_are_listed_the_oldest_first_and_found_by_name(tmp_path):
    whens = [
        "2026-03-07T21:04:05+01:00",
        "2026-03-07T20:30:00+00:00",
        "2026-03-08T01:00:00-05:00",
        "2025-12-31T00:00:00",
    ]
    names = [keep(tmp_path, replace(HEAD, when=when, seed=i)).name for i, when in enumerate(whens)]
    assert [t.header.seed for t in list_takes(tmp_path)] == [3, 0, 1, 2]
    assert load_take("last", tmp_path).header.seed == 2
    assert load_take(names[1], tmp_path).header.seed == 1
    assert load_take("2026-03-08", tmp_path).header.seed == 2
    assert load_take(str(tmp_path / names[3]), Path("nowhere")).header.seed == 3
    for name, words in (
        ("2026-03-07", "2 takes begin with"),
        ("1999", "no take is called '1999'"),
        ("", "no take"),
    ):
        with pytest.raises(ComposerError, match=words) as caught:
            load_take(name, tmp_path)
        assert names[0] in str(caught.value)
    with pytest.raises(ComposerError, match="composer play"):
        load_take("last", tmp_path / "none")


def test_a_whole_name_is_found_though_others_begin_with_it(tmp_path):
    first, second = keep(tmp_path), keep(tmp_path)
    assert second.name.startswith(first.name)
    assert load_take(first.name, tmp_path).folder == first


def test_damaged_headers_are_listed_and_refused(tmp_path):
    folder = keep(tmp_path)
    for text in ("", "{", "[1]", '{"when": 3}', '{"when": "x", "colour": 1}', "\x00"):
        (folder / HEADER).write_text(text)
        (take,) = list_takes(tmp_path)
        assert take.ended == "damaged" and take.length() == (0, 0.0)
        with pytest.raises(ComposerError, match="is damaged"):
            load_take(folder.name, tmp_path)
    (tmp_path / "something else").mkdir()
    assert len(list_takes(tmp_path)) == 1


def test_where_takes_are_kept(monkeypatch):
    monkeypatch.setenv("XDG_DATA_HOME", "/data")
    assert takes_folder() == Path("/data/composer/takes")
    for relative in ("", "data"):  # which the XDG specification says to ignore
        monkeypatch.setenv("XDG_DATA_HOME", relative)
        assert takes_folder() == Path("~/.local/share/composer/takes").expanduser()


# Played again


class Collected:
    """An output whose clock goes on only while one waits: (seconds, bytes) of what was sent."""

    def __init__(self) -> None:
        self.now, self.sent = 1000.0, []

    def clock(self) -> float:
        return self.now

    def wait(self, seconds: float) -> None:
        self.now += seconds

    def send(self, message) -> None:
        self.sent.append((self.now, bytes(message.bytes())))

    def bytes(self) -> list:
        return [data for _, data in self.sent]


def test_replay_sends_the_same_bytes_at_the_same_times(tmp_path):
    take = read_take(keep(tmp_path))
    out = Collected()
    assert replay(take, out, out.clock, out.wait) == len(messages())
    assert out.bytes() == [bytes(m.bytes()) for _, m in messages()]
    assert [at - 1000.0 for at, _ in out.sent] == pytest.approx(
        [at - START - 0.5 for at, _ in messages()], abs=1e-6
    )


def test_an_interrupted_replay_lets_go_of_what_sounds(tmp_path):
    take = read_take(keep(tmp_path))
    out = Collected()

    def wait(seconds: float) -> None:
        if len(out.sent) == 6:
            raise KeyboardInterrupt
        out.wait(seconds)

    with pytest.raises(KeyboardInterrupt):
        replay(take, out, out.clock, wait)
    after = [mido.Message.from_bytes(data) for data in out.bytes()[6:]]
    assert [(m.type, m.channel) for m in after] == [
        ("note_off", 3),
        ("note_off", 0),
        ("control_change", 3),
    ]
    assert [m.note for m in after[:2]] == [60, 67] and (after[2].control, after[2].value) == (64, 0)


@pytest.mark.jack
@pytest.mark.usefixtures("jack")
def test_replay_through_a_real_port(tmp_path):
    from composer.live.midi.ports import open_input, open_output

    take = read_take(keep(tmp_path))
    expected = [bytes(m.bytes()) for _, m in messages()]
    heard: list[bytes] = []
    arrived = threading.Event()

    def hear(message) -> None:
        heard.append(bytes(message.bytes()))
        if len(heard) >= len(expected):
            arrived.set()

    with (
        open_output("Replayed", "jack", virtual=True) as output,
        open_input("Replayed", "jack", hear),
    ):
        replay(take, output)
        assert arrived.wait(20), f"{len(heard)} of {len(expected)} messages arrived"
    assert heard == expected


# Checked


@pytest.fixture
def arranged(tmp_path, melody, model):
    """The folder of a take that the model arranged with knobs."""
    header = replace(HEAD, **model_fields(model.folder), seed=7)
    latents = {"chords": Source(seed=11), "groove": Source(knob=0.75)}
    return keep(tmp_path, header, melody, model.arrange(melody, seed=7, latents=latents))


def change(folder: Path, **fields: object) -> None:
    values = json.loads((folder / HEADER).read_text())
    (folder / HEADER).write_text(json.dumps({**values, **fields}))


def test_a_take_is_found_equal(arranged):
    assert check(read_take(arranged)).remarks == ()
    assert check(read_take(arranged)).equal


def test_a_take_whose_voices_follow_the_player_is_found_equal(tmp_path, melody, model):
    header = replace(HEAD, **model_fields(model.folder))
    folder = keep(tmp_path, header, melody, shaped(model.arrange(melody, seed=2)))
    assert check(read_take(folder)).equal


@pytest.mark.parametrize(
    "fields", [{"seed": 8}, {"latents": {"seed": 7, "groove": {"knob": 0.75}}}]
)
def test_another_seed_or_knob_is_found_different(arranged, fields):
    change(arranged, **fields)
    found = check(read_take(arranged))
    assert not found.equal
    assert any("notes are gone" in remark for remark in found.remarks)


def test_one_note_that_was_changed_is_found(arranged):
    song = read_take(arranged).arrangement()
    alto = song.tracks[1]
    louder = replace(
        alto,
        notes=(*alto.notes[:-1], replace(alto.notes[-1], velocity=alto.notes[-1].velocity - 1)),
    )
    from composer.songs import write

    write(
        arranged / "arrangement.mid",
        replace(song, tracks=(song.tracks[0], louder, *song.tracks[2:])),
    )
    found = check(read_take(arranged))
    assert not found.equal
    assert found.remarks == (f"Alto: 1 of {len(alto.notes)} notes are gone, 1 are new",)


def test_another_model_is_found_and_named(arranged, tmp_path, model_folder):
    other = Path(shutil.copytree(model_folder, tmp_path / "models" / "jsb-chorales"))
    with (other / PLAYS).open("ab") as file:
        file.write(b"\0")  # plays the same, and is another file
    change(arranged, model_folder=str(other), model="none")
    found = check(read_take(arranged))
    assert found.equal
    assert "another one now" in found.remarks[0]
    change(arranged, model_folder=str(tmp_path / "gone"), model="gone")
    with pytest.raises(ModelError, match="'gone' is gone"):
        check(read_take(arranged))


def test_a_model_that_moved_is_found_by_its_name(arranged, tmp_path):
    change(arranged, model_folder=str(tmp_path / "elsewhere"))
    assert check(read_take(arranged)).equal


def test_what_cannot_be_checked(tmp_path, arranged):
    with pytest.raises(ComposerError, match="no arrangement"):
        check(read_take(keep(tmp_path)))
    change(arranged, mode="duet")
    with pytest.raises(ComposerError, match="duet"):
        check(read_take(arranged))


# Given away


def test_export(arranged, tmp_path):
    take = read_take(arranged)
    files = {"take.json", "events.jsonl", "played.jsonl", "melody.mid", "arrangement.mid"}
    assert {p.name for p in export_take(take, tmp_path / "new")} == files
    assert {p.name for p in (tmp_path / "new").iterdir()} == files
    assert (tmp_path / "new" / "events.jsonl").read_bytes() == (
        arranged / "events.jsonl"
    ).read_bytes()
    export_take(take, tmp_path / "new")
    assert check(read_take(tmp_path / "new" / take.name)).equal
    (song,) = export_take(take, tmp_path / "one.mid")
    assert read(song).tracks == take.arrangement().tracks
    (sound,) = export_take(take, tmp_path / "one.WAV")
    with wave.open(str(sound)) as opened:
        assert opened.getnframes() / opened.getframerate() >= take.header.seconds
    (archive,) = export_take(take, tmp_path / "one.zip")
    with zipfile.ZipFile(archive) as opened:
        assert set(opened.namelist()) == {f"{take.name}/{name}" for name in files}


def test_export_to_where_it_cannot_go(arranged, tmp_path):
    take = read_take(arranged)
    before = {p.name: p.read_bytes() for p in arranged.iterdir()}
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="ends in"):
        export_take(take, tmp_path / "file")
    with pytest.raises(OutputError, match=r"ends in \.mid or \.wav or \.zip"):
        export_take(take, tmp_path / "one.mp3")
    with pytest.raises(OutputError, match="the take itself"):
        export_take(take, arranged.parent)
    with pytest.raises(OutputError, match="cannot write"):
        export_take(take, tmp_path / "file" / "x.mid")
    assert {p.name: p.read_bytes() for p in arranged.iterdir()} == before
    with pytest.raises(ComposerError, match="nothing was played"):
        with TakeWriter(tmp_path / "silent", HEAD) as writer:
            pass
        export_take(read_take(writer.folder), tmp_path / "x.mid")
