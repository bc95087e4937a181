"""List the bundled melodies: `composer melodies`."""

from __future__ import annotations

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
        "composer arrange greensleeves --png greensleeves.png",
    ),
)
def melodies() -> None:
    """List the bundled melodies; `composer arrange` takes their names."""
    from composer import catalog
    from composer.songs import read

    table = new_table("melody", "title", "metre", "bars")
    for name in catalog.tunes():
        song = read(catalog.tune(name))
        # At the end: a pickup may have a time signature of its own.
        metre = song.metre_at(song.end)
        table.add_row(
            name,
            song.title,
            f"{metre.numerator}/{metre.denominator}",
            str(len(song.bar_onsets())),
        )
    show(table)
