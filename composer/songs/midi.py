"""Standard MIDI files (types 0 and 1) to Songs and back; ticks become beats here and nowhere else.

What a Song has no place for is dropped: controllers, pedal, pitch bend, lyrics, later program
changes. A text event `composer: ...` at the start says how an arrangement was made (`Song.made`).
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from math import isfinite
from pathlib import Path
from typing import TypeVar

from composer.errors import MidiError
from composer.files import atomic
from composer.songs.midibytes import (
    END,
    KEY,
    NAME,
    NOTE_OFF,
    NOTE_ON,
    PROGRAM,
    SYSEX,
    TEMPO,
    TEXT,
    TIME,
    Event,
    pack,
    unpack,
)
from composer.songs.song import KeySignature, Note, Song, Tempo, TimeSignature, Track

MAX_BYTES = 4 * 2**20  # 700,000 notes: seconds to read, some 300 MiB as a Song
MAX_BEATS = 200_000
MAX_HOURS = 10
MAX_TICKS_PER_BEAT = 32767
MAX_TRACKS = 65534
DRUM_CHANNEL = 9  # channel 10 as people count
PITCHED_CHANNELS = [channel for channel in range(16) if channel != DRUM_CHANNEL]
CHANNELS = 16
MADE = "composer: "  # begins the text event that holds `Song.made`
DENOMINATORS = {
    2**power: power for power in range(7)
}  # 1, 2, 4 ... 64 and how MIDI writes them
MICROSECONDS = 60e6  # in a minute; MIDI writes a tempo as microseconds a beat
SLOWEST = MICROSECONDS / 0xFFFFFF  # three bytes hold no more
CLOCKS_A_CLICK = 24
THIRTY_SECONDS_A_BEAT = 8

Mark = Tempo | TimeSignature | KeySignature

_Mark = tuple[float, int, bytes]
"""(onset in beats, kind, data): an event before its place is rounded to ticks."""

Key = TypeVar("Key")
Value = TypeVar("Value")


def write_midi(path: str | Path, song: Song) -> None:
    """Write a song as a type 1 MIDI file: tempo and metre first, then one track each.

    The same song gives the same bytes. Onsets and ends are rounded to ticks, tempos to microseconds
    a beat; notes of no length are dropped. The file appears whole or not at all. Raise MidiError
    for a song that MIDI cannot hold, OutputError for a place that cannot be written.
    """
    data = to_bytes(song)
    with atomic(path) as temporary:
        temporary.write_bytes(data)


def check_length(song: Song, end: float) -> None:
    """Raise MidiError if a song that stops at `end` (beats) is too long for a grid in memory."""
    if end > MAX_BEATS:
        raise MidiError(f"a song has at most {MAX_BEATS} beats, this one has {end:.0f}")
    hours = song.seconds(end) / 3600
    if hours > MAX_HOURS:
        raise MidiError(
            f"a song lasts at most {MAX_HOURS} hours, this one lasts {hours:.1f}"
        )


# --- reading -----------------------------------------------------------------------------


def from_bytes(data: bytes) -> Song:
    """Return the Song in the bytes of a MIDI file. Raise MidiError.

    Every channel of every track becomes a Track, channel 10 drums; its program is the first one
    named. Of notes of one pitch that overlap, the first to start is the first to end. A note that
    never ends lasts to the end of its track; one of no length is dropped, as are a tempo or a metre
    of 0. Of two tempos (metres, keys) at one onset the later in the track counts, and that of the
    first track that has one.

    >>> song = Song((Track((Note(0.0, 60, 1.0),), "Tune"),), title="One note")
    >>> from_bytes(to_bytes(song)) == song
    True
    """
    if len(data) > MAX_BYTES:
        raise MidiError(
            f"a file has at most {MAX_BYTES // 2**20} MiB, this one has more"
        )
    form, ticks_per_beat, chunks = unpack(data)
    parts = [_parse(chunk, ticks_per_beat) for chunk in chunks]
    song = _join(parts, ticks_per_beat, is_one_track=form == 0)
    end = max(part.end for part in parts)
    check_length(song, end / ticks_per_beat)
    return song


def _join(parts: Sequence[_Part], ticks_per_beat: int, is_one_track: bool) -> Song:
    """Return the song of all parts.

    is_one_track: the file is of type 0, whose only part holds all channels and the song's name.
    """
    programs = _first_of(part.programs for part in parts)
    tracks = _tracks_of(parts, programs, named=not is_one_track)
    tempos = _first_of(part.tempos for part in parts)
    time_signatures = _first_of(part.time_signatures for part in parts)
    key_signatures = _first_of(part.key_signatures for part in parts)
    # The name of a first track that plays is its own, not the song's.
    is_titled = is_one_track or not parts[0].tracks(programs, named=True)
    made = [part.made for part in parts if part.made]
    return Song(
        tracks=tuple(tracks),
        tempos=tuple(tempos.values()),
        time_signatures=tuple(time_signatures.values()),
        key_signatures=tuple(key_signatures.values()),
        title=parts[0].name if is_titled else "",
        ticks_per_beat=ticks_per_beat,
        made=made[0] if made else "",
    )


def _tracks_of(
    parts: Iterable[_Part], programs: Mapping[int, int], named: bool
) -> list[Track]:
    tracks: list[Track] = []
    for part in parts:
        tracks += part.tracks(programs, named)
    return tracks


@dataclass
class _Part:
    """One track chunk, parsed."""

    name: str = ""
    made: str = ""
    end: int = 0  # in ticks
    notes: dict[int, list[Note]] = field(default_factory=dict)  # by channel
    programs: dict[int, int] = field(default_factory=dict)  # by channel
    # By onset in beats.
    tempos: dict[float, Tempo] = field(default_factory=dict)
    time_signatures: dict[float, TimeSignature] = field(default_factory=dict)
    key_signatures: dict[float, KeySignature] = field(default_factory=dict)

    def tracks(self, programs: Mapping[int, int], named: bool) -> list[Track]:
        """Return a track for each channel with notes; without any, for the first with a program.

        programs: of the whole file, for channels whose program another chunk names. named: give
        the tracks the name of the part.
        """
        channels = sorted(self.notes) or list(self.programs)[:1]
        tracks = []
        for channel in channels:
            notes = tuple(self.notes.get(channel, ()))
            program = self.programs.get(channel, programs.get(channel, 0))
            name = self.name if named else ""
            tracks.append(Track(notes, name, program, is_drum=channel == DRUM_CHANNEL))
        return tracks


def _parse(events: Iterable[Event], ticks_per_beat: int) -> _Part:
    part = _Part()
    sounding = _Sounding(part, ticks_per_beat)
    for tick, kind, data in events:
        channel = kind & 0x0F
        if kind >= SYSEX:
            _parse_meta(part, tick, kind, data, ticks_per_beat)
        elif _is_note_off(kind, data):
            sounding.stop(channel, data[0], tick)
        elif kind < NOTE_ON + CHANNELS:
            sounding.start(channel, data[0], data[1], tick)
        elif kind & 0xF0 == PROGRAM:
            part.programs.setdefault(channel, data[0])
    sounding.stop_all(part.end)
    return part


def _is_note_off(kind: int, data: bytes) -> bool:
    # A note-on of velocity 0 is a note-off, as the standard says.
    return kind < NOTE_ON or (kind < NOTE_ON + CHANNELS and data[1] == 0)


class _Sounding:
    """Notes that have started and not yet stopped; those that stop become notes of a part."""

    def __init__(self, part: _Part, ticks_per_beat: int) -> None:
        self.part = part
        self.ticks_per_beat = ticks_per_beat
        # (channel, pitch): (tick, velocity) of each start that waits, the first in front.
        self.waiting: dict[tuple[int, int], deque[tuple[int, int]]] = defaultdict(deque)

    def start(self, channel: int, pitch: int, velocity: int, tick: int) -> None:
        """Start a note."""
        self.waiting[channel, pitch].append((tick, velocity))

    def stop(self, channel: int, pitch: int, tick: int) -> None:
        """Stop the note of that pitch that started first, if there is one."""
        waiting = self.waiting.get((channel, pitch))
        if waiting:
            start, velocity = waiting.popleft()
            self._add(channel, pitch, velocity, start, tick)

    def stop_all(self, tick: int) -> None:
        """Stop all notes that never ended."""
        for channel, pitch in list(self.waiting):
            while self.waiting[channel, pitch]:
                self.stop(channel, pitch, tick)

    def _add(
        self, channel: int, pitch: int, velocity: int, start: int, stop: int
    ) -> None:
        if stop <= start:
            return
        onset = start / self.ticks_per_beat
        duration = (stop - start) / self.ticks_per_beat
        notes = self.part.notes.setdefault(channel, [])
        notes.append(Note(onset, pitch, duration, velocity))


def _parse_meta(
    part: _Part, tick: int, kind: int, data: bytes, ticks_per_beat: int
) -> None:
    """Keep what a meta event says; one that says nothing sensible is ignored."""
    onset = tick / ticks_per_beat
    if kind == END:
        part.end = tick
    elif kind == NAME and not part.name:
        part.name = _text(data)
    elif kind == TEXT and not part.made:
        _parse_made(part, data)
    elif kind == TEMPO:
        _parse_tempo(part, onset, data)
    elif kind == TIME:
        _parse_metre(part, onset, data)
    elif kind == KEY:
        _parse_key(part, onset, data)


def _parse_made(part: _Part, data: bytes) -> None:
    if data.startswith(MADE.encode()):
        part.made = _text(data).removeprefix(MADE)


def _parse_tempo(part: _Part, onset: float, data: bytes) -> None:
    microseconds = int.from_bytes(data[:3], "big")
    if len(data) >= 3 and microseconds:
        part.tempos[onset] = Tempo(onset, MICROSECONDS / microseconds)


def _parse_metre(part: _Part, onset: float, data: bytes) -> None:
    if len(data) < 2:
        return
    numerator, power = data[:2]
    if numerator and power < len(DENOMINATORS):
        part.time_signatures[onset] = TimeSignature(onset, numerator, 2**power)


def _parse_key(part: _Part, onset: float, data: bytes) -> None:
    if len(data) < 2 or data[1] > 1:
        return
    sharps = int.from_bytes(data[:1], "big", signed=True)
    if abs(sharps) <= 7:
        part.key_signatures[onset] = KeySignature(onset, sharps, bool(data[1]))


def _text(data: bytes) -> str:
    """Return the text of a meta event: UTF-8 if it is that, else Latin-1, which every byte is."""
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode("latin-1")


def _first_of(dicts: Iterable[dict[Key, Value]]) -> dict[Key, Value]:
    """Return all in one; of equal keys the first counts."""
    merged: dict[Key, Value] = {}
    for one in dicts:
        for key, value in one.items():
            merged.setdefault(key, value)
    return merged


# --- writing -----------------------------------------------------------------------------


def to_bytes(song: Song) -> bytes:
    """Return the bytes that `write_midi` writes. Raise MidiError for a song that MIDI cannot hold.

    >>> to_bytes(Song())[:4]
    b'MThd'
    """
    _check(song)
    chunks = [_conductor(song)]
    for track, channel in zip(song.tracks, _channels(song.tracks), strict=True):
        chunks.append(_track_events(track, channel, song.ticks_per_beat))
    return pack(song.ticks_per_beat, chunks)


def _check(song: Song) -> None:
    """Raise MidiError, with the value, if MIDI cannot hold a song."""
    if not 1 <= song.ticks_per_beat <= MAX_TICKS_PER_BEAT:
        raise MidiError(
            f"MIDI has 1 to {MAX_TICKS_PER_BEAT} ticks a beat, got {song.ticks_per_beat}"
        )
    if len(song.tracks) > MAX_TRACKS:
        raise MidiError(f"MIDI has at most {MAX_TRACKS} tracks, got {len(song.tracks)}")
    for track in song.tracks:
        _check_track(track)
    marks: list[Mark] = [*song.tempos, *song.time_signatures, *song.key_signatures]
    for mark in marks:
        _check_mark(mark)
    ends = [song.end]
    ends += [mark.onset for mark in marks]
    check_length(song, max(ends))


def _check_track(track: Track) -> None:
    if not 0 <= track.program <= 127:
        raise MidiError(f"a program is 0 to 127, got {track.program}")
    for note in track.notes:
        has_pitch = 0 <= note.pitch <= 127
        has_velocity = 1 <= note.velocity <= 127
        if not (has_pitch and has_velocity):
            raise MidiError(f"a pitch is 0 to 127 and a velocity 1 to 127, got {note}")
        is_finite = isfinite(note.onset) and isfinite(note.duration)
        if not is_finite or note.onset < 0:
            raise MidiError(f"a note starts at beat 0 or later and ends, got {note}")


def _check_mark(mark: Mark) -> None:
    if not (isfinite(mark.onset) and mark.onset >= 0):
        raise MidiError(f"a tempo, metre or key starts at beat 0 or later, got {mark}")
    if isinstance(mark, Tempo):
        if not SLOWEST <= mark.qpm <= MICROSECONDS:
            raise MidiError(
                f"a tempo is 3.58 to 60000000 quarter notes a minute, got {mark.qpm}"
            )
    elif isinstance(mark, TimeSignature):
        if not 1 <= mark.numerator <= 255 or mark.denominator not in DENOMINATORS:
            metre = f"{mark.numerator}/{mark.denominator}"
            raise MidiError(f"a metre is 1 to 255 over 1, 2, 4 ... 64, got {metre}")
    elif abs(mark.sharps) > 7:
        raise MidiError(f"a key has at most 7 sharps or flats, got {mark.sharps}")


def _channels(tracks: Sequence[Track]) -> list[int]:
    """Return a channel for each track.

    Drums are on 10. The others have one each, or if they are more than 15, one for each program.
    """
    pitched = [i for i, track in enumerate(tracks) if not track.is_drum]
    if len(pitched) <= len(PITCHED_CHANNELS):
        owners = {i: i for i in pitched}
    else:
        owners = {i: tracks[i].program for i in pitched}
    order = list(dict.fromkeys(owners.values()))
    if len(order) > len(PITCHED_CHANNELS):
        raise MidiError(
            f"MIDI has 15 channels for pitched tracks, the song needs {len(order)}; "
            "give tracks one program"
        )
    channel_of = dict(zip(order, PITCHED_CHANNELS, strict=False))
    channels = []
    for i, track in enumerate(tracks):
        channel = DRUM_CHANNEL if track.is_drum else channel_of[owners[i]]
        channels.append(channel)
    return channels


def _conductor(song: Song) -> list[Event]:
    """Return the events of the first chunk: title, how it was made, tempos, metres and keys."""
    marks: list[_Mark] = []
    if song.title:
        marks.append((0.0, NAME, _utf8(song.title)))
    if song.made:
        marks.append((0.0, TEXT, _utf8(MADE + song.made)))
    marks += [_tempo_mark(tempo) for tempo in song.tempos]
    marks += [_metre_mark(metre) for metre in song.time_signatures]
    marks += [_key_mark(key) for key in song.key_signatures]
    # The sort is stable: at one onset the order is that of above.
    marks.sort(key=lambda mark: mark[0])
    events: list[Event] = []
    for onset, kind, data in marks:
        tick = round(onset * song.ticks_per_beat)
        events.append((tick, kind, data))
    return events


def _tempo_mark(tempo: Tempo) -> _Mark:
    microseconds = round(MICROSECONDS / tempo.qpm)
    return tempo.onset, TEMPO, microseconds.to_bytes(3, "big")


def _metre_mark(metre: TimeSignature) -> _Mark:
    power = DENOMINATORS[metre.denominator]
    figures = bytes([metre.numerator, power, CLOCKS_A_CLICK, THIRTY_SECONDS_A_BEAT])
    return metre.onset, TIME, figures


def _key_mark(key: KeySignature) -> _Mark:
    # Two's complement: flats are negative.
    sharps = key.sharps & 0xFF
    return key.onset, KEY, bytes([sharps, key.is_minor])


def _track_events(track: Track, channel: int, ticks_per_beat: int) -> list[Event]:
    """Return a track's name, program and notes."""
    head: list[Event] = []
    if track.name:
        head.append((0, NAME, _utf8(track.name)))
    head.append((0, PROGRAM | channel, bytes([track.program])))
    notes: list[Event] = []
    for note in track.notes:
        if note.duration <= 0:
            continue
        start = round(note.onset * ticks_per_beat)
        end = max(round(note.end * ticks_per_beat), start + 1)
        struck = bytes([note.pitch, note.velocity])
        released = bytes([note.pitch, 0])
        notes.append((start, NOTE_ON | channel, struck))
        notes.append((end, NOTE_OFF | channel, released))
    # At one tick notes end before notes start, as NOTE_OFF is the smaller number: so repeated notes
    # survive.
    notes.sort(key=lambda event: event[:2])
    return head + notes


def _utf8(text: str) -> bytes:
    return text.encode("utf-8", "replace")
