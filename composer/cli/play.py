"""Play and be accompanied: `composer play`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from composer.cli.ending import ending
from composer.cli.shared import (
    DEFAULT_MODEL,
    PLAY,
    SOUND,
    Api,
    Audio,
    KnobTexts,
    ModelName,
    PortName,
    Seed,
    SoundFont,
    Takes,
    app,
    examples,
    latent_sources,
    say,
)
from composer.live import commands

if TYPE_CHECKING:
    from composer.live.session.opening import PlayOptions


TEMPO, VOICES = "Time", "The other voices (knobs: see below)"


KnobText = Annotated[
    str | None,
    typer.Option(
        metavar="SEED|KNOB", help="7, +0.5, -1.0, 7+0.5.", rich_help_panel=VOICES
    ),
]


@app.command(
    rich_help_panel=PLAY,
    epilog=examples(
        "composer play                         (4 bars, then hear them arranged)",
        "composer play --mode duet --qpm 90    (the voices play along, beat by beat)",
        "composer play --mode call --bars 2    (you, the answer, you, the answer)",
        "composer play --bars 0                (as long as you like: stop ends the phrase)",
        "composer play --out virtual:Composer --clock-out  (into a DAW, one channel a voice)",
        "composer play --programs flute,violin,viola,cello --groove +0.5",
        notes=f"On the screen: {commands.summary()}; ? shows all keys, tab makes a piano of "
        "the letters. Every take is kept: composer takes lists them.\n\nKnobs, from -1.0 to +1.0 "
        "(a whole number without a sign is a seed): --chords: close and "
        "plain to wide and richer; --style: calmer to livelier, a little; --melody-knob: "
        "every voice lower to higher; --groove: calmer to denser. They turn while you play, "
        "too.",
    ),
)
def play(
    port: PortName = None,
    midi_api: Api = "auto",
    device: Annotated[
        str | None,
        typer.Option(
            metavar="PROFILE",
            help="What its buttons do: composer learn.  \\[default: the one that fits]",
        ),
    ] = None,
    mode: Annotated[
        str, typer.Option(help="phrase, duet or call (and response).")
    ] = "phrase",
    bars: Annotated[
        int, typer.Option(min=0, help="Of a phrase; 0: until you stop.")
    ] = 4,
    loop: Annotated[
        bool, typer.Option("--loop", help="The answer goes round.")
    ] = False,
    melody: Annotated[
        bool,
        typer.Option(
            "--melody/--no-melody", help="The answer repeats your melody too."
        ),
    ] = True,
    qpm: Annotated[
        float, typer.Option(help="Quarter notes a minute.", rich_help_panel=TEMPO)
    ] = 100.0,
    beats_per_bar: Annotated[
        int, typer.Option(help="Quarter notes in a bar.", rich_help_panel=TEMPO)
    ] = 4,
    count_in: Annotated[
        int, typer.Option(help="Bars counted in.", rich_help_panel=TEMPO)
    ] = 1,
    metronome: Annotated[
        bool,
        typer.Option(
            "--metronome/--no-metronome",
            help="A click on each beat.",
            rich_help_panel=TEMPO,
        ),
    ] = True,
    clock_in: Annotated[
        bool,
        typer.Option(
            "--clock-in", help="Follow the MIDI clock of --port.", rich_help_panel=TEMPO
        ),
    ] = False,
    clock_out: Annotated[
        bool,
        typer.Option(
            "--clock-out",
            help="Send MIDI clock, start and stop to --out.",
            rich_help_panel=TEMPO,
        ),
    ] = False,
    out: Annotated[
        str | None,
        typer.Option(
            "--out",
            metavar="OUTPUT",
            help="synth (a SoundFont through fluidsynth), a MIDI output or a part of its name, "
            "virtual[:NAME], none.  \\[default: synth; none if that cannot be]",
            rich_help_panel=SOUND,
        ),
    ] = None,
    audio: Audio = None,
    soundfont: SoundFont = None,
    programs: Annotated[
        str | None,
        typer.Option(
            metavar="NAMES",
            help="Instruments, melody first: flute,violin,viola,cello, or General MIDI numbers "
            "from 0.  \\[default: the model's]",
            rich_help_panel=SOUND,
        ),
    ] = None,
    model: ModelName = DEFAULT_MODEL,
    seed: Seed = 0,
    chords: KnobText = None,
    style: KnobText = None,
    melody_knob: KnobText = None,
    groove: KnobText = None,
    knob: KnobTexts = None,
    folder: Takes = None,
    plain: Annotated[
        bool, typer.Option("--plain", help="Lines of text instead of a screen.")
    ] = False,
) -> None:
    """Play a melody and be accompanied, on the next downbeat or while you play."""
    from composer.live.session.opening import PlayOptions
    from composer.live.session.state import SessionConfig
    from composer.songs.audio import program

    knobs = {"chords": chords, "style": style, "melody": melody_knob, "groove": groove}
    # An empty text is not the same as none: it names no instrument, and is refused.
    instruments = programs.split(",") if programs is not None else []
    session = SessionConfig(
        mode=mode,
        # 0 on the command line is a phrase without an end.
        bars=bars or None,
        beats_per_bar=beats_per_bar,
        qpm=qpm,
        count_in=count_in,
        metronome=metronome,
        with_melody=melody,
        loop=loop,
        seed=seed,
        latents=latent_sources(knobs, knob),
        programs=tuple(program(part) for part in instruments),
        clock_in=clock_in,
        clock_out=clock_out,
    )
    play_on_stage(
        PlayOptions(
            session, model, port, midi_api, out, audio, soundfont, folder, device, plain
        )
    )


def play_on_stage(options: PlayOptions) -> None:
    """Open a session, show its stage until the player quits, and close it."""
    from composer.arranging.batch import open_model
    from composer.catalog import models
    from composer.live.session.opening import open_session
    from composer.live.takes.saved import takes_folder
    from composer.terminal import play as stage

    with ending() as asked, open_session(options, open_model) as session:
        stage.play(
            session, stage.StageConfig(plain=options.plain, models=tuple(models()))
        )
        # What closes now saves the take.
        asked.is_kept = True
        made = session.state().takes
    if made:
        plural = "s" if made > 1 else ""
        folder = options.takes or takes_folder()
        say(f"{made} take{plural} in {folder}; composer takes lists them")
