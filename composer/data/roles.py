"""Decide which track of a file plays which part: roles by General MIDI program or by name, or
voices in score order.

The first role is the melody, which is made one line; every song then has the same tracks in the
same order.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import NamedTuple

from composer.errors import ConfigError, MelodyError, Mend, Remark
from composer.songs.edit import named_melody, top_line
from composer.songs.song import Note, Song, Track

DRUMS = "drums"
LAST_PROGRAM = 127
NEARLY_ALL = 0.9
MAX_VOICES = 8
LONGEST_NAME = 30  # characters of a track's name in a message
MOST_NAMES = 6  # tracks in a message
# Share of notes with which a track still is one line: double stops, sloppy legato.
CHORDS_IN_A_LINE = 0.25
# Share of the shorter note; two notes that overlap by less are legato, as in `edit.top_line`.
LEGATO = 0.5
TINY = 1e-9  # beats

ORDERS = {
    "name": "by name",
    "place": "in the order of the files",
    "pitch": "from high to low",
}


@dataclass(frozen=True)
class Role:
    """A part that tracks play. patterns: see `fits`; none means what `edit.named_melody` finds.

    >>> bass = Role("Bass", ("32-39",))
    >>> bass.program, bass.is_drum, bass.fits(Track(program=33))
    (32, False, True)
    """

    name: str
    patterns: tuple[str, ...] = ()

    def fits(self, track: Track) -> bool:
        """Return whether a track plays this role.

        A pattern is "drums", a program (0 to 127) or a range of them, or a part of the track's name
        in either case. Drum tracks fit "drums" alone.

        >>> Role("Low", ("32-39", "cello")).fits(Track(name="Solo Cello", program=0))
        True
        """
        return any(_fits(pattern, track) for pattern in self.patterns)

    @property
    def is_drum(self) -> bool:
        """True if drums play it."""
        return DRUMS in self.patterns

    @property
    def program(self) -> int:
        """The first program that its patterns name; 0 without any."""
        for pattern in self.patterns:
            programs = _programs(pattern)
            if programs:
                return programs[0]
        return 0


# Dong et al. 2018, section 5: the five families of the Lakh Pianoroll Dataset, with the melody
# taken out of them.
FAMILIES = (
    Role("Melody"),
    Role("Drums", (DRUMS,)),
    Role("Piano", ("0-7",)),
    Role("Guitar", ("24-31",)),
    Role("Bass", ("32-39",)),
    Role("Strings", ("0-127",)),
)


class Played(NamedTuple):
    """A song with one track for each role.

    It names the roles for which the top line of chords was taken.
    """

    song: Song
    cut: tuple[str, ...] = ()


Plan = Callable[[Song], Played]
"""A function that gives a song the tracks of its folder.

