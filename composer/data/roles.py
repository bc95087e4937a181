"""Which track of a file plays which part: roles by General MIDI program or by name, or voices in score order.

The first role is the melody, which is made one line; every song then has the same tracks in the same order.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import NamedTuple

from composer.errors import ConfigError, MelodyError
from composer.songs.edit import named_melody, top_line
from composer.songs.song import Note, Song, Track

DRUMS = "drums"
HOW = (
    "write --track NAME=PATTERN, where PATTERN is a program (40), a range of them (24-31), drums, or a part of the "
    "track's name; | separates alternatives"
)
NEARLY_ALL = 0.9
MAX_VOICES = 8
CHORDS_IN_A_LINE = (
    0.25  # share of notes with which a track still is one line: double stops, sloppy legato
)


@dataclass(frozen=True)
class Role:
    """A part that tracks play. patterns: see `fits`; none means what `named_melody` finds."""

    name: str
    patterns: tuple[str, ...] = ()

    def fits(self, track: Track) -> bool:
        """Whether a track plays this role.

        A pattern is "drums", a program (0 to 127) or a range of them, or a part of the track's name in either case.
        Drum tracks fit "drums" alone.
        """
        return any(_fits(pattern, track) for pattern in self.patterns)

    @property
    def is_drum(self) -> bool:
        """Whether drums play it."""
        return DRUMS in self.patterns

    @property
    def program(self) -> int:
        """The first program that its patterns name; 0 without any."""
        return next((found[0] for found in map(_programs, self.patterns) if found), 0)


# Dong et al. 2018, section 5: the five families of the Lakh Pianoroll Dataset, with the melody taken out of them.
FAMILIES = (
    Role("Melody"),
    Role("Drums", (DRUMS,)),
    Role("Piano", ("0-7",)),
    Role("Guitar", ("24-31",)),
    Role("Bass", ("32-39",)),
    Role("Strings", ("0-127",)),
)


class Played(NamedTuple):
    """A song with one track for each role; the names of the roles of which only the top line of chords was kept."""

    song: Song
    cut: tuple[str, ...] = ()


Plan = Callable[[Song], Played]


def parse_roles(texts: Sequence[str]) -> tuple[Role, ...]:
    """Roles from "NAME=PATTERN|PATTERN..." each, in order, the first the melody; none from none.

    Raises ConfigError, one line that says how to write it.
    """
    roles = tuple(map(_parse, texts))
    names = Counter(role.name.casefold() for role in roles)
    twice = [role.name for role in roles if names[role.name.casefold()] > 1]
    if twice:
        raise ConfigError(
            f"two roles are named {twice[0]!r}; give one --track with both patterns, A|B, or two names"
        )
    if len(roles) == 1:
        raise ConfigError(
            f"{texts[0]!r} is the melody alone; name with --track at least one part to write for it"
        )
    if roles and roles[0].is_drum:
        raise ConfigError(
            f"the first role is the melody, {texts[0]!r} are drums; put another --track first"
        )
    return roles


def _parse(text: str) -> Role:
    name, equals, rest = (part.strip() for part in text.partition("="))
    patterns = tuple(pattern.strip() for pattern in rest.split("|"))
    if not name or not equals or not all(patterns):
        raise ConfigError(f"{text!r} is no role; {HOW}")
    for pattern in patterns:
        if re.fullmatch(r"[\d\s-]+", pattern):
            programs = _programs(pattern)
            if not programs or programs[-1] > 127:
                raise ConfigError(
                    f"{pattern!r} in {text!r}: programs are 0 to 127 and a range goes up, as 24-31"
                )
    role = Role(
        name, tuple(DRUMS if pattern.casefold() == DRUMS else pattern for pattern in patterns)
    )
    if role.is_drum and len(set(role.patterns)) > 1:
        raise ConfigError(
            f"{text!r} mixes drums with pitched tracks; give the drums a role of their own, Drums=drums"
        )
    return role


def _programs(pattern: str) -> range:
    """The programs that "40" or "24-31" means; empty for a name."""
    found = re.fullmatch(r"(\d+)(?:\s*-\s*(\d+))?", pattern, re.ASCII)
    return range(int(found[1]), int(found[2] or found[1]) + 1) if found else range(0)


def _fits(pattern: str, track: Track) -> bool:
    if pattern == DRUMS or track.is_drum:
        return pattern == DRUMS and track.is_drum
    programs = _programs(pattern)
    return track.program in programs if programs else pattern.casefold() in track.name.casefold()


# --- by roles ----------------------------------------------------------------------------


def by_roles(song: Song, roles: Sequence[Role]) -> Played:
    """One track for each role: all that fit it, merged; a track goes to the first role that it fits.

    Raises MelodyError where nothing plays the melody, or nothing another role.
    """
    tracks = [track for track in song.tracks if track.notes]
    melody = named_melody(tracks) if not roles[0].patterns else None
    parts: list[list[Track]] = [[] for _ in roles]
    for i, track in enumerate(tracks):
        fitting = [0] if i == melody else [r for r, role in enumerate(roles) if role.fits(track)]
        for place in fitting[:1]:
            parts[place].append(track)
    if not parts[0]:
        raise MelodyError(f"no track for the melody ({roles[0].name}): it has {_described(tracks)}")
    if not any(parts[1:]):
        raise MelodyError(f"no track beside the melody for any role: it has {_described(tracks)}")
    merged = [_merged(role, part) for role, part in zip(roles, parts, strict=True)]
    line, chords = top_line(merged[0])
    return Played(replace(song, tracks=(line, *merged[1:])), (line.name,) if chords else ())


def _merged(role: Role, tracks: Sequence[Track]) -> Track:
    """All notes of the tracks; of two at one onset and pitch the longer."""
    program = tracks[0].program if tracks else role.program
    if len(tracks) == 1:
        return Track(tracks[0].notes, role.name, program, role.is_drum)
    notes: dict[tuple[float, int], Note] = {}
    for note in (note for track in tracks for note in track.notes):
        before = notes.get((note.onset, note.pitch))
        if before is None or (note.duration, note.velocity) > (before.duration, before.velocity):
            notes[note.onset, note.pitch] = note
    return Track(tuple(notes.values()), role.name, program, role.is_drum)


def _described(tracks: Sequence[Track]) -> str:
    names = [f"{t.name.strip()[:30]!r} ({DRUMS if t.is_drum else t.program})" for t in tracks]
    return (
        ", ".join(names if len(names) < 7 else [*names[:5], f"{len(names) - 5} more"]) or "no notes"
    )


# --- by voices ---------------------------------------------------------------------------


@dataclass(frozen=True)
class Voices:
    """Every piece has the same number of one-line tracks: they are the roles, found by name, place or height."""

    names: tuple[str, ...]
    by: str  # "name", "place" (the order in the file) or "pitch" (the highest on average first)

    def __call__(self, song: Song) -> Played:
        """One track for each voice, one line each. Raises MelodyError for a piece with other tracks."""
        tracks = [track for track in song.tracks if track.notes]
        if _voices(song) != len(self.names):
            raise MelodyError(
                f"not {len(self.names)} one-line tracks like the others: it has {_described(tracks)}"
            )
        lines = []
        for name, track in zip(self.names, self._ordered(tracks), strict=True):
            line, chords = top_line(track)
            lines.append((replace(line, name=name), chords))
        cut = tuple(line.name for line, chords in lines if chords)
        return Played(replace(song, tracks=tuple(line for line, _ in lines)), cut)

    def _ordered(self, tracks: Sequence[Track]) -> list[Track]:
        keys = [_key(name) for name in self.names]
        named = {_key(track.name): track for track in tracks}
        if self.by == "name" and set(named) == set(keys):
            return [named[key] for key in keys]
        return list(tracks) if self.by == "place" else _by_pitch(tracks)


def is_line(track: Track) -> bool:
    """Whether a track is one line, but for at most a quarter of its notes that sound together."""
    chords = sum(
        b.onset < a.end - 0.5 * min(a.duration, b.duration) - 1e-9 for a, b in pairwise(track.notes)
    )  # less than half is legato, as in `top_line`
    return chords <= CHORDS_IN_A_LINE * len(track.notes)


def _voices(song: Song) -> int:
    """How many tracks sound where all are one line and none is drums; else 0."""
    tracks = [track for track in song.tracks if track.notes]
    return len(tracks) if all(is_line(track) and not track.is_drum for track in tracks) else 0


def _by_pitch(tracks: Sequence[Track]) -> list[Track]:
    return sorted(tracks, key=lambda track: -track.mean_pitch)


def _key(name: str) -> str:
    return " ".join(name.casefold().split())


# --- the choice --------------------------------------------------------------------------


def choose(songs: Sequence[Song]) -> tuple[Plan, str]:
    """The plan that fits these songs where the user names no roles, and a line that says so.

    Voices where nearly all have the same number (2 to 8) of one-line tracks and no others; else `FAMILIES`.
    """
    counts = [_voices(song) for song in songs]
    number, often = Counter(counts).most_common(1)[0] if counts else (0, 0)
    if 2 <= number <= MAX_VOICES and often >= NEARLY_ALL * len(songs):
        voices = _name_voices(
            [song for song, count in zip(songs, counts, strict=True) if count == number]
        )
        order = {
            "name": "by name",
            "place": "in the order of the files",
            "pitch": "from high to low",
        }[voices.by]
        shown = ", ".join((f"{voices.names[0]} (the melody)", *voices.names[1:]))
        return (
            voices,
            f"the pieces have {number} one-line tracks: roles {order}: {shown}; --track chooses others",
        )
    named = "Melody (by name, else the highest), " + ", ".join(role.name for role in FAMILIES[1:])
    return lambda song: by_roles(
        song, FAMILIES
    ), f"roles by program: {named}; --track chooses others"


def _name_voices(songs: Sequence[Song]) -> Voices:
    pieces = [[track for track in song.tracks if track.notes] for song in songs]
    enough = NEARLY_ALL * len(pieces)
    sets, often = Counter(frozenset(_key(t.name) for t in piece) for piece in pieces).most_common(
        1
    )[0]
    if often >= enough and len(sets) == len(pieces[0]) and "" not in sets:
        like = [piece for piece in pieces if {_key(t.name) for t in piece} == sets]
        mean = {
            key: sum(t.mean_pitch for piece in like for t in piece if _key(t.name) == key)
            for key in sets
        }
        spelled = {_key(t.name): t.name.strip() for piece in like for t in piece}
        return Voices(
            tuple(spelled[key] for key in sorted(sets, key=lambda key: (-mean[key], key))), "name"
        )
    descending = sum(
        piece[0] is _by_pitch(piece)[0] and piece[-1] is _by_pitch(piece)[-1] for piece in pieces
    )
    by = "place" if descending >= enough else "pitch"
    columns = zip(*(piece if by == "place" else _by_pitch(piece) for piece in pieces), strict=True)
    return Voices(_common_names(columns, len(pieces)), by)


def _common_names(columns: object, pieces: int) -> tuple[str, ...]:
    """For each voice the name that most pieces give it; Voice 1, Voice 2 ... where they do not agree."""
    names = []
    for column in columns:  # type: ignore[attr-defined]
        name, often = Counter(track.name.strip() for track in column).most_common(1)[0]
        names.append(name if 2 * often > pieces else "")
    if "" in names or len({_key(name) for name in names}) < len(names):
        return tuple(f"Voice {i}" for i in range(1, len(names) + 1))
    return tuple(names)
