"""The command `composer` in processes of its own: every option, and every bad input as one line and exit status 2."""

from __future__ import annotations

import json
import subprocess
import wave
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

import composer
from composer import catalog
from composer.catalog import models
from composer.errors import OutputError
from composer.generators import CARD, PLAYS
from composer.songs import read, write
from composer.songs.midi import to_bytes
from composer.songs.song import Note, Song, Tempo, TimeSignature, Track
from tests.conftest import lacking


def two_tracks() -> Song:
    """A low melody of three notes over nothing, and a higher one of five."""
    low = Track(tuple(Note(3.0 * i, 60 + 2 * i, 3.0, 70) for i in range(3)), name="Low")
    high = Track(tuple(Note(1.5 * i, 72 - i, 1.5, 90) for i in range(5)), name="High")
    return Song((low, high), (Tempo(0.0, 90.0),), (TimeSignature(0.0, 3, 4),))


@pytest.fixture
def arrange(composer_command, model_folder):
    """Runs `composer arrange ARGUMENTS --model ...`."""

    def run(*arguments, model=None, env=None):
        return composer_command("arrange", *arguments, "--model", model or model_folder, env=env)

    run.folder = composer_command.folder
    return run


def fails(done: subprocess.CompletedProcess, *words: str) -> None:
    """One line on stderr with these words, nothing on stdout, exit status 2."""
    assert done.returncode == 2, done
    assert done.stdout == ""
    lines = done.stderr.splitlines()
    assert len(lines) == 1, done.stderr
    assert lines[0].startswith("composer: ")
    for word in words:
        assert word in lines[0]


def files(folder: Path) -> list[str]:
    """All files below `folder`, hidden ones too."""
    return sorted(str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file())


# What works


def test_a_bundled_melody_comes_out_note_for_note_with_three_voices(arrange, ode):
    done = arrange("ode-to-joy")
    assert (done.returncode, done.stderr) == (0, "")
    assert files(arrange.folder) == ["ode-to-joy-arranged.mid"]
    song = read(arrange.folder / "ode-to-joy-arranged.mid")
    assert song.tracks[0].notes == ode.tracks[0].notes
    assert [t.name for t in song.tracks[1:]] == ["Alto", "Tenor", "Bass"]
    assert all(t.notes for t in song.tracks)
    assert (song.tempos, song.time_signatures) == (ode.tempos, ode.time_signatures)
    assert "ode-to-joy-arranged.mid" in done.stdout
    assert str(len(ode.bar_onsets())) in done.stdout
    assert f"{ode.seconds(ode.end):.1f}" in done.stdout


def test_a_file_named_like_a_bundled_melody_comes_first(arrange):
    write(arrange.folder / "sakura", two_tracks())
    assert arrange("sakura", "-o", "x.mid").returncode == 0
    assert read(arrange.folder / "x.mid").tracks[0].name == "High"


def test_the_same_seed_gives_the_same_bytes_and_another_does_not(arrange):
    for seed, name in ((5, "a.mid"), (5, "b.mid"), (6, "c.mid")):
        assert arrange("ode-to-joy", "--seed", seed, "-o", name).returncode == 0
    a, b, c = ((arrange.folder / f"{n}.mid").read_bytes() for n in "abc")
    assert a == b != c


def test_sound_picture_and_score_beside_the_midi_file(arrange, ode):
    done = arrange(
        "ode-to-joy", "-o", "x.mid", "--wav", "x.wav", "--png", "x.png", "--musicxml", "x.musicxml"
    )
    assert (done.returncode, done.stderr) == (0, "")
    with wave.open(str(arrange.folder / "x.wav")) as sound:
        assert sound.getnframes() / sound.getframerate() >= ode.seconds(ode.end)
    assert (arrange.folder / "x.png").read_bytes().startswith(b"\x89PNG")
    assert (arrange.folder / "x.musicxml").read_text().count("<score-part ") == 4


def test_a_steady_tempo(arrange):
    song = replace(two_tracks(), tempos=(Tempo(0.0, 90.0), Tempo(2.0, 45.0)))
    write(arrange.folder / "in.mid", song)
    assert arrange("in.mid", "-o", "out.mid", "--qpm", 120).returncode == 0
    assert read(arrange.folder / "out.mid").tempos == (Tempo(0.0, 120.0),)


