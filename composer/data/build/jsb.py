"""Build `jsb.npz` from music21's corpus: `python -m composer.data.build.jsb`.

Needs the extra `data` (music21). The same corpus gives the same bytes; `composer.data.jsb` says
what was rounded, chosen and left out.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from composer.data.build.archive import Arrays, counted, run
from composer.data.jsb import BUNDLED, LEAKS, RESOLUTION, VOICES, Chorale
from composer.data.scores import load_music21
from composer.errors import ComposerError

SPLIT_TABLE = Path(__file__).with_name("jsb_split.json")
NOT_CHORALES = ("bwv846",)
HELD_OUT = ("valid", "test")
WINDOW_BEATS = 8
EQUAL_CELLS = 0.9
RESTS = 127  # in a beat's features, instead of an interval
# Degree of the final over the key signature's major tonic: ionian, lydian, mixolydian. The rest are
# minor.
MAJOR_DEGREES = (0, 5, 7)


class TiedNote(NamedTuple):
    """A note on the grid, ties joined."""

    start: int
    end: int  # the step after its last
    pitch: int
    fermata: bool  # it is under one


def _music21(module: str) -> Any:
    return load_music21(module, "building jsb")


# --- what the corpus holds ---------------------------------------------------------------


def corpus_files() -> dict[str, Path]:
    """Return the MusicXML file of each four-part chorale in music21's corpus.

    They are listed by id, in order of BWV number.
    """
    files = {}
    for found in _music21("corpus").getComposer("bach"):
        path = Path(found)
        if path.suffix in (".mxl", ".xml") and path.stem not in NOT_CHORALES:
            files[path.stem] = path
    return {bwv: files[bwv] for bwv in sorted(files, key=_bwv_order)}


def _bwv_order(bwv: str) -> list[tuple[int, str]]:
    """Return a key that sorts "bwv4.8" before "bwv36.4-2": its numbers as numbers."""
    parts = re.findall(r"\d+|\D+", bwv)
    order = []
    for part in parts:
        if part.isdigit():
            order.append((int(part), ""))
        else:
            order.append((-1, part))
    return order


def places() -> dict[str, tuple[str, int]]:
    """Return split, and index there, of every chorale in the split table, by id."""
    table = json.loads(SPLIT_TABLE.read_text(encoding="utf-8"))
    found = {}
    for split, entries in table.items():
        for entry in entries:
            found[entry["bwv"]] = (split, entry["index"])
    return found


def titles() -> dict[str, str]:
    """Return the title by id, from music21's lists of the chorales.

    If both have one, that of the Riemenschneider list counts.
    """
    lists = _music21("corpus.chorales")
    by_number = lists.ChoraleList().byBWV | lists.ChoraleListRKBWV().byBWV
    # Some numbers are texts there: "269" and 269 are one chorale.
    for number, row in list(by_number.items()):
        if isinstance(number, str) and number.isdigit():
            by_number[int(number)] = row
    return {f"bwv{number}": str(row["title"]) for number, row in by_number.items()}


# --- one score ---------------------------------------------------------------------------


def parse(path: Path) -> Chorale:
    """Read one score. Raise ComposerError if it lacks one of the four voices."""
    score = _music21("converter").parse(path, forceSource=True, storePickle=False)
    parts = [_part(score, voice, path) for voice in VOICES]
    voices, onsets, fermatas = _grid([_notes(part) for part in parts])
    metres = _metres(parts[0])
    bars = _bars(parts[0], metres, len(voices))
    sharps = _sharps(parts)
    # The last bass note tells which of the modes of a key signature it is.
    bass = voices[:, 3]
    final = int(bass[bass >= 0][-1]) % 12
    is_major = (final - 7 * sharps) % 12 in MAJOR_DEGREES
    pickup = _pickup(bars, metres, len(voices))
    return Chorale(
        bwv=path.stem,
        title="",
        voices=voices,
        onsets=onsets,
        bars=bars,
        metres=metres,
        pickup=pickup / RESOLUTION,
        fermatas=fermatas,
        sharps=sharps,
        final=final,
        mode="major" if is_major else "minor",
    )


def _pickup(bars: NDArray[np.int64], metres: NDArray[np.int64], steps: int) -> int:
    """Return the steps before the first full bar."""
    first_bar = int(bars[1]) if len(bars) > 1 else steps
    return first_bar if first_bar < _full_bar(metres, 0) else 0


def _part(
    score: Any,
    voice: str,
    path: Path,
) -> Any:
    """Return the part of that name; of "Soprano 1" and "Soprano 2" the first."""
    for part in score.parts:
        if (part.partName or "").split()[:1] == [voice]:
            return part
    names = [part.partName for part in score.parts]
    raise ComposerError(f"{path.name} needs a part named {voice}, got {names}")


def _step(beat: Any) -> int:
    """Return the nearest step; halfway goes up."""
    return int(beat * RESOLUTION * 2 + 1) // 2


def _notes(part: Any) -> list[TiedNote]:
    """Return the notes of a part, ties joined."""
    notes: list[TiedNote] = []
    for element in part.flatten().notes:
        start = _step(element.offset)
        end = _step(element.offset + element.quarterLength)
        # A grace note, or one too short for the grid, has no length.
        if start == end:
            continue
        pitch = max(p.midi for p in element.pitches)
        fermata = any(type(e).__name__ == "Fermata" for e in element.expressions)
        if _is_tied(element) and _goes_on(notes, start, pitch):
            first = notes.pop()
            start = first.start
            fermata = fermata or first.fermata
        notes.append(TiedNote(start, end, pitch, fermata))
    return notes


def _goes_on(notes: list[TiedNote], start: int, pitch: int) -> bool:
    """Return whether the last note has this pitch and ends at `start`."""
    if not notes:
        return False
    last = notes[-1]
    return last.end == start and last.pitch == pitch


def _is_tied(element: Any) -> bool:
    """Return whether a note goes on with the one before."""
    return element.tie is not None and element.tie.type in ("stop", "continue")


def _grid(
    lines: list[list[TiedNote]],
) -> tuple[NDArray[np.int8], NDArray[np.bool_], NDArray[np.bool_]]:
    """Return voices and onsets, [step, voice] each, and fermatas of the soprano: bool [step]."""
    steps = max(note.end for line in lines for note in line)
    shape = (steps, len(lines))
    voices = np.full(shape, -1, np.int8)
    onsets = np.zeros(shape, bool)
    fermatas = np.zeros(steps, bool)
    for voice, line in enumerate(lines):
        for start, end, pitch, fermata in line:
            voices[start:end, voice] = pitch
            onsets[start, voice] = True
            if voice == 0:
                fermatas[start:end] = fermata
    return voices, onsets, fermatas


def _metres(part: Any) -> NDArray[np.int64]:
    """Return the changes of metre: int [change, 3], rows of step, numerator, denominator."""
    rows: list[tuple[int, int, int]] = []
    for element in part.flatten().getElementsByClass("TimeSignature"):
        numerator = int(element.numerator)
        denominator = int(element.denominator)
        # One that repeats the figures in force is no change.
        if not rows or rows[-1][1:] != (numerator, denominator):
            rows.append((_step(element.offset), numerator, denominator))
    return np.array(rows, np.int64)


def _full_bar(metres: NDArray[np.int64], step: int) -> int:
    """Return how many steps a full bar has in the metre at `step`."""
    row = np.searchsorted(metres[:, 0], step, side="right") - 1
    _, numerator, denominator = metres[row]
    return int(4 * RESOLUTION * numerator // denominator)


def _bars(
    part: Any,
    metres: NDArray[np.int64],
    steps: int,
) -> NDArray[np.int64]:
    """Return the step at which each bar starts.

    A bar that a repeat sign cuts in two is joined again, one longer than its metre is cut.
    """
    offsets = {_step(measure.offset) for measure in part.getElementsByClass("Measure")}
    starts = sorted(start for start in offsets if start < steps)
    changes = set(metres[:, 0].tolist())
    bars = [0]
    for start, end in zip(starts, [*starts[1:], steps], strict=True):
        full = _full_bar(metres, start)
        # The pickup (the bar at 0) is never joined to the bar after it.
        fits = bars[-1] > 0 and end - bars[-1] <= full
        joins = fits and start not in changes
        if start > 0 and not joins:
            bars.append(start)
        while end - bars[-1] > full:
            bars.append(bars[-1] + full)
    return np.array(bars, np.int64)


def _sharps(parts: list[Any]) -> int:
    """Return the commonest of the key signatures with which the parts begin."""
    found: Counter[int] = Counter()
    for part in parts:
        signatures = list(part.flatten().getElementsByClass("KeySignature"))
        if signatures:
            found[int(signatures[0].sharps)] += 1
    if not found:
        return 0
    sharps, _ = found.most_common(1)[0]
    return sharps


# --- the same music twice ----------------------------------------------------------------


def with_twins(chorales: list[Chorale]) -> list[Chorale]:
    """Return the chorales with `twin` and `overlap`, as they share music with valid or test."""
    features = [_features(chorale) for chorale in chorales]
    twins = [""] * len(chorales)
    overlaps = np.zeros(len(chorales))
    for h, held in enumerate(chorales):
        if held.split not in HELD_OUT:
            continue
        found = _shares(features, features[h])
        found[h] = 0  # itself
        for i in np.flatnonzero(found > overlaps):
            twins[i] = held.bwv
            overlaps[i] = found[i]
    shares = overlaps.round(2).tolist()
    changed = []
    for chorale, twin, overlap in zip(chorales, twins, shares, strict=True):
        changed.append(replace(chorale, twin=twin, overlap=overlap))
    return changed


def _features(chorale: Chorale) -> NDArray[np.int8]:
    """Return what transposition leaves alone, for each step of a beat: int8 [beat, 16].

    The intervals soprano-alto, alto-tenor and tenor-bass, and the soprano's move since the beat
    before. RESTS in the first of them marks a beat in which a voice rests.
    """
    beats = len(chorale.voices) // RESOLUTION
    pitches = chorale.voices[: beats * RESOLUTION].astype(np.int16)
    soprano = pitches[:, 0]
    before = np.concatenate([soprano[:RESOLUTION], soprano[:-RESOLUTION]])
    moves = soprano - before
    intervals = pitches[:, :-1] - pitches[:, 1:]
    by_step = np.column_stack([intervals, moves])
    features = by_step.reshape(beats, -1).astype(np.int8)
    rests = (pitches < 0).reshape(beats, -1)
    features[rests.any(axis=1), 0] = RESTS
    return features


def _shares(
    pieces: list[NDArray[np.int8]], held: NDArray[np.int8]
) -> NDArray[np.float64]:
    """Return the share of windows that each piece has in common with `held`: float [piece].

    It is the share of the one's windows or of the other's, whichever is larger.
    """
    equal = _equal_cells(np.concatenate(pieces), held)
    shares = np.zeros(len(pieces))
    start = 0
    for i, piece in enumerate(pieces):
        block = equal[start : start + len(piece)]
        same = _same_windows(block.astype(np.int16), cells=piece.shape[1])
        of_held = same.any(axis=0).mean()
        of_piece = same.any(axis=1).mean()
        shares[i] = max(of_held, of_piece)
        start += len(piece)
    return shares


def _equal_cells(beats: NDArray[np.int8], held: NDArray[np.int8]) -> NDArray[np.uint8]:
    """Count the cells of each beat that are those of each beat of `held`: [beat, beat of held]."""
    equal = np.zeros((len(beats), len(held)), np.uint8)
    # Column by column: all at once would not fit into the memory of a laptop.
    for column in range(beats.shape[1]):
        equal += beats[:, column, None] == held[None, :, column]
    # Where a voice rests there is too little music to be called the same.
    equal[beats[:, 0] == RESTS] = 0
    return equal


def _same_windows(equal: NDArray[np.int16], cells: int) -> NDArray[np.bool_]:
    """Mark the windows of a piece and of `held` that are the same: bool [window, window of held].

    equal: see `_equal_cells`. cells: how many a beat has. A window is the same if enough cells of
    its eight beats are.
    """
    rows = equal.shape[0] - WINDOW_BEATS + 1
    columns = equal.shape[1] - WINDOW_BEATS + 1
    windows = sum(equal[k : k + rows, k : k + columns] for k in range(WINDOW_BEATS))
    enough = EQUAL_CELLS * WINDOW_BEATS * cells
    return np.asarray(windows) >= enough


# --- the file ----------------------------------------------------------------------------


def build(files: Iterable[Path]) -> list[Chorale]:
    """Return the chorales of these scores with their titles, places in the split, and twins."""
    place_of = places()
    title_of = titles()
    chorales = []
    for path in files:
        bwv = path.stem
        split, index = place_of.get(bwv, ("", -1))
        # A variant ("bwv112.5-sc") has the title of its chorale.
        base, _, _ = bwv.partition("-")
        title = title_of.get(bwv, title_of.get(base, ""))
        chorale = replace(parse(path), title=title, split=split, index=index)
        chorales.append(chorale)
    return with_twins(chorales)


def pack(chorales: list[Chorale]) -> Arrays:
    """Return the arrays of the file: all chorales in a row, and their lengths (`*_of`)."""

    def each(name: str) -> list[Any]:
        return [getattr(chorale, name) for chorale in chorales]

    def lengths(name: str) -> NDArray[np.int16]:
        return np.array([len(array) for array in each(name)], np.int16)

    overlaps = [round(100 * overlap) for overlap in each("overlap")]
    pickups = [round(beats * RESOLUTION) for beats in each("pickup")]
    is_minor = [mode == "minor" for mode in each("mode")]
    # Voice after voice: that packs better than step after step.
    voices = np.ascontiguousarray(np.concatenate(each("voices")).T)
    onsets = np.concatenate(each("onsets")).T
    return {
        "bwv": np.array(each("bwv")),
        "title": np.array(each("title")),
        "split": np.array(each("split")),
        "twin": np.array(each("twin")),
        "overlap": np.array(overlaps, np.int8),
        "index": np.array(each("index"), np.int16),
        "steps_of": lengths("voices"),
        "bars_of": lengths("bars"),
        "metres_of": lengths("metres"),
        "pickup": np.array(pickups, np.int8),
        "sharps": np.array(each("sharps"), np.int8),
        "final": np.array(each("final"), np.int8),
        "minor": np.array(is_minor),
        "bars": np.concatenate(each("bars")).astype(np.int16),
        "metres": np.concatenate(each("metres")).astype(np.int16),
        "voices": voices,
        "onsets": np.packbits(onsets),
        "fermatas": np.packbits(np.concatenate(each("fermatas"))),
    }


def _make() -> tuple[Arrays, list[str]]:
    """Return the arrays of the file, and what to say about them."""
    from rich.progress import track

    chorales = build(track(corpus_files().values(), description="Chorales"))
    lines = [
        f"{len(chorales)} chorales: {counted(chorale.split for chorale in chorales)}"
    ]
    shared = [chorale for chorale in chorales if chorale.overlap >= LEAKS]
    for chorale in sorted(shared, key=lambda chorale: -chorale.overlap):
        split = chorale.split or "no split"
        lines.append(
            f"  {chorale.bwv} ({split}) is {chorale.overlap:.0%} of {chorale.twin}"
        )
    return pack(chorales), lines


def main() -> None:
    """Build the file and say what is in it."""
    run(BUNDLED, "the chorales of music21's corpus", _make)


if __name__ == "__main__":
    main()
