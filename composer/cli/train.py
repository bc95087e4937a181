"""Train a model: `composer train`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from composer.cli.shared import INTERRUPTED, TRAIN, app, examples, new_bar, say

if TYPE_CHECKING:
    from composer.data import Corpus, Role


@app.command(
    rich_help_panel=TRAIN,
    epilog=examples(
        "composer train --out runs/mine --minutes 10",
        "composer train --out runs/mine --resume",
        "composer train --dataset my-midi/ --track Melody=lead --track Bass=32-39 --family band "
        "--out runs/band",
        "composer train --dataset my-chorales/ --from jsb-chorales --out runs/fine-tuned",
        "composer video runs/mine; composer evaluate runs/mine; composer export runs/mine -o "
        "models/mine",
    ),
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
            help="A track of a folder's pieces, the melody first: a part of its name, a program "
            "or range, or drums; several with |. Once for each.",
        ),
    ] = None,
    family: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="Which networks; a name that is not there lists them all.",
        ),
    ] = None,
    config: Annotated[
        Path | None,
        typer.Option(help='Settings, {"model": {...}, "train": {...}} as JSON.'),
    ] = None,
    iterations: Annotated[
        int | None, typer.Option(min=2, help="How many.  \\[default: the config's]")
    ] = None,
    minutes: Annotated[
        float | None,
        typer.Option(help="As many iterations as this machine does in that time."),
    ] = None,
    seed: Annotated[
        int | None,
        typer.Option(min=0, help="The same seed, the same weights.  \\[default: 0]"),
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with the run in --out.")
    ] = False,
    begin_from: Annotated[
        str | None,
        typer.Option(
            "--from",
            metavar="NAME|FOLDER",
            help="Fine-tune that model instead of a new one.",
        ),
    ] = None,
    strategy: Annotated[
        str | None, typer.Option(help="mirrored (GPUs) or multi-worker (machines).")
    ] = None,
) -> None:
    """Train a model (needs the extra `train`). Ctrl-C saves everything, --resume continues.

    The run's folder holds checkpoints, a log, snapshots that play, events of TensorBoard, and a
    video that grows.
    """
    from composer.training.distribution import open_strategy
    from composer.training.loop import train as train_run
    from composer.training.setup import TrainingRequest

    # Before anything else uses TensorFlow, as it demands.
    chosen = open_strategy(strategy)
    asked = TrainingRequest(
        dataset,
        tuple(track or ()),
        family,
        config,
        iterations,
        minutes,
        seed,
        begin_from,
    )
    with _watching(out) as watchers:
        run = train_run(out, asked, resume, watchers, chosen, _read_corpus)
    # Ctrl-C is no error, but a script has to see that the run is not over.
    if not run.finished:
        say(
            f"stopped at iteration {run.latest}; composer train --out {out} --resume goes on"
        )
        raise typer.Exit(INTERRUPTED)
    typer.echo(
        f"{out} is trained; composer export {out} -o models/{out.name} makes a model of it"
    )


@contextmanager
def _watching(out: Path) -> Iterator[list[Any]]:
    """Lend the watchers of a run (screen, TensorBoard, film) and close them in order."""
    from composer.runs.film import Film
    from composer.runs.run import EVENTS
    from composer.runs.tensorboard import TensorBoard
    from composer.terminal.train import Dashboard

    # The screen closes last: film and board are whole when it shows the end.
    with (
        Dashboard() as dashboard,
        TensorBoard(out / EVENTS) as board,
        Film(out) as film,
    ):
        yield [board.show, film.add, dashboard.show]
    # A film is no reason to stop training, so it is told at the end.
    if film.trouble:
        say(f"there is no film of the run: {film.trouble}")


def _read_corpus(name: str, roles: Sequence[Role]) -> Corpus:
    """Read the dataset behind a progress bar and say what is in it."""
    from composer.cli.mends import worded
    from composer.data import load_corpus

    with new_bar() as bar:
        task = bar.add_task("reading", total=None)
        corpus = load_corpus(
            name,
            roles,
            lambda done, total, _: bar.update(task, completed=done, total=total),
        )
    typer.echo(corpus.summary(worded), err=True)
    return corpus
