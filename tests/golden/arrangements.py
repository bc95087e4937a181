"""What the bundled models play, in so few words that all fits in 60 KB, and what differs from it.

Of each arrangement: sha256 of its MIDI file, and of every added voice the first notes and a short
hash of each PHRASE, so that a difference has a place. `Song.made` is kept apart: how an arrangement
tells of itself is no note.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import composer
from composer import catalog
from composer.generators import Model
from composer.generators.keep import Keep
from composer.generators.latents import Between, Latents, Source
from composer.songs.musicxml import write_musicxml
from composer.songs.song import Note, Song

NOTES = Path(__file__).with_name("notes.json")
MODELS = ("jsb-chorales", "string-quartet")
SEEDS = (0, 1, 2)
PHRASE = 16  # beats
SHOWN = 3  # first notes of a voice
SCORES = ("greensleeves", "ode-to-joy", "three-by-three", "uneven-stairs")
Entry = dict[str, Any]


@cache
def model(name: str) -> Model:
    """A bundled model, loaded once."""
    return composer.load_model(name)


def melody(name: str) -> Song:
    """A bundled melody."""
    return composer.read(catalog.tune(name))


def arranged(model_name: str, melody_name: str) -> list[Song]:
    """Its arrangements, one a seed."""
    return [model(model_name).arrange(melody(melody_name), seed=seed) for seed in SEEDS]


def ahead(now: float, horizon: float = 1.0, played: int = 0, **how: Any) -> Song:
    """Voices decided ahead of beat `now` of Ode to Joy.

    played: the beat up to which they were decided beat by beat before.
    """
    song, bach = melody("ode-to-joy"), model("jsb-chorales")
    so_far = song
    for beat in range(1, played):
        made = bach.arrange_ahead(so_far, float(beat))
        so_far = replace(song, tracks=(song.tracks[0], *made.tracks[1:]))
    return bach.arrange_ahead(so_far, now, horizon, **how)


def _bach(name: str = "ode-to-joy", **how: Any) -> Callable[[], Song]:
    return lambda: model("jsb-chorales").arrange(melody(name), **how)


def _quartet(name: str = "greensleeves", **how: Any) -> Callable[[], Song]:
    return lambda: model("string-quartet").arrange(melody(name), **how)


def _again(**how: Any) -> Callable[[], Song]:
    """A part of an arrangement made anew."""
    return lambda: model("jsb-chorales").arrange(_bach(seed=0)(), **how)


SPECIAL: dict[str, Callable[[], Song]] = {
    "groove 0.8": _bach(seed=1, latents={"groove": 0.8}),
    "groove -1": _bach("uneven-stairs", latents={"groove": -1.0}),
    "chords 7": _bach(seed=1, latents={"chords": 7}),
    "chords 0.6": _bach(latents={"chords": 0.6}),
    "melody -0.5 style 7+0.5": _bach(latents={"melody": -0.5, "style": Source(7, 0.5)}),
    "between": _bach(latents=Between(Latents(0), Latents(3, {"groove": Source(knob=0.5)}), 0.4)),
    "quartet chords 7": _quartet(seed=1, latents={"chords": 7}),
    "quartet between": _quartet(latents=Between(Latents(0), Latents(3), 0.5)),
    "keep alto": _again(seed=5, keep=Keep(voices=("alto",))),
    "keep bars 1-4": _again(seed=5, keep=Keep(bars=((1, 4),))),
    "only bars 5-8": _again(seed=5, keep=Keep(only=((5, 8),))),
    "keep bass, only bars 3-6, groove 0.5": _again(
        seed=2, latents={"groove": 0.5}, keep=Keep(voices=("Bass",), only=((3, 6),))
    ),
    "ahead of 4": lambda: ahead(4.0),
    "ahead of 4, 64 expected": lambda: ahead(4.0, expected=64),
    "ahead of 5.5, 2 beats": lambda: ahead(5.5, 2.0),
    "ahead of 9, 60 expected, played": lambda: ahead(9.0, played=9, expected=60),
    "ahead of 9, 67 expected, played": lambda: ahead(9.0, played=9, expected=67),
    "ahead of 17, 4 beats, groove 0.8": lambda: ahead(17.0, 4.0, seed=3, latents={"groove": 0.8}),
}


def entry(song: Song) -> Entry:
    """What is kept of an arrangement."""
    kept = {track.name: [_first(track.notes), _phrases(track.notes)] for track in song.tracks[1:]}
    return {"midi": _midi(song), "made": song.made, "voices": kept}


def plain_entry(song: Song) -> Entry:
    """The same without `made`, which says no more than the name of the entry."""
    return {name: value for name, value in entry(song).items() if name != "made"}


def differences(kept: Entry, song: Song) -> list[str]:
    """What differs in `song` from what was kept, a line each; none where nothing does."""
    now, found = entry(song), []
    if "made" in kept and now["made"] != kept["made"]:
        found.append(f"it says that it was made so: {now['made']}, not {kept['made']}")
    if list(now["voices"]) != list(kept["voices"]):
        found.append(f"voices {list(now['voices'])}, not {list(kept['voices'])}")
    tracks = {track.name: track.notes for track in song.tracks[1:]}
    for name in (name for name in kept["voices"] if name in tracks):
        found += _voice_differences(name, kept["voices"][name], tracks[name])
    if now["midi"] != kept["midi"] and not found:
        found.append("its notes are the same, its tempo, metre, names, programs or melody are not")
    return found


def _voice_differences(name: str, kept: list[str], notes: tuple[Note, ...]) -> Iterator[str]:
    first, phrases = kept
    now = _phrases(notes)
    if now == phrases:
        return
    if _first(notes) != first:
        yield f"{name} begins {_first(notes)}, not {first} (onset:pitch:duration:velocity)"
    before, after = (re.findall("....", text) for text in (phrases, now))
    if len(before) != len(after):
        yield f"{name} has {len(after)} phrases of {PHRASE} beats, not {len(before)}"
    at = next(
        (i for i, (a, b) in enumerate(zip(before, after, strict=False)) if a != b),
        min(len(before), len(after)),
    )
    there = [note for note in notes if at == note.onset // PHRASE]
    beats = f"{at * PHRASE} to {(at + 1) * PHRASE}"
    yield f"{name} differs first in beats {beats}, where it is now {_shown(there)}"


def _midi(song: Song) -> str:
    with TemporaryDirectory() as folder:
        composer.write(Path(folder) / "song.mid", replace(song, made=""))
        return sha256((Path(folder) / "song.mid").read_bytes()).hexdigest()[:32]


def _first(notes: tuple[Note, ...]) -> str:
    return _shown(notes[:SHOWN])


def _shown(notes: Any) -> str:
    return " ".join(f"{n.onset:g}:{n.pitch}:{n.duration:g}:{n.velocity}" for n in notes)


def _phrases(notes: tuple[Note, ...]) -> str:
    """Four hexadecimals for each phrase, of the notes that start in it."""
    count = int(notes[-1].onset // PHRASE) + 1 if notes else 0
    texts = [""] * count
    for n in notes:
        texts[int(n.onset // PHRASE)] += f"{n.onset:.4f} {n.pitch} {n.duration:.4f} {n.velocity}\n"
    return "".join(_short(text) for text in texts)


def _short(text: str) -> str:
    return sha256(text.encode()).hexdigest()[:4]


def score(name: str) -> str:
    """The MusicXML of a melody's arrangement by the chorale model."""
    with TemporaryDirectory() as folder:
        write_musicxml(Path(folder) / "score.musicxml", model("jsb-chorales").arrange(melody(name)))
        return (Path(folder) / "score.musicxml").read_text(encoding="utf-8")


