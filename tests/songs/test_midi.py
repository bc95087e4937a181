"""Songs to MIDI bytes and back, against bytes written by hand and against mido."""

from __future__ import annotations

import struct
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import mido
from composer.songs import read, write
from composer.songs.midi import from_bytes, to_bytes
from composer.songs.song import KeySignature, Note, Song, Tempo, TimeSignature, Track
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.midi_songs import END, TICKS, midi, tracks


def notes_of(*tracks: bytes, form: int = 1) -> list[list[tuple[float, int, float, int]]]:
    song = from_bytes(midi(*tracks, form=form))
    return [
        [(n.onset, n.pitch, n.duration, n.velocity) for n in track.notes] for track in song.tracks
    ]


SONG = Song(
    tracks=(
        Track(
            (
                Note(0, 67, 1, 90),
                Note(1, 67, 0.5, 91),
                Note(1.5, 67, 0.25, 92),
                Note(3.75, 79, 4.5, 1),
            ),
            "Flöte",
            73,
        ),
        Track((), "nothing", 12),
        Track((Note(0.125, 36, 0.5, 127), Note(0.125, 42, 0.125, 3)), "kit", 8, True),
        Track((Note(2, 48, 2, 64), Note(2, 55, 3, 65), Note(2, 64, 1, 66)), "", 127),
    ),
    tempos=(Tempo(0, 120.0), Tempo(2.5, 80.0)),
    time_signatures=(TimeSignature(0, 1, 4), TimeSignature(1, 3, 4), TimeSignature(7, 6, 8)),
    key_signatures=(KeySignature(0, -3, True), KeySignature(7, 4)),
    title="旋律",
    ticks_per_beat=96,
)


def test_round_trip_of_everything() -> None:
    again = from_bytes(to_bytes(SONG))
    assert again == SONG
    assert to_bytes(again) == to_bytes(SONG)


def test_write_then_read(tmp_path: Path) -> None:
    path = tmp_path / "new" / "folder" / "song.mid"
    write(path, SONG)
    assert read(path) == SONG
    assert read(str(path)) == SONG
    assert [p.name for p in path.parent.iterdir()] == ["song.mid"]


def test_mido_reads_the_same() -> None:
    """The second oracle: mido's parser on our bytes."""
    file = mido.MidiFile(file=BytesIO(to_bytes(SONG)), charset="utf-8")
    assert (file.type, file.ticks_per_beat, len(file.tracks)) == (1, 96, 5)
    flute = [m for m in file.tracks[1] if m.type.startswith("note")]
    ons = [(m.note, m.velocity) for m in flute if m.type == "note_on"]
    assert ons == [(67, 90), (67, 91), (67, 92), (79, 1)]
    assert [m.type for m in flute[:3]] == ["note_on", "note_off", "note_on"]
    assert sum(m.time for m in file.tracks[1]) == 96 * 8.25
    meta = {m.type: m for m in file.tracks[0]}
    assert (
        meta["key_signature"].key,
        meta["time_signature"].numerator,
        meta["set_tempo"].tempo,
    ) == ("E", 6, 750000)
    keys = [m.key for m in file.tracks[0] if m.type == "key_signature"]
    assert keys == ["Cm", "E"]
    assert {m.channel for m in file.tracks[3] if not m.is_meta} == {9}


def test_reads_what_mido_writes() -> None:
    file = mido.MidiFile(type=1, ticks_per_beat=96)
    for track in SONG.tracks[:1]:
        out = mido.MidiTrack([mido.Message("program_change", program=73, channel=4)])
        now = 0
        for note in track.notes:
            out.append(mido.Message("note_on", channel=4, note=note.pitch, velocity=note.velocity,
                                    time=round(note.onset * 96) - now))  # fmt: skip
            out.append(
                mido.Message(
                    "note_on",
                    channel=4,
                    note=note.pitch,
                    velocity=0,
                    time=round(note.duration * 96),
                )
            )
            now = round(note.end * 96)
        file.tracks.append(out)
    data = BytesIO()
    file.save(file=data)
    (track,) = from_bytes(data.getvalue()).tracks
    assert track == replace(SONG.tracks[0], name="")


def marks(kind: type, ticks_per_beat: int, *values: st.SearchStrategy) -> st.SearchStrategy:
    many = st.lists(st.tuples(TICKS, *values), max_size=4, unique_by=lambda mark: mark[0])
    return many.map(lambda rows: tuple(kind(row[0] / ticks_per_beat, *row[1:]) for row in rows))


