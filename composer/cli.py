"""The command `composer`: parse, call, show. What takes long to import is imported by the command that needs it."""

from __future__ import annotations

import os
import signal
import sys
import threading
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from composer import __version__
from composer.errors import ComposerError, MelodyError, ModelError, PortError

if TYPE_CHECKING:
    from rich.progress import Progress
    from rich.table import Table

    from composer.generators import Model
    from composer.jobs import Done, Job, Settings
    from composer.live.capture import Event, RecordConfig
    from composer.music import Song

DEFAULT_MODEL = "jsb-chorales"
BAD_INPUT, INTERRUPTED = 2, 130

app = typer.Typer(
    help="A melody in, its arrangement out: a GAN adds the other voices, offline, in milliseconds.",
    epilog="Begin with: composer arrange ode-to-joy --wav ode.wav --png ode.png",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def main(argv: Sequence[str] | None = None) -> None:
    """Run the command line; bad input is one line on stderr and exit status 2, Ctrl-C is 130."""
    _silence_libraries()
    if threading.current_thread() is threading.main_thread():
        # A shell starts background jobs with Ctrl-C ignored; a take or a run must still end, and be saved, on SIGINT.
        signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        status = app(argv, prog_name="composer", standalone_mode=False) or 0
    except (KeyboardInterrupt, typer.Abort):
        status = INTERRUPTED
    except (ComposerError, OSError, MemoryError) as error:
        _say(str(error) or "out of memory")
        status = BAD_INPUT
    except Exception as error:
        # Typer's and Click's errors of usage: their class has moved between versions, their method has not.
        if not hasattr(error, "format_message"):
            raise
        _usage(error)
        status = BAD_INPUT
    if status == INTERRUPTED:
        _say("stopped")
    sys.exit(status)


def _silence_libraries() -> None:
    """Drop Python's warnings, and what C code writes to descriptor 2; our own stderr goes on, on another descriptor."""
    warnings.simplefilter("ignore")
    try:
        if sys.stderr.fileno() != 2:
            return
        own = os.dup(2)
    except (AttributeError, OSError, ValueError):  # no stderr, a closed one, or one that is no file
        return
    sys.stderr = os.fdopen(own, "w", buffering=1, encoding=sys.stderr.encoding, errors="backslashreplace")
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 2)
    os.close(null)


def _usage(error: Any) -> None:
    if type(error).__name__ == "NoArgsIsHelpError":
        error.show()
        return
    command = getattr(error.ctx, "command_path", "composer")
    _say(f"{error.format_message().rstrip('.')}; {command} --help explains")


def _say(text: str) -> None:
    """One line on stderr."""
    typer.echo(f"composer: {' '.join(text.split())}", err=True)


ModelName = Annotated[
    str, typer.Option("--model", "-m", metavar="NAME|FOLDER", help="A bundled model or a folder; see composer models.")
]
Seed = Annotated[int, typer.Option(min=0, help="Another seed, another arrangement; the same seed, the same notes.")]
Api = Annotated[
    str, typer.Option("--midi-api", help="auto, alsa, jack, coremidi or winmm; auto tries ALSA, then JACK.")
]
ALSO = "Also write (for several melodies: folders)"


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"composer {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    _version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Show it.")] = False,
) -> None:
    pass


@app.command(
    epilog="Examples:\n\ncomposer arrange melody.mid -o arrangement.mid\n\n"
    "composer arrange ode-to-joy --seed 3 --wav ode.wav --png ode.png --musicxml ode.musicxml\n\n"
    "composer arrange song.mid --track 2 --qpm 80\n\n"
    "composer arrange melodies/ -o arranged/ --wav sound/"
)
def arrange(
    inputs: Annotated[
        list[str], typer.Argument(metavar="INPUT", help="MIDI or .npz files, folders of them, bundled melodies.")
    ],
    out: Annotated[
        Path | None,
        typer.Option(
            "-o",
            "--out",
            help="The MIDI file; for several melodies a folder.  \\[default: NAME-arranged.mid; arranged/]",
        ),
    ] = None,
    model: ModelName = DEFAULT_MODEL,
    seed: Seed = 0,
    track: Annotated[
        int | None,
        typer.Option(min=1, help="The track with the melody, from 1.  \\[default: the highest that is not drums]"),
    ] = None,
    qpm: Annotated[
        float | None, typer.Option(help="Quarter notes a minute, steady.  \\[default: the melody's tempo]")
    ] = None,
    wav: Annotated[Path | None, typer.Option(help="The sound.", rich_help_panel=ALSO)] = None,
    png: Annotated[Path | None, typer.Option(help="A picture, with chord names.", rich_help_panel=ALSO)] = None,
    musicxml: Annotated[Path | None, typer.Option(help="The score, for MuseScore.", rich_help_panel=ALSO)] = None,
    soundfont: Annotated[
        Path | None, typer.Option(envvar="COMPOSER_SOUNDFONT", help="The .sf2 for --wav.", rich_help_panel=ALSO)
    ] = None,
) -> None:
    """Add the other voices to a melody, which itself comes out note for note as it went in."""
    from composer.jobs import Settings, plan

    jobs = plan(inputs, out, {"wav": wav, "png": png, "musicxml": musicxml})
    settings = Settings(seed, None if track is None else track - 1, qpm, soundfont)
    _run(jobs, _load(model), settings)


