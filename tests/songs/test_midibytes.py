"""Damaged files: a Song or a ComposerError, soon, and nothing else."""

from __future__ import annotations

import random
import resource
import struct
import time
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import mido
import numpy as np
import pypianoroll
import pytest
from composer.errors import ComposerError
from composer.songs import read
from composer.songs.midi import from_bytes, to_bytes
from composer.songs.npz import from_npz

ROUNDS = 20_000
Mutation = Callable[[random.Random, bytearray], None]


def seed_file(kind: int, tracks: int, notes: int) -> bytes:
    """A MIDI file with a bit of everything, written by mido."""
    file = mido.MidiFile(type=kind, ticks_per_beat=[96, 480, 960][tracks % 3])
    for number in range(tracks):
        track = mido.MidiTrack()
        track.append(mido.MetaMessage("track_name", name=f"track {number}"))
        track.append(mido.MetaMessage("set_tempo", tempo=400_000 + 1000 * number))
        track.append(mido.MetaMessage("time_signature", numerator=3 + number, denominator=4))
        track.append(mido.MetaMessage("key_signature", key="Ebm"))
        track.append(mido.Message("sysex", data=(1, 2, 3, 4)))
        track.append(mido.Message("program_change", channel=number + 7, program=40 + number))
        for i in range(notes):
            track.append(
                mido.Message(
                    "note_on", channel=number + 7, note=40 + i, velocity=70 + i, time=7 * i
                )
            )
            track.append(mido.Message("pitchwheel", channel=number, pitch=-5, time=130))
            track.append(mido.Message("note_off", channel=number + 7, note=40 + i, time=200))
        file.tracks.append(track)
    data = BytesIO()
    file.save(file=data)
    return data.getvalue()


def flip(rng: random.Random, data: bytearray) -> None:
    for _ in range(rng.choice([1, 1, 2, 10])):
        data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)


def replace_bytes(rng: random.Random, data: bytearray) -> None:
    at = rng.randrange(len(data))
    data[at : at + 4] = rng.choice(
        [b"\xff\xff\xff\x7f", b"\x81\x80\x80\x00", b"\0\0\0\0", b"\xff\x51\x00", rng.randbytes(4)]
    )


def cut(rng: random.Random, data: bytearray) -> None:
    del data[rng.randrange(len(data)) :]


def insert(rng: random.Random, data: bytearray) -> None:
    at = rng.randrange(len(data))
    data[at:at] = rng.randbytes(rng.randrange(1, 9))


def remove(rng: random.Random, data: bytearray) -> None:
    at = rng.randrange(len(data))
    del data[at : at + rng.randrange(1, 9)]


def double_chunk(rng: random.Random, data: bytearray) -> None:
    at = data.find(b"MTrk", rng.randrange(len(data)))
    data += bytes(data[max(at, 0) :])
    data[11:12] = bytes([rng.choice([0, 1, 2, 3, 4, 6, 7, 12, 255])])


def edit_length(rng: random.Random, data: bytearray) -> None:
    at = data.find(rng.choice([b"MTrk", b"MThd"]))
    if at >= 0:
        data[at + 4 : at + 8] = struct.pack(
            ">L", rng.choice([0, 1, 5, len(data), 2**31, 2**32 - 1, rng.randrange(999)])
        )


MUTATIONS: list[Mutation] = [flip, replace_bytes, cut, insert, remove, double_chunk, edit_length]


def mend_lengths(data: bytearray) -> bytearray:
    """The same with true chunk lengths, so that the damage reaches the events."""
    head, *chunks = bytes(data).split(b"MTrk")
    return bytearray(
        head + b"".join(b"MTrk" + struct.pack(">L", len(chunk[4:])) + chunk[4:] for chunk in chunks)
    )


def test_damaged_midi() -> None:
    rng = random.Random(20)
    seeds = [seed_file(1, 3, 12), seed_file(0, 1, 30), seed_file(1, 6, 2), seed_file(1, 1, 0)]
    assert [len(from_bytes(seed).tracks) for seed in seeds] == [3, 1, 6, 1]
    read_well = 0
    began = time.process_time()
    for round_ in range(ROUNDS):
        data = bytearray(rng.choice(seeds))
        for _ in range(rng.choice([1, 1, 1, 3])):
            if data:
                rng.choice(MUTATIONS)(rng, data)
        if rng.random() < 0.5:
            data = mend_lengths(data)
        started = time.process_time()
        try:
            song = from_bytes(bytes(data))
            read_well += 1
            from_bytes(to_bytes(song))
        except ComposerError as error:
            assert "\n" not in str(error), round_
        assert time.process_time() - started < 1, round_
    assert time.process_time() - began < 60
    assert ROUNDS / 10 < read_well < ROUNDS * 0.95, (
        "the mutations must neither spare nor ruin all of the files"
    )


