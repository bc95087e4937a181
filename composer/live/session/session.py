"""Run a session: keys come in, an accompaniment goes out, and whoever plays says what is next.

Every method returns at once and may be called from any thread: it leaves a note for the session's
own thread, which does all in its order and never waits for the model (`worker`), the disk (`saver`)
or a port (the sequencer).
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any, Protocol

from composer.errors import ComposerError, Mend
from composer.generators import Player, load_model
from composer.generators.latents import check_names
from composer.live.melody.capture import Event
from composer.live.midi.devices import SUSTAIN, Action, Profile, action
from composer.live.midi.priority import hurry
from composer.live.session.accompanist import Accompanist
from composer.live.session.context import AnySequencer
from composer.live.session.controls import Controls
from composer.live.session.director import Director
from composer.live.session.state import SessionConfig, State
from composer.live.session.worker import AnyWorker, Worker

Clock = Callable[[], float]
SWITCH_SECONDS = 0.0001
IDLE_SECONDS = 0.05
THRU = (
    "note_on",
    "note_off",
    "control_change",
    "pitchwheel",
    "aftertouch",
    "polytouch",
)


class AnyKeyboard(Protocol):
    """A keyboard as a session sees it; `composer.live.midi.keyboard.Keyboard` is the real one."""

    @property
    def name(self) -> str:
        """Return the port's name."""

    @property
    def connected(self) -> bool:
        """Tell whether it is plugged in."""


