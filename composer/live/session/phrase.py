"""Play a phrase and its answer: listen for some bars, sound the arrangement on the very next
downbeat.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import partial
from math import ceil, floor
from typing import Any

from composer.errors import ComposerError, MelodyError
from composer.live.commands import LONGEST
from composer.live.melody.dynamics import PLAINLY, Feel, shaped
from composer.live.session.accompanist import Accompanist
from composer.live.session.context import SessionContext
from composer.live.session.hearing import SNAP, Hearing
from composer.live.session.playback import Answer, Playback, pickup
from composer.live.session.state import COMMIT, Shown, ShownNote
from composer.live.session.worker import TaskResult, reason
from composer.songs.song import Note, Song

EARLY, LAST = (
    0.06,
    0.018,
)  # seconds before the downbeat at which the answer is made, and again if keys moved since
# Seconds; how long before their time strokes are handed to the sequencer.
AHEAD = 0.05
# Keys in a phrase that are not drawn any more.
NONSENSE = 2000
DRAFT = "draft"
ANSWER = "answer"
OTHER = "another"


@dataclass(frozen=True)
class PhraseRequest:
    """A key for the worker: the purpose, the run, the phrase, and the states of its keys and of the
    settings.
    """

    what: str
    run: PhraseRun = field(repr=False)
    start: float
    changes: int
    version: int
    last: bool = False


@dataclass(frozen=True)
class PhraseAnswer:
    """A melody and an answer that the worker made for `asked`."""

    asked: PhraseRequest
    melody: Song
    answer: Answer


class PhraseRun:
    """A phrase from its first downbeat on, and its answers. turns: after each answer the next
    phrase begins.
    """

    def __init__(self, context: SessionContext, turns: bool = False) -> None:
        self.phase = "count-in"
        self.over = ""
        self.start, self.length = 0.0, self._fixed(context)
        self.melody: Song | None = None
        self._context = context
        self._turns = turns
        self._playback: Playback | None = None
        self._stopping = False
        self._rerolled = False
        # Of model, knobs and seed.
        self._version = 0
        self._made: PhraseAnswer | None = None
        # Downbeats for which the answer was asked for, and whether for the last time.
        self._asked: set[tuple[float, bool]] = set()
        self._sketch: tuple[Any, tuple[ShownNote, ...]] = (None, ())
        # The phrase that is answered.
        self._played: tuple[ShownNote, ...] = ()
        # The last phrase and its answer.
        self._turn: Shown = ((), ())
        self._listen(0.0)

    @classmethod
    def again(cls, context: SessionContext, melody: Song, answer: Answer) -> PhraseRun:
        """Return the run of a take that is over, played once more from beat 0 on."""
        run = cls(context)
        run.melody = melody
        run.length = answer.length
        run.phase = "playing"
        run._playback = Playback(context, answer, 0.0)
        context.answered(melody, answer.song, "bars", answer.feel)
        return run

    def hear(self, event: Any, beat: float) -> None:
        """Keep keys for the phrase; while an answer sounds, for the next one."""
        self._hearing.hear(event, beat)
        if self.phase in ("count-in", "listening") and event.kind == "note_off":
            self._draft(beat)

    def _draft(self, beat: float) -> None:
        """Have the answer made when the last key goes up, in case that was all."""
        if not self._hearing.down and self._hearing.presses < NONSENSE:
            self._ask(
                DRAFT,
                self.start + self.length if self.length is not None else beat + 1.0,
            )

    def step(self, now: float) -> None:
        """Do what is due."""
        beat = self._context.time.beat(now)
        if self.phase == "count-in" and beat >= self.start:
            self.phase = "listening"
        if self.phase in ("count-in", "listening"):
            self._while_listening(now, beat)
        if self.phase == "thinking":
            self._while_thinking(now)
        if self.phase == "playing":
            self._while_playing(now)

    def due(self, now: float) -> float:
        """Strokes are sent AHEAD of their time, so a few milliseconds will do; near the downbeat
        less.
        """
        if self.length is not None and self.phase == "listening":
            near = self._context.time.seconds(self.start + self.length)
            moments = [near - lead for lead in (EARLY, LAST, COMMIT)]
            to_come = [moment for moment in moments if moment > now]
            return min([now + 0.01, *to_come])
        return now + 0.01

    def take(self, done: TaskResult, now: float) -> None:
        """Use an arrangement that the worker has made."""
        key = done.key
        if (
            not isinstance(key, PhraseRequest)
            or key.run is not self
            or key.start != self.start
        ):
            # What an earlier run had asked for may still come.
            return
        self._context.measure("decision", done.seconds)
        if done.error is not None:
            self._failed(done.error, key)
            return
        melody, answer = done.value
        if key.what == OTHER:
            self._exchange(answer, now)
        # A draft that is not the newest waited while an answer was made.
        elif key.what != DRAFT or self._is_newest(key):
            self._receive(PhraseAnswer(key, melody, answer), now)

    def _receive(self, made: PhraseAnswer, now: float) -> None:
        """Keep an answer for its downbeat; sound it instead of one of which nothing is heard
        yet.
        """
        time = self._context.time
        if self.phase in ("count-in", "listening", "thinking"):
            self._made = made
            if self.length is not None and made.asked.what == ANSWER:
                self._context.measure(
                    "ready", time.seconds(self.start + self.length) - now
                )
        elif self._playback is not None and now < time.seconds(self._playback.start):
            self._playback.withdraw()
            self._made = made
            self._begin(self._playback.start)

    def changed(self, again: bool = False) -> None:
        """Exchange what sounds on the next downbeat; re-rolled in a loop, on the next round.

        An answer that is made already, a moment before its downbeat, sounds first.
        """
        self._rerolled = again
        self._version += 1
        if self.phase == "playing":
            self._ask_other()

    def _ask_other(self) -> None:
        if self.melody is not None:
            feel = self._playback.answer.feel if self._playback is not None else PLAINLY
            task = partial(
                arranged, self._context.accompanist, self.melody, self._bars(), feel
            )
            self._context.worker.ask(self._key(OTHER), task)

    def stop(self, now: float) -> None:
        """End the phrase with this bar while listening; else end at once."""
        beat = self._context.time.beat(now)
        if self.phase != "listening" or not self._hearing.presses or self._stopping:
            self.end(now, "stopped")
            return
        bar = self._context.config.beats_per_bar
        bars = max(
            1,
            ceil(
                (beat + self._context.time.qpm_at(now) / 60 * LAST - self.start) / bar
            ),
        )
        self.length = min(float(bars * bar), self.length or float("inf"))
        self._stopping = True

    def end(self, now: float, why: str) -> None:
        """End: silence what sounds, hand over what was played."""
        if self.over:
            return
        self.over = why
        self.phase = "idle"
        self._context.worker.forget(lambda key: not isinstance(key, PhraseRequest))
        if self._playback is not None:
            self._playback.withdraw(end_now=True)
        else:
            melody = self._hearing.phrase(
                self.start, self._context.time.beat(now), None
            )
            self._context.answered(melody if melody.end else None, None, why)

    def shown(self, now: float) -> Shown:
        """Show the melody so far; while an answer sounds that, and what was before it: the phrase,
        or the last round.
        """
        # The screen asks in a thread of its own: what is playing is looked up once.
        playback = self._playback
        if playback is not None:
            return self._shown_answer(playback)
        # Written down again at most each sixteenth.
        key = self._hearing.changes, floor(self._context.time.beat(now) * 4)
        if self._sketch[0] != key and 0 < self._hearing.presses < NONSENSE:
            song = self._hearing.phrase(self.start, self._context.time.beat(now))
            self._sketch = (
                key,
                _shown(song.tracks[0].notes, 0, self.start - pickup(song)),
            )
        return (*self._turn[0], *self._sketch[1]), self._turn[1]

    def _shown_answer(self, playback: Playback) -> Shown:
        song = playback.answer.song
        origin = playback.origin
        is_first = origin + pickup(song) <= playback.start
        rounds = (origin,) if is_first else (origin - playback.answer.length, origin)
        melody = list(self._played) if is_first else []
        voices: list[ShownNote] = []
        for number, track in enumerate(song.tracks):
            line = voices if number else melody
            for at in rounds:
                line += _shown(track.notes, min(number, 3), at)
        return tuple(melody), tuple(voices)

    @staticmethod
    def _fixed(context: SessionContext) -> float | None:
        bars = context.config.bars
        return None if bars is None else float(bars * context.config.beats_per_bar)

    def _bars(self) -> int | None:
        """Return the bars of the answer that were asked for; None, as many as are filled, of an
        open phrase.
        """
        fixed = self._fixed(self._context)
        return (
            self._context.config.bars
            if fixed is not None and fixed == self.length
            else None
        )

    def _listen(self, start: float) -> None:
        """Begin a new phrase at beat `start`."""
        config = self._context.config
        self.start, self.length = start, self._fixed(self._context)
        self._hearing = Hearing(config.beats_per_bar, config.qpm)
        self._made, self._asked, self._sketch, self._playback = (
            None,
            set(),
            (None, ()),
            None,
        )
        self._stopping = False
        self._rerolled = False
        self._context.began(start)

    def _while_listening(self, now: float, beat: float) -> None:
        if self.length is None:
            self.length = self._ended_by_silence(beat)
        if self.length is None:
            return
        end = self.start + self.length
        left = self._context.time.seconds(end) - now
        if left <= EARLY and (end, False) not in self._asked:
            self._asked.add((end, False))
            self._ask(ANSWER, end)
        if left <= LAST and (end, True) not in self._asked:
            self._asked.add((end, True))
            self._ask(ANSWER, end, last=True)
        if left <= COMMIT:
            self._finish_listening(end)

    def _ended_by_silence(self, beat: float) -> float | None:
        """Length of an open phrase once a full bar was silent, or it is as long as a phrase can
        be.
        """
        bar = self._context.config.beats_per_bar
        since = self._hearing.silent_since()
        bars = ceil((beat + SNAP - self.start) / bar)
        if (
            since is not None and beat >= max(since, self.start) + bar - SNAP
        ) or bars >= LONGEST:
            return float(max(1, bars) * bar)
        return None

    def _finish_listening(self, end: float) -> None:
        if not any(h.event.is_press for h in self._hearing.heard):
            self._nothing_played(end)
        elif self._is_ready():
            self._begin(end)
        else:
            self.phase = "thinking"

    def _nothing_played(self, end: float) -> None:
        self._context.answered(None, None, "silent")
        if self._turns:
            self._listen(end)
            self.phase = "listening"
        else:
            self.phase = "idle"
            self.over = "silent"
            self._context.tell(
                "nothing was played: begin again, or check the keyboard's name"
            )

    def _is_ready(self) -> bool:
        """Tell whether the arrangement is there; a draft will do if no key moved after it."""
        made = self._made
        heard = self._hearing
        if made is None:
            return False
        return made.asked.what == ANSWER or (
            made.asked.changes == heard.changes and not heard.down
        )

    def _is_newest(self, asked: PhraseRequest) -> bool:
        return (asked.changes, asked.version) == (self._hearing.changes, self._version)

    def _key(self, what: str, last: bool = False) -> PhraseRequest:
        return PhraseRequest(
            what, self, self.start, self._hearing.changes, self._version, last
        )

    def _while_thinking(self, now: float) -> None:
        """Begin an answer that is late on the next beat that it can reach, where it would be by
        then.
        """
        end = self.start + (self.length or 0.0)
        if self._is_ready():
            at = max(end, float(ceil(self._context.time.beat(now + COMMIT))))
            self._begin(end, at if at > end else None)

    def _begin(self, start: float, at: float | None = None) -> None:
        assert self._made is not None
        made = self._made
        self._made = None
        self.melody = made.melody
        answer = made.answer
        self._played = _shown(
            made.melody.tracks[0].notes, 0, self.start - pickup(made.melody)
        )
        self._playback = Playback(self._context, answer, start, at)
        self.phase = "playing"
        self._context.answered(
            self.melody,
            answer.song,
            "stopped" if self._stopping else "bars",
            answer.feel,
        )
        if self._turns:
            self._hearing = Hearing(
                self._context.config.beats_per_bar, self._context.config.qpm
            )
        if made.asked.version != self._version:
            self._ask_other()

    def _while_playing(self, now: float) -> None:
        assert self._playback is not None
        playback = self._playback
        time = self._context.time
        end = playback.round_end
        playback.looping = self._context.config.loop and not self._turns
        ahead = COMMIT if playback.cursor <= playback.start else AHEAD
        until = time.beat(now + ahead)
        playback.pump(until if playback.looping else min(until, end))
        if playback.looping or time.beat(now) < end - time.qpm_at(now) / 60 * 0.005:
            return
        playback.release(end)
        if self._turns:
            self._next_turn(end, now)
        else:
            self.phase = "idle"
            self.over = "played"

    def _next_turn(self, end: float, now: float) -> None:
        """Begin the next phrase on the same beat; what was played just before the downbeat is its
        pickup.
        """
        heard = self._hearing.heard
        self._turn = self.shown(now)
        self._listen(end)
        self.phase = "listening"
        for one in heard:
            if one.beat >= end - 1:
                self._hearing.hear(one.event, one.beat)

    def _exchange(self, answer: Answer, now: float) -> None:
        if self._playback is None:
            return
        bar = self._context.config.beats_per_bar
        playback = self._playback
        if self._rerolled and playback.looping:
            at = playback.round_end
        else:
            reached = max(playback.cursor, self._context.time.beat(now))
            at = playback.start + ceil((reached - playback.start) / bar + 1e-6) * bar
        playback.change(answer, at)
        self._context.answered(self.melody, answer.song, "bars", answer.feel)

    def _failed(self, error: Exception, key: PhraseRequest) -> None:
        if isinstance(error, MelodyError) and key.what == DRAFT:
            return
        self._context.tell(f"no arrangement: {reason(error)}")
        if key.what == ANSWER and self._made is None:
            self._answer_failed(error, key)

    def _answer_failed(self, error: Exception, key: PhraseRequest) -> None:
        """Try once more after a fault that may pass; else end without an answer."""
        if not isinstance(error, ComposerError) and not key.last:
            # Once may be bad luck: try again.
            self._asked.discard((self.start + (self.length or 0.0), False))
            if self.phase == "thinking":
                self._ask(ANSWER, self.start + (self.length or 0.0), last=True)
        elif self.phase == "thinking" or key.last:
            self.phase = "idle"
            self.over = "failed"
            self._context.answered(
                self._hearing.phrase(self.start, self.start + (self.length or 0.0)),
                None,
                "failed",
            )

    def _ask(self, what: str, end: float, last: bool = False) -> None:
        """Have the arrangement of what was heard until beat `end` made, unless it is there
        already.
        """
        made = self._made
        if made is not None and self._is_ready() and self._is_newest(made.asked):
            # Keys of the last moment do not undo it.
            self._made = replace(made, asked=replace(made.asked, what=what))
            return
        if what == ANSWER and not any(h.event.is_press for h in self._hearing.heard):
            return
        heard = Hearing(self._hearing.beats_per_bar, self._hearing.qpm)
        heard.heard = list(self._hearing.heard)
        cut = None if self.length is None else round(self.length / heard.beats_per_bar)
        self._context.worker.forget(
            lambda other: not (isinstance(other, PhraseRequest) and other.what == what)
        )
        task = partial(
            _answered,
            self._context.accompanist,
            heard,
            (self.start, end, cut),
            self._bars(),
        )
        self._context.worker.ask(self._key(what, last), task, first=what == ANSWER)


def arranged(
    accompanist: Accompanist, melody: Song, bars: int | None, feel: Feel
) -> tuple[Song, Answer]:
    """(The melody, its answer): the arrangement, as loud as the melody."""
    bar = round(melody.time_signatures[-1].beats_per_bar)
    return melody, Answer.of(shaped(accompanist.phrase(melody)), bar, bars, feel)


def _answered(
    accompanist: Accompanist,
    heard: Hearing,
    span: tuple[float, float, int | None],
    bars: int | None,
) -> tuple[Song, Answer]:
    melody = heard.phrase(*span)
    return arranged(
        accompanist,
        melody,
        bars,
        heard.feel(melody.tracks[0].notes, span[0] - pickup(melody)),
    )


def _shown(notes: tuple[Note, ...], voice: int, origin: float) -> tuple[ShownNote, ...]:
    return tuple(
        ShownNote(n.onset + origin, n.end + origin, n.pitch, voice) for n in notes
    )
