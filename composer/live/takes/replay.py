"""A take once more: what sounded, bit for bit, and whether the same notes come out when it is arranged again."""

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
from composer.live.takes.saved import Header, SavedTake, model_hash
from composer.songs.midi import from_bytes, to_bytes
from composer.songs.song import Song

NOTE_OFF, NOTE_ON, CONTROL = 0x80, 0x90, 0xB0
DUET = "duet"

Clock = Callable[[], float]
Wait = Callable[[float], Any]
Arrange = Callable[[Model, Song, Header], Song]


class Sends(Protocol):
    """Where a take sounds; `composer.live.midi.outputs` has the real ones."""

    def send(self, message: Any) -> None:
        """Send a mido message; returns at once."""


def replay(
    take: SavedTake, output: Sends, clock: Clock = time.monotonic, wait: Wait = time.sleep
) -> int:
    """Send all that sounded in a take: the same bytes in the same order, at the same times from the first on.

    wait: sleeps that many seconds. Returns how many messages. What sounds when it ends, or is interrupted, is let go.
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
    """The messages that choose the instruments, melody on channel 0; none where the take says itself what to choose."""
    import mido

    if any(message.type == "program_change" for _, message in _messages(take)):
        return []
    chosen = enumerate(take.header.programs[:9])
    return [
        mido.Message("program_change", channel=channel, program=program & 127)
        for channel, program in chosen
    ]


def _messages(take: SavedTake) -> list[tuple[float, Any]]:
    """What sounded as mido messages; bytes that are none are left out."""
    import mido

    found = []
    for seconds, data in take.played():
        parser = mido.Parser(data)
        if (message := parser.get_message()) is not None and bytes(message.bytes()) == data:
            found.append((seconds, message))
    return found


class _Sounding:
    """Which keys and pedals are down after the messages so far."""

    def __init__(self) -> None:
        self._notes: dict[tuple[int, int], None] = {}
        self._pedals: dict[int, None] = {}

    def follow(self, data: list[int]) -> None:
        kind, channel = data[0] & 0xF0, data[0] & 0x0F
        if kind == NOTE_ON and data[2]:
            self._notes[channel, data[1]] = None
        elif kind in (NOTE_ON, NOTE_OFF):
            self._notes.pop((channel, data[1]), None)
        elif kind == CONTROL and data[1] == SUSTAIN_PEDAL:
            if data[2] >= 64:
                self._pedals[channel] = None
            else:
                self._pedals.pop(channel, None)

    def ends(self) -> list[Any]:
        """The messages that let them go."""
        import mido

        notes = [
            mido.Message("note_off", channel=channel, note=pitch) for channel, pitch in self._notes
        ]
        pedals = [
            mido.Message("control_change", channel=c, control=SUSTAIN_PEDAL, value=0)
            for c in self._pedals
        ]
        return notes + pedals


@dataclass(frozen=True, slots=True)
class Check:
    """Whether a take's arrangement came out note for note when it was made again, and what differs."""

    equal: bool
    remarks: tuple[str, ...] = ()


def arrange_again(model: Model, melody: Song, header: Header) -> Song:
    """The melody arranged as `header` says: by its seed and latents."""
    if not model.family.latents:
        return model.arrange(melody, header.seed)
    latents = (
        header.latents if "from" in header.latents else {**header.latents, "seed": header.seed}
    )
    return model.arrange(melody, header.seed, latents=from_json(latents))


def check(take: SavedTake, arrange: Arrange = arrange_again) -> Check:
    """Arrange the take's melody again with the same model, seed and latents, and compare every note.

    Voices may be as loud as the model makes them, or shaped after the player. Raises ComposerError where the take has
    no arrangement, and of a duet: it was decided beat by beat from what was heard by then. Raises ModelError where its
    model is gone.
    """
    if take.header.mode == DUET:
        raise ComposerError(
            f"take {take.name} is a duet, decided while it was played; composer replay plays it again"
        )
    kept = take.arrangement()
    melody = take.melody()
    if kept is None or melody is None:
        raise ComposerError(f"take {take.name} ({take.ended}) has no arrangement to check")
    model, remarks = _model(take.header)
    again = arrange(model, melody, take.header)
    differences = min(
        (_differences(kept, _as_kept(song)) for song in (again, shaped(again))), key=len
    )
    return Check(not differences, (*remarks, *differences))


def _as_kept(song: Song) -> Song:
    """As it comes out of a file: what is compared is what is kept."""
    return from_bytes(to_bytes(song))


def _model(header: Header) -> tuple[Model, tuple[str, ...]]:
    """The model with which the take was made; else the one that is called so now, and a remark."""
    loaded = []
    for name in dict.fromkeys(filter(None, (header.model_folder, header.model))):
        try:
            model = load_model(name)
        except ModelError:
            continue
        now = model_hash(model.folder)
        if now == header.model_hash:
            return model, ()
        loaded.append((model, now))
    if not loaded:
        raise ModelError(
            f"the take's model {header.model!r} is gone: it was {Path(header.model_folder) / PLAYS}"
        )
    model, now = loaded[0]
    was = header.model_hash[:8] or "unknown"
    return model, (
        f"model {header.model} is another one now: {PLAYS} was {was}..., is {now[:8]}...",
    )


def _differences(kept: Song, again: Song) -> tuple[str, ...]:
    """One line for each voice whose notes differ."""
    if len(kept.tracks) != len(again.tracks):
        return (f"the take has {len(kept.tracks)} tracks, again there are {len(again.tracks)}",)
    lines = []
    for one, other in zip(kept.tracks, again.tracks, strict=True):
        before, after = Counter(one.notes), Counter(other.notes)
        gone, new = (before - after).total(), (after - before).total()
        if gone or new:
            lines.append(
                f"{one.name or 'a voice'}: {gone} of {len(one.notes)} notes are gone, {new} are new"
            )
    return tuple(lines)
