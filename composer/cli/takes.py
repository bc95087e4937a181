"""List, check and export takes: `composer takes`."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from composer.cli.shared import (
    PLAY,
    SoundFont,
    Takes,
    app,
    examples,
    new_table,
    say,
    show,
)

if TYPE_CHECKING:
    from composer.live.takes.saved import SavedTake


# Exit status of a check that finds a difference.
DIFFERENT = 1


takes = typer.Typer(
    help="List the takes of composer play; each is a folder with what was played, the answer, and "
    "what sounded.",
    epilog=examples(
        "composer takes",
        "composer takes check last",
        "composer takes export last -o take.wav",
    ),
)


app.add_typer(takes, name="takes", rich_help_panel=PLAY)


TakeName = Annotated[
    str,
    typer.Argument(
        metavar="TAKE", help="A take's name or the beginning of it, a folder, or last."
    ),
]


@takes.callback(invoke_without_command=True)
def _list(context: typer.Context, folder: Takes = None) -> None:
    # For the commands below, which take --takes too.
    context.obj = folder
    if context.invoked_subcommand is None:
        _show_takes(folder)


def _show_takes(folder: Path | None) -> None:
    from composer.live.takes.saved import list_takes, takes_folder

    found = list_takes(folder)
    if not found:
        say(f"no takes in {folder or takes_folder()}; composer play makes them")
        return
    table = new_table("take", "when", "mode", "model", "bars", "seconds", "ended", "")
    for take in found:
        table.add_row(take.name, *_row(take))
    show(table)


def _row(take: SavedTake) -> tuple[str, ...]:
    about = take.header
    # A damaged take is listed all the same: its files may be of use.
    if take.problem:
        return "", "", "", "", "", take.ended, take.problem
    bars, seconds = take.length()
    marked = " ".join(filter(None, ("kept" if about.kept else "", about.title)))
    return (
        _when(about.when),
        about.mode,
        about.model,
        str(bars),
        f"{seconds:.1f}",
        take.ended,
        marked,
    )


def _when(when: str) -> str:
    """Return a time as people write it."""
    try:
        return f"{datetime.fromisoformat(when):%a %d %b %Y %H:%M}"
    # A header that somebody has edited is shown as it is.
    except ValueError:
        return when


@takes.command(
    epilog=examples(
        "composer takes export last -o evening/",
        "composer takes export 2026-03-07 -o take.mid",
        "composer takes export last -o take.wav",
    )
)
def export(
    context: typer.Context,
    take: TakeName,
    out: Annotated[
        Path,
        typer.Option(
            "-o",
            "--out",
            help="A folder or .zip for all of it; .mid or .wav for the arrangement.",
        ),
    ],
    soundfont: SoundFont = None,
    folder: Takes = None,
) -> None:
    """Write a take elsewhere: its arrangement as MIDI or sound, or all of it."""
    from composer.live.takes.export import export_take
    from composer.live.takes.saved import load_take

    typer.echo(
        "\n".join(
            map(
                str, export_take(load_take(take, folder or context.obj), out, soundfont)
            )
        )
    )


@takes.command(
    epilog=examples(
        "composer takes check last",
    )
)
def check(context: typer.Context, take: TakeName, folder: Takes = None) -> None:
    """Arrange a take again with its model, seed and knobs: the same notes? Exit status 1 if not."""
    from composer.live.takes import replay as replaying
    from composer.live.takes.saved import load_take

    found = load_take(take, folder or context.obj)
    result = replaying.check(found)
    for remark in result.remarks:
        say(remark)
    typer.echo(f"{found.name}: {'the same notes' if result.equal else 'other notes'}")
    # So that a script can ask.
    if not result.equal:
        raise typer.Exit(DIFFERENT)
