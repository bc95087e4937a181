"""Play a duet: the voices of each beat are decided before it, and chosen on it by what was really
struck.

For each beat a table is made ready: the voices if nothing new comes, then those for likely pitches,
as time allows. What is not ready is not waited for: then the voices hold what they have. Never
late, never stuck.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from math import ceil
from typing import Any, Final, NamedTuple

from composer.errors import ConfigError
from composer.live.melody.dynamics import velocity
from composer.live.session.accompanist import Accompanist, Voices, likely_pitches
from composer.live.session.context import SessionContext
from composer.live.session.duet_voice import TAG, DuetVoice
from composer.live.session.hearing import SNAP, Hearing
from composer.live.session.state import VOICES, Shown, ShownNote
from composer.live.session.worker import TaskResult, reason
from composer.songs.edit import cut_notes, only_melody, shift_notes
from composer.songs.song import Note, Song, Tempo, TimeSignature, Track

# Before its beat a decision begins; whichever is longer,.
LEAD_SECONDS = 0.1
LEAD_BEATS = 1 / 3
# But no more than so many beats.
MOST_LEAD = 0.5
# Seconds before the beat at which the choice is made.
COMMIT = 0.003
# Seconds before their time that notes within a beat are sent.
AHEAD = 0.02
LATE_SECONDS, LATE_BEATS = (
    0.08,
    SNAP,
)  # after the beat a late stroke still changes the voices; whichever is shorter
# Seconds; strokes between the choice and the beat are seen to then.
JUST_AFTER = 0.001
# No pitch: no decision was there.
HELD: Final = -1
# Beats of the past that are told to the Accompanist, more than it looks at.
RECENT = 100.0


# Notes of a line, the last ones, that may be on the screen.
MOST_SHOWN = 200


class BeatRequest(NamedTuple):
    """A key for the worker: the pitch at the beat of a plan, None for none, and by which version of
    the past.
    """

    plan: Plan
    pitch: int | None
    version: int


@dataclass(eq=False)
class Plan:
    """The voices that are ready for a beat. heard: the past that it goes by, `shift` beats later
    than in the session.

    plain: the pitch that sounded when the plan was made, None for none. version: of the past.
    """

    beat: float
    heard: Song
    shift: float
    plain: int | None
    version: int = 0
    is_ready: bool = False
    table: dict[int | None, Voices] = field(default_factory=dict)
    # Entries that go by the newest past.
    fresh: set[int | None] = field(default_factory=set)

    def choose(self, pitch: int | None) -> tuple[int | None, Voices] | None:
        """Return (its pitch, the entry for `pitch`, else the one for nothing new); None if there is
        neither.
        """
        found = next((key for key in (pitch, self.plain) if key in self.table), HELD)
        return None if found == HELD else (found, self.table[found])

    def enter(self, key: BeatRequest, voices: Voices) -> None:
        """Enter the voices that were made; those that go by an older past are better than none."""
        current = key.version == self.version
        if current or key.pitch not in self.table:
            self.table[key.pitch] = voices
        if current:
            self.fresh.add(key.pitch)


def check_partner(accompanist: Accompanist) -> None:
    """Raise ConfigError for a model that cannot play a duet."""
    if not 0 < len(accompanist.parts) < VOICES:
        raise ConfigError(
            "this model arranges whole phrases; a duet needs one like jsb-chorales"
        )


class DuetRun:
    """A duet, from the first downbeat until it is stopped. Raise ConfigError for a model that
    cannot play one.
    """

    def __init__(self, context: SessionContext) -> None:
        check_partner(context.accompanist)
        names = context.accompanist.parts
        config = context.config
        self.phase = "count-in"
        self.over = ""
        self.start = 0.0
        self.length: float | None = None
        # That began without a decision.
        self.held_beats = 0
        self._context = context
        self._names = names
        self._bar = config.beats_per_bar
        self._hearing = Hearing(config.beats_per_bar, config.qpm)
        self._parts = [DuetVoice(context, voice) for voice in range(1, 1 + len(names))]
        self._melody: tuple[Note, ...] = ()
        # The beat that is to be decided.
        self._next = 0.0
        self._plan: Plan | None = None
        # Of the beat that goes on.
        self._begun: Plan | None = None
        # Whose voices sound in it; HELD for no decision.
        self._chosen: int | None = None
        # State of the keys that the plan goes by.
        self._seen = -1
        self._requests: deque[BeatRequest] = deque(maxlen=8)  # for late strokes
        self._choose_programs()
        context.began(0.0)

    def hear(self, event: Any, beat: float) -> None:
        """Follow the keys, at their beats."""
        self._hearing.hear(event, beat)

    def step(self, now: float) -> None:
        """Do what is due: plan, choose, exchange, go on."""
        if self.over:
            return
        time = self._context.time
        if self.phase == "count-in" and time.beat(now) >= 0:
            self.phase = "listening"
        self._catch_up(now)
        self._exchange_if_late(now)
        at = time.seconds(self._next)
        if now >= at - self._lead(now):
            self._prepare()
        if now >= at - COMMIT:
            self._commit()
        for part in self._parts:
            part.pump(min(time.beat(now + AHEAD), self._next - 1e-6))

    def due(self, now: float) -> float:
        """Return when a plan or a choice is next to be made; in a few milliseconds at most."""
        at = self._context.time.seconds(self._next)
        moments = (at - self._lead(now), at - COMMIT)
        to_come = [moment for moment in moments if moment > now]
        return min([now + 0.005, *to_come])

    def take(self, done: TaskResult, now: float) -> None:
        """Enter voices that the worker has made."""
        key = done.key
        if not isinstance(key, BeatRequest):
            return
        self._context.measure("decision", done.seconds)
        if done.error is not None:
            self._context.tell(f"the voices hold, no decision: {reason(done.error)}")
            return
        plan = key.plan
        if plan not in (self._plan, self._begun):
            return
        plan.enter(key, done.value)
        if not plan.is_ready:
            plan.is_ready = True
            self._context.measure("ready", self._context.time.seconds(plan.beat) - now)
        self._exchange_if_late(now)

    def changed(self, again: bool = False) -> None:  # noqa: ARG002
        """Use another model, knob or seed from the next decision on."""
        names = self._context.accompanist.parts
        if len(names) != len(self._parts):
            self._context.tell(
                "this model arranges whole phrases: stop, and take mode phrase"
            )
            return
        self._names = names
        self._seen = -1
        self._choose_programs()

    def stop(self, now: float) -> None:
        """End at once."""
        self.end(now, "stopped")

    def end(self, now: float, why: str) -> None:
        """End the voices, and hand over the whole duet."""
        if self.over:
            return
        self.over = why
        self.phase = "idle"
        beat = max(0.0, self._context.time.beat(now))
        self._context.worker.forget(lambda key: not isinstance(key, BeatRequest))
        self._context.sequencer.cancel(TAG, end_now=True)
        for part in self._parts:
            part.sounding = None
            part.end(beat)
        self._melody = self._hearing.melody(beat)
        song = self._song(beat, None)
        melody = only_melody(song)
        made = any(part.notes for part in self._parts)
        self._context.answered(
            melody if self._melody else None, song if made else None, why
        )

    def shown(self, now: float) -> Shown:
        """Show the last bars."""
        beat = self._context.time.beat(now)
        since = beat - 8 * self._bar
        recent = [note for note in self._melody[-MOST_SHOWN:] if note.end > since]
        melody = [ShownNote(note.onset, note.end, note.pitch, 0) for note in recent]
        # A copy: the screen asks in a thread of its own, while keys come and go.
        for pitch, held in list(self._hearing.down.items()):
            melody.append(ShownNote(held.beat, max(beat, held.beat), pitch, 0))
        voices = []
        for part in self._parts:
            for note in part.notes[-MOST_SHOWN:]:
                if note.end > since:
                    shown = ShownNote(
                        note.onset, note.end, note.pitch, part.voice, ahead=True
                    )
                    voices.append(shown)
        return tuple(melody), tuple(voices)

    def _lead(self, now: float) -> float:
        beat = 60.0 / self._context.time.qpm_at(now)
        return min(MOST_LEAD * beat, max(LEAD_SECONDS, LEAD_BEATS * beat))

    def _catch_up(self, now: float) -> None:
        """Leave out beats that went by unseen (a laptop that slept): the voices end, and come in
        again.
        """
        beat = self._context.time.beat(now)
        if beat - self._next > 1:
            for part in self._parts:
                part.end(self._next)
            self._next = float(ceil(beat))
            self._plan = self._begun = None

    def _prepare(self) -> None:
        """Have the table for the next beat made, and made again when the past is not what it
        was.
        """
        beat = self._next
        plan = self._plan
        if plan is not None and self._seen == self._hearing.changes:
            return
        pitch = self._hearing.pitch_at(beat)
        anew = self._seen == -1
        self._seen = self._hearing.changes
        self._melody = self._hearing.melody(beat)
        feel = self._hearing.feel(self._melody)
        for part in self._parts:
            part.feel = feel
        heard = self._song(beat, beat - RECENT)
        if plan is None:
            plan = self._plan = Plan(beat, heard, self._shift(), pitch)
        elif anew or heard != plan.heard:
            plan.heard = heard
            plan.shift = self._shift()
            plan.version = plan.version + 1
            plan.fresh.clear()
        self._ask_all(plan, pitch)

    def _ask_all(self, plan: Plan, pitch: int | None) -> None:
        """Ask for the voices of what sounds first, then of what may come."""
        self._context.worker.forget(lambda key: not isinstance(key, BeatRequest))
        if pitch is None and self._player_rests(plan.beat):
            plan.enter(BeatRequest(plan, None, plan.version), ((),) * len(self._parts))
        likely = likely_pitches(plan.heard, plan.beat + plan.shift)
        for wanted in dict.fromkeys((pitch, plan.plain, *likely)):
            if wanted not in plan.fresh:
                self._ask(plan, wanted)

    def _ask(self, plan: Plan, pitch: int | None, first: bool = False) -> None:
        task = partial(
            decided, self._context.accompanist, plan.heard, plan.beat, plan.shift, pitch
        )
        self._context.worker.ask(BeatRequest(plan, pitch, plan.version), task, first)

    def _player_rests(self, beat: float) -> bool:
        """Tell whether the player has been silent for a bar: then the voices are, too."""
        if self._hearing.down:
            return False
        since = self._hearing.silent_since()
        return since is None or beat - since > self._bar

    def _commit(self) -> None:
        """Begin the beat: sound what fits what was struck, or hold what sounds."""
        beat = self._next
        plan = self._plan
        chosen = plan.choose(self._hearing.pitch_at(beat)) if plan is not None else None
        self._begun = plan
        self._chosen = HELD
        self._plan = None
        self._next = beat + 1
        if chosen is None:
            self.held_beats += 1
            for part in self._parts:
                part.hold(beat)
        else:
            self._chosen = chosen[0]
            self._turn_to(beat, chosen[1])

    def _exchange_if_late(self, now: float) -> None:
        """Give a note that came a little after its beat its own voices, if they are others."""
        plan = self._begun
        time = self._context.time
        if plan is None or now < time.seconds(plan.beat) + JUST_AFTER:
            return
        latest = min(LATE_SECONDS, LATE_BEATS * 60.0 / time.qpm_at(now))
        if now > time.seconds(plan.beat) + latest + AHEAD:
            self._begun = None
            return
        pitch = self._hearing.pitch_at(plan.beat)
        if pitch == self._chosen or (pitch is None and self._chosen != HELD):
            return
        if pitch in plan.table:
            self._chosen = pitch
            self._turn_to(plan.beat, plan.table[pitch], time.beat(now))
            return
        asked = BeatRequest(plan, pitch, plan.version)
        if asked not in self._requests:
            self._requests.append(asked)
            self._ask(plan, pitch, first=True)

    def _turn_to(self, beat: float, voices: Voices, at: float | None = None) -> None:
        """Sound the voices of a beat, from its start or, where others sound in it, from `at` on."""
        downbeat = beat % self._bar == 0
        for part, notes in zip(self._parts, voices, strict=True):
            struck = []
            for note in notes:
                is_accent = downbeat and note.onset == beat
                struck.append(velocity(self._melody, note.onset, part.voice, is_accent))
            if at is None:
                part.begin(beat, notes, struck)
            else:
                part.exchange(beat, at, notes, struck)

    def _shift(self) -> float:
        """Return a bar if there is a pickup, else 0: songs begin at 0, the session's pickup before
        its beat 0.
        """
        has_pickup = bool(self._melody) and self._melody[0].onset < 0
        return float(self._bar) if has_pickup else 0.0

    def _song(self, beat: float, since: float | None) -> Song:
        """Return what was played before `beat`, cut there; since: beats before it are not
        needed.
        """
        programs = dict(enumerate(self._context.config.programs))
        lines = [
            ("Melody", self._melody),
            *(
                (n, part.notes)
                for n, part in zip(self._names, self._parts, strict=True)
            ),
        ]
        tracks = tuple(
            Track(
                _between(notes, since, beat, self._shift()),
                name,
                programs.get(i, self._own_program(i)),
            )
            for i, (name, notes) in enumerate(lines)
        )
        tempo = Tempo(0.0, self._hearing.qpm)
        metre = TimeSignature(0.0, self._bar, 4)
        return Song(tracks, tempos=(tempo,), time_signatures=(metre,))

    def _own_program(self, voice: int) -> int:
        own = self._context.accompanist.programs
        return own[voice - 1] if 0 < voice <= len(own) else 0

    def _choose_programs(self) -> None:
        chosen = dict(enumerate(self._context.config.programs))
        for voice in range(1 + len(self._parts)):
            self._context.program(
                self._context.config.channels[voice],
                chosen.get(voice, self._own_program(voice)),
            )


def decided(
    accompanist: Accompanist, heard: Song, beat: float, shift: float, pitch: int | None
) -> Voices:
    """Return the voices of a beat of the session, whose past is told `shift` beats later."""
    voices = accompanist.voices(heard, beat + shift, pitch)
    return (
        tuple(
            tuple(replace(n, onset=n.onset - shift) for n in notes) for notes in voices
        )
        if shift
        else voices
    )


def _between(
    notes: Sequence[Note], since: float | None, beat: float, shift: float
) -> tuple[Note, ...]:
    """Notes before `beat`, cut there; of those long before `since` some are left out. In order of
    onset.
    """
    first = 0 if since is None else bisect_left(notes, since, key=lambda n: n.onset)
    last = bisect_left(notes, beat - 1e-6, key=lambda n: n.onset)
    return tuple(shift_notes(cut_notes(notes[max(0, first - 1) : last], beat), shift))
