"""Which track plays which part: patterns, merging, the melody, and the choice where nobody chooses."""

from dataclasses import replace

import pytest
from composer.data.roles import FAMILIES, Role, by_roles, choose, is_line, parse_roles
from composer.errors import ConfigError, MelodyError
from composer.songs.song import Note, Song, Tempo, TimeSignature, Track


def line(*pitches: int, start: float = 0.0, each: float = 1.0) -> tuple[Note, ...]:
    return tuple(Note(start + i * each, pitch, each) for i, pitch in enumerate(pitches))


def song(*tracks: Track) -> Song:
    return Song(tracks)


def names(found: Song) -> list[str]:
    return [track.name for track in found.tracks]


def pitches(found: Song) -> list[list[int]]:
    return [[note.pitch for note in track.notes] for track in found.tracks]


FLUTE = Track(line(79, 81, 83), "Flute solo", 73)
NYLON = Track(line(52, 55), "Gtr 1", 24)
STEEL = Track(line(64, 52, 67), "gtr 2 (steel)", 25)
BASS = Track(line(36, 43, 36), "E-Bass", 33)
KIT = Track(line(36, 38, 42, 38), "Kit", 0, is_drum=True)

# --- what one writes ---------------------------------------------------------------------


def test_roles_in_the_order_of_the_command_line():
    assert parse_roles(["Melody=flute|73", " Low = 32 - 39 ", "Beat=DRUMS"]) == (
        Role("Melody", ("flute", "73")),
        Role("Low", ("32 - 39",)),
        Role("Beat", ("drums",)),
    )
    assert parse_roles([]) == ()
    assert [role.program for role in parse_roles(["A=x|7", "Low=32-39", "C=name"])] == [7, 32, 0]


@pytest.mark.parametrize(
    ("texts", "said"),
    [
        (["flute"], "'flute' is no role$"),
        (["=40"], "'=40' is no role"),
        (["A=", "B=1"], "'A=' is no role"),
        (["A=1|", "B=1"], r"'A=1\|' is no role"),
        (["A=128", "B=1"], "'128' in 'A=128': programs are 0 to 127"),
        (["A=31-24", "B=1"], "'31-24' in .* a range goes up"),
        (["A=24-", "B=1"], "'24-' in"),
        (["A=1-2-3", "B=1"], "'1-2-3' in"),
        (["A=1", "a=2"], "two roles are named 'A'"),
        (["A=1"], "'A=1' is the melody alone"),
        (["Beat=drums", "A=1"], "the first role is the melody, 'Beat=drums' are drums"),
        (["A=1", "B=drums|40"], r"'B=drums\|40' mixes drums"),
    ],
)
def test_what_is_no_role_says_how_to_write_one(texts, said):
    with pytest.raises(ConfigError, match=said) as caught:
        parse_roles(texts)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("pattern", "fitting"),
    [
        ("24", [NYLON]),
        ("24-31", [NYLON, STEEL]),
        ("25-33", [STEEL, BASS]),
        ("GTR", [NYLON, STEEL]),
        ("steel", [STEEL]),
        ("drums", [KIT]),
        ("0-127", [FLUTE, NYLON, STEEL, BASS]),
        ("kit", []),  # drums fit "drums" alone: their numbers are no pitches
        ("0", []),
        ("trumpet", []),
    ],
)
def test_patterns(pattern, fitting):
    assert [t for t in (FLUTE, NYLON, STEEL, BASS, KIT) if Role("R", (pattern,)).fits(t)] == fitting


# --- merging -----------------------------------------------------------------------------


def test_tracks_of_one_role_are_merged_and_go_to_the_first_that_fits():
    roles = parse_roles(["Lead=flute", "Guitar=24-31", "Rest=0-127", "Beat=drums", "Choir=52"])
    found, cut = by_roles(song(KIT, STEEL, BASS, NYLON, FLUTE), roles)
    assert names(found) == ["Lead", "Guitar", "Rest", "Beat", "Choir"]
    # Both guitars have E3: steel at beat 1, nylon at beat 0.
    assert pitches(found) == [
        [79, 81, 83],
        [52, 64, 52, 55, 67],
        [36, 43, 36],
        [36, 38, 42, 38],
        [],
    ]
    assert [track.program for track in found.tracks] == [73, 25, 33, 0, 52]
    assert [track.is_drum for track in found.tracks] == [False, False, False, True, False]
    assert cut == ()