def score_entry(text: str) -> Entry:
    """What is kept of a score: its hash, and in short that of the head and of each bar."""
    whole = sha256(text.encode()).hexdigest()[:32]
    return {"sha256": whole, "bars": "".join(map(_short, _bars(text)))}


def score_differences(kept: Entry, text: str) -> list[str]:
    """What differs in a score, a line each; none where nothing does."""
    now = score_entry(text)
    if now == kept:
        return []
    before, after = (re.findall("....", bars["bars"]) for bars in (kept, now))
    at = [i for i, (a, b) in enumerate(zip(before, after, strict=False)) if a != b]
    found = []
    if len(before) != len(after):
        found.append(f"it has {len(after)} bars of all parts, not {len(before)}")
    if at:
        what = f"number {at[0]}, which is now\n{_bars(text)[at[0]]}"
        found.append(f"{len(at)} bars of all parts differ, first (0: the head) {what}")
    return found


def _bars(text: str) -> list[str]:
    return re.split(r"(?=<measure )", text)


def read() -> Entry:
    """What was kept."""
    return dict(json.loads(NOTES.read_text(encoding="utf-8")))


def make() -> Entry:
    """What is to be kept: all of it anew."""
    kept: Entry = {name: {} for name in MODELS}
    for name in MODELS:
        for tune in catalog.tunes():
            kept[name][tune] = [plain_entry(song) for song in arranged(name, tune)]
    kept["special"] = {name: entry(job()) for name, job in SPECIAL.items()}
    kept["musicxml"] = {name: score_entry(score(name)) for name in SCORES}
    return kept


def write() -> None:
    """Keep what is played now; a line for every voice, so that a commit shows what it changes."""
    text = json.dumps(make(), ensure_ascii=False, separators=(",", ":"))
    lines = re.sub(r'(?<=[{\[,])(?=\{"midi"|"[^"]+":[{\[])', "\n", text)
    NOTES.write_text(lines + "\n", encoding="utf-8")


def check() -> list[str]:
    """What differs now from what was kept, a line each."""
    kept, found = read(), []
    for name in MODELS:
        for tune in catalog.tunes():
            for seed, song in zip(SEEDS, arranged(name, tune), strict=True):
                lines = differences(kept[name][tune][seed], song)
                found += [f"{name}, {tune}, seed {seed}: {line}" for line in lines]
    for name, job in SPECIAL.items():
        found += [f"{name}: {line}" for line in differences(kept["special"][name], job())]
    for name in SCORES:
        lines = score_differences(kept["musicxml"][name], score(name))
        found += [f"{name}.musicxml: {line}" for line in lines]
    return found
