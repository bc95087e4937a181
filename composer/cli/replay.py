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

# Seconds until a synthesiser has died away.
RINGS = 2.0
# Seconds until a port has sent what it was given.
LEAVES = 0.3


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
        typer.Option(
            "-o", "--out", metavar="OUTPUT", help="Where it sounds.  \\[default: synth]"
        ),
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
    place = out or "synth"
    output = open_output_named(out, midi_api, soundfont, audio)
    try:
        _make_ready(output, place, found)
        seconds = sent[-1][0] - sent[0][0]
        say(f"playing {found.name} on {output.name}, {seconds:.0f} s; Ctrl-C ends it")
        _replay(found, output, RINGS if place == "synth" else LEAVES)
    finally:
        # Also after Ctrl-C: notes that sound must end.
        output.close()


def _make_ready(output: Output, place: str, take: SavedTake) -> None:
    """Raise PortError if no synthesiser answers; wait until a virtual port is connected."""
    if place == "synth" and not output.alive():
        why = getattr(output, "why", "") or "no synthesiser answers"
        raise PortError(
            f"{why}; or make sound of it: composer takes export {take.name} -o take.wav"
        )
    # Without a terminal nobody can press a key: a script connects the port in its own time.
    if place.partition(":")[0] == "virtual" and sys.stdin.isatty():
        question = f"Connect {output.name}, then press Enter"
        typer.prompt(question, "", show_default=False, err=True)


def _replay(take: SavedTake, output: Output, rest: float) -> None:
    from composer.live.takes import replay as replaying

    # Before the first note, which would else sound as a piano.
    for message in replaying.programs(take):
        output.send(message)
    replaying.replay(take, output)
    time.sleep(rest)