def test_of_two_notes_at_one_place_the_longer_stays():
    short, long = (
        Track((Note(1, 60, 0.5, 99), Note(2, 64, 1)), "Pad 1"),
        Track((Note(1, 60, 3, 50),), "Pad 2"),
    )
    found, _ = by_roles(song(FLUTE, short, long), parse_roles(["M=flute", "Pad=pad"]))
    assert found.tracks[1].notes == (Note(1, 60, 3, 50), Note(2, 64, 1))


def test_the_melody_becomes_one_line_the_others_keep_their_chords():
    thirds = Track((*line(72, 74, 76), *line(69, 71, 72)), "Violins", 40)
    pad = Track((*line(48, 50, 52), *line(55, 57, 59)), "Pad", 50)
    found, cut = by_roles(song(pad, thirds), parse_roles(["Top=violin", "Pad=pad"]))
    assert pitches(found) == [[72, 74, 76], [48, 55, 50, 57, 52, 59]]
    assert cut == ("Top",)


def test_marks_and_title_stay():
    whole = Song(
        (FLUTE, BASS), (Tempo(0, 71),), (TimeSignature(0, 1, 4), TimeSignature(1, 7, 8)), title="x"
    )
    found, _ = by_roles(whole, parse_roles(["M=flute", "B=bass"]))
    assert replace(found, tracks=()) == replace(whole, tracks=())


def test_a_piece_that_lacks_the_melody_or_all_else_says_what_it_has():
    roles = parse_roles(["Lead=trumpet", "Bass=32-39"])
    with pytest.raises(
        MelodyError,
        match=r"no track for the melody \(Lead\): it has 'E-Bass' \(33\), 'Kit' \(drums\)$",
    ):
        by_roles(song(BASS, KIT, Track((), "trumpet", 56)), roles)
    with pytest.raises(
        MelodyError, match=r"no track beside the melody for any role: it has 'Trumpet'"
    ):
        by_roles(song(Track(FLUTE.notes, "Trumpet", 56), KIT), roles)
    many = [replace(FLUTE, name=f"t{i}") for i in range(70)]
    with pytest.raises(MelodyError, match=r"'t4' \(73\), 65 more$"):
        by_roles(song(*many), roles)


def test_seventy_tracks_are_merged():
    many = [Track(line(40 + i, start=i), f"t{i}", 48) for i in range(70)]
    found, _ = by_roles(song(FLUTE, *many), parse_roles(["M=flute", "All=0-127"]))
    assert pitches(found)[1] == list(range(40, 110))


# --- the choice --------------------------------------------------------------------------


def quartet(*order: str, shift: int = 0) -> Song:
    at = {"Violin I": 76, "Violin II": 69, "Viola": 60, "Cello": 45}
    return song(*(Track(line(*range(at[n] + shift, at[n] + shift + 5)), n, 40) for n in order))


def test_voices_by_name_whatever_their_order():
    songs = [
        quartet("Cello", "Viola", "Violin II", "Violin I"),
        quartet("Violin II", "Cello", "Violin I", "Viola"),
    ]
    plan, remark = choose(songs)
    for each in songs:
        found, _ = plan(each)
        assert names(found) == ["Violin I", "Violin II", "Viola", "Cello"]
        assert [p[0] for p in pitches(found)] == [76, 69, 60, 45]
    assert (
        "4 one-line tracks" in remark.text
        and "by name: Violin I (the melody), Violin II, Viola, Cello" in remark.text
    )


def unnamed(*firsts: int) -> Song:
    return song(*(Track(line(first, first + 2, first + 4)) for first in firsts))