@pytest.mark.parametrize(
    "head", [b"", b"MThd", b"MThd\0\0\0\6\0\1\0\1\0\x60MTrk", b"RIFF", b"PK\x03\x04"]
)
def test_noise(tmp_path: Path, head: bytes) -> None:
    rng = random.Random(21)
    path = tmp_path / "noise.mid"
    for _ in range(100):
        path.write_bytes(head + rng.randbytes(rng.randrange(200)))
        with pytest.raises(ComposerError):
            read(path)


def test_noise_inside_a_track() -> None:
    rng = random.Random(22)
    for _ in range(1000):
        body = rng.randbytes(rng.randrange(1, 60))
        try:
            from_bytes(b"MThd\0\0\0\6\0\1\0\1\0\x60MTrk" + struct.pack(">L", len(body)) + body)
        except ComposerError:
            continue


def test_claims_of_huge_lengths_take_neither_time_nor_memory() -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    began = time.process_time()
    for body in (
        b"\x00\xff\x7f\xff\xff\xff\x7f",
        b"\x00\xf0\xff\xff\xff\x7f",
        b"\xff\xff\xff\x7f\x90\x3c\x50" * 9,
    ):
        with pytest.raises(ComposerError):
            from_bytes(b"MThd\0\0\0\6\0\1\0\1\0\x01MTrk" + struct.pack(">L", len(body)) + body)
    with pytest.raises(ComposerError):
        from_bytes(b"MThd\0\0\0\6\0\1\xff\xff\0\x60MTrk\xff\xff\xff\xff")
    assert time.process_time() - began < 1
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 50_000  # KiB


def test_very_many_tracks_with_marks_stay_fast() -> None:
    """Merging the marks of all tracks must not be quadratic."""
    busy = b"".join(b"\x01\xff\x51\x03\x01" + struct.pack(">H", i) for i in range(1, 20_000))
    chunks = (
        b"MTrk" + struct.pack(">L", len(busy)) + busy + b"MTrk\0\0\0\x04\x00\xff\x2f\x00" * 40_000
    )
    began = time.process_time()
    song = from_bytes(struct.pack(">4sLHHH", b"MThd", 6, 1, 40_001, 96) + chunks)
    assert len(song.tempos) == 19_999
    assert time.process_time() - began < 10


def test_two_hours_of_music() -> None:
    """72,000 notes, 10 a second."""
    body = b"\x00\x90\x3c\x50" + b"\x5f\x3c\x00\x01\x3c\x50" * 71_999 + b"\x5f\x3c\x00"
    began = time.process_time()
    song = from_bytes(b"MThd\0\0\0\6\0\1\0\1\x01\xe0MTrk" + struct.pack(">L", len(body)) + body)
    assert time.process_time() - began < 10
    assert len(song.tracks[0].notes) == 72_000
    assert 1.9 < song.seconds(song.end) / 3600 < 2.6


def test_damaged_npz(tmp_path: Path) -> None:
    rng = random.Random(23)
    roll = np.zeros((40, 128), np.uint8)
    roll[3:9, 60] = roll[20:29, 64] = 99
    track = pypianoroll.StandardTrack("a", 3, False, roll)
    pypianoroll.save(
        tmp_path / "a.npz",
        pypianoroll.Multitrack("m", 4, np.full(40, 90.0), roll[:, 60] > 0, [track]),
    )
    pypianoroll.save(
        tmp_path / "b.npz", pypianoroll.Multitrack("m", 4, None, None, [track]), compressed=False
    )
    seeds = [(tmp_path / name).read_bytes() for name in ("a.npz", "b.npz")]
    assert all(len(from_npz(seed).tracks[0].notes) == 2 for seed in seeds)
    for round_ in range(600):
        data = bytearray(rng.choice(seeds))
        rng.choice([flip, replace_bytes, cut, insert, remove])(rng, data)
        try:
            from_npz(bytes(data))
        except ComposerError as error:
            assert "\n" not in str(error), round_
