"""Keys as a test presses them."""

import mido
from composer.live.midi.recorder import (
    Event,
    RecordConfig,
    capture,
)
from composer.songs.song import Note

# Lopsided on purpose: four lengths, a repeated note, a rest, more than an octave, no two velocities alike.
MELODY = (
    Note(0.0, 60, 1.0, 71),
    Note(1.0, 60, 0.5, 34),
    Note(1.5, 67, 0.25, 99),
    Note(1.75, 65, 0.25, 52),
    Note(2.0, 76, 1.5, 120),
    Note(4.0, 55, 2.0, 1),
    Note(6.0, 62, 0.5, 127),
)


QPM = 90.0


BEAT = 60 / QPM


def keys(notes, offset=0.0, qpm=QPM):
    """Events of notes played as written, `offset` seconds into the take."""
    beat = 60 / qpm
    events = []
    for n in notes:
        events.append(Event(offset + n.onset * beat, "note_on", n.pitch, n.velocity))
        events.append(Event(offset + n.end * beat, "note_off", n.pitch, 64))
    # a release at the same instant as the next press comes first
    return sorted(events, key=lambda e: (e.seconds, e.is_press))


def heard(events, end=60.0, **settings):
    return capture(events, end, RecordConfig(**{"qpm": QPM} | settings)).tracks[0].notes


def line(notes):
    """(onset, pitch, duration) rounded: what a reader compares."""
    return [(round(n.onset, 4), n.pitch, round(n.duration, 4)) for n in notes]


def played(notes, offset=0.5, **extra):
    """A script of notes; `extra` are (seconds, message) pairs under any name."""
    messages = [
        (e.seconds, mido.Message(e.kind, note=e.number, velocity=e.value))
        for e in keys(notes, offset)
    ] + list(extra.values())
    return sorted(messages, key=lambda m: m[0])