def test_voices_without_names_in_the_order_of_the_file_where_it_goes_down():
    # The second voice crosses the third in one piece: it stays the second.
    songs = [unnamed(80, 60, 50, 40), unnamed(80, 50, 60, 40)]
    plan, remark = choose(songs)
    assert names(plan(songs[1]).song) == ["Voice 1", "Voice 2", "Voice 3", "Voice 4"]
    assert [p[0] for p in pitches(plan(songs[1]).song)] == [80, 50, 60, 40]
    assert "in the order of the files" in remark.text


def test_voices_without_names_from_high_to_low_where_files_have_no_order():
    songs = [unnamed(60, 80, 50), unnamed(80, 50, 60)]
    plan, remark = choose(songs)
    assert [[p[0] for p in pitches(plan(each).song)] for each in songs] == [[80, 60, 50]] * 2
    assert "from high to low" in remark.text


def test_names_that_most_files_give():
    songs = [quartet("Violin I", "Violin II", "Viola", "Cello") for _ in range(3)]
    odd = song(
        *(
            replace(t, name=n)
            for t, n in zip(songs[0].tracks, ["1st", "2nd", "Va", "Vc"], strict=True)
        )
    )
    plan, _ = choose([*songs, odd])
    assert names(plan(odd).song) == ["Violin I", "Violin II", "Viola", "Cello"]


def test_a_voice_with_some_double_stops_is_made_one_line_and_named():
    stops = Track((*line(60, 62, 64, 65, 67, 69, 71, 72), Note(7, 64, 1)), "Low")
    top = Track(line(*range(80, 88)), "Top")
    plan, _ = choose([song(top, stops)] * 2)
    found, cut = plan(song(top, stops))
    assert pitches(found)[1] == [60, 62, 64, 65, 67, 69, 71, 72]
    assert cut == ("Low",)


def test_one_line_with_chords_and_legato():
    assert is_line(Track(line(60, 62, 64)))
    assert is_line(Track((Note(0, 60, 1.3), Note(1, 62, 1.3), Note(2, 64, 1))))
    assert not is_line(Track((*line(60, 62, 64), *line(64, 65, 67))))


def test_nine_of_ten_with_as_many_voices_is_enough_and_the_tenth_is_told():
    trio, pair = unnamed(80, 60, 50), unnamed(70, 50)
    plan, remark = choose([trio] * 9 + [pair])
    assert "3 one-line tracks" in remark.text
    with pytest.raises(MelodyError, match="not 3 one-line tracks like the others"):
        plan(pair)
    assert "roles by program" in choose([trio] * 8 + [pair] * 2)[1].text


@pytest.mark.parametrize("odd", [KIT, Track((*line(60, 62, 64), *line(64, 65, 67)), "Piano")])
def test_drums_or_chords_call_for_the_families(odd):
    assert "roles by program" in choose([song(FLUTE, BASS, odd)] * 2)[1].text
    assert "roles by program" in choose([song(FLUTE)] * 2)[1].text
    assert "roles by program" in choose([unnamed(*range(90, 45, -5))] * 2)[1].text  # nine voices
    assert "roles by program" in choose([])[1].text


def test_the_five_families_and_the_melody():
    """Dong et al. 2018: by program, all that is neither drums, piano, guitar nor bass counts as strings."""
    piano = Track((*line(60, 62), *line(64, 65)), "", 7)
    band = song(
        KIT,
        piano,
        NYLON,
        Track(line(40, 41), "", 39),
        Track(line(50), "", 48),
        Track(line(55), "", 8),
        FLUTE,
    )
    found, _ = by_roles(band, FAMILIES)
    assert names(found) == ["Melody", "Drums", "Piano", "Guitar", "Bass", "Strings"]
    assert pitches(found) == [
        [79, 81, 83],
        [36, 38, 42, 38],
        [60, 64, 62, 65],
        [52, 55],
        [40, 41],
        [50, 55],
    ]
    assert choose([band])[0](band).song == found
