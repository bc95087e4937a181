"""Share the app, the options of one meaning, tables, bars and one-line messages among commands."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from composer import __version__

if TYPE_CHECKING:
    from rich.progress import Progress
    from rich.table import Table

    from composer.generators import Model
    from composer.generators.latents import Source

DEFAULT_MODEL = "jsb-chorales"
# Exit statuses, as shells know them: bad usage, and 128 + SIGINT.
BAD_INPUT, INTERRUPTED = 2, 130
SOUND = "Sound"
# The headings under which help lists the commands.
ARRANGE, PLAY, TRAIN = "Arrange", "Play", "Train"

# Errors are one line, worded by `main`: no traceback in colours.
app = typer.Typer(
    help="A melody in, its arrangement out: a GAN adds the other voices, offline, in milliseconds.",
    epilog="Begin with: composer arrange ode-to-joy --wav ode.wav --png ode.png",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

# Options of one meaning have one name and one help text in all commands.
ModelName = Annotated[
    str,
    typer.Option(
        "--model",
        "-m",
        metavar="NAME|FOLDER",
        help="A bundled model (composer models), a folder, or a run: RUN@1200.",
    ),
]
Seed = Annotated[
    int,
    typer.Option(
        min=0, help="Another seed, another arrangement; the same seed, the same notes."
    ),
]
Api = Annotated[
    str,
    typer.Option(
        "--midi-api",
        help="auto, alsa, jack, coremidi or winmm; auto tries ALSA, then JACK.",
    ),
]
PortName = Annotated[
    str | None,
    typer.Option(
        "--port",
        help="The MIDI input, or a part of its name.  \\[default: the one that is there]",
    ),
]
SoundFont = Annotated[
    Path | None,
    typer.Option(
        "--soundfont",
        envvar="COMPOSER_SOUNDFONT",
        help="The .sf2 with the instruments.",
        rich_help_panel=SOUND,
    ),
]
Audio = Annotated[
    str | None,
    typer.Option(
        "--audio",
        metavar="DRIVER",
        help="fluidsynth's: jack, alsa, pulseaudio, coreaudio, dsound, ...",
        rich_help_panel=SOUND,
    ),
]
Takes = Annotated[
    Path | None,
    typer.Option(
        "--takes",
        metavar="FOLDER",
        envvar="COMPOSER_TAKES",
        help="Where takes are kept.  \\[default: ~/.local/share/composer/takes]",
    ),
]
# The help of an option is one line: what a latent's text may be stands below.
LATENTS = "Latents (see below)"
LatentText = Annotated[
    str | None,
    typer.Option(
        metavar="SEED|KNOB", help="7, +0.5, -1.0, 7+0.5.", rich_help_panel=LATENTS
    ),
]
KnobTexts = Annotated[
    list[str] | None,
    typer.Option(
        "--knob",
        metavar="NAME=VALUE",
        help="Any latent of the model by its own name. Once for each.",
        rich_help_panel=LATENTS,
    ),
]


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"composer {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    _version: Annotated[
        bool,
        typer.Option("--version", callback=_version, is_eager=True, help="Show it."),
    ] = False,
) -> None:
    pass


def examples(*commands: str, notes: str = "") -> str:
    """Return the end of a help page: commands that could be typed, a line each, then notes."""
    return "\n\n".join(filter(None, ("Examples:", *commands, notes)))


def latent_sources(
    named: dict[str, str | None], others: list[str] | None
) -> dict[str, Source]:
    """Return the sources of latents. named: texts by name. others: texts `NAME=VALUE`.

    Raise ConfigError if a text is no seed and no knob.
    """
    from composer.errors import ConfigError
    from composer.generators import latents

    # An option that was not given leaves its latent to the seed.
    texts = {name: text for name, text in named.items() if text is not None}
    for other in others or ():
        name, equals, text = other.partition("=")
        if not equals:
            raise ConfigError(
                f"a latent is NAME=VALUE, like groove=+0.5, got {other!r}"
            )
        texts[name] = text
    return {name: latents.parse(name, text) for name, text in texts.items()}


def say(text: str) -> None:
    """Write one line to stderr."""
    typer.echo(f"composer: {' '.join(text.split())}", err=True)


def load(model: str) -> Model:
    """Return the model that a user names: bundled, a folder, or an iteration of a training run."""
    from composer.arranging.batch import open_model

    return open_model(model)


def new_bar() -> Progress:
    """Return a progress bar on stderr; none is drawn into a file or a pipe."""
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    columns = (
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.description}"),
    )
    console = Console(stderr=True)
    return Progress(*columns, console=console, disable=not console.is_terminal)


def new_table(*columns: str) -> Table:
    """Return a table without rules, as all commands show it."""
    from rich.table import Table

    # No lines around cells, so that a column can be cut out with other programs.
    table = Table(box=None, pad_edge=False, header_style="dim")
    for column in columns:
        table.add_column(column, overflow="fold")
    return table


def show(table: Table) -> None:
    """Print a table; into a file or a pipe its lines are not broken."""
    from rich.console import Console

    # A program that reads the table must find each row on one line.
    width = None if sys.stdout.isatty() else 10_000
    Console(width=width, markup=False, highlight=False, emoji=False).print(table)