@st.composite
def songs(draw: st.DrawFn) -> Song:
    at = draw(st.integers(1, 32767))
    metre = st.tuples(TICKS, st.integers(1, 255), st.sampled_from([1, 2, 4, 8, 16, 32, 64]))
    return Song(
        tracks=tuple(draw(st.lists(tracks(at), max_size=6))),
        tempos=draw(
            marks(
                Tempo,
                at,
                st.integers(20_000, 0xFFFFFF).map(lambda microseconds: 60e6 / microseconds),
            )
        ),
        time_signatures=tuple(
            TimeSignature(tick / at, numerator, denominator)
            for tick, numerator, denominator in draw(
                st.lists(metre, max_size=4, unique_by=lambda m: m[0])
            )
        ),
        key_signatures=draw(marks(KeySignature, at, st.integers(-7, 7), st.booleans())),
        title=draw(st.text(st.characters(exclude_categories=["Cs"]), max_size=8)),
        ticks_per_beat=at,
    )


@settings(max_examples=300, deadline=None)
@given(songs())
def test_any_song_survives(song: Song) -> None:
    assert from_bytes(to_bytes(song)) == song


def test_running_status_and_zero_velocity() -> None:
    track = b"\x00\x93\x3c\x50" + b"\x30\x3c\x00" + b"\x00\x43\x51" + b"\x60\x43\x00" + END
    assert notes_of(track) == [[(0.0, 60, 0.5, 80), (0.5, 67, 1.0, 81)]]


def test_running_status_outlives_a_meta_event() -> None:
    track = b"\x00\x90\x3c\x50" + b"\x30\xff\x01\x02hi" + b"\x30\x3c\x00" + END
    assert notes_of(track) == [[(0.0, 60, 1.0, 80)]]


def test_note_off_status_and_velocity() -> None:
    assert notes_of(b"\x00\x90\x3c\x50\x60\x80\x3c\x40" + END) == [[(0.0, 60, 1.0, 80)]]


def test_the_delta_of_an_unknown_meta_event_counts() -> None:
    """mido 1.3.3 loses it; a bad key signature, which mido refuses, is ignored."""
    track = (
        b"\x60\xff\x60\x01\x00"
        + b"\x00\xff\x59\x02\x63\x07"
        + b"\x00\x90\x3c\x50\x30\x3c\x00"
        + END
    )
    assert notes_of(track) == [[(1.0, 60, 0.5, 80)]]


def test_overlapping_notes_of_one_pitch_end_first_in_first_out() -> None:
    on = b"\x00\x90\x3c\x50" + b"\x18\x3c\x5a"
    off = b"\x18\x3c\x00" + b"\x60\x3c\x00"
    assert notes_of(on + off + END) == [[(0.0, 60, 0.5, 80), (0.25, 60, 1.25, 90)]]


def test_the_same_pitch_on_two_channels_does_not_mix() -> None:
    track = b"\x00\x90\x3c\x50\x00\x91\x3c\x51" + b"\x18\x81\x3c\x00" + b"\x48\x80\x3c\x00" + END
    assert notes_of(track) == [[(0.0, 60, 1.0, 80)], [(0.0, 60, 0.25, 81)]]


def test_an_unterminated_note_lasts_to_the_end_of_its_track() -> None:
    track = b"\x00\x90\x3c\x50\x60\x40\x50\x30\x40\x00" + b"\x30\xff\x2f\x00"
    assert notes_of(track) == [[(0.0, 60, 2.0, 80), (1.0, 64, 0.5, 80)]]
    assert notes_of(track[:-4]) == [[(0.0, 60, 1.5, 80), (1.0, 64, 0.5, 80)]], (
        "without an end of track: last event"
    )


def test_notes_of_no_length_and_stray_note_offs_are_dropped() -> None:
    assert notes_of(b"\x00\x90\x3c\x50\x00\x3c\x00\x00\x80\x50\x00" + END) == []


def test_a_note_on_before_the_note_off_of_the_same_tick() -> None:
    """Some programs write the repeated note first."""
    track = b"\x00\x90\x3c\x50" + b"\x60\x3c\x5a" + b"\x00\x3c\x00" + b"\x30\x3c\x00" + END
    assert notes_of(track) == [[(0.0, 60, 1.0, 80), (1.0, 60, 0.5, 90)]]