def test_tracks_are_counted_from_one_and_the_choice_is_said_aloud(arrange):
    write(arrange.folder / "in.mid", two_tracks())
    done = arrange("in.mid", "-o", "out.mid")
    assert done.returncode == 0
    assert done.stderr.splitlines() == [
        "composer: track 2 (High) is taken as the melody, the highest of several; --track chooses another"
    ]
    assert read(arrange.folder / "out.mid").tracks[0].name == "High"
    done = arrange("in.mid", "-o", "out.mid", "--track", 1)
    assert (done.returncode, done.stderr) == (0, "")
    assert read(arrange.folder / "out.mid").tracks[0].notes == two_tracks().tracks[0].notes


def test_of_chords_the_top_line_is_taken_and_that_is_said(arrange):
    notes = [Note(float(i), p, 1.0) for i in range(8) for p in (60 + i, 67 + i)]
    write(arrange.folder / "in.mid", Song((Track(tuple(notes)),)))
    done = arrange("in.mid", "-o", "out.mid")
    assert done.stderr == "composer: track 1 has chords; their top line is taken\n"
    assert [n.pitch for n in read(arrange.folder / "out.mid").tracks[0].notes] == list(
        range(67, 75)
    )


def test_a_folder_into_a_folder(arrange):
    for name in ("b/tune.mid", "a.MIDI", "tune.mid", "tune.midi", "notes.txt"):
        path = arrange.folder / "in" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(to_bytes(two_tracks()))
    done = arrange("in", "-o", "out", "--musicxml", "scores", "--track", 1)
    assert (done.returncode, done.stderr) == (0, "")
    assert files(arrange.folder / "out") == ["a.mid", "b/tune.mid", "tune-2.mid", "tune.mid"]
    assert files(arrange.folder / "scores") == [
        "a.musicxml",
        "b/tune.musicxml",
        "tune-2.musicxml",
        "tune.musicxml",
    ]


def test_an_output_folder_inside_the_input_is_not_read(arrange):
    (arrange.folder / "in").mkdir()
    write(arrange.folder / "in" / "a.mid", two_tracks())
    for _ in range(2):
        assert arrange("in", "-o", "in/arranged").returncode == 0
    assert files(arrange.folder) == ["in/a.mid", "in/arranged/a.mid"]


def test_a_broken_file_does_not_stop_the_others(arrange):
    folder = arrange.folder / "in"
    folder.mkdir()
    (folder / "a.mid").write_bytes(b"no")
    write(folder / "b.mid", Song((Track((Note(0.0, 38, 1.0),), is_drum=True),)))
    write(folder / "c.mid", two_tracks())
    done = arrange("in", "-o", "out")
    assert done.returncode == 2
    first, second, remark, last = done.stderr.splitlines()
    assert first.startswith("composer: cannot read in/a.mid")
    assert second.startswith("composer: in/b.mid: ")
    assert remark.startswith("composer: in/c.mid: track 2")
    assert last == "composer: 2 of 3 melodies could not be arranged"
    assert files(arrange.folder / "out") == ["c.mid"]
    assert "c.mid" in done.stdout


def test_several_names_into_the_folder_arranged(arrange):
    assert arrange("ode-to-joy", "greensleeves").returncode == 0
    assert files(arrange.folder) == ["arranged/greensleeves.mid", "arranged/ode-to-joy.mid"]


def test_into_a_folder_that_is_there(arrange):
    (arrange.folder / "out").mkdir()
    assert arrange("ode-to-joy", "-o", "out").returncode == 0
    assert files(arrange.folder) == ["out/ode-to-joy.mid"]


def test_a_pianoroll_file(arrange):
    import pypianoroll

    roll = np.zeros((240, 128), np.uint8)
    roll[:48, 67], roll[48:, 72] = 90, 90
    tracks = [pypianoroll.StandardTrack(pianoroll=roll, name="Tune")]
    pypianoroll.save(
        arrange.folder / "in.npz", pypianoroll.Multitrack(resolution=24, tracks=tracks)
    )
    done = arrange("in.npz", "-o", "out.mid")
    assert (done.returncode, done.stderr) == (0, "")
    assert [(n.onset, n.pitch) for n in read(arrange.folder / "out.mid").tracks[0].notes] == [
        (0, 67),
        (2, 72),
    ]


def test_two_hours_of_music(arrange):
    notes = tuple(Note(float(i), 60 + (7 * i) % 17, 1.0) for i in range(12_000))  # at 100 qpm
    write(arrange.folder / "in.mid", Song((Track(notes),)))
    done = arrange("in.mid", "-o", "out.mid")
    assert (done.returncode, done.stderr) == (0, "")
    assert read(arrange.folder / "out.mid").tracks[0].notes == notes


