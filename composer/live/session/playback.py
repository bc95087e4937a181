"""Sound an answer: an arrangement round and round on the session's beats, exchanged for another on
a downbeat.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import ceil, floor

from composer.live.melody.dynamics import PLAINLY, Feel, moved
from composer.live.session.context import SessionContext
from composer.live.session.state import DRUMS, VOICES
from composer.songs.song import Song

TAG = "answer"
_TINY = 1e-6


@dataclass(frozen=True)
class Stroke:
    """A key that goes down with that velocity, or up with 0, `beat` beats after the downbeat of its
    answer.
    """

    beat: float
    velocity: int
    track: int
    pitch: int


@dataclass(frozen=True)
class Answer:
    """An arrangement to be played: its first track is the melody. length: in beats, whole bars.
    feel: the player's.
    """

    song: Song
    length: float
    feel: Feel = PLAINLY

    @classmethod
    def of(
        cls, song: Song, beats_per_bar: int, bars: int | None, feel: Feel = PLAINLY
    ) -> Answer:
        """Make an answer of the phrase's number of bars; None for as many as the song fills."""
        filled = ceil((song.end - pickup(song)) / beats_per_bar - _TINY)
        return cls(song, float(beats_per_bar * (bars or max(1, filled))), feel)

    @cached_property
    def strokes(self) -> list[Stroke]:
        """Return the strokes in order, releases before presses; what lasts longer than the answer
        is cut.
        """
        early = pickup(self.song)
        found = []
        for number, track in enumerate(self.song.tracks):
            for note in track.notes:
                on = note.onset - early
                off = min(note.end - early, self.length)
                if off > on + _TINY:
                    found.append(
                        Stroke(moved(on, self.feel), note.velocity, number, note.pitch)
                    )
                    found.append(Stroke(moved(off, self.feel), 0, number, note.pitch))
        return sorted(found, key=_in_order)

    def over(self, beat: float) -> list[Stroke]:
        """Return what sounds on over `beat` (after the downbeat), as if it were struck there."""
        early = pickup(self.song)
        found = []
        for number, track in enumerate(self.song.tracks):
            for note in track.notes:
                begins_before = note.onset - early < beat - _TINY
                ends_after = min(note.end - early, self.length) > beat + _TINY
                if begins_before and ends_after:
                    found.append(Stroke(beat, note.velocity, number, note.pitch))
        return found


def _in_order(stroke: Stroke) -> tuple[float, bool, int, int]:
    # Of one beat releases come first: a key must be up before it can go down again.
    return round(stroke.beat, 6), stroke.velocity > 0, stroke.track, stroke.pitch


def pickup(song: Song) -> float:
    """Return the beats before the first downbeat, of a captured song with a short first bar."""
    return song.time_signatures[1].onset if len(song.time_signatures) > 1 else 0.0


def channel_of(track: int, channels: Sequence[int], is_drum: bool = False) -> int:
    """Return the MIDI channel of a track of an arrangement; tracks beyond the four voices take free
    ones.
    """
    if is_drum:
        return DRUMS
    if track < len(channels):
        return channels[track]
    free = [c for c in range(16) if c not in channels and c != DRUMS]
    return free[(track - VOICES) % len(free)]


class Playback:
    """Sends the strokes of an answer a little before their time. start: beat of its first downbeat.

    at: beat from which it is heard, for an answer that comes late. looping: whether another round
    follows this one.
    """

    def __init__(
        self,
        context: SessionContext,
        answer: Answer,
        start: float,
        at: float | None = None,
    ) -> None:
        self.answer = answer
        self.start = start
        self.cursor = start if at is None else at
        self._context = context
        self._next: tuple[float, Answer] | None = None
        self._down: set[tuple[int, int]] = set()
        self.looping = False
        self._send_programs()
        if at is not None:
            self._strike(
                answer.over((at - start) % answer.length),
                at - (at - start) % answer.length,
            )

    @property
    def round_end(self) -> float:
        """Return the beat at which the round ends that `cursor` is in, or has just reached the end
        of.
        """
        rounds = ceil((self.cursor - self.start) / self.answer.length - _TINY)
        return self.start + max(1, rounds) * self.answer.length

    @property
    def origin(self) -> float:
        """Return the beat at which the song of `cursor`'s round begins, its pickup included."""
        return self.round_end - self.answer.length - pickup(self.answer.song)

    def change(self, answer: Answer, at: float) -> None:
        """Play another answer from beat `at` on (not before `cursor`); what sounds of the old one
        ends there.
        """
        self._next = (max(at, self.cursor), answer)

    def pump(self, until: float) -> None:
        """Send all strokes up to beat `until`."""
        if self._next is not None and self._next[0] < until:
            at, answer = self._next
            self._next = None
            self._pump(at)
            self.release(at)
            self.answer = answer
            self._send_programs()
            place = (at - self.start) % answer.length
            if place > _TINY:
                self._strike(answer.over(place), at - place)
        self._pump(until)

    def release(self, at: float) -> None:
        """End all that sounds at beat `at`."""
        for channel, pitch in sorted(self._down):
            self._context.note(self._context.time.seconds(at), channel, pitch, 0, TAG)
        self._down.clear()

    def withdraw(self, end_now: bool = False) -> None:
        """Take back what was sent ahead, as nothing of it was heard yet; end_now: and end what
        was.
        """
        self._context.sequencer.cancel(TAG, end_now=end_now)
        self._down.clear()

    def _pump(self, until: float) -> None:
        for origin, stroke in self._between(self.cursor, until):
            self._strike([stroke], origin)
        self.cursor = max(self.cursor, until)

    def _between(self, a: float, b: float) -> Iterator[tuple[float, Stroke]]:
        """(Downbeat of its round, stroke) in beats [a, b); a pickup only where a round goes
        before.
        """
        length = self.answer.length
        strokes = self.answer.strokes
        first = max(0, floor((a - self.start) / length) - 1)
        if self.looping:
            last = floor((b - self.start) / length) + 1
        else:
            last = floor((a - self.start) / length + _TINY)
        for number in range(first, last + 1):
            origin = self.start + number * length
            low = max(a - origin, 0.0) if number == 0 else a - origin
            for at in range(
                bisect_left(strokes, low - _TINY, key=lambda s: s.beat), len(strokes)
            ):
                if strokes[at].beat + origin >= b - _TINY:
                    break
                yield origin, strokes[at]

    def _strike(self, strokes: Sequence[Stroke], origin: float) -> None:
        for stroke in strokes:
            channel = self._channel(stroke.track)
            key = channel, stroke.pitch
            if stroke.velocity:
                if not stroke.track and not self._context.config.with_melody:
                    continue
                self._down.add(key)
            elif key in self._down:
                self._down.discard(key)
            else:
                # What was not struck, because the melody was not to be heard, needs no end.
                continue
            seconds = self._context.time.seconds(origin + stroke.beat)
            self._context.note(seconds, channel, stroke.pitch, stroke.velocity, TAG)

    def _channel(self, track: int) -> int:
        return channel_of(
            track, self._context.config.channels, self.answer.song.tracks[track].is_drum
        )

    def _send_programs(self) -> None:
        chosen = self._context.config.programs
        for number, track in enumerate(self.answer.song.tracks):
            if not track.is_drum:
                program = chosen[number] if number < len(chosen) else track.program
                self._context.program(self._channel(number), program)
