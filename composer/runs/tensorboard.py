"""Write the reports of a run for TensorBoard: numbers, piano rolls as images, and how they sound.

There are two TensorBoard runs: `FOLDER/generated` and, under the same tags, `FOLDER/dataset` with
the metrics of the dataset itself; TensorBoard lays both over each other in one chart. Writing
needs TensorFlow alone, looking needs TensorBoard.

An event file is a TFRecord file of Event messages, written here as such. The writers of
`tf.summary` cannot say that a run goes on, so that TensorBoard drops what an earlier attempt
wrote of the same iterations. The one of tensorboardX can, but writes from a thread of its own: a
full disk would be a traceback there, and no error for the run.
"""

from __future__ import annotations

import itertools
import math
import os
import socket
import time
from collections.abc import Iterator, Mapping
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
    """Write reports into `folder`, which `tensorboard --logdir FOLDER` shows.

    A folder that has events of the same run already goes on: those from the first new report's
    iteration on are superseded. Raise OutputError if the folder cannot be written.
    """

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder)
        self._writers: dict[str, Any] = {}
        # Why there is no sound: said once, not with every report.
        self._mute = ""

    def show(self, report: Report) -> None:
        """Write the losses, metrics and songs of a report; with metrics comes sound."""
        made = list(_scalars("losses/", report.losses))
        if report.rate > 0:
            made += _scalars("run/", {"iterations a second": report.rate})
        made += _scalars("measures/", report.measures)
        made += [_image(name, song) for name, song in report.songs.items()]
        if report.measures:
            made += self._sound(report.songs)
            dataset = list(_scalars("measures/", report.reference))
            self._write(DATASET, report.iteration, dataset)
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
                # TensorBoard may be looking on.
                self._writers[run].flush()
        except (OSError, tf.errors.OpError) as error:
            place = self.folder / run
            reason = _reason(error)
            raise OutputError(
                f"cannot write {place}: {reason}; choose another place"
            ) from error

    def _sound(self, songs: dict[str, Song]) -> list[Any]:
        """Return how the first song sounds; if it cannot be played, a text that says why, once."""
        if not songs or self._mute:
            return []
        # One song is enough: sound is most of what a file weighs.
        name, song = next(iter(songs.items()))
        if song.end <= 0:
            return []
        try:
            return [_audio(name, song)]
        except ComposerError as error:
            self._mute = str(error)
            return [_text("sound", f"no sound: {error}")]


def _reason(error: Exception) -> str:
    """Return the last part of an error of TensorFlow or the system: the part for people."""
    text = getattr(error, "message", "") or getattr(error, "strerror", "") or error
    return str(text).split("; ")[-1]


def _opened(folder: Path, iteration: int) -> Any:
    """Open an event file that supersedes events of older ones from `iteration` on."""
    folder.mkdir(parents=True, exist_ok=True)
    # TensorBoard reads files in the order of their names: the time comes first, with all its
    # digits.
    when = f"{time.time_ns():019d}"
    unique = f"{socket.gethostname()}.{os.getpid()}.{next(_files)}"
    writer = tf.io.TFRecordWriter(str(folder / f"events.out.tfevents.{when}.{unique}"))
    writer.write(_event(file_version="brain.Event:2"))
    start = tf.compat.v1.SessionLog(status=tf.compat.v1.SessionLog.START)
    writer.write(_event(step=iteration, session_log=start))
    return writer


def _event(**fields: Any) -> bytes:
    event = tf.compat.v1.Event(wall_time=time.time(), **fields)
    return bytes(event.SerializeToString())


def _scalars(prefix: str, values: Mapping[str, float]) -> Iterator[Any]:
    """Yield the values that are finite, under tags that begin with `prefix`."""
    # What is not finite has no place in a chart.
    for name, value in values.items():
        if math.isfinite(value):
            yield tf.compat.v1.Summary.Value(tag=prefix + name, simple_value=value)


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
    """Return the sound of the first bars, in one channel."""
    heard = first_bars(song, HEARD_BARS)
    # The lightest SoundFont: a large one would be a third of what training holds in memory.
    sound = render(heard, catalog.soundfont(light=True)).mean(axis=1, keepdims=True)
    audio = tf.compat.v1.Summary.Audio(
        sample_rate=SAMPLE_RATE,
        num_channels=1,
        length_frames=len(sound),
        encoded_audio_string=tf.audio.encode_wav(sound, SAMPLE_RATE).numpy(),
        content_type="audio/wav",
    )
    return tf.compat.v1.Summary.Value(tag=f"sound/{name}", audio=audio)


def _text(tag: str, text: str) -> Any:
    plugin = tf.compat.v1.SummaryMetadata.PluginData(plugin_name="text")
    return tf.compat.v1.Summary.Value(
        tag=tag,
        tensor=tf.make_tensor_proto([text]),
        metadata=tf.compat.v1.SummaryMetadata(plugin_data=plugin),
    )
