"""The command `composer` in processes of its own: every option, and every bad input as one line and exit status 2."""

from __future__ import annotations

import wave
from dataclasses import replace

import numpy as np
import pytest
from composer.songs import read, write
from composer.songs.midi import to_bytes
from composer.songs.song import Note, Song, Tempo, Track

from tests.support.command import files, two_tracks


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
