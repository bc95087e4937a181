"""Keeping a part of an arrangement, voices or bars, while the rest is made anew around it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from composer.errors import ConfigError
from composer.songs.edit import TINY, top_line
from composer.songs.grid import Ints, PulseGrid, sample_line
from composer.songs.song import Note, Song, Track

Span = tuple[int, int]
"""First and last bar, from 1 as in `Song.bar_onsets`; a pickup is bar 1."""
_BARS = re.compile(r"(\d+)(?:-(\d+))?")


@dataclass(frozen=True)
class Keep:
    """What comes back unchanged. voices: by name, whatever the case. bars: of all voices.

    only: if given, nothing but these bars is made anew. Notes that reach into a bar that is kept are kept whole.
    before: all that began before that beat, when playing ahead.
    """

    voices: tuple[str, ...] = ()
    bars: tuple[Span, ...] = ()
    only: tuple[Span, ...] = ()
    before: float | None = None


@dataclass(frozen=True)
class Ahead:
    """Voices for what is not heard yet. now, end: beats up to which the melody was heard, and the voices are wanted.

    expected: the pitch that the melody is taken to play from `now` to `end`.
    """

    now: float
    end: float
    expected: int | None = None

    @property
    def known(self) -> float:
        """Beat up to which there is a melody to go by."""
        return self.now if self.expected is None else self.end

    def line(self, heard: Track) -> Track:
        """The melody that is gone by: a note that sounds and is expected is taken to be held."""
        if self.expected is None:
            return heard
        *before, last = heard.notes
        if last.pitch == self.expected and last.end >= self.now - TINY:
            return replace(heard, notes=(*before, replace(last, duration=self.end - last.onset)))
        return replace(
            heard,
            notes=(*heard.notes, Note(self.now, self.expected, self.end - self.now, last.velocity)),
        )


@dataclass(frozen=True)
class Kept:
    """What is kept of one voice.

    track: as it was. notes: those kept. spans: beats from, to, in which no other note may sound. pitches: int [step]
    of the grid, of the kept notes, -1 where there is none.
    """

    track: Track
    notes: tuple[Note, ...]
    spans: tuple[tuple[float, float], ...]
    pitches: Ints


def parse(keep: Sequence[str], only: Sequence[str]) -> Keep | None:
    """What `--keep alto --keep 1-4` and `--bars 5-8` ask for: a number or two are bars, all else is a voice."""
    bars = tuple(_span(text) for text in keep if _BARS.fullmatch(text.strip()))
    voices = tuple(text.strip() for text in keep if not _BARS.fullmatch(text.strip()))
    asked = Keep(voices, bars, tuple(_span(text) for text in only))
    return asked if asked != Keep() else None


def _span(text: str) -> Span:
    found = _BARS.fullmatch(text.strip())
    if not found:
        raise ConfigError(f"bars are a number or two, like 5 or 5-8, got {text!r}")
    first, last = int(found[1]), int(found[2] or found[1])
    if not 1 <= first <= last:
        raise ConfigError(f"bars are counted from 1 and upwards, got {text!r}")
    return first, last


def keep_voices(
    keep: Keep, song: Song, voices: Sequence[str], melody: int, grid: PulseGrid, end: float
) -> list[Kept]:
    """What `keep` asks for in each of `voices` of an arrangement `song`, whose melody is track `melody`.

    end: of the melody, in beats. Raises ConfigError for a voice or a bar that is not there.
    """
    names = [name.casefold() for name in voices]
    for name in keep.voices:
        if name.casefold() not in names:
            raise ConfigError(
                f"no voice {name!r} to keep; there are {', '.join(voices)}, or bars like 5-8"
            )
    starts = song.bar_onsets(end)
    for first, last in (*keep.bars, *keep.only):
        if last > len(starts):
            shown = f"{first}-{last}" if last > first else str(first)
            raise ConfigError(f"no bar {shown}; the melody has bars 1 to {len(starts)}")
    tracks = _tracks(song, voices, melody)
    barred = _kept_bars(keep, starts, end) if keep.before is None else [(0.0, keep.before)]
    found = []
    for name, track in zip(names, tracks, strict=True):
        whole = name in [voice.casefold() for voice in keep.voices]
        found.append(_kept(track, [(0.0, max(end, track.end))] if whole else barred, grid))
    return found


def _tracks(song: Song, voices: Sequence[str], melody: int) -> list[Track]:
    """The voices' tracks, by name or, where there are as many, in their order."""
    others = [track for i, track in enumerate(song.tracks) if i != melody]
    by_name = {track.name.casefold(): track for track in reversed(others)}
    if all(name.casefold() in by_name for name in voices):
        return [by_name[name.casefold()] for name in voices]
    if len(others) == len(voices):
        return others
    had = ", ".join(track.name or "one without a name" for track in others) or "none"
    raise ConfigError(
        f"to keep a part of an arrangement its voices are needed, {', '.join(voices)}; beside the melody there is {had}"
    )


def _kept_bars(keep: Keep, starts: Sequence[float], end: float) -> list[tuple[float, float]]:
    edges = [*starts[1:], max(end, starts[-1])]

    def among(bar: int, spans: Sequence[Span]) -> bool:
        return any(first <= bar <= last for first, last in spans)

    kept = [
        among(i, keep.bars) or bool(keep.only and not among(i, keep.only))
        for i in range(1, len(starts) + 1)
    ]
    return [
        span for span, locked in zip(zip(starts, edges, strict=True), kept, strict=True) if locked
    ]


def _kept(track: Track, spans: Sequence[tuple[float, float]], grid: PulseGrid) -> Kept:
    notes = tuple(
        n for n in track.notes if any(n.onset < b - TINY and n.end > a + TINY for a, b in spans)
    )
    taken = (*spans, *((n.onset, n.end) for n in notes))
    return Kept(track, notes, taken, sample_line(top_line(Track(notes))[0], grid)[0])


def continued(kept: Sequence[Note], made: Sequence[Note], now: float) -> tuple[Note, ...]:
    """Notes kept from before beat `now`, and what goes on from there; one that holds on becomes longer."""
    later = [n for n in made if n.onset >= now - TINY]
    going = next((n for n in made if n.onset < now - TINY and n.end > now + TINY), None)
    if going is None:
        return (*kept, *later)
    if kept and kept[-1].end >= now - TINY and kept[-1].pitch == going.pitch:
        return (*kept[:-1], replace(kept[-1], duration=going.end - kept[-1].onset), *later)
    return (*kept, replace(going, onset=now, duration=going.end - now), *later)
