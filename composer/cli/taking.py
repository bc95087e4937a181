"""Takes: what was played, listed, played again, checked, given away."""

from __future__ import annotations

import sys
import time
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from composer.cli.shared import PLAY, Api, Audio, SoundFont, Takes, app, new_table, say, show
from composer.errors import PortError

if TYPE_CHECKING:
    from composer.live.midi.outputs import Output
    from composer.live.takes.saved import SavedTake

DIFFERENT = 1  # exit status of a check that finds a difference
RINGS, LEAVES = (
    2.0,
    0.3,
)  # seconds until a synthesiser has died away, and until a port has sent what it was given

takes = typer.Typer(
    help="List the takes of composer play; each is a folder with what was played, the answer, and what sounded.",
    epilog="Examples:\n\ncomposer takes\n\ncomposer takes check last\n\ncomposer takes export last -o take.wav",
)
app.add_typer(takes, name="takes", rich_help_panel=PLAY)

TakeName = Annotated[
    str,
    typer.Argument(metavar="TAKE", help="A take's name or the beginning of it, a folder, or last."),
]


@takes.callback(invoke_without_command=True)
def _list(context: typer.Context, folder: Takes = None) -> None:
    context.obj = folder  # for the commands below, which take --takes too
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
    """As a person reads it."""
    try:
        return f"{datetime.fromisoformat(when):%a %d %b %Y %H:%M}"
    except ValueError:
        return when


@takes.command(
    epilog="Examples:\n\ncomposer takes export last -o evening/\n\n"
    "composer takes export 2026-03-07 -o take.mid\n\ncomposer takes export last -o take.wav"
)
def export(
    context: typer.Context,
    take: TakeName,
    out: Annotated[
        Path,
        typer.Option(
            "-o", "--out", help="A folder or .zip for all of it; .mid or .wav for the arrangement."
        ),
    ],
    soundfont: SoundFont = None,
    folder: Takes = None,
) -> None:
    """Write a take elsewhere: its arrangement as MIDI or sound, or all of it."""
    from composer.live.takes.export import export_take
    from composer.live.takes.saved import load_take

    typer.echo(
        "\n".join(map(str, export_take(load_take(take, folder or context.obj), out, soundfont)))
    )


@takes.command(epilog="Examples:\n\ncomposer takes check last")
def check(context: typer.Context, take: TakeName, folder: Takes = None) -> None:
    """Arrange a take again with its model, seed and knobs: the same notes? Exit status 1 if not."""
    from composer.live.takes import replay as replaying
    from composer.live.takes.saved import load_take

    found = load_take(take, folder or context.obj)
    result = replaying.check(found)
    for remark in result.remarks:
        say(remark)
    typer.echo(f"{found.name}: {'the same notes' if result.equal else 'other notes'}")
    if not result.equal:
        raise typer.Exit(DIFFERENT)


@app.command(
    rich_help_panel=PLAY,
    epilog='Examples:\n\ncomposer replay last\n\ncomposer replay 2026-03-07-210405 --out "Digital Piano"\n\n'
    "The same messages in the same order at the same times. --out: synth (a SoundFont through fluidsynth), a MIDI "
    "output or a part of its name, virtual or virtual:NAME (a port that a DAW sees).",
)
def replay(
    take: TakeName,
    out: Annotated[
        str | None,
        typer.Option("-o", "--out", metavar="OUTPUT", help="Where it sounds.  \\[default: synth]"),
    ] = None,
    audio: Audio = None,
    soundfont: SoundFont = None,
    midi_api: Api = "auto",
    folder: Takes = None,
) -> None:
    """Play a take again, bit for bit; Ctrl-C ends it."""
    from composer.live.midi.outputs import open_output_named
    from composer.live.takes.saved import load_take

    found = load_take(take, folder)
    sent = found.played()
    if not sent:
        raise PortError(
            f"nothing sounded in take {found.name}; composer takes export makes files of what was played"
        )
    output = open_output_named(out, midi_api, soundfont, audio)
    try:
        if (out or "synth") == "synth" and not output.alive():
            why = getattr(output, "why", "") or "no synthesiser answers"
            raise PortError(
                f"{why}; or make sound of it: composer takes export {found.name} -o take.wav"
            )
        if (out or "").partition(":")[0] == "virtual" and sys.stdin.isatty():
            typer.prompt(
                f"Connect {output.name}, then press Enter", "", show_default=False, err=True
            )
        say(
            f"playing {found.name} on {output.name}, {sent[-1][0] - sent[0][0]:.0f} s; Ctrl-C ends it"
        )
        _replay(found, output, RINGS if (out or "synth") == "synth" else LEAVES)
    finally:
        output.close()


def _replay(take: SavedTake, output: Output, rest: float) -> None:
    from composer.live.takes import replay as replaying

    for message in replaying.programs(take):
        output.send(message)
    replaying.replay(take, output)
    time.sleep(rest)
