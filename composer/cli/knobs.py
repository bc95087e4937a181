"""Measure what the latents of a model move: `composer knobs`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from composer.cli.shared import (
    ARRANGE,
    DEFAULT_MODEL,
    app,
    examples,
    load,
    new_bar,
    new_table,
    show,
)

if TYPE_CHECKING:
    from composer.evaluation.knobs import Moves


@app.command(
    rich_help_panel=ARRANGE,
    epilog=examples(
        "composer knobs jsb-chorales --pieces 20",
        notes="1 is as far as with another seed. harmony: chords of the beats, root and quality; "
        "rhythm: how often each voice starts a note on each step of the bar; contour: each "
        "voice's mean pitch, bar by bar; texture: spacing, doubling and notes a beat.",
    ),
)
def knobs(
    model: Annotated[
        str,
        typer.Argument(metavar="MODEL", help="A bundled model, a folder, or a run."),
    ] = DEFAULT_MODEL,
    pieces: Annotated[
        int | None,
        typer.Option(min=1, help="How many melodies at most.  \\[default: all]"),
    ] = None,
    seeds: Annotated[
        int, typer.Option(min=1, help="How many arrangements of each melody.")
    ] = 2,
) -> None:
    """Measure what each latent of a model moves, over the valid melodies of the JSB Chorales."""
    from composer.data import load_corpus
    from composer.evaluation.knobs import measure_moves

    loaded = load(model)
    melodies = load_corpus("jsb").valid[:pieces]
    # Each latent is moved in each melody: that takes minutes.
    with new_bar() as bar:
        task = bar.add_task("arranging", total=None)
        moves = measure_moves(
            loaded,
            melodies,
            range(seeds),
            lambda done, total: bar.update(task, completed=done, total=total),
        )
    _show_moves(moves)


def _show_moves(moves: Moves) -> None:
    for title, rows in (
        ("drawn again", moves.redrawn),
        ("knob to an end", moves.turned),
    ):
        if rows:
            _numbers(
                title,
                {
                    name: {k: f"{v:.2f}" for k, v in row.items()}
                    for name, row in rows.items()
                },
            )
    # A model without knobs has no characters to show.
    if moves.characters:
        shown = {
            name: {
                k: " ".join(f"{v:.2f}" if v < 10 else f"{v:.1f}" for v in three)
                for k, three in row.items()
            }
            for name, row in moves.characters.items()
        }
        _numbers("knob at -1, 0, +1", shown)
    typer.echo("\n".join(moves.verdict()))


def _numbers(title: str, rows: dict[str, dict[str, str]]) -> None:
    """Print a table of rows by name, then an empty line."""
    table = new_table(title, *next(iter(rows.values())))
    for column in table.columns[1:]:
        column.justify = "right"
    for name, row in rows.items():
        table.add_row(name, *row.values())
    show(table)
    typer.echo()
