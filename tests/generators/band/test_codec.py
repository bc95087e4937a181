"""Family `band`: cells and back, what a corpus calls for, windows, one step of tiny networks, LiteRT."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from composer.config import from_dict, to_dict
from composer.data import jsb
from composer.errors import ConfigError, MelodyError
from composer.generators import Model, family
from composer.generators.band import FAMILY
from composer.generators.band.codec import (
    decode,
    encode,
    fit_octaves,
    note_spots,
    place_inputs,
)
from composer.generators.band.config import BandConfig, chord_masks
from composer.generators.band.latents import sample_latents, spread_latents
from composer.generators.band.windows import (
    Windows,
    configure,
    nearest_chord,
    pitch_range,
    pulse_classes,
    to_piece,
)
from composer.generators.family import Request
from composer.generators.latents import Latents
from composer.generators.layers import wgan
from composer.songs.edit import Melody, take_melody
from composer.songs.grid import pulse_grid
from composer.songs.song import Note, Song, TimeSignature, Track
from tests.conftest import needs

SMALL = {
    "channels": 8,
    "encoder_blocks": 1,
    "plan_blocks": 1,
    "track_blocks": 1,
    "fine_blocks": 1,
    "critic_channels": 8,
    "strides": [2, 1],
}
KICK, SNARE, HAT = 36, 38, 42


def band(chorale: jsb.Chorale) -> Song:
    """A chorale as a melody, a piano that plays the other three voices, a bass an octave lower, and drums."""
    song = jsb.to_song(chorale)
    soprano, alto, tenor, bass = song.tracks
    chords = {
        (n.onset, n.pitch): n for n in (*alto.notes, *tenor.notes, *bass.notes)
    }  # unisons once
    strokes = [Note(float(t), SNARE if t % 2 else KICK, 0.25, 90) for t in range(int(song.end))]
    strokes += [Note(t / 2, HAT, 0.25, 60) for t in range(int(2 * song.end))]
    tracks = (
        Track(soprano.notes, "Tune", 73),
        Track(tuple(chords.values()), "Piano", 2),
        Track(tuple(replace(n, pitch=n.pitch - 12) for n in bass.notes), "Bass", 33),
        Track(tuple(strokes), "Drums", 0, True),
    )
    return replace(song, tracks=tracks)


@pytest.fixture(scope="module")
def songs() -> list[Song]:
    return [band(chorale) for chorale in jsb.load("train")[:8]]


@pytest.fixture(scope="module")
def tiny(songs: list[Song]) -> BandConfig:
    return FAMILY.configure(SMALL, songs)


@pytest.fixture(scope="module")
def networks(tiny: BandConfig) -> Any:
    needs("tensorflow")
    import keras

    keras.utils.set_random_seed(0)
    return FAMILY.build(tiny)


@pytest.fixture(scope="module")
def batch(songs: list[Song], tiny: BandConfig) -> dict[str, Any]:
    tf = needs("tensorflow")
    drawn = FAMILY.windows(songs, tiny).batch(np.random.default_rng(0), 3, 8)
    return {k: tf.constant(v) for k, v in drawn.items()}


def tune(*notes: tuple[float, int, float], metre: tuple[int, int] | None = None) -> Song:
    signatures = (TimeSignature(0, *metre),) if metre else ()
    return Song(
        (Track(tuple(Note(*n, 100) for n in notes), "Tune", 73),), time_signatures=signatures
    )


def played(networks: Any, arrays: dict[str, Any]) -> dict[str, Any]:
    import keras

    play, _ = FAMILY.playing_model(networks)
    return {k: keras.ops.convert_to_numpy(v) for k, v in play(arrays).items()}


def arranged(networks: Any, config: BandConfig, song: Song, seed: int = 0) -> Song:
    melody = take_melody(song)
    arrays, context = encode(song, melody, Request(Latents(seed)), config)
    return decode(played(networks, arrays), context, song, melody)


# What a corpus calls for


def test_configure_finds_tracks_ranges_drums_and_chords(
    songs: list[Song], tiny: BandConfig
) -> None:
    assert tiny.names == ("Piano", "Bass", "Drums")
    assert (tiny.programs, tiny.drums) == ((2, 33, 0), (False, False, True))
    assert tiny.drum_pitches == (KICK, SNARE, HAT)
    piano = [n.pitch for song in songs for n in song.tracks[1].notes]
    assert (tiny.lows[0], tiny.highs[0]) == (min(piano), max(piano))
    assert tiny.lows[1] < 36 and tiny.strides == (2, 1) and tiny.channels == 8
    assert tiny.chords[0] == 0 and len(set(tiny.chords)) == len(tiny.chords)
    triads = {sum(1 << (c % 12) for c in (root, root + 4, root + 7)) for root in (0, 5, 7)}
    assert triads <= set(tiny.chords[:16])  # C, F and G major: the songs were transposed to C
    assert configure(json.loads(json.dumps(to_dict(tiny))), []) == tiny


def test_what_is_given_wins_and_the_unknown_is_named(songs: list[Song]) -> None:
    config = configure({"names": ["A", "B", "C"], "lows": [40, 20, 0], "dropout": 0.5}, songs)
    assert (config.names, config.lows, config.dropout) == (("A", "B", "C"), (40, 20, 0), 0.5)
    with pytest.raises(ConfigError, match="'layers'"):
        configure({"layers": 3}, songs)
    with pytest.raises(ConfigError, match="one value a track"):
        configure({"names": ["A", "B"]}, songs)


def test_songs_that_are_no_band_are_refused(songs: list[Song], tiny: BandConfig) -> None:
    with pytest.raises(ConfigError, match="no songs"):
        configure({}, [])
    with pytest.raises(ConfigError, match=r"\[1\]"):
        configure({}, [tune((0, 60, 1))])
    with pytest.raises(ConfigError, match=r"\[2, 4\]"):
        configure({}, [songs[0], replace(songs[1], tracks=songs[1].tracks[:2])])
    with pytest.raises(ConfigError, match="none has notes"):
        configure({}, [replace(songs[0], tracks=(Track(), *songs[0].tracks[1:]))])
    with pytest.raises(ConfigError, match=r"3 tracks .*has 2 tracks"):
        to_piece(replace(songs[0], tracks=songs[0].tracks[:2]), tiny)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"strides": (4, 1)}, "strides halve"),
        ({"temperature": 0.0}, "temperature"),
        ({"groove_share": 0.9, "style_share": 0.2}, "together at most 1"),
        ({"lows": (50, 60, 0), "highs": (70, 66, 0)}, "Bass needs an octave"),
        ({"drum_pitches": ()}, "needs drum_pitches"),
        ({"chords": (5000,)}, "pitch-class sets"),
        ({"channels": 0}, "channels"),
    ],
)
def test_bad_settings_are_named(tiny: BandConfig, change: dict[str, Any], says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        replace(tiny, **change)


def test_a_range_is_an_octave_to_five() -> None:
    assert pitch_range(np.array([60, 61])) == (54, 67)
    assert pitch_range(np.array([40, 70])) == (40, 70)
    assert pitch_range(np.array([5, *[60] * 9, 90, 90])) == (31, 90)  # the lonely note gives way
    assert pitch_range(np.array([])) == (48, 72)


def test_the_nearest_chord_shares_most_of_all_that_sounds() -> None:
    chords = chord_masks([0, 0b10010001, 0b1000010010001])[:, :12]  # silence; C E G
    c_e, c_e_g_b, nothing, fis = (
        [x in s for x in range(12)] for s in ({0, 4}, {0, 4, 7, 11}, set(), {6})
    )
    assert nearest_chord(np.array([c_e, c_e_g_b, nothing, fis]), chords[:2]).tolist() == [
        1,
        1,
        0,
        0,
    ]


def test_classes_of_a_pulse_are_those_that_fill_half_of_it(tiny: BandConfig) -> None:
    sound = np.zeros((12, len(tiny.cells)), bool)
    cell = {p: i for i, p in enumerate(tiny.cells.pitch[tiny.cells.spans[0]].tolist())}
    sound[0:3, cell[60]] = sound[3:4, cell[62]] = sound[2:4, cell[55]] = (
        True  # C long, D short, G half
    )
    sound[5, cell[65]] = sound[6, cell[69]] = True  # an arpeggio: nothing fills half
    sound[:, tiny.cells.spans[2]] = True  # drums have no class
    assert [np.flatnonzero(row).tolist() for row in pulse_classes(sound, tiny)] == [
        [0, 7],
        [5, 9],
        [],
    ]


# There and back


def test_a_song_survives_the_way_there_and_back(songs: list[Song], tiny: BandConfig) -> None:
    for song in songs[:4]:
        melody = take_melody(song, 0)
        arrays, context = encode(song, melody, Request(Latents(0)), tiny)
        piece = to_piece(song, tiny)
        assert piece is not None and len(piece) == arrays["melody"].shape[1]
        sound, onset = Windows([], tiny).render(piece.notes, 0, 4 * len(piece), context.shift)
        outputs = {"sound": sound, "onset": onset}
        back = decode(
            {k: v.reshape(1, -1, 4, len(tiny.cells)) * 1.0 for k, v in outputs.items()},
            context,
            song,
            melody,
        )
        assert back.tracks[0] == song.tracks[0]
        for there, here in zip(song.tracks[1:], back.tracks[1:], strict=True):
            assert (here.name, here.program, here.is_drum) == (
                there.name,
                there.program,
                there.is_drum,
            )
            # A note that another voice strikes again while it lasts ends there: one piano has one key a pitch.
            ends = [
                min([n.end, *(m.onset for m in there.notes if again(n, m))]) for n in there.notes
            ]
            cut = [(n.onset, n.pitch, end) for n, end in zip(there.notes, ends, strict=True)]
            assert [(n.onset, n.pitch, n.end) for n in here.notes] == cut


def again(note: Note, other: Note) -> bool:
    return other.pitch == note.pitch and note.onset < other.onset < note.end


def test_repeated_notes_and_chords_are_told_apart() -> None:
    sound, onset = np.zeros((2, 6, 2), bool)
    sound[0:5, 0] = sound[2:6, 1] = True
    onset[[0, 3], 0] = onset[2, 1] = True
    onset[5, 0] = True  # where nothing sounds nothing starts
    assert note_spots(sound, onset).tolist() == [[0, 3, 0], [3, 5, 0], [2, 6, 1]]


def test_added_notes_keep_to_the_melody_and_follow_its_loudness(tiny: BandConfig) -> None:
    notes = (Note(1.5, 60, 1, 40), Note(2.5, 64, 1.1, 120))
    song = Song((Track(notes, ""),))
    melody = take_melody(song)
    arrays, context = encode(song, melody, Request(Latents(0)), tiny)
    shape = (1, arrays["melody"].shape[1], 4, len(tiny.cells))
    onset = np.zeros(shape, np.float32)
    onset[0, :, 0] = onset[0, :, 2] = 1
    back = decode({"sound": np.ones(shape, np.float32), "onset": onset}, context, song, melody)
    assert [t.name for t in back.tracks] == ["Melody", "Piano", "Bass", "Drums"]
    assert back.tracks[0].notes == notes
    added = [n for t in back.tracks[1:] for n in t.notes]
    assert min(n.onset for n in added) == 1.5 and max(n.end for n in added) == pytest.approx(3.6)
    assert {n.velocity for n in added if n.onset < 2.5} == {34}
    assert {n.velocity for n in added if n.onset >= 2.5} == {102}
    assert {n.duration for n in back.tracks[3].notes if n.onset < 3.5} == {
        0.25
    }  # a stroke is a step
    assert {n.pitch for n in back.tracks[3].notes} == {KICK, SNARE, HAT}


def test_a_melody_is_moved_by_octaves_and_strays_are_folded() -> None:
    pitches = np.array([-1, 36, 38, 40, 70, -1])
    assert fit_octaves(pitches, 60, 79).tolist() == [-1, 60, 62, 64, 70, -1]
    with pytest.raises(MelodyError, match="at least one note"):
        fit_octaves(np.array([-1, -1]), 60, 79)


def test_a_melody_without_notes_is_refused(songs: list[Song], tiny: BandConfig) -> None:
    with pytest.raises(MelodyError, match="at least one note"):
        encode(songs[0], Melody(0, Track(), Track()), Request(Latents(0)), tiny)
    silent = replace(songs[0], tracks=(Track(), *songs[0].tracks[1:]))
    assert len(Windows([silent, songs[1]], tiny).pieces) == 1


def test_places_know_the_bar() -> None:
    song = tune((0, 60, 10), metre=(3, 4))  # 3 bars and a beat
    places = place_inputs(pulse_grid(song))
    assert places[:, :8].argmax(1).tolist() == [0, 1, 2] * 3 + [0]
    assert places[:, 8].tolist() == [0, 0, 1] * 3 + [
        0
    ]  # the last bar is cut short, and counts as three
    assert places[:, 9:13].argmax(1).tolist() == [0] * 3 + [1] * 3 + [2] * 3 + [3]
    assert (places[:, 28:].argmax(1) == 2).all() and not places[:, 13].any()
    assert place_inputs(pulse_grid(tune((0, 60, 3), metre=(6, 8))))[:, 13].all()


# Latents


def test_a_longer_melody_draws_the_same_numbers(tiny: BandConfig) -> None:
    short, long = sample_latents(3, 2, tiny), sample_latents(3, 5, tiny)
    assert all(np.array_equal(short[k], long[k]) for k in ("style", "groove"))
    assert all(np.array_equal(short[k], long[k][:2]) for k in ("chords", "melody"))


def test_each_number_is_uniform_and_groove_comes_back_every_bar(tiny: BandConfig) -> None:
    grid = pulse_grid(tune((0, 60, 8)))
    drawn = [spread_latents(sample_latents(seed, 2, tiny), grid, tiny) for seed in range(300)]
    for name, share in (("chord", 0.05), ("ends", 0.05), ("again", 0.65)):
        x = np.stack([d[name] for d in drawn])
        assert (
            x.min() > 0
            and x.max() < 1
            and abs(x.mean() - 0.5) < 0.02
            and abs(x.var() - 1 / 12) < 0.01
        )
        first, second = (
            x[:, p, ..., 0].reshape(300, -1)[:, 0] for p in (0, 4)
        )  # on the downbeats of two bars
        assert np.corrcoef(first, second)[0, 1] == pytest.approx(share, abs=0.12)
    drums = np.stack([d["ends"][:, 0, 2] for d in drawn])  # their lowest cell on the pulse
    assert np.corrcoef(drums[:, 0], drums[:, 4])[0, 1] > 0.5


# Windows


def test_windows_are_cuts_of_the_songs(songs: list[Song], tiny: BandConfig) -> None:
    drawn = Windows(songs, tiny).batch(np.random.default_rng(1), 5, 8)
    again = Windows(songs, tiny).batch(np.random.default_rng(1), 5, 8)
    cells = len(tiny.cells)
    assert drawn["melody"].shape == (5, 8, 4) and drawn["plan"].shape == (5, 8)
    assert drawn["sound"].shape == drawn["onset"].shape == (5, 8, 4, cells)
    assert drawn["again"].shape == (5, 8, 4, 3 + cells) and drawn["ends"].shape == (5, 8, 4, 6)
    assert all(np.array_equal(drawn[k], again[k]) for k in drawn)
    assert (drawn["sound"] >= drawn["onset"]).all()  # what starts sounds
    assert (drawn["sound"] <= drawn["allowed"][:, None, None]).all()  # and is in range
    drums = tiny.cells.spans[2]
    assert np.array_equal(drawn["sound"][..., drums], drawn["onset"][..., drums])
    assert (drawn["sound"][..., tiny.cells.spans[0]].sum(-1) >= 2).mean() > 0.8  # chords
    assert (drawn["plan"] > 0).mean() > 0.9


def test_a_window_begins_within_notes(tiny: BandConfig) -> None:
    cell = tiny.cells.spans[0].start + tiny.cells.pitch[tiny.cells.spans[0]].tolist().index(60)
    stroke = tiny.cells.spans[2].start
    notes = np.array([[2, 9, 58, 0], [3, 30, KICK, 2], [5, 9, KICK, 2]])
    sound, onset = Windows([], tiny).render(notes, 4, 8, 2)
    assert np.argwhere(sound).tolist() == sorted([[s, cell] for s in range(5)] + [[1, stroke]])
    assert np.argwhere(onset).tolist() == [[1, stroke]]


def test_a_role_that_is_lacking_is_not_allowed_to_play(songs: list[Song], tiny: BandConfig) -> None:
    lacking = [
        replace(s, tracks=(s.tracks[0], replace(s.tracks[1], notes=()), *s.tracks[2:]))
        for s in songs
    ]
    drawn = Windows(lacking, tiny).batch(np.random.default_rng(0), 2, 8)
    piano, bass = tiny.cells.spans[0], tiny.cells.spans[1]
    assert not drawn["allowed"][:, piano].any() and drawn["allowed"][:, bass].any()


def test_short_pieces_and_odd_lengths_are_refused(songs: list[Song], tiny: BandConfig) -> None:
    with pytest.raises(ConfigError, match=r"at least 400 beats \(100 bars"):
        Windows(songs, tiny).batch(np.random.default_rng(0), 1, 400)
    with pytest.raises(ConfigError, match="multiple of 2"):
        Windows(songs, tiny).batch(np.random.default_rng(0), 1, 7)


# Networks


def test_the_registry_knows_it() -> None:
    assert family("band") is FAMILY


def test_one_step_moves_the_weights(networks: Any, batch: dict[str, Any], tiny: BandConfig) -> None:
    tf = needs("tensorflow")
    networks = FAMILY.build(tiny)
    real, fake = networks.real(batch), networks.generate(batch)
    assert tuple(real.shape) == tuple(fake.shape) == (3, 8, 4, 2 * len(tiny.cells))
    assert np.abs(fake * (1 - fake)).max() < 1e-5  # decided hard
    mixed = wgan.mix(real, fake, tf.constant([0.1, 0.5, 0.9]))
    with tf.GradientTape() as tape:
        loss = wgan.critic_loss(networks.score(batch, real), networks.score(batch, fake))
        with tf.GradientTape() as inner:
            inner.watch(mixed)
            scores = networks.score(batch, mixed)
        assert tuple(scores.shape) == (3,)
        total = loss + 10.0 * wgan.gradient_penalty(inner.gradient(scores, mixed))
    assert unmoved(networks.critic, tape.gradient(total, networks.critic.trainable_variables)) == []
    # Residual blocks end in zeros, so that at first nothing flows through them: a second step moves all. But where
    # a track happens to sound no three cells at once, nobody asks what lies between its lowest and its highest.
    voicings = [
        v for group in (*networks.generator.on_pulse, *networks.generator.steps) for v in group
    ]
    seldom = {layer.kernel.path for v in voicings for layer in (v.see_both, v.between)}
    for loss in (
        networks.supervised,
        lambda b: wgan.generator_loss(networks.score(b, networks.generate(b))),
    ):
        with tf.GradientTape() as tape:
            value = loss(batch)
        left = unmoved(
            networks.generator, tape.gradient(value, networks.generator.trainable_variables)
        )
    assert set(left) <= seldom and len(left) < len(seldom)


def unmoved(network: Any, gradients: list[Any]) -> list[str]:
    """Kernels that one step of Adam with these gradients leaves as they were."""
    import keras

    variables = network.trainable_variables
    before = [v.numpy() for v in variables]
    keras.optimizers.Adam(1e-3, beta_1=0.5, beta_2=0.9).apply(gradients, variables)
    still = [
        v.path
        for v, b in zip(variables, before, strict=True)
        if v.name == "kernel" and (v.numpy() == b).all()
    ]
    assert len(variables) > 3
    return still


@pytest.mark.slow
def test_learning_one_batch_lowers_the_loss_and_is_then_played(
    tiny: BandConfig, batch: dict[str, Any]
) -> None:
    """With the loss near nothing, drawing gives the songs' own notes, whatever the numbers."""
    tf = needs("tensorflow")
    import keras

    keras.utils.set_random_seed(1)
    networks = FAMILY.build(replace(tiny, channels=32, dropout=0.0))
    variables, adam = networks.generator.trainable_variables, keras.optimizers.Adam(6e-3)

    @tf.function
    def step() -> Any:
        with tf.GradientTape() as tape:
            loss = networks.supervised(batch)
        adam.apply(tape.gradient(loss, variables), variables)
        return loss

    losses = [float(step()) for _ in range(150)]
    assert losses[0] > 5 and losses[-1] < 0.2
    real, fake = np.asarray(networks.real(batch)), np.asarray(networks.generate(batch))
    assert (real * fake).sum() / np.maximum(real, fake).sum() > 0.9


