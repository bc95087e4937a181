"""Runs to film, and what is seen in their films."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import numpy as np
from composer.runs.report import Report
from composer.runs.run import TrainingRun
from composer.songs.song import Note, Song, Tempo, TimeSignature, Track

from tests.conftest import needs

av = needs("av")
needs("PIL")

from composer.pictures.pixels import rgb  # noqa: E402
from composer.runs.film import FilmConfig  # noqa: E402

# The melody and the first other track, as in pictures of songs.
RED, BLUE = rgb("#E4472E"), rgb("#2C6FB7")
SIZE = (640, 360)
SMALL = FilmConfig(size=SIZE)
SOUNDFONT = Path(find_spec("pretty_midi").submodule_search_locations[0]) / "TimGM6mb.sf2"
SQUARE = 80  # its lowest sine is its strongest
BASSES = {
    100: Note(0, 50, 4),
    200: Note(4, 50, 4),
    400: Note(2, 57, 4),
}  # left, right, higher in the middle


def song(*bass: Note, melody: tuple[Note, ...] = (Note(2, 74, 6),), qpm: float = 120.0) -> Song:
    """Two bars of 4/4: a melody, all but two beats of them, over a bass."""
    tracks = (Track(melody, "Melody", SQUARE), Track(bass or (Note(0, 50, 8),), "Bass", SQUARE))
    return Song(tracks, (Tempo(0, qpm),), (TimeSignature(0, 4, 4),), title="A tune")


def new_run(folder: Path, snapshots: dict[int, dict[str, Song]] | None = None) -> TrainingRun:
    """A run with these snapshots, a report each: the loss falls from 4 by 1, the measure rises from .1 by .1."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "run.json").write_text('{"dataset": "jsb", "family": "chorale", "seed": 0}')
    run = TrainingRun(folder)
    run.write("reference.json", {"in_scale_ratio": 0.9})
    for i, (iteration, songs) in enumerate((snapshots or {}).items()):
        keep(run, iteration, songs, i)
    return run


def keep(run: TrainingRun, iteration: int, songs: dict[str, Song], place: int = 0) -> Report:
    """Log and keep a snapshot as training does; returns what training would tell."""
    losses, measures = {"critic": 4.0 - place}, {"in_scale_ratio": 0.1 + 0.1 * place}
    run.save_snapshot(iteration, songs)
    run.append(
        {"iteration": iteration, "seconds": iteration / 10, "losses": losses, "measures": measures}
    )
    return Report(
        iteration, 400, iteration / 10, 5.0, "adversarial", losses, measures, run.reference, songs
    )


def frames_of(path: Path) -> np.ndarray:
    """All frames of a film: uint8 [frame, row, column, 3]."""
    with av.open(str(path)) as container:
        return np.stack([frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)])


def like(frame: np.ndarray, color: np.ndarray) -> np.ndarray:
    """Where a frame has a colour, but for what coding does to it: bool [row, column]."""
    return np.abs(frame.astype(int) - color).max(-1) < 45


def roll_of(frame: np.ndarray) -> np.ndarray:
    """The part with the piano roll: below the bar, left of the curves, right of the names of octaves."""
    return frame[75:, 32:438]


def columns_of(frame: np.ndarray, color: np.ndarray) -> tuple[float, float]:
    """From where to where, in shares of the piano roll, there is a colour."""
    found = np.flatnonzero(like(roll_of(frame), color).sum(0) > 2)
    return found[0] / 406, found[-1] / 406


def facts_of(path: Path) -> dict:
    """What a player reads of a film."""
    with av.open(str(path)) as container:
        video = container.streams.video[0]
        context = video.codec_context
        return {
            "codec": context.name,
            "pixels": context.pix_fmt,
            "colors": (context.color_range, context.colorspace),
            "size": (context.width, context.height),
            "fps": float(video.average_rate),
            "seconds": container.duration / 1e6,
        }


def seconds_of(path: Path) -> float:
    """How long a film is."""
    return facts_of(path)["seconds"]
