"""Film a training run: `composer video`."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated

import typer

from composer.cli.shared import TRAIN, app, examples, new_bar, new_table, show


@app.command(
    rich_help_panel=TRAIN,
    epilog=examples(
        "composer video runs/mine",
        "composer video runs/mine --audio -o noise-to-harmony.mp4",
        "composer video runs/mine --from 1000 --to 2000 --fps 4 --size 1920x1080",
        notes="Dashed lines are the dataset's own values. With --audio a snapshot stands while "
        "its first melody's arrangement is heard: two bars of it, four beats in a long film.",
    ),
)
def video(
    run: Annotated[
        Path,
        typer.Argument(
            metavar="RUN", help="The folder of a training run, also while it trains."
        ),
    ],
    out: Annotated[
        Path | None,
        typer.Option(
            "-o",
            "--out",
            metavar="FILE",
            help="The MP4 file.  \\[default: RUN/video.mp4]",
        ),
    ] = None,
    fps: Annotated[
        float, typer.Option(help="Snapshots a second; with --audio frames a second.")
    ] = 8.0,
    size: Annotated[
        str, typer.Option(metavar="WIDTHxHEIGHT", help="In pixels.")
    ] = "1280x720",
    audio: Annotated[
        bool, typer.Option("--audio", help="Hear noise become harmony.")
    ] = False,
    first: Annotated[
        int | None,
        typer.Option(
            "--from",
            metavar="ITERATION",
            help="Begin there.  \\[default: the first snapshot]",
        ),
    ] = None,
    last: Annotated[
        int | None,
        typer.Option(
            "--to",
            metavar="ITERATION",
            help="End there.  \\[default: the last snapshot]",
        ),
    ] = None,
) -> None:
    """Film a training run (needs the extra `video`): piano rolls, losses and metrics.

    While a run trains, RUN/video.mp4 grows by itself. This makes it again, in another size, or
    with sound.
    """
    from composer.runs.film import VIDEO, FilmConfig, film, size_of
    from composer.runs.run import TrainingRun

    config = FilmConfig(fps, size_of(size), audio, first, last)
    began = time.perf_counter()
    # A long run has thousands of frames.
    with new_bar() as bar:
        task = bar.add_task("Filming", total=None)
        made = film(
            TrainingRun(run),
            out or run / VIDEO,
            config,
            lambda i, n: bar.update(task, completed=i, total=n),
        )
    table = new_table("written", "snapshots", "seconds", "took")
    table.add_row(
        str(made.path),
        str(made.snapshots),
        f"{made.seconds:.1f}",
        f"{time.perf_counter() - began:.1f} s",
    )
    show(table)
