"""The film of a run: a frame for every snapshot, made when the run is over or while it grows."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Final

import numpy as np

from composer.errors import ComposerError, ConfigError, ModelError
from composer.files import atomic
from composer.runs.film import sound
from composer.runs.film.curves import series_of
from composer.runs.film.encoder import Stream, movie
from composer.runs.film.ink import Pixels
from composer.runs.film.rolls import draw_playhead, scope_of, shown_bars
from composer.runs.film.scene import Moment, Scene, about
from composer.runs.run import FILM, Report, TrainingRun
from composer.songs import read
from composer.songs.edit import excerpt
from composer.songs.song import Song

VIDEO: Final = FILM
"""Where in its folder the film of a run is."""
SMALLEST, LARGEST = (320, 180), (3840, 2160)
FASTEST: Final = 60.0
LATE: Final = 40  # a film of so many frames may lack its last one; twice as long, its last two
SAMPLED: Final = 12
Songs = dict[str, Song]
Log = dict[int, dict[str, Any]]
Frames = dict[int, Callable[[], Pixels]]
OnStep = Callable[[int, int], None]


@dataclass(frozen=True)
class FilmConfig:
    """How a film is made. fps: frames a second. size: width and height in pixels, even. audio: whether it is heard.

    first, last: iterations between which, both included, snapshots are shown; None: all.
    """

    fps: float = 8.0
    size: tuple[int, int] = (1280, 720)
    audio: bool = False
    first: int | None = None
    last: int | None = None

    def __post_init__(self) -> None:
        if not 0 < self.fps <= FASTEST:
            raise ConfigError(
                f"frames a second lie above 0 and at {FASTEST:g} at most, got {self.fps:g}"
            )
        if any(n % 2 for n in self.size):
            raise ConfigError(
                f"a film is even in width and height, got {self.size[0]}x{self.size[1]}"
            )
        if not all(a <= n <= b for a, n, b in zip(SMALLEST, self.size, LARGEST, strict=True)):
            least, most = ("x".join(map(str, size)) for size in (SMALLEST, LARGEST))
            raise ConfigError(
                f"a film is {least} at least and {most} at most, got {self.size[0]}x{self.size[1]}"
            )

    def wants(self, iteration: int) -> bool:
        """Whether a snapshot is shown."""
        return (self.first is None or self.first <= iteration) and (
            self.last is None or iteration <= self.last
        )


@dataclass(frozen=True)
class Made:
    """A film that is there: its file, how many snapshots it shows, how many seconds it lasts."""

    path: Path
    snapshots: int
    seconds: float


def size_of(text: str) -> tuple[int, int]:
    """Width and height that "1280x720" names; odd numbers become even. Raises ConfigError for other text."""
    found = re.fullmatch(r"\s*([0-9]{1,5})\s*[xX×]\s*([0-9]{1,5})\s*", text)
    if not found:
        raise ConfigError(f"a size is WIDTHxHEIGHT in pixels, as 1280x720, got {text!r}")
    width, height = (int(n) // 2 * 2 for n in found.groups())
    return width, height


def film(
    run: TrainingRun, out: Path, config: FilmConfig = FilmConfig(), on_step: OnStep | None = None
) -> Made:
    """Write the film of a run's snapshots as MP4 (H.264; AAC where it is heard), whole or not at all.

    on_step gets steps done and in all: frames, and before them as many for the sound. Raises ModelError for a run
    without snapshots, OutputError where the film cannot be written, MissingPackageError without the extra `video`,
    and with sound what `synth.render` raises.
    """
    chosen = _chosen(run, config)
    scene = _scene(run, config, _some(run, chosen), len(chosen))
    frames, told = _frames(run, scene, chosen), on_step or _nobody
    with atomic(out) as temporary:
        temporary.touch()  # a place that cannot be written is told before the work, not after
        if scene.heard:
            each = _write_heard(temporary, run, scene, frames, config, told)
        else:
            each = _write_silent(temporary, frames, config, told)
    return Made(out, len(frames), len(frames) * each / config.fps)


def _write_silent(path: Path, frames: Frames, config: FilmConfig, on_step: OnStep) -> int:
    """The film without sound; returns how often each frame is shown."""
    with movie(path, config.size, config.fps) as feed:
        for done, frame in enumerate(frames.values()):
            feed(frame())
            on_step(done + 1, len(frames))
    return 1


def _write_heard(
    path: Path, run: TrainingRun, scene: Scene, frames: Frames, config: FilmConfig, on_step: OnStep
) -> int:
    """The same with sound: a frame stands while its first melody's arrangement is heard, under a moving line."""
    name, song = next(iter(scene.songs.items()))
    heard, files, total = scene.heard or (0.0, 0.0), run.snapshots, 2 * len(frames)
    beats = sound.beats_heard(song, heard, config.fps)
    with tempfile.TemporaryDirectory() as folder:
        track = Path(folder, "sound.raw")
        parts = [_part(files[at].get(name), heard) for at in frames]
        sound.write_soundtrack(
            track, parts, len(beats) / config.fps, lambda done: on_step(done, total)
        )
        with movie(path, config.size, config.fps, track) as feed:
            for done, frame in enumerate(frames.values()):
                image = frame()
                for beat in beats:
                    box, hidden = draw_playhead(image, scene.panels[0], beat)
                    feed(image)
                    image[box.y : box.bottom, box.x : box.right] = hidden
                on_step(len(frames) + done + 1, total)
    return len(beats)


