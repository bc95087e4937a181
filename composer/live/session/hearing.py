"""Write down what was played so far on the beats of a session: a phrase as a whole, or a duet's
last bars.
"""

from __future__ import annotations

from bisect import insort
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import floor

from composer.live.melody.capture import SUSTAIN_PEDAL, Event, RecordConfig, capture
from composer.live.melody.dynamics import Feel, feel
from composer.songs.edit import cut_notes, shift_notes
from composer.songs.song import Note, Song

# Beats that a duet writes down anew each beat; what is older is settled.
WINDOW = 8.0
# Events that a duet writes down anew each beat: more in so short a time is nonsense.
MOST = 400
# Beats; what is struck so close to a beat is on it.
SNAP = 0.125
# Notes by which a player's feel goes.
FELT = 32
# Seconds; keys struck closer are one stroke, of which the highest is the melody.
TOGETHER = 0.03


@dataclass(frozen=True, slots=True, order=True)
class Heard:
    """An event, and the beat at which it came (a player's lateness taken off)."""

    beat: float
    event: Event

    @property
    def is_note(self) -> bool:
        """Tell whether a key goes down or up."""
        return self.event.kind in ("note_on", "note_off")


class Hearing:
    """Collects events with their beats and writes down what they make."""

    def __init__(self, beats_per_bar: int, qpm: float) -> None:
        self.beats_per_bar = beats_per_bar
        self.qpm = qpm
        self.heard: list[Heard] = []
        self.down: dict[int, Heard] = {}
        self.presses = 0
        # Of keys, so far: another number is another melody.
        self.changes = 0
        self.last_change = float("-inf")  # beat
        self._settled: list[Note] = []
        self._pressed: deque[Heard] = deque(maxlen=64)

    def hear(self, event: Event, beat: float) -> None:
        """Add what the keyboard said at `beat`; events may come a little out of order."""
        if event.kind not in ("note_on", "note_off") and event.number != SUSTAIN_PEDAL:
            return
        heard = Heard(beat, event)
        insort(self.heard, heard, key=lambda h: h.beat)
        if not heard.is_note:
            return
        self.changes += 1
        self.last_change = max(beat, self.last_change)
        if event.is_press:
            self.presses += 1
            self.down[event.number] = heard
            self._pressed.append(heard)
        else:
            self.down.pop(event.number, None)

    def pitch_at(self, beat: float) -> int | None:
        """Return what the melody plays at `beat`: the key struck there, at most SNAP away, else the
        last that is held.
        """
        struck = [h for h in self._pressed if abs(h.beat - beat) <= SNAP]
        near = struck or [h for h in self.down.values() if h.beat <= beat + SNAP]
        if not near:
            return None
        latest = max(h.event.seconds for h in near)
        return max(h.event.number for h in near if latest - h.event.seconds <= TOGETHER)

    def silent_since(self) -> float | None:
        """Return the beat since which no key is down; None while one is, and if none ever was."""
        return None if self.down or not self.presses else self.last_change

    def phrase(self, start: float, end: float, bars: int | None = None) -> Song:
        """Return the melody from beat `start` (a downbeat) to `end`, with a pickup before it; maybe
        without notes.
        """
        inside = [h for h in self.heard if h.beat >= start - self.beats_per_bar]
        return capture(
            self._events(inside, start), self._seconds(end, start), self._config(bars)
        )

    def melody(self, beat: float) -> tuple[Note, ...]:
        """Return all notes until `beat`, in beats of the session; only the last bars are written
        down again.
        """
        self._settle(beat - WINDOW)
        return (*self._settled, *self._recent(beat))

    def feel(self, melody: Sequence[Note], start: float = 0.0) -> Feel:
        """Return how the last notes of `melody`, whose beat 0 is beat `start` of the session, were
        played.
        """
        struck = [
            (h.beat - start, h.event.number) for h in self.heard if h.event.is_press
        ]
        return feel(melody[-FELT:], struck[-2 * FELT :])

    def _recent(self, beat: float) -> list[Note]:
        """Return the notes of what is not settled; keys still down are held until `beat` at
        least.
        """
        if not any(h.event.is_press for h in self.heard):
            return []
        base = floor((self.heard[0].beat - SNAP) / self.beats_per_bar) * float(
            self.beats_per_bar
        )
        end = max(beat, self.heard[-1].beat + 1e-6)
        song = capture(
            self._events(self.heard, base), self._seconds(end, base), self._config()
        )
        return shift_notes(song.tracks[0].notes, base)

    def _settle(self, since: float) -> None:
        """Put away the notes whose keys went up before `since`, WINDOW beats at a time."""
        edge = self._edge(since)
        if edge is None:
            return
        kept = [heard for heard in self.heard if heard.beat >= edge]
        if len(kept) == len(self.heard):
            return
        notes = [note for note in self._recent(since) if note.onset < edge - 1e-6]
        self._settled += cut_notes(notes, edge + SNAP)
        # The pedal stays as it was left.
        pedal = [
            heard for heard in self.heard if not heard.is_note and heard.beat < edge
        ][-1:]
        self.heard = [replace(heard, beat=edge) for heard in pedal] + kept

    def _edge(self, since: float) -> float | None:
        """Return the beat before which notes are settled now; None if there is too little to
        settle.
        """
        if len(self.heard) > MOST:
            # Whatever is still held: a player has ten fingers.
            return self.heard[-MOST // 2].beat
        if not self.heard or self.heard[0].beat > since - WINDOW:
            return None
        edge = min([since, *(held.beat for held in self.down.values())]) - SNAP
        return min([edge, *(held.beat - SNAP for held in self._still_down(edge))])

    def _still_down(self, edge: float) -> list[Heard]:
        """Presses before `edge` whose release comes after it."""
        down: dict[int, Heard] = {}
        for heard in self.heard:
            if heard.beat >= edge:
                break
            if heard.event.is_press:
                down[heard.event.number] = heard
            elif heard.is_note:
                down.pop(heard.event.number, None)
        return list(down.values())

    def _config(self, bars: int | None = None) -> RecordConfig:
        return RecordConfig(
            qpm=self.qpm, bars=bars, beats_per_bar=self.beats_per_bar, count_in=1
        )

    def _events(self, heard: Sequence[Heard], base: float) -> list[Event]:
        """Return the events as if played at one steady tempo, so that tempo changes do not
        matter.
        """
        return [replace(h.event, seconds=self._seconds(h.beat, base)) for h in heard]

    def _seconds(self, beat: float, base: float) -> float:
        """Seconds of a take with one bar counted in whose downbeat is `base`."""
        return (beat - base + self.beats_per_bar) * 60.0 / self.qpm
