"""What the voices play: bounded in time, the table as good as a single decision, silence where nothing was heard."""

from __future__ import annotations

from dataclasses import replace

import composer
import numpy as np
import pytest
from composer.generators import Model
from composer.generators.chorale.config import MEMORY, RECALL
from composer.live.melody.dynamics import (
    MOST_MOVED,
    PLAINLY,
    Feel,
    curve,
    feel,
    moved,
    shaped,
    velocity,
)
from composer.live.session.accompanist import (
    MARGIN,
    Accompanist,
    Decision,
    held_pitch,
    likely_pitches,
    recent,
)
from composer.songs.song import Note, Song, TimeSignature, Track
from hypothesis import given
from hypothesis import strategies as st

FOUR, THREE = TimeSignature(0.0, 4, 4), TimeSignature(0.0, 3, 4)


@pytest.fixture(scope="module")
def accompanist() -> Accompanist:
    return Accompanist(composer.load_model("jsb-chorales"), seed=3)


def heard(pitches: list[int], metre: TimeSignature = FOUR, start: float = 0.0) -> Song:
    notes = tuple(Note(start + i, pitch, 1.0, 70) for i, pitch in enumerate(pitches))
    return Song((Track(notes, "Melody"),), time_signatures=(metre,))


def accompanied(accompanist: Accompanist, song: Song, beats: int) -> Song:
    """Beat by beat, as the melody really goes on."""
    voices: list[list[Note]] = [[], [], []]
    parts = accompanist.parts
    for beat in range(beats):
        tracks = [Track(tuple(v), name) for v, name in zip(voices, parts, strict=True)]
        past = replace(song, tracks=(song.tracks[0], *tracks))
        pitch = next((n.pitch for n in song.tracks[0].notes if n.onset <= beat < n.end), None)
        for voice, notes in zip(voices, accompanist.voices(past, float(beat), pitch), strict=True):
            for note in notes:
                if note.onset >= beat or not voice:
                    voice.append(note)
                else:
                    voice[-1] = replace(voice[-1], duration=note.end - voice[-1].onset)
    return replace(
        song,
        tracks=(song.tracks[0], *(Track(tuple(v), n) for v, n in zip(voices, parts, strict=True))),
    )


def test_the_table_is_what_arrange_ahead_gives_for_each_pitch(accompanist: Accompanist) -> None:
    song = accompanied(accompanist, heard([67, 69, 71, 72, 71, 69, 67]), 7)
    decision = accompanist.decide(song, 7.0, (67, 66, 74))
    model = accompanist.model
    for pitch in (67, 66, 74):
        made = model.arrange_ahead(song, 7.0, 1.0, 3, expected=pitch)
        expected = tuple(tuple(n for n in t.notes if n.end > 7.0) for t in made.tracks[1:])
        assert decision.voices(pitch) == expected
        assert all(notes and notes[-1].end == 8.0 for notes in expected)
    assert decision.table[66] != decision.table[74]
    assert (
        decision.voices(61) == decision.voices(None) == decision.plain
    )  # not in the table: as if nothing new came


def test_a_held_note_grows_and_is_not_struck_again(accompanist: Accompanist) -> None:
    song = accompanied(accompanist, heard([67, 69, 71, 72, 71, 69, 67, 67, 69, 67, 66, 67]), 12)
    long = [n for track in song.tracks[1:] for n in track.notes if n.duration > 1]
    assert long  # a note of more than a beat was decided in several
    for track in song.tracks[1:]:
        ends = [(a.end, b.onset) for a, b in zip(track.notes, track.notes[1:], strict=False)]
        assert all(end <= onset + 1e-6 for end, onset in ends)


def test_before_anything_is_heard_there_is_silence_and_a_first_note_gets_its_chord(
    accompanist: Accompanist,
) -> None:
    nothing = Song((Track((), "Melody"),), time_signatures=(THREE,))
    assert accompanist.voices(nothing, 4.0) == ((), (), ())
    chord = accompanist.voices(nothing, 4.0, 69)
    assert [notes[0].onset for notes in chord] == [4.0] * 3
    assert all(n.end <= 5.0 + 1e-6 for notes in chord for n in notes)


def test_an_hour_is_cut_to_what_matters_in_whole_bars() -> None:
    song = heard([60 + i % 7 for i in range(12_000)], THREE)
    cut, taken = recent(song, 12_000.0, MEMORY, RECALL)
    assert taken % 96 == 0 and len(cut.tracks[0].notes) < 80
    assert cut.tracks[0].notes[-1].onset == 11_999 - taken
    assert (cut.time_signatures, 12_000 - taken < 200) == ((THREE,), True)
    same, none = recent(heard([60] * 90), 90.0, MEMORY, RECALL)
    assert (
        none == 0 and len(same.tracks[0].notes) == 40 == MEMORY + MARGIN
    )  # only notes are left out


def test_notes_that_are_left_out_do_not_change_a_decision(accompanist: Accompanist) -> None:
    song = accompanied(accompanist, heard([60, 62, 64, 65, 67, 69, 71] * 13), 91)
    made = accompanist.model.arrange_ahead(song, 91.0, 1.0, 3, expected=60)
    whole = tuple(tuple(n for n in t.notes if n.end > 91.0) for t in made.tracks[1:])
    assert accompanist.voices(song, 91.0, 60) == whole


def test_likely_pitches_are_the_last_then_steps_in_the_key_then_octaves() -> None:
    song = heard([62, 64, 66, 67, 69, 71, 73, 74, 71, 69])  # D major
    pitches = likely_pitches(song, 10.0)
    assert pitches[:5] == (69, 67, 71, 73, 66)  # F sharp and C sharp are in the key
    assert set(pitches[-2:]) <= {81, 57} and len(pitches) == len(set(pitches)) == 15
    assert likely_pitches(song, 0.0) == ()
    assert all(0 <= p <= 127 for p in likely_pitches(heard([0, 2, 127]), 3.0))