def _run(jobs: Sequence[Job], model: Model, settings: Settings) -> None:
    """Do all jobs and show what was written; a melody that fails does not stop the others."""
    from composer.jobs import run

    if len(jobs) == 1:
        _show([run(jobs[0], model, settings)], prefix=False)
        return
    results = [_tried(job, model, settings) for job in _with_bar(jobs)]
    done = [result for result in results if result]
    _show(done, prefix=True)
    if len(done) < len(jobs):
        raise ComposerError(f"{len(jobs) - len(done)} of {len(jobs)} melodies could not be arranged")


def _tried(job: Job, model: Model, settings: Settings) -> Done | None:
    from composer.jobs import run

    try:
        return run(job, model, settings)
    except ComposerError as error:
        _say(str(error) if str(job.source) in str(error) else f"{job.source}: {error}")
        return None


def _with_bar(jobs: Sequence[Job]) -> Any:
    from rich.console import Console
    from rich.progress import track

    console = Console(stderr=True)
    return track(jobs, "Arranging", console=console, transient=True, disable=not console.is_terminal)


def _show(done: Sequence[Done], prefix: bool) -> None:
    table = _table("written", "bars", "seconds", "took")
    for one in done:
        for remark in one.remarks:
            _say(f"{one.job.source}: {remark}" if prefix else remark)
        bars, seconds = len(one.song.bar_onsets()), one.song.seconds(one.song.end)
        figures = [str(bars), f"{seconds:.1f}", f"{1000 * one.seconds:.0f} ms"]
        for path in one.job.outputs.values():
            table.add_row(str(path), *figures)
            figures = []
    if done:
        _print(table)


@app.command(epilog="Examples:\n\ncomposer ports --midi-api jack")
def ports(midi_api: Api = "auto") -> None:
    """List the MIDI ports: the keyboards to record from, and where sound could go."""
    from composer.live.ports import list_ports

    found = list_ports(midi_api)
    table = _table("port", "direction", "system")
    for direction, names in (("in", found.inputs), ("out", found.outputs)):
        for name in names:
            table.add_row(name, direction, found.api)
    if table.row_count:
        _print(table)
    if not found.inputs:
        raise PortError("no MIDI input found: plug the keyboard in and try again")


@app.command(
    epilog="Examples:\n\ncomposer record -o melody.mid --arrange\n\n"
    "composer record --port AKM322 --qpm 80 --bars 8 -o melody.mid"
)
def record(
    out: Annotated[Path, typer.Option("-o", "--out", help="The MIDI file to write.")],
    port: Annotated[
        str | None, typer.Option(help="The MIDI input, or a part of its name.  \\[default: the only one]")
    ] = None,
    qpm: Annotated[float, typer.Option(help="Quarter notes a minute, for the grid.")] = 100.0,
    bars: Annotated[int | None, typer.Option(min=1, help="Stop after so many bars.")] = None,
    midi_api: Api = "auto",
    also_arrange: Annotated[
        bool, typer.Option("--arrange", help="Arrange it at once, to NAME-arranged.mid beside it.")
    ] = False,
    model: ModelName = DEFAULT_MODEL,
    seed: Seed = 0,
) -> None:
    """Record one melody from a MIDI keyboard; Ctrl-C, the keyboard's stop key or --bars ends it."""
    from composer.jobs import Job, Settings
    from composer.live.capture import RecordConfig

    config = RecordConfig(qpm=qpm, bars=bars)
    loaded = _load(model) if also_arrange else None  # an unknown model must not cost a take
    song = _record(out, port, midi_api, config)
    typer.echo(f"{out}: {sum(len(t.notes) for t in song.tracks)} notes, {len(song.bar_onsets())} bars")
    if loaded is not None:
        _run([Job(out, {"midi": out.with_name(f"{out.stem}-arranged.mid")})], loaded, Settings(seed))


