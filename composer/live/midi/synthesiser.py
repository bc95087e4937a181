"""The `fluidsynth` command as a child process that reads what to play, a line a message, from its
input.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from composer import catalog
from composer.errors import ComposerError, PortError

# A large SoundFont on a slow disk.
START_SECONDS: Final = 15.0
READY: Final = "composer-ready"
# Of the list of fonts: its number, its path.
FONT: Final = re.compile(r"\d+ ")
# The shell's own reader keeps a history of every line, which grows; `source` reads the same input
# without one.
HELLO: Final = (
    "" if sys.platform == "win32" else "source /dev/stdin\n"
) + f"fonts\necho {READY}\n"
DEVICE_LOST: Final = re.compile(
    r"error: .*(Lost the connection|audio device|PulseAudio connection)", re.IGNORECASE
)
# Tried in this order; None is fluidsynth's own choice. On Linux that is ALSA, also where a sound
# server has the card.
DRIVERS: Final[dict[str, tuple[str | None, ...]]] = {
    "linux": (None, "pulseaudio", "jack")
}
# Four small buffers: 12 ms at 44.1 kHz; fluidsynth's own on Linux are sixteen of 64. Elsewhere its
# own are kept.
LATENCY: Final = {"linux": ("-o", "audio.period-size=128", "-o", "audio.periods=4")}
MISSING: Final = (
    "sound needs the fluidsynth command: apt install fluidsynth (Debian, Ubuntu), brew install "
    "fluidsynth (macOS), choco install fluidsynth (Windows); or give a MIDI port"
)


def line_of(message: Any) -> str | None:
    """Return a mido message as a line of fluidsynth's shell; None for what that does not know
    (clocks, aftertouch).
    """
    kind = message.type
    if kind == "note_on" and message.velocity:
        return f"noteon {message.channel} {message.note} {message.velocity}\n"
    if kind in ("note_on", "note_off"):
        return f"noteoff {message.channel} {message.note}\n"
    if kind == "control_change":
        return f"cc {message.channel} {message.control} {message.value}\n"
    if kind == "program_change":
        return f"prog {message.channel} {message.program}\n"
    if kind == "pitchwheel":
        return f"pitch_bend {message.channel} {message.pitch + 8192}\n"
    return "reset\n" if kind == "reset" else None


def start_synthesiser(
    soundfont: str | Path | None, gain: float, driver: str | None
) -> Synthesiser:
    """Start a synthesiser that plays, with the audio driver that is named, or the first that works.

    Raise PortError if fluidsynth is missing or finds no sound device, ComposerError for a bad
    SoundFont.
    """
    font = catalog.soundfont(soundfont)
    program = shutil.which("fluidsynth")
    if program is None:
        raise PortError(MISSING)
    if not 0 < gain <= 10:
        raise PortError(
            f"the synthesiser's gain is above 0 and at most 10, got {gain!r}"
        )
    reasons = []
    for audio in (driver,) if driver else DRIVERS.get(sys.platform, (None,)):
        child = Synthesiser(
            _command(program, font, gain, audio), f"fluidsynth, {font.stem}"
        )
        if child.start():
            return child
        if child.without_font:
            raise ComposerError(
                f"fluidsynth cannot play with {font}: {child.reason()}; choose another SoundFont"
            )
        reasons.append(f"{audio or 'its own choice'}: {child.reason()}")
    raise PortError(
        f"fluidsynth finds no sound device ({'; '.join(reasons)})", mend="audio"
    )


class Synthesiser:
    """One run of the command; after `start` it may be told messages from one thread at a time."""

    def __init__(self, command: Sequence[str], name: str) -> None:
        self.command, self.name = tuple(command), name
        self.without_font = False
        self._words: deque[str] = deque(maxlen=20)
        self.process = subprocess.Popen(
            self.command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,  # Ctrl-C in the terminal is for us
            env={"JACK_NO_START_SERVER": "1", **os.environ},
        )

    def start(self) -> bool:
        """Wait until it plays. If it does not, end it and return False."""
        late = threading.Timer(START_SECONDS, self.kill)
        late.start()
        with suppress(OSError):
            os.write(self._input(), HELLO.encode())
        ready = any(READY in line and "echo" not in line for line in self._lines())
        late.cancel()
        # Without the font that was asked for it plays on with another, or with none.
        asked = self.command[-1]
        has_font = any(
            FONT.match(line) and line.endswith(asked) for line in self._words
        )
        self.without_font = ready and not has_font
        if not ready or self.without_font:
            self.close()
            return False
        if sys.platform != "win32":
            os.set_blocking(self._input(), False)
        return True

    def tell(self, message: Any) -> bool:
        """Pass the message on without waiting. Return False if the synthesiser reads no more."""
        line = line_of(message)
        if line is None:
            return True
        try:
            # A line is short enough for a pipe to take it whole or not at all.
            os.write(self._input(), line.encode())
        except (OSError, ValueError):  # full, broken, closed
            return False
        return True

    def wait_for_end(self) -> None:
        """Return when it has ended, or lost its sound device, which some drivers survive in
        silence.
        """
        for line in self._lines():
            if DEVICE_LOST.search(line):
                return

    def runs(self) -> bool:
        """Tell whether the process is there."""
        return self.process.poll() is None

    def kill(self) -> None:
        """End it at once."""
        with suppress(OSError):
            self.process.kill()

    def close(self) -> None:
        """Ask it to end, then make it. A second time does nothing."""
        with suppress(OSError, ValueError):
            os.write(self._input(), b"quit\n")
        with suppress(OSError):
            assert self.process.stdin is not None
            self.process.stdin.close()
        try:
            self.process.wait(1.0)
        except subprocess.TimeoutExpired:
            self.kill()
            self.process.wait()

    def reason(self) -> str:
        """Return what it said was wrong, in one line."""
        said = list(self._words)
        errors = [line for line in said if line.startswith("fluidsynth: error:")]
        maybe_errors = [line for line in said if "error" in line]
        first = [*errors, *maybe_errors, *said, "it said nothing"][0]
        drivers = [line for line in said if "following audio drivers" in line]
        return "; ".join(_stripped(line) for line in (first, *drivers))

    def _lines(self) -> Any:
        assert self.process.stdout is not None
        with suppress(ValueError):  # closed
            for line in self.process.stdout:
                self._words.append(line.strip())
                yield line

    def _input(self) -> int:
        assert self.process.stdin is not None
        return self.process.stdin.fileno()


def _stripped(line: str) -> str:
    return line.removeprefix("fluidsynth: ").removeprefix("error: ").rstrip(".")


def _command(program: str, font: Path, gain: float, driver: str | None) -> list[str]:
    settings = ["-o", "synth.lock-memory=0"]
    settings += ["-o", "audio.jack.autoconnect=1"]
    settings += LATENCY.get(sys.platform, ())
    audio = ["-a", driver] if driver else []
    return [
        program,
        "-q",
        "-n",
        "-f",
        os.devnull,
        "-g",
        str(gain),
        *audio,
        *settings,
        str(font),
    ]