def test_drums_stay_drums_and_notes_in_range(
    networks: Any, tiny: BandConfig, songs: list[Song]
) -> None:
    song = arranged(networks, tiny, songs[0])
    assert [(t.name, t.program, t.is_drum) for t in song.tracks[1:]] == [
        ("Piano", 2, False),
        ("Bass", 33, False),
        ("Drums", 0, True),
    ]
    assert {n.pitch for n in song.tracks[3].notes} <= {KICK, SNARE, HAT} and song.tracks[3].notes
    for track, low, high in zip(song.tracks[1:3], tiny.lows, tiny.highs, strict=False):
        assert track.notes and all(low <= n.pitch <= high for n in track.notes)


def test_each_latent_changes_what_is_played(
    networks: Any, tiny: BandConfig, songs: list[Song]
) -> None:
    song = songs[0]
    melody = take_melody(song, 0)
    arrays, context = encode(song, melody, Request(Latents(0)), tiny)
    bars = int(context.grid.bar.max()) + 1
    before, other = sample_latents(0, bars, tiny), sample_latents(1, bars, tiny)
    plain = played(networks, arrays)
    for name in before:
        numbers = spread_latents({**before, name: other[name]}, context.grid, tiny)
        changed = played(networks, arrays | {k: v[None] for k, v in numbers.items()})
        assert (changed["sound"] != plain["sound"]).any(), name
    assert all(np.array_equal(plain[k], played(networks, arrays)[k]) for k in plain)


