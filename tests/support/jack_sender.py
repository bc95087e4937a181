"""A keyboard in a process of its own that sends any bytes in time and says when it did (CLOCK_MONOTONIC is shared).

Argument: the client's name. Prints "ready"; for each line of JSON [[seconds from now, [byte, ...]], ...] that comes
in, sends that and prints the seconds at which each went out.
"""

import json
import sys
import time

import rtmidi


def main() -> None:
    port = rtmidi.MidiOut(rtmidi.API_UNIX_JACK, name=sys.argv[1])
    port.open_virtual_port("keys")
    print("ready", flush=True)
    for line in sys.stdin:
        start, sent = time.monotonic(), []
        for seconds, message in json.loads(line):
            time.sleep(max(0.0, start + seconds - time.monotonic()))
            sent.append(time.monotonic())
            port.send_message(message)
        print(json.dumps(sent), flush=True)


if __name__ == "__main__":
    main()