class Film:
    """The film that grows in the folder of a run while it trains: `add` is what a trainer tells its reports to.

    After a snapshot `path` is replaced by a whole film of all so far (of a long one, after some). What a run did
    before it was resumed is drawn anew from its snapshots, so nothing else has to survive; so it is when notes come
    for which the panels have no room. A frame shows what was known when its film was begun.
    trouble: why there is no film, or none any more: that is no reason to stop training.
    """

    def __init__(self, folder: Path, config: FilmConfig = FilmConfig()) -> None:
        self.config, self.path, self.trouble = replace(config, audio=False), folder / VIDEO, ""
        self._log: Log = {}
        self._scene: Scene | None = None
        self._stream: Stream | None = None
        self._frames = self._unwritten = 0

    def __enter__(self) -> Film:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def add(self, report: Report) -> None:
        """Take what a report says, and where it has songs, add their frame."""
        self._log[report.iteration] = {
            "iteration": report.iteration,
            "seconds": report.seconds,
            "losses": report.losses,
            "measures": report.measures,
        }
        if report.songs and not self.trouble:
            with self._troubled():
                self._grow(report)

    def close(self) -> None:
        """Write what is not written yet, and end the encoder."""
        stream, self._stream = self._stream, None
        if stream is None:
            return
        try:
            with self._troubled():
                stream.close()
                if self._unwritten:
                    stream.write()
        finally:
            stream.abandon()

    @contextmanager
    def _troubled(self) -> Iterator[None]:
        try:
            yield
        except ComposerError as error:
            self.trouble = str(error)
            if self._stream is not None:
                self._stream.abandon()
            self._stream = None

    def _grow(self, report: Report) -> None:
        """Draw the frame, and write the film where it is time."""
        if (
            self._stream is None
            or self._scene is None
            or not self._scene.scope.holds(report.songs.values())
        ):
            self._begin(report)
        self._draw(report.iteration, report.songs, report)
        if self._unwritten * LATE >= self._frames or self._frames <= LATE:
            self._write()

    def _begin(self, report: Report) -> None:
        """A new film of all snapshots before the report's."""
        if self._stream is not None:
            self._stream.abandon()
        run = TrainingRun(self.path.parent)
        before = {
            line["iteration"]: line for line in run.log if line["iteration"] < report.iteration
        }
        self._log = {**before, **self._log}
        earlier = sorted(at for at in run.snapshots if at < report.iteration)
        known = {**_some(run, earlier), report.iteration: report.songs}
        scope = scope_of(_songs(known), self._scene.scope if self._scene else None)
        scene = _scene(run, self.config, known, len(known))
        self._scene = replace(scene, scope=scope_of(report.songs.values(), scope))
        self._stream = Stream(self.config.size, self.config.fps, self.path)
        self._frames = self._unwritten = 0
        for at in earlier:
            self._draw(at, run.snapshot(at), report)

    def _draw(self, at: int, songs: Songs, report: Report) -> None:
        assert self._scene is not None and self._stream is not None
        series = series_of(self._log.values(), report.reference)
        moment = Moment(at, _seconds(self._log, at), max(report.iterations, at))
        self._stream.add(self._scene.draw(moment, songs, series))
        self._frames += 1
        self._unwritten += 1

    def _write(self) -> None:
        assert self._stream is not None
        self._stream.write()
        self._unwritten = 0


