"""Answers as strokes: in order, cut at their length, moved by the player's feel."""

from composer.live.session.playback import Answer, channel_of, pickup
from composer.songs.song import Note, Song, TimeSignature, Track

BAR = TimeSignature(0.0, 4, 4)


def song(*notes, signatures=(BAR,)):
    return Song((Track(tuple(notes), "Melody"),), time_signatures=signatures)


def strokes(answer):
    return [(s.beat, s.velocity, s.pitch) for s in answer.strokes]


def test_releases_come_before_presses_of_the_same_beat():
    answer = Answer.of(song(Note(0.0, 60, 1.0, 70), Note(1.0, 60, 1.0, 71)), 4, None)
    assert answer.length == 4.0
    assert strokes(answer) == [(0.0, 70, 60), (1.0, 0, 60), (1.0, 71, 60), (2.0, 0, 60)]


def test_what_is_longer_than_the_answer_is_cut():
    answer = Answer.of(song(Note(3.0, 60, 9.0, 70)), 4, 1)
    assert strokes(answer) == [(3.0, 70, 60), (4.0, 0, 60)]


def test_a_pickup_comes_before_the_downbeat():
    signatures = (TimeSignature(0.0, 1, 4), TimeSignature(1.0, 4, 4))
    with_pickup = song(Note(0.0, 55, 1.0), Note(1.0, 60, 4.0), signatures=signatures)
    answer = Answer.of(with_pickup, 4, None)
    assert pickup(with_pickup) == 1.0 and answer.length == 4.0
    assert strokes(answer)[0][0] == -1.0


def test_what_sounds_over_a_beat_is_struck_there_for_one_who_joins():
    answer = Answer.of(song(Note(0.0, 60, 3.0, 70), Note(1.0, 64, 0.5, 71)), 4, None)
    assert [(s.beat, s.pitch) for s in answer.over(2.0)] == [(2.0, 60)]


def test_the_feel_moves_off_beats():
    answer = Answer.of(song(Note(0.5, 60, 0.5, 70)), 4, None, (0.0, 0.0, 0.1, 0.0))
    assert strokes(answer) == [(0.6, 70, 60), (1.0, 0, 60)]


def test_tracks_beyond_the_voices_take_free_channels_and_drums_their_own():
    channels = (0, 1, 2, 3)
    assert [channel_of(track, channels) for track in range(6)] == [0, 1, 2, 3, 4, 5]
    assert channel_of(2, channels, is_drum=True) == 9
    assert 9 not in {channel_of(track, channels) for track in range(30)}
