"""Frames to H.264 in MP4, by the ffmpeg that imageio-ffmpeg brings; frames go through pipes, never through files."""

from __future__ import annotations

import queue
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any, Final

from composer.errors import MissingPackageError, OutputError
from composer.files import atomic
from composer.runs.film.ink import Pixels
from composer.songs.audio import SAMPLE_RATE

# yuv420p is what every browser plays; bt709 is said aloud, or players guess, and guess other colours.
BT709: Final = (
    "scale=out_color_matrix=bt709:out_range=tv,setparams=color_primaries=bt709:color_trc=bt709"
)
COLORS: Final = ("-vf", BT709, "-pix_fmt", "yuv420p")
QUALITY: Final = ("-c:v", "libx264", "-preset", "veryfast", "-crf", "20")
FAST_START: Final = ("-movflags", "+faststart")
KEY_FRAME_EVERY: Final = 24  # so that one can scrub
PATIENCE: Final = 10.0  # seconds to wait for a frame that should be there at once
VIDEO_TAG: Final = 9  # in FLV: Adobe Flash Video File Format Specification 10.1, annex E
END: Final = b""


def ffmpeg() -> str:
    """The program. Raises MissingPackageError where it is not there."""
    try:
        import imageio_ffmpeg

        return str(imageio_ffmpeg.get_ffmpeg_exe())
    except (ImportError, RuntimeError) as error:
        raise MissingPackageError(
            "video needs imageio-ffmpeg: pip install 'melody-composer[video]'"
        ) from error


@contextmanager
def movie(
    path: Path, size: tuple[int, int], fps: float, sound: Path | None = None
) -> Iterator[Any]:
    """Lend a function that takes the next frame; `path` is whole when the block ends.

    sound: a file of raw samples, as `write_soundtrack` makes it. Raises OSError where the film cannot be written,
    MissingPackageError without ffmpeg.
    """
    heard = ("-f", "s16le", "-ar", str(SAMPLE_RATE), "-ac", "2", "-i", str(sound)) if sound else ()
    coded = ("-c:a", "aac", "-b:a", "160k") if sound else ()
    video = (*QUALITY, "-g", str(KEY_FRAME_EVERY), *COLORS)
    arguments = [*_raw(size, fps), *heard, *video, *coded, *FAST_START, "-f", "mp4", str(path)]
    with _Process(arguments) as process:
        yield process.feed
        process.finish()


class Stream:
    """A film that grows frame by frame, each coded at once, and can be written at any time.

    The encoder is one process that waits between frames: starting one for every frame costs more than coding it. It
    delays nothing (`zerolatency`), so that after every frame all the film is there. It writes FLV, because FLV says
    the length of every packet; `write` puts the same packets into MP4.
    """

    def __init__(self, size: tuple[int, int], fps: float, path: Path) -> None:
        self._fps, self._path = fps, path
        delay_none = (
            "-tune",
            "zerolatency",
            "-threads",
            "1",
            "-flush_packets",
            "1",
            "-fps_mode",
            "passthrough",
        )
        video = (*QUALITY, "-g", str(KEY_FRAME_EVERY), *delay_none, *COLORS)
        self._process = _Process(
            [*_raw(size, fps), *video, "-f", "flv", "-"], output=subprocess.PIPE
        )
        self._coded: list[bytes] = []
        self._arrived: queue.Queue[bytes] = queue.Queue()
        self._reader = threading.Thread(
            target=self._read, args=(self._process.output,), daemon=True
        )
        self._reader.start()

    def add(self, frame: Pixels) -> None:
        """Code a frame. Raises OutputError where the encoder has died."""
        try:
            self._process.feed(frame)
            self._take()
        except OSError as error:
            raise OutputError(f"cannot go on with {self._path}: {error}") from error

    def write(self) -> None:
        """Put all frames so far into the MP4 file, whole or not at all."""
        with atomic(self._path) as temporary:
            # Timestamps in FLV are milliseconds: count frames instead.
            stamps = ("-bsf:v", f"setts=ts=N/({self._fps}*TB)")
            arguments = [
                "-f",
                "flv",
                "-i",
                "-",
                "-c",
                "copy",
                *stamps,
                *FAST_START,
                "-f",
                "mp4",
                str(temporary),
            ]
            with _Process(arguments) as process:
                for packet in self._coded:
                    process.feed(packet)
                process.finish()

    def close(self) -> None:
        """Wait for the encoder to end."""
        try:
            self._process.finish()
        finally:
            self._reader.join(PATIENCE)
        while not self._arrived.empty():
            self._coded.append(self._arrived.get())  # END is empty: it does no harm

    def abandon(self) -> None:
        """Stop the encoder, whatever it does."""
        self._process.stop()
        self._reader.join(PATIENCE)

    def _take(self) -> None:
        """Fetch packets up to the next frame; a late one comes with the frames after it."""
        try:
            while not _is_frame(packet := self._arrived.get(timeout=PATIENCE)):
                if packet == END:
                    self._process.finish()
                    raise OSError("ffmpeg ended early")
                self._coded.append(packet)
            self._coded.append(packet)
        except queue.Empty:
            self._process.check()

    def _read(self, source: IO[bytes]) -> None:
        """Cut FLV into its header and its tags, each with the length that follows it."""
        self._arrived.put(source.read(13))
        while len(head := source.read(11)) == 11:
            rest = source.read(int.from_bytes(head[1:4], "big") + 4)
            self._arrived.put(head + rest)
        self._arrived.put(END)


