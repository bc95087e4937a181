"""The other process of test_jack.py: a keyboard with a JACK port of its own that plays notes in time.

Argument: JSON {client, notes: [[onset, pitch, duration, velocity]] in beats, qpm, stop_key}. Prints "ready"
when its port is there, plays when a line comes in, stays until its input ends.
"""

import json
import sys
import time

import mido
from mido.backends.backend import Backend

STOP_KEY = mido.Message("control_change", control=106, value=127)


def main() -> None:
    job = json.loads(sys.argv[1])
    port = Backend("mido.backends.rtmidi/UNIX_JACK").open_output(
        "keys", virtual=True, client_name=job["client"]
    )
    print("ready", flush=True)
    sys.stdin.readline()
    start = time.monotonic() + 0.1
    for beat, message in sorted(script(job), key=lambda m: (m[0], m[1].type == "note_on")):
        time.sleep(max(0.0, start + beat * 60 / job["qpm"] - time.monotonic()))
        port.send(message)
    sys.stdin.readline()


def script(job: dict) -> list[tuple[float, mido.Message]]:
    messages = []
    for onset, pitch, duration, velocity in job["notes"]:
        messages.append((onset, mido.Message("note_on", note=pitch, velocity=velocity)))
        messages.append((onset + duration, mido.Message("note_off", note=pitch)))
    if job["stop_key"]:
        messages.append((max(beat for beat, _ in messages) + 0.5, STOP_KEY))
    return messages


if __name__ == "__main__":
    main()
