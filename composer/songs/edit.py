"""Cut a song in time, make one line of a track, choose the melody: all of that is here.

Every function is pure: what comes in stays as it is, and a changed song is a new song.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from composer.errors import MelodyError, Mend, Remark
from composer.songs.song import KeySignature, Note, Song, Tempo, TimeSignature, Track

Span = tuple[float, float]
"""From one beat to another."""
Mark = TypeVar("Mark", Tempo, TimeSignature, KeySignature)

TINY = 1e-6  # beats; what lies nearer together than that is one place, whatever the rounding
SLIVER = 0.06  # beats; less than a 64th note, which nobody would play
# Beats. Keys struck closer than that are one chord, whatever the order of the fingers.
STROKE = 0.08
LEGATO = 0.5  # share of the shorter of two notes by which they may overlap and still be one line
# Names that give a melody away, the surest first.
MELODY_NAMES = (
    re.compile(r"melod"),
    re.compile(r"vocal|\bvox\b|sing"),
    re.compile(r"\blead\b"),
    re.compile(r"voice(?!\s*o+h)"),
)
# A backing choir has such names too, and is no melody.
BACKING = re.compile(r"\b(back\w*|bg|bkg?)\b|choir|harmony")
SPARSE = 0.25  # a melody sounds in at least this share of the bars that the busiest track has
BAR = 4  # beats; what counts as a bar if a rough count is enough


# --- cutting in time ---------------------------------------------------------------------


def excerpt(song: Song, start: float, beats: float) -> Song:
    """Return `beats` beats of a song from beat `start` on, which becomes beat 0.

    Notes that began before `start` are left out, notes that last beyond the end are cut there.
    Tempo, metre and key are those in force.

    >>> scale = Track(tuple(Note(float(beat), 60 + beat, 2.0) for beat in range(8)))
    >>> middle = excerpt(Song((scale,)), start=2, beats=3)
    >>> [(note.onset, note.pitch, note.duration) for note in middle.tracks[0].notes]
    [(0.0, 62, 2.0), (1.0, 63, 2.0), (2.0, 64, 1.0)]
    """
    end = start + beats
    tracks = []
    for track in song.tracks:
        inside = [note for note in track.notes if note.onset >= start]
        notes = shift_notes(cut_notes(inside, end), -start)
        tracks.append(replace(track, notes=tuple(notes)))
    return replace(
        song,
        tracks=tuple(tracks),
        tempos=_marks_between(song.tempos, start, end),
        time_signatures=_marks_between(song.time_signatures, start, end),
        key_signatures=_marks_between(song.key_signatures, start, end),
    )


def _marks_between(
    marks: tuple[Mark, ...], start: float, end: float
) -> tuple[Mark, ...]:
    """Return the mark in force at `start`, then those up to `end`, counted from `start`."""
    begun: list[Mark] = []
    later: list[Mark] = []
    for mark in marks:
        if mark.onset <= start:
            begun = [replace(mark, onset=0.0)]
        elif mark.onset < end:
            later.append(replace(mark, onset=mark.onset - start))
    return tuple(begun + later)


def beginning(song: Song, beats: float) -> Song:
    """Return `beats` beats of a song from the bar in which its first track, the melody, begins.

    Raise MelodyError if that track has no notes.

    >>> late = Track((Note(5.0, 72, 1.0), Note(9.0, 74, 1.0)))
    >>> beginning(Song((late,)), beats=4).tracks[0].notes
    (Note(onset=1.0, pitch=72, duration=1.0, velocity=80),)
    """
    if not song.tracks or not song.tracks[0].notes:
        raise MelodyError("the first track, the melody, has no notes to begin with")
    first = song.tracks[0].notes[0].onset
    bars = [bar for bar in song.bar_onsets() if bar <= first]
    return excerpt(song, bars[-1], beats)


def first_bars(song: Song, bars: int) -> Song:
    """Return the first bars of a song, a pickup counted as one; the whole song if it has no more.

    >>> scale = Track(tuple(Note(beat, 60 + beat, 1.0) for beat in range(12)))
    >>> first_bars(Song((scale,)), 2).end
    8.0
    >>> first_bars(Song((scale,)), 5).end
    12.0
    """
    starts = song.bar_onsets()
    if len(starts) <= bars:
        return song
    return excerpt(song, 0.0, starts[bars])


def until(song: Song, beat: float) -> Song:
    """Return what of a song began before a beat, cut there: what somebody who plays along can know.

    Tempo, metre and key stay, those to come too: a player knows the metre.

    >>> held = Song((Track((Note(0.0, 60, 3.0), Note(3.0, 62, 1.0))),))
    >>> until(held, 2.0).tracks[0].notes
    (Note(onset=0.0, pitch=60, duration=2.0, velocity=80),)
    """
    tracks = []
    for track in song.tracks:
        notes = cut_notes(track.notes, beat)
        tracks.append(replace(track, notes=tuple(notes)))
    return replace(song, tracks=tuple(tracks))


def cut_notes(notes: Iterable[Note], end: float) -> list[Note]:
    """Return the notes that begin before beat `end`, none of them lasting beyond it.

    >>> cut_notes([Note(0.0, 60, 1.0), Note(1.0, 62, 5.0), Note(4.0, 64, 1.0)], end=4.0)[1:]
    [Note(onset=1.0, pitch=62, duration=3.0, velocity=80)]
    """
    cut = []
    for note in notes:
        if note.onset >= end - TINY:
            continue
        # What fits is not counted again: (onset + duration) - onset may differ in its last bit.
        if note.end > end:
            note = replace(note, duration=end - note.onset)
        cut.append(note)
    return cut


def shift_notes(notes: Iterable[Note], beats: float) -> list[Note]:
    """Return the notes `beats` later, or earlier if that is below 0.

    >>> shift_notes([Note(1.0, 60, 0.5)], beats=-1.0)
    [Note(onset=0.0, pitch=60, duration=0.5, velocity=80)]
    """
    return [replace(note, onset=note.onset + beats) for note in notes]


def outside(notes: Iterable[Note], spans: Iterable[Span]) -> list[Note]:
    """Return what of the notes lies outside all spans (beats), without slivers.

    >>> parts = outside([Note(0.0, 60, 4.0)], [(1.0, 2.0)])
    >>> [(note.onset, note.duration) for note in parts]
    [(0.0, 1.0), (2.0, 2.0)]
    """
    left = list(notes)
    for start, stop in spans:
        parts: list[Note] = []
        for note in left:
            parts += _outside(note, start, stop)
        left = parts
    return left


def _outside(note: Note, start: float, stop: float) -> list[Note]:
    is_before = note.end <= start + TINY
    is_after = note.onset >= stop - TINY
    if is_before or is_after:
        return [note]
    before = replace(note, duration=start - note.onset)
    after = replace(note, onset=stop, duration=note.end - stop)
    return [part for part in (before, after) if part.duration > SLIVER]


# --- one line of a track -----------------------------------------------------------------


def top_line(track: Track) -> tuple[Track, bool]:
    """Return one note at a time, and whether there were chords.

    Legato is no chord: a note that starts in the last half of the one before, and outlasts it by
    half its own length, ends it. Of notes that sound together the highest is kept: a lower one is
    dropped; a higher one ends the lower, or takes its place if the two are one stroke.

    >>> third = Track((Note(0.0, 60, 1.0), Note(0.0, 64, 1.0), Note(1.0, 62, 1.0)))
    >>> line, chords = top_line(third)
    >>> [note.pitch for note in line.notes], chords
    ([64, 62], True)
    """
    line: list[Note] = []
    chords = False
    for note in sorted(track.notes, key=_high_first):
        if note.duration <= 0:
            continue
        if not line or line[-1].end - note.onset <= 1e-9:
            line.append(note)
            continue
        before = line[-1]
        is_legato = _is_legato(before, note)
        chords = chords or not is_legato
        if not is_legato and not _takes_over(before, note):
            continue
        line.pop()
        # One stroke with the note before: the new note takes its place.
        if is_legato or note.onset - before.onset > STROKE:
            line.append(replace(before, duration=note.onset - before.onset))
        line.append(note)
    return replace(track, notes=tuple(line)), chords


def _high_first(note: Note) -> tuple[float, int]:
    return note.onset, -note.pitch


def _takes_over(before: Note, note: Note) -> bool:
    """Return whether a note that sounds with the one before is both higher and later."""
    is_higher = note.pitch > before.pitch
    is_later = note.onset > before.onset + 1e-9
    return is_higher and is_later


def _is_legato(before: Note, note: Note) -> bool:
    overlap = before.end - note.onset
    shorter = min(before.duration, note.duration)
    return overlap <= LEGATO * shorter + 1e-9


def bottom_line(track: Track) -> Track:
    """Return one note at a time, the lowest: `top_line` upside down.

    >>> third = Track((Note(0.0, 60, 1.0), Note(0.0, 64, 1.0)))
    >>> [note.pitch for note in bottom_line(third).notes]
    [60]
    """
    # Upside down the lowest note is the highest.
    line, _ = top_line(_upside_down(track))
    return _upside_down(line)


def _upside_down(track: Track) -> Track:
    notes = [replace(note, pitch=127 - note.pitch) for note in track.notes]
    return replace(track, notes=tuple(notes))


# --- the melody of a song ----------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Melody:
    """The melody that a song is arranged from."""

    index: int  # of its track, from 0
    kept: Track  # as the arrangement shows it: legato untouched, of chords the top line
    line: Track  # the same, one note at a time
    remarks: tuple[Remark, ...] = ()  # what a listener should know of the choice


def take_melody(song: Song, track: int | None = None) -> Melody:
    """Return the melody of a song: its track number `track` (from 0), else the highest.

    Raise MelodyError if there is none.

    >>> bass, flute = Track((Note(0.0, 48, 1.0),)), Track((Note(0.0, 72, 1.0),), name="Flute")
    >>> melody = take_melody(Song((bass, flute)))
    >>> melody.index, str(melody.remarks[0])
    (1, 'track 2 (Flute) is taken as the melody, the highest of several')
    """
    index = melody_track(song, track)
    chosen = song.tracks[index]
    line, chords = top_line(chosen)
    if not line.notes:
        raise MelodyError(f"track {index + 1} has only notes of no length")
    remarks = []
    playing = [track for track in song.tracks if track.notes]
    if track is None and len(playing) > 1:
        remarks.append(_highest(index, chosen))
    if chords:
        remarks.append(Remark(f"track {index + 1} has chords; their top line is taken"))
    return Melody(index, line if chords else chosen, line, tuple(remarks))


def _highest(index: int, chosen: Track) -> Remark:
    name = f" ({chosen.name})" if chosen.name else ""
    text = f"track {index + 1}{name} is taken as the melody, the highest of several"
    return Remark(text, Mend("track"))


def melody_track(song: Song, track: int | None = None) -> int:
    """Return the index of the melody's track: `track`, or the highest on average that is not drums.

    Raise MelodyError if there is none, or if `track` names none with notes.

    >>> bass, flute = Track((Note(0.0, 48, 1.0),)), Track((Note(0.0, 72, 1.0),))
    >>> melody_track(Song((bass, flute)))
    1
    """
    playable = [i for i, one in enumerate(song.tracks) if one.notes and not one.is_drum]
    if track is not None:
        _check_track(song, track, playable)
        return track
    if not playable:
        has_notes = any(one.notes for one in song.tracks)
        why = "only drums" if has_notes else "no notes"
        raise MelodyError(
            f"a melody needs at least one note on a pitched track; the song has {why}"
        )
    # Of tracks of one height the first.
    return max(playable, key=lambda i: (song.tracks[i].mean_pitch, -i))


def _check_track(song: Song, track: int, playable: Sequence[int]) -> None:
    if not 0 <= track < len(song.tracks):
        raise MelodyError(
            f"track {track + 1} asked for, the song has {len(song.tracks)}"
        )
    if track not in playable:
        what = "drums" if song.tracks[track].is_drum else "empty"
        numbers = [i + 1 for i in playable]
        raise MelodyError(
            f"track {track + 1} is {what}; tracks with a melody: {numbers}"
        )


def melody_beside(song: Song, voices: Iterable[str]) -> int:
    """Return the index of an arrangement's melody: the first track that is none of `voices`.

    Drums and tracks without notes are none; 0 if no other is left.

    >>> note = (Note(0.0, 60, 1.0),)
    >>> melody_beside(Song((Track(note, "alto"), Track(note, "Tune"))), ["Alto", "Tenor"])
    1
    """
    names = {name.casefold() for name in voices}
    for i, track in enumerate(song.tracks):
        if track.notes and not track.is_drum and track.name.casefold() not in names:
            return i
    return 0


def named_melody(tracks: Sequence[Track]) -> int | None:
    """Return the index of the track that is called melody, vocal, lead or voice, else the highest.

    Drums are none, nor is a track that sounds in a few bars only. None if nothing else is left.

    >>> notes = tuple(Note(beat, 60, 1.0) for beat in range(8))
    >>> high = tuple(Note(beat, 72, 1.0) for beat in range(8))
    >>> named_melody([Track(high, "Strings"), Track(notes, "Lead Vocal")])
    1
    """
    steady = _steady_tracks(tracks)
    for pattern in MELODY_NAMES:
        named = [i for i in steady if _is_named(tracks[i], pattern)]
        if named:
            return max(named, key=lambda i: (len(tracks[i].notes), -i))
    # Of tracks of one height the first.
    return max(steady, key=lambda i: (tracks[i].mean_pitch, -i), default=None)


def _steady_tracks(tracks: Sequence[Track]) -> list[int]:
    """Return the indices of the pitched tracks that sound in enough bars to be a melody."""
    bars = {}
    for i, track in enumerate(tracks):
        if track.notes and not track.is_drum:
            sounding = {int(note.onset // BAR) for note in track.notes}
            bars[i] = len(sounding)
    busiest = max(bars.values(), default=0)
    return [i for i, count in bars.items() if count >= SPARSE * busiest]


def _is_named(track: Track, pattern: re.Pattern[str]) -> bool:
    name = track.name.casefold()
    return bool(pattern.search(name)) and not BACKING.search(name)


def only_melody(song: Song) -> Song:
    """Return the song with its first track, the melody, alone.

    >>> len(only_melody(Song((Track(), Track(), Track()))).tracks)
    1
    """
    return replace(song, tracks=song.tracks[:1])
