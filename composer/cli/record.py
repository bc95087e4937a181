"""Record a melody from a keyboard: `composer record`."""

from __future__ import annotations

import signal
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from composer.cli.ending import Ending, ending, tell
from composer.cli.shared import (
    DEFAULT_MODEL,
    PLAY,
    Api,
    ModelName,
    PortName,
    Seed,
    app,
    examples,
    load,
)
from composer.errors import MelodyError

if TYPE_CHECKING:
    from composer.live.melody.capture import Event, RecordConfig
    from composer.songs.song import Song
from composer.cli.arrange import run_jobs


@app.command(
    rich_help_panel=PLAY,
    epilog=examples(
        "composer record -o melody.mid --arrange",
        "composer record --port AKM322 --qpm 80 --bars 8 -o melody.mid",
    ),
)
def record(
    out: Annotated[Path, typer.Option("-o", "--out", help="The MIDI file to write.")],
    port: PortName = None,
    qpm: Annotated[
        float, typer.Option(help="Quarter notes a minute, for the grid.")
    ] = 100.0,
    bars: Annotated[
        int | None, typer.Option(min=1, help="Stop after that many bars.")
    ] = None,
    midi_api: Api = "auto",
    also_arrange: Annotated[
        bool,
        typer.Option(
            "--arrange", help="Arrange it at once, to NAME-arranged.mid beside it."
        ),
    ] = False,
    model: ModelName = DEFAULT_MODEL,
    seed: Seed = 0,
) -> None:
    """Record one melody from a MIDI keyboard; Ctrl-C, the keyboard's stop key or --bars ends it."""
    from composer.arranging.batch import ArrangeSettings, Job
    from composer.live.melody.capture import RecordConfig

    config = RecordConfig(qpm=qpm, bars=bars)
    # Loaded before the recording: an unknown model must not cost a take.
    loaded = load(model) if also_arrange else None
    with ending() as asked:
        song = _record(out, port, midi_api, config, asked)
    # After a closed terminal nobody waits for more, or reads it.
    if asked.number not in (None, signal.SIGINT):
        raise typer.Exit(asked.status)
    typer.echo(
        f"{out}: {sum(len(t.notes) for t in song.tracks)} notes, {len(song.bar_onsets())} bars"
    )
    if loaded is not None:
        run_jobs(
            [Job(out, {"midi": out.with_name(f"{out.stem}-arranged.mid")})],
            loaded,
            ArrangeSettings(seed),
        )


def _record(
    out: Path,
    port: str | None,
    api: str,
    config: RecordConfig,
    asked: Ending,
) -> Song:
    """Return the song after writing it to `out`, whatever signal ended the recording."""
    from composer.files import atomic
    from composer.live.midi.ports import open_input
    from composer.live.midi.recorder import record
    from composer.songs.midi import to_bytes

    with atomic(out) as temporary:
        # Touched before the recording: a place that cannot be written must not cost a take.
        temporary.touch()
        with open_input(port, api) as opened:
            asked.is_kept = True
            tell(f"Listening to {opened.name}; Ctrl-C or the stop key ends it.")
            take = record(
                opened, config, wait=partial(_wait, asked), on_event=_show_note
            )
        tell()
        # An empty file would look like a take.
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
