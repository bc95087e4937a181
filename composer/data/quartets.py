"""String quartets by Haydn, Mozart and the early Beethoven as Songs, loaded with numpy alone.

40 movements of ten works from music21's corpus (see NOTICE), built into `quartets.npz` by
`python -m composer.data.build.quartets`; the table of works, splits and tempos is
`quartets_works.json`.
81,120 notes in 17,528 beats. These decisions were made:

- **Works.** Haydn op. 1 no. 1 and op. 74 no. 1; Mozart K. 80, 155, 156 (with the first version of
its Adagio) and 458;
  Beethoven op. 18 no. 1, 3, 4 and 5. The corpus has no more by Haydn and Mozart, nor op. 18 no. 2
  and 6; Beethoven's later quartets there (op. 59, 74, 132, 133) are another style and left out.
- **Split** by work, 80 to 9 to 10 by beats: K. 80 and K. 156 are valid, op. 74 no. 1 is test. Of
all ways to hold out a
  work or two of 7 to 12 % these two are the nearest to what is left by `composer.evaluation`'s
  distance. No window of 8 beats of all four parts is in two splits, in any key; of the first violin
  alone up to 6 % of a movement (scales, repeated notes).
- **One line a part.** Of double stops the violins and the viola keep the highest note, the cello
the lowest: 362, 869,
  503 and 48 notes fall away (1.4, 3.9, 2.6 and 0.3 %).
- **Rhythm** is the score's, on 480 ticks a beat (six septuplet notes are rounded). 92.5 % of the
notes lie on
  sixteenths, 99.9 % on 24 steps a beat. On the generators' pulses (four steps each) 5.6 % of the
  onsets lie between steps - triplets 1.7, thirty-seconds 1.5, sixteenths of 6/8 and 9/8 1.5,
  sextuplets 0.9 - and 3.8 % of the notes fall on the step of another one and are lost there; not
  here.
- **Left out**: grace notes and trills; 1,304 notes that the scores of Haydn's op. 1 hide in print,
which write out
  strokes of tremolo: the long note stays, as do long notes if a score of op. 18 no. 1 abbreviates.
  Repeats are written once, both endings one after the other; da capos are not played.
- **Cello.** If Beethoven's is in the treble clef it sounds an octave lower than written (old usage;
131 notes would
  lie above the violins). One note, in op. 74 no. 1, IV, is a slip of the score: pitch 35.
- **Bars** that are too short or long in one part follow the others (`scores`). Bars that a repeat
sign cuts in two are
  joined. Metre and key signatures change as in the score; major or minor is what the bass ends on.
- **Tempo**: the corpus gives few. One a movement, for playing, chosen by hand after the heading.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from composer.data.corpus import SPLITS, Corpus, hash_of, spans
from composer.errors import ConfigError, Remark
from composer.songs.song import KeySignature, Note, Song, Tempo, TimeSignature, Track

TICKS = 480  # a beat, of the arrays
PARTS = ("Violin I", "Violin II", "Viola", "Cello")
PROGRAMS = (40, 40, 41, 42)
BUNDLED = Path(__file__).with_name("quartets.npz")

Arrays = dict[str, NDArray[Any]]


@dataclass(frozen=True)
class Movement:
    """One movement, in the key and the metre of the score.

    work: "Haydn, op. 1 no. 1"; number: of the movement, from 1; heading: "Presto". split: "train",
    "valid" or "test", that of the work. song: tracks as PARTS, one note at a time each, the bars of
    the score; a tempo for playing.
    """

    work: str
    number: int
    heading: str
    split: str
    song: Song


def load(split: str = "train") -> list[Movement]:
    """Return the movements of a split, work after work.

    Raise ConfigError for a split other than train, valid and test.

    >>> [track.name for track in load("test")[0].song.tracks]
    ['Violin I', 'Violin II', 'Viola', 'Cello']
    """
    if split not in SPLITS:
        known = ", ".join(map(repr, SPLITS))
        raise ConfigError(f"a split of quartets is one of {known}, got {split!r}")
    return [movement for movement in _bundled() if movement.split == split]


def corpus() -> Corpus:
    """Return all movements as Songs."""
    songs = []
    counts = []
    for split in SPLITS:
        movements = load(split)
        songs.append(tuple(movement.song for movement in movements))
        works = {movement.work for movement in movements}
        counts.append(f"{split} {len(works)}")
    train, valid, test = songs
    remark = Remark(f"split by work: {', '.join(counts)}")
    return Corpus(
        "quartets",
        train,
        valid,
        test,
        hash_of(train, valid, test),
        (remark,),
    )


@cache
def _bundled() -> tuple[Movement, ...]:
    return tuple(unpack(BUNDLED))


def unpack(path: Path) -> list[Movement]:
    """Return every movement in a file that `build.quartets` wrote."""
    with np.load(path, allow_pickle=False) as file:
        data: Arrays = {name: file[name] for name in file.files}
    # The notes of a movement lie part after part, those of the next one follow.
    notes = iter(spans(data["notes_of"].ravel()))
    metres = spans(data["metres_of"])
    keys = spans(data["keys_of"])
    movements = []
    for i in range(len(data["work"])):
        parts = [next(notes) for _ in PARTS]
        movements.append(_movement(data, i, parts, metres[i], keys[i]))
    return movements


def title(
    work: str,
    number: int,
    heading: str,
) -> str:
    """Return a title for people.

    >>> title("Mozart, K. 458", 3, "Adagio")
    'Mozart, K. 458, 3. Adagio'
    """
    return f"{work}, {number}. {heading}"


def _movement(
    data: Arrays,
    i: int,
    parts: list[slice],
    metres: slice,
    keys: slice,
) -> Movement:
    work = str(data["work"][i])
    number = int(data["number"][i])
    heading = str(data["heading"][i])
    tracks = []
    for name, program, notes in zip(PARTS, PROGRAMS, parts, strict=True):
        tracks.append(Track(_notes(data, notes), name, program))
    song = Song(
        tracks=tuple(tracks),
        tempos=(Tempo(0.0, float(data["qpm"][i])),),
        time_signatures=_time_signatures(data["metres"][metres]),
        key_signatures=_key_signatures(data["keys"][keys]),
        title=title(work, number, heading),
    )
    return Movement(
        work,
        number,
        heading,
        str(data["split"][i]),
        song,
    )


def _time_signatures(rows: NDArray[np.int32]) -> tuple[TimeSignature, ...]:
    found = []
    for tick, numerator, denominator in rows.tolist():
        found.append(TimeSignature(tick / TICKS, numerator, denominator))
    return tuple(found)


def _key_signatures(rows: NDArray[np.int32]) -> tuple[KeySignature, ...]:
    found = []
    for tick, sharps, is_minor in rows.tolist():
        found.append(KeySignature(tick / TICKS, sharps, bool(is_minor)))
    return tuple(found)


def _notes(data: Arrays, span: slice) -> tuple[Note, ...]:
    onsets = np.cumsum(data["waits"][span], dtype=np.int64) / TICKS
    durations = data["durations"][span] / TICKS
    pitches = data["pitches"][span]
    fields = zip(
        onsets.tolist(),
        pitches.tolist(),
        durations.tolist(),
        strict=True,
    )
    return tuple(Note(onset, pitch, duration) for onset, pitch, duration in fields)
