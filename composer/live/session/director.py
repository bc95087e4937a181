"""Direct a session, in its own thread: runs begin and end, settings change, takes are counted."""

from __future__ import annotations

import gc
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from math import ceil
from pathlib import Path
from typing import Any

import numpy as np

from composer.errors import ComposerError, ConfigError, Mend
from composer.generators import Player, load_model
from composer.generators.latents import Source
from composer.live.commands import FASTEST, SLOWEST
from composer.live.melody.capture import Event
from composer.live.melody.transport import ClockFollower, Offset, Transport, tapped
from composer.live.midi.devices import Profile, profile_of, save_profile
from composer.live.midi.outputs import Nowhere
from composer.live.session.accompanist import Accompanist
from composer.live.session.calibration import CalibrationRun
from composer.live.session.context import AnySequencer, SessionContext, SessionRun
from composer.live.session.duet import DuetRun
from composer.live.session.history import TakeHistory
from composer.live.session.metronome import Metronome
from composer.live.session.phrase import PhraseRun, arranged
from composer.live.session.playback import Answer
from composer.live.session.saver import TakeSaver
from composer.live.session.state import (
    COMMIT,
    DRUMS,
    MELODY,
    Latency,
    SessionConfig,
    Shown,
    State,
    bar_of,
)
from composer.live.session.worker import AnyWorker, TaskResult, Worker, reason
from composer.songs.song import Note, Song, TimeSignature, Track

# Seconds from a press of play to the first click.
LEAD = 0.05
# Of MIDI clock that are remembered; a transport is made at each of its 24 clocks a beat.
CLOCK_BEATS = 16
AGAIN = "again"
# Phases in which another seed is not heard.
UNHEARD = ("count-in", "listening", "calibrating")


