"""Train: a model, a folder of it that plays, its measures, its film."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from composer.cli.shared import INTERRUPTED, TRAIN, app, new_bar, new_table, say, show

if TYPE_CHECKING:
    from composer.data import Corpus, Role


@app.command(
    rich_help_panel=TRAIN,
    epilog="Examples:\n\ncomposer train --out runs/mine --minutes 10\n\n"
    "composer train --out runs/mine --resume\n\n"
    "composer train --dataset my-midi/ --track Melody=lead --track Bass=32-39 --family band --out runs/band\n\n"
    "composer train --dataset my-chorales/ --from jsb-chorales --out runs/fine-tuned\n\n"
    "composer video runs/mine; composer evaluate runs/mine; composer export runs/mine -o models/mine",
)
def train(
    out: Annotated[Path, typer.Option("-o", "--out", help="The folder of the run.")],
    dataset: Annotated[
        str | None,
        typer.Option(
            help="jsb, quartets, or a folder of MIDI, MusicXML or .npz files.  \\[default: jsb]"
        ),
    ] = None,
    track: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=PATTERN",
            help="A track of a folder's pieces, the melody first: a part of its name, a program or range, or drums; "
            "several with |. Once for each.",
        ),
    ] = None,
    family: Annotated[
        str | None,
        typer.Option(
            help="chorale (a melody and three voices), band (any tracks) or unet (to compare)."
        ),
    ] = None,
    config: Annotated[
        Path | None, typer.Option(help='Settings, {"model": {...}, "train": {...}} as JSON.')
    ] = None,
    iterations: Annotated[
        int | None, typer.Option(min=2, help="How many.  \\[default: the config's]")
    ] = None,
    minutes: Annotated[
        float | None, typer.Option(help="As many iterations as this machine does in that time.")
    ] = None,
    seed: Annotated[
        int | None, typer.Option(min=0, help="The same seed, the same weights.  \\[default: 0]")
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with the run in --out.")] = False,
    begin_from: Annotated[
        str | None,
        typer.Option(
            "--from", metavar="NAME|FOLDER", help="Fine-tune that model instead of a new one."
        ),
    ] = None,
    strategy: Annotated[
        str | None, typer.Option(help="mirrored (GPUs) or multi-worker (machines).")
    ] = None,
) -> None:
    """Train a model (needs the extra `train`); Ctrl-C ends it with everything saved, --resume goes on.

    The run's folder holds checkpoints, a log, snapshots that play, TensorBoard's events and a growing video.
    """
    from composer.training import setup as training
    from composer.training.distribution import open_strategy

    chosen = open_strategy(strategy)
    asked = training.TrainingRequest(
        dataset, tuple(track or ()), family, config, iterations, minutes, seed, begin_from
    )
    with _watching(out) as watchers:
        run = training.train(out, asked, resume, watchers, chosen, _read_corpus)
    if not run.finished:
        say(f"stopped at iteration {run.latest}; composer train --out {out} --resume goes on")
        raise typer.Exit(INTERRUPTED)
    typer.echo(f"{out} is trained; composer export {out} -o models/{out.name} makes a model of it")


@contextmanager
def _watching(out: Path) -> Iterator[list[Any]]:
    """Who is told of a run: the screen, TensorBoard and the film; Ctrl-C ends them in order."""
    from composer.runs.film import Film
    from composer.runs.run import EVENTS
    from composer.runs.tensorboard import TensorBoard
    from composer.terminal.train import Dashboard

    with Dashboard() as dashboard, TensorBoard(out / EVENTS) as board, Film(out) as film:
        yield [board.show, film.add, dashboard.show]
    if film.trouble:
        say(f"there is no film of the run: {film.trouble}")


def _read_corpus(name: str, roles: Sequence[Role]) -> Corpus:
    """The dataset, with a bar while it is read, and what is in it."""
    from composer.data import load_corpus

    with new_bar() as bar:
        task = bar.add_task("reading", total=None)
        corpus = load_corpus(
            name, roles, lambda done, total, _: bar.update(task, completed=done, total=total)
        )
    typer.echo(corpus.summary(), err=True)
    return corpus


@app.command(rich_help_panel=TRAIN, epilog="Examples:\n\ncomposer export runs/mine -o models/mine")
def export(
    run: Annotated[
        str,
        typer.Argument(metavar="RUN", help="A run's folder; RUN@1200 or RUN@best, what it kept."),
    ],
    out: Annotated[Path, typer.Option("-o", "--out", help="The model folder to write.")],
    about: Annotated[str, typer.Option(help="A line about it, for composer models.")] = "",
) -> None:
    """Make a model folder of a training run; `composer arrange --model FOLDER` plays it."""
    from composer.training.export import export as make

    make(run, out, about)
    typer.echo(f"{out} is a model; composer arrange ode-to-joy --model {out} plays it")


@app.command(
    rich_help_panel=TRAIN,
    epilog="Examples:\n\ncomposer evaluate jsb-chorales\n\ncomposer evaluate runs/mine --ladder\n\n"
    "composer evaluate runs/mine@1200 -o before/; composer evaluate runs/mine@best -o after/\n\n"
    "composer evaluate generated/ --reference my-midi/\n\n"
    "Shown are means over the pieces, generated beside the dataset; 'apart' is the distance of the two in standard "
    "deviations of the dataset, – is undefined. The first track is the melody, which is given.",
)
def evaluate(
    source: Annotated[
        str,
        typer.Argument(
            metavar="RUN|MODEL|FOLDER", help="A run (also RUN@1200, RUN@best), a model, MIDI files."
        ),
    ],
    reference: Annotated[
        str | None,
        typer.Option(
            metavar="NAME|FOLDER",
            help="The dataset to compare with.  \\[default: the run's, else jsb]",
        ),
    ] = None,
    track: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=PATTERN", help="A track of that folder's pieces, as in composer train."
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("-o", "--out", help="The folder for the files.  \\[default: NAME-evaluation]"),
    ] = None,
    pieces: Annotated[
        int | None, typer.Option(min=1, help="How many at most.  \\[default: all]")
    ] = None,
    seeds: Annotated[int, typer.Option(min=1, help="How many arrangements of each melody.")] = 2,
    ladder: Annotated[
        bool, typer.Option("--ladder", help="Also the ladder: Bach distance, AUC, copying.")
    ] = False,
) -> None:
    """Measure what a model makes beside its dataset: a table, and a page of plots, JSON and CSV.

    A model arranges the melodies of pieces that were held out from training.
    """
    from composer.evaluation import judge as judging
    from composer.evaluation import report as files

    out = out or Path(f"{Path(source).absolute().name}-evaluation")
    files.check_place(out)
    with new_bar() as bar:
        task = bar.add_task("", total=None)
        judged = judging.judge(
            source,
            judging.Settings(reference, tuple(track or ()), pieces, seeds, ladder),
            lambda done, total, what: bar.update(
                task, completed=done, total=total, description=what
            ),
        )
    typer.echo(
        f"{judged.source}, beside {judged.reference}; {judged.evaluation.tracks[0]} is given\n"
    )
    for text in files.to_tables(judged):
        table = new_table(*text.heading)
        for column in table.columns[1:]:
            column.justify = "right"
        for row in text.rows:
            table.add_row(*row)
        show(table)
        typer.echo()
    for remark in judged.remarks:
        say(remark)
    typer.echo("\n".join(map(str, files.write(judged, out))))


@app.command(
    rich_help_panel=TRAIN,
    epilog="Examples:\n\ncomposer video runs/mine\n\ncomposer video runs/mine --audio -o noise-to-harmony.mp4\n\n"
    "composer video runs/mine --from 1000 --to 2000 --fps 4 --size 1920x1080\n\n"
    "Dashed lines are the dataset's own values. With --audio a snapshot stands while its first melody's arrangement "
    "is heard: two bars of it, four beats in a long film.",
)
def video(
    run: Annotated[
        Path,
        typer.Argument(metavar="RUN", help="The folder of a training run, also while it trains."),
    ],
    out: Annotated[
        Path | None,
        typer.Option(
            "-o", "--out", metavar="FILE", help="The MP4 file.  \\[default: RUN/video.mp4]"
        ),
    ] = None,
    fps: Annotated[
        float, typer.Option(help="Snapshots a second; with --audio frames a second.")
    ] = 8.0,
    size: Annotated[str, typer.Option(metavar="WIDTHxHEIGHT", help="In pixels.")] = "1280x720",
    audio: Annotated[bool, typer.Option("--audio", help="Hear noise become harmony.")] = False,
    first: Annotated[
        int | None,
        typer.Option(
            "--from", metavar="ITERATION", help="Begin there.  \\[default: the first snapshot]"
        ),
    ] = None,
    last: Annotated[
        int | None,
        typer.Option(
            "--to", metavar="ITERATION", help="End there.  \\[default: the last snapshot]"
        ),
    ] = None,
) -> None:
    """Film a training run (needs the extra `video`): piano rolls of its snapshots, beside them losses and measures.

    While a run trains, RUN/video.mp4 grows by itself; this makes it anew, in another size, or with sound.
    """
    from composer.runs.film import VIDEO, FilmConfig, film, size_of
    from composer.runs.run import TrainingRun

    config = FilmConfig(fps, size_of(size), audio, first, last)
    began = time.perf_counter()
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
