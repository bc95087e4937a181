"""Arrange melodies: `composer arrange`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from composer.cli.mends import worded
from composer.cli.shared import (
    ARRANGE,
    DEFAULT_MODEL,
    KnobTexts,
    LatentText,
    ModelName,
    Seed,
    app,
    examples,
    latent_sources,
    load,
    new_table,
    say,
    show,
)
from composer.errors import ComposerError

if TYPE_CHECKING:
    from composer.arranging.batch import ArrangeSettings, Job, JobDone
    from composer.generators import Model


ALSO = "Also write (for several melodies: folders)"


AGAIN = "Make a part of an arrangement again"


@app.command(
    rich_help_panel=ARRANGE,
    epilog=examples(
        "composer arrange melody.mid -o arrangement.mid",
        "composer arrange ode-to-joy --seed 3 --wav ode.wav --png ode.png --musicxml ode.musicxml",
        "composer arrange song.mid --track 2 --qpm 80",
        "composer arrange melodies/ -o arranged/ --wav sound/",
        "composer arrange ode-to-joy --groove +0.8 --chords 7        (denser, and the chords of "
        "seed 7)",
        "composer arrange ode-to-joy-arranged.mid --keep alto --bars 5-8 --seed 5 -o again.mid",
        notes="The latents: a whole number is a seed of their own; a number with a sign or a "
        "point turns a knob, from -1.0 to +1.0; 7+0.5 is both. --chords: close and plain to "
        "wide and richer (a lower bass, some more sevenths); --style: calmer to livelier, a "
        "little; --melody: every voice lower to higher; --groove: calmer to denser.",
    ),
)
def arrange(
    inputs: Annotated[
        list[str],
        typer.Argument(
            metavar="INPUT",
            help="MIDI or .npz files, folders of them, bundled melodies.",
        ),
    ],
    out: Annotated[
        Path | None,
        typer.Option(
            "-o",
            "--out",
            help="The MIDI file; for several melodies a folder.  \\[default: NAME-arranged.mid; "
            "arranged/]",
        ),
    ] = None,
    model: ModelName = DEFAULT_MODEL,
    seed: Seed = 0,
    track: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="The track with the melody, from 1.  \\[default: the highest that is not drums]",
        ),
    ] = None,
    qpm: Annotated[
        float | None,
        typer.Option(
            help="Quarter notes a minute, steady.  \\[default: the melody's tempo]"
        ),
    ] = None,
    wav: Annotated[
        Path | None, typer.Option(help="The sound.", rich_help_panel=ALSO)
    ] = None,
    png: Annotated[
        Path | None,
        typer.Option(help="A picture, with chord names.", rich_help_panel=ALSO),
    ] = None,
    musicxml: Annotated[
        Path | None,
        typer.Option(help="The score, for MuseScore.", rich_help_panel=ALSO),
    ] = None,
    soundfont: Annotated[
        Path | None,
        typer.Option(
            envvar="COMPOSER_SOUNDFONT",
            help="The .sf2 for --wav.",
            rich_help_panel=ALSO,
        ),
    ] = None,
    chords: LatentText = None,
    style: LatentText = None,
    melody: LatentText = None,
    groove: LatentText = None,
    knob: KnobTexts = None,
    keep: Annotated[
        list[str] | None,
        typer.Option(
            metavar="VOICE|BARS",
            help="A voice (alto) or bars (1-4) of an arrangement that stay note for note. Once "
            "for each.",
            rich_help_panel=AGAIN,
        ),
    ] = None,
    bars: Annotated[
        list[str] | None,
        typer.Option(
            metavar="BARS",
            help="Only these bars (5-8) are made again. Once for each.",
            rich_help_panel=AGAIN,
        ),
    ] = None,
) -> None:
    """Add the other voices to a melody, which itself comes out note for note as it went in.

    Of an arrangement, with --keep or --bars, a part is made again around the rest.
    """
    from composer.arranging.batch import ArrangeSettings, plan
    from composer.generators import keep as keeping

    asked = {"chords": chords, "style": style, "melody": melody, "groove": groove}
    sources = latent_sources(asked, knob)
    kept = keeping.parse(keep or (), bars or ())
    # Planned before the model is loaded: a missing file is told at once.
    jobs = plan(inputs, out, {"wav": wav, "png": png, "musicxml": musicxml})
    # Users count tracks from 1, as their programs do.
    chosen = None if track is None else track - 1
    settings = ArrangeSettings(seed, chosen, qpm, soundfont, sources, kept)
    run_jobs(jobs, load(model), settings)


def run_jobs(jobs: Sequence[Job], model: Model, settings: ArrangeSettings) -> None:
    """Do all jobs and show what was written; a melody that fails does not stop the others."""
    from composer.arranging.batch import run

    # A single melody that fails is an error; of several the others are still wanted.
    if len(jobs) == 1:
        _show_done([run(jobs[0], model, settings)], prefix=False)
        return
    results = [_tried(job, model, settings) for job in _with_bar(jobs)]
    done = [result for result in results if result]
    _show_done(done, prefix=True)
    if len(done) < len(jobs):
        raise ComposerError(
            f"{len(jobs) - len(done)} of {len(jobs)} melodies could not be arranged"
        )


def _tried(job: Job, model: Model, settings: ArrangeSettings) -> JobDone | None:
    from composer.arranging.batch import run

    try:
        return run(job, model, settings)
    except ComposerError as error:
        # With many melodies each message has to say which one it means, once.
        text = worded(error)
        say(text if str(job.source) in text else f"{job.source}: {text}")
        return None


def _with_bar(jobs: Sequence[Job]) -> Any:
    from rich.console import Console
    from rich.progress import track

    # On stderr: what is written, on stdout, may go into a pipe.
    console = Console(stderr=True)
    return track(
        jobs,
        "Arranging",
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )


def _show_done(done: Sequence[JobDone], prefix: bool) -> None:
    table = new_table("written", "bars", "seconds", "took")
    for one in done:
        for remark in one.remarks:
            text = worded(remark)
            say(f"{one.job.source}: {text}" if prefix else text)
        bars, seconds = len(one.song.bar_onsets()), one.song.seconds(one.song.end)
        figures = [str(bars), f"{seconds:.1f}", f"{1000 * one.seconds:.0f} ms"]
        # The figures are the same for all files of a melody: once is enough.
        for path in one.job.outputs.values():
            table.add_row(str(path), *figures)
            figures = []
    if done:
        show(table)
