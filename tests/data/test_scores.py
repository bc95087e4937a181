"""MusicXML read through music21: our own files come back, drums included; real scores' faults are mended."""

import zipfile
from importlib.util import find_spec
from pathlib import Path

import pytest
from composer.data import jsb, load_corpus
from composer.data.scores import read_movements, read_score
from composer.errors import ComposerError
from composer.songs.musicxml import to_bytes, write_musicxml
from composer.songs.song import KeySignature, Note, Song, Tempo, TimeSignature, Track

from tests.conftest import lacking

SONG = Song(
    tracks=(
        Track(
            (
                Note(0, 60, 1),
                Note(0, 67, 1),
                Note(1, 64, 4.5),
                Note(5.5, 64, 0.5),
                Note(6, 70, 1 / 3),
            ),
            "Flute",
            73,
        ),
        Track((Note(0, 36, 0.5), Note(0, 42, 0.5), Note(1, 38, 6), Note(7, 51, 1)), "Kit", 0, True),
        Track((Note(2, 40, 3),), "Deep", 43),
    ),
    tempos=(Tempo(0, 90.0), Tempo(4, 120.0)),
    time_signatures=(TimeSignature(0, 1, 4), TimeSignature(1, 3, 4)),
    key_signatures=(KeySignature(0, -2, True),),
    title="Tune",
)


@pytest.fixture(autouse=True)
def music21() -> None:
    if find_spec("music21") is None:
        lacking("music21")


def notes(track: Track) -> list[tuple[float, int, float]]:
    return [(note.onset, note.pitch, round(note.duration, 6)) for note in track.notes]


def test_our_own_files_come_back(tmp_path):
    write_musicxml(tmp_path / "a.musicxml", SONG)
    found = read_score(tmp_path / "a.musicxml")
    assert [notes(track) for track in found.tracks] == [notes(track) for track in SONG.tracks]
    assert [(t.name, t.program, t.is_drum) for t in found.tracks] == [
        ("Flute", 73, False),
        ("Kit", 0, True),
        ("Deep", 43, False),
    ]
    assert (found.tempos, found.time_signatures) == (SONG.tempos, SONG.time_signatures)
    assert (found.key_signatures, found.title) == (SONG.key_signatures, "Tune")


