"""The exchange type: notes in beats (quarter notes), never in seconds.

Everything here is frozen: a changed song is a new song (`dataclasses.replace`).
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import pairwise

DEFAULT_QPM = 100.0
TICKS_PER_BEAT = 480


@dataclass(frozen=True, slots=True, order=True)
class Note:
    """One note: onset and duration in beats, pitch and velocity as in MIDI (0-127, 1-127)."""

    onset: float
    pitch: int
    duration: float
    velocity: int = 80

    @property
    def end(self) -> float:
        """Where the note stops, in beats."""
        return self.onset + self.duration


@dataclass(frozen=True, slots=True)
class Track:
    """Notes that share an instrument, in order of onset, then pitch."""

    notes: tuple[Note, ...] = ()
    name: str = ""
    program: int = 0
    is_drum: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "notes", tuple(sorted(self.notes)))

    @property
    def end(self) -> float:
        """Where the last note stops, in beats; 0 for a track without notes."""
        return max((note.end for note in self.notes), default=0.0)

    @property
    def mean_pitch(self) -> float:
        """Mean MIDI pitch of the notes; -1 for a track without notes."""
        return sum(n.pitch for n in self.notes) / len(self.notes) if self.notes else -1.0


@dataclass(frozen=True, slots=True, order=True)
class Tempo:
    """From `onset` (beats) on, `qpm` quarter notes a minute."""

    onset: float
    qpm: float


@dataclass(frozen=True, slots=True, order=True)
class TimeSignature:
    """From `onset` (beats) on, bars of `numerator`/`denominator`."""

    onset: float
    numerator: int
    denominator: int

    @property
    def beats_per_bar(self) -> float:
        """Length of a bar in beats (quarter notes): 4/4 is 4.0, 6/8 is 3.0."""
        return 4.0 * self.numerator / self.denominator


@dataclass(frozen=True, slots=True, order=True)
class KeySignature:
    """From `onset` (beats) on, `sharps` sharps (negative: flats), major or minor."""

    onset: float
    sharps: int
    is_minor: bool = False


@dataclass(frozen=True, slots=True)
class Song:
    """Tracks over one time line, with its tempo, metre and key signatures.

    A pickup is a short first bar: `TimeSignature(0, 1, 4), TimeSignature(1, 4, 4)`.
    Without `tempos` a song goes at 100 qpm; without `time_signatures` its metre is
    unknown and counted as 4/4. `ticks_per_beat` is what a file is written with. `made`: how an arrangement was made,
    as `generators.Model` says it; a MIDI file carries it.
    """

    tracks: tuple[Track, ...] = ()
    tempos: tuple[Tempo, ...] = ()
    time_signatures: tuple[TimeSignature, ...] = ()
    key_signatures: tuple[KeySignature, ...] = ()
    title: str = ""
    ticks_per_beat: int = field(default=TICKS_PER_BEAT)
    made: str = field(default="", compare=False)

    def __post_init__(self) -> None:
        for name in ("tempos", "time_signatures", "key_signatures"):
            object.__setattr__(self, name, tuple(sorted(getattr(self, name))))
        object.__setattr__(self, "tracks", tuple(self.tracks))

    @property
    def end(self) -> float:
        """Where the last note stops, in beats."""
        return max((track.end for track in self.tracks), default=0.0)

    @property
    def qpm(self) -> float:
        """Quarter notes a minute at the start."""
        return self.tempos[0].qpm if self.tempos else DEFAULT_QPM

    def metre_at(self, onset: float) -> TimeSignature:
        """The time signature in force at `onset` (beats); 4/4 where none is given."""
        at = bisect_right(self.time_signatures, onset, key=lambda signature: signature.onset)
        return self.time_signatures[at - 1] if at else TimeSignature(0.0, 4, 4)

    def bar_onsets(self, until: float | None = None) -> list[float]:
        """Onset in beats of every bar that starts before `until` (default: the end); at least one.

        A new time signature starts a new bar, so a bar before it may be short.
        """
        until = self.end if until is None else until
        signatures = self.time_signatures
        if not signatures or signatures[0].onset > 0:
            signatures = (TimeSignature(0.0, 4, 4), *signatures)
        ends = [s.onset for s in signatures[1:]] + [max(until, signatures[-1].onset)]
        onsets: list[float] = []
        for signature, end in zip(signatures, ends, strict=True):
            end = min(end, until)
            at, bar = signature.onset, 0
            while at < end - 1e-9:
                onsets.append(at)
                bar += 1
                at = signature.onset + bar * signature.beats_per_bar
        return onsets or [0.0]

    def seconds(self, beat: float) -> float:
        """Time in seconds at which `beat` falls, under the song's tempos."""
        total = 0.0
        for start, end, qpm in self._tempo_spans():
            if beat <= start:
                break
            total += (min(beat, end) - start) * 60.0 / qpm
        return total

    def _tempo_spans(self) -> Iterator[tuple[float, float, float]]:
        tempos = self.tempos
        if not tempos or tempos[0].onset > 0:
            tempos = (Tempo(0.0, self.qpm), *tempos)
        for now, then in pairwise(tempos):
            yield now.onset, then.onset, now.qpm
        yield tempos[-1].onset, float("inf"), tempos[-1].qpm

    def with_qpm(self, qpm: float) -> Song:
        """The same song at one steady tempo."""
        return replace(self, tempos=(Tempo(0.0, float(qpm)),))
