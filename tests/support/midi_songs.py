"""Helpers that tests of songs share."""

from __future__ import annotations

import struct

from composer.songs.song import Note, Track
from hypothesis import strategies as st

END = b"\x00\xff\x2f\x00"


def midi(*tracks: bytes, form: int = 1, division: int = 96) -> bytes:
    chunks = (b"MTrk" + struct.pack(">L", len(track)) + track for track in tracks)
    return struct.pack(">4sLHHH", b"MThd", 6, form, len(tracks), division) + b"".join(chunks)


TICKS = st.integers(0, 4000)


@st.composite
def tracks(draw: st.DrawFn, ticks_per_beat: int) -> Track:
    """Notes of which two of one pitch never lie one inside the other: MIDI cannot tell which of them ends."""
    spans = draw(
        st.lists(
            st.tuples(TICKS, st.integers(1, 900), st.integers(0, 127), st.integers(1, 127)),
            max_size=12,
        )
    )
    notes, free = [], {}
    for start, length, pitch, velocity in sorted(spans):
        if start >= free.get(pitch, 0):
            notes.append(Note(start / ticks_per_beat, pitch, length / ticks_per_beat, velocity))
            free[pitch] = start + length
    name = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
    return Track(tuple(notes), draw(name), draw(st.integers(0, 127)), draw(st.booleans()))
