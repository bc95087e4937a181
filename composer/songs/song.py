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
TINY = 1e-9  # beats; what rounding may add to an onset


@dataclass(frozen=True, slots=True, order=True)
class Note:
    """One note.

    >>> note = Note(onset=1.0, pitch=60, duration=0.5)
    >>> note.end
    1.5
    """

    onset: float  # in beats from the start of the song
    pitch: int  # as in MIDI, 0 to 127; 60 is middle C
    duration: float  # in beats
    velocity: int = 80  # as in MIDI, 1 to 127

    @property
    def end(self) -> float:
        """Return the beat at which the note stops."""
        return self.onset + self.duration


@dataclass(frozen=True, slots=True)
class Track:
    """Notes that share an instrument, in order of onset, then pitch.

    >>> track = Track((Note(1.0, 64, 1.0), Note(0.0, 60, 1.0)), name="Flute", program=73)
    >>> [note.pitch for note in track.notes], track.end, track.mean_pitch
    ([60, 64], 2.0, 62.0)
    """

    notes: tuple[Note, ...] = ()
    name: str = ""
    program: int = 0  # General MIDI, 0 to 127; 0 is a piano
    is_drum: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "notes", tuple(sorted(self.notes)))

    @property
    def end(self) -> float:
        """Return the beat at which the last note stops; 0 for a track without notes."""
        return max((note.end for note in self.notes), default=0.0)

    @property
    def mean_pitch(self) -> float:
        """Return the mean MIDI pitch of the notes; -1 for a track without notes."""
        if not self.notes:
            return -1.0
        return sum(note.pitch for note in self.notes) / len(self.notes)


@dataclass(frozen=True, slots=True, order=True)
class Tempo:
    """A tempo from `onset` (beats) on.

    >>> Song(tempos=(Tempo(0.0, qpm=120.0),)).seconds(4.0)
    2.0
    """

    onset: float
    qpm: float  # quarter notes a minute


@dataclass(frozen=True, slots=True, order=True)
class TimeSignature:
    """A metre from `onset` (beats) on.

    >>> TimeSignature(0.0, 6, 8).beats_per_bar
    3.0
    """

    onset: float
    numerator: int
    denominator: int

    @property
    def beats_per_bar(self) -> float:
        """Return the length of a bar in beats (quarter notes): 4.0 in 4/4, 3.0 in 6/8."""
        return 4.0 * self.numerator / self.denominator


@dataclass(frozen=True, slots=True, order=True)
class KeySignature:
    """A key signature from `onset` (beats) on.

    >>> from composer.songs.theory import key_name
    >>> key_name(KeySignature(0.0, sharps=-3, is_minor=True))
    'C minor'
    """

    onset: float
    sharps: int  # negative: flats
    is_minor: bool = False


@dataclass(frozen=True, slots=True)
class Song:
    """Tracks over one time line, with its tempo, metre and key signatures.

    A pickup is a short first bar: `TimeSignature(0, 1, 4), TimeSignature(1, 4, 4)`.

    >>> tune = Track((Note(0.0, 67, 1.0), Note(1.0, 72, 2.0)), name="Tune")
    >>> song = Song((tune,), time_signatures=(TimeSignature(0.0, 3, 4),))
    >>> song.end, song.bar_onsets(), song.qpm
    (3.0, [0.0], 100.0)
    """

    tracks: tuple[Track, ...] = ()
    tempos: tuple[Tempo, ...] = ()  # without any the song goes at 100 qpm
    time_signatures: tuple[TimeSignature, ...] = ()  # without any it is counted as 4/4
    key_signatures: tuple[KeySignature, ...] = ()
    title: str = ""
    ticks_per_beat: int = field(default=TICKS_PER_BEAT)  # that a file is written with
    # How an arrangement was made, as `generators.Model` says it; a MIDI file carries it.
    made: str = field(default="", compare=False)

    def __post_init__(self) -> None:
        for name in ("tempos", "time_signatures", "key_signatures"):
            object.__setattr__(self, name, tuple(sorted(getattr(self, name))))
        object.__setattr__(self, "tracks", tuple(self.tracks))

    @property
    def end(self) -> float:
        """Return the beat at which the last note stops; 0 for a song without notes."""
        return max((track.end for track in self.tracks), default=0.0)

    @property
    def qpm(self) -> float:
        """Return the quarter notes a minute at the start."""
        return self.tempos[0].qpm if self.tempos else DEFAULT_QPM

    def with_qpm(self, qpm: float) -> Song:
        """Return the same song at one steady tempo.

        >>> Song(tempos=(Tempo(0.0, 60.0), Tempo(4.0, 90.0))).with_qpm(80).tempos
        (Tempo(onset=0.0, qpm=80.0),)
        """
        return replace(self, tempos=(Tempo(0.0, float(qpm)),))

    def metre_at(self, onset: float) -> TimeSignature:
        """Return the time signature in force at `onset` (beats); 4/4 if none is given.

        >>> Song().metre_at(2.0).beats_per_bar
        4.0
        """
        passed = bisect_right(self.time_signatures, onset, key=_onset)
        return self.time_signatures[passed - 1] if passed else TimeSignature(0.0, 4, 4)

    def bar_onsets(self, until: float | None = None) -> list[float]:
        """Return the onset in beats of every bar that starts before `until`; at least one.

        until: in beats, by default the end of the song. A new time signature starts a new bar, so
        a bar before it may be short.

        >>> waltz = TimeSignature(1.0, 3, 4)
        >>> Song(time_signatures=(TimeSignature(0.0, 1, 4), waltz)).bar_onsets(until=8.0)
        [0.0, 1.0, 4.0, 7.0]
        """
        until = self.end if until is None else until
        signatures = self._signatures_from_the_start()
        onsets: list[float] = []
        for i, signature in enumerate(signatures):
            is_last = i + 1 == len(signatures)
            end = until if is_last else min(signatures[i + 1].onset, until)
            onsets += _bars_between(signature, end)
        return onsets or [0.0]

    def _signatures_from_the_start(self) -> tuple[TimeSignature, ...]:
        if self.time_signatures and self.time_signatures[0].onset <= 0:
            return self.time_signatures
        return (TimeSignature(0.0, 4, 4), *self.time_signatures)

    def seconds(self, beat: float) -> float:
        """Return the time in seconds at which `beat` falls, under the song's tempos.

        >>> Song(tempos=(Tempo(0.0, 60.0), Tempo(4.0, 120.0))).seconds(6.0)
        5.0
        """
        total = 0.0
        for start, end, qpm in self._tempo_spans():
            if beat <= start:
                break
            total += (min(beat, end) - start) * 60.0 / qpm
        return total

    def _tempo_spans(self) -> Iterator[tuple[float, float, float]]:
        """Yield from which beat to which each tempo holds, and its quarter notes a minute."""
        tempos = self.tempos
        if not tempos or tempos[0].onset > 0:
            tempos = (Tempo(0.0, self.qpm), *tempos)
        for now, then in pairwise(tempos):
            yield now.onset, then.onset, now.qpm
        yield tempos[-1].onset, float("inf"), tempos[-1].qpm


def _onset(signature: TimeSignature) -> float:
    return signature.onset


def _bars_between(signature: TimeSignature, end: float) -> list[float]:
    """Return the onsets of the bars from a signature to the beat `end`."""
    onsets = []
    at = signature.onset
    while at < end - TINY:
        onsets.append(at)
        # Counted from the signature: adding bar to bar would add up what is rounded.
        at = signature.onset + len(onsets) * signature.beats_per_bar
    return onsets
