"""The takes of a session: begun, finished, kept, dropped, saved; what is written goes through the
saver.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from composer.config import to_dict
from composer.errors import ComposerError, ConfigError
from composer.files import check_ending, free_path
from composer.generators import Model
from composer.generators.latents import to_json, to_origin
from composer.live.melody.capture import RecordConfig
from composer.live.melody.dynamics import PLAINLY, Feel
from composer.live.session.accompanist import Accompanist
from composer.live.session.context import SessionContext
from composer.live.session.saver import PendingTake, TakeSaver
from composer.live.session.state import SessionConfig
from composer.live.session.worker import reason
from composer.live.takes.header import SOUND, UNDONE, Header, model_fields, now
from composer.songs import WRITE_ENDINGS, write
from composer.songs.song import Song

# Takes that are at hand; those before are on the disk only, so that a long day needs no more
# memory.
UNDOABLE = 64
# Seconds after its end that still belong to a take: its last note-offs.
FADES = 0.5


@dataclass
class Take:
    """A phrase or duet: what was played, what was made of it, and where it is written."""

    pending: PendingTake
    melody: Song | None = None
    arrangement: Song | None = None
    feel: Feel = PLAINLY
    kept: bool = False


class TakeHistory:
    """The takes that were made, the last ones at hand and the last one last; one without notes is
    not among them.

    tell: says a line to the player. silent: nothing sounds here, so each take is rendered to WAV.
    """

    def __init__(
        self, saver: TakeSaver, tell: Callable[[str], None], silent: bool = False
    ) -> None:
        self._tell = tell
        self._silent = silent
        self.takes: deque[Take] = deque(maxlen=UNDOABLE)
        self.count = 0
        self.remarks: tuple[str, ...] = ()
        self._saver = saver
        self._open: Take | None = None

    def begin(self, context: SessionContext, beat: float, device: str) -> None:
        """Begin a take whose first downbeat is `beat`; its seconds begin a bar before that."""
        config = context.config
        bar = context.config.beats_per_bar
        seconds = context.time.seconds(beat)
        qpm = round(context.time.qpm_at(seconds), 6)
        record = RecordConfig(
            qpm=qpm,
            bars=config.bars,
            beats_per_bar=bar,
            count_in=1,
            offset=config.offset,
        )
        header = partial(_header, config, context.accompanist, record, device)
        self._open = Take(
            self._saver.begin(header, seconds - bar * record.beat_seconds)
        )

    def answered(
        self,
        melody: Song | None,
        arrangement: Song | None,
        why: str,
        feel: Feel = PLAINLY,
    ) -> None:
        """Keep what was played, how, and what was made of it; again if that is made again."""
        take = self._open
        if take is None:
            return
        if melody is None and take.melody is None:
            self._saver.discard(take.pending)
            self._open = None
            return
        if take.melody is None:
            self.takes.append(take)
            self.count += 1
        take.feel = feel
        take.melody = melody or take.melody
        take.arrangement = arrangement or take.arrangement
        self.remarks = _remarks(arrangement)
        self._saver.finish(take.pending, take.melody, take.arrangement, why)
        if self._silent and (song := take.arrangement or take.melody) is not None:
            self._saver.do(partial(_render, take.pending, song, self._tell))

    def fail(self) -> None:
        """End what goes on without a melody; its keys are on the disk."""
        take = self._open
        if take is not None and take.melody is None:
            self._saver.finish(take.pending, None, None, "failed")

    def close(self, seconds: float) -> None:
        """End the take at `seconds` of the clock; its last sounds are still written."""
        if self._open is not None:
            self._open.pending.until = seconds + FADES
        self._open = None

    def last(self, what: str) -> Take:
        """Return the last take. Raise ConfigError if there is none to do `what` with."""
        if not self.takes:
            raise ConfigError(
                f"no take to {what} yet: press space, or play on the keyboard"
            )
        return self.takes[-1]

    def keep(self) -> None:
        """Mark the last one."""
        take = self.last("keep")
        take.kept = True
        self._saver.amend(take.pending, kept=True)

    def undo(self) -> None:
        """Drop the last one; its folder stays, and says so."""
        self._saver.amend(self.last("undo").pending, ended=UNDONE)
        self.takes.pop()
        self.count -= 1

    def save(self, path: Path | None, tell: Callable[[str], None]) -> None:
        """Write the last one's music beside the music that goes on. No file that is there is
        written over.

        path: where; None: `take-3.mid` in this folder, or the next free name. tell: is told how it
        went.
        """
        take = self.last("save")
        song = take.arrangement or take.melody
        path = path or Path(f"take-{self.count}.mid")
        if song is None:
            raise ConfigError("the last take has no notes to save")
        check_ending(path, WRITE_ENDINGS, "a take")
        self._saver.do(partial(_save, path, song, tell))


def _header(
    config: SessionConfig, accompanist: Accompanist, record: RecordConfig, device: str
) -> Header:
    model = accompanist.model
    fields: dict[str, Any] = (
        dict(model_fields(model.folder)) if isinstance(model, Model) else {}
    )
    return Header(
        now(),
        mode=config.mode,
        **fields,
        seed=accompanist.seed,
        latents=to_json(
            to_origin(accompanist.latents, accompanist.seed, model.family.latents)
        ),
        qpm=record.qpm,
        beats_per_bar=config.beats_per_bar,
        bars=config.bars,
        count_in=config.count_in,
        record=to_dict(record),
        programs=config.programs,
        device=device,
        offset=config.offset,
    )


def _render(pending: PendingTake, song: Song, tell: Callable[[str], None]) -> None:
    """Render the sound of a take that did not sound."""
    if pending.writer is not None:
        path = pending.writer.folder / SOUND
        try:
            write(path, song)
        except ComposerError as error:
            tell(f"no sound here, and no WAV: {reason(error)}")
        else:
            tell(f"no sound here: hear it in {path}")


def _save(path: Path, song: Song, tell: Callable[..., None]) -> None:
    # The files are looked at here, where one is written after the other: two takes saved at once
    # get two names.
    free = free_path(path)
    try:
        write(free, song)
    except ComposerError as error:
        tell(reason(error), error.mend)
        return
    taken = f" ({path.name} was there)" if free != path else ""
    tell(f"saved {free}{taken}")


def _remarks(arrangement: Song | None) -> tuple[str, ...]:
    """Return what an arrangement says of itself."""
    try:
        made = (
            json.loads(arrangement.made)
            if arrangement is not None and arrangement.made
            else {}
        )
        return (f"{made['model']}, seed {made['latents']['seed']}",)
    except (ValueError, KeyError, TypeError):
        return ()
