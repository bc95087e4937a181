"""Event files, read back with TensorBoard's own reader: what was reported is there, with its step, and once."""

from __future__ import annotations

import io
import math
import os
import subprocess
import sys
import wave
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from composer import catalog
from composer.errors import OutputError
from composer.runs.report import Report
from composer.songs.song import Note, Song, Track

from tests.conftest import lacking

ROOT = Path(__file__).parents[2]
if not (find_spec("tensorflow") and find_spec("tensorboard")):
    lacking("TensorFlow or TensorBoard")

from composer.pictures.frames import picture  # noqa: E402
from composer.runs.tensorboard import TensorBoard  # noqa: E402
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator  # noqa: E402
from tensorboard.backend.event_processing.plugin_event_accumulator import (  # noqa: E402
    EventAccumulator as MigratingAccumulator,
)

SONG = Song(
    (
        Track((Note(0, 67, 1), Note(1, 67, 1), Note(2, 72, 2), Note(4, 69, 4)), "Soprano"),
        Track((Note(0, 60, 2), Note(1, 67, 1), Note(4, 53, 4)), "Tenor"),
    )
)


@pytest.fixture(autouse=True)
def small_soundfont(monkeypatch):
    font = Path(find_spec("pretty_midi").submodule_search_locations[0]) / "TimGM6mb.sf2"
    monkeypatch.setenv(catalog.SOUNDFONT_VARIABLE, str(font))


def report(iteration, loss=1.5, **more):
    return Report(iteration, 400, 20.0, 6.5, "supervised", {"supervised": loss}, **more)


def evaluated(iteration, ratio=0.8125, song=SONG):
    return report(
        iteration,
        measures={"scale_ratio": ratio},
        reference={"scale_ratio": 0.9375},
        songs={"ode": song},
    )


def read(folder, kind=EventAccumulator):
    events = kind(str(folder))
    events.Reload()
    return events


def scalars(events, tag):
    return [(event.step, event.value) for event in events.Scalars(tag)]


def test_scalars_have_their_steps_and_the_dataset_lies_under_the_same_tag(tmp_path):
    with TensorBoard(tmp_path) as board:
        board.show(report(50, 2.5))
        board.show(evaluated(100))
    made, dataset = read(tmp_path / "generated"), read(tmp_path / "dataset")
    assert scalars(made, "losses/supervised") == [(50, 2.5), (100, 1.5)]
    assert scalars(made, "run/iterations a second") == [(50, 6.5), (100, 6.5)]
    assert scalars(made, "measures/scale_ratio") == [(100, 0.8125)]
    assert scalars(dataset, "measures/scale_ratio") == [(100, 0.9375)]
    assert dataset.Tags()["scalars"] == ["measures/scale_ratio"]


def test_what_is_undefined_is_left_out(tmp_path):
    with TensorBoard(tmp_path) as board:
        board.show(report(0, math.nan, measures={"rests": math.inf}))
        board.show(Report(0, 10, 0.0, 0.0, "supervised", {}))
    assert read(tmp_path / "generated").Tags()["scalars"] == ["run/iterations a second"]


def test_images_and_sound_can_be_taken_out_again(tmp_path):
    import tensorflow as tf

    with TensorBoard(tmp_path) as board:
        board.show(report(50, songs={"ode": SONG, "other": SONG}))
        board.show(evaluated(100))
    events = read(tmp_path / "generated")
    assert [event.step for event in events.Images("arrangements/ode")] == [50, 100]
    assert [event.step for event in events.Images("arrangements/other")] == [50]
    image = events.Images("arrangements/ode")[0]
    pixels = tf.io.decode_png(image.encoded_image_string).numpy()
    assert (image.height, image.width, 3) == pixels.shape and (pixels == picture(SONG)).all()
    (sound,) = events.Audio("sound/ode")
    assert sound.step == 100 and sound.sample_rate == 48_000
    with wave.open(io.BytesIO(sound.encoded_audio_string)) as file:
        assert (file.getnchannels(), file.getframerate(), file.getnframes()) == (
            1,
            48_000,
            sound.length_frames,
        )
        samples = np.frombuffer(file.readframes(file.getnframes()), "<i2")
    assert 8 * 0.6 < len(samples) / 48_000 < 8 * 0.6 + 5  # eight beats at 100 a minute
    assert np.abs(samples).max() > 10_000


