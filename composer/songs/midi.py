"""Standard MIDI files (types 0 and 1) to Songs and back; ticks are turned into beats here and nowhere else.

What a Song has no place for is dropped: controllers, pedal, pitch bend, lyrics, later program changes. A text event
`composer: ...` at the start says how an arrangement was made (`Song.made`).
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from math import isfinite
from pathlib import Path
from typing import Any, TypeVar

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
DRUM_CHANNEL = 9
MADE = "composer: "  # begins the text event that holds `Song.made`
PITCHED_CHANNELS = [channel for channel in range(16) if channel != DRUM_CHANNEL]
DENOMINATORS = {2**power: power for power in range(7)}  # 1, 2, 4 ... 64 and how MIDI writes them

Mark = TypeVar("Mark", Tempo, TimeSignature, KeySignature, int)


def write_midi(path: str | Path, song: Song) -> None:
    """Write `song` as a type 1 MIDI file: tempo and metre first, then one track each; the same bytes every time.

    Onsets and ends are rounded to ticks, tempos to microseconds a beat; notes of no length are dropped.
    The file appears whole or not at all. Raises MidiError for a song that MIDI cannot hold, OutputError for the rest.
    """
    data = to_bytes(song)
    with atomic(path) as temporary:
        temporary.write_bytes(data)


def from_bytes(data: bytes) -> Song:
    """Parse the bytes of a MIDI file.

    Every channel of every track becomes a Track, channel 10 drums; its program is the first one named. Of notes of
    one pitch that overlap, the first to start is the first to end. A note that never ends lasts to the end of its
    track; one of no length is dropped, as are a tempo or a metre of 0. Of two tempos (metres, keys) at one onset
    the later in the track counts, and that of the first track that has one. Raises MidiError.
    """
    form, ticks_per_beat, chunks = unpack(_limited(data))
    parts = [_parse(chunk, ticks_per_beat) for chunk in chunks]
    programs = _first_of(part.programs for part in parts)
    song = Song(
        tracks=tuple(
            Track(tuple(notes), part.name if form else "", program, channel == DRUM_CHANNEL)
            for part in parts
            for channel, notes, program in part.tracks(programs)
        ),
        tempos=tuple(_first_of(part.tempos for part in parts).values()),
        time_signatures=tuple(_first_of(part.time_signatures for part in parts).values()),
        key_signatures=tuple(_first_of(part.key_signatures for part in parts).values()),
        title="" if form and parts[0].tracks(programs) else parts[0].name,
        ticks_per_beat=ticks_per_beat,
        made=next((part.made for part in parts if part.made), ""),
    )
    check_length(song, max(part.end for part in parts) / ticks_per_beat)
    return song


def to_bytes(song: Song) -> bytes:
    """The bytes that `write_midi` writes. Raises MidiError for a song that MIDI cannot hold."""
    _check(song)
    tracks = zip(song.tracks, _channels(song.tracks), strict=True)
    return pack(
        song.ticks_per_beat,
        [
            _conductor(song),
            *(_track(track, channel, song.ticks_per_beat) for track, channel in tracks),
        ],
    )


def check_length(song: Song, end: float) -> None:
    """Raise MidiError if a song that stops at `end` (beats) is so long that its grid would fill the memory."""
    if end > MAX_BEATS:
        raise MidiError(f"a song has at most {MAX_BEATS} beats, this one has {end:.0f}")
    if song.seconds(end) > MAX_HOURS * 3600:
        raise MidiError(
            f"a song lasts at most {MAX_HOURS} hours, this one lasts {song.seconds(end) / 3600:.1f}"
        )


# Reading


@dataclass
class _Part:
    """What one track chunk says: notes and programs by channel, the rest by onset in beats, the end in ticks."""

    name: str = ""
    made: str = ""
    end: int = 0
    notes: dict[int, list[Note]] = field(default_factory=lambda: defaultdict(list))
    programs: dict[int, int] = field(default_factory=dict)
    tempos: dict[float, Tempo] = field(default_factory=dict)
    time_signatures: dict[float, TimeSignature] = field(default_factory=dict)
    key_signatures: dict[float, KeySignature] = field(default_factory=dict)

    def tracks(self, programs: dict[int, int]) -> list[tuple[int, list[Note], int]]:
        """(channel, notes, program) of each channel with notes; without any, of the first that has a program.

        `programs` holds what the whole file says, for channels whose program another chunk names.
        """
        channels = sorted(self.notes) or list(self.programs)[:1]
        return [
            (c, self.notes.get(c, []), self.programs.get(c, programs.get(c, 0))) for c in channels
        ]


def _limited(data: bytes) -> bytes:
    if len(data) > MAX_BYTES:
        raise MidiError(f"a file has at most {MAX_BYTES // 2**20} MiB, this one has more")
    return data


def _parse(events: Iterable[Event], ticks_per_beat: int) -> _Part:
    part = _Part()
    sounding: dict[tuple[int, int], deque[tuple[int, int]]] = defaultdict(
        deque
    )  # (channel, pitch): (tick, velocity)
    for tick, kind, data in events:
        channel = kind & 0x0F
        if kind >= SYSEX:
            _meta(part, tick, kind, data, ticks_per_beat)
        elif kind < NOTE_ON or (kind < NOTE_ON + 16 and data[1] == 0):
            if waiting := sounding.get((channel, data[0])):
                _end(part.notes[channel], data[0], *waiting.popleft(), tick, ticks_per_beat)
        elif kind < NOTE_ON + 16:
            sounding[channel, data[0]].append((tick, data[1]))
        elif kind & 0xF0 == PROGRAM:
            part.programs.setdefault(channel, data[0])
    for (channel, pitch), waiting in sounding.items():
        for start, velocity in waiting:
            _end(part.notes[channel], pitch, start, velocity, part.end, ticks_per_beat)
    for channel in [channel for channel, notes in part.notes.items() if not notes]:
        del part.notes[channel]  # all of its notes had no length
    return part


def _end(
    notes: list[Note], pitch: int, start: int, velocity: int, end: int, ticks_per_beat: int
) -> None:
    if end > start:
        notes.append(Note(start / ticks_per_beat, pitch, (end - start) / ticks_per_beat, velocity))


def _meta(part: _Part, tick: int, kind: int, data: bytes, ticks_per_beat: int) -> None:
    """Note what a meta event says; one that says nothing sensible is ignored."""
    onset = tick / ticks_per_beat
    if kind == END:
        part.end = tick
    elif kind == NAME and not part.name:
        part.name = _text(data)
    elif kind == TEXT and not part.made and data.startswith(MADE.encode()):
        part.made = _text(data).removeprefix(MADE)
    elif kind == TEMPO and len(data) >= 3 and any(data[:3]):
        part.tempos[onset] = Tempo(onset, 60e6 / int.from_bytes(data[:3], "big"))
    elif kind == TIME and len(data) >= 2 and data[0] and data[1] < len(DENOMINATORS):
        part.time_signatures[onset] = TimeSignature(onset, data[0], 2 ** data[1])
    elif kind == KEY and len(data) >= 2 and data[1] < 2:
        sharps = int.from_bytes(data[:1], "big", signed=True)
        if abs(sharps) <= 7:
            part.key_signatures[onset] = KeySignature(onset, sharps, bool(data[1]))


def _text(data: bytes) -> str:
    """Text of a meta event: UTF-8 where it is that, else Latin-1, which every byte is."""
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode("latin-1")


def _first_of(dicts: Iterable[dict[Any, Mark]]) -> dict[Any, Mark]:
    """All in one; of equal keys the first counts."""
    merged: dict[Any, Mark] = {}
    for one in dicts:
        for key, value in one.items():
            merged.setdefault(key, value)
    return merged


# Writing


def _check(song: Song) -> None:
    """Raise MidiError, with the value, where MIDI cannot hold `song`."""
    if not 1 <= song.ticks_per_beat <= 32767:
        raise MidiError(f"MIDI has 1 to 32767 ticks a beat, got {song.ticks_per_beat}")
    if len(song.tracks) > 65534:
        raise MidiError(f"MIDI has at most 65534 tracks, got {len(song.tracks)}")
    for track in song.tracks:
        _check_track(track)
    marks: list[Tempo | TimeSignature | KeySignature] = [
        *song.tempos,
        *song.time_signatures,
        *song.key_signatures,
    ]
    for mark in marks:
        _check_mark(mark)
    check_length(song, max([song.end, *(mark.onset for mark in marks)]))


def _check_track(track: Track) -> None:
    if not 0 <= track.program <= 127:
        raise MidiError(f"a program is 0 to 127, got {track.program}")
    for note in track.notes:
        if not (0 <= note.pitch <= 127 and 1 <= note.velocity <= 127):
            raise MidiError(f"a pitch is 0 to 127 and a velocity 1 to 127, got {note}")
        if not (isfinite(note.onset) and isfinite(note.duration) and note.onset >= 0):
            raise MidiError(f"a note starts at beat 0 or later and ends, got {note}")


def _check_mark(mark: Tempo | TimeSignature | KeySignature) -> None:
    if not (isfinite(mark.onset) and mark.onset >= 0):
        raise MidiError(f"a tempo, metre or key starts at beat 0 or later, got {mark}")
    if isinstance(mark, Tempo) and not 60e6 / 0xFFFFFF <= mark.qpm <= 60e6:
        raise MidiError(f"a tempo is 3.58 to 60000000 quarter notes a minute, got {mark.qpm}")
    if isinstance(mark, TimeSignature) and not (
        1 <= mark.numerator <= 255 and mark.denominator in DENOMINATORS
    ):
        raise MidiError(
            f"a metre is 1 to 255 over 1, 2, 4 ... 64, got {mark.numerator}/{mark.denominator}"
        )
    if isinstance(mark, KeySignature) and abs(mark.sharps) > 7:
        raise MidiError(f"a key has at most 7 sharps or flats, got {mark.sharps}")


def _channels(tracks: Sequence[Track]) -> list[int]:
    """A channel for each track: drums on 10, the others one each, or past 15 of them one for each program."""
    pitched = [i for i, track in enumerate(tracks) if not track.is_drum]
    keys = {i: i if len(pitched) <= len(PITCHED_CHANNELS) else tracks[i].program for i in pitched}
    order = list(dict.fromkeys(keys.values()))
    if len(order) > len(PITCHED_CHANNELS):
        raise MidiError(
            f"MIDI has 15 channels for pitched tracks, the song needs {len(order)}; give tracks one program"
        )
    return [
        PITCHED_CHANNELS[order.index(keys[i])] if i in keys else DRUM_CHANNEL
        for i in range(len(tracks))
    ]


def _conductor(song: Song) -> list[Event]:
    """The first track: title, how it was made, tempos, metres and keys."""
    title = [(0.0, NAME, _utf8(song.title))] if song.title else []
    made = [(0.0, TEXT, _utf8(MADE + song.made))] if song.made else []
    tempos = [
        (mark.onset, TEMPO, round(60e6 / mark.qpm).to_bytes(3, "big")) for mark in song.tempos
    ]
    metres = [
        (
            mark.onset,
            TIME,
            bytes([mark.numerator, DENOMINATORS[mark.denominator], 24, 8]),
        )  # 24 clocks a click
        for mark in song.time_signatures
    ]
    keys = [
        (mark.onset, KEY, bytes([mark.sharps & 0xFF, mark.is_minor]))
        for mark in song.key_signatures
    ]
    marks = sorted(title + made + tempos + metres + keys, key=lambda mark: mark[0])
    return [(round(onset * song.ticks_per_beat), kind, data) for onset, kind, data in marks]


def _track(track: Track, channel: int, ticks_per_beat: int) -> list[Event]:
    """Name, program and notes; at one tick notes end before notes start, so that repeated notes survive."""
    notes: list[Event] = []
    for note in track.notes:
        start = round(note.onset * ticks_per_beat)
        end = max(round(note.end * ticks_per_beat), start + 1)
        if note.duration > 0:
            notes.append((start, NOTE_ON | channel, bytes([note.pitch, note.velocity])))
            notes.append((end, NOTE_OFF | channel, bytes([note.pitch, 0])))
    head = [(0, NAME, _utf8(track.name))] if track.name else []
    head.append((0, PROGRAM | channel, bytes([track.program])))
    return head + sorted(notes, key=lambda event: event[:2])  # NOTE_OFF is the smaller number


def _utf8(text: str) -> bytes:
    return text.encode("utf-8", "replace")
