"""The sound of a film: what is heard when."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from composer.pictures.frames import shown_bars
from composer.runs.film import FilmConfig, film, sound
from composer.songs.song import Note, Song, Tempo, TimeSignature, Track

from tests.support.films import RED, SIZE, av, frames_of, like, new_run, roll_of, song


def sound_of(path: Path) -> np.ndarray:
    """The sound of a film, decoded: float [sample], 48,000 a second."""
    with av.open(str(path)) as container:
        parts = [frame.to_ndarray() for frame in container.decode(audio=0)]
    return np.concatenate(parts, axis=1).mean(0)


def level(part: np.ndarray) -> float:
    return float(np.sqrt((part**2).mean()))


def pitch_of(part: np.ndarray) -> float:
    """The MIDI pitch of the strongest sine."""
    hertz = np.argmax(np.abs(np.fft.rfft(part * np.hanning(len(part))))) * 48_000 / len(part)
    return float(69 + 12 * np.log2(hertz / 440))


def test_each_snapshot_is_heard_while_it_is_seen(tmp_path):
    lone = {
        at: song(Note(0, p, 8), melody=(Note(0, p, 8),)) for at, p in ((1, 60), (2, 67), (4, 72))
    }
    rest = song(Note(20, 60, 1), melody=(Note(20, 74, 1),))  # nothing in the bars that are heard
    snapshots = {at: {"tune": lone.get(at, rest)} for at in (1, 2, 3, 4)}
    made = film(
        new_run(tmp_path / "run", snapshots),
        tmp_path / "film.mp4",
        FilmConfig(size=SIZE, audio=True),
    )
    heard, frames = sound_of(made.path), frames_of(made.path)
    each = 34  # 4 s of two bars and .25 s to ring are 34 frames of 1/8 s
    assert made.seconds == 4 * each / 8 and len(frames) == 4 * each
    assert len(heard) / 48_000 == pytest.approx(4 * each / 8, abs=0.05)
    parts = heard.reshape(-1)[: 4 * each * 6000].reshape(4, -1)
    middles = parts[:, 24_000:168_000]
    assert [round(pitch_of(m)) for m in middles[[0, 1, 3]]] == [60, 67, 72]
    assert min(level(m) for m in middles[[0, 1, 3]]) > 0.02 and level(middles[2]) < 1e-3
    loud = np.flatnonzero(np.abs(heard[int(3 * each * 6000) - 9600 :]) > 0.02)[0] / 48_000 - 0.2
    assert abs(loud) < 0.05  # the fourth begins with its frame
    seen = [like(roll_of(frame), RED).sum() > 50 for frame in frames]
    assert seen == [True] * 2 * each + [False] * each + [True] * each


def test_a_line_moves_over_what_is_heard(tmp_path):
    run = new_run(tmp_path / "run", {1: {"a": song(), "b": song()}})
    frames = frames_of(film(run, tmp_path / "film.mp4", FilmConfig(size=SIZE, audio=True)).path)
    dark = [np.flatnonzero((roll_of(frame)[20:120] < 110).all(-1).sum(0) > 60) for frame in frames]
    places = np.array([d[0] if len(d) else -1 for d in dark])
    assert (np.diff(places[places >= 0]) >= 0).all() and places[0] < 20 and places[31] > 0.95 * 400
    assert places[8] == pytest.approx(8.5 / 32 * 406, abs=4)
    assert not any(
        (roll_of(frame)[160:260] < 110).all(-1).sum(0).max() > 60 for frame in frames[4:28]
    )


def test_bars_are_heard_two_or_four_beats_where_the_film_is_long():
    tune = Song(
        (Track((Note(0, 60, 40),)),),
        (Tempo(0, 60),),
        (TimeSignature(0, 1, 4), TimeSignature(1, 3, 4)),
    )
    bars = shown_bars(tune)
    assert sound.heard_beats(tune, bars, 17) == (
        0,
        7,
    )  # the pickup and two bars: 7 seconds, 17 times
    assert sound.heard_beats(tune, bars, 18) == (0, 4)
    one = Song((Track((Note(0, 60, 1),)),))
    assert sound.heard_beats(one, shown_bars(one), 1000) == (0, 4)


def test_songs_in_a_row_begin_on_time_whatever_their_tempo():
    first, second = song(Note(2, 50, 1), qpm=60), song(Note(2, 50, 9), qpm=30)
    row = sound.in_a_row([first, second], 5.0)
    basses = [(n.onset, n.duration) for n in row.tracks[1].notes]
    assert (
        basses == [(2.0, 1.0), (9.0, 1.0)] and row.seconds(9.0) == 9.0
    )  # the last is cut where its five seconds end


def test_sound_does_not_drift_where_it_is_rendered_in_many_stretches(tmp_path, monkeypatch):
    monkeypatch.setattr(sound, "STRETCH", 0.5)
    told: list[int] = []
    sound.write_soundtrack(
        tmp_path / "raw", [song(Note(0, 60, 1))] * 5 + [Song()], 1 / 3, told.append
    )
    assert (tmp_path / "raw").stat().st_size == 2 * 48_000 * 4 and told == [1, 2, 3, 4, 5, 6]


def test_sound_that_is_cut_off_fades(tmp_path):
    sound.write_soundtrack(tmp_path / "raw", [song(Note(0, 60, 8))], 1.0, lambda done: None)
    last = np.abs(np.fromfile(tmp_path / "raw", "<i2").reshape(-1, 2)[-1920:]).max(1)
    assert last[:960].max() > 3000 and last[-10:].max() < 300