class Session:
    """Listens and answers until it is closed; `with Session(...) as session`.

    model: that plays. sequencer: where it sounds; its `on_sent` becomes the session's. keyboard,
    profile: as in `attach`. clock: monotonic seconds, the sequencer's and the keyboard's too.
    takes: folder of the takes, None to keep none. thread: without it nothing happens but in `step`
    (tests). worker: that calls the model. open_model: from the name of another model to that model.
    """

    def __init__(
        self,
        config: SessionConfig,
        model: Player,
        sequencer: AnySequencer,
        keyboard: AnyKeyboard | None = None,
        clock: Clock = time.monotonic,
        takes: Path | None = None,
        *,
        profile: Profile | None = None,
        worker: AnyWorker | None = None,
        thread: bool = True,
        open_model: Callable[[str], Player] = load_model,
    ) -> None:
        self._clock = clock
        self._wake = threading.Event()
        self._notes: SimpleQueue[Callable[[float], None]] = SimpleQueue()
        worker = worker or Worker(self._wake.set, urgent=True)
        check_names(config.latents, model.family.latents)
        accompanist = Accompanist(model, config.seed, dict(config.latents))
        self._director = Director(
            config, accompanist, sequencer, worker, takes, self._wake.set, open_model
        )
        sequencer.on_sent = self._director.saver.played  # type: ignore[attr-defined]
        self._sequencer = sequencer
        self._controls = Controls(self._director, sequencer, self._clock, self._leave)
        # Key that is down -> semitones it was moved by.
        self._raised: dict[int, int] = {}
        self._control_numbers: frozenset[int] = frozenset()
        self._pads: frozenset[int] = frozenset()
        self._closed = False
        self._switch_interval = sys.getswitchinterval()
        self.attach(keyboard, profile)
        self._thread = (
            threading.Thread(target=self._run, name="composer-session", daemon=True)
            if thread
            else None
        )
        if self._thread is not None:
            # Threads that hold Python's lock give way after 5 ms unless told otherwise: too long
            # for who plays.
            sys.setswitchinterval(min(SWITCH_SECONDS, self._switch_interval))
            self._thread.start()

    def attach(
        self, keyboard: AnyKeyboard | None, profile: Profile | None = None
    ) -> None:
        """Connect the keyboard that is played, for its name on the screen, and what its controls
        do.

        Made with `Keyboard(name, api, clock, session.hear, session.thru, on_clock=session.on_clock,
        ...)`.
        """
        self._profile = profile
        named = (
            [c.split() for c, does in profile.controls.items() if does != SUSTAIN]
            if profile
            else []
        )
        self._control_numbers = frozenset(
            int(number) for kind, number in named if kind == "cc"
        )
        self._pads = frozenset(int(number) for kind, number in named if kind == "note")
        self._director.keyboard = keyboard
        self._director.profile = profile
        if profile is not None and profile.offset:
            self._leave(lambda _now: self._director.configure(offset=profile.offset))

    # What comes from the keyboard, in its threads.

    def hear(self, event: Event) -> None:
        """Follow a key, pedal, button, pad or knob; `seconds` are the clock's. A pad with a meaning
        is no note.
        """
        self._director.thru_seconds.append(self._clock() - event.seconds)
        does = action(self._profile, event) if self._profile is not None else None
        if does is not None and does.name != SUSTAIN:
            self._act(does)
        if event.kind == "control_change" or event.number not in self._pads:
            self._take(event)

    def thru(self, message: Any) -> None:
        """Sound a mido message at once, on the melody's channel, unless it has a meaning as a
        control.
        """
        is_control = (
            message.type == "control_change"
            and message.control in self._control_numbers
        )
        if not is_control and not (
            hasattr(message, "note") and message.note in self._pads
        ):
            self._sound(message)

    def on_clock(self, seconds: float, kind: str) -> None:
        """Follow a "clock", "start", "stop" or "continue" of MIDI."""
        self._leave(lambda now: self._director.clock(seconds, kind, now))

    def on_plug(self, plugged: bool) -> None:
        """Say that the keyboard was plugged in, or out; its keys were let go."""
        name = (
            self._director.keyboard.name
            if self._director.keyboard is not None
            else "the keyboard"
        )
        told = (
            f"{name} is back"
            if plugged
            else f"{name} is unplugged: the take is kept, plug it in again and go on"
        )
        self._leave(lambda _now: self._director.tell(told))

    def press(self, pitch: int, velocity: int = 80) -> None:
        """Press a key of the computer keyboard."""
        self._by_hand("note_on", pitch, velocity)

    def release(self, pitch: int) -> None:
        """Let go of a key of the computer keyboard."""
        self._by_hand("note_off", pitch, 0)

    # What a player asks for.

    def do(self, name: str, argument: Any = None) -> None:
        """Do the command of that name; see `composer.live.commands`.

        It returns at once. Raise ConfigError for a name or an argument that the table does not
        know; what cannot be done for another reason is said in the state's `message`.
        """
        self._controls.do(name, argument)

    def tell(self, message: str, mend: Mend | None = None) -> None:
        """Show one line to the player. mend: a way out of what it says."""
        self._director.tell(message, mend)

    def state(self) -> State:
        """Return what the screen draws."""
        return self._director.state(self._clock())

    def close(self) -> None:
        """End what goes on, keep the take, and stop; a second time does nothing."""
        if self._closed:
            return
        self._closed = True
        self._wake.set()
        if self._thread is not None:
            self._thread.join(10)
            sys.setswitchinterval(self._switch_interval)
        # What was asked for at the last moment.
        self._do_all(self._clock())
        self._do(self._director.finish, self._clock())
        self._director.close()

    def step(self) -> float:
        """Do what was asked for and what is due; seconds at which it is wanted again."""
        now = self._clock()
        self._do_all(now)
        self._do(self._director.step, now)
        return self._director.due(now)

    def __enter__(self) -> Session:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _act(self, asked: Action) -> None:
        """Do what a control of the keyboard asks for, in a thread that must not end."""
        try:
            self._controls.act(asked)
        except ComposerError as error:
            self._director.refuse(error)

    def _leave(self, note: Callable[[float], None]) -> None:
        self._notes.put(note)
        self._wake.set()

    def _do_all(self, now: float) -> None:
        """Do what was asked for so far."""
        try:
            while True:
                self._do(self._notes.get_nowait(), now)
        except Empty:
            pass

    def _do(self, note: Callable[[float], None], now: float) -> None:
        try:
            note(now)
        except ComposerError as error:
            self._director.refuse(error)
        except Exception as error:
            # On a stage it goes on, whatever it was.
            self._director.fail(error, now)

    def _run(self) -> None:
        hurry()
        while not self._closed:
            self._wake.clear()
            due = self.step()
            self._wake.wait(max(0.0, min(due - self._clock(), IDLE_SECONDS)))

    def _by_hand(self, kind: str, pitch: int, velocity: int) -> None:
        from mido import Message

        if not 0 <= pitch <= 127:
            return
        seconds = self._clock()
        self._sound(Message(kind, note=pitch, velocity=max(0, min(127, velocity))))
        self._take(Event(seconds, kind, pitch, velocity))

    def _sound(self, message: Any) -> None:
        """Thru: it comes before `_take`, so a key that goes down is moved by the octave of this
        moment.
        """
        config = self._director.config
        if message.type not in THRU:
            return
        changes: dict[str, Any] = {"channel": config.channels[0]}
        if hasattr(message, "note"):
            if message.type == "note_on" and message.velocity:
                self._raised[message.note] = self._controls.shift
            changes["note"] = message.note + self._raised.get(
                message.note, self._controls.shift
            )
        if config.thru and 0 <= changes.get("note", 0) <= 127:
            self._sequencer.now(message.copy(**changes))

    def _take(self, event: Event) -> None:
        """Leave what the keyboard said to the session's thread; a key that goes up is the one that
        went down.
        """
        if event.kind != "control_change":
            raised = self._raised
            down = event.is_press
            shift = (
                raised.setdefault(event.number, self._controls.shift)
                if down
                else raised.pop(event.number, self._controls.shift)
            )
            event = replace(event, number=max(0, min(127, event.number + shift)))
        self._leave(lambda now: self._director.hear(event, now))