def test_a_compressed_file(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.mxl", "w") as file:
        file.writestr(
            "META-INF/container.xml", '<container><rootfile full-path="in/score.xml"/></container>'
        )
        file.writestr("other.xml", "<not-this/>")
        file.writestr("in/score.xml", to_bytes(SONG))
    with zipfile.ZipFile(tmp_path / "b.mxl", "w") as file:
        file.writestr("score.xml", to_bytes(SONG))
    assert read_score(tmp_path / "a.mxl") == read_score(tmp_path / "b.mxl")
    assert notes(read_score(tmp_path / "a.mxl").tracks[0]) == notes(SONG.tracks[0])


def note(step: str, length: int, extra: str = "") -> str:
    return f"<note><pitch><step>{step}</step><octave>5</octave></pitch><duration>{length}</duration>{extra}</note>"


def bar(number: int, *inside: str) -> str:
    return f'<measure number="{number}">{"".join(inside)}</measure>'


def attributes(beats: int, extra: str = "") -> str:
    time = f"<time><beats>{beats}</beats><beat-type>4</beat-type></time>"
    return f"<attributes><divisions>2</divisions>{time}{extra}</attributes>"


def score(path: Path, *parts: str) -> Song:
    names = "".join(
        f'<score-part id="P{i}"><part-name>{i}</part-name></score-part>' for i in range(len(parts))
    )
    inside = "".join(f'<part id="P{i}">{part}</part>' for i, part in enumerate(parts))
    path = path / "score.xml"
    path.write_text(f"<score-partwise><part-list>{names}</part-list>{inside}</score-partwise>")
    return read_score(path)


def test_parts_whose_bars_differ_do_not_drift_apart(tmp_path):
    """Bar 1 of the first part lacks a beat, bar 2 of the second has one too many: bar 3 is at 8 in both."""
    first = bar(1, attributes(4), note("C", 6)), bar(2, note("D", 8)), bar(3, note("E", 8))
    second = (
        bar(1, attributes(4), note("A", 8)),
        bar(2, note("B", 8), note("F", 2)),
        bar(3, note("G", 8)),
    )
    found = score(tmp_path, "".join(first), "".join(second))
    assert [notes(track) for track in found.tracks] == [
        [(0, 72, 3), (4, 74, 4), (8, 76, 4)],
        [(0, 81, 4), (4, 83, 4), (8, 79, 4)],
    ]
    assert found.time_signatures == (TimeSignature(0, 4, 4),)


def test_halves_of_a_bar_between_repeat_signs_are_one_bar(tmp_path):
    """A pickup of a beat, a bar, then a bar that a repeat sign cuts after its third beat, and another bar."""
    bars = [note("C", 2)], [note("D", 8)], [note("E", 6)], [note("F", 2)], [note("G", 8)]
    inside = "".join(bar(i, attributes(4) if i == 0 else "", *b) for i, b in enumerate(bars))
    found = score(tmp_path, inside)
    assert found.time_signatures == (TimeSignature(0, 1, 4), TimeSignature(1, 4, 4))
    assert found.bar_onsets() == [0, 1, 5, 9]


def test_a_pickup_is_not_joined_to_a_short_bar(tmp_path):
    bars = [note("C", 2)], [note("D", 6)], [note("E", 8)], [note("F", 8)]
    found = score(
        tmp_path, "".join(bar(i, attributes(4) if i == 0 else "", *b) for i, b in enumerate(bars))
    )
    assert found.bar_onsets() == [0, 1, 4, 8]


def test_a_bar_that_stays_short_has_a_metre_of_its_own(tmp_path):
    bars = [note("C", 6)], [note("D", 3)], [note("E", 6)], [note("F", 6)]
    inside = "".join(bar(i, attributes(3) if i == 0 else "", *b) for i, b in enumerate(bars))
    found = score(tmp_path, inside)
    assert found.time_signatures == (
        TimeSignature(0, 3, 4),
        TimeSignature(3, 3, 8),
        TimeSignature(4.5, 3, 4),
    )
    assert found.bar_onsets() == [0, 3, 4.5, 7.5]


def test_a_word_beyond_the_barline_makes_no_bar_longer(tmp_path):
    word = "<direction><direction-type><words>dolce</words></direction-type><offset>6</offset></direction>"
    inside = bar(1, attributes(2), note("C", 4)), bar(2, note("D", 4), word), bar(3, note("E", 4))
    found = score(tmp_path, "".join(inside))
    assert notes(found.tracks[0]) == [(0, 72, 2), (2, 74, 2), (4, 76, 2)]
    assert found.time_signatures == (TimeSignature(0, 2, 4),)


def test_movements_of_one_file(tmp_path):
    """Three: the second begins with a pickup and has the key of the first; after the third are empty bars."""
    rest = "<note><rest/><duration>4</duration></note>"
    key = "<key><fifths>{}</fifths></key>"
    bars = [
        bar(
            1,
            f"<attributes><divisions>2</divisions>{key.format(2)}</attributes>",
            attributes(4),
            note("C", 8),
        ),
        bar(2, note("D", 6)),
        bar(3, attributes(3), note("E", 2)),
        bar(4, note("F", 6)),
        bar(5, attributes(2), f"<attributes>{key.format(-1)}</attributes>", note("G", 4)),
        bar(6, note("A", 3)),
        bar(7, rest),
    ]
    score(tmp_path, "".join(bars))
    first, second, third = read_movements(tmp_path / "score.xml", (0, 2, 4))
    assert [notes(song.tracks[0]) for song in (first, second, third)] == [
        [(0, 72, 4), (4, 74, 3)],
        [(0, 76, 1), (1, 77, 3)],
        [(0, 79, 2), (2, 81, 1.5)],
    ]
    assert first.time_signatures == (TimeSignature(0, 4, 4),)
    assert second.time_signatures == (TimeSignature(0, 1, 4), TimeSignature(1, 3, 4))
    assert third.time_signatures == (TimeSignature(0, 2, 4),)
    assert [song.key_signatures[0].sharps for song in (first, second, third)] == [2, 2, -1]


def test_a_transposing_part_sounds_as_it_sounds(tmp_path):
    clarinet = "<transpose><diatonic>-1</diatonic><chromatic>-2</chromatic></transpose>"
    found = score(
        tmp_path, bar(1, attributes(4, clarinet), note("D", 8)), bar(1, attributes(4), note("C", 8))
    )
    assert [notes(track) for track in found.tracks] == [[(0, 72, 4)], [(0, 72, 4)]]


def test_grace_notes_and_chord_symbols_are_left_out(tmp_path):
    grace = "<note><grace/><pitch><step>B</step><octave>4</octave></pitch></note>"
    symbol = "<harmony><root><root-step>G</root-step></root><kind>major</kind></harmony>"
    found = score(tmp_path, bar(1, attributes(4), symbol, grace, note("C", 8)))
    assert notes(found.tracks[0]) == [(0, 72, 4)]


def test_two_staves_are_two_tracks(tmp_path):
    low = "<staff>2</staff>"
    high = "<staff>1</staff>"
    back = "<backup><duration>8</duration></backup>"
    found = score(
        tmp_path,
        bar(1, attributes(4, "<staves>2</staves>"), note("E", 8, high), back, note("C", 8, low)),
    )
    assert [notes(track) for track in found.tracks] == [[(0, 76, 4)], [(0, 72, 4)]]


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "not MusicXML: no element found"),
        (b"<html><p>hello</html>", "not MusicXML: mismatched tag"),
        (b"<plist/>", "not MusicXML by parts: its first element is plist, not score-partwise"),
        (b"PK\x03\x04 no zip", "not MusicXML: File is not a zip file"),
        (b"<score-timewise/>", "not MusicXML by parts: its first element is score-timewise"),
        (b"<score-partwise/>", ""),
        (b"<score-partwise><part id='P1'><measure><note/></measure></part></score-partwise>", ""),
    ],
)
def test_damaged_files(tmp_path, data, said):
    (tmp_path / "a.xml").write_bytes(data)
    try:
        found = read_score(tmp_path / "a.xml")
    except ComposerError as error:
        assert f"cannot read {tmp_path / 'a.xml'}: {said}" in str(error)
        assert "\n" not in str(error)
    else:
        assert not said and not any(track.notes for track in found.tracks)


