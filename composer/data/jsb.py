"""Bach's four-part chorales as arrays, loaded in milliseconds with numpy alone.

409 chorales from music21's corpus (see NOTICE), built into `jsb.npz` by
`python -m composer.data.build.jsb`. These decisions were made:

- **Split.** `jsb_split.json` is the standard split (Boulanger-Lewandowski 2012; 229, 76
  and 77 pieces) by BWV number: 225, 75 and 77 were found. 32 more are in no split: `load("")`.
- **Kept although it leaks.** Some pieces set the same music twice. In `train`, bwv414 is
  `valid`'s bwv253 transposed, bwv176.6 is most of `valid`'s bwv280, and bwv245.15 a third
  of `test`'s bwv245.37. `load` keeps the split as published, so that scores compare; `twin`
  and `overlap` say what to drop: `[c for c in load("train") if c.overlap < 0.1]` drops 8.
  Of the 32, 5 are a held-out piece once more (bwv120.8-a, bwv112.5-sc, bwv171.6, bwv324,
  bwv69.6-a): never train on `load("")` without that test.
- **Pitch** is the score's. The published arrays have 4 pieces transposed; `jsb_split.json`
  says by how much.
- **Grid.** Sixteenths: 18 boundaries of notes in 5 pieces (bwv36.4-2, 185.6, 248.64-6,
  248.64-s, 432) fall between and go to the nearest step, halfway up; 9 thirty-second notes
  vanish so. Grace notes are left out. No voice of these scores has chords; the build
  would take the highest note.
- **Voices.** The parts named Soprano, Alto, Tenor and Bass; instruments are left out, so
  a voice may rest for long (bwv79.3 for half of its length). bwv227.3 and bwv27.6 have
  two sopranos: the first is taken.
- **Repeats** are written once. Bars that a repeat sign cuts in two are joined. A piece
  ends with its last note: rests after it are left out.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from composer.data.corpus import Corpus, hash_of, spans
from composer.errors import ConfigError, Remark
from composer.songs.song import KeySignature, Note, Song, Tempo, TimeSignature, Track

RESOLUTION = 4
VOICES = ("Soprano", "Alto", "Tenor", "Bass")
RANGES = MappingProxyType(
    {
        "Soprano": (57, 81),
        "Alto": (53, 74),
        "Tenor": (48, 69),
        "Bass": (36, 64),
    }
)
SPLITS = ("train", "valid", "test", "")
LEAKS = 0.1  # a piece of train with that much overlap is not trained on
BUNDLED = Path(__file__).with_name("jsb.npz")
CHURCH_ORGAN = 19

Arrays = dict[str, NDArray[Any]]


@dataclass(frozen=True, eq=False)
class Chorale:
    """One chorale on the sixteenth grid, in the key of the score. Its arrays are read-only.

    bwv: the id in music21's corpus, e.g. "bwv269". title: its hymn, "" if unknown.
    voices: int8 [step, voice], MIDI pitches, soprano first, -1 = rest; 4 steps a beat.
    onsets: bool [step, voice], where a note starts: tells a repeated note from a held one.
    bars: int [bar], the step at which each bar starts; the first is 0.
    metres: int [change, 3], rows of step, numerator, denominator; the first step is 0.
    pickup: beats before the first full bar, 0 if there is none.
    fermatas: bool [step], true while a soprano note under a fermata lasts.
    sharps: of the key signature, negative for flats.
    final: pitch class of the last bass note, C = 0: the tonic, but in modal tunes and half closes.
    mode: "major" or "minor", the third over `final` that the key signature gives.
    split: "train", "valid", "test" or "" (in none).
    index: the place in the split's published arrays, -1 in none.
    twin: the valid or test chorale that shares most of its music with this one, "" if none does.
    overlap: share of 8-beat windows, of this one or of the twin, that are the same in both
    after transposition (0.9 of the cells equal); the larger of the two shares.
    """

    bwv: str
    title: str
    voices: NDArray[np.int8]
    onsets: NDArray[np.bool_]
    bars: NDArray[np.int64]
    metres: NDArray[np.int64]
    pickup: float
    fermatas: NDArray[np.bool_]
    sharps: int
    final: int
    mode: str
    split: str = ""
    index: int = -1
    twin: str = ""
    overlap: float = 0.0

    @property
    def numerator(self) -> int:
        """Upper figure of the first time signature."""
        return int(self.metres[0, 1])

    @property
    def denominator(self) -> int:
        """Lower figure of the first time signature."""
        return int(self.metres[0, 2])

    @property
    def name(self) -> str:
        """Title and BWV number, for people: "Aus meines Herzens Grunde, BWV 269"."""
        number = self.bwv.replace("bwv", "BWV ")
        if not self.title:
            return number
        return f"{self.title}, {number}"


def load(split: str = "train") -> list[Chorale]:
    """Return the chorales of a split, in the order of the published arrays (`Chorale.index`).

    split: "train" (225), "valid" (75), "test" (77), or "" (the 32 in none, by BWV number).
    Raise ConfigError for any other.

    >>> first = load("valid")[0]
    >>> first.name, first.voices.shape, first.voices[0].tolist()
    ('BWV 130.6', (192, 4), [72, 67, 64, 48])
    """
    if split not in SPLITS:
        known = ", ".join(map(repr, SPLITS))
        raise ConfigError(f"a split of jsb is one of {known}, got {split!r}")
    # A chorale's place in the published arrays is its index.
    found = [chorale for chorale in _bundled() if chorale.split == split]
    return sorted(found, key=lambda chorale: chorale.index)


def corpus() -> Corpus:
    """Return the chorales as Songs, in the order of the published arrays.

    The 8 of train that share held-out music are left out.
    """
    # Trained on, they would be recognised at the end, not arranged.
    everything = load("train")
    kept = [chorale for chorale in everything if chorale.overlap < LEAKS]
    train = _songs(kept)
    valid = _songs(load("valid"))
    test = _songs(load("test"))
    left_out = len(everything) - len(kept)
    remark = Remark(
        f"{left_out} pieces of train are left out: they share music with valid or test"
    )
    return Corpus(
        "jsb",
        train,
        valid,
        test,
        hash_of(train, valid, test),
        (remark,),
    )


def _songs(chorales: Iterable[Chorale]) -> tuple[Song, ...]:
    return tuple(to_song(chorale) for chorale in chorales)


@cache
def _bundled() -> tuple[Chorale, ...]:
    return tuple(unpack(BUNDLED))


def unpack(path: Path) -> list[Chorale]:
    """Return every chorale in a file that `build.jsb` wrote, by BWV number."""
    data = _read_arrays(path)
    places = zip(
        spans(data["steps_of"]),
        spans(data["bars_of"]),
        spans(data["metres_of"]),
        strict=True,
    )
    return [_chorale(data, i, *place) for i, place in enumerate(places)]


def _read_arrays(path: Path) -> Arrays:
    """Return the arrays of a file, unpacked and read-only."""
    with np.load(path, allow_pickle=False) as file:
        data: Arrays = {name: file[name] for name in file.files}
    steps = int(data["steps_of"].sum())
    count = len(VOICES)
    # The file holds voice after voice, which packs better; here a step's voices lie together.
    onsets = np.unpackbits(data["onsets"], count=count * steps).view(bool)
    by_voice = onsets.reshape(count, -1)
    data["onsets"] = np.ascontiguousarray(by_voice.T)
    data["voices"] = np.ascontiguousarray(data["voices"].T)
    data["fermatas"] = np.unpackbits(data["fermatas"], count=steps).view(bool)
    data["bars"] = data["bars"].astype(np.int64)
    data["metres"] = data["metres"].astype(np.int64)
    # Chorales are slices of these arrays: writing to one would change what is loaded next.
    for array in data.values():
        array.flags.writeable = False
    return data


def _chorale(
    data: Arrays,
    i: int,
    steps: slice,
    bars: slice,
    metres: slice,
) -> Chorale:
    return Chorale(
        bwv=str(data["bwv"][i]),
        title=str(data["title"][i]),
        voices=data["voices"][steps],
        onsets=data["onsets"][steps],
        bars=data["bars"][bars],
        metres=data["metres"][metres],
        pickup=int(data["pickup"][i]) / RESOLUTION,
        fermatas=data["fermatas"][steps],
        sharps=int(data["sharps"][i]),
        final=int(data["final"][i]),
        mode="minor" if data["minor"][i] else "major",
        split=str(data["split"][i]),
        index=int(data["index"][i]),
        twin=str(data["twin"][i]),
        overlap=int(data["overlap"][i]) / 100,
    )


def to_song(chorale: Chorale, qpm: float = 80.0) -> Song:
    """Return the chorale as a Song of four tracks, with its pickup, metre and key signature.

    qpm: quarter notes a minute; the scores give none to rely on.
    A bar that its metre does not fill (the pickup, a bar before a new metre) gets a time
    signature of its own, so that `Song.bar_onsets()` are the bars of the score.

    >>> song = to_song(load("valid")[0])
    >>> [track.name for track in song.tracks], song.bar_onsets()[:3]  # a pickup of a beat
    (['Soprano', 'Alto', 'Tenor', 'Bass'], [0.0, 1.0, 4.0])
    """
    tracks = []
    for voice, name in enumerate(VOICES):
        notes = _notes(chorale.voices[:, voice], chorale.onsets[:, voice])
        tracks.append(Track(notes, name, CHURCH_ORGAN))
    return Song(
        tracks=tuple(tracks),
        tempos=(Tempo(0.0, float(qpm)),),
        time_signatures=_time_signatures(chorale),
        key_signatures=(KeySignature(0.0, chorale.sharps, chorale.mode == "minor"),),
        title=chorale.name,
    )


def _notes(pitches: NDArray[np.int8], onsets: NDArray[np.bool_]) -> tuple[Note, ...]:
    starts = np.flatnonzero(onsets)
    # A note ends at the next onset, at a rest, or with the piece.
    is_stop = onsets | (pitches < 0)
    stops = np.append(np.flatnonzero(is_stop), len(pitches))
    following = np.searchsorted(stops, starts, side="right")
    ends = stops[following]
    notes = []
    for start, end in zip(starts.tolist(), ends.tolist(), strict=True):
        onset = start / RESOLUTION
        duration = (end - start) / RESOLUTION
        notes.append(Note(onset, int(pitches[start]), duration))
    return tuple(notes)


def _time_signatures(chorale: Chorale) -> tuple[TimeSignature, ...]:
    steps = len(chorale.voices)
    changes = chorale.metres[:, 0]
    rows = np.searchsorted(changes, chorale.bars, side="right") - 1
    starts = chorale.bars.tolist()
    ends = [*starts[1:], steps]
    found: list[TimeSignature] = []
    for start, end, row in zip(starts, ends, rows, strict=True):
        numerator, denominator = chorale.metres[row, 1:].tolist()
        signature = TimeSignature(start / RESOLUTION, numerator, denominator)
        full = signature.beats_per_bar * RESOLUTION
        # The last bar of a piece may be short, to fill up the pickup.
        is_cut_short = end == steps and end - start < full
        if end - start != full and not is_cut_short:
            signature = _short_bar(start, end - start)
        # A signature of the same figures would say nothing new.
        if not found or _figures(found[-1]) != _figures(signature):
            found.append(signature)
    return tuple(found)


def _figures(signature: TimeSignature) -> tuple[int, int]:
    return signature.numerator, signature.denominator


def _short_bar(start: int, steps: int) -> TimeSignature:
    """Return a bar of `steps` steps, in quarters if they fill it, else in eighths or sixteenths."""
    denominator = next(d for d in (4, 8, 16) if steps * d % 16 == 0)
    numerator = steps * denominator // 16
    return TimeSignature(start / RESOLUTION, numerator, denominator)