@pytest.mark.parametrize("beats", [0.1, 1, 4, 5])
def test_one_note(arrange, beats):
    write(arrange.folder / "in.mid", Song((Track((Note(0.0, 67, beats),)),)))
    done = arrange("in.mid", "-o", "out.mid")
    assert (done.returncode, done.stderr) == (0, "")
    assert [len(t.notes) > 0 for t in read(arrange.folder / "out.mid").tracks] == [True] * 4


def test_the_version(composer_command):
    done = composer_command("--version")
    assert (done.returncode, done.stdout) == (0, f"composer {composer.__version__}\n")


@pytest.mark.parametrize(
    "command",
    [[], ["arrange"], ["ports"], ["record"], ["train"], ["export"], ["models"], ["melodies"]],
)
def test_help_teaches(composer_command, command):
    done = composer_command(*command, "--help")
    assert (done.returncode, done.stderr) == (0, "")
    assert "composer " + " ".join(command) in done.stdout
    if command not in (["models"], []):
        assert "Examples:" in done.stdout


def test_melodies_are_listed(composer_command):
    done = composer_command("melodies")
    assert (done.returncode, done.stderr) == (0, "")
    assert [line.split()[0] for line in done.stdout.splitlines()[1:]] == list(catalog.tunes())


def test_models_are_listed_with_their_scores(composer_command):
    found = models()
    done = composer_command("models")
    if not found:
        lacking("a bundled model")
    assert (done.returncode, done.stderr) == (0, "")
    distance = json.loads((found["jsb-chorales"] / CARD).read_text())["scores"]["bach_distance"]
    rows = {line.split()[0]: line.split()[1:4] for line in done.stdout.splitlines()[1:]}
    assert rows["jsb-chorales"] == ["chorale", "yes", f"{distance:.3f}"]
    assert rows["string-quartet"] == ["band", "no", "–"]


# What does not


