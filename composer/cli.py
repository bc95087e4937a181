"""The command `composer`: parse, call, show. What takes long to import is imported by the command that needs it."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from composer import __version__
from composer.errors import ComposerError, MelodyError, ModelError, PortError

if TYPE_CHECKING:
    from rich.progress import Progress
    from rich.table import Table

    from composer.datasets import Corpus, Role
    from composer.evaluation.knobs import Moves
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
        _say("stopped")
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
    str,
    typer.Option(
        "--model", "-m", metavar="NAME|FOLDER", help="A bundled model (composer models), a folder, or a run: RUN@1200."
    ),
]
Seed = Annotated[int, typer.Option(min=0, help="Another seed, another arrangement; the same seed, the same notes.")]
Api = Annotated[
    str, typer.Option("--midi-api", help="auto, alsa, jack, coremidi or winmm; auto tries ALSA, then JACK.")
]
ALSO = "Also write (for several melodies: folders)"
LATENTS, AGAIN = "Latents (see below)", "Make a part of an arrangement anew"
LatentText = Annotated[
    str | None, typer.Option(metavar="SEED|KNOB", help="7, +0.5, -1.0, 7+0.5.", rich_help_panel=LATENTS)
]


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
    "composer arrange melodies/ -o arranged/ --wav sound/\n\n"
    "composer arrange ode-to-joy --groove +0.8 --chords 7        (denser, and the chords of seed 7)\n\n"
    "composer arrange ode-to-joy-arranged.mid --keep alto --bars 5-8 --seed 5 -o again.mid\n\n"
    "The latents: a whole number is a seed of their own; a number with a sign or a point turns a knob, from -1.0 to "
    "+1.0; 7+0.5 is both. --chords: close and plain to wide and richer (a lower bass, some more sevenths); "
    "--style: calmer to livelier, a little; --melody: every voice lower to higher; --groove: calmer to denser."
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
    chords: LatentText = None,
    style: LatentText = None,
    melody: LatentText = None,
    groove: LatentText = None,
    keep: Annotated[
        list[str] | None,
        typer.Option(
            metavar="VOICE|BARS",
            help="A voice (alto) or bars (1-4) of an arrangement that stay note for note. Once for each.",
            rich_help_panel=AGAIN,
        ),
    ] = None,
    bars: Annotated[
        list[str] | None,
        typer.Option(metavar="BARS", help="Only these bars (5-8) are made anew. Once for each.", rich_help_panel=AGAIN),
    ] = None,
) -> None:
    """Add the other voices to a melody, which itself comes out note for note as it went in.

    Of an arrangement, with --keep or --bars, a part is made anew around the rest.
    """
    from composer.generators import keeping, latents
    from composer.jobs import Settings, plan

    asked = {"chords": chords, "style": style, "melody": melody, "groove": groove}
    sources = {name: latents.parse(name, text) for name, text in asked.items() if text is not None}
    kept = keeping.parse(keep or (), bars or ())
    jobs = plan(inputs, out, {"wav": wav, "png": png, "musicxml": musicxml})
    settings = Settings(seed, None if track is None else track - 1, qpm, soundfont, sources, kept)
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


@app.command(
    epilog="Examples:\n\ncomposer arrange ode-to-joy --seed 1 -o a.mid; composer arrange ode-to-joy --seed 2 -o b.mid; "
    "composer blend a.mid b.mid --steps 5"
)
def blend(
    first: Annotated[Path, typer.Argument(metavar="A", help="An arrangement, as composer arrange wrote it.")],
    second: Annotated[Path, typer.Argument(metavar="B", help="Another one of the same melody, by the same model.")],
    steps: Annotated[int, typer.Option(min=2, max=100, help="How many arrangements, A and B among them.")] = 5,
    out: Annotated[Path, typer.Option("-o", "--out", help="The folder: 01.mid is A, the last is B.")] = Path("blend"),
    model: Annotated[
        str | None,
        typer.Option("--model", "-m", metavar="NAME|FOLDER", help="Where their model is.  \\[default: a bundled one]"),
    ] = None,
) -> None:
    """Go from one arrangement of a melody to another in steps that change as much as each other."""
    from composer import blending

    ends = blending.read(first), blending.read(second)
    made = blending.blend(*ends, blending.model_of(*ends, model), steps)
    table = _table("written", "share of B", "differs from A", "differs from B")
    for path, step in zip(blending.write(made, out), made, strict=True):
        table.add_row(str(path), f"{step.share:.2f}", *(f"{changed:.2f}" for changed in step.changed))
    _print(table)


@app.command(
    epilog="Examples:\n\ncomposer knobs jsb-chorales --pieces 20\n\n"
    "1 is as far as with another seed. harmony: chords of the beats, root and quality; rhythm: how often each voice "
    "starts a note on each step of the bar; contour: each voice's mean pitch, bar by bar; texture: spacing, doubling "
    "and notes a beat."
)
def knobs(
    model: Annotated[str, typer.Argument(metavar="MODEL", help="A bundled model, a folder, or a run.")] = DEFAULT_MODEL,
    pieces: Annotated[int | None, typer.Option(min=1, help="How many melodies at most.  \\[default: all]")] = None,
    seeds: Annotated[int, typer.Option(min=1, help="How many arrangements of each melody.")] = 2,
) -> None:
    """Measure what each latent of a model moves, over the valid melodies of the JSB Chorales."""
    from composer.datasets import load_corpus
    from composer.evaluation.knobs import measure_moves

    loaded = _load(model)
    melodies = load_corpus("jsb").valid[:pieces]
    with _bar() as bar:
        task = bar.add_task("arranging", total=None)
        moves = measure_moves(
            loaded, melodies, range(seeds), lambda done, total: bar.update(task, completed=done, total=total)
        )
    _show_moves(moves)


def _show_moves(moves: Moves) -> None:
    for title, rows in (("drawn anew", moves.redrawn), ("knob to an end", moves.turned)):
        if rows:
            _numbers(title, {name: {k: f"{v:.2f}" for k, v in row.items()} for name, row in rows.items()})
    if moves.characters:
        shown = {
            name: {k: " ".join(f"{v:.2f}" if v < 10 else f"{v:.1f}" for v in three) for k, three in row.items()}
            for name, row in moves.characters.items()
        }
        _numbers("knob at -1, 0, +1", shown)
    typer.echo("\n".join(moves.verdict()))


def _numbers(title: str, rows: dict[str, dict[str, str]]) -> None:
    """A table of rows by name, and a line of space."""
    table = _table(title, *next(iter(rows.values())))
    for column in table.columns[1:]:
        column.justify = "right"
    for name, row in rows.items():
        table.add_row(name, *row.values())
    _print(table)
    typer.echo()


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
    from composer.jobs import open_model

    return open_model(model)


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


@app.command(
    epilog="Examples:\n\ncomposer train --out runs/mine --minutes 10\n\n"
    "composer train --out runs/mine --resume\n\n"
    "composer train --dataset my-midi/ --track Melody=lead --track Bass=32-39 --family band --out runs/band\n\n"
    "composer train --dataset my-chorales/ --from jsb-chorales --out runs/fine-tuned\n\n"
    "composer video runs/mine; composer evaluate runs/mine; composer export runs/mine -o models/mine"
)
def train(
    out: Annotated[Path, typer.Option("-o", "--out", help="The folder of the run.")],
    dataset: Annotated[
        str | None, typer.Option(help="jsb, quartets, or a folder of MIDI, MusicXML or .npz files.  \\[default: jsb]")
    ] = None,
    track: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=PATTERN",
            help="A track of a folder's pieces, the melody first: a part of its name, a program or range, or drums; "
            "several with |. Once for each.",
        ),
    ] = None,
    family: Annotated[
        str | None, typer.Option(help="chorale (a melody and three voices), band (any tracks) or unet (to compare).")
    ] = None,
    config: Annotated[Path | None, typer.Option(help='Settings, {"model": {...}, "train": {...}} as JSON.')] = None,
    iterations: Annotated[int | None, typer.Option(min=2, help="How many.  \\[default: the config's]")] = None,
    minutes: Annotated[float | None, typer.Option(help="As many iterations as this machine does in that time.")] = None,
    seed: Annotated[int | None, typer.Option(min=0, help="The same seed, the same weights.  \\[default: 0]")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with the run in --out.")] = False,
    begin_from: Annotated[
        str | None, typer.Option("--from", metavar="NAME|FOLDER", help="Fine-tune that model instead of a new one.")
    ] = None,
    strategy: Annotated[str | None, typer.Option(help="mirrored (GPUs) or multi-worker (machines).")] = None,
) -> None:
    """Train a model (needs the extra `train`); Ctrl-C ends it with everything saved, --resume goes on.

    The run's folder holds checkpoints, a log, snapshots that play, TensorBoard's events and a growing video.
    """
    from composer import training
    from composer.distribution import open_strategy

    chosen = open_strategy(strategy)
    asked = training.Asked(dataset, tuple(track or ()), family, config, iterations, minutes, seed, begin_from)
    with _watching(out) as watchers:
        run = training.train(out, asked, resume, watchers, chosen, _read_corpus)
    if not run.finished:
        _say(f"stopped at iteration {run.latest}; composer train --out {out} --resume goes on")
        raise typer.Exit(INTERRUPTED)
    typer.echo(f"{out} is trained; composer export {out} -o models/{out.name} makes a model of it")


@contextmanager
def _watching(out: Path) -> Iterator[list[Any]]:
    """Who is told of a run: the screen, TensorBoard and the film; Ctrl-C ends them in order."""
    from composer.dashboard import Dashboard
    from composer.tensorboard import TensorBoard
    from composer.video import Film

    with Dashboard() as dashboard, TensorBoard(out / "tensorboard") as board, Film(out) as film:
        yield [board.show, film.add, dashboard.show]
    if film.trouble:
        _say(f"there is no film of the run: {film.trouble}")


def _read_corpus(name: str, roles: Sequence[Role]) -> Corpus:
    """The dataset, with a bar while it is read, and what is in it."""
    from composer.datasets import load_corpus

    with _bar() as bar:
        task = bar.add_task("reading", total=None)
        corpus = load_corpus(name, roles, lambda done, total, _: bar.update(task, completed=done, total=total))
    typer.echo(corpus.summary(), err=True)
    return corpus


def _bar() -> Progress:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), TextColumn("{task.description}"))
    console = Console(stderr=True)
    return Progress(*columns, console=console, disable=not console.is_terminal)


@app.command(epilog="Examples:\n\ncomposer export runs/mine -o models/mine")
def export(
    run: Annotated[str, typer.Argument(metavar="RUN", help="A run's folder; RUN@1200 or RUN@best, what it kept.")],
    out: Annotated[Path, typer.Option("-o", "--out", help="The model folder to write.")],
    about: Annotated[str, typer.Option(help="A line about it, for composer models.")] = "",
) -> None:
    """Make a model folder of a training run; `composer arrange --model FOLDER` plays it."""
    from composer.export import export as make

    make(run, out, about)
    typer.echo(f"{out} is a model; composer arrange ode-to-joy --model {out} plays it")


@app.command(
    epilog="Examples:\n\ncomposer evaluate jsb-chorales\n\ncomposer evaluate runs/mine --ladder\n\n"
    "composer evaluate runs/mine@1200 -o before/; composer evaluate runs/mine@best -o after/\n\n"
    "composer evaluate generated/ --reference my-midi/\n\n"
    "Shown are means over the pieces, generated beside the dataset; 'apart' is the distance of the two in standard "
    "deviations of the dataset, – is undefined. The first track is the melody, which is given."
)
def evaluate(
    source: Annotated[
        str, typer.Argument(metavar="RUN|MODEL|FOLDER", help="A run (also RUN@1200, RUN@best), a model, MIDI files.")
    ],
    reference: Annotated[
        str | None,
        typer.Option(metavar="NAME|FOLDER", help="The dataset to compare with.  \\[default: the run's, else jsb]"),
    ] = None,
    track: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=PATTERN", help="A track of that folder's pieces, as in composer train."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("-o", "--out", help="The folder for the files.  \\[default: NAME-evaluation]")
    ] = None,
    pieces: Annotated[int | None, typer.Option(min=1, help="How many at most.  \\[default: all]")] = None,
    seeds: Annotated[int, typer.Option(min=1, help="How many arrangements of each melody.")] = 2,
    ladder: Annotated[bool, typer.Option("--ladder", help="Also the ladder: Bach distance, AUC, copying.")] = False,
) -> None:
    """Measure what a model makes beside its dataset: a table, and a page of plots, JSON and CSV.

    A model arranges the melodies of pieces that were held out from training.
    """
    from composer.evaluation import files, judging

    out = out or Path(f"{Path(source).absolute().name}-evaluation")
    files.check_place(out)
    with _bar() as bar:
        task = bar.add_task("", total=None)
        judged = judging.judge(
            source,
            judging.Settings(reference, tuple(track or ()), pieces, seeds, ladder),
            lambda done, total, what: bar.update(task, completed=done, total=total, description=what),
        )
    typer.echo(f"{judged.source}, beside {judged.reference}; {judged.evaluation.tracks[0]} is given\n")
    for text in files.to_tables(judged):
        table = _table(*text.heading)
        for column in table.columns[1:]:
            column.justify = "right"
        for row in text.rows:
            table.add_row(*row)
        _print(table)
        typer.echo()
    for remark in judged.remarks:
        _say(remark)
    typer.echo("\n".join(map(str, files.write(judged, out))))


@app.command(
    epilog="Examples:\n\ncomposer video runs/mine\n\ncomposer video runs/mine --audio -o noise-to-harmony.mp4\n\n"
    "composer video runs/mine --from 1000 --to 2000 --fps 4 --size 1920x1080\n\n"
    "Dashed lines are the dataset's own values. With --audio a snapshot stands while its first melody's arrangement "
    "is heard: two bars of it, four beats in a long film."
)
def video(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="The folder of a training run, also while it trains.")],
    out: Annotated[
        Path | None, typer.Option("-o", "--out", metavar="FILE", help="The MP4 file.  \\[default: RUN/video.mp4]")
    ] = None,
    fps: Annotated[float, typer.Option(help="Snapshots a second; with --audio frames a second.")] = 8.0,
    size: Annotated[str, typer.Option(metavar="WIDTHxHEIGHT", help="In pixels.")] = "1280x720",
    audio: Annotated[bool, typer.Option("--audio", help="Hear noise become harmony.")] = False,
    first: Annotated[
        int | None, typer.Option("--from", metavar="ITERATION", help="Begin there.  \\[default: the first snapshot]")
    ] = None,
    last: Annotated[
        int | None, typer.Option("--to", metavar="ITERATION", help="End there.  \\[default: the last snapshot]")
    ] = None,
) -> None:
    """Film a training run (needs the extra `video`): piano rolls of its snapshots, beside them losses and measures.

    While a run trains, RUN/video.mp4 grows by itself; this makes it anew, in another size, or with sound.
    """
    from composer.runs import Run
    from composer.video import VIDEO, FilmConfig, film, size_of

    config = FilmConfig(fps, size_of(size), audio, first, last)
    began = time.perf_counter()
    with _bar() as bar:
        task = bar.add_task("Filming", total=None)
        made = film(Run(run), out or run / VIDEO, config, lambda i, n: bar.update(task, completed=i, total=n))
    table = _table("written", "snapshots", "seconds", "took")
    table.add_row(str(made.path), str(made.snapshots), f"{made.seconds:.1f}", f"{time.perf_counter() - began:.1f} s")
    _print(table)


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
