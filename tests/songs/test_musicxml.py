"""MusicXML: what is written, and what music21, the second oracle, reads in it."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from composer.errors import OutputError
from composer.songs.engraving import UNITS, Ruler, ScoreBar, bar_pieces, bars_of
from composer.songs.musicxml import to_bytes, write_musicxml
from composer.songs.song import KeySignature, Note, Song, Tempo, TimeSignature, Track
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.conftest import needs

Sounding = tuple[float, float, tuple[int, ...]]


def parse(song: Song) -> Any:
    converter = needs("music21.converter")
    return converter.parseData(to_bytes(song).decode(), format="musicxml")


def heard(song: Song, part: int = 0) -> list[Sounding]:
    """(onset, duration, pitches) of the notes and chords that music21 finds, ties joined."""
    found = parse(song).parts[part].stripTies().flatten().notes
    return [
        (
            round(float(n.offset), 6),
            round(float(n.quarterLength), 6),
            tuple(sorted(p.midi for p in n.pitches)),
        )
        for n in found
    ]


def line(*notes: tuple[float, float, int], **song: Any) -> Song:
    """One track of (onset, duration, pitch)."""
    return Song(
        (Track(tuple(Note(onset, pitch, duration) for onset, duration, pitch in notes)),), **song
    )


def metre(*signatures: tuple[float, int, int]) -> tuple[TimeSignature, ...]:
    return tuple(TimeSignature(*signature) for signature in signatures)


def measures(song: Song, part: int = 0) -> list[ET.Element]:
    return ET.fromstring(to_bytes(song)).findall("part")[part].findall("measure")


def test_three_four_with_a_tie_over_the_bar() -> None:
    song = line(
        (0, 1.5, 67), (1.5, 0.25, 69), (2, 2.5, 71), (5, 1, 62), time_signatures=metre((0, 3, 4))
    )
    assert heard(song) == [(0, 1.5, (67,)), (1.5, 0.25, (69,)), (2, 2.5, (71,)), (5, 1, (62,))]
    first, second = measures(song)
    assert [t.get("type") for t in first.iter("tie")] == ["start"]
    assert [t.get("type") for t in second.iter("tie")] == ["stop"]
    assert [int(n.findtext("duration") or 0) for n in first.findall("note")] == [18, 3, 3, 12]
    assert [n.findtext("type") for n in first.findall("note")] == [
        "quarter",
        "16th",
        "16th",
        "quarter",
    ]


def test_six_eight() -> None:
    song = line(
        (0, 1.5, 60),
        (1.5, 0.5, 62),
        (2, 1, 64),
        (3, 3, 65),
        (6, 1, 67),
        time_signatures=metre((0, 6, 8)),
    )
    assert heard(song) == [
        (0, 1.5, (60,)),
        (1.5, 0.5, (62,)),
        (2, 1, (64,)),
        (3, 3, (65,)),
        (6, 1, (67,)),
    ]
    assert [
        m.barDuration.quarterLength for m in parse(song).parts[0].getElementsByClass("Measure")
    ] == [3, 3, 3]


def test_pickup() -> None:
    song = line(
        (0, 0.5, 62),
        (0.5, 0.5, 64),
        (1, 4, 65),
        (5, 2, 67),
        time_signatures=metre((0, 1, 4), (1, 4, 4)),
    )
    first, *others = measures(song)
    assert (first.get("number"), first.get("implicit")) == ("0", "yes")
    assert [m.get("number") for m in others] == ["1", "2"]
    assert [(t.findtext("beats"), t.findtext("beat-type")) for t in first.iter("time")] == [
        ("4", "4")
    ]
    assert not [t for m in others for t in m.iter("time")]
    assert heard(song) == [(0, 0.5, (62,)), (0.5, 0.5, (64,)), (1, 4, (65,)), (5, 2, (67,))]


def test_two_equal_metres_are_no_pickup() -> None:
    song = line((0, 1, 60), time_signatures=metre((0, 2, 4), (4, 3, 4)))
    assert next(m.get("number") for m in measures(song)) == "1"


def test_a_new_metre_and_a_new_key() -> None:
    song = line(
        *[(float(i), 1.0, 60 + i) for i in range(10)],
        time_signatures=metre((0, 3, 4), (6, 2, 4)),
        key_signatures=(KeySignature(0, 2), KeySignature(6, -4, True)),
    )
    assert heard(song) == [(i, 1, (60 + i,)) for i in range(10)]
    bars = measures(song)
    assert [m.findtext("attributes/time/beats") for m in bars] == ["3", None, "2", None]
    assert [m.findtext("attributes/key/fifths") for m in bars] == ["2", None, "-4", None]
    assert [m.findtext("attributes/key/mode") for m in bars][2] == "minor"


def test_triplets_beside_sixteenths() -> None:
    third = 1 / 3
    song = line((0, third, 60), (third, third, 62), (2 * third, third, 64), (1, 0.25, 65), (1.25, 0.75, 67),
                (2, 2 * third, 69), (2 + 2 * third, third + 0.5, 71))  # fmt: skip
    onsets = [round(at, 6) for at in (0, third, 2 * third, 1, 1.25, 2, 2 + 2 * third)]
    found = heard(song)
    assert [at for at, _, _ in found] == pytest.approx(onsets, abs=1e-5)
    assert [length for _, length, _ in found] == pytest.approx(
        [third] * 3 + [0.25, 0.75, 2 * third, third + 0.5], abs=1e-5
    )
    (bar,) = measures(song)
    assert [t.get("type") for t in bar.iter("tuplet")] == ["start", "stop", "start", "stop"]
    assert len(bar.findall("note/time-modification")) == 5


def test_a_late_sixteenth_does_not_become_a_triplet() -> None:
    assert heard(line((0, 0.27, 60), (0.27, 0.21, 62), (0.49, 0.4, 64), (0.76, 0.2, 65))) == [
        (0, 0.25, (60,)),
        (0.25, 0.25, (62,)),
        (0.5, 0.25, (64,)),
        (0.75, 0.25, (65,)),
    ]


def test_notes_shorter_than_a_sixteenth_last_one() -> None:
    assert heard(line((0, 0.01, 60), (2.5, 0.001, 67))) == [(0, 0.25, (60,)), (2.5, 0.25, (67,))]


def test_a_note_from_the_second_sixteenth_is_tied_over_the_beat() -> None:
    song = line((0.25, 1.25, 60))
    assert heard(song) == [(0.25, 1.25, (60,))]
    lengths = [int(n.findtext("duration") or 0) for n in measures(song)[0].findall("note")]
    assert lengths[:3] == [3, 9, 6]


def test_chords_and_overlaps() -> None:
    """One voice a track: a chord is as long as its longest note, and the next onset ends it."""
    song = line((0, 1, 60), (0, 2, 64), (0, 2, 55), (1.5, 1, 72), (3, 9, 48))
    assert heard(song) == [(0, 1.5, (55, 60, 64)), (1.5, 1, (72,)), (3, 9, (48,))]
    chord = measures(song)[0].findall("note")[:3]
    assert [n.find("chord") is not None for n in chord] == [False, True, True]


@pytest.mark.parametrize(
    ("sharps", "pitches", "names"),
    [
        (3, [61, 66, 68, 70, 65], ["C#4", "F#4", "G#4", "A#4", "E#4"]),
        (-4, [61, 63, 68, 70, 66], ["D-4", "E-4", "A-4", "B-4", "G-4"]),
        (0, [66, 70, 63, 61], ["F#4", "B-4", "E-4", "C#4"]),
        (-7, [59, 71, 64], ["C-4", "C-5", "F-4"]),
        (7, [60, 72, 65], ["B#3", "B#4", "E#4"]),
    ],
)
def test_spelling_by_the_key(sharps: int, pitches: list[int], names: list[str]) -> None:
    notes = [(float(i), 1.0, pitch) for i, pitch in enumerate(pitches)]
    found = parse(line(*notes, key_signatures=(KeySignature(0, sharps),))).parts[0].flatten().notes
    assert [n.pitch.nameWithOctave for n in found] == names
    assert [n.pitch.midi for n in found] == pitches


def test_accidentals_are_printed_where_the_key_and_the_bar_do_not_imply_them() -> None:
    pitches = [66, 66, 65, 78, 65, 66, 65]  # in G: F# F# F F#5 | F F# F
    song = line(
        *[(float(i), 1.0, p) for i, p in enumerate(pitches)], key_signatures=(KeySignature(0, 1),)
    )
    printed = [[n.findtext("accidental") for n in m.findall("note")] for m in measures(song)]
    assert printed == [[None, None, "natural", None], ["natural", "sharp", "natural", None]]


def test_the_key_that_the_notes_suggest() -> None:
    scale = [62, 64, 66, 67, 69, 71, 73, 74, 69, 66, 62]
    song = line(*[(float(i), 1.0, p) for i, p in enumerate(scale)])
    assert measures(song)[0].findtext("attributes/key/fifths") == "2"


def test_tempo_title_names_and_clefs() -> None:
    tracks = (
        Track((Note(0, 72, 1),), "soprano", 52),
        Track((Note(0, 45, 1),), "bass & <low>\x00", 32),
        Track((), "silent", 3),
    )
    song = Song(tracks, tempos=(Tempo(0, 92.5), Tempo(4, 60)), title="Chorale")
    score = ET.fromstring(to_bytes(song))
    assert score.findtext("work/work-title") == "Chorale"
    assert [n.text for n in score.iter("part-name")] == ["soprano", "bass & <low>", "silent"]
    assert [p.findtext("measure/attributes/clef/sign") for p in score.findall("part")] == [
        "G",
        "F",
        "G",
    ]
    assert [s.get("tempo") for s in score.iter("sound")] == ["92.5"], (
        "the second lies behind the last bar"
    )
    assert [m.text for m in score.iter("midi-program")] == ["53", "33", "4"]
    assert [r.get("measure") for r in score.findall("part")[2].iter("rest")] == ["yes"]
    marks = parse(song).recurse().getElementsByClass("MetronomeMark")
    assert [m.number for m in marks] == [92.5]


def test_drums() -> None:
    song = Song((Track((Note(0, 36, 0.5), Note(0, 42, 0.5), Note(1, 38, 1)), "kit", 8, True),))
    score = ET.fromstring(to_bytes(song))
    assert [m.text for m in score.iter("midi-unpitched")] == ["37", "39", "43"]
    assert [i.get("id") for i in score.iter("instrument")] == ["P1-I36", "P1-I42", "P1-I38"]
    assert score.findtext("part/measure/attributes/clef/sign") == "percussion"
    assert (
        len(parse(song).parts[0].recurse().getElementsByClass(["Unpitched", "PercussionChord"]))
        >= 2
    )


def test_no_tracks_no_notes_and_tiny_bars() -> None:
    assert len(measures(Song())) == 1
    assert len(measures(line(time_signatures=metre((0, 1, 64))))) == 1
    assert [
        len(m.findall("note")) for m in measures(line((0, 4, 60), time_signatures=metre((0, 2, 4))))
    ] == [1, 1]


def test_write_is_whole_and_deterministic(tmp_path: Path) -> None:
    song = line((0, 1, 60))
    write_musicxml(tmp_path / "new" / "a.musicxml", song)
    assert (tmp_path / "new" / "a.musicxml").read_bytes() == to_bytes(song)
    with pytest.raises(OutputError):
        write_musicxml(tmp_path / "new", song)
    with pytest.raises(OutputError, match="beat 0"):
        write_musicxml(tmp_path / "b.musicxml", line((-1, 1, 60)))
    assert [p.name for p in tmp_path.rglob("*")] == ["new", "a.musicxml"]


NOTES = st.tuples(st.floats(0, 20), st.floats(0.001, 9), st.integers(0, 127))
METRES = st.sampled_from([(4, 4), (3, 4), (6, 8), (7, 8), (5, 16), (2, 2), (1, 4), (3, 32)])


@settings(max_examples=200, deadline=None)
@given(st.lists(NOTES, max_size=15), METRES, st.floats(0.25, 6), METRES)
def test_every_bar_is_full(
    notes: list[tuple[float, float, int]], one: Any, change: float, two: Any
) -> None:
    """Whatever comes, the pieces of a bar follow each other without a gap, and each can be printed."""
    song = line(*notes, time_signatures=metre((0, *one), (change, *two)))
    for bar in measures(song):
        lengths = [
            int(n.findtext("duration") or 0) for n in bar.findall("note") if n.find("chord") is None
        ]
        assert all(length > 0 for length in lengths)
        tuplets = [
            t.get("type")
            for n in bar.findall("note")
            if n.find("chord") is None
            for t in n.iter("tuplet")
        ]
        assert tuplets == ["start", "stop"] * (len(tuplets) // 2)
        assert all(
            n.find("type") is not None or n.find("rest") is not None for n in bar.findall("note")
        )
    bars = bars_of(song)
    ruler = Ruler(song.tracks[0], bars)
    groups = ruler.groups(song.tracks[0].notes)
    for bar in bars:
        pieces = list(
            bar_pieces(ruler, [g for g in groups if g[1] > bar.start and g[0] < bar.stop], bar)
        )
        ends = [bar.start, *(piece.stop for piece in pieces)]
        assert [piece.start for piece in pieces] == ends[:-1]
        assert ends[-1] == bar.stop


def test_a_beat_is_read_by_the_bar() -> None:
    """After a pickup of an eighth the beats lie between the song's."""
    song = line(
        (0, 0.5, 60),
        (0.5, 1 / 3, 62),
        (0.5 + 1 / 3, 2 / 3, 64),
        time_signatures=metre((0, 1, 8), (0.5, 3, 4)),
    )
    assert isinstance(bars_of(song)[0], ScoreBar)
    assert UNITS == 12
    assert [at for at, _, _ in heard(song)] == pytest.approx([0, 0.5, 0.5 + 1 / 3], abs=1e-5)


def test_a_chorale_comes_back() -> None:
    """A pickup, four voices and ties, as music21 reads them."""
    soprano = [(0, 1, 67), (1, 1, 72), (2, 1.5, 74), (3.5, 0.5, 72), (4, 2, 71), (6, 3, 72)]
    bass = [(0, 1, 48), (1, 0.5, 52), (1.5, 0.5, 53), (2, 2, 55), (4, 1, 43), (5, 4, 48)]
    tracks = tuple(
        Track(tuple(Note(o, p, d) for o, d, p in part), name)
        for part, name in ((soprano, "S"), (bass, "B"))
    )
    song = Song(
        tracks, time_signatures=metre((0, 1, 4), (1, 4, 4)), key_signatures=(KeySignature(0, 0),)
    )
    for i, part in enumerate((soprano, bass)):
        assert heard(song, i) == [(at, length, (pitch,)) for at, length, pitch in part]
