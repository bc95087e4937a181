"""A JACK server of our own, without a sound card, and a keyboard in another process: real ports for tests.

In a test module: `from jack_server import jack  # noqa: F401` (the fixture) and `JackKeyboard`.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
import rtmidi
from composer.songs.song import Note

PLAYER = Path(__file__).with_name("jack_player.py")
START_SECONDS = 20.0


@contextmanager
def jack_server(name: str, period: int = 256) -> Iterator[str]:
    """A running `jackd -n name`, the default server of this process and its children until the end."""
    if shutil.which("jackd") is None:
        pytest.fail(
            "these tests need jackd: apt install jackd2, or leave them out with -m 'not jack'",
            pytrace=False,
        )
    env = {"JACK_NO_AUDIO_RESERVATION": "1", "JACK_DEFAULT_SERVER": name}
    before = {key: os.environ.get(key) for key in env}
    os.environ.update(env)
    # -S: the server waits for its clients; without it a busy machine loses messages. -t: but not long for one
    # that was killed (it waits ten times this, in ms). setpriv: a test process that is killed leaves no server behind
    # (JACK's own -T ends it with its last client: too early where the first is one that only has a look).
    tied = ["setpriv", "--pdeathsig", "TERM"]
    command = [
        *tied,
        "jackd",
        "-n",
        name,
        "-r",
        "-S",
        "-t",
        "100",
        "-d",
        "dummy",
        "-r",
        "48000",
        "-p",
        str(period),
    ]
    with (
        tempfile.TemporaryFile("w+") as log,
        subprocess.Popen(command, stdout=log, stderr=log) as server,
    ):
        first_client = None
        try:
            first_client = _first_client(server, log)
            yield name
        finally:
            if server.poll() is not None and first_client is not None:
                log.seek(0)
                print(
                    f"jackd ended by itself with {server.returncode}; it said:\n{log.read()}",
                    file=sys.stderr,
                )
            if first_client is not None:
                first_client.delete()
            server.terminate()
            server.wait(10)
            for left in Path("/dev/shm").glob(
                f"jack_sem.*_{name}_*"
            ):  # of clients that were killed
                left.unlink()
            for key, value in before.items():
                os.environ.pop(key) if value is None else os.environ.__setitem__(key, value)


def _first_client(server, log) -> rtmidi.MidiIn:
    """A client of the new server, as soon as it answers."""
    deadline = time.monotonic() + START_SECONDS
    while server.poll() is None and time.monotonic() < deadline:
        with suppress(OSError):
            return rtmidi.MidiIn(rtmidi.API_UNIX_JACK)
        time.sleep(0.05)
    log.seek(0)
    return pytest.fail(
        f"jackd did not start within {START_SECONDS:.0f} s; it said:\n{log.read()}", pytrace=False
    )


@pytest.fixture(scope="module")
def jack() -> Iterator[str]:
    """The name of a JACK server that runs for this module; this process and its children use it by default."""
    with jack_server(f"composer-{os.getpid()}") as name:
        yield name


class JackKeyboard:
    """Another process with a MIDI output `client:port`, which plays notes in time when told to."""

    def __init__(
        self, notes: Iterable[Note], qpm: float, client: str = "AKM322", stop_key: bool = True
    ) -> None:
        self.port = f"{client}:keys"
        played = [[n.onset, n.pitch, n.duration, n.velocity] for n in notes]
        job = json.dumps({"client": client, "notes": played, "qpm": qpm, "stop_key": stop_key})
        self.process = subprocess.Popen(
            [sys.executable, str(PLAYER), job],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __enter__(self) -> "JackKeyboard":
        assert self.process.stdout.readline() == "ready\n", "the keyboard's process found no JACK"
        return self

    def __exit__(self, *error: object) -> None:
        self.kill()
        self.process.stdin.close()
        self.process.stdout.close()

    def play(self) -> None:
        """Start playing; returns at once."""
        self.process.stdin.write("play\n")
        self.process.stdin.flush()

    def kill(self) -> None:
        """Pull the plug: no release, no goodbye."""
        self.process.kill()
        self.process.wait(10)
