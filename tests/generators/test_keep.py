"""What is kept of an arrangement, and what goes on from it."""

from __future__ import annotations

from dataclasses import replace

import composer
import numpy as np
import pytest
from composer import catalog
from composer.errors import ConfigError
from composer.generators.keep import Ahead, Keep, Kept, continued, keep_voices, parse
from composer.songs.grid import pulse_grid
from composer.songs.song import Note, Song, Track

from tests.support.voices import in_bars, one_at_a_time, voice


@pytest.fixture(scope="module")
def model():
    return composer.load_model("jsb-chorales")


@pytest.fixture(scope="module")
def greensleeves():
    """6/8, with a pickup."""
    return composer.read(catalog.tune("greensleeves"))


@pytest.fixture(scope="module")
def arranged(model, ode):
    return model.arrange(ode, seed=1)


def test_a_note_that_is_expected_to_go_on_is_held() -> None:
    held = Track((Note(0.0, 60, 1.0), Note(1.0, 64, 3.0, 90)))
    assert Ahead(4.0, 5.0).line(held) == held and Ahead(4.0, 5.0).known == 4.0
    assert Ahead(4.0, 5.0, 64).line(held).notes[-1] == Note(1.0, 64, 4.0, 90)
    assert (
        Ahead(4.0, 5.0, 62).line(held).notes[-1] == Note(4.0, 62, 1.0, 90)
        and Ahead(4.0, 5.0, 62).known == 5.0
    )
    assert Ahead(5.0, 6.0, 64).line(held).notes[-1] == Note(5.0, 64, 1.0, 90)  # it had ended


def test_notes_go_on_or_begin_again() -> None:
    kept = (Note(0.0, 60, 2.0), Note(2.0, 64, 2.0))
    assert continued(kept, [Note(2.0, 64, 3.0), Note(5.0, 62, 1.0)], 4.0) == (
        Note(0.0, 60, 2.0),
        Note(2.0, 64, 3.0),
        Note(5.0, 62, 1.0),
    )
    assert continued(kept, [Note(3.0, 67, 2.0)], 4.0) == (*kept, Note(4.0, 67, 1.0))
    assert continued(kept, [Note(2.0, 64, 2.0), Note(4.0, 64, 1.0)], 4.0) == (
        *kept,
        Note(4.0, 64, 1.0),
    )


def tune() -> Song:
    """Two bars of 4/4 and two voices below; the alto holds a note over the bar."""
    melody = Track(tuple(Note(float(beat), 72, 1.0) for beat in range(8)), "Tune")
    alto = Track((Note(0.0, 64, 3.0), Note(3.0, 65, 3.0), Note(6.0, 67, 2.0)), "Alto")
    bass = Track((Note(0.0, 48, 4.0), Note(4.0, 50, 4.0)), "Bass")
    return Song((melody, alto, bass))


def kept_of(keep: Keep) -> list[Kept]:
    song = tune()
    return keep_voices(keep, song, ("Alto", "Bass"), 0, pulse_grid(song), 8.0)


def test_a_note_that_reaches_into_a_bar_is_kept_whole() -> None:
    alto, bass = kept_of(Keep(bars=((2, 2),)))
    assert [note.onset for note in alto.notes] == [3.0, 6.0]
    assert [note.onset for note in bass.notes] == [4.0]
    assert alto.spans == ((4.0, 8.0), (3.0, 6.0), (6.0, 8.0))
    assert np.flatnonzero(alto.pitches == 65).tolist() == list(range(12, 24))
    assert (alto.pitches[:12] == -1).all()


def test_only_some_bars_made_again_keeps_all_others() -> None:
    assert [one.notes for one in kept_of(Keep(only=((1, 1),)))] == [
        one.notes for one in kept_of(Keep(bars=((2, 2),)))
    ]


def test_a_voice_is_kept_whatever_the_case_of_its_name() -> None:
    alto, bass = kept_of(Keep(voices=("ALTO",)))
    assert len(alto.notes) == 3 and not bass.notes


def test_voices_and_bars_that_are_not_there_are_named() -> None:
    with pytest.raises(ConfigError, match="no voice 'Viola' to keep; there are Alto, Bass"):
        kept_of(Keep(voices=("Viola",)))
    with pytest.raises(ConfigError, match="no bar 2-3; the melody has bars 1 to 2"):
        kept_of(Keep(bars=((2, 3),)))
    with pytest.raises(ConfigError, match="bars are counted from 1"):
        parse(["4-2"], [])
    with pytest.raises(ConfigError, match="a number or two"):
        parse([], ["alto"])


# With the bundled model


def test_what_keep_and_bars_ask_for():
    assert parse(["alto", "1-4", "Tenor", "9"], ["5-8"]) == Keep(
        ("alto", "Tenor"), ((1, 4), (9, 9)), ((5, 8),)
    )
    assert parse([], []) is None
    for wrong in ("x", "8-5", "0", "5-", "-5"):
        with pytest.raises(ConfigError, match="bars are"):
            parse([], [wrong])


