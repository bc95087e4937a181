"""The keyboard of the soak, in a process of its own: it plays on and on, writing down what it has sent, until killed.

Arguments: the client's name, the file to write to, the number of its first note. Prints "ready"; a line on its input
begins: "play"; "nonsense SECONDS": besides, a thousand messages a second; "clocks SECONDS": clock and sensing instead;
"hold": no more than the next key, which stays down; its pitch and velocity are printed.
The file gets a line for each key that went down, once it is sent: seconds, pitch, velocity.
"""

import os
import random
import sys
import threading
import time
from collections.abc import Iterator
from heapq import heappop, heappush

import rtmidi

RATE, FLOOD = 10, 1000  # notes, and messages of a flood, a second
JUNK = (  # no keys
    [0xB0, 1, 7],
    [0xF0, 1, 2, 3, 0xF7],
    [0xC0, 5],
    [0xFF],
    [0xD0, 9],
    [0xB3, 64, 127],
    [0xB3, 64, 0],
    [0xE0, 0, 99],
)
CLOCKS = ([0xF8], [0xFE])


def note(number: int) -> tuple[int, int]:
    """(Pitch, velocity) of a note; no other of the 5,969 around it is the same."""
    return 40 + 5 * number % 47, 1 + number % 127


def nonsense(number: int, chance: random.Random) -> list[int]:
    """A key anywhere goes down or up, or something that is no key."""
    if chance.random() < 0.3:
        return chance.choice(JUNK)
    return (
        [0x90, 5 * number % 128, 1 + number % 127]
        if chance.random() < 0.5
        else [0x80, chance.randrange(128), 0]
    )


class Player:
    """What is to be sent next, and the floods that are asked for."""

    def __init__(self, first: int) -> None:
        self.flood, self.until, self.hold = "", 0.0, False
        self._number, self._begin = first, time.monotonic()
        self._offs: list[tuple[float, int]] = []
        self._chance = random.Random(first)

    def ask(self, flood: str, seconds: float) -> None:
        """Flood from now on, for so long."""
        self.until, self.flood = time.monotonic() + seconds, flood

    def messages(self) -> Iterator[tuple[float, list[int]]]:
        """(Seconds at which it is due, bytes), for ever; every fifth note sounds on into the next."""
        on, junk = self._begin, self._begin
        while True:
            while self._offs and self._offs[0][0] < on:
                yield self._offs[0][0], [0x80, heappop(self._offs)[1], 0]
            while junk < on and self.flood:
                yield junk, self._of_flood()
                junk += 1 / FLOOD
            junk = max(junk, on)
            pitch, velocity = note(self._number)
            yield on, [0x90, pitch, velocity]
            heappush(self._offs, (on + (0.15 if self._number % 5 == 0 else 0.08), pitch))
            self._number += 1
            on += 1 / RATE

    def _of_flood(self) -> list[int]:
        if time.monotonic() >= self.until:
            self.flood = ""
        if self.flood == "clocks":
            return self._chance.choice(CLOCKS)
        return nonsense(self._chance.randrange(10**6), self._chance)


def main() -> None:
    client, path, first = sys.argv[1], sys.argv[2], int(sys.argv[3])
    port = rtmidi.MidiOut(rtmidi.API_UNIX_JACK, name=client)
    port.open_virtual_port("keys")
    log = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    print("ready", flush=True)
    sys.stdin.readline()
    player = Player(first)
    threading.Thread(target=listen, args=(player,), daemon=True).start()
    for at, message in player.messages():
        time.sleep(max(0.0, at - time.monotonic()))
        seconds = time.monotonic()
        port.send_message(message)
        if message[0] == 0x90:
            os.write(log, f"{seconds:.6f} {message[1]} {message[2]}\n".encode())
            if player.hold:
                print(message[1], message[2], flush=True)
                time.sleep(1e6)


def listen(player: Player) -> None:
    for line in sys.stdin:
        what, *seconds = line.split()
        if what == "hold":
            player.hold = True
        else:
            player.ask(what, float(seconds[0]))


if __name__ == "__main__":
    main()