def _is_frame(packet: bytes) -> bool:
    """Whether an FLV tag holds a frame, and not the header of H.264 or facts about the film."""
    return len(packet) > 13 and packet[0] == VIDEO_TAG and packet[12] == 1


def _raw(size: tuple[int, int], fps: float) -> list[str]:
    shape = f"{size[0]}x{size[1]}"
    return [
        "-f",
        "rawvideo",
        "-pix_fmt",
        "rgb24",
        "-video_size",
        shape,
        "-framerate",
        str(fps),
        "-i",
        "-",
    ]


class _Process:
    """An ffmpeg that is fed through a pipe; leaving its block stops it. Raises OSError, with its last words."""

    def __init__(self, arguments: list[str], output: int = subprocess.DEVNULL) -> None:
        self._said = tempfile.TemporaryFile()  # noqa: SIM115
        command = [ffmpeg(), "-nostdin", "-hide_banner", "-loglevel", "error", "-y", *arguments]
        # A session of its own: Ctrl-C ends the training, which then ends the film; it must not end the encoder first.
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=output, stderr=self._said, start_new_session=True
        )
        assert self._process.stdin is not None
        self._input = self._process.stdin

    @property
    def output(self) -> IO[bytes]:
        """What it writes, where it writes to a pipe."""
        assert self._process.stdout is not None
        return self._process.stdout

    def __enter__(self) -> _Process:
        return self

    def __exit__(self, *exception: object) -> None:
        self.stop()

    def feed(self, data: Any) -> None:
        """Hand over a frame or bytes."""
        try:
            self._input.write(memoryview(data).cast("B"))
            self._input.flush()
        except OSError:  # a broken pipe: it has ended, and said why
            self._process.wait()
            self.check()
            raise OSError("ffmpeg ended early") from None

    def finish(self) -> None:
        """End the input and wait."""
        with suppress(OSError):
            self._input.close()
        self._process.wait()
        self.check()

    def check(self) -> None:
        """Raise OSError where it has failed."""
        if self._process.poll():
            self._said.seek(0)
            words = self._said.read().decode(errors="replace").strip().splitlines()
            raise OSError(f"ffmpeg says {words[-1].strip() if words else self._process.poll()!r}")

    def stop(self) -> None:
        """Kill it where it still runs, and close what belongs to it."""
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()
        for file in filter(None, (self._input, self._process.stdout, self._said)):
            with suppress(OSError):  # what a broken pipe did not take
                file.close()