It raises MelodyError for a song that does not fit.
"""


# --- what one writes ---------------------------------------------------------------------


def parse_roles(texts: Sequence[str]) -> tuple[Role, ...]:
    """Read roles from texts "NAME=PATTERN|PATTERN...", in order, the first the melody.

    No texts are no roles. Raise ConfigError if one is not well formed, two have one name, or the
    melody is alone or drums.

    >>> parse_roles(["Lead=flute|73", "Low=32-39"])
    (Role(name='Lead', patterns=('flute', '73')), Role(name='Low', patterns=('32-39',)))
    """
    roles = tuple(_parse(text) for text in texts)
    names = Counter(role.name.casefold() for role in roles)
    for role in roles:
        if names[role.name.casefold()] > 1:
            raise ConfigError(f"two roles are named {role.name!r}", mend="same-role")
    if len(roles) == 1:
        raise ConfigError(f"{texts[0]!r} is the melody alone", mend="one-role")
    if roles and roles[0].is_drum:
        raise ConfigError(
            f"the first role is the melody, {texts[0]!r} are drums", mend="melody-first"
        )
    return roles


def _parse(text: str) -> Role:
    before, equals, rest = text.partition("=")
    name = before.strip()
    patterns = tuple(
        _read_pattern(pattern.strip(), text) for pattern in rest.split("|")
    )
    is_whole = bool(name and equals) and all(patterns)
    if not is_whole:
        raise ConfigError(f"{text!r} is no role", mend="role")
    role = Role(name, patterns)
    if role.is_drum and len(set(patterns)) > 1:
        raise ConfigError(
            f"{text!r} mixes drums with pitched tracks; give the drums a role of their own, "
            "Drums=drums"
        )
    return role


def _read_pattern(pattern: str, text: str) -> str:
    """Return a pattern of a role's text.

    Raise ConfigError if it is written in figures, but names no programs.
    """
    if pattern.casefold() == DRUMS:
        return DRUMS
    if re.fullmatch(r"[\d\s-]+", pattern):
        programs = _programs(pattern)
        if not programs or programs[-1] > LAST_PROGRAM:
            raise ConfigError(
                f"{pattern!r} in {text!r}: programs are 0 to 127 and a range goes up, as 24-31"
            )
    return pattern


def _programs(pattern: str) -> range:
    """Return the programs that "40" or "24-31" means; none for a name."""
    found = re.fullmatch(r"(\d+)(?:\s*-\s*(\d+))?", pattern, re.ASCII)
    if not found:
        return range(0)
    first = int(found[1])
    last = int(found[2] or first)
    return range(first, last + 1)


def _fits(pattern: str, track: Track) -> bool:
    # The program of a drum track names a drum kit, no instrument.
    if track.is_drum or pattern == DRUMS:
        return track.is_drum and pattern == DRUMS
    programs = _programs(pattern)
    if programs:
        return track.program in programs
    return pattern.casefold() in track.name.casefold()


# --- by roles ----------------------------------------------------------------------------


def by_roles(song: Song, roles: Sequence[Role]) -> Played:
    """Return the song with one track for each role: all that fit it, merged.

    A track goes to the first role that it fits. Raise MelodyError if nothing plays the melody, or
    nothing another role.

    >>> song = Song((Track((Note(0.0, 40, 1.0),), "Bass"), Track((Note(0.0, 79, 1.0),), "Flute")))
    >>> roles = parse_roles(["Lead=flute", "Low=bass"])
    >>> [track.name for track in by_roles(song, roles).song.tracks]
    ['Lead', 'Low']
    """
    tracks = [track for track in song.tracks if track.notes]
    parts = _tracks_by_role(tracks, roles)
    if not parts[0]:
        raise MelodyError(
            f"no track for the melody ({roles[0].name}): it has {_described(tracks)}"
        )
    if not any(parts[1:]):
        raise MelodyError(
            f"no track beside the melody for any role: it has {_described(tracks)}"
        )
    merged = [_merged(role, part) for role, part in zip(roles, parts, strict=True)]
    line, has_chords = top_line(merged[0])
    cut = (line.name,) if has_chords else ()
    played = replace(song, tracks=(line, *merged[1:]))
    return Played(played, cut)


def _tracks_by_role(
    tracks: Sequence[Track], roles: Sequence[Role]
) -> list[list[Track]]:
    melody = None if roles[0].patterns else named_melody(tracks)
    parts: list[list[Track]] = [[] for _ in roles]
    for i, track in enumerate(tracks):
        # The melody is nobody else's, whatever patterns its name or program fits.
        if i == melody:
            parts[0].append(track)
            continue
        for part, role in zip(parts, roles, strict=True):
            if role.fits(track):
                part.append(track)
                break
    return parts


def _merged(role: Role, tracks: Sequence[Track]) -> Track:
    """Return all notes of the tracks as one track; of two at one onset and pitch the longer."""
    program = tracks[0].program if tracks else role.program
    if len(tracks) == 1:
        return Track(
            tracks[0].notes,
            role.name,
            program,
            role.is_drum,
        )
    kept: dict[tuple[float, int], Note] = {}
    for track in tracks:
        for note in track.notes:
            # Two notes at one place would be one key struck twice at once.
            place = (note.onset, note.pitch)
            before = kept.get(place)
            if before is None or _weight(note) > _weight(before):
                kept[place] = note
    return Track(
        tuple(kept.values()),
        role.name,
        program,
        role.is_drum,
    )


def _weight(note: Note) -> tuple[float, int]:
    return note.duration, note.velocity


def _described(tracks: Sequence[Track]) -> str:
    """Name tracks and their programs, for a message."""
    names = []
    for track in tracks:
        kind = DRUMS if track.is_drum else track.program
        names.append(f"{track.name.strip()[:LONGEST_NAME]!r} ({kind})")
    if len(names) > MOST_NAMES:
        shown = MOST_NAMES - 1
        names = [*names[:shown], f"{len(names) - shown} more"]
    return ", ".join(names) or "no notes"


# --- by voices ---------------------------------------------------------------------------


@dataclass(frozen=True)
class Voices:
    """A plan for pieces that all have the same number of one-line tracks, which are the roles.

    by: how a voice is found: "name", "place" (the order in the file) or "pitch" (the highest on
    average first).
    """

    names: tuple[str, ...]
    by: str

    def __call__(self, song: Song) -> Played:
        """Return the song with one track for each voice, one line each.

        Raise MelodyError for a piece with other tracks.
        """
        tracks = _sounding(song)
        if _count_voices(song) != len(self.names):
            raise MelodyError(
                f"not {len(self.names)} one-line tracks like the others: "
                f"it has {_described(tracks)}"
            )
        lines = []
        cut = []
        for name, track in zip(self.names, self._ordered(tracks), strict=True):
            line, has_chords = top_line(track)
            lines.append(replace(line, name=name))
            if has_chords:
                cut.append(name)
        return Played(replace(song, tracks=tuple(lines)), tuple(cut))

    def _ordered(self, tracks: Sequence[Track]) -> list[Track]:
        keys = [_key(name) for name in self.names]
        named = {_key(track.name): track for track in tracks}
        if self.by == "name" and set(named) == set(keys):
            return [named[key] for key in keys]
        if self.by == "place":
            return list(tracks)
        return _by_pitch(tracks)


def is_line(track: Track) -> bool:
    """Return whether a track is one line, but for a quarter of its notes that sound together."""
    chords = 0
    for before, note in pairwise(track.notes):
        legato = LEGATO * min(before.duration, note.duration)
        chords += note.onset < before.end - legato - TINY
    return chords <= CHORDS_IN_A_LINE * len(track.notes)


def _sounding(song: Song) -> list[Track]:
    return [track for track in song.tracks if track.notes]


def _count_voices(song: Song) -> int:
    """Return how many tracks sound if all are one line and none is drums; else 0."""
    tracks = _sounding(song)
    are_lines = all(is_line(track) and not track.is_drum for track in tracks)
    return len(tracks) if are_lines else 0


def _by_pitch(tracks: Sequence[Track]) -> list[Track]:
    return sorted(tracks, key=lambda track: -track.mean_pitch)


def _key(name: str) -> str:
    """Return a name as it is compared: without case, with single spaces."""
    return " ".join(name.casefold().split())


# --- the choice --------------------------------------------------------------------------


def choose(songs: Sequence[Song]) -> tuple[Plan, Remark]:
    """Return the plan that fits these songs if the user names no roles, and a remark that says so.

    Voices if nearly all have the same number (2 to 8) of one-line tracks and no others; else
    `FAMILIES`.
    """
    number, alike = _alike(songs)
    is_usual = 2 <= number <= MAX_VOICES
    if is_usual and len(alike) >= NEARLY_ALL * len(songs):
        voices = _name_voices([_sounding(song) for song in alike])
        melody, *rest = voices.names
        shown = ", ".join([f"{melody} (the melody)", *rest])
        text = f"the pieces have {number} one-line tracks: roles {ORDERS[voices.by]}: {shown}"
        return voices, Remark(text, Mend("other-roles"))
    others = ", ".join(role.name for role in FAMILIES[1:])
    text = f"roles by program: Melody (by name, else the highest), {others}"
    return _by_families, Remark(text, Mend("other-roles"))


def _alike(songs: Sequence[Song]) -> tuple[int, list[Song]]:
    """Return the commonest number of voices, and the songs that have it."""
    if not songs:
        return 0, []
    counts = [_count_voices(song) for song in songs]
    number, _ = Counter(counts).most_common(1)[0]
    pairs = zip(songs, counts, strict=True)
    return number, [song for song, count in pairs if count == number]


def _by_families(song: Song) -> Played:
    return by_roles(song, FAMILIES)


def _name_voices(pieces: Sequence[Sequence[Track]]) -> Voices:
    """Return the plan for pieces with the same number of one-line tracks.

    It goes by name if nearly all have the same names.
    """
    # A few odd files must not change how all others are read.
    enough = NEARLY_ALL * len(pieces)
    counts = Counter(_keys(piece) for piece in pieces)
    keys, often = counts.most_common(1)[0]
    are_distinct = len(keys) == len(pieces[0]) and "" not in keys
    if often >= enough and are_distinct:
        alike = [piece for piece in pieces if _keys(piece) == keys]
        return Voices(_names_by_pitch(alike), "name")
    descending = sum(_is_descending(piece) for piece in pieces)
    if descending >= enough:
        return Voices(_common_names(pieces), "place")
    return Voices(_common_names([_by_pitch(piece) for piece in pieces]), "pitch")


def _keys(piece: Sequence[Track]) -> frozenset[str]:
    return frozenset(_key(track.name) for track in piece)


def _names_by_pitch(pieces: Sequence[Sequence[Track]]) -> tuple[str, ...]:
    """Return the names of the tracks that all pieces have, the highest on average first."""
    height: dict[str, float] = {}
    spelled: dict[str, str] = {}
    for piece in pieces:
        for track in piece:
            key = _key(track.name)
            height[key] = height.get(key, 0) + track.mean_pitch
            spelled[key] = track.name.strip()
    ordered = sorted(height, key=lambda key: (-height[key], key))
    return tuple(spelled[key] for key in ordered)


def _is_descending(piece: Sequence[Track]) -> bool:
    """Return whether the first track is the highest on average and the last the lowest."""
    ordered = _by_pitch(piece)
    return piece[0] is ordered[0] and piece[-1] is ordered[-1]


def _common_names(pieces: Iterable[Sequence[Track]]) -> tuple[str, ...]:
    """Return the name that most pieces give to each voice.

    If they do not agree the names are Voice 1, Voice 2 and so on.
    """
    names = []
    for column in zip(*pieces, strict=True):
        counts = Counter(track.name.strip() for track in column)
        name, often = counts.most_common(1)[0]
        # Less than half of the pieces are no agreement.
        is_agreed = 2 * often > len(column)
        names.append(name if is_agreed else "")
    are_distinct = len({_key(name) for name in names}) == len(names)
    if "" in names or not are_distinct:
        return tuple(f"Voice {number}" for number in range(1, len(names) + 1))
    return tuple(names)
