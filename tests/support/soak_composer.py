"""Composer as it is on a stage, in a process of its own, for the soak and the benchmarks: ports, synthesiser, takes.

Argument: JSON {port, takes, synth, config: of SessionConfig, spans}. Each line of JSON that comes in, [method,
arguments...], is done to the session ("state": nothing is); each is answered with a line of JSON: how it stands.
The output is the MIDI port Composer:soak, and the synthesiser beside it where `synth` names an audio driver. spans: a
file that gets, at the end, [seconds at which the driver gave a key, seconds at which it was sent on] of each.
"""

import gc
import json
import os
import sys
import threading
import time
from pathlib import Path
from typing import Any

from composer.live.melody.capture import Event
from composer.live.midi.devices import profile_for
from composer.live.midi.keyboard import Keyboard
from composer.live.midi.outputs import MidiOutput, SynthOutput
from composer.live.midi.sequencer import Sequencer
from composer.live.session.director import ready_model
from composer.live.session.session import Session
from composer.live.session.state import SessionConfig

PORT = "soak"


class Both:
    """A MIDI port and a synthesiser, told the same."""

    name = "both"

    def __init__(self, *outputs: Any) -> None:
        self.outputs = outputs

    def send(self, message: Any) -> None:
        for output in self.outputs:
            output.send(message)

    def alive(self) -> bool:
        return all(output.alive() for output in self.outputs)

    def close(self) -> None:
        for output in self.outputs:
            output.close()


def memory() -> float:
    """What this process holds, in MiB."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def standing(
    session: Session, sequencer: Sequencer, keyboard: Keyboard, synth: Any
) -> dict[str, Any]:
    """What the driver of the soak wants to know."""
    state = session.state()
    return {
        "phase": state.phase,
        "message": state.message,
        "plugged": keyboard.connected,
        "held": sorted(keyboard.held),
        "sounding": sorted(sequencer.sounding),
        "alive": state.output_alive,
        "synth": synth.pid if synth else None,
        "takes": state.takes,
        "latencies": {name: [value.last, value.p99] for name, value in state.latencies.items()},
        "downbeat": session._director._context.time.seconds(0.0),
        "held beats": getattr(session._director._run, "held_beats", 0),
        "faults": [str(f) for f in (keyboard.trouble, sequencer.trouble) if f is not None],
        "memory": memory(),
        "files": len(list(Path("/proc/self/fd").iterdir())),
        "threads": threading.active_count(),
    }


class Traced:
    """Passes on to a session what a keyboard tells, and keeps when it was sent through."""

    def __init__(self, session: Session) -> None:
        self.spans: list[tuple[float, float]] = []
        self._session, self._through = session, 0.0

    def thru(self, message: Any) -> None:
        self._session.thru(message)
        self._through = time.monotonic()

    def hear(self, event: Event) -> None:
        self.spans.append((event.seconds, self._through))
        self._session.hear(event)


def open_keyboard(job: dict[str, Any], session: Session, traced: Traced) -> Keyboard:
    heard = traced if job.get("spans") else session
    return Keyboard(
        job["port"],
        "jack",
        time.monotonic,
        heard.hear,
        heard.thru,
        on_clock=session.on_clock,
        on_plug=session.on_plug,
    )


def main() -> None:
    job = json.loads(sys.argv[1])
    model = ready_model("jsb-chorales")
    synth = SynthOutput(driver=job["synth"]) if job.get("synth") else None
    output = Both(MidiOutput(PORT, "jack", virtual=True), *([synth] if synth else []))
    takes = Path(job["takes"]) if job.get("takes") else None
    with (
        Sequencer(output) as sequencer,
        Session(SessionConfig(**job["config"]), model, sequencer, takes=takes) as session,
        open_keyboard(job, session, traced := Traced(session)) as keyboard,
    ):
        session.attach(keyboard, profile_for(keyboard.name))
        print(json.dumps(standing(session, sequencer, keyboard, synth)), flush=True)
        for line in sys.stdin:
            command, *arguments = json.loads(line)
            if command == "collect":
                gc.collect()
            elif command != "state":
                session.do(command, *arguments)
            print(json.dumps(standing(session, sequencer, keyboard, synth)), flush=True)
    output.close()
    if job.get("spans"):
        Path(job["spans"]).write_text(json.dumps(traced.spans))
    print("closed", flush=True)


if __name__ == "__main__":
    main()
