"""Measure what a model makes: `composer evaluate`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from composer.cli.shared import TRAIN, app, examples, new_bar, new_table, say, show


@app.command(
    rich_help_panel=TRAIN,
    epilog=examples(
        "composer evaluate jsb-chorales",
        "composer evaluate runs/mine --ladder",
        "composer evaluate runs/mine@1200 -o before/; composer evaluate runs/mine@best -o after/",
        "composer evaluate generated/ --reference my-midi/",
        notes="Shown are means over the pieces, generated beside the dataset; 'apart' is the "
        "distance of the two in standard deviations of the dataset, – is undefined. The "
        "first track is the melody, which is given.",
    ),
)
def evaluate(
    source: Annotated[
        str,
        typer.Argument(
            metavar="RUN|MODEL|FOLDER",
            help="A run (also RUN@1200, RUN@best), a model, MIDI files.",
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
            metavar="NAME=PATTERN",
            help="A track of that folder's pieces, as in composer train.",
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "-o",
            "--out",
            help="The folder for the files.  \\[default: NAME-evaluation]",
        ),
    ] = None,
    pieces: Annotated[
        int | None, typer.Option(min=1, help="How many at most.  \\[default: all]")
    ] = None,
    seeds: Annotated[
        int, typer.Option(min=1, help="How many arrangements of each melody.")
    ] = 2,
    ladder: Annotated[
        bool,
        typer.Option("--ladder", help="Also the ladder: Bach distance, AUC, copying."),
    ] = False,
) -> None:
    """Measure what a model makes beside its dataset: a table, and a page of plots, JSON and CSV.

    A model arranges the melodies of pieces that were held out from training.
    """
    from composer.arranging.batch import open_model
    from composer.evaluation.judge import EvaluationRequest, judge
    from composer.evaluation.report import check_place, to_tables, write

    out = out or Path(f"{Path(source).absolute().name}-evaluation")
    # Before the work, which takes minutes.
    check_place(out)
    with new_bar() as bar:
        task = bar.add_task("", total=None)
        judged = judge(
            source,
            EvaluationRequest(reference, tuple(track or ()), pieces, seeds, ladder),
            open_model,
            lambda done, total, what: bar.update(
                task, completed=done, total=total, description=what
            ),
        )
    typer.echo(
        f"{judged.source}, beside {judged.reference}; {judged.evaluation.tracks[0]} is given\n"
    )
    for text in to_tables(judged):
        table = new_table(*text.heading)
        # Numbers below each other are easier to compare.
        for column in table.columns[1:]:
            column.justify = "right"
        for row in text.rows:
            table.add_row(*row)
        show(table)
        typer.echo()
    # Remarks go to stderr, below the tables: there they are not missed.
    for remark in judged.remarks:
        say(remark)
    typer.echo("\n".join(map(str, write(judged, out))))
