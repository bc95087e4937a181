"""An instrument in another process: a JACK port that hears MIDI and prints it.

Arguments: the name of its JACK client, and the name of a port to listen to (without one: a port of its own,
CLIENT:in). Prints "ready", then each message as hex, until its input ends.
"""

import subprocess
import sys
import threading
import time

from mido.backends.backend import Backend


def main() -> None:
    client, source = sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else None
    backend = Backend("mido.backends.rtmidi/UNIX_JACK")

    def heard(message) -> None:
        print(message.hex(), flush=True)

    port = (
        backend.open_input(source, callback=heard)
        if source
        else backend.open_input("in", virtual=True, client_name=client, callback=heard)
    )
    print("ready", flush=True)
    sys.stdin.readline()
    port.close()


class JackListener:
    """The other process, and what it has heard so far."""

    def __init__(self, client: str = "Organ", source: str = "") -> None:
        self.port = f"{client}:in"
        self.heard: list[str] = []
        command = [sys.executable, __file__, client, *([source] if source else [])]
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self._reader = threading.Thread(target=self._read, daemon=True)

    def __enter__(self) -> "JackListener":
        assert self.process.stdout.readline() == "ready\n", (
            "the listener found no JACK, or no such port"
        )
        self._reader.start()
        return self

    def __exit__(self, *error: object) -> None:
        self.kill()

    def _read(self) -> None:
        for line in self.process.stdout:
            self.heard.append(line.strip())

    def wait_for(self, count: int, seconds: float = 20.0) -> list[str]:
        """What was heard, once it is `count` messages (or the time is over)."""
        deadline = time.monotonic() + seconds
        while len(self.heard) < count and time.monotonic() < deadline:
            time.sleep(0.01)
        return list(self.heard)

    def switch_off(self) -> None:
        """It says goodbye, and JACK goes on at once."""
        self.process.stdin.close()
        self.process.wait(10)

    def kill(self) -> None:
        """Pull its plug: no goodbye."""
        self.process.kill()
        self.process.wait(10)


if __name__ == "__main__":
    main()
