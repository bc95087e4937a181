"""Frames to H.264 in MP4 by PyAV, which brings FFmpeg's libraries: no pipe, no second program."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

import numpy as np

from composer.errors import MissingPackageError, OutputError
from composer.files import atomic
from composer.pictures.pixels import Pixels
from composer.songs.audio import SAMPLE_RATE

try:
    import av
    from av.codec.context import Flags
    from av.video.reformatter import ColorPrimaries, ColorRange, Colorspace, ColorTrc
except ImportError as error:
    raise MissingPackageError(
        "video needs PyAV: pip install 'melody-composer[video]'"
    ) from error

QUALITY: Final = {"preset": "veryfast", "crf": "20"}
# A frame comes out as soon as it is put in.
NO_DELAY: Final = {"tune": "zerolatency"}
# Frames: a player can only jump to a key frame, so one is never far.
KEY_FRAME_EVERY: Final = 24
# The index stands before the frames, so that a browser plays before it has all of them.
MP4: Final = {"movflags": "+faststart"}
# Bits a second.
SOUND_RATE: Final = 160_000
# Greatest denominator of frames a second: MP4 wants a fraction.
FINEST_RATE: Final = 1000

Feed = Callable[[Pixels], None]


@contextmanager
def movie(
    path: Path, size: tuple[int, int], fps: float, sound: Path | None = None
) -> Iterator[Feed]:
    """Lend a function that takes the next frame; `path` is whole when the block ends.

    sound: a file of raw samples, as `write_soundtrack` makes it. Raise OSError if the film cannot
    be written.
    """
    with (
        _errors_of_system(),
        av.open(str(path), "w", format="mp4", options=MP4) as container,
    ):
        video = _Encoder(container, size, fps, QUALITY)
        audio = _SoundEncoder(container, sound) if sound else None

        # The encoder works in threads of its own: it takes a frame and lets the next one be drawn.
        def feed(image: Pixels) -> None:
            container.mux(video.encode(image))
            if audio is not None:
                audio.encode_until(video.seconds)

        yield feed
        container.mux(video.end())
        if audio is not None:
            audio.end()


class Stream:
    """A film that grows frame by frame, each coded at once, and can be written at any time.

    The coded frames stay in memory; writing puts them into an MP4 file as they are, which takes
    milliseconds.
    """

    def __init__(
        self,
        size: tuple[int, int],
        fps: float,
        path: Path,
    ) -> None:
        """Begin a film that `write` puts into `path`."""
        self._path = path
        # A container that is never read gives the encoder what a file's header needs.
        self._container: Any = av.open(io.BytesIO(), "w", format="mp4")
        self._encoder = _Encoder(
            self._container,
            size,
            fps,
            {**QUALITY, **NO_DELAY},
            threads=1,
        )
        self._container.start_encoding()
        self._coded: list[Any] = []

    def add(self, image: Pixels) -> None:
        """Code a frame. Raise OutputError if the encoder fails."""
        try:
            with _errors_of_system():
                self._coded += self._encoder.encode(image)
        except OSError as error:
            raise OutputError(f"cannot go on with {self._path}: {error}") from error

    def write(self) -> None:
        """Put all frames so far into the MP4 file, whole or not at all."""
        with (
            atomic(self._path) as temporary,
            _errors_of_system(),
            av.open(str(temporary), "w", format="mp4", options=MP4) as container,
        ):
            stream = container.add_stream_from_template(self._encoder.stream)
            for index, packet in enumerate(self._coded):
                container.mux(self._copy(packet, index, stream))

    def _copy(
        self,
        packet: Any,
        index: int,
        stream: Any,
    ) -> Any:
        """Return a coded frame as frame `index` of another file."""
        # Muxing empties a packet, and this one is needed for the next film.
        copy = av.Packet(bytes(packet))
        copy.stream = stream
        copy.time_base = 1 / self._encoder.rate
        copy.pts = copy.dts = index
        copy.duration = 1
        copy.is_keyframe = packet.is_keyframe
        return copy

    def close(self) -> None:
        """Let the encoder and its memory go."""
        self._coded = []
        self._container = None


class _Encoder:
    """H.264 for one stream of a container."""

    def __init__(
        self,
        container: Any,
        size: tuple[int, int],
        fps: float,
        options: dict[str, str],
        threads: int = 0,
    ) -> None:
        self.rate = Fraction(fps).limit_denominator(FINEST_RATE)
        self.stream = container.add_stream("libx264", rate=self.rate)
        self.stream.width, self.stream.height = size
        # yuv420p is what every browser plays; bt709 is said aloud, or players guess other colours.
        self.stream.pix_fmt = "yuv420p"
        context = self.stream.codec_context
        context.options = options
        context.gop_size = KEY_FRAME_EVERY
        context.thread_count = threads
        context.flags |= Flags.global_header
        context.color_range = ColorRange.MPEG
        context.colorspace = Colorspace.ITU709
        context.color_primaries = ColorPrimaries.BT709
        context.color_trc = ColorTrc.BT709
        self._frames = 0

    @property
    def seconds(self) -> float:
        """The length of the film so far."""
        return float(self._frames / self.rate)

    def encode(self, image: Pixels) -> list[Any]:
        """Return the packets of the next frame; none if the encoder waits for more."""
        frame = av.VideoFrame.from_ndarray(image, format="rgb24").reformat(
            format="yuv420p",
            dst_colorspace=Colorspace.ITU709,
            dst_color_range=ColorRange.MPEG,
        )
        frame.time_base = 1 / self.rate
        frame.pts = self._frames
        self._frames += 1
        return list(self.stream.encode(frame))

    def end(self) -> list[Any]:
        """Return the packets that the encoder still holds."""
        return list(self.stream.encode(None))


class _SoundEncoder:
    """AAC of a file of raw 16-bit stereo, put into a container beside the frames."""

    def __init__(self, container: Any, path: Path) -> None:
        self._container = container
        # Mapped: the sound of a long film need not fit into memory.
        self._samples = np.memmap(
            path,
            "<i2",
            mode="r",
        ).reshape(-1, 2)
        self._stream = container.add_stream("aac", rate=SAMPLE_RATE, layout="stereo")
        self._stream.bit_rate = SOUND_RATE
        self._done = 0

    def encode_until(self, seconds: float) -> None:
        """Encode the sound up to a time."""
        # As far as the frames, so that players find both side by side in the file.
        end = min(round(seconds * SAMPLE_RATE), len(self._samples))
        part = np.ascontiguousarray(self._samples[self._done : end]).reshape(1, -1)
        if not part.size:
            return
        frame = av.AudioFrame.from_ndarray(part, format="s16", layout="stereo")
        frame.sample_rate = SAMPLE_RATE
        frame.pts = self._done
        self._done = end
        self._container.mux(self._stream.encode(frame))

    def end(self) -> None:
        """Encode the rest."""
        self.encode_until(len(self._samples) / SAMPLE_RATE)
        self._container.mux(self._stream.encode(None))


@contextmanager
def _errors_of_system() -> Iterator[None]:
    """Raise OSError for whatever FFmpeg raises."""
    try:
        yield
    except av.FFmpegError as error:
        if isinstance(error, OSError):
            raise
        raise OSError(f"FFmpeg says {error}") from error
