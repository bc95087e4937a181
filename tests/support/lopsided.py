"""A lopsided song that tests of evaluation measure by hand."""

from __future__ import annotations

from dataclasses import replace

from composer.songs.song import Note, Song, TimeSignature, Track


def notes(*items) -> tuple[Note, ...]:
    """Of (onset, pitch, duration)."""
    return tuple(Note(float(onset), pitch, float(duration)) for onset, pitch, duration in items)


def lopsided() -> Song:
    """A pickup of a beat and two bars of 3/4: 28 steps. The pad plays in the second bar only, the drums too."""
    tracks = (
        Track(notes((0, 72, 1), (1, 76, 3), (4, 79, 3)), "Tune"),
        Track(notes((1, 61, 1), (2, 64, 1), (2, 67, 1)), "Pad"),
        Track(notes((1, 36, 0.25), (4, 43, 3)), "Low"),
        Track(notes((1, 35, 0.25), (1.25, 35, 0.25), (2.5, 38, 0.25)), "Kit", is_drum=True),
    )
    return Song(tracks, time_signatures=(TimeSignature(0, 1, 4), TimeSignature(1, 3, 4)))


def stuck(track: Track) -> Track:
    """The first note again and again, a step each."""
    return replace(
        track,
        notes=tuple(
            replace(note, pitch=track.notes[0].pitch, duration=0.25) for note in track.notes
        ),
    )


def in_c() -> Song:
    return over_a_chord((72, 76, 79, 79), (48, 52, 55))


def in_d() -> Song:
    return over_a_chord((78, 81, 74, 74), (50, 54, 57))


def over_a_chord(pitches: tuple[int, ...], chord: tuple[int, ...]) -> Song:
    """A note a beat over one chord that is held."""
    tune = Track(notes(*((i, pitch, 1) for i, pitch in enumerate(pitches))))
    return Song((tune, Track(notes(*((0, pitch, len(pitches)) for pitch in chord)))))
