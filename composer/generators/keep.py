"""Keep a part of an arrangement, voices or bars, while the rest is made again around it; and play
ahead.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from composer.errors import ConfigError
from composer.songs.edit import TINY, Span, top_line
from composer.songs.grid import Ints, PulseGrid, sample_line
from composer.songs.song import Note, Song, Track

Bars = tuple[int, int]
"""First and last bar, counted from 1 as in `Song.bar_onsets`; a pickup is bar 1."""

_BARS = re.compile(r"(\d+)(?:-(\d+))?")


@dataclass(frozen=True)
class Keep:
    """The voices and bars of an arrangement that come back note for note.

    A note that reaches into a bar that is kept is kept whole.

    >>> Keep(voices=("Alto",), bars=((1, 4),))
    Keep(voices=('Alto',), bars=((1, 4),), only=(), before=None)
    """

    voices: tuple[str, ...] = ()
    """Names of voices; upper and lower case are the same."""

    bars: tuple[Bars, ...] = ()
    """Bars of all voices."""

    only: tuple[Bars, ...] = ()
    """If given, nothing but these bars is made again."""

    before: float | None = None
    """When playing ahead: all that began before that beat."""


@dataclass(frozen=True)
class Ahead:
    """A stretch for which voices are wanted although its melody was not heard yet."""

    now: float
    """The beat up to which the melody was heard."""

    end: float
    """The beat up to which the voices are wanted."""

    expected: int | None = None
    """The pitch that the melody is taken to play from `now` to `end`."""

    @property
    def known(self) -> float:
        """The beat up to which there is a melody to go by."""
        return self.now if self.expected is None else self.end

    def line(self, heard: Track) -> Track:
        """Return the melody to go by: what was heard, and what is expected after it.

        A note that still sounds, and has the pitch that is expected, is taken to be held.
        """
        if self.expected is None:
            return heard
        *before, last = heard.notes
        still_sounds = last.end >= self.now - TINY
        if last.pitch == self.expected and still_sounds:
            held = replace(last, duration=self.end - last.onset)
            return replace(heard, notes=(*before, held))
        struck = Note(self.now, self.expected, self.end - self.now, last.velocity)
        return replace(heard, notes=(*heard.notes, struck))


@dataclass(frozen=True)
class Kept:
    """The notes of one voice that stay, and the room that they leave."""

    track: Track
    """The voice as it was."""

    notes: tuple[Note, ...]
    """The notes that are kept."""

    spans: tuple[Span, ...]
    """Beats in which no other note may sound."""

    pitches: Ints
    """Int [step] of the grid: the pitch of the kept note, -1 where there is none."""


def parse(keep: Sequence[str], only: Sequence[str]) -> Keep | None:
    """Return what is asked for in words: a number or two (`1-4`) are bars, anything else names a
    voice.

    None if nothing is asked for. Raise ConfigError for bars that are none.

    >>> parse(["alto", "1-4"], [])
    Keep(voices=('alto',), bars=((1, 4),), only=(), before=None)
    """
    words = [text.strip() for text in keep]
    bars = [_bars(word) for word in words if _BARS.fullmatch(word)]
    voices = [word for word in words if not _BARS.fullmatch(word)]
    asked = Keep(tuple(voices), tuple(bars), tuple(_bars(text) for text in only))
    return asked if asked != Keep() else None


def _bars(text: str) -> Bars:
    """Return the bars that `5` or `5-8` stand for."""
    found = _BARS.fullmatch(text.strip())
    if not found:
        raise ConfigError(f"bars are a number or two, like 5 or 5-8, got {text!r}")
    first = int(found[1])
    last = int(found[2] or first)
    if not 1 <= first <= last:
        raise ConfigError(f"bars are counted from 1 and upwards, got {text!r}")
    return first, last


def keep_voices(
    keep: Keep,
    song: Song,
    voices: Sequence[str],
    melody: int,
    grid: PulseGrid,
    end: float,
) -> list[Kept]:
    """Return what `keep` asks for of each of `voices`.

    song: an arrangement. melody: the index of its melody's track. end: of the melody, in beats.
    Raise ConfigError if there is no such voice or bar.
    """
    _check_voices(keep, voices)
    bar_onsets = song.bar_onsets(end)
    _check_bars(keep, len(bar_onsets))
    barred = _kept_bars(keep, bar_onsets, end)
    if keep.before is not None:
        barred = [(0.0, keep.before)]
    asked = {name.casefold() for name in keep.voices}
    found = []
    for name, track in zip(voices, _voice_tracks(song, voices, melody), strict=True):
        spans = barred
        if name.casefold() in asked:
            spans = [(0.0, max(end, track.end))]
        found.append(_kept(track, spans, grid))
    return found


def _check_voices(keep: Keep, voices: Sequence[str]) -> None:
    known = {name.casefold() for name in voices}
    for name in keep.voices:
        if name.casefold() not in known:
            there = ", ".join(voices)
            raise ConfigError(
                f"no voice {name!r} to keep; there are {there}, or bars like 5-8"
            )


def _check_bars(keep: Keep, count: int) -> None:
    for first, last in (*keep.bars, *keep.only):
        if last > count:
            shown = f"{first}-{last}" if last > first else str(first)
            raise ConfigError(f"no bar {shown}; the melody has bars 1 to {count}")


def _voice_tracks(song: Song, voices: Sequence[str], melody: int) -> list[Track]:
    """Return the tracks of the voices: by name, or in their order if there are as many tracks."""
    others = [track for index, track in enumerate(song.tracks) if index != melody]
    by_name = {track.name.casefold(): track for track in reversed(others)}
    names = [name.casefold() for name in voices]
    if all(name in by_name for name in names):
        return [by_name[name] for name in names]
    if len(others) == len(voices):
        return others
    needed = ", ".join(voices)
    had = ", ".join(track.name or "one without a name" for track in others) or "none"
    raise ConfigError(
        f"to keep a part of an arrangement its voices are needed, {needed}; "
        f"beside the melody there is {had}"
    )


def _kept_bars(keep: Keep, onsets: Sequence[float], end: float) -> list[Span]:
    """Return the bars that are kept, in beats. onsets: where each bar starts."""
    edges = [*onsets, max(end, onsets[-1])]
    spans = []
    for bar, span in enumerate(pairwise(edges), 1):
        left_alone = bool(keep.only) and not _is_among(bar, keep.only)
        if left_alone or _is_among(bar, keep.bars):
            spans.append(span)
    return spans


def _is_among(bar: int, ranges: Sequence[Bars]) -> bool:
    return any(first <= bar <= last for first, last in ranges)


def _kept(track: Track, spans: Sequence[Span], grid: PulseGrid) -> Kept:
    """Return the notes of a voice that reach into the spans, and where they leave no room for
    others.
    """
    notes = tuple(note for note in track.notes if _reaches_into(note, spans))
    # A kept note may reach out of its bar; there no other may sound either.
    taken = (*spans, *((note.onset, note.end) for note in notes))
    line, _ = top_line(Track(notes))
    pitches, _ = sample_line(line, grid)
    return Kept(track, notes, taken, pitches)


def _reaches_into(note: Note, spans: Sequence[Span]) -> bool:
    return any(
        note.onset < end - TINY and note.end > start + TINY for start, end in spans
    )


def continued(
    kept: Sequence[Note],
    made: Sequence[Note],
    now: float,
) -> tuple[Note, ...]:
    """Return notes kept from before beat `now`, and what goes on from there; one that holds on
    grows longer.
    """
    later = [note for note in made if note.onset >= now - TINY]
    going = _going_on(made, now)
    if going is None:
        return (*kept, *later)
    if kept and kept[-1].end >= now - TINY and kept[-1].pitch == going.pitch:
        longer = replace(kept[-1], duration=going.end - kept[-1].onset)
        return (*kept[:-1], longer, *later)
    rest = replace(going, onset=now, duration=going.end - now)
    return (*kept, rest, *later)


def _going_on(made: Sequence[Note], now: float) -> Note | None:
    """Return the first note that began before beat `now` and sounds on after it."""
    for note in made:
        if note.onset < now - TINY and note.end > now + TINY:
            return note
    return None
