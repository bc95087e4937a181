"""A piano on the letters of the computer's keyboard."""

from __future__ import annotations

from typing import Final

from composer.live.server import Served

# Two rows of a piano, from C: black keys lie between the white ones, as on the real thing.
LOWER: Final = tuple("zsxdcvgbhnjm,l.;/")
UPPER: Final = tuple("q2w3er5t6y7ui9o0p")
OCTAVE: Final = 12
SEMITONES: Final = {
    **{key: OCTAVE + number for number, key in enumerate(UPPER)},
    **dict(zip(LOWER, range(len(LOWER)), strict=True)),
}
SHIFTS: Final = {"[": -OCTAVE, "]": OCTAVE}
MIDDLE_C: Final = 60
HIGHEST_C: Final = 96
VELOCITY: Final = 84
# Seconds. The same key again within them is the machine's repetition of one that is held down.
REPEATS: Final = 0.07
NEVER: Final = float("inf")


def piano_pitch(key: str, lowest: int) -> int | None:
    """Return the pitch of a key of the piano whose lowest C is `lowest`; None if it has none."""
    if key not in SEMITONES:
        return None
    pitch = lowest + SEMITONES[key]
    return pitch if 0 <= pitch <= 127 else None


class Letters:
    """The piano on the letters. A terminal says when a key goes down, and never when it comes up.

    So a note lasts until the next one, or for `hold` seconds (None: until the next one). A key held
    down is repeated by the machine, which makes its note longer, not struck again.
    """

    def __init__(
        self, session: Served, hold: float | None = 0.6, lowest: int = MIDDLE_C
    ) -> None:
        self.session = session
        self.hold = hold
        self.lowest = lowest
        self.pitch: int | None = None
        self._key = ""
        self._last = -NEVER
        self._ends = NEVER

    def strike(self, key: str, seconds: float) -> bool:
        """Play a key at a time of the clock. Return False if it is none of the piano's."""
        if key in SHIFTS:
            self.lowest = min(max(self.lowest + SHIFTS[key], 0), HIGHEST_C)
            return True
        pitch = piano_pitch(key, self.lowest)
        if pitch is None:
            return key in SEMITONES
        is_same = key == self._key and self.pitch == pitch
        is_held = is_same and seconds - self._last < REPEATS
        self._key = key
        self._last = seconds
        self._ends = NEVER if self.hold is None else seconds + self.hold
        if not is_held:
            # One note at a time: the melody is one voice.
            self.release()
            self.pitch = pitch
            self.session.press(pitch, VELOCITY)
        return True

    def tick(self, seconds: float) -> None:
        """End the note that has lasted."""
        if self.pitch is not None and seconds >= self._ends:
            self.release()

    def release(self) -> None:
        """End the note that sounds, if there is one."""
        if self.pitch is not None:
            pitch = self.pitch
            self.pitch = None
            self.session.release(pitch)
