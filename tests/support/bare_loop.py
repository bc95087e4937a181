"""The least that sends keys on: a mido callback that sends what comes. What Composer's thru is measured beside.

Arguments: a JACK port whose keys are sent on to Bare:out, and one whose keys are only stamped. Prints "ready"; when its
input ends: JSON {"spans": [[seconds when the driver gave it, when it was sent], ...], "stamps": [seconds, ...]}.
"""

import json
import sys
import time

from mido.backends.backend import Backend


def main() -> None:
    backend = Backend("mido.backends.rtmidi/UNIX_JACK")
    out = backend.open_output("out", virtual=True, client_name="Bare")
    spans, stamps = [], []

    def send_on(message) -> None:
        at = time.monotonic()
        out.send(message)
        spans.append((at, time.monotonic()))

    keys = backend.open_input(sys.argv[1], callback=send_on)
    watched = backend.open_input(
        sys.argv[2], callback=lambda _message: stamps.append(time.monotonic())
    )
    print("ready", flush=True)
    sys.stdin.readline()
    for port in (keys, watched, out):
        port.close()
    print(json.dumps({"spans": spans, "stamps": stamps}), flush=True)


if __name__ == "__main__":
    main()
