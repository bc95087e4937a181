"""Play a take again: `composer replay`."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Annotated

import typer

from composer.cli.shared import PLAY, Api, Audio, SoundFont, Takes, app, examples, say
from composer.errors import PortError

if TYPE_CHECKING:
    from composer.live.midi.outputs import Output
    from composer.live.takes.saved import SavedTake
from composer.cli.takes import TakeName

RINGS = 2.0  # seconds until a synthesiser has died away
LEAVES = 0.3  # seconds until a port has sent what it was given


@app.command(
    rich_help_panel=PLAY,
    epilog=examples(
        "composer replay last",
        'composer replay 2026-03-07-210405 --out "Digital Piano"',
        notes="The same messages in the same order at the same times. --out: synth (a SoundFont "
        "through fluidsynth), a MIDI output or a part of its name, virtual or virtual:NAME "
        "(a port that a DAW sees).",
    ),
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
            f"nothing sounded in take {found.name}; "
            "composer takes export makes files of what was played"
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
        seconds = sent[-1][0] - sent[0][0]
        say(f"playing {found.name} on {output.name}, {seconds:.0f} s; Ctrl-C ends it")
        _replay(found, output, RINGS if (out or "synth") == "synth" else LEAVES)
    finally:
        output.close()


def _replay(take: SavedTake, output: Output, rest: float) -> None:
    from composer.live.takes import replay as replaying

    for message in replaying.programs(take):
        output.send(message)
    replaying.replay(take, output)
    time.sleep(rest)
