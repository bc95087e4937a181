"""The metric fixtures: what each is, the answer proved by hand, and what four other evaluators are known to answer.

`tests/metrics/test_peers.py` holds all of it to be true. A fixture that peers have a measure for is chosen so that it means
the same to all: one track, and one bar where they count over the whole piece.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from math import nan, sqrt
from typing import Any

import numpy as np
from composer.metrics import counterpoint, response, rolls

from .peers import (
    Notes,
    answer,
    bars_that_sound,
    cells_in_pattern,
    cells_per_bar,
    distance_from_ones,
    mixed_classes,
    mixed_in_scale,
    mixed_tonal_distance,
    over_two_pitches,
    qualified_across_pitches,
)

PEERS = ("DeepComposer", "MuseGAN", "pypianoroll", "MusPy")
VERSIONS = {"pypianoroll": "1.0.4", "MusPy": "0.5.0"}
Ask = Callable[[Any], Any]


@dataclass(frozen=True)
class Line:
    """A measure of a fixture. ours: how it is asked; right: by hand; known: what each peer that has it answers."""

    measure: str
    fixture: str
    given: Any
    ours: Ask
    right: float
    known: dict[str, float | str] = field(default_factory=dict)
    fault: str = ""

    @property
    def name(self) -> str:
        """Both words: a name for the test."""
        return f"{self.measure}: {self.fixture}"

    def asked(self, peer: str) -> float | str:
        """What `peer` answers now. Raises ImportError where it is not installed."""
        return answer(ASK[self.measure][peer], self.given)


def pypianoroll(name: str) -> Callable[..., Any]:
    """A measure of pypianoroll, imported when it is called."""

    def ask(*arguments: Any) -> Any:
        import pypianoroll

        return getattr(pypianoroll, name)(*arguments)

    return ask


def muspy(name: str, *arguments: Any) -> Ask:
    """A measure of MusPy of a fixture, imported when it is called."""

    def ask(notes: Notes) -> Any:
        import muspy

        return getattr(muspy, name)(notes.music(), *arguments)

    return ask


def overwritten(notes: Notes) -> int:
    """How many cells of the array given to pypianoroll change."""
    array = notes.velocities()
    pypianoroll("in_scale_rate")(array)
    return int((array != notes.velocities()).sum())


def overwritten_by_ours(notes: Notes) -> int:
    """The same for this project."""
    roll = notes.roll()
    rolls.in_scale_ratio(roll)
    return int((roll != notes.roll()).sum())


# Measure -> peer -> how it is asked. Who is not named has no such measure.
ASK: dict[str, dict[str, Ask]] = {
    "empty bars": {
        "DeepComposer": bars_that_sound,
        "MuseGAN": bars_that_sound,
        "pypianoroll": lambda n: pypianoroll("empty_beat_rate")(n.velocities(), n.bar),
        "MusPy": muspy("empty_measure_rate", 16),
    },
    "in C major": {
        "DeepComposer": lambda n: mixed_in_scale(n.cells()),
        "MuseGAN": lambda n: mixed_in_scale(n.cells()),
        "pypianoroll": lambda n: pypianoroll("in_scale_rate")(n.velocities() // 100),
        "MusPy": muspy("pitch_in_scale_rate", 0, "major"),
    },
    "in C major, ±1": {"DeepComposer": lambda n: mixed_in_scale(2 * n.cells() - 1)},
    "in C major, velocities": {
        "pypianoroll": lambda n: pypianoroll("in_scale_rate")(n.velocities())
    },
    "cells overwritten": {"pypianoroll": overwritten},
    "pitch classes a bar": {
        "DeepComposer": lambda n: distance_from_ones(mixed_classes(n.cells())),
        "MuseGAN": lambda n: cells_per_bar(mixed_classes(n.cells())),
        "pypianoroll": lambda n: pypianoroll("n_pitch_classes_used")(n.velocities()),
        "MusPy": muspy("n_pitch_classes_used"),
    },
    "pitches a bar": {
        "DeepComposer": lambda n: distance_from_ones(n.cells()),
        "MuseGAN": lambda n: cells_per_bar(n.cells()),
        "pypianoroll": lambda n: pypianoroll("n_pitches_used")(n.velocities()),
        "MusPy": muspy("n_pitches_used"),
    },
    "qualified notes": {
        "MuseGAN": qualified_across_pitches,
        "pypianoroll": lambda n: pypianoroll("qualified_note_rate")(n.velocities()),
    },
    "qualified notes, bool": {
        "pypianoroll": lambda n: pypianoroll("qualified_note_rate")(n.roll()[:, :, 0])
    },
    "qualified notes, uint8": {
        "pypianoroll": lambda n: pypianoroll("qualified_note_rate")(n.velocities().astype(np.uint8))
    },
    "polyphonic steps": {
        "DeepComposer": over_two_pitches,
        "MuseGAN": over_two_pitches,
        "pypianoroll": lambda n: pypianoroll("polyphonic_rate")(n.velocities()),
        "MusPy": muspy("polyphony_rate"),
    },
    "tonal distance": {
        "MuseGAN": mixed_tonal_distance,
        "pypianoroll": lambda n: pypianoroll("tonal_distance")(
            n.velocities(0), n.velocities(1), n.beat
        ),
    },
    "drums on eighths": {"MuseGAN": cells_in_pattern},
    "drums on sixteenths": {
        "MuseGAN": cells_in_pattern,
        "pypianoroll": lambda n: pypianoroll("drum_in_pattern_rate")(n.velocities(), n.beat),
        "MusPy": muspy("drum_in_pattern_rate", "duple"),
    },
}
OURS: dict[str, Ask] = {  # up to a comma: how it is given to peers makes no difference here
    "empty bars": lambda n: rolls.empty_bar_ratio(n.roll(), n.bars())[0],
    "in C major": lambda n: rolls.in_scale_ratio(n.roll())[0],
    "cells overwritten": overwritten_by_ours,
    "pitch classes a bar": lambda n: rolls.pitch_classes_per_bar(n.roll(), n.bars())[0],
    "pitches a bar": lambda n: rolls.pitches_per_bar(n.roll(), n.bars())[0],
    "qualified notes": lambda n: rolls.qualified_note_ratio(n.roll(), n.onsets())[0],
    "polyphonic steps": lambda n: rolls.polyphonic_ratio(n.roll())[0],
    "tonal distance": lambda n: rolls.tonal_distance(n.roll(), n.beat)[0, 1],
    "drums on eighths": lambda n: rolls.drum_pattern_ratio(n.onsets(), n.beat, 8)[0],
    "drums on sixteenths": lambda n: rolls.drum_pattern_ratio(n.onsets(), n.beat, 16)[0],
}


def shared(
    measure: str,
    fixture: str,
    given: Notes,
    right: float,
    *known: float | str | None,
    fault: str = "",
) -> Line:
    """A line that peers have too: what they answer, in the order of PEERS, None for none."""
    answers = {peer: value for peer, value in zip(PEERS, known, strict=True) if value is not None}
    return Line(measure, fixture, given, OURS[measure.split(",")[0]], right, answers, fault)


FIFTH = sqrt(
    4.75 - sqrt(3)
)  # C to G on the circles of fifths, 30 degrees (2 - √3), thirds, 90 (2) and 120 (3/4)
SEMITONE = sqrt(4.75 + sqrt(3))  # 150 degrees (2 + √3), 90 (2) and 120 (3/4)
SHORT = Notes((((0, 60, 1), (2, 67, 1), (4, 72, 1), (6, 64, 4)),))
E9 = Notes((((0, 124, 2),),))
SILENCE = Notes(((),))
DUET = ((0, 60, 8),), ((0, 67, 8),)
MIXED = "classes mixed with octaves"
STROKES = "cells instead of strokes, a tenth of those off the pattern"

# fmt: off
# Right, then what DeepComposer, MuseGAN, pypianoroll and MusPy answer.
SHARED = (
    shared("empty bars", "4 bars, the third silent", Notes((((0, 60, 4), (20, 62, 4), (50, 64, 4)),), 64),
           1 / 4, 3 / 4, 3 / 4, 3 / 4, 1 / 4, fault="inverted"),
    shared("empty bars", "5 bars: a whole note, 3 silent bars, a half note", Notes((((0, 60, 16), (64, 62, 8)),), 80),
           3 / 5, 2 / 5, 2 / 5, 2 / 5, 2 / 5, fault="inverted; a note that ends on a barline fills the next bar"),
    shared("empty bars", "3 bars, the first silent, the last filled", Notes((((16, 60, 4), (32, 62, 16)),), 48),
           1 / 3, 2 / 3, 2 / 3, 2 / 3, 1 / 4, fault="inverted; a bar is counted after the end"),
    shared("empty bars", "3 bars, a note held from the second into the third", Notes((((28, 60, 8),),), 48),
           1 / 3, 2 / 3, 2 / 3, 2 / 3, 1 / 3, fault="inverted"),
    shared("in C major", "C♯4 alone", Notes((((0, 61, 4),),)), 0, 1, 1, 0, 0, fault=MIXED),
    shared("in C major", "C4 alone", Notes((((0, 60, 4),),)), 1, 1, 1, 0, 1, fault=MIXED),
    shared("in C major", "C4, C5, D4, F♯4", Notes((((0, 60, 2), (2, 72, 2), (4, 62, 2), (6, 66, 2)),)),
           3 / 4, 2 / 4, 2 / 4, 1 / 4, 3 / 4, fault=MIXED),
    shared("in C major", "silence", SILENCE, nan, nan, nan, nan, nan),
    shared("in C major, ±1", "silence, as its notebook feeds it", SILENCE, nan, 7 / 12, None, None, None,
           fault="silence is -1, in seven classes of twelve"),
    shared("in C major, velocities", "C5 alone, velocity 100", Notes((((0, 72, 4),),)), 1, None, None, 100, None,
           fault="velocities above, cells below the line"),
    shared("cells overwritten", "the caller's array, E9 (124) for 2 steps", E9, 0, None, None, 24, None,
           fault="pitches from 120 on are added to all classes, in place"),
    shared("pitch classes a bar", "E9 (124) alone", E9, 1, None, None, 12, 1, fault="the same"),
    shared("pitch classes a bar", "C3, C4, C5", Notes((((0, 48, 4), (4, 60, 4), (8, 72, 4)),)), 1, 6, 12, 3, 1,
           fault=f"an L2 norm; cells; {MIXED}"),
    # Their classes: C4 and E4 are one, with D4 in 8 steps of 3 bars; G4 in 1. (9 + 1 + (5/3)² + (2/3)²) ** ½
    shared("pitch classes a bar", "3 bars: C4 E4 G4, silence, D4 for 6 steps",
           Notes((((0, 60, 1), (2, 64, 1), (4, 67, 1), (32, 62, 6)),), 48), 2, sqrt(119) / 3, 3, None, None,
           fault="an L2 norm; cells, and empty bars count"),
    # 82 pitches at 1 from none, 3 and 11 from the others: (82 + 9 + 121) ** ½
    shared("pitches a bar", "C4 for 4 steps, E4 for 12", Notes((((0, 60, 4), (4, 64, 12)),)), 2, sqrt(212), 16, 2, 2,
           fault="an L2 norm; cells"),
    shared("qualified notes", "three of one step, one of four", SHORT, 1 / 4, None, 1, 1, None,
           fault="a step counts as 84 or 128, the pitches"),
    shared("qualified notes", "a pitch struck twice, a step each", Notes((((0, 60, 1), (1, 60, 1)),)),
           0, None, 1, 1, None, fault="the same; without onsets none can tell"),
    shared("qualified notes, bool", "three of one step, one of four", SHORT, 1 / 4,
           None, None, "raises ValueError", None, fault="unsigned differences are never below 0"),
    shared("qualified notes, uint8", "three of one step, one of four", SHORT, 1 / 4,
           None, None, "raises ValueError", None, fault="unsigned differences are never below 0"),
    shared("polyphonic steps", "two pitches in 6 of 16 steps", Notes((((0, 60, 16), (4, 64, 6)),)),
           6 / 16, 0, 0, 0, 0, fault="more than two; pypianoroll and MusPy say multiple"),
    shared("polyphonic steps", "three pitches in 4 of 16 steps", Notes((((0, 60, 16), (4, 64, 4), (4, 67, 4)),)),
           4 / 16, 4 / 16, 4 / 16, 4 / 16, 4 / 16),
    shared("tonal distance", "C4 against C5, a beat", Notes((((0, 60, 4),), ((0, 72, 4),)), 4, 4),
           0, None, SEMITONE, "raises ValueError", None, fault=f"{MIXED}; beats are of 12 steps or fail"),
    shared("tonal distance", "C4 against G4, two beats", Notes(DUET, 8, 8),
           FIFTH, None, SEMITONE, "raises ValueError", None, fault="the same"),
    shared("tonal distance", "C4 against G4, a beat of 12 steps", Notes((((0, 60, 12),), ((0, 67, 12),)), 12, 12, 12),
           FIFTH, None, SEMITONE, 0, None, fault=f"{MIXED}; steps taken for classes"),
    shared("tonal distance", "C4 against G4, two beats, two of rest", Notes(DUET),
           FIFTH, None, nan, "raises ValueError", None, fault="silence is divided by"),
    shared("drums on eighths", "strokes on steps 0 (3 steps long), 4, 7 of 16",
           Notes((((0, 36, 3), (4, 36, 1), (7, 36, 1)),), drums=True), 2 / 3, None, 3.2 / 5, None, None, fault=STROKES),
    shared("drums on sixteenths", "strokes on steps 0 (3 steps long), 4, 9 of 32",
           Notes((((0, 36, 3), (4, 36, 1), (9, 36, 1)),), 32, 32, 8, True), 2 / 3,
           None, 3.2 / 5, "raises ValueError", 2 / 3, fault=f"{STROKES}; one beat or it fails"),
)
# fmt: on


def grid(*rows: tuple[list[int], int]) -> np.ndarray:
    """Voices, int [step, voice], from (pitches, steps)."""
    return np.concatenate([np.repeat([pitches], steps, axis=0) for pitches, steps in rows])


def voice(name: str, at: int | None = None) -> Ask:
    """A measure of `counterpoint.voice_metrics`, of one voice where it has several."""

    def ask(grid: np.ndarray) -> Any:
        value = counterpoint.voice_metrics(grid)[name]
        return value if at is None else value[at]

    return ask


FULL = [72, 65, 58, 50]
TUNE = Notes((((0, 60, 2), (2, 72, 1), (3, 62, 1)),))
IN_D = Notes((((0, 62, 4), (4, 64, 2), (6, 66, 4), (10, 69, 4), (14, 74, 1), (15, 60, 1)),))
FLICKER = [60, 60, 62, 64, 65, 65, 67, -1, 67, 67, 67, 67]
MELODY = Notes((((0, 64, 4), (4, 67, 4), (8, 65, 4)),), 12)
UNDER_IT = Notes((((0, 48, 8),), ((0, 52, 8), (8, 54, 4))), 12)

# fmt: off
# No other evaluator has these.
OWN = (
    Line("share of C", "C4 for 2 steps, C5 and D4 for 1", TUNE,
         lambda n: rolls.pitch_class_histogram(n.roll())[0, 0], 3 / 4),
    Line("share of C4", "C4 for 2 steps, C5 and D4 for 1", TUNE,
         lambda n: rolls.pitch_histogram(n.roll())[0, 60], 1 / 2),
    Line("histogram distance", "¾ ¼ 0 0 and ¼ ¼ .4 .1", ([0.75, 0.25, 0, 0], [0.25, 0.25, 0.4, 0.1]),
         lambda h: rolls.histogram_distance(*h), 1 / 2),
    Line("in its own key", "D E F♯ A D, then C for a step of 16", IN_D,
         lambda n: rolls.in_scale_ratio(n.roll(), rolls.own_scale(n.roll()))[0], 15 / 16),
    Line("out of range", "alto E3 for 1 of 3 sounding steps",
         grid(([72, 52, 58, 50], 1), ([72, 65, 58, 50], 2), ([72, -1, 58, 50], 3)), voice("out_of_range", 1), 1 / 3),
    Line("crossing", "2 of 5 full steps", grid((FULL, 3), ([64, 65, 58, 50], 2), ([60, 65, -1, 50], 1)),
         voice("crossing"), 2 / 5),
    Line("wide spacing", "S-A 13 in 1 of 4 full steps; T-B 24 in 3",
         grid(([73, 60, 50, 40], 1), ([72, 65, 60, 36], 3), ([90, 60, 50, -1], 1)), voice("wide_spacing"), 1 / 4),
    Line("parallel fifths", "one in 5 beats", grid(([79, 72, 55, 40], 10), ([81, 74, 55, 40], 10)),
         voice("parallel_fifths"), 20),
    Line("parallel octaves", "S-T, up and down, in 5 beats",
         grid(([72, 67, 60, 45], 10), ([74, 67, 62, 45], 5), ([72, 67, 60, 45], 5)), voice("parallel_octaves"), 40),
    # F and C under C: a fifth and an octave; B, F♯: a second and a tritone.
    Line("dissonance", "3 of 5 lower notes on beats", grid(([72, 65, 62, 48], 4), ([72, 71, 66, -1], 4)),
         voice("dissonance"), 3 / 5),
    # Steps 1, 3, 5, 9 and 11 sound between the eighths; only the fourth brings a new pitch.
    Line("off-beat changes", "alto, 1 of 5 steps", np.array([[72, pitch, 58, 50] for pitch in FLICKER]),
         voice("offbeat_changes", 1), 1 / 5),
    Line("chord share", "C, G7 and no chord; a beat of two voices",
         grid(([67, 64, 60, 48], 4), ([65, 62, 59, 43], 4), ([62, 61, 60, 48], 4), ([64, -1, -1, 48], 4)),
         voice("chord_share"), 2 / 3),
    Line("changed cells", "1 of 6", ([[60, 55], [60, 55], [62, 53]], [[60, 55], [60, 55], [62, 50]]),
         lambda g: response.changed_cells(*g), 1 / 6),
    Line("changed sounding cells", "of C, E, G and C, E, A", ([[True, True, True, False]], [[True, True, False, True]]),
         lambda g: response.changed_sounding(*g), 1 / 2),
    # C E F♯ are in G major alone, which has E and G, not F: 2/3. E G F are in C and F major, which have no F♯: 4/5.
    Line("key agreement", "E G F over C E, F♯ in 4 of 20 cells", (MELODY, UNDER_IT),
         lambda g: response.key_agreement(g[0].roll(), g[1].roll()), (2 / 3 + 4 / 5) / 2),
    Line("chord agreement", "C, C, then F over F♯", (MELODY, UNDER_IT),
         lambda g: response.chord_agreement(g[0].roll(), g[1].roll()), 2 / 3),
)
# fmt: on
LINES = (*SHARED, *OWN)