def test_type_0_is_split_by_channel() -> None:
    track = (
        b"\x00\xff\x03\x04tune\x00\xff\x51\x03\x07\xa1\x20"
        b"\x00\xc4\x28\x00\xc2\x05\x00\xc4\x29\x00\xc7\x63"
        b"\x00\x94\x3c\x50\x00\x99\x24\x60\x00\x92\x30\x40\x30\x80\x3c\x00"
        b"\x30\x84\x3c\x00\x00\x89\x24\x00\x30\x82\x30\x00" + END
    )
    song = from_bytes(midi(track, form=0))
    assert [(t.program, t.is_drum, t.notes[0].pitch, t.notes[0].duration) for t in song.tracks] == [
        (5, False, 48, 1.5),
        (40, False, 60, 1.0),
        (0, True, 36, 1.0),
    ]
    assert (song.title, song.tempos) == ("tune", (Tempo(0.0, 120.0),))


def test_a_program_named_in_another_track_counts() -> None:
    tracks = (
        b"\x00\xc1\x18" + END,
        b"\x00\x91\x3c\x50\x60\x3c\x00" + END,
        b"\x00\x92\x3c\x50\x60\x3c\x00" + END,
    )
    song = from_bytes(midi(*tracks))
    assert [(t.program, len(t.notes)) for t in song.tracks] == [(24, 0), (24, 1), (0, 1)]


def test_of_marks_at_one_onset_the_later_in_the_first_track_counts() -> None:
    slow, fast = b"\x00\xff\x51\x03\x0f\x42\x40", b"\x00\xff\x51\x03\x03\xd0\x90"
    assert from_bytes(midi(fast + slow + END, fast + END)).tempos == (Tempo(0.0, 60.0),)


def test_zero_tempo_and_metre_are_ignored() -> None:
    track = (
        b"\x00\xff\x51\x03\x00\x00\x00\x00\xff\x58\x04\x00\x02\x18\x08\x60\xff\x58\x04\x06\x03\x18\x08"
        + END
    )
    song = from_bytes(midi(track))
    assert (song.tempos, song.time_signatures) == ((), (TimeSignature(1.0, 6, 8),))


def test_pickup() -> None:
    song = replace(SONG, time_signatures=(TimeSignature(0, 1, 4), TimeSignature(1, 4, 4)))
    assert from_bytes(to_bytes(song)).bar_onsets() == [0.0, 1.0, 5.0]


def test_unknown_chunks_long_headers_and_riff() -> None:
    track = b"MTrk" + struct.pack(">L", 11) + b"\x00\x90\x3c\x50\x60\x3c\x00" + END
    data = (
        struct.pack(">4sLHHH", b"MThd", 8, 1, 1, 96)
        + b"??"
        + b"XFIH\0\0\0\x03abc"
        + track
        + b"trailing"
    )
    riff = b"RIFF" + struct.pack("<L", len(data) + 18) + b"RMID" + b"DISP\x01\0\0\0x\0" + b"data"
    song = from_bytes(data)
    assert song.tracks[0].notes == (Note(0.0, 60, 1.0, 80),)
    assert from_bytes(riff + struct.pack("<L", len(data)) + data) == song


def test_latin_1_names() -> None:
    assert from_bytes(midi(b"\x00\xff\x03\x02\xe9\xe8" + END)).title == "éè"


def test_more_than_fifteen_tracks_share_channels_by_program() -> None:
    song = Song(
        (
            *tuple(Track((Note(i, 40 + i, 1),), f"{i}", i % 3) for i in range(20)),
            Track((), "d", 0, True),
        )
    )
    data = to_bytes(song)
    assert from_bytes(data) == song
    tracks = mido.MidiFile(file=BytesIO(data)).tracks[1:]
    channels = [{m.channel for m in track if not m.is_meta} for track in tracks]
    assert channels == [{i % 3} for i in range(20)] + [{9}]


def test_fifteen_tracks_have_a_channel_each_without_the_tenth() -> None:
    song = Song(tuple(Track((Note(0, 60, 1),)) for _ in range(15)))
    tracks = mido.MidiFile(file=BytesIO(to_bytes(song))).tracks[1:]
    assert [m.channel for track in tracks for m in track if m.type == "note_on"] == [
        *range(9),
        *range(10, 16),
    ]


def test_short_notes_and_notes_of_no_length() -> None:
    notes = (Note(0, 60, 0.001), Note(1, 62, 0.0), Note(2, 64, -1.0))
    assert from_bytes(to_bytes(Song((Track(notes),), ticks_per_beat=100))).tracks[0].notes == (
        Note(0.0, 60, 0.01),
    )