def test_tensorboards_server_finds_all_three_kinds(tmp_path):
    with TensorBoard(tmp_path) as board:
        board.show(evaluated(100))
    events = read(tmp_path / "generated", MigratingAccumulator)
    plugins = {
        events.SummaryMetadata(tag).plugin_data.plugin_name for tag in events.Tags()["tensors"]
    }
    assert plugins == {"scalars", "images", "audio"}


def test_sound_is_of_the_first_bars_alone(tmp_path):
    long = Song((Track(tuple(Note(beat, 60, 1) for beat in range(200))),))
    with TensorBoard(tmp_path) as board:
        board.show(evaluated(100, song=long))
    (sound,) = read(tmp_path / "generated").Audio("sound/ode")
    assert 32 * 0.6 <= sound.length_frames / 48_000 < 32 * 0.6 + 5


def test_a_resumed_run_supersedes_what_came_later(tmp_path):
    with TensorBoard(tmp_path) as board:
        for iteration, ratio in ((100, 0.25), (200, 0.5), (300, 0.75)):
            board.show(evaluated(iteration, ratio))
    with TensorBoard(tmp_path) as board:  # from a checkpoint at 150
        board.show(evaluated(200, 0.625))
    made, dataset = read(tmp_path / "generated"), read(tmp_path / "dataset")
    assert scalars(made, "measures/scale_ratio") == [(100, 0.25), (200, 0.625)]
    assert [event.step for event in made.Images("arrangements/ode")] == [100, 200]
    assert [event.step for event in made.Audio("sound/ode")] == [100, 200]
    assert [step for step, _ in scalars(dataset, "measures/scale_ratio")] == [100, 200]


def test_what_was_shown_is_on_disk_before_the_end(tmp_path):
    board = TensorBoard(tmp_path)
    board.show(report(50))
    assert scalars(read(tmp_path / "generated"), "losses/supervised") == [(50, 1.5)]
    board.close()
    board.close()


def test_without_a_soundfont_a_text_says_why_once(tmp_path, monkeypatch):
    monkeypatch.setenv(catalog.SOUNDFONT_VARIABLE, str(tmp_path / "none.sf2"))
    with TensorBoard(tmp_path) as board:
        board.show(evaluated(100))
        board.show(evaluated(200))
    events = read(tmp_path / "generated")
    (event,) = events.Tensors("sound")
    assert b"no SoundFont" in event.tensor_proto.string_val[0]
    assert [event.step for event in events.Images("arrangements/ode")] == [100, 200]


def test_a_song_without_notes_is_an_empty_roll_and_no_sound(tmp_path):
    with TensorBoard(tmp_path) as board:
        board.show(evaluated(100, song=Song((Track(),))))
    events = read(tmp_path / "generated")
    assert len(events.Images("arrangements/ode")) == 1 and not events.Tags()["audio"]


def test_a_folder_that_cannot_be_written(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="cannot write"):
        TensorBoard(tmp_path / "file").show(report(1))


FULL = """
import resource, signal, sys
from composer.errors import OutputError
from composer.runs.report import Report
from composer.runs.tensorboard import TensorBoard

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (5000, 5000))
try:
    with TensorBoard(sys.argv[1]) as board:
        for i in range(1000):
            board.show(Report(i, 1000, 1.0, 1.0, "supervised", {"supervised": 1.0}))
except OutputError as error:
    print(error)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="needs limits of file sizes")
def test_a_full_disk_is_one_line(tmp_path):
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", FULL, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, env=env, check=True)
    assert (
        done.stdout
        == f"cannot write {tmp_path / 'generated'}: File too large; choose another place\n"
    )
    assert len(scalars(read(tmp_path / "generated"), "losses/supervised")) > 10


def test_without_tensorflow_the_extra_is_named(tmp_path):
    (tmp_path / "tensorflow.py").write_text("raise ImportError('none')")
    code = "from composer.errors import MissingPackageError\ntry:\n    import composer.runs.tensorboard\n"
    code += "except MissingPackageError as error:\n    print(error)"
    env = {**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), str(ROOT)])}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=env, check=True
    )
    assert "pip install 'melody-composer[train]'" in done.stdout