def _load(model: str) -> Model:
    from composer.generators import load_model

    return load_model(model)


def _record(out: Path, port: str | None, api: str, config: RecordConfig) -> Song:
    from composer.files import atomic
    from composer.live.ports import open_input
    from composer.live.recorder import record
    from composer.midifile import to_bytes

    with atomic(out) as temporary:
        temporary.touch()  # a place that cannot be written must not cost a take
        with open_input(port, api) as opened:
            typer.echo(f"Listening to {opened.name}; Ctrl-C or the stop key ends it.", err=True)
            take = record(opened, config, on_event=_show_note)
        typer.echo(err=True)
        if not take.song.end:
            raise MelodyError(f"nothing was played on {opened.name} in {take.seconds:.0f} s ({take.ended})")
        temporary.write_bytes(to_bytes(take.song))
    return take.song


def _show_note(event: Event) -> None:
    from composer.theory import pitch_class_name

    if event.is_press:
        typer.echo(f"{pitch_class_name(event.number)}{event.number // 12 - 1} ", err=True, nl=False)


@app.command(epilog="Examples:\n\ncomposer train --out runs/mine\n\ncomposer export runs/mine -o models/mine")
def train(
    out: Annotated[Path, typer.Option(help="The folder of the run.")],
    dataset: Annotated[str, typer.Option(help="What to learn from.")] = "jsb",
    family: Annotated[str, typer.Option(help="The kind of network: chorale or unet.")] = "chorale",
    config: Annotated[Path | None, typer.Option(help='Settings, {"model": {...}, "train": {...}} as JSON.')] = None,
    iterations: Annotated[int | None, typer.Option(min=1, help="How many.  \\[default: the config's]")] = None,
    seed: Seed = 0,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with the run in --out.")] = False,
) -> None:
    """Train a model (needs the extra `train`); Ctrl-C saves, --resume goes on."""
    from composer import training

    with _bar() as bar:
        task = bar.add_task("", total=None)

        def show(iteration: int, iterations: int, losses: dict[str, float]) -> None:
            shown = "  ".join(f"{name} {value:.3f}" for name, value in losses.items())
            bar.update(task, completed=iteration, total=iterations, description=shown)

        training.train(out, dataset, family, config, iterations, seed, resume, show)
    typer.echo(f"{out} is trained; composer export {out} -o models/{out.name} makes a model of it")


def _bar() -> Progress:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), TextColumn("{task.description}"))
    console = Console(stderr=True)
    return Progress(*columns, console=console, disable=not console.is_terminal)


@app.command(epilog="Examples:\n\ncomposer export runs/mine -o models/mine")
def export(
    run: Annotated[Path, typer.Argument(help="The folder of a training run.")],
    out: Annotated[Path, typer.Option("-o", "--out", help="The model folder to write.")],
) -> None:
    """Make a model folder of a training run; `composer arrange --model FOLDER` plays it."""
    from composer import training

    training.export(run, out)
    typer.echo(f"{out} is a model; composer arrange ode-to-joy --model {out} plays it")


@app.command()
def models() -> None:
    """List the bundled models, with what was measured of them."""
    from composer import generators

    table = _table("model", "family", "about", "scores")
    for name in generators.models():
        card = generators.load_model(name).card
        scores = "  ".join(f"{k} {v:.3g}" for k, v in card.get("scores", {}).items())
        table.add_row(name, card["family"], card.get("about", ""), scores)
    if not table.row_count:
        raise ModelError("no models are bundled; composer train and composer export make one")
    _print(table)


@app.command(epilog="Examples:\n\ncomposer arrange greensleeves --png greensleeves.png")
def melodies() -> None:
    """List the bundled melodies; `composer arrange` takes their names."""
    from composer.datasets import melodies as bundled
    from composer.midifile import read

    table = _table("melody", "title", "metre", "bars")
    for name in bundled.names():
        song = read(bundled.path(name))
        metre = song.metre_at(song.end)
        table.add_row(name, song.title, f"{metre.numerator}/{metre.denominator}", str(len(song.bar_onsets())))
    _print(table)


def _table(*columns: str) -> Table:
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="dim")
    for column in columns:
        table.add_column(column, overflow="fold")
    return table


def _print(table: Table) -> None:
    """Show a table; into a file or a pipe lines are not broken."""
    from rich.console import Console

    width = None if sys.stdout.isatty() else 10_000
    Console(width=width, markup=False, highlight=False, emoji=False).print(table)