def test_a_kept_voice_comes_back_and_the_others_fit_around_it(model, arranged):
    again = model.arrange(arranged, seed=5, keep=Keep(("alto",)))
    assert again.tracks[:2] == arranged.tracks[:2]
    assert voice(again, "Bass").notes != voice(arranged, "Bass").notes
    free = model.arrange(arranged, seed=5, track=0)
    assert voice(again, "Bass").notes != voice(free, "Bass").notes  # it hears the alto that is kept


def test_only_some_bars_are_made_again(model, arranged):
    again = model.arrange(arranged, seed=5, keep=Keep(only=((5, 8),)))
    assert again.tracks[0] == arranged.tracks[0] and one_at_a_time(again)
    for before, after in zip(arranged.tracks[1:], again.tracks[1:], strict=True):
        for span in ((1, 4), (9, 16)):
            assert in_bars(arranged, before, *span) == in_bars(again, after, *span)
    assert any(
        in_bars(arranged, before, 5, 8) != in_bars(again, after, 5, 8)
        for before, after in zip(arranged.tracks[1:], again.tracks[1:], strict=True)
    )
    other = model.arrange(arranged, seed=5, keep=Keep(bars=((1, 4), (9, 16))))
    assert other.tracks == again.tracks


def test_a_voice_and_bars_together(model, arranged):
    again = model.arrange(arranged, seed=6, keep=Keep(("BASS",), only=((3, 3),)))
    assert voice(again, "Bass") == voice(arranged, "Bass")
    assert in_bars(again, again.tracks[1], 4, 16) == in_bars(arranged, arranged.tracks[1], 4, 16)


def test_everything_kept_is_everything_as_it_was(model, arranged):
    assert (
        model.arrange(arranged, seed=8, keep=Keep(("Alto", "Tenor", "Bass"))).tracks
        == arranged.tracks
    )
    assert model.arrange(arranged, seed=8, keep=Keep(bars=((1, 16),))).tracks == arranged.tracks


def test_notes_off_the_grid_and_out_of_range_come_back_bit_for_bit(model, arranged):
    played = tuple(
        Note(n.onset + 0.013 * (i % 3), n.pitch - 24 * (i == 4), n.duration * 0.87, 31 + i)
        for i, n in enumerate(arranged.tracks[2].notes)
    )
    song = replace(
        arranged,
        tracks=(
            *arranged.tracks[:2],
            replace(arranged.tracks[2], notes=played),
            arranged.tracks[3],
        ),
    )
    whole = model.arrange(song, seed=3, keep=Keep(("tenor",)))
    assert whole.tracks[2].notes == played
    part = model.arrange(song, seed=3, keep=Keep(bars=((2, 3),)))
    kept = in_bars(song, song.tracks[2], 2, 3)
    assert [n for n in part.tracks[2].notes if n in kept] == kept and one_at_a_time(part)


def test_a_note_that_reaches_into_a_kept_bar_is_kept_whole(model, ode):
    """Bars of 4 beats; the bass holds from bar 1 into bar 2, which is kept."""
    end = ode.end
    low = Track((Note(0.0, 48, 2.0), Note(2.0, 43, 4.0), Note(6.0, 48, end - 6.0)), "Bass")
    others = [Track((Note(0.0, p, end),), name) for name, p in (("Alto", 60), ("Tenor", 55))]
    song = replace(ode, tracks=(ode.tracks[0], *others, low))
    again = model.arrange(song, seed=4, keep=Keep(bars=((2, 2),)))
    assert again.tracks[3].notes[-2:] == low.notes[1:] and again.tracks[1:3] == tuple(others)
    assert again.tracks[3].notes[0].onset == 0.0 and one_at_a_time(again)


def test_a_pickup_in_six_eight_is_bar_one(model, greensleeves):
    before = model.arrange(greensleeves, seed=1)
    assert before.bar_onsets()[1] < 3.0
    again = model.arrange(before, seed=2, keep=Keep(bars=((1, 3),)))
    assert again.tracks[0] == before.tracks[0] and one_at_a_time(again)
    for a, b in zip(before.tracks[1:], again.tracks[1:], strict=True):
        assert in_bars(before, a, 1, 3) == in_bars(again, b, 1, 3)


def test_voices_without_their_names_are_taken_in_their_order(model, arranged):
    bare = replace(arranged, tracks=tuple(replace(t, name="") for t in arranged.tracks))
    again = model.arrange(bare, seed=5, keep=Keep(("tenor",)))
    assert again.tracks[2] == bare.tracks[2] and again.tracks[1].notes != bare.tracks[1].notes


def test_locks_that_name_nothing_list_what_there_is(model, arranged, ode):
    for song, keep, words in (
        (arranged, Keep(("sopran",)), "no voice 'sopran' to keep; there are Alto, Tenor, Bass"),
        (arranged, Keep(bars=((15, 17),)), "no bar 15-17; the melody has bars 1 to 16"),
        (arranged, Keep(only=((99, 99),)), "no bar 99; the melody has bars 1 to 16"),
        (
            ode,
            Keep(("alto",)),
            "its voices are needed, Alto, Tenor, Bass; beside the melody there is none",
        ),
    ):
        with pytest.raises(ConfigError, match=words):
            model.arrange(song, keep=keep)
