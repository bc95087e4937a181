"""Teach a keyboard to Composer: `composer learn`.

It asks for one control after another, hears which one is moved, and keeps the profile.
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Annotated, Any

import typer

from composer.cli.shared import PLAY, Api, PortName, app, examples, new_table, say, show
from composer.errors import PortError

if TYPE_CHECKING:
    from composer.live.midi.devices import Answer, Ask, Lesson, Profile

POLL_SECONDS = 0.1


@app.command(
    rich_help_panel=PLAY,
    epilog=examples(
        "composer learn",
        "composer learn --port Launchkey --name launchkey",
        notes="It asks for one control after another: move it, or press Enter to skip it, or q "
        "and Enter to end. The profile is kept in ~/.local/share/composer/devices, and "
        "composer play finds it by the port's name.",
    ),
)
def learn(
    port: PortName = None,
    midi_api: Api = "auto",
    device: Annotated[
        str | None,
        typer.Option(
            metavar="PROFILE",
            help="Begin from this one.  \\[default: the one that fits]",
        ),
    ] = None,
    name: Annotated[
        str | None, typer.Option(help="What to call it.  \\[default: after the port]")
    ] = None,
) -> None:
    """Teach a keyboard's buttons and knobs (MIDI learn)."""
    from composer.live.midi import devices
    from composer.live.midi.ports import open_input

    given = devices.profile(device) if device else None
    answers: SimpleQueue[Answer] = SimpleQueue()
    with open_input(port, midi_api) as opened:
        began = devices.profile_of(opened.name, given, name)
        say(
            f"listening to {opened.name}: move what is asked for; Enter skips it, q and Enter ends"
        )
        opened.listen(lambda message: _hear(message, answers))
        # Reading from a terminal cannot be broken off, so it is a thread that ends with the
        # process.
        threading.Thread(target=_read, args=(answers,), daemon=True).start()
        made = _teach(devices.learn(began), answers, opened.is_there)
    # Nothing learned: a profile that is there already must not be replaced by an empty one.
    if made == began:
        say("nothing was learned")
        return
    path = devices.save_profile(made)
    _show_profile(made)
    say(f"{path} is kept; composer play takes it for {opened.name}")


def _hear(message: Any, answers: SimpleQueue[Answer]) -> None:
    """Hand over what the keyboard says; the driver's thread must not wait, so only enqueue."""
    from composer.live.midi.events import event_of

    event = event_of(message, time.monotonic())
    if event is not None:
        answers.put(event)


def _read(answers: SimpleQueue[Answer]) -> None:
    """Hand over what is typed: an empty line skips; anything else, and the end of input, ends."""
    from composer.live.midi.devices import DONE, SKIP

    for line in sys.stdin:
        answers.put(DONE if line.strip() else SKIP)
    answers.put(DONE)


def _teach(
    lesson: Lesson, answers: SimpleQueue[Answer], is_there: Callable[[], bool]
) -> Profile:
    """Ask until the lesson has its profile. Raise PortError if the keyboard goes away."""
    ask = next(lesson)
    _show_ask(ask)
    while True:
        # The port says nothing when it is unplugged: it has to be asked now and then.
        try:
            answer = answers.get(timeout=POLL_SECONDS)
        except Empty:
            if not is_there():
                raise PortError(
                    "the keyboard went away, nothing was kept; plug it in and begin again"
                ) from None
            continue
        try:
            before, ask = ask, lesson.send(answer)
        except StopIteration as end:
            made: Profile = end.value
            return made
        # A knob sends many messages while it turns: each question is shown once.
        if ask.action != before.action or (ask.remark and ask != before):
            _show_ask(ask)


def _show_ask(ask: Ask) -> None:
    from rich.console import Console

    from composer.live.midi import devices

    text = f"({ask.remark or devices.explained(ask.action)})"
    Console(stderr=True, highlight=False).print(
        f"[bold]{ask.action}[/bold] {text}", soft_wrap=True
    )


def _show_profile(made: Profile) -> None:
    table = new_table("control", "does", "")
    for control, does in made.controls.items():
        table.add_row(
            control, does, "turns without an end" if control in made.relative else ""
        )
    show(table)
