"""The reports of a run for TensorBoard: scalars, piano rolls as images, and how they sound.

Two TensorBoard runs: `FOLDER/generated`, and under the same tags `FOLDER/dataset`, the measures of the dataset itself;
TensorBoard lays both over each other in one chart. Writing needs TensorFlow alone, looking needs TensorBoard.

An event file is a TFRecord file of Event messages. They are written as such, since the writers of `tf.summary` cannot
say that a run goes on: of what was reported before, TensorBoard drops what lies after the first new report.
"""

from __future__ import annotations

import itertools
import math
import os
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, Final

from composer import catalog
from composer.errors import ComposerError, MissingPackageError, OutputError
from composer.pictures.frames import picture
from composer.runs.report import Report
from composer.songs.audio import SAMPLE_RATE, render
from composer.songs.edit import first_bars
from composer.songs.song import Song

try:
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    import tensorflow as tf
except ImportError as error:
    raise MissingPackageError(
        "TensorBoard's files need TensorFlow: pip install 'melody-composer[train]'"
    ) from error

GENERATED: Final = "generated"
DATASET: Final = "dataset"
HEARD_BARS: Final = 8

_files = itertools.count()


class TensorBoard:
    """Writes reports into `folder`, which `tensorboard --logdir FOLDER` shows.

    A folder that has events of the same run already goes on: those from the first new report's iteration on are
    superseded. Raises OutputError where the folder cannot be written.
    """

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder)
        self._writers: dict[str, Any] = {}
        self._mute = ""  # why there is no sound

    def show(self, report: Report) -> None:
        """Write what a report has: losses, measures, images of its songs; sound where there are measures."""
        losses = {f"losses/{name}": value for name, value in report.losses.items()}
        pace = {"run/iterations a second": report.rate} if report.rate > 0 else {}
        measures = {f"measures/{name}": value for name, value in report.measures.items()}
        made = [
            *_scalars(losses | pace | measures),
            *(_image(name, song) for name, song in report.songs.items()),
        ]
        if report.measures:
            made += self._sound(report.songs)
            dataset = {f"measures/{name}": value for name, value in report.reference.items()}
            self._write(DATASET, report.iteration, list(_scalars(dataset)))
        self._write(GENERATED, report.iteration, made)

    def close(self) -> None:
        """Close the files."""
        for writer in self._writers.values():
            writer.close()
        self._writers = {}

    def __enter__(self) -> TensorBoard:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _write(self, run: str, iteration: int, values: list[Any]) -> None:
        try:
            if run not in self._writers:
                self._writers[run] = _opened(self.folder / run, iteration)
            if values:
                summary = tf.compat.v1.Summary(value=values)
                self._writers[run].write(_event(step=iteration, summary=summary))
                self._writers[run].flush()
        except (OSError, tf.errors.OpError) as error:
            reason = str(
                getattr(error, "message", "") or getattr(error, "strerror", "") or error
            ).split("; ")[-1]
            raise OutputError(
                f"cannot write {self.folder / run}: {reason}; choose another place"
            ) from error

    def _sound(self, songs: dict[str, Song]) -> list[Any]:
        """How the first song sounds; where it cannot be played, a text that says why, once."""
        name, song = next(iter(songs.items()), ("", Song()))
        if song.end <= 0 or self._mute:
            return []
        try:
            return [_audio(name, song)]
        except ComposerError as error:
            self._mute = str(error)
            return [_text("sound", f"no sound: {error}")]


def _opened(folder: Path, iteration: int) -> Any:
    """A new event file, which supersedes events of older ones from `iteration` on."""
    folder.mkdir(parents=True, exist_ok=True)
    # TensorBoard reads files in the order of their names.
    name = f"events.out.tfevents.{time.time_ns():019d}.{socket.gethostname()}.{os.getpid()}.{next(_files)}"
    writer = tf.io.TFRecordWriter(str(folder / name))
    writer.write(_event(file_version="brain.Event:2"))
    writer.write(
        _event(
            step=iteration,
            session_log=tf.compat.v1.SessionLog(status=tf.compat.v1.SessionLog.START),
        )
    )
    return writer


def _event(**fields: Any) -> bytes:
    return bytes(tf.compat.v1.Event(wall_time=time.time(), **fields).SerializeToString())


def _scalars(values: dict[str, float]) -> Iterator[Any]:
    """Those that are finite."""
    for tag, value in values.items():
        if math.isfinite(value):
            yield tf.compat.v1.Summary.Value(tag=tag, simple_value=value)


def _image(name: str, song: Song) -> Any:
    pixels = picture(song)
    image = tf.compat.v1.Summary.Image(
        height=pixels.shape[0],
        width=pixels.shape[1],
        colorspace=3,
        encoded_image_string=tf.io.encode_png(pixels, compression=1).numpy(),
    )
    return tf.compat.v1.Summary.Value(tag=f"arrangements/{name}", image=image)


def _audio(name: str, song: Song) -> Any:
    """The first bars, in one channel."""
    heard = first_bars(song, HEARD_BARS)
    # The lightest SoundFont: a large one would be a third of what training holds in memory.
    sound = render(heard, catalog.soundfont(light=True)).mean(axis=1, keepdims=True)
    wav = tf.audio.encode_wav(sound, SAMPLE_RATE).numpy()
    audio = tf.compat.v1.Summary.Audio(
        sample_rate=SAMPLE_RATE,
        num_channels=1,
        length_frames=len(sound),
        encoded_audio_string=wav,
        content_type="audio/wav",
    )
    return tf.compat.v1.Summary.Value(tag=f"sound/{name}", audio=audio)


def _text(tag: str, text: str) -> Any:
    plugin = tf.compat.v1.SummaryMetadata.PluginData(plugin_name="text")
    metadata = tf.compat.v1.SummaryMetadata(plugin_data=plugin)
    return tf.compat.v1.Summary.Value(
        tag=tag, tensor=tf.make_tensor_proto([text]), metadata=metadata
    )
