"""Play a take again, bit for bit, and check that the same notes come out when it is arranged
again.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from composer.errors import ComposerError, ModelError
from composer.generators import PLAYS, Model, load_model
from composer.generators.latents import from_json
from composer.live.melody.capture import SUSTAIN_PEDAL
from composer.live.melody.dynamics import shaped
from composer.live.takes.header import Header, model_hash
from composer.live.takes.saved import SavedTake
from composer.songs.midi import from_bytes, to_bytes
from composer.songs.song import Song, Track

NOTE_OFF = 0x80
NOTE_ON = 0x90
CONTROL = 0xB0
PEDAL_DOWN = 64  # from this value on
# The channel that needs no program.
DRUMS = 9
DUET = "duet"

Clock = Callable[[], float]
Wait = Callable[[float], Any]
Arrange = Callable[[Model, Song, Header], Song]


class Sends(Protocol):
    """Anything that a take can be sent to; `composer.live.midi.outputs` has the real ones."""

    def send(self, message: Any) -> None:
        """Send a mido message; returns at once."""


def replay(
    take: SavedTake,
    output: Sends,
    clock: Clock = time.monotonic,
    wait: Wait = time.sleep,
) -> int:
    """Send all that sounded in a take: the same bytes in the same order, at the same times from the
    first on.

    Return how many messages were sent. What sounds when it ends, or is interrupted, is let go.
    wait: sleeps n seconds.
    """
    messages = _messages(take)
    sounding = _Sounding()
    try:
        start = clock() - (messages[0][0] if messages else 0.0)
        for seconds, message in messages:
            while (left := start + seconds - clock()) > 0:
                wait(left)
            output.send(message)
            sounding.follow(message.bytes())
    finally:
        for message in sounding.ends():
            output.send(message)
    return len(messages)


def programs(take: SavedTake) -> list[Any]:
    """Return the messages that choose the instruments, the melody's on channel 0.

    None are needed, and none returned, if the take itself has some.
    """
    import mido

    if any(message.type == "program_change" for _, message in _messages(take)):
        return []
    chosen = []
    for channel, program in enumerate(take.header.programs[:DRUMS]):
        chosen.append(
            mido.Message("program_change", channel=channel, program=program & 127)
        )
    return chosen


def _messages(take: SavedTake) -> list[tuple[float, Any]]:
    """Return (seconds, mido message) of all that sounded, without bytes that are no message."""
    import mido

    found = []
    for seconds, data in take.played():
        message = mido.Parser(data).get_message()
        # The parser forgives what a damaged line may have; only what it gives back unchanged was
        # sent.
        if message is not None and bytes(message.bytes()) == data:
            found.append((seconds, message))
    return found


class _Sounding:
    """The keys and pedals that are down after the messages so far."""

    def __init__(self) -> None:
        # Dictionaries, for their order: what began first is let go first.
        self._notes: dict[tuple[int, int], None] = {}
        self._pedals: dict[int, None] = {}

    def follow(self, data: list[int]) -> None:
        kind = data[0] & 0xF0
        channel = data[0] & 0x0F
        if kind == NOTE_ON and data[2]:
            self._notes[channel, data[1]] = None
        elif kind in (NOTE_ON, NOTE_OFF):
            self._notes.pop((channel, data[1]), None)
        elif kind == CONTROL and data[1] == SUSTAIN_PEDAL:
            if data[2] >= PEDAL_DOWN:
                self._pedals[channel] = None
            else:
                self._pedals.pop(channel, None)

    def ends(self) -> list[Any]:
        """Return the messages that let them go, notes first."""
        import mido

        notes = [
            mido.Message("note_off", channel=channel, note=pitch)
            for channel, pitch in self._notes
        ]
        pedals = [
            mido.Message(
                "control_change", channel=channel, control=SUSTAIN_PEDAL, value=0
            )
            for channel in self._pedals
        ]
        return notes + pedals


@dataclass(frozen=True, slots=True)
class Check:
    """The outcome of arranging a take again."""

    equal: bool
    """True if every note is the same."""
    remarks: tuple[str, ...] = ()
    """What differs, and whether the model is another one."""


def arrange_again(model: Model, melody: Song, header: Header) -> Song:
    """Arrange the melody with the seed and latents of `header`."""
    if not model.family.latents:
        return model.arrange(melody, header.seed)
    latents = header.latents
    if "from" not in latents:
        latents = {**latents, "seed": header.seed}
    return model.arrange(melody, header.seed, latents=from_json(latents))


def check(take: SavedTake, arrange: Arrange = arrange_again) -> Check:
    """Arrange the take's melody again with the same model, seed and latents, and compare every
    note.

    Voices may be as loud as the model makes them, or shaped after the player. Raise ComposerError
    if the take has no arrangement, or is a duet, which was decided beat by beat from what was heard
    until then. Raise ModelError if its model is gone.
    """
    if take.header.mode == DUET:
        raise ComposerError(
            f"take {take.name} is a duet, decided while it was played; composer replay plays it again"
        )
    kept = take.arrangement()
    melody = take.melody()
    if kept is None or melody is None:
        raise ComposerError(
            f"take {take.name} ({take.ended}) has no arrangement to check"
        )
    model, remarks = _model(take.header)
    again = arrange(model, melody, take.header)
    plain = _differences(kept, _as_kept(again))
    after_player = _differences(kept, _as_kept(shaped(again)))
    differences = min((plain, after_player), key=len)
    return Check(not differences, (*remarks, *differences))


def _as_kept(song: Song) -> Song:
    """Return the song as it comes out of a file, for what is compared with it came out of one."""
    return from_bytes(to_bytes(song))


def _model(header: Header) -> tuple[Model, tuple[str, ...]]:
    """Return the model with which the take was made; else the one of that name now, and a
    remark.
    """
    loaded = []
    for name in dict.fromkeys((header.model_folder, header.model)):
        model = _load(name)
        if model is None:
            continue
        hash_now = model_hash(model.folder)
        if hash_now == header.model_hash:
            return model, ()
        loaded.append((model, hash_now))
    if not loaded:
        where = Path(header.model_folder) / PLAYS
        raise ModelError(f"the take's model {header.model!r} is gone: it was {where}")
    model, hash_now = loaded[0]
    before = header.model_hash[:8] or "unknown"
    return model, (
        f"model {header.model} is another one now: {PLAYS} was {before}..., is {hash_now[:8]}...",
    )


def _load(name: str) -> Model | None:
    if not name:
        return None
    try:
        return load_model(name)
    except ModelError:
        return None


def _differences(kept: Song, again: Song) -> tuple[str, ...]:
    """Return one line for each voice whose notes differ."""
    if len(kept.tracks) != len(again.tracks):
        return (
            f"the take has {len(kept.tracks)} tracks, again there are {len(again.tracks)}",
        )
    lines = (_difference(a, b) for a, b in zip(kept.tracks, again.tracks, strict=True))
    return tuple(line for line in lines if line)


def _difference(kept: Track, again: Track) -> str:
    before = Counter(kept.notes)
    after = Counter(again.notes)
    gone = (before - after).total()
    new = (after - before).total()
    if not gone and not new:
        return ""
    name = kept.name or "a voice"
    return f"{name}: {gone} of {len(kept.notes)} notes are gone, {new} are new"
