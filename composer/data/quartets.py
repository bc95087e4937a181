"""String quartets by Haydn, Mozart and the early Beethoven as Songs, loaded with numpy alone.

40 movements of ten works from music21's corpus (see NOTICE), built into `quartets.npz` by
`python -m composer.data.build.quartets`; the table of works, splits and tempos is `quartets_works.json`.
81,120 notes in 17,528 beats. What was decided:

- **Works.** Haydn op. 1 no. 1 and op. 74 no. 1; Mozart K. 80, 155, 156 (with the first version of its Adagio) and 458;
  Beethoven op. 18 no. 1, 3, 4 and 5. The corpus has no more by Haydn and Mozart, nor op. 18 no. 2 and 6; Beethoven's
  later quartets there (op. 59, 74, 132, 133) are another style and left out.
- **Split** by work, 80 to 9 to 10 by beats: K. 80 and K. 156 are valid, op. 74 no. 1 is test. Of all ways to hold out a
  work or two of 7 to 12 % these two are the nearest to what is left by `composer.evaluation`'s distance. No window of
  8 beats of all four parts is in two splits, in any key; of the first violin alone up to 6 % of a movement (scales,
  repeated notes).
- **One line a part.** Of double stops the violins and the viola keep the highest note, the cello the lowest: 362, 869,
  503 and 48 notes fall away (1.4, 3.9, 2.6 and 0.3 %).
- **Rhythm** is the score's, on 480 ticks a beat (six septuplet notes are rounded). 92.5 % of the notes lie on
  sixteenths, 99.9 % on 24 steps a beat. On the generators' pulses (four steps each) 5.6 % of the onsets lie between
  steps - triplets 1.7, thirty-seconds 1.5, sixteenths of 6/8 and 9/8 1.5, sextuplets 0.9 - and 3.8 % of the notes fall
  on the step of another one and are lost there; not here.
- **Left out**: grace notes and trills; 1,304 notes that the scores of Haydn's op. 1 hide in print, which write out
  strokes of tremolo: the long note stays, as do long notes where a score of op. 18 no. 1 abbreviates. Repeats are
  written once, both endings one after the other; da capos are not played.
- **Cello.** Where Beethoven's is in the treble clef it sounds an octave lower than written (old usage; 131 notes would
  lie above the violins). One note, in op. 74 no. 1, IV, is a slip of the score: pitch 35.
- **Bars** that are too short or long in one part follow the others (`scores`). Bars that a repeat sign cuts in two are
  joined. Metre and key signatures change as in the score; major or minor is what the bass ends on.
- **Tempo**: the corpus gives few. One a movement, for playing, chosen by hand after the heading.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from composer.data.corpus import SPLITS, Corpus, hash_of
from composer.errors import ConfigError
from composer.songs.song import KeySignature, Note, Song, Tempo, TimeSignature, Track

TICKS = 480  # a beat, of the arrays
PARTS = ("Violin I", "Violin II", "Viola", "Cello")
PROGRAMS = (40, 40, 41, 42)
BUNDLED = Path(__file__).with_name("quartets.npz")

Arrays = dict[str, NDArray[Any]]


@dataclass(frozen=True)
class Movement:
    """One movement, in the key and the metre of the score.

    work: "Haydn, op. 1 no. 1"; number: of the movement, from 1; heading: "Presto". split: "train", "valid" or "test",
    that of the work. song: tracks as PARTS, one note at a time each, the bars of the score; a tempo for playing.
    """

    work: str
    number: int
    heading: str
    split: str
    song: Song


def load(split: str = "train") -> list[Movement]:
    """The movements of a split, work after work. Raises ConfigError for a split other than train, valid and test."""
    if split not in SPLITS:
        raise ConfigError(
            f"a split of quartets is one of {', '.join(map(repr, SPLITS))}, got {split!r}"
        )
    return [movement for movement in _bundled() if movement.split == split]


def corpus() -> Corpus:
    """All movements as Songs."""
    train, valid, test = (tuple(movement.song for movement in load(split)) for split in SPLITS)
    held = {
        split: list(dict.fromkeys(movement.work for movement in load(split))) for split in SPLITS
    }
    remark = "split by work: " + ", ".join(f"{split} {len(works)}" for split, works in held.items())
    return Corpus("quartets", train, valid, test, hash_of(train, valid, test), (remark,))


@cache
def _bundled() -> tuple[Movement, ...]:
    return tuple(unpack(BUNDLED))


def unpack(path: Path) -> list[Movement]:
    """Every movement in a file that `build_quartets` wrote."""
    with np.load(path, allow_pickle=False) as file:
        data: Arrays = {name: file[name] for name in file.files}
    notes, metres, keys = (
        _spans(data[f"{name}_of"].ravel()) for name in ("notes", "metres", "keys")
    )
    return [
        Movement(
            work=str(data["work"][i]),
            number=int(data["number"][i]),
            heading=str(data["heading"][i]),
            split=str(data["split"][i]),
            song=_song(data, i, [next(notes) for _ in PARTS], next(metres), next(keys)),
        )
        for i in range(len(data["work"]))
    ]


def _spans(lengths: NDArray[np.int16]) -> Iterator[slice]:
    ends = np.cumsum(lengths, dtype=np.int64).tolist()
    return map(slice, [0, *ends], ends)


def _song(data: Arrays, i: int, notes: list[slice], metres: slice, keys: slice) -> Song:
    return Song(
        tracks=tuple(
            Track(_notes(data, span), name=name, program=program)
            for name, program, span in zip(PARTS, PROGRAMS, notes, strict=True)
        ),
        tempos=(Tempo(0.0, float(data["qpm"][i])),),
        time_signatures=tuple(
            TimeSignature(at / TICKS, n, d) for at, n, d in data["metres"][metres].tolist()
        ),
        key_signatures=tuple(
            KeySignature(at / TICKS, s, bool(m)) for at, s, m in data["keys"][keys].tolist()
        ),
        title=title(str(data["work"][i]), int(data["number"][i]), str(data["heading"][i])),
    )


def title(work: str, number: int, heading: str) -> str:
    """For people: "Mozart, K. 458, 3. Adagio"."""
    return f"{work}, {number}. {heading}"


def _notes(data: Arrays, span: slice) -> tuple[Note, ...]:
    onsets = np.cumsum(data["waits"][span], dtype=np.int64) / TICKS
    durations = data["durations"][span] / TICKS
    fields = zip(onsets.tolist(), data["pitches"][span].tolist(), durations.tolist(), strict=True)
    return tuple(Note(onset, pitch, duration) for onset, pitch, duration in fields)
