"""Sound, judged with a level meter and a spectrum: length, level, pitch, sides, and SoundFonts that are not there."""

from __future__ import annotations

import sys
import wave
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from composer import catalog
from composer.errors import ComposerError, MissingPackageError, OutputError
from composer.songs import audio as synth
from composer.songs.song import Note, Song, Tempo, Track

from tests.conftest import lacking

BUNDLED = Path(find_spec("pretty_midi").submodule_search_locations[0]) / "TimGM6mb.sf2"
ORGAN = 19


@pytest.fixture(autouse=True)
def small_soundfont(monkeypatch):
    monkeypatch.setenv(catalog.SOUNDFONT_VARIABLE, str(BUNDLED))


def song(*notes, qpm=60.0, program=ORGAN, is_drum=False):
    return Song((Track(notes, program=program, is_drum=is_drum),), (Tempo(0, qpm),))


def levels(audio, seconds=1.0):
    """RMS in dBFS of each whole stretch of so many seconds, both sides together."""
    size = int(seconds * synth.SAMPLE_RATE)
    parts = audio[: len(audio) // size * size].reshape(-1, size * 2).astype(np.float64)
    return 10 * np.log10((parts**2).mean(axis=1) + 1e-12)


def loudest_frequency(audio):
    mono = audio.mean(axis=1) * np.hanning(len(audio))
    return np.argmax(np.abs(np.fft.rfft(mono))) * synth.SAMPLE_RATE / len(mono)


def test_music_is_heard_and_a_rest_is_not():
    audio = synth.render(song(Note(0, 60, 2), Note(6, 65, 1), Note(6, 69, 1)))
    measured = levels(audio)
    assert audio.dtype == np.float32 and audio.shape[1] == 2
    assert measured[[0, 1, 6]].min() > -30
    assert measured[[4, 5]].max() < -70


def test_peak_is_one_decibel_below_full_scale_whatever_the_velocity():
    for velocity in (20, 127):
        audio = synth.render(song(Note(0, 60, 1, velocity)))
        assert np.abs(audio).max() == pytest.approx(0.8913, abs=1e-3)


@pytest.mark.parametrize(("pitch", "hertz"), [(69, 440.0), (57, 220.0), (76, 659.26)])
def test_a_pitch_sounds_at_its_frequency(pitch, hertz):
    square = synth.render(song(Note(0, pitch, 3), program=80))
    assert loudest_frequency(square[: 3 * synth.SAMPLE_RATE]) == pytest.approx(hertz, rel=0.003)


@pytest.mark.parametrize("qpm", [60.0, 150.0])
def test_length_is_that_of_the_song_and_its_tail(qpm):
    music = song(Note(0, 60, 1), Note(3, 67, 4), qpm=qpm)
    seconds = len(synth.render(music)) / synth.SAMPLE_RATE
    assert music.seconds(7) == 7 * 60 / qpm
    assert music.seconds(7) < seconds < music.seconds(7) + synth.TAIL


def test_the_last_note_dies_away():
    audio = synth.render(song(Note(0, 60, 1), program=0))
    tail = levels(audio[synth.SAMPLE_RATE :], 0.05)
    assert len(tail) > 3 and tail[-1] < tail[0] - 15


@pytest.mark.parametrize(
    "tempos",
    [
        (),
        (Tempo(1, 30.0),),
        (Tempo(0, 120.0), Tempo(2, 30.0)),
        (Tempo(0, 60.0), Tempo(150_000, 60.0)),
    ],
)
def test_notes_fall_where_the_song_says(tempos):
    music = Song((Track((Note(4, 60, 1),), program=ORGAN),), tempos)
    audio = synth.render(music)
    first = np.flatnonzero(np.abs(audio).max(axis=1) > 0.05)[0] / synth.SAMPLE_RATE
    assert first == pytest.approx(music.seconds(4), abs=0.1)


def test_programs_and_drums_sound_different():
    sounds = [
        synth.render(song(Note(0, 42, 1), program=program, is_drum=is_drum))[
            : synth.SAMPLE_RATE // 2
        ]
        for program, is_drum in ((0, False), (40, False), (0, True))
    ]
    spectra = [np.abs(np.fft.rfft(s.mean(axis=1))) for s in sounds]
    likeness = np.corrcoef(spectra)
    assert np.triu(likeness, 1).max() < 0.9


def test_a_song_without_notes_has_no_sound():
    with pytest.raises(ComposerError, match="at least one note"):
        synth.render(Song((Track(),)))


def test_a_song_of_hours_is_refused():
    with pytest.raises(ComposerError, match="30 minutes at most, this one has 67"):
        synth.render(song(Note(4000, 60, 1)))


def test_wav_is_sixteen_bit_stereo_and_says_what_render_says(tmp_path):
    music = song(Note(0, 60, 1), Note(1, 64, 0.5))
    synth.write_wav(tmp_path / "new" / "out.wav", music)
    with wave.open(str(tmp_path / "new" / "out.wav")) as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (2, 2, 48_000)
        samples = np.frombuffer(file.readframes(file.getnframes()), "<i2").reshape(-1, 2)
    assert np.abs(samples / 32767 - synth.render(music)).max() < 1e-4
    assert np.abs(samples.astype(int)).max() == round(32767 * 10 ** (-1 / 20))
    assert [p.name for p in tmp_path.rglob("*")] == ["new", "out.wav"]


def test_the_same_song_is_the_same_sound():
    music = song(Note(0, 60, 1), Note(0, 67, 1))
    assert np.array_equal(synth.render(music), synth.render(music))


def test_no_file_is_left_where_writing_fails(tmp_path):
    (tmp_path / "out.wav").mkdir()
    with pytest.raises(OutputError):
        synth.write_wav(tmp_path / "out.wav", song(Note(0, 60, 1)))
    with pytest.raises(ComposerError):
        synth.write_wav(tmp_path / "silent.wav", Song())
    assert [p.name for p in tmp_path.iterdir()] == ["out.wav"]


def _damaged(kind):
    data = BUNDLED.read_bytes()
    noise = np.random.default_rng(0).integers(0, 256, 150_000, dtype=np.uint8).tobytes()
    return {
        "empty": b"",
        "not one": b"MThd" + data[4:9000],
        "cut off": data[:100_000],
        "header only": data[:12],
        "scrambled": data[:-200_000] + noise + data[-50_000:],  # midirenderer panics
    }[kind]


@pytest.mark.parametrize("kind", ["empty", "not one", "cut off", "header only", "scrambled"])
def test_a_damaged_soundfont_is_one_line(tmp_path, kind):
    path = tmp_path / "bad.sf2"
    path.write_bytes(_damaged(kind))
    with pytest.raises(ComposerError, match=r"bad\.sf2") as error:
        synth.render(song(Note(0, 60, 1)), path)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("named", ["argument", "variable", "folder"])
def test_a_missing_soundfont_is_named(tmp_path, monkeypatch, named):
    path = tmp_path if named == "folder" else tmp_path / "none.sf2"
    if named == "variable":
        monkeypatch.setenv(catalog.SOUNDFONT_VARIABLE, str(path))
    with pytest.raises(ComposerError, match="no SoundFont at"):
        synth.render(song(Note(0, 60, 1)), None if named == "variable" else path)


def test_without_midirenderer_fluidsynth_plays(monkeypatch):
    if not synth.shutil.which("fluidsynth"):
        lacking("the fluidsynth command")
    monkeypatch.setitem(sys.modules, "midirenderer", None)
    audio = synth.render(song(Note(0, 69, 2), program=80))
    assert loudest_frequency(audio[: 2 * synth.SAMPLE_RATE]) == pytest.approx(440, rel=0.003)
    assert 2 < len(audio) / synth.SAMPLE_RATE < 2 + synth.TAIL


def test_without_either_the_error_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "midirenderer", None)
    monkeypatch.setenv("PATH", "")
    with pytest.raises(MissingPackageError, match="pip install midirenderer"):
        synth.render(song(Note(0, 60, 1)))


def test_what_fluidsynth_says_is_passed_on(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "midirenderer", None)
    command = tmp_path / "fluidsynth"
    command.write_text("#!/bin/sh\necho one >&2\necho the reason >&2\nexit 3\n")
    command.chmod(0o755)
    monkeypatch.setattr(synth.shutil, "which", lambda name: str(command))
    with pytest.raises(ComposerError, match=r"TimGM6mb\.sf2: the reason"):
        synth.render(song(Note(0, 60, 1)))