def test_files_cut_off_anywhere_are_an_error(tmp_path):
    data = to_bytes(SONG)
    for at in range(200, len(data) - 20, 997):
        (tmp_path / "a.xml").write_bytes(data[:at])
        with pytest.raises(ComposerError, match="cannot read"):
            read_score(tmp_path / "a.xml")


def test_a_pipe_and_a_missing_file(tmp_path):
    with pytest.raises(ComposerError, match="No such file"):
        read_score(tmp_path / "no.xml")
    with pytest.raises(ComposerError, match="a folder, a device or a pipe"):
        read_score(tmp_path)


def test_entities_that_grow_are_refused(tmp_path):
    lines = "".join(f'<!ENTITY e{i} "{f"&e{i - 1};" * 10}">' for i in range(1, 12))
    text = f'<!DOCTYPE x [<!ENTITY e0 "{"a" * 99}">{lines}]><score-partwise>&e11;</score-partwise>'
    (tmp_path / "a.xml").write_text(text)
    with pytest.raises(ComposerError, match="not MusicXML"):
        read_score(tmp_path / "a.xml")


def test_chorales_of_the_corpus_are_those_of_jsb(tmp_path):
    """Pickups, repeats that cut bars, metres that change: read here and built by build_jsb, by other code."""
    from composer.data.build import jsb as build_jsb

    files = build_jsb.corpus_files()
    chorales = {c.bwv: c for split in jsb.SPLITS for c in jsb.load(split)}
    for bwv in ("bwv269", "bwv66.6", "bwv304", "bwv10.7", "bwv281"):
        found, expected = read_score(files[bwv]), jsb.to_song(chorales[bwv])
        assert [notes(track) for track in found.tracks] == [
            notes(track) for track in expected.tracks
        ], bwv
        assert found.time_signatures == expected.time_signatures, bwv
        (tmp_path / f"{bwv}{files[bwv].suffix}").write_bytes(files[bwv].read_bytes())
    corpus = load_corpus(tmp_path)
    assert corpus.roles == jsb.VOICES
    assert len(corpus.songs) == 5