def test_another_melody_changes_what_is_played(networks: Any, tiny: BandConfig) -> None:
    """In the same key and rhythm, with the same numbers."""
    scale, arpeggio = (
        tune(*((t, p, 1) for t, p in enumerate(line)))
        for line in ([60, 62, 64, 65, 67, 69, 71, 72], [60, 64, 67, 72, 71, 65, 62, 60])
    )
    assert (
        arranged(networks, tiny, scale).tracks[1:] != arranged(networks, tiny, arpeggio).tracks[1:]
    )


def test_weights_saved_and_loaded_play_the_same(
    networks: Any, tiny: BandConfig, ode: Song, tmp_path: Path
) -> None:
    networks.generator.save_weights(tmp_path / "generator.weights.h5")
    other = FAMILY.build(tiny)
    untrained = arranged(other, tiny, ode)
    other.generator.load_weights(tmp_path / "generator.weights.h5")
    assert arranged(networks, tiny, ode) == arranged(other, tiny, ode) != untrained


def exported(networks: Any, config: BandConfig, folder: Path) -> Model:
    from composer.training.export import to_litert

    folder.mkdir(exist_ok=True)
    (folder / "generator.tflite").write_bytes(
        to_litert(*FAMILY.playing_model(networks), networks.generator)
    )
    (folder / "model.json").write_text(json.dumps({"family": "band", "config": to_dict(config)}))
    return Model(folder)


