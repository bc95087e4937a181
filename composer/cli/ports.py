"""List the MIDI ports: `composer ports`."""

from __future__ import annotations

from composer.cli.shared import (
    PLAY,
    Api,
    app,
    examples,
    new_table,
    show,
)
from composer.errors import PortError


@app.command(
    rich_help_panel=PLAY,
    epilog=examples(
        "composer ports --midi-api jack",
    ),
)
def ports(midi_api: Api = "auto") -> None:
    """List the MIDI ports: keyboards to record from, and places for the sound."""
    from composer.live.midi.ports import list_ports

    found = list_ports(midi_api)
    table = new_table("port", "direction", "system")
    for direction, names in (("in", found.inputs), ("out", found.outputs)):
        for name in names:
            table.add_row(name, direction, found.api)
    if table.row_count:
        show(table)
    # After the table: the outputs are worth seeing all the same.
    if not found.inputs:
        raise PortError("no MIDI input found: plug the keyboard in and try again")
