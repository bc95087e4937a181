"""Play: the ports of this machine, and what is played into them."""

from __future__ import annotations

import signal
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from composer.cli.arranging import run_jobs
from composer.cli.ending import Ending, ending, tell
from composer.cli.shared import (
    DEFAULT_MODEL,
    PLAY,
    SOUND,
    Api,
    Audio,
    ModelName,
    PortName,
    Seed,
    SoundFont,
    Takes,
    app,
    load,
    new_table,
    say,
    show,
)
from composer.errors import MelodyError, PortError

if TYPE_CHECKING:
    from composer.live.melody.capture import Event, RecordConfig
    from composer.live.session.opening import PlayOptions
    from composer.songs.song import Song

TEMPO, VOICES = "Time", "The other voices (knobs: see below)"
KnobText = Annotated[
    str | None,
    typer.Option(metavar="SEED|KNOB", help="7, +0.5, -1.0, 7+0.5.", rich_help_panel=VOICES),
]


@app.command(rich_help_panel=PLAY, epilog="Examples:\n\ncomposer ports --midi-api jack")
def ports(midi_api: Api = "auto") -> None:
    """List the MIDI ports: the keyboards to record from, and where sound could go."""
    from composer.live.midi.ports import list_ports

    found = list_ports(midi_api)
    table = new_table("port", "direction", "system")
    for direction, names in (("in", found.inputs), ("out", found.outputs)):
        for name in names:
            table.add_row(name, direction, found.api)
    if table.row_count:
        show(table)
    if not found.inputs:
        raise PortError("no MIDI input found: plug the keyboard in and try again")


