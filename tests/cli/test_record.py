"""The command line on real ports, end to end: one process plays, a second records, a third arranges."""

from __future__ import annotations

import signal
import time

import pytest
from composer import catalog
from composer.songs import read
from composer.songs.song import Note

from tests.support.jack_server import JackKeyboard, jack  # noqa: F401
from tests.support.recording import QPM, finish, recorder

pytestmark = [pytest.mark.jack, pytest.mark.usefixtures("jack")]


def first_bars(name: str, bars: int) -> tuple[Note, ...]:
    """The first bars of a bundled melody, from beat 0, a little detached as fingers play."""
    song = read(catalog.tune(name))
    end = song.bar_onsets()[bars]
    return tuple(
        Note(n.onset, n.pitch, 0.9 * n.duration, 60 + i)
        for i, n in enumerate(song.tracks[0].notes)
        if n.onset < end
    )


def test_a_melody_played_into_a_port_is_recorded_and_arranged(
    tmp_path, composer_command, model_folder
):
    played = first_bars("ode-to-joy", 4)
    with (
        JackKeyboard(played, QPM) as keyboard,
        recorder(tmp_path, "--port", "AKM322", "-o", "melody.mid") as process,
    ):
        keyboard.play()
        status, out, err = finish(process)
    assert status == 0, err
    assert f"melody.mid: {len(played)} notes, 4 bars" in out
    assert err.split() == [name(note.pitch) for note in played]
    recorded = read(tmp_path / "melody.mid")
    assert [n.pitch for n in recorded.tracks[0].notes] == [n.pitch for n in played]
    assert [n.velocity for n in recorded.tracks[0].notes] == [n.velocity for n in played]
    assert [n.onset for n in recorded.tracks[0].notes] == pytest.approx(
        [n.onset for n in played], abs=0.25
    )
    done = composer_command(
        "arrange", tmp_path / "melody.mid", "-o", tmp_path / "all.mid", "--model", model_folder
    )
    assert (done.returncode, done.stderr) == (0, "")
    arranged = read(tmp_path / "all.mid")
    assert arranged.tracks[0].notes == recorded.tracks[0].notes
    assert [bool(t.notes) for t in arranged.tracks] == [True] * 4


def name(pitch: int) -> str:
    """As the terminal shows it while one plays."""
    return ["C", "C#", "D", "Eb", "E", "F", "F#", "G", "G#", "A", "Bb", "B"][pitch % 12] + str(
        pitch // 12 - 1
    )


def test_ctrl_c_keeps_what_was_played_and_arranges_it(tmp_path, model_folder):
    held = (Note(0.0, 67, 1.0, 80), Note(1.0, 72, 1.0, 70), Note(2.0, 64, 60.0, 90))
    with (
        JackKeyboard(held, QPM, stop_key=False) as keyboard,
        recorder(
            tmp_path, "--port", "AKM322", "-o", "m.mid", "--arrange", "--model", model_folder
        ) as process,
    ):
        keyboard.play()
        shown = "".join(process.stderr.read(1) for _ in range(len("G4 C5 E4 ")))
        process.send_signal(signal.SIGINT)
        status, out, err = finish(process)
    assert (status, shown) == (0, "G4 C5 E4 "), err
    assert [n.pitch for n in read(tmp_path / "m.mid").tracks[0].notes] == [67, 72, 64]
    assert "m-arranged.mid" in out
    assert [n.pitch for n in read(tmp_path / "m-arranged.mid").tracks[0].notes] == [67, 72, 64]


def test_bars_end_it(tmp_path):
    notes = tuple(Note(float(i), 60 + i, 0.9, 80) for i in range(12))
    with (
        JackKeyboard(notes, 240, stop_key=False) as keyboard,
        recorder(tmp_path, "-o", "m.mid", "--port", "keys", "--bars", 2, "--qpm", 240) as process,
    ):
        keyboard.play()
        status, _, err = finish(process)
    assert status == 0, err
    song = read(tmp_path / "m.mid")
    assert [n.pitch for n in song.tracks[0].notes] == list(range(60, 68))
    assert (song.qpm, song.end) == (240, 8.0)


def test_a_take_without_a_note_leaves_no_file(tmp_path):
    with (
        JackKeyboard([Note(0.0, 60, 1.0)], QPM, stop_key=False),
        recorder(tmp_path, "--port", "AKM322", "-o", "m.mid") as process,
    ):
        time.sleep(0.5)
        process.send_signal(signal.SIGINT)
        status, out, err = finish(process)
    assert (status, out) == (2, "")
    assert err.strip().splitlines()[-1].startswith("composer: nothing was played on ")
    assert list(tmp_path.iterdir()) == []


def test_ports_are_listed(composer_command):
    with JackKeyboard([Note(0.0, 60, 1.0)], QPM) as keyboard:
        done = composer_command("ports", "--midi-api", "jack")
    assert (done.returncode, done.stderr) == (0, "")
    line = next(line for line in done.stdout.splitlines() if keyboard.port in line)
    assert line.split() == [keyboard.port, "in", "jack"]


def test_jack_is_taken_by_itself_where_alsa_has_no_sequencer(composer_command):
    with JackKeyboard([Note(0.0, 60, 1.0)], QPM) as keyboard:
        done = composer_command("ports", env={"ALSA_CONFIG_PATH": "/nonexistent"})
    assert (done.returncode, done.stderr) == (0, "")
    assert keyboard.port in done.stdout


def test_a_name_that_fits_no_port(composer_command):
    with JackKeyboard([Note(0.0, 60, 1.0)], QPM):
        done = composer_command("record", "--midi-api", "jack", "--port", "Moog", "-o", "m.mid")
    assert (done.returncode, done.stdout) == (2, "")
    (line,) = done.stderr.splitlines()
    assert line.startswith("composer: no MIDI input is called 'Moog'; there is: ")
    assert "AKM322" in line