ODD = {
    "one note": tune((0, 60, 1)),
    "a grace note": tune((0.3, 99, 0.01)),
    "a lonely low note, late": tune((37.2, 3, 0.4)),
    "five eighths": tune((0, 60, 2.5), (2.5, 64, 2), (6, 67, 1.25), metre=(5, 8)),
    "seven sixteenths": tune((0, 60, 1.75), (1.75, 64, 1.75), metre=(7, 16)),
    "eleven quarters": tune((0, 60, 11), (11, 62, 11), (22, 64, 3), metre=(11, 4)),
    "500 bars": tune(*((2.0 * t, 60 + t % 13, 2.0) for t in range(1000))),
}


@pytest.mark.slow
def test_exported_it_plays_the_same_notes_under_any_melody(
    networks: Any, tiny: BandConfig, tmp_path: Path
) -> None:
    model = exported(networks, tiny, tmp_path)
    for song in (*ODD.values(), band(jsb.load("valid")[0])):
        back = model.arrange(song, seed=2, track=0)
        assert back == arranged(networks, tiny, song, seed=2)
        line = song.tracks[0]
        assert back.tracks[0] == line and back.time_signatures == song.time_signatures
        added = [n for t in back.tracks[1:] for n in t.notes]
        assert all(
            line.notes[0].onset - 1e-9 <= n.onset and n.end <= line.end + 1e-9 for n in added
        )


@pytest.mark.slow
def test_drums_alone_make_a_band(songs: list[Song], tmp_path: Path) -> None:
    needs("tensorflow")
    duos = [replace(s, tracks=(s.tracks[0], s.tracks[3])) for s in songs[:2]]
    config = configure(SMALL, duos)
    assert (config.chords, config.cells.counts) == ((0, 0b10010001), (3,))
    networks = FAMILY.build(config)
    drawn = Windows(duos, config).batch(np.random.default_rng(0), 2, 8)
    assert np.isfinite(float(networks.supervised(drawn)))
    assert np.isfinite(np.asarray(networks.score(drawn, networks.generate(drawn)))).all()
    back = exported(networks, config, tmp_path / "model").arrange(duos[0], track=0)
    assert [t.is_drum for t in back.tracks] == [False, True]


def test_settings_go_to_json_and_back(tiny: BandConfig) -> None:
    assert from_dict(BandConfig, json.loads(json.dumps(to_dict(tiny)))) == tiny
    with pytest.raises(ConfigError, match="'layers'"):
        from_dict(BandConfig, {**to_dict(tiny), "layers": 4})
