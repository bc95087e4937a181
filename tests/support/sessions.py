"""Helpers of tests that drive a session."""

from __future__ import annotations

QPM = 120.0


BEAT = 60.0 / QPM


# Two bars, lopsided: an upbeat eighth, a rest, a note over the bar line.
PHRASE = [
    (0.0, 67, 0.9, 70),
    (1.0, 69, 0.9, 80),
    (2.0, 71, 1.4, 95),
    (3.5, 72, 1.0, 60),
    (5.0, 71, 0.5, 70),
    (5.5, 69, 0.45, 70),
    (6.0, 67, 0.95, 50),
]


def beats(found, downbeat, qpm=QPM):
    return [(round((on - downbeat) * qpm / 60, 3), pitch) for on, _, pitch, _ in found]


SWING = 0.08  # beats; off-beat eighths so much later


def swung(count):
    """Eighths with a swing, up and down the scale."""
    scale = [67, 69, 71, 72, 74, 72, 71, 69]
    return [
        (i / 2 + SWING * (i % 2), scale[i % 8], 0.45 - SWING * (i % 2), 80) for i in range(count)
    ]


def off_beats(found, downbeat):
    """Where off-beat strokes are in their beat, from the ninth beat on."""
    places = [((on - downbeat) / BEAT) % 1 for on, *_ in found if on > downbeat + 7.9 * BEAT]
    return [place for place in places if 0.3 < place < 0.7]


# Duets


def tune(count):
    """A melody of quarters, eighths and held notes, in G; never a symmetric shape."""
    pitches = [67, 69, 71, 72, 74, 71, 69, 67, 66, 64, 62, 66, 67]
    onset, found, i = 0.0, [], 0
    while onset < count:
        length = (1.0, 0.5, 0.5, 2.0, 1.0)[i % 5]
        found.append(
            (onset + (0.02 if i % 3 else -0.03), pitches[i % 13], length * 0.93, 50 + 5 * (i % 9))
        )
        onset, i = onset + length, i + 1
    return found
