"""MIDI files as chunks, chunks as events, and back; nothing here knows what an event means.

By hand and not with mido: mido 1.3.3 forgets the delta time of meta events that it does not know,
so that all behind them plays early, and refuses a whole file over one bad key signature. It is the
second oracle in the tests.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence

from composer.errors import MidiError

# Status bytes; the lower half of the first three is the channel.
NOTE_OFF = 0x80
NOTE_ON = 0x90
PROGRAM = 0xC0
SYSEX = 0xF0
ESCAPE = 0xF7
META = 0xFF
# Meta events: 0xFF00 + the type.
TEXT = 0xFF01
NAME = 0xFF03
END = 0xFF2F
TEMPO = 0xFF51
TIME = 0xFF58
KEY = 0xFF59
LONGEST_NUMBER = 0x0FFFFFFF  # four bytes of seven bits

Event = tuple[int, int, bytes]
"""(tick, kind, data); kind is a status byte, or 0xFF00 + the type of a meta event."""


def unpack(data: bytes) -> tuple[int, int, list[Iterator[Event]]]:
    """Return type, ticks per beat and the events of each track of a MIDI file of type 0 or 1.

    RIFF around it is taken off. Every length is checked against that of the file first. Raise
    MidiError, also while the events are read.
    """
    data = _unwrap(data)
    size, form, count, division = _header(data)
    chunks = _chunks(data, 8 + size, count)
    return form, division, [_events(chunk) for chunk in chunks]


def _header(data: bytes) -> tuple[int, int, int, int]:
    """Return size, type, number of tracks and ticks per beat from the header. Raise MidiError."""
    if not data:
        raise MidiError("the file is empty")
    if data[:4] != b"MThd":
        raise MidiError(f"a MIDI file starts with b'MThd', this one with {data[:4]!r}")
    if len(data) < 14:
        raise MidiError(
            f"a MIDI header has 14 bytes, the file {len(data)}; it is cut off"
        )
    size, form, count, division = struct.unpack_from(">LHHH", data, 4)
    is_known = size >= 6 and form <= 2
    if not is_known or not count or not division:
        raise MidiError(
            f"a damaged MIDI header: {size} bytes, type {form}, {count} tracks, "
            f"{division} ticks a beat"
        )
    if form == 2:
        raise MidiError(
            "type 2 (independent patterns) is not supported; save it as type 0 or 1"
        )
    if division & 0x8000:
        raise MidiError(
            "its times are in SMPTE frames, not in beats; save it with ticks per beat"
        )
    return size, form, count, division


def pack(ticks_per_beat: int, tracks: Sequence[Sequence[Event]]) -> bytes:
    """Return a type 1 MIDI file of `tracks`, the events of each in order of ticks; END is added.

    >>> form, ticks_per_beat, tracks = unpack(pack(480, [[(0, PROGRAM, bytes([40]))]]))
    >>> form, ticks_per_beat, list(tracks[0])
    (1, 480, [(0, 192, b'('), (0, 65327, b'')])
    """
    chunks = [_chunk(track) for track in tracks]
    return struct.pack(
        ">4sLHHH", b"MThd", 6, 1, len(chunks), ticks_per_beat
    ) + b"".join(chunks)


def _unwrap(data: bytes) -> bytes:
    """Return the MIDI file inside a RIFF file; any other data as it is."""
    if data[:4] != b"RIFF" or data[8:12] != b"RMID":
        return data
    at = 12
    while at + 8 <= len(data):
        name, size = struct.unpack_from("<4sL", data, at)
        if name == b"data":
            return data[at + 8 : at + 8 + size]
        at += 8 + size + size % 2
    raise MidiError("a RIFF file without MIDI data in it")


def _chunks(data: bytes, at: int, count: int) -> list[bytes]:
    """Return the first `count` track chunks from `at` on.

    Chunks of another kind are skipped, as the standard says.
    """
    chunks: list[bytes] = []
    while len(chunks) < count and at + 8 <= len(data):
        name, size = struct.unpack_from(">4sL", data, at)
        at += 8 + size
        if at > len(data):
            raise MidiError(
                f"a chunk says {size} bytes, the file ends {at - len(data)} bytes before; "
                "it is cut off"
            )
        if name == b"MTrk":
            chunks.append(data[at - size : at])
    if len(chunks) < count:
        raise MidiError(
            f"the header says {count} tracks, the file holds {len(chunks)}; it is cut off"
        )
    return chunks


def _events(chunk: bytes) -> Iterator[Event]:
    """Yield every event of a track chunk; the last is END, written or not."""
    try:
        yield from _events_unchecked(chunk)
    except IndexError as error:
        raise MidiError(
            "a track breaks off in the middle of an event; the file is damaged"
        ) from error


def _events_unchecked(chunk: bytes) -> Iterator[Event]:
    at = tick = running = 0
    while at < len(chunk):
        delta, at = _number(chunk, at)
        tick += delta
        kind = chunk[at]
        if kind >= 0x80:
            at += 1
        else:
            # Running status outlives meta and SysEx events: the standard forbids it, files do it.
            kind = running
        if kind >= SYSEX:
            if kind == META:
                kind = META << 8 | chunk[at]
                at += 1
            elif kind not in (SYSEX, ESCAPE):
                raise MidiError(
                    f"status byte 0x{kind:02x} has no place in a MIDI file; the file is damaged"
                )
            size, at = _number(chunk, at)
        elif kind:
            running = kind
            size = _channel_bytes(kind)
        else:
            raise MidiError(
                "a track starts with data before any status byte; the file is damaged"
            )
        data = chunk[at : at + size]
        at += size
        if at > len(chunk):
            raise IndexError
        if kind < SYSEX:
            _check_data(data)
        yield tick, kind, data
        if kind == END:
            return
    yield tick, END, b""


def _channel_bytes(kind: int) -> int:
    """Return how many data bytes follow the status byte of a channel."""
    # Program change and channel pressure have one, all others two.
    return 1 if kind & 0xE0 == PROGRAM else 2


def _check_data(data: bytes) -> None:
    if data[0] | data[-1] > 127:
        raise MidiError(
            f"a data byte is 0 to 127, got {max(data)}; the file is damaged"
        )


def _number(chunk: bytes, at: int) -> tuple[int, int]:
    """Return the variable-length number at `at`, and the place after it."""
    value = 0
    for index in range(at, at + 4):
        value = value << 7 | chunk[index] & 0x7F
        if chunk[index] < 0x80:
            return value, index + 1
    raise MidiError("a number of more than four bytes; the file is damaged")


def _chunk(events: Sequence[Event]) -> bytes:
    data = bytearray()
    now = 0
    last = events[-1][0] if events else 0
    for tick, kind, payload in [*events, (last, END, b"")]:
        data += _number_bytes(tick - now)
        # Only meta events, whose kind takes two bytes, say how long they are.
        if kind > META:
            data += kind.to_bytes(2, "big")
            data += _number_bytes(len(payload))
        else:
            data.append(kind)
        data += payload
        now = tick
    return struct.pack(">4sL", b"MTrk", len(data)) + data


def _number_bytes(value: int) -> bytes:
    """Return a number as MIDI writes it: seven bits a byte, the high bit on all but the last."""
    if value > LONGEST_NUMBER:
        raise MidiError(
            f"MIDI counts to {LONGEST_NUMBER}, got {value}; "
            "write the song with fewer ticks per beat"
        )
    groups = [value & 0x7F]
    while value := value >> 7:
        groups.append(value & 0x7F | 0x80)
    return bytes(reversed(groups))