@app.command(
    rich_help_panel=PLAY,
    epilog="Examples:\n\ncomposer record -o melody.mid --arrange\n\n"
    "composer record --port AKM322 --qpm 80 --bars 8 -o melody.mid",
)
def record(
    out: Annotated[Path, typer.Option("-o", "--out", help="The MIDI file to write.")],
    port: PortName = None,
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
    from composer.arranging.batch import Job, Settings
    from composer.live.melody.capture import RecordConfig

    config = RecordConfig(qpm=qpm, bars=bars)
    loaded = load(model) if also_arrange else None  # an unknown model must not cost a take
    with ending() as asked:
        song = _record(out, port, midi_api, config, asked)
    if asked.number not in (None, signal.SIGINT):  # nobody waits for more, or reads it
        raise typer.Exit(asked.status)
    typer.echo(
        f"{out}: {sum(len(t.notes) for t in song.tracks)} notes, {len(song.bar_onsets())} bars"
    )
    if loaded is not None:
        run_jobs(
            [Job(out, {"midi": out.with_name(f"{out.stem}-arranged.mid")})], loaded, Settings(seed)
        )


def _record(
    out: Path,
    port: str | None,
    api: str,
    config: RecordConfig,
    asked: Ending,
) -> Song:
    """The song, once it is in `out`, whatever signal ended it."""
    from composer.files import atomic
    from composer.live.midi.ports import open_input
    from composer.live.midi.recorder import record
    from composer.songs.midi import to_bytes

    with atomic(out) as temporary:
        temporary.touch()  # a place that cannot be written must not cost a take
        with open_input(port, api) as opened:
            asked.is_kept = True
            tell(f"Listening to {opened.name}; Ctrl-C or the stop key ends it.")
            take = record(opened, config, wait=partial(_wait, asked), on_event=_show_note)
        tell()
        if not take.song.end:
            raise MelodyError(
                f"nothing was played on {opened.name} in {take.seconds:.0f} s ({take.ended})"
            )
        temporary.write_bytes(to_bytes(take.song))
    return take.song


def _show_note(event: Event) -> None:
    from composer.songs.theory import pitch_class_name

    if event.is_press:
        tell(f"{pitch_class_name(event.number)}{event.number // 12 - 1}", end=" ")


def _wait(asked: Ending, seconds: float) -> bool:
    time.sleep(seconds)
    return asked.number is not None


@app.command(
    rich_help_panel=PLAY,
    epilog="Examples:\n\ncomposer play                         (4 bars, then hear them arranged)\n\n"
    "composer play --mode duet --qpm 90    (the voices play along, beat by beat)\n\n"
    "composer play --mode call --bars 2    (you, the answer, you, the answer)\n\n"
    "composer play --bars 0                (as long as you like: stop ends the phrase)\n\n"
    "composer play --out virtual:Composer --clock-out  (into a DAW, one channel a voice)\n\n"
    "composer play --programs flute,violin,viola,cello --groove +0.5\n\n"
    "On the screen: space begins and ends, ? shows all keys, tab makes a piano of the letters, esc silences. Every "
    "take is kept: composer takes lists them.\n\n"
    "Knobs, from -1.0 to +1.0 (a whole number without a sign is a seed): --chords: close and plain to wide and richer; "
    "--style: calmer to livelier, a little; --melody-knob: every voice lower to higher; --groove: calmer to denser. "
    "They turn while you play, too.",
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
    mode: Annotated[str, typer.Option(help="phrase, duet or call (and response).")] = "phrase",
    bars: Annotated[int, typer.Option(min=0, help="Of a phrase; 0: until you stop.")] = 4,
    loop: Annotated[bool, typer.Option("--loop", help="The answer goes round.")] = False,
    melody: Annotated[
        bool, typer.Option("--melody/--no-melody", help="The answer repeats your melody too.")
    ] = True,
    qpm: Annotated[
        float, typer.Option(help="Quarter notes a minute.", rich_help_panel=TEMPO)
    ] = 100.0,
    beats_per_bar: Annotated[
        int, typer.Option(help="Quarter notes in a bar.", rich_help_panel=TEMPO)
    ] = 4,
    count_in: Annotated[int, typer.Option(help="Bars counted in.", rich_help_panel=TEMPO)] = 1,
    metronome: Annotated[
        bool,
        typer.Option(
            "--metronome/--no-metronome", help="A click on each beat.", rich_help_panel=TEMPO
        ),
    ] = True,
    clock_in: Annotated[
        bool,
        typer.Option("--clock-in", help="Follow the MIDI clock of --port.", rich_help_panel=TEMPO),
    ] = False,
    clock_out: Annotated[
        bool,
        typer.Option(
            "--clock-out", help="Send MIDI clock, start and stop to --out.", rich_help_panel=TEMPO
        ),
    ] = False,
    out: Annotated[
        str | None,
        typer.Option(
            "--out",
            metavar="OUTPUT",
            help="synth (a SoundFont through fluidsynth), a MIDI output or a part of its name, virtual[:NAME], none.  "
            "\\[default: synth; none where that cannot be]",
            rich_help_panel=SOUND,
        ),
    ] = None,
    audio: Audio = None,
    soundfont: SoundFont = None,
    programs: Annotated[
        str | None,
        typer.Option(
            metavar="NAMES",
            help="Instruments, melody first: flute,violin,viola,cello, or General MIDI numbers from 0.  "
            "\\[default: the model's]",
            rich_help_panel=SOUND,
        ),
    ] = None,
    model: ModelName = DEFAULT_MODEL,
    seed: Seed = 0,
    chords: KnobText = None,
    style: KnobText = None,
    melody_knob: KnobText = None,
    groove: KnobText = None,
    folder: Takes = None,
    plain: Annotated[
        bool, typer.Option("--plain", help="Lines of text instead of a screen.")
    ] = False,
) -> None:
    """Play a melody and be accompanied: the arrangement on the next downbeat, or voices that play along in time."""
    from composer.generators import latents
    from composer.live.session.opening import PlayOptions
    from composer.live.session.state import SessionConfig
    from composer.songs.audio import program

    knobs = {"chords": chords, "style": style, "melody": melody_knob, "groove": groove}
    session = SessionConfig(
        mode=mode,
        bars=bars or None,
        beats_per_bar=beats_per_bar,
        qpm=qpm,
        count_in=count_in,
        metronome=metronome,
        with_melody=melody,
        loop=loop,
        seed=seed,
        latents={
            name: latents.parse(name, text) for name, text in knobs.items() if text is not None
        },
        programs=tuple(program(part) for part in programs.split(","))
        if programs is not None
        else (),
        clock_in=clock_in,
        clock_out=clock_out,
    )
    play_on_stage(
        PlayOptions(session, model, port, midi_api, out, audio, soundfont, folder, device, plain)
    )


def play_on_stage(options: PlayOptions) -> None:
    """Open the parts, show the stage, close them."""
    from composer.generators import models
    from composer.live.session.opening import open_session
    from composer.live.takes.saved import takes_folder
    from composer.terminal import play as stage

    with ending() as asked, open_session(options) as session:
        stage.play(session, stage.StageConfig(plain=options.plain, models=tuple(models())))
        asked.is_kept = True  # what closes now saves the take
        made = session.state().takes
    if made:
        say(
            f"{made} take{'s' if made > 1 else ''} in {options.takes or takes_folder()}; composer takes lists them"
        )
