"""Make a model of a training run: `composer export`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from composer.cli.shared import TRAIN, app, examples


@app.command(
    rich_help_panel=TRAIN,
    epilog=examples(
        "composer export runs/mine -o models/mine",
    ),
)
def export(
    run: Annotated[
        str,
        typer.Argument(
            metavar="RUN", help="A run's folder; RUN@1200 or RUN@best, what it kept."
        ),
    ],
    out: Annotated[
        Path, typer.Option("-o", "--out", help="The model folder to write.")
    ],
    about: Annotated[
        str, typer.Option(help="A line about it, for composer models.")
    ] = "",
) -> None:
    """Make a model folder of a training run; `composer arrange --model FOLDER` plays it."""
    from composer.training.export import export as make

    make(run, out, about)
    typer.echo(f"{out} is a model; composer arrange ode-to-joy --model {out} plays it")
