"""Go from one arrangement to another: `composer blend`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from composer.cli.shared import (
    ARRANGE,
    app,
    examples,
    new_table,
    show,
)


@app.command(
    rich_help_panel=ARRANGE,
    epilog=examples(
        "composer arrange ode-to-joy --seed 1 -o a.mid; composer arrange ode-to-joy --seed 2 -o "
        "b.mid; composer blend a.mid b.mid --steps 5",
    ),
)
def blend(
    first: Annotated[
        Path,
        typer.Argument(
            metavar="A", help="An arrangement, as composer arrange wrote it."
        ),
    ],
    second: Annotated[
        Path,
        typer.Argument(
            metavar="B", help="Another one of the same melody, by the same model."
        ),
    ],
    steps: Annotated[
        int,
        typer.Option(min=2, max=100, help="How many arrangements, A and B among them."),
    ] = 5,
    out: Annotated[
        Path,
        typer.Option("-o", "--out", help="The folder: 01.mid is A, the last is B."),
    ] = Path("blend"),
    model: Annotated[
        str | None,
        typer.Option(
            "--model",
            "-m",
            metavar="NAME|FOLDER",
            help="Where their model is.  \\[default: a bundled one]",
        ),
    ] = None,
) -> None:
    """Go from one arrangement of a melody to another in steps that change as much as each other."""
    from composer.arranging import blend as blending

    # Both are read before the model: an arrangement that is none is told at once.
    ends = blending.read_arranged(first), blending.read_arranged(second)
    made = blending.blend(*ends, blending.model_of(*ends, model), steps)
    table = new_table("written", "share of B", "differs from A", "differs from B")
    for path, step in zip(blending.write_steps(made, out), made, strict=True):
        table.add_row(
            str(path),
            f"{step.share:.2f}",
            *(f"{changed:.2f}" for changed in step.changed),
        )
    show(table)
