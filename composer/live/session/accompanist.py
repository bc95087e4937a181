"""Decide what the added voices play, with no clock: a whole phrase in hindsight, or a beat ahead of
the player.

For a beat ahead there are several answers: the voices if nothing new comes, and a table for the
pitches that may. Who plays chooses by what was really struck: measured on chorales, that halves the
distance to Bach.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from composer.generators import Player
from composer.generators.latents import Source
from composer.songs.edit import only_melody
from composer.songs.song import Note, Song, TimeSignature, Track
from composer.songs.theory import C_MAJOR, pitch_class_weights, signature_shift

Voices = tuple[tuple[Note, ...], ...]
"""What each added voice plays in a beat: notes that begin in it or, with an earlier onset, sound on
from before.
"""

# Beats, more than the model's window is rounded by.
MARGIN = 8.0
# Bars; so many at a time are forgotten, and the latents go round with them.
PERIOD = 32
# Likely moves of a melody, in steps of its scale, the likeliest first.
SCALE_STEPS = (-1, 1, 2, -2, 3, -3, 4, -4, 5, -5)
OCTAVE = 12
_TINY = 1e-6


@dataclass(frozen=True)
class Decision:
    """The voices of one beat. plain: if nothing new is heard. table: by the pitch that the melody
    plays at the beat.
    """

    beat: float
    plain: Voices
    table: Mapping[int, Voices] = field(default_factory=dict)

    def voices(self, pitch: int | None = None) -> Voices:
        """Return the voices for the pitch that was struck; those for nothing new if the table does
        not have it.
        """
        return self.table.get(pitch, self.plain) if pitch is not None else self.plain


@dataclass(frozen=True)
class Accompanist:
    """A model with its seed and latents; another seed or knob makes another Accompanist
    (`dataclasses.replace`).
    """

    model: Player
    seed: int = 0
    latents: Mapping[str, Source] = field(default_factory=dict)

    @property
    def parts(self) -> tuple[str, ...]:
        """Return the names of the voices that it can play ahead; none for a model of whole phrases
        only.
        """
        family = self.model.family
        if "plays_ahead" not in family.capabilities:
            return ()
        return family.voices(self.model.config)

    @property
    def voice_names(self) -> tuple[str, ...]:
        """Return the names of all voices that it adds, as they are shown."""
        names = self.model.family.voices(self.model.config)
        return tuple(name.lower() for name in names)

    @property
    def programs(self) -> tuple[int, ...]:
        """Return the General MIDI programs of the added voices if the model has its own, else
        none.
        """
        return tuple(getattr(self.model.config, "programs", ()))

    @property
    def knobs(self) -> tuple[str, ...]:
        """Return the latents that have a knob."""
        return tuple(getattr(self.model.family, "knobs", ()))

    def phrase(self, melody: Song) -> Song:
        """Arrange a whole melody. Raise MelodyError if there are no notes."""
        return self.model.arrange(melody, self.seed, latents=self.latents or None)

    def voices(self, heard: Song, beat: float, expected: int | None = None) -> Voices:
        """Return the voices of [beat, beat + 1), whose melody is not known, or taken to play
        `expected`.

        heard: the melody, and beside it the voices as they were played. Where nothing was heard yet
        there is silence, or the chord under `expected` as a first note. A decision takes as long
        after an hour as after a minute.
        """
        song, taken = recent(
            heard, beat, self.model.family.memory, self.model.family.recall
        )
        now = beat - taken
        if not any(note.onset < now - _TINY for note in song.tracks[0].notes):
            return self._first(heard, beat, expected)
        if not any(track.notes for track in heard.tracks[1:]):
            # Voices that have not begun are made in hindsight.
            song = only_melody(song)
        made = self.model.arrange_ahead(
            song, now, 1.0, self.seed, self.latents or None, expected
        )
        return tuple(_in_beat(track.notes, now, taken) for track in made.tracks[1:])

    def decide(
        self, heard: Song, beat: float, pitches: Sequence[int] | None = None
    ) -> Decision:
        """Decide a beat: the voices if nothing new comes, and the table for `pitches` (default:
        `likely_pitches`).
        """
        if pitches is None:
            pitches = likely_pitches(heard, beat, memory=self.model.family.memory)
        plain = self.voices(heard, beat, held_pitch(heard, beat))
        table = {pitch: self.voices(heard, beat, pitch) for pitch in pitches}
        return Decision(beat, plain, table)

    def _first(self, heard: Song, beat: float, expected: int | None) -> Voices:
        if expected is None:
            return ((),) * len(self.parts)
        metre = heard.metre_at(beat)
        start = beat - (beat - metre.onset) % metre.beats_per_bar
        note = Note(beat - start, expected, 1.0)
        song = replace(
            heard,
            tracks=(Track((note,), "Melody"),),
            time_signatures=(_metre(heard, beat),),
        )
        made = self.phrase(song)
        by_name = {track.name: track.notes for track in made.tracks[1:]}
        return tuple(
            _in_beat(by_name.get(part, ()), note.onset, start) for part in self.parts
        )


def recent(
    heard: Song, beat: float, memory: float, recall: float
) -> tuple[Song, float]:
    """Return the song without what lies too far back to matter at `beat`, and how many beats its
    start was moved.

    Nothing is taken off in the first minutes; later whole bars, PERIOD at a time, so that places in
    the bar stay.
    """
    since = beat - memory - MARGIN
    metre = heard.metre_at(beat)
    span = PERIOD * metre.beats_per_bar
    whole = int(max(0.0, since - metre.onset) // span)
    taken = metre.onset + whole * span if whole else 0.0

    def moved(track: Track, since: float) -> Track:
        kept = (n for n in track.notes if n.end > since)
        return replace(
            track,
            notes=tuple(
                replace(n, onset=n.onset - taken) if taken else n for n in kept
            ),
        )

    signatures = (_metre(heard, beat),) if taken else heard.time_signatures
    tracks = tuple(
        moved(t, beat - recall - MARGIN if i else since)
        for i, t in enumerate(heard.tracks)
    )
    return replace(heard, tracks=tracks, time_signatures=signatures), taken


def held_pitch(heard: Song, beat: float) -> int | None:
    """Return the pitch that the melody holds at `beat`; None if it is silent there."""
    return next(
        (n.pitch for n in heard.tracks[0].notes if n.onset < beat - _TINY <= n.end),
        None,
    )


def likely_pitches(
    heard: Song, beat: float, most: int = 16, memory: float = 32.0
) -> tuple[int, ...]:
    """Return at most `most` pitches that the melody may play at `beat`, the likeliest first.

    The note that sounds or sounded last, then steps, thirds and wider intervals in the key of what
    was heard, the notes between, and octaves last.
    """
    notes = [n for n in heard.tracks[0].notes if beat - memory < n.onset < beat - _TINY]
    if not notes:
        return ()
    return tuple(
        list(
            dict.fromkeys(
                p for p in _from(notes[-1].pitch, _scale(notes)) if 0 <= p <= 127
            )
        )[:most]
    )


def _from(pitch: int, scale: Sequence[int]) -> Iterator[int]:
    """Pitches in the order in which they are likely after `pitch`. scale: pitches in order."""
    yield pitch
    below = [p for p in scale if p < pitch][::-1]
    above = [p for p in scale if p > pitch]
    for step in SCALE_STEPS:
        side = above if step > 0 else below
        if len(side) >= abs(step):
            yield side[abs(step) - 1]
    yield from (
        pitch - 1,
        pitch + 1,
        pitch - 2,
        pitch + 2,
        pitch + OCTAVE,
        pitch - OCTAVE,
    )


def _scale(notes: Sequence[Note]) -> list[int]:
    shift = signature_shift(pitch_class_weights(notes))
    return [p for p in range(128) if C_MAJOR[(p + shift) % 12]]


def _metre(song: Song, beat: float) -> TimeSignature:
    return replace(song.metre_at(beat), onset=0.0)


def _in_beat(notes: Sequence[Note], now: float, taken: float) -> tuple[Note, ...]:
    """Return the notes that sound in [now, now + 1), put back to their beats of the session."""
    found = (n for n in notes if n.end > now + _TINY and n.onset < now + 1 - _TINY)
    return tuple(replace(n, onset=n.onset + taken) for n in found)
