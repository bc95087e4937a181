"""How long the film of a run takes, beside drawing the same with matplotlib; and what it costs while it grows."""

from __future__ import annotations

import json
import resource
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from composer.pictures.layout import bars
from composer.pictures.palette import LIGHT, MELODY, OTHERS
from composer.pictures.text import clock
from composer.runs.film import Film, film
from composer.runs.film.encoder import movie
from composer.runs.report import Report
from composer.runs.run import TrainingRun
from composer.songs.song import Note, Song, Tempo, TimeSignature, Track

from tests.benchmarks.table import Row, tune

SNAPSHOTS = 100
MELODIES = ("first", "second")
LOSSES, MEASURES = (
    ("supervised", "critic", "penalty", "generator"),
    ("distance", "own_key", "chords", "length"),
)
LAST = 4000
BARS = 8
EVERY = 7.0  # seconds of training between snapshots


def rows() -> Iterator[Row]:
    """A film made at the end, and one that grows."""
    with tempfile.TemporaryDirectory() as place:
        run = made_up_run(Path(place, "run"))
        times = [_seconds(lambda: film(run, Path(place, "ours.mp4"))) for _ in range(3)]
        plotted = _seconds(lambda: film_with_matplotlib(run, Path(place, "theirs.mp4")))
        yield Row(
            f"{SNAPSHOTS} frames of 1280x720, no sound",
            "s",
            float(np.median(times)),
            plotted,
            "<= 2.5",
            f"{min(times):.2f}-{max(times):.2f} s; baseline: the same re-plotted with matplotlib, same encoder",
        )
        cost = 1e3 * _grow(run) / SNAPSHOTS
        yield Row(
            "a frame of a film that grows, CPU",
            "ms",
            cost,
            goal="<= 70",
            remark=f"encoder and all; {cost / EVERY / 10:.2f} % of one core, with a snapshot every {EVERY:g} s",
        )


def made_up_run(folder: Path) -> TrainingRun:
    """A run whose snapshots go from noise to chords, with losses and measures at every snapshot."""
    folder.mkdir(parents=True)
    (folder / "run.json").write_text(
        json.dumps({"dataset": "made up", "family": "chorale", "seed": 0})
    )
    run = TrainingRun(folder)
    run.write("reference.json", dict.fromkeys(MEASURES, 0.9))
    for i in range(SNAPSHOTS):
        iteration, rng = (i + 1) * LAST // SNAPSHOTS, np.random.default_rng(i)
        run.save_snapshot(
            iteration, {name: _arrangement(rng, 1 - i / SNAPSHOTS) for name in MELODIES}
        )
        losses = {name: float(np.exp(-i / 30) + 0.1 * rng.normal()) for name in LOSSES}
        measures = {name: float(1 - np.exp(-i / 30) + 0.05 * rng.normal()) for name in MEASURES}
        run.append(
            {"iteration": iteration, "seconds": i * EVERY, "losses": losses, "measures": measures}
        )
    return run


def _arrangement(rng: np.random.Generator, noise: float) -> Song:
    """A melody over three voices in eighths, so many of them at random, the others held for a beat."""
    tracks = [tune(BARS).tracks[0]]
    for name, low in (("Alto", 55), ("Tenor", 48), ("Bass", 38)):
        notes: list[Note] = []
        for beat in range(4 * BARS):
            parts = 2 if rng.random() < noise else 1
            notes += [
                Note(beat + k / parts, int(rng.integers(low, low + 16)), 1 / parts)
                for k in range(parts)
            ]
        tracks.append(Track(tuple(notes), name))
    return Song(tuple(tracks), (Tempo(0, 100),), (TimeSignature(0, 4, 4),))


def _grow(run: TrainingRun) -> float:
    """CPU-seconds of a film that is told of every report of `run`, in another folder."""
    reports = [
        Report(
            line["iteration"],
            LAST,
            line["seconds"],
            1.0,
            "",
            line["losses"],
            line["measures"],
            run.reference,
            songs,
        )
        for line in run.log
        for songs in [run.snapshot(line["iteration"])]
    ]
    with tempfile.TemporaryDirectory() as place:
        other = TrainingRun(_empty_run(Path(place)))
        before = _cpu()
        with Film(other.folder) as grown:
            for report in reports:
                grown.add(report)
        assert not grown.trouble, grown.trouble
    return _cpu() - before


def _empty_run(folder: Path) -> Path:
    (folder / "run.json").write_text("{}")
    return folder


def film_with_matplotlib(run: TrainingRun, out: Path) -> None:
    """The same film, every frame a new matplotlib figure; the encoder is ours."""
    log, reference = run.log, run.reference
    with movie(out, (1280, 720), 8.0) as feed:
        for i, iteration in enumerate(run.snapshots):
            feed(_figure(iteration, run.snapshot(iteration), log[: i + 1], reference))


def _figure(
    iteration: int, songs: dict[str, Song], log: list[dict[str, Any]], reference: dict[str, float]
) -> Any:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(12.8, 7.2), dpi=100)
    canvas = FigureCanvasAgg(figure)
    figure.text(0.02, 0.92, f"{iteration:,}", size=36, weight="bold", color=LIGHT.text)
    figure.text(0.16, 0.92, f"of {LAST:,}, {clock(log[-1]['seconds'])} of training")
    for i, (name, song) in enumerate(songs.items()):
        _roll(figure.add_axes((0.05, 0.5 - 0.45 * i, 0.63, 0.38)), name, song)
    names = [("losses", name) for name in LOSSES] + [("measures", name) for name in MEASURES]
    for i, (kind, name) in enumerate(names):
        axes = figure.add_axes((0.74, 0.85 - 0.115 * i, 0.24, 0.07), xlim=(0, LAST))
        axes.plot([line["iteration"] for line in log], [line[kind][name] for line in log])
        axes.axvline(iteration, color=MELODY)
        if name in reference:
            axes.axhline(reference[name], linestyle="--")
        axes.set_title(f"{name}  {log[-1][kind][name]:.3f}", size=8, loc="left")
        axes.tick_params(labelsize=6)
    canvas.draw()
    return np.ascontiguousarray(np.asarray(canvas.buffer_rgba())[:, :, :3])


def _roll(axes: Any, name: str, song: Song) -> None:
    from matplotlib.collections import PatchCollection
    from matplotlib.patches import Rectangle

    axes.set(xlim=(0, 4 * BARS), ylim=(30, 90), title=name)
    axes.vlines([bar.start for bar in bars(song)], 30, 90, color="#8B919C")
    axes.vlines(range(4 * BARS), 30, 90, color="#DFE3E8", linewidth=0.5)
    for track, color in zip(song.tracks, (MELODY, *OTHERS), strict=False):
        notes = [Rectangle((note.onset, note.pitch), note.duration, 1) for note in track.notes]
        axes.add_collection(PatchCollection(notes, facecolor=color, edgecolor=LIGHT.text))


def _seconds(job: Callable[[], object]) -> float:
    start = time.perf_counter()
    job()
    return time.perf_counter() - start


def _cpu() -> float:
    """CPU-seconds so far, of this process and of those that it has waited for."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(u.ru_utime + u.ru_stime for u in used)