def test_what_is_held_at_a_beat() -> None:
    song = Song((Track((Note(0.0, 60, 2.0), Note(2.5, 65, 0.5)), "Melody"),))
    assert [held_pitch(song, beat) for beat in (0.0, 1.0, 2.0, 2.25, 3.0)] == [
        None,
        60,
        60,
        None,
        65,
    ]


def test_a_whole_phrase_is_what_the_model_arranges(accompanist: Accompanist, ode: Song) -> None:
    assert accompanist.phrase(ode) == accompanist.model.arrange(ode, seed=3)


def test_velocities_follow_the_player() -> None:
    melody = [Note(float(i), 60, 1.0, 40 if i < 8 else 110) for i in range(16)]
    assert curve(melody, 1.0) < 45 and curve(melody, 14.0) > 105 and 60 < curve(melody, 7.6) < 90
    assert curve([], 3.0) == 80.0
    assert velocity(melody, 2.0, 1) < velocity(melody, 2.0, 0) < velocity(melody, 14.0, 2)
    assert velocity(melody, 2.0, 2) < velocity(melody, 2.0, 2, downbeat=True)
    assert velocity([Note(0.0, 60, 1.0, 127)], 0.0, 0, downbeat=True) == 127
    song = Song(
        (
            Track(tuple(melody), "Melody"),
            Track((Note(1.0, 50, 1.0, 3), Note(13.0, 50, 1.0, 3)), "Bass"),
        )
    )
    soft, loud = shaped(song).tracks[1].notes
    assert (soft.velocity < 40, loud.velocity > 80, shaped(song).tracks[0]) == (
        True,
        True,
        song.tracks[0],
    )


def eighths(count: int) -> list[Note]:
    return [Note(i / 2, 60 + i % 5, 0.5) for i in range(count)]


def test_a_swing_is_heard_beside_the_beats_and_nothing_else_is() -> None:
    rng = np.random.default_rng(3)
    swung = [
        (n.onset + 0.05 + 0.09 * (n.onset % 1) * 2 + rng.normal(0, 0.015), n.pitch)
        for n in eighths(16)
    ]
    found = feel(eighths(16), swung)  # all keys are .05 late besides
    assert found == (0.0, 0.0, pytest.approx(0.09, abs=0.012), 0.0)
    assert (moved(3.5, found), moved(3.0, found), moved(3 + 1 / 3, found)) == (
        3.5 + found[2],
        3.0,
        3 + 1 / 3,
    )
    assert feel(eighths(16), [(b, p + 12) for b, p in swung]) == feel([], swung) == PLAINLY


@pytest.mark.parametrize("seed", range(20))
def test_loose_playing_is_no_swing(seed: int) -> None:
    rng = np.random.default_rng(seed)
    loose = [(n.onset + rng.normal(0, 0.04), n.pitch) for n in eighths(16)]
    assert abs(feel(eighths(16), loose)[2]) < 0.02


def test_one_late_note_is_no_swing_and_two_that_agree_are() -> None:
    notes = [Note(0.0, 60, 1.0), Note(1.25, 62, 0.5), Note(2.0, 64, 1.0), Note(3.25, 65, 0.5)]
    late = [(0.0, 60), (1.35, 62), (2.0, 64), (3.25, 65)]
    assert feel(notes, late) == PLAINLY
    assert feel(notes, [*late[:3], (3.35, 65)])[1] == pytest.approx(0.08, abs=0.03)
    assert feel(notes, [*late[:3], (3.5, 65), (1.5, 62)])[1] <= MOST_MOVED


def test_voices_between_the_beats_go_with_a_shuffle_and_not_with_triplets() -> None:
    def found(*places: float) -> Feel:
        notes = [Note(b + x, 60, 0.3) for b in range(4) for x in places]
        return feel(notes, [(n.onset, n.pitch) for n in notes])

    _, second, third, fourth = found(0.0, 2 / 3)
    assert (second, 0.5 + third, 0.75 + fourth) == (
        0.0,
        pytest.approx(0.65, abs=0.02),
        pytest.approx(0.67, abs=0.02),
    )
    _, second, third, fourth = found(0.0, 1 / 3, 2 / 3)
    assert (second, third, fourth) == (
        pytest.approx(0.08, abs=0.02),
        0.0,
        pytest.approx(-0.08, abs=0.02),
    )


@given(st.lists(st.tuples(st.integers(0, 31), st.floats(-0.4, 0.4)), max_size=24))
def test_the_places_of_a_beat_stay_in_order(played: list[tuple[int, float]]) -> None:
    notes = [Note(at / 4 if at % 3 else at / 3, 60 + i, 0.2) for i, (at, _) in enumerate(played)]
    found = feel(
        notes, [(n.onset + late, n.pitch) for n, (_, late) in zip(notes, played, strict=True)]
    )
    places = [i / 4 + by for i, by in enumerate(found)]
    assert places[0] == 0.0 and places == sorted(places) and places[-1] < 0.9


def test_a_decision_says_its_plain_voices_for_an_unknown_pitch() -> None:
    one, other = (((Note(0.0, 50, 1.0),),), ((Note(0.0, 53, 1.0),),))
    decision = Decision(0.0, one, {64: other})
    assert (decision.voices(64), decision.voices(65), decision.voices()) == (other, one, one)


def test_a_model_of_whole_phrases_has_no_parts() -> None:
    quartet: Model = composer.load_model("string-quartet")
    assert Accompanist(quartet).parts == ()