def test_files_that_are_no_melody(arrange, ode):
    whole = to_bytes(ode)
    drums = Song((Track((Note(0.0, 38, 1.0), Note(1.0, 42, 1.0)), is_drum=True),))
    bad = {
        "empty.mid": (b"", "cannot read"),
        "text.mid": (b"Dear Sir or Madam, this is a letter.", "cannot read"),
        "cut.mid": (whole[: len(whole) // 2], "cannot read"),
        "nothing.mid": (to_bytes(Song()), "no notes"),
        "silent.mid": (to_bytes(Song((Track(name="a"),))), "no notes"),
        "drums.mid": (to_bytes(drums), "only drums"),
        "short.mid": (zero_length(), "no notes"),
        "damaged.npz": (b"PK\x03\x04 and then nothing", "cannot read"),
        "endless.mid": (endless(), "at most"),
    }
    for name, (data, words) in bad.items():
        (arrange.folder / name).write_bytes(data)
        fails(arrange(name, "-o", "out.mid"), words)
    assert files(arrange.folder) == sorted(bad)


def zero_length() -> bytes:
    """A file whose only note stops where it starts."""
    track = b"\x00\x90\x3c\x40\x00\x80\x3c\x40\x00\xff\x2f\x00"
    return (
        b"MThd\x00\x00\x00\x06\x00\x00\x00\x01\x01\xe0MTrk" + len(track).to_bytes(4, "big") + track
    )


def endless() -> bytes:
    """A file whose only note lasts for days."""
    track = (
        b"\x00\x90\x3c\x40"
        + b"\xff\xff\xff\x7f\xff\x01\x00" * 4
        + b"\xff\xff\xff\x7f\x80\x3c\x40\x00\xff\x2f\x00"
    )
    return (
        b"MThd\x00\x00\x00\x06\x00\x00\x00\x01\x00\x60MTrk" + len(track).to_bytes(4, "big") + track
    )


def test_a_note_of_no_length_among_others_is_left_out(arrange):
    track = b"\x00\x90\x3c\x40\x00\x80\x3c\x40\x00\x90\x40\x40\x9e\x00\x80\x40\x40\x00\xff\x2f\x00"
    data = (
        b"MThd\x00\x00\x00\x06\x00\x00\x00\x01\x01\xe0MTrk" + len(track).to_bytes(4, "big") + track
    )
    (arrange.folder / "in.mid").write_bytes(data)
    assert arrange("in.mid", "-o", "out.mid").returncode == 0
    assert [n.pitch for n in read(arrange.folder / "out.mid").tracks[0].notes] == [64]


def test_names_that_are_nothing(arrange):
    fails(arrange("ode-to-joi"), "'ode-to-joi'", "composer melodies")
    fails(arrange("gone.mid"), "gone.mid", "No such file")
    (arrange.folder / "in").mkdir()
    fails(arrange("in"), "folder in")
    fails(arrange("x" * 300), "composer: ")
    assert files(arrange.folder) == []


def test_tracks_that_are_not_there(arrange):
    drums = Track((Note(0.0, 38, 1.0),), is_drum=True)
    write(arrange.folder / "in.mid", replace(two_tracks(), tracks=(*two_tracks().tracks, drums)))
    fails(arrange("in.mid", "--track", 4), "track 4", "3")
    fails(arrange("in.mid", "--track", 3), "track 3 is drums", "[1, 2]")
    fails(arrange("in.mid", "--track", 0), "--track")


@pytest.mark.parametrize(
    "option", ["--seed=-1", "--seed=many", "--track=x", "--qpm=fast", "--sead=1"]
)
def test_options_that_mean_nothing(arrange, option):
    fails(arrange("ode-to-joy", option), option.split("=")[0], "--help")


@pytest.mark.parametrize("qpm", ["0", "-5", "nan", "inf", "1e9"])
def test_tempos_that_midi_cannot_hold(arrange, qpm):
    fails(arrange("ode-to-joy", f"--qpm={qpm}"), "tempo")
    assert files(arrange.folder) == []


def test_a_model_that_is_not_there_names_those_that_are(composer_command):
    fails(
        composer_command("arrange", "ode-to-joy", "--model", "jsb-corals"),
        "'jsb-corals'",
        *models(),
    )


def damage(folder: Path, how: str) -> None:
    card = json.loads((folder / CARD).read_text())
    plays = (folder / PLAYS).read_bytes()
    match how:
        case "no card":
            (folder / CARD).unlink()
        case "no network":
            (folder / PLAYS).unlink()
        case "card is no JSON":
            (folder / CARD).write_text('{"family": "chor')
        case "card is binary":
            (folder / CARD).write_bytes(bytes(range(256)))
        case "card is a list":
            (folder / CARD).write_text("[1, 2]")
        case "card is empty":
            (folder / CARD).write_text("{}")
        case "unknown family":
            (folder / CARD).write_text(json.dumps({**card, "family": "transformer"}))
        case "family is a number":
            (folder / CARD).write_text(json.dumps({**card, "family": 7}))
        case "family is a list":
            (folder / CARD).write_text(json.dumps({**card, "family": ["chorale"]}))
        case "config is a list":
            (folder / CARD).write_text(json.dumps({**card, "config": [1]}))
        case "config is null":
            (folder / CARD).write_text(json.dumps({**card, "config": None}))
        case "unknown setting":
            (folder / CARD).write_text(json.dumps({**card, "config": {"chanels": 8}}))
        case "setting of the wrong type":
            (folder / CARD).write_text(json.dumps({**card, "config": {"channels": "many"}}))
        case "network is empty":
            (folder / PLAYS).write_bytes(b"")
        case "network is cut":
            (folder / PLAYS).write_bytes(plays[: len(plays) // 2])
        case "network is text":
            (folder / PLAYS).write_text("import os")
        case "network is zeros":
            (folder / PLAYS).write_bytes(bytes(len(plays)))
        case "network is a folder":
            (folder / PLAYS).unlink()
            (folder / PLAYS).mkdir()
        case "network of another family":
            (folder / CARD).write_text(json.dumps({"family": "unet", "config": {}}))


DAMAGES = [
    *(
        "no card",
        "no network",
        "card is no JSON",
        "card is binary",
        "card is a list",
        "card is empty",
    ),
    *(
        "unknown family",
        "family is a number",
        "family is a list",
        "config is a list",
        "config is null",
    ),
    *(
        "unknown setting",
        "setting of the wrong type",
        "network is empty",
        "network is cut",
        "network is text",
    ),
    *("network is zeros", "network is a folder", "network of another family"),
]


@pytest.mark.parametrize("how", DAMAGES)
def test_damaged_models(arrange, model_copy, how):
    damage(model_copy, how)
    fails(arrange("ode-to-joy", model=model_copy), "model")
    assert files(arrange.folder) == []


def test_outputs_that_cannot_be_written(arrange):
    (arrange.folder / "file").write_text("")
    fails(arrange("ode-to-joy", "-o", "file/out.mid"), "cannot write")
    fails(arrange("ode-to-joy", "-o", "/proc/out.mid"), "cannot write")
    fails(arrange("ode-to-joy", "greensleeves", "-o", "file"), "folder")
    fails(arrange("ode-to-joy", "-o", "out.wav"), "--wav")
    fails(arrange("ode-to-joy", "-o", "out.txt"), ".mid or .midi", "out.txt")
    fails(arrange("ode-to-joy", "--wav", "out.mp3"), ".wav", "out.mp3")
    fails(arrange("ode-to-joy", "--png", "out.pdf"), ".png", "out.pdf")
    assert files(arrange.folder) == ["file"]


def test_a_folder_without_permission(as_nobody):
    (as_nobody / "locked").mkdir(mode=0o500)
    with pytest.raises(OutputError, match=r"cannot write .*Permission denied"):
        write(as_nobody / "locked/out.mid", two_tracks())


def test_a_melody_is_never_overwritten(arrange):
    write(arrange.folder / "in.mid", two_tracks())
    before = (arrange.folder / "in.mid").read_bytes()
    (arrange.folder / "link.mid").symlink_to("in.mid")
    for out in ("in.mid", "./in.mid", "link.mid", "."):
        fails(arrange("in.mid", "-o", out), "choose another place")
    fails(arrange("in.mid", "-o", "out.mid", "--wav", "in.mid"), ".wav, got in.mid")
    fails(arrange("in.mid", "-o", "out.mid", "--png", "out.mid"), ".png, got out.mid")
    (arrange.folder / "link.mid").unlink()
    fails(arrange(".", "-o", "."), "choose another place")
    assert (arrange.folder / "in.mid").read_bytes() == before
    assert files(arrange.folder) == ["in.mid"]


def test_a_soundfont_that_is_not_there(arrange):
    fails(arrange("ode-to-joy", "--wav", "x.wav", "--soundfont", "none.sf2"), "none.sf2")
    fails(
        arrange("ode-to-joy", "--wav", "x.wav", env={"COMPOSER_SOUNDFONT": "gone.sf2"}), "gone.sf2"
    )
    assert "x.wav" not in files(arrange.folder)


@pytest.mark.parametrize(
    "command", [["ports"], ["record", "-o", "x.mid"], ["ports", "--midi-api", "alsa"]]
)
def test_no_midi_system(composer_command, command):
    nowhere = {"JACK_DEFAULT_SERVER": "none-of-that-name", "ALSA_CONFIG_PATH": "/nonexistent"}
    fails_last_line(composer_command(*command, env=nowhere), "no MIDI system")
    assert files(composer_command.folder) == []


def fails_last_line(done: subprocess.CompletedProcess, *words: str) -> None:
    done.stderr = done.stderr.splitlines(keepends=True)[-1] if done.stderr else ""
    fails(done, *words)


def test_recording_what_cannot_be(composer_command):
    fails_last_line(composer_command("record", "-o", "x.mid", "--qpm", 5), "qpm")
    fails_last_line(composer_command("record", "-o", "x.mid", "--midi-api", "oss"), "alsa, jack")
    fails_last_line(composer_command("record", "-o", "/proc/x.mid"), "cannot write")
    fails_last_line(
        composer_command("record", "-o", "x.mid", "--arrange", "--model", "none"), "no model 'none'"
    )
    fails(composer_command("record"), "--out")


def test_exporting_what_is_no_run(composer_command):
    if find_spec("tensorflow") is None:
        lacking("TensorFlow")
    fails(composer_command("export", "nowhere", "-o", "model"), "nowhere")
    assert files(composer_command.folder) == []


def test_training_with_what_is_not_there(composer_command):
    if find_spec("tensorflow") is None:
        lacking("TensorFlow")
    fails(composer_command("train", "--out", "run", "--config", "none.json"), "none.json")
    fails(composer_command("train", "--out", "run", "--dataset", "bach"), "jsb")
    fails(composer_command("train", "--out", "run", "--family", "lstm"), "chorale")
    fails(composer_command("train", "--out", "run", "--resume"), "run")


def test_a_full_disk(arrange):
    full = Path("/dev/full")
    if not full.exists():
        lacking("/dev/full")
    fails(arrange("ode-to-joy", "-o", full), "cannot write")
    assert files(arrange.folder) == []