class Director:
    """Does what a session asks, in the session's thread; `now` is always the clock's seconds."""

    def __init__(
        self,
        config: SessionConfig,
        accompanist: Accompanist,
        sequencer: AnySequencer,
        worker: AnyWorker,
        takes: Path | None,
        wake: Callable[[], None],
        open_model: Callable[[str], Player] = load_model,
    ) -> None:
        self.message = ""
        self.mend: Mend | None = None
        self.keyboard: Any = None
        self.profile: Profile | None = None
        self.saver = TakeSaver(takes, self.tell)
        self._history = TakeHistory(
            self.saver,
            self.tell,
            isinstance(getattr(sequencer, "output", None), Nowhere),
        )
        self.thru_seconds: deque[float] = deque(maxlen=1000)
        self._sequencer = sequencer
        self._worker = worker
        self._loader = Worker(wake, "composer-loading")
        self._open_model = open_model
        self._context = SessionContext(
            config,
            accompanist,
            sequencer,
            worker,
            self.tell,
            self._history.answered,
            self._began,
        )
        self._run: SessionRun | None = None
        self._metronome = Metronome(self._context)
        self._taps: deque[float] = deque(maxlen=16)
        self._follower = ClockFollower(CLOCK_BEATS)
        self._following = False
        self._held: set[int] = set()
        # The notes and the beat that stay on the screen when nothing goes on.
        self._stands: tuple[Shown, float] = (((), ()), 0.0)
        self._told: dict[type, Exception] = {}  # troubles of the ports
        self._lately: deque[Event] = deque(maxlen=64)
        # The beat of the MIDI clock that is the session's beat 0.
        self._zero = 0.0

    @property
    def config(self) -> SessionConfig:
        """Return the settings as they are now."""
        return self._context.config

    def tell(self, message: str, mend: Mend | None = None) -> None:
        """Say one line to the player; from any thread. mend: a way out of what it says."""
        self.message = message
        self.mend = mend

    def refuse(self, error: ComposerError) -> None:
        """Say what could not be done, and the way out of it."""
        self.tell(reason(error), error.mend)

    def _tell_error(self, error: Exception) -> None:
        """Say what went wrong beside the music."""
        if isinstance(error, ComposerError):
            self.refuse(error)
        else:
            self.tell(reason(error))

    def fail(self, error: Exception, now: float) -> None:
        """Something that nobody thought of: the music stops cleanly, what was played is kept, the
        session goes on.
        """
        run = self._run
        try:
            if run is not None:
                run.end(now, "failed")
        except Exception:
            # It is that which fails: its keys are on the disk.
            self._history.fail()
        finally:
            if run is not None:
                run.over = run.over or "failed"
            self._close_run(now)
            self._sequencer.silence()
        self.tell(f"something went wrong ({reason(error)}): begin again to go on")

    # What comes in.

    def hear(self, event: Event, now: float) -> None:
        """Follow a key or controller."""
        self.saver.event(event)
        self._lately.append(event)
        if event.kind in ("note_on", "note_off"):
            (self._held.add if event.is_press else self._held.discard)(event.number)
        if self._run is not None:
            self._run.hear(
                event, self._context.time.beat(event.seconds - self.config.offset)
            )
            self._step_run(now)

    def clock(self, seconds: float, kind: str, now: float) -> None:
        """Follow MIDI clock if the config says so; its start and stop are play and stop."""
        if not self.config.clock_in:
            return
        self._follower.hear(seconds, kind)
        if kind in ("start", "continue"):
            self._end_run(now, "stopped")
            self._following = True
        elif kind == "stop":
            self._following = False
            self.stop(now)
        elif self._following and (time := self._follower.transport()) is not None:
            if self._run is None:
                self._begin_with_clock(time, now)
            self._context.time = _moved(time, self._zero)

    def _begin_with_clock(self, time: Transport, now: float) -> None:
        """Begin a few clocks after the start, when the tempo is known; keys that came before are
        heard now.
        """
        bar = self.config.beats_per_bar
        beat = time.beat(now)
        self._zero = float(bar * ceil(beat / bar)) if beat > 1 else 0.0
        self.configure(qpm=round(max(SLOWEST, min(FASTEST, time.qpm_at(now))), 1))
        time = _moved(time, self._zero)
        self._begin(time)
        for event in [e for e in self._lately if time.beat(e.seconds) > -0.5]:
            self._lately.remove(event)
            self.hear(event, now)

    def step(self, now: float) -> None:
        """Do what is due."""
        for done in (*self._loader.done(), *self._worker.done()):
            if isinstance(done.key, tuple) and done.key[:1] == (AGAIN,):
                self._play_again(done, now)
            elif isinstance(done.key, tuple) and done.key[:1] == ("model",):
                self._loaded(done)
            elif self._run is not None:
                self._run.take(done, now)
        self._tell_troubles()
        if self._run is not None:
            calibrating = self._run.phase == "calibrating"
            self._metronome.pump(
                now, calibrating, self._run.length if calibrating else None
            )
        self._step_run(now)

    def due(self, now: float) -> float:
        """Return when `step` is wanted again, at the latest."""
        return self._run.due(now) if self._run is not None else now + 1.0

    # What a player asks for.

    def play(self, now: float) -> None:
        """Count in, then listen; what goes on ends."""
        self._end_run(now, "stopped")
        config = self.config
        downbeat = (
            now + LEAD + config.count_in * config.beats_per_bar * 60.0 / config.qpm
        )
        self._begin(Transport.start(downbeat, config.qpm))

    def start_or_stop(self, now: float) -> None:
        """Begin if nothing goes on, else stop."""
        if self._run is None:
            self.play(now)
        else:
            self.stop(now)

    def stop(self, now: float) -> None:
        """End the phrase, or what sounds."""
        if self._run is not None:
            self._run.stop(now)
            self._close_run(now)

    def finish(self, now: float) -> None:
        """End what goes on, for the session is being closed."""
        self._end_run(now, "closed")

    def panic(self, now: float) -> None:
        """Turn all off, and be idle."""
        self._end_run(now, "panic")
        self._sequencer.silence()
        self._held.clear()
        self.tell("all notes off")

    def configure(self, **changes: Any) -> None:
        """Change settings; refused if they make no sense."""
        self._context.config = replace(self.config, **changes)

    def set_mode(self, name: str, now: float) -> None:
        """Change the mode; what goes on ends."""
        if name != self.config.mode:
            self.configure(mode=name)
            self._end_run(now, "stopped")
            self.tell(f"mode {name}: space, or play on the keyboard, begins")

    def set_tempo(self, qpm: float, now: float) -> None:
        """Change the tempo from now on; the beat goes on."""
        if self.config.clock_in and self._following:
            raise ConfigError("the tempo comes from MIDI clock: change it there")
        self.configure(qpm=float(qpm))
        if self._run is not None:
            self._context.time = self._context.time.changed(now, float(qpm))
            self._send_clock()

    def tap(self, seconds: float, now: float) -> None:
        """Follow a tap at `seconds`."""
        self._taps.append(seconds)
        qpm = tapped(self._taps)
        if qpm is not None:
            self.set_tempo(round(qpm, 1), now)

    def load(self, name: str) -> None:
        """Load a model beside the music."""
        self.tell(f"loading {name} ...")
        self._loader.ask(("model", name), partial(ready_model, name, self._open_model))

    def set_knob(self, name: str, value: float | None) -> None:
        """Turn a knob, -1 to 1, or let it go with None; name: the model's, or its number from 1."""
        knobs = self._context.accompanist.knobs
        if name.isdecimal() and 1 <= int(name) <= len(knobs):
            name = knobs[int(name) - 1]
        if name not in knobs:
            known = ", ".join(knobs) or "none at all"
            raise ConfigError(
                f"this model has no knob {name!r}; it has {known}", mend="model"
            )
        latents = dict(self.config.latents)
        seed = latents.get(name, Source()).seed
        latents[name] = Source(seed, 0.0 if value is None else float(value))
        self.configure(latents={n: s for n, s in latents.items() if s != Source()})
        self._accompany(latents=dict(self.config.latents))

    def value_of(self, name: str, knob: str = "") -> float | None:
        """Return what a command that takes a number is set to; None if it is not known."""
        if name == "tempo":
            return self.config.qpm
        if name == "knob":
            knobs = self._context.accompanist.knobs
            if knob.isdecimal() and 1 <= int(knob) <= len(knobs):
                knob = knobs[int(knob) - 1]
            return self.config.latents.get(knob, Source()).knob
        return None

    def set_volume(self, share: float) -> None:
        """Set the volume of all channels, 0 to 1."""
        from mido import Message

        value = round(127 * share)
        for channel in (*self.config.channels, DRUMS):
            self._sequencer.now(
                Message("control_change", channel=channel, control=7, value=value)
            )

    def reroll(self, now: float) -> None:
        """Take the next seed; if nothing sounds, the last take is played with it."""
        self.configure(seed=self.config.seed + 1)
        self._accompany(seed=self.config.seed, again=True)
        take = self._history.takes[-1] if self._history.takes else None
        run = self._run
        if run is None and take is not None and take.melody is not None:
            task = partial(
                arranged, self._context.accompanist, take.melody, None, take.feel
            )
            self._worker.ask((AGAIN, now), task)
            return
        # The next beat of a duet is another already; the seed of a phrase is not heard before its
        # answer.
        if run is None or (run.phase in UNHEARD and self.config.mode != "duet"):
            self.tell(f"seed {self.config.seed}: the next answer uses it")

    def keep(self) -> None:
        """Mark the last take."""
        self._history.keep()
        self.tell(f"take {self._history.count} is kept")

    def undo(self, now: float) -> None:
        """Drop the last take; its folder stays, marked."""
        self._history.last("undo")
        self._end_run(now, "undone")
        self._history.undo()
        self.tell(f"the last take is dropped, {self._history.count or 'none'} left")

    def save(self, path: Path | None) -> None:
        """Write the last take's music, as .mid or .wav, beside the music that goes on; None: under
        the next name.
        """
        self._history.save(path, self.tell)

    def calibrate(self, now: float) -> None:
        """Eight clicks to play along."""
        self._end_run(now, "stopped")
        time = Transport.start(now + LEAD + 60.0 / self.config.qpm, self.config.qpm)
        self._start(
            CalibrationRun(self._context, self._calibrated), time, first_click=0.0
        )
        self.tell("play one key along with the eight clicks")

    # What is shown, and the end.

    def state(self, now: float) -> State:
        """Return what the screen draws; from any thread."""
        run = self._run
        config = self.config
        context = self._context
        output = getattr(self._sequencer, "output", None)
        (melody, accompaniment), beat = self._shown(run, now)
        # An answer begins that long before its downbeat.
        at = context.time.beat(now + COMMIT)
        keyboard = self.keyboard
        return State(
            mode=config.mode,
            phase=run.phase if run is not None else "idle",
            beat=beat,
            seconds=now,
            bar=bar_of(beat, at, config.beats_per_bar) if run is not None else 0,
            beats_per_bar=config.beats_per_bar,
            qpm=context.time.qpm_at(now) if run is not None else config.qpm,
            start=run.start if run is not None else 0.0,
            length=run.length if run is not None else None,
            loop=config.loop,
            metronome=config.metronome,
            with_melody=config.with_melody,
            seed=config.seed,
            knobs={
                name: config.latents.get(name, Source()).knob
                for name in context.accompanist.knobs
            },
            model=getattr(context.accompanist.model, "name", ""),
            voices=(MELODY, *context.accompanist.voice_names),
            device=keyboard.name if keyboard is not None else "",
            plugged=bool(keyboard is not None and keyboard.connected),
            output=getattr(output, "name", ""),
            output_alive=bool(output is not None and output.alive()),
            melody=melody,
            accompaniment=accompaniment,
            held=tuple(sorted(self._held.copy())),
            takes=self._history.count,
            kept=bool(self._history.takes and self._history.takes[-1].kept),
            latencies=self._latencies(),
            message=self.message,
            mend=self.mend,
            remarks=self._history.remarks,
        )

    def _shown(self, run: SessionRun | None, now: float) -> tuple[Shown, float]:
        """Return the notes on the screen, and the beat at which they are seen."""
        if run is None:
            return self._stands
        return run.shown(now), self._context.time.beat(now)

    def close(self) -> None:
        """Write what is to be written, end the threads; what goes on was ended."""
        self._sequencer.silence()
        self._loader.close()
        self._worker.close()
        self.saver.close()

    # Inside.

    def _begin(self, time: Transport) -> None:
        self._context.time = time
        turns = self.config.mode == "call"
        run: SessionRun = (
            DuetRun(self._context)
            if self.config.mode == "duet"
            else PhraseRun(self._context, turns)
        )
        self.tell("")
        self._start(run, time, -float(self.config.count_in * self.config.beats_per_bar))

    def _start(self, run: SessionRun, time: Transport, first_click: float) -> None:
        self._context.time = time
        self._run = run
        self._metronome.start(first_click)
        self._send_clock()

    def _step_run(self, now: float) -> None:
        if self._run is not None:
            self._run.step(now)
            self._close_run(now)

    def _tell_troubles(self) -> None:
        """Tell what went wrong in the threads of the ports, once each; there it stops nothing."""
        for part in (self.keyboard, self._sequencer):
            trouble = getattr(part, "trouble", None)
            if trouble is not None and trouble is not self._told.get(type(part)):
                self._told[type(part)] = trouble
                self.tell(
                    f"something went wrong ({reason(trouble)}), the music goes on"
                )

    def _close_run(self, now: float) -> None:
        """Let go of a run that is over."""
        if self._run is not None and self._run.over:
            self._stands = self._run.shown(now), self._context.time.beat(now)
            self._run = None
            self._history.close(now)
            self._metronome.stop()
            if self.config.clock_out:
                self._sequencer.stop_clock()  # type: ignore[attr-defined]

    def _end_run(self, now: float, why: str) -> None:
        if self._run is not None:
            self._run.end(now, why)
            self._close_run(now)

    def _send_clock(self) -> None:
        if self.config.clock_out:
            self._sequencer.start_clock(self._context.time)  # type: ignore[attr-defined]

    def _began(self, beat: float) -> None:
        """Begin a take of its own for a phrase or duet that begins at that beat."""
        self._history.begin(
            self._context, beat, self.keyboard.name if self.keyboard is not None else ""
        )

    def _accompany(self, again: bool = False, **changes: Any) -> None:
        self._context.accompanist = replace(self._context.accompanist, **changes)
        if self._run is not None:
            self._run.changed(again)

    def _loaded(self, done: TaskResult) -> None:
        if done.error is not None:
            self._tell_error(done.error)
            return
        model: Player = done.value
        latents = _latents_of(model, self.config.latents)
        self.configure(latents=latents)
        self.tell(f"{getattr(model, 'name', 'the model')} plays")
        self._accompany(model=model, latents=latents)

    def _play_again(self, done: TaskResult, now: float) -> None:
        if done.error is not None:
            self._tell_error(done.error)
            return
        if self._run is not None:
            return
        melody, answer = done.value
        assert isinstance(answer, Answer)
        time = Transport.start(now + 2 * LEAD, self.config.qpm)
        self._context.time = time
        self._start(
            PhraseRun.again(self._context, melody, answer), time, first_click=0.0
        )

    def _calibrated(self, offset: Offset) -> None:
        self.configure(offset=max(-0.5, min(0.5, offset.seconds)))
        if self.profile is not None and self.keyboard is not None:
            # The generic profile is for many: what is measured is kept under the name of this
            # keyboard.
            self.profile = replace(
                profile_of(self.keyboard.name, self.profile), offset=self.config.offset
            )
            self.saver.do(partial(save_profile, self.profile))
        word = "late" if offset.seconds >= 0 else "early"
        milliseconds = abs(1e3 * offset.seconds)
        self.tell(
            f"keys come {milliseconds:.0f} ms {word} (within {1e3 * offset.spread:.0f}), which is taken off now"
        )

    def _latencies(self) -> Mapping[str, Latency]:
        thru = [1e3 * seconds for seconds in self.thru_seconds.copy()]
        heard = (
            {"thru": Latency(thru[-1], float(np.percentile(thru, 99)))} if thru else {}
        )
        return {**heard, **self._context.measured()}


def _moved(time: Transport, zero: float) -> Transport:
    """Another beat is 0."""
    return (
        Transport(tuple(a._replace(beat=a.beat - zero) for a in time.anchors))
        if zero
        else time
    )


def _latents_of(model: Player, latents: Mapping[str, Source]) -> dict[str, Source]:
    """Return those of the latents that a model has: its knobs, and seeds without a knob."""
    found = {}
    for name, source in latents.items():
        is_there = name in model.family.latents
        if is_there and (not source.knob or name in model.family.knobs):
            found[name] = source
    return found


def ready_model(name: str, open_model: Callable[[str], Player] = load_model) -> Player:
    """Open a model and let it play once: the first time costs more than all others.

    open_model: from what a player names to a model; by default bundled ones and folders alone.
    What is loaded by then stays, and the garbage collector leaves it out: looking through it holds
    up every thread for 6 ms, now and then.
    """
    model = open_model(name)
    melody = Track(
        tuple(Note(float(beat), 60 + beat % 5, 1.0) for beat in range(16)), "Melody"
    )
    Accompanist(model).phrase(
        Song((melody,), time_signatures=(TimeSignature(0.0, 4, 4),))
    )
    gc.freeze()
    return model
