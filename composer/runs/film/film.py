"""The film of a run that is over, or of what there is of it: a frame for every snapshot."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from composer.files import atomic
from composer.pictures.frames import draw_playhead
from composer.pictures.pixels import Pixels
from composer.runs.film import sound
from composer.runs.film.curves import series_of
from composer.runs.film.encoder import movie
from composer.runs.film.scene import Moment, Scene
from composer.runs.film.settings import FilmConfig
from composer.runs.film.snapshots import a_few, chosen_snapshots, scene_of, seconds_at
from composer.runs.run import TrainingRun
from composer.songs import read
from composer.songs.edit import excerpt
from composer.songs.song import Song

Frames = dict[int, Callable[[], Pixels]]
OnStep = Callable[[int, int], None]
"""Is told how many steps are done, and how many there are."""


@dataclass(frozen=True)
class MadeFilm:
    """A film that is there."""

    path: Path
    snapshots: int
    seconds: float


def film(
    run: TrainingRun,
    out: Path,
    config: FilmConfig | None = None,
    on_step: OnStep | None = None,
) -> MadeFilm:
    """Write the film of a run's snapshots as MP4 (H.264; AAC if it is heard), whole or not at all.

    A step is a frame; with sound each snapshot is a step before its frame is one. Raise
    ModelError for a run without snapshots, OutputError if the film cannot be written, and with
    sound what `composer.songs.audio.render` raises.
    """
    config = config or FilmConfig()
    chosen = chosen_snapshots(run, config)
    scene = scene_of(run, config, a_few(run, chosen), len(chosen))
    frames = _frames(run, scene, chosen)
    tell = on_step or _tell_nobody
    with atomic(out) as temporary:
        # A place that cannot be written is told before the work, not after.
        temporary.touch()
        if scene.heard:
            each = _write_heard(temporary, run, scene, frames, config, tell)
        else:
            each = _write_silent(temporary, frames, config, tell)
    return MadeFilm(out, len(frames), len(frames) * each / config.fps)


def _write_silent(
    path: Path,
    frames: Frames,
    config: FilmConfig,
    tell: OnStep,
) -> int:
    """Write the film without sound; return how often each frame is shown."""
    with movie(path, config.size, config.fps) as feed:
        for done, draw in enumerate(frames.values(), 1):
            feed(draw())
            tell(done, len(frames))
    return 1


def _write_heard(
    path: Path,
    run: TrainingRun,
    scene: Scene,
    frames: Frames,
    config: FilmConfig,
    tell: OnStep,
) -> int:
    """Write the film with sound; return how often each frame is shown.

    A frame stands while its first melody's arrangement is heard, under a moving line.
    """
    assert scene.heard is not None
    name, song = next(iter(scene.songs.items()))
    beats = sound.beats_heard(song, scene.heard, config.fps)
    # Rendering the sound takes about as long as drawing: each counts as a step.
    snapshots, total = run.snapshots, 2 * len(frames)
    parts = [_part(snapshots[at].get(name), scene.heard) for at in frames]
    with tempfile.TemporaryDirectory() as folder:
        track = Path(folder, "sound.raw")
        seconds = len(beats) / config.fps
        sound.write_soundtrack(track, parts, seconds, lambda done: tell(done, total))
        with movie(path, config.size, config.fps, track) as feed:
            for done, draw in enumerate(frames.values(), 1):
                image = draw()
                # One picture for all frames of a snapshot: only the line moves.
                for beat in beats:
                    box, hidden = draw_playhead(image, scene.panels[0], beat)
                    feed(image)
                    image[box.y : box.bottom, box.x : box.right] = hidden
                tell(len(frames) + done, total)
    return len(beats)


def _part(path: Path | None, heard: tuple[float, float]) -> Song:
    """Return the part of a snapshot's file that is heard."""
    if path is None:
        return Song()
    start, end = heard
    return excerpt(read(path), start, end - start)


def _frames(run: TrainingRun, scene: Scene, chosen: list[int]) -> Frames:
    """Return a function for each iteration that draws its frame."""
    last = chosen[-1]
    # Curves end with the film, though the run went on.
    log = {line["iteration"]: line for line in run.log if line["iteration"] <= last}
    series, snapshots = series_of(log.values(), run.reference), run.snapshots

    def draw(at: int) -> Pixels:
        files = snapshots[at]
        songs = {name: read(files[name]) for name in scene.shown if name in files}
        return scene.draw(Moment(at, seconds_at(log, at), last), songs, series)

    return {at: partial(draw, at) for at in chosen}


def _tell_nobody(done: int, total: int) -> None:
    """Stand in if nobody asks for steps."""