def _nobody(done: int, total: int) -> None:
    """Whom steps are told when nobody asks."""


def _chosen(run: TrainingRun, config: FilmConfig) -> list[int]:
    """The iterations that are shown. Raises ModelError where there is none."""
    found = sorted(at for at, files in run.snapshots.items() if files)
    if not found:
        raise ModelError(
            f"{run.folder} has no snapshots yet: a film needs one; composer train keeps them as it goes"
        )
    chosen = [at for at in found if config.wants(at)]
    if not chosen:
        asked = f"from {found[0] if config.first is None else config.first} to {config.last or found[-1]}"
        raise ModelError(
            f"{run.folder} has no snapshot {asked}; it has {len(found)} from {found[0]} to {found[-1]}"
        )
    return chosen


def _some(run: TrainingRun, chosen: Sequence[int]) -> dict[int, Songs]:
    """A few snapshots, from the first to the last: enough to know how much room their notes need."""
    places = (
        np.unique(np.linspace(0, len(chosen) - 1, SAMPLED).round().astype(int)) if chosen else ()
    )
    return {chosen[i]: run.snapshot(chosen[i]) for i in places}


def _songs(snapshots: Mapping[int, Songs]) -> list[Song]:
    return [song for songs in snapshots.values() for song in songs.values()]


def _scene(run: TrainingRun, config: FilmConfig, known: Mapping[int, Songs], count: int) -> Scene:
    """What all frames share, from a few of `count` snapshots."""
    songs: Songs = {}
    for snapshot in known.values():
        songs |= {name: song for name, song in snapshot.items() if name not in songs}
    heard = None
    if config.audio and songs:
        first = next(iter(songs.values()))
        heard = sound.heard_beats(first, shown_bars(first), count)
    return Scene(config.size, about(run.asked), songs, scope_of(_songs(known)), heard)


def _frames(run: TrainingRun, scene: Scene, chosen: Sequence[int]) -> Frames:
    """What draws the frame of each iteration."""
    log: Log = {line["iteration"]: line for line in run.log if line["iteration"] <= chosen[-1]}
    series, files = series_of(log.values(), run.reference), run.snapshots

    def draw(at: int) -> Pixels:
        songs = {name: read(files[at][name]) for name in scene.shown if name in files[at]}
        return scene.draw(Moment(at, _seconds(log, at), chosen[-1]), songs, series)

    return {at: partial(draw, at) for at in chosen}


def _part(path: Path | None, heard: tuple[float, float]) -> Song:
    """What is heard of a snapshot's file."""
    return excerpt(read(path), heard[0], heard[1] - heard[0]) if path else Song()


def _seconds(log: Log, at: int) -> float:
    """Seconds of training until an iteration, as the log knows."""
    return float(max((line.get("seconds", 0.0) for i, line in log.items() if i <= at), default=0.0))
