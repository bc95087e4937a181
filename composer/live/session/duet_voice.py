"""Play one voice of a duet: what it has played, what it sounds now, and what it goes to within the
beat.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from composer.live.melody.dynamics import PLAINLY, moved
from composer.live.session.context import SessionContext
from composer.songs.edit import cut_notes
from composer.songs.song import Note

TAG = "duet"
_TINY = 1e-6


class DuetVoice:
    """One voice: `notes` in beats of the session, as they were played; the last may still sound."""

    def __init__(self, context: SessionContext, voice: int) -> None:
        self.voice, self.notes = voice, list[Note]()
        # Of the player: when what is written between the beats is played.
        self.feel = PLAINLY
        self.sounding: int | None = None
        self._context = context
        self._channel = context.config.channels[voice]
        self._turns: list[
            tuple[float, int | None, int]
        ] = []  # (when, pitch or rest, velocity) to come in this beat
        self._before: tuple[int, Note | None] = (0, None)
        # At the start of the beat that goes on.
        self._struck = False

    def begin(
        self, beat: float, notes: Sequence[Note], velocities: Sequence[int]
    ) -> None:
        """Play the notes of [beat, beat + 1): what holds over is not struck again, what is not in
        them ends.
        """
        self._finish_turns(beat)
        self._before = len(self.notes), self.notes[-1] if self.notes else None
        self._write(beat, notes, velocities)
        first = notes[0] if notes else None
        if first is None or first.onset > beat + _TINY:
            self._go(beat, None, 0)
        self._struck = first is not None and (
            first.onset > beat - _TINY or first.pitch != self.sounding
        )
        if self._struck and first is not None and first.onset <= beat + _TINY:
            self._go(beat, first.pitch, velocities[0])
        self._plan(beat, beat, notes, velocities)

    def exchange(
        self, beat: float, at: float, notes: Sequence[Note], velocities: Sequence[int]
    ) -> None:
        """Play other notes in the beat that began, from `at` on: only what differs is struck."""
        count, last = self._before
        if last is not None:
            self.notes[count - 1 :] = [last]
        else:
            self.notes.clear()
        notes = self._as_it_sounds(beat, notes)
        self._write(beat, notes, velocities)
        here = next(
            (i for i, n in enumerate(notes) if n.onset <= at + _TINY < n.end), None
        )
        pitch = None if here is None else notes[here].pitch
        if pitch != self.sounding:
            self._go(at, pitch, 0 if here is None else velocities[here])
        self._plan(beat, at, notes, velocities)

    def hold(self, beat: float) -> None:
        """Let what sounds go on for [beat, beat + 1), for nothing was decided in time."""
        self._finish_turns(beat)
        self._before = len(self.notes), self.notes[-1] if self.notes else None
        self._struck = False
        if self.sounding is not None and self.notes:
            self.notes[-1] = replace(
                self.notes[-1], duration=beat + 1 - self.notes[-1].onset
            )

    def pump(self, until: float) -> None:
        """Send what the voice goes to before beat `until`."""
        while self._turns and self._turns[0][0] < until:
            self._go(*self._turns.pop(0))

    def end(self, beat: float) -> None:
        """Be silent from `beat` on."""
        self._turns.clear()
        self._go(beat, None, 0)
        self.notes = cut_notes(self.notes, beat)

    def _as_it_sounds(self, beat: float, notes: Sequence[Note]) -> Sequence[Note]:
        """Return the notes as they sound: a pitch that sounds already is not struck for an
        exchange.
        """
        if (
            not notes
            or notes[0].pitch != self.sounding
            or notes[0].onset > beat + _TINY
        ):
            return notes
        onset = beat if self._struck or not self.notes else self.notes[-1].onset
        return (
            replace(notes[0], onset=onset, duration=notes[0].end - onset),
            *notes[1:],
        )

    def _finish_turns(self, beat: float) -> None:
        self.pump(beat - _TINY)
        self._turns.clear()

    def _go(self, beat: float, pitch: int | None, velocity: int) -> None:
        """End what sounds, and strike `pitch` unless it is a rest."""
        seconds = self._context.time.seconds(beat)
        if self.sounding is not None:
            self._context.note(seconds, self._channel, self.sounding, 0, TAG)
        if pitch is not None:
            self._context.note(seconds, self._channel, pitch, velocity, TAG)
        self.sounding = pitch

    def _plan(
        self,
        beat: float,
        since: float,
        notes: Sequence[Note],
        velocities: Sequence[int],
    ) -> None:
        """Plan what comes after `since` within the beat; a note that lasts to its end waits for the
        next decision.
        """
        self._turns = []
        for i, note in enumerate(notes):
            if note.onset > since + _TINY:
                self._turns.append(
                    (moved(note.onset, self.feel), note.pitch, velocities[i])
                )
            joined = i + 1 < len(notes) and notes[i + 1].onset < note.end + _TINY
            if since + _TINY < note.end < beat + 1 - _TINY and not joined:
                self._turns.append((moved(note.end, self.feel), None, 0))
        self._turns.sort(key=lambda turn: turn[0])

    def _write(
        self, beat: float, notes: Sequence[Note], velocities: Sequence[int]
    ) -> None:
        """Make what the voice plays its past."""
        for note, velocity in zip(notes, velocities, strict=True):
            last = self.notes[-1] if self.notes else None
            if note.onset > beat - _TINY:
                self.notes.append(replace(note, velocity=velocity))
            elif (
                last is not None
                and last.pitch == note.pitch
                and last.end > beat - _TINY
            ):
                self.notes[-1] = replace(last, duration=note.end - last.onset)
            else:
                self.notes.append(Note(beat, note.pitch, note.end - beat, velocity))
