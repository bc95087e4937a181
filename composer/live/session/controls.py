"""Carry out each command on a session: one method for each row of `composer.live.commands`.

Every method returns at once and may be called from any thread. It leaves a note for the session's
own thread, which does all in order; only what must be heard without delay is done here.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from composer.live import commands
from composer.live.commands import FASTEST, MODES, SLOWEST
from composer.live.midi.devices import Action
from composer.live.session.context import AnySequencer
from composer.live.session.director import Director

TEMPO_STEP = 2.0  # qpm of "faster" and "slower"
TURN_DIGITS = 6  # so that ten steps up and ten down are nothing
OCTAVE = 12
FARTHEST = 4 * OCTAVE  # semitones by which the keys are moved at most
CLICKS = 127  # of a knob without ends, which it says as one whole turn

Note = Callable[[float], None]
"""What the session's thread is to do; it is called with the clock's seconds."""


class Controls:
    """The methods that the rows of `commands.COMMANDS` name.

    leave: hands a note to the session's thread.
    """

    def __init__(
        self,
        director: Director,
        sequencer: AnySequencer,
        clock: Callable[[], float],
        leave: Callable[[Note], None],
    ) -> None:
        self._director = director
        self._sequencer = sequencer
        self._clock = clock
        self._leave = leave
        # Semitones by which the keys sound higher. The threads of the keyboard read it as they
        # sound a key.
        self.shift = 0

    def do(self, name: str, argument: Any = None) -> None:
        """Do what the row of that name says.

        Raise ConfigError for a name or an argument that it does not know.
        """
        command = commands.find(name)
        value = command.checked(argument)
        method = getattr(self, command.method)
        if command.argument is None:
            method()
        else:
            method(value)

    def act(self, asked: Action) -> None:
        """Do what a button, a pad or a knob of a MIDI keyboard asks for."""
        if commands.is_button(asked.name):
            command, argument = commands.parse(asked.name)
            self.do(command.name, argument)
        else:
            self._follow(asked)

    def _follow(self, asked: Action) -> None:
        """Do what a knob asks for; one without ends turns on from the value of now."""
        command, argument, knob = commands.setting(asked.name)
        assert argument.span is not None
        low, high = argument.span

        def turn(now: float) -> None:
            value = low + (high - low) * asked.value
            if asked.relative:
                before = self._director.value_of(command.name, knob)
                if before is None:
                    return
                value = before + argument.click * CLICKS * asked.value
            value = round(argument.clipped(value), argument.digits)
            # At once, not as a note of its own: the next click of the knob goes on from there.
            here = Controls(
                self._director, self._sequencer, self._clock, lambda do: do(now)
            )
            here.do(command.name, [knob, value] if knob else value)

        self._leave(turn)

    # Playing.

    def start(self) -> None:
        """Begin if nothing goes on, else stop."""
        self._leave(self._director.start_or_stop)

    def play(self) -> None:
        """Count in, then listen."""
        self._leave(self._director.play)

    def stop(self) -> None:
        """End the phrase, or what sounds."""
        self._leave(self._director.stop)

    def panic(self) -> None:
        """End every note at once, whatever else goes on."""
        self._sequencer.silence()
        self._leave(self._director.panic)

    def calibrate(self) -> None:
        """Click eight times to be played along with; keep how late the keys come."""
        self._leave(self._director.calibrate)

    def octave_up(self) -> None:
        """Move the keys an octave up."""
        self._move(OCTAVE)

    def octave_down(self) -> None:
        """Move the keys an octave down."""
        self._move(-OCTAVE)

    def _move(self, semitones: int) -> None:
        self.shift = max(-FARTHEST, min(FARTHEST, self.shift + semitones))
        octaves = self.shift // OCTAVE
        text = f"octave {octaves:+d}" if octaves else "octave as it is"
        self._leave(lambda _now: self._director.tell(text))

    # Settings.

    def mode(self, name: str | None) -> None:
        """Take another mode, or the next one; what goes on ends."""

        def take(now: float) -> None:
            following = MODES.index(self._director.config.mode) + 1
            self._director.set_mode(name or MODES[following % len(MODES)], now)

        self._leave(take)

    def bars(self, count: int) -> None:
        """Set the length of the next phrase; 0: until one stops."""
        self._leave(lambda _now: self._director.configure(bars=count or None))

    def loop(self, on: bool | None) -> None:
        """Let the answer go round, or not, or the other way than now."""
        self._switch("loop", on)

    def metronome(self, on: bool | None) -> None:
        """Let the metronome click after the count-in too, or not."""
        self._switch("metronome", on)

    def melody(self, on: bool | None) -> None:
        """Let the answer repeat the melody, or not."""
        self._switch("with_melody", on)

    def _switch(self, setting: str, on: bool | None) -> None:
        def switch(_now: float) -> None:
            before = getattr(self._director.config, setting)
            after = not before if on is None else on
            self._director.configure(**{setting: after})
            if setting == "with_melody":
                words = "with" if after else "without"
                self._director.tell(f"the arrangement sounds {words} your melody")

        self._leave(switch)

    # Time.

    def tempo(self, qpm: float) -> None:
        """Set the tempo from now on; the beat goes on unbroken."""
        self._leave(lambda now: self._director.set_tempo(qpm, now))

    def faster(self) -> None:
        """Go a little faster, on whole numbers."""
        self._hurry(TEMPO_STEP)

    def slower(self) -> None:
        """Go a little slower, on whole numbers."""
        self._hurry(-TEMPO_STEP)

    def _hurry(self, step: float) -> None:
        def change(now: float) -> None:
            qpm = float(round(self._director.config.qpm + step))
            self._director.set_tempo(min(max(qpm, SLOWEST), FASTEST), now)

        self._leave(change)

    def tap(self) -> None:
        """Take the tempo from taps."""
        # The time of the tap is this one: the session's thread may be a moment late.
        seconds = self._clock()
        self._leave(lambda now: self._director.tap(seconds, now))

    # The model and its arrangements.

    def model(self, name: str) -> None:
        """Load another model, bundled or a folder; what plays goes on until it is there."""
        self._leave(lambda _now: self._director.load(name))

    def knob(self, turned: tuple[str, float | None]) -> None:
        """Turn a knob of the model, -1 to 1; None lets it go."""
        name, value = turned
        self._leave(lambda _now: self._director.set_knob(name, value))

    def turn(self, turned: tuple[str, float | None]) -> None:
        """Turn a knob a step further, to its end at most.

        The session adds the step: who asks twice in a moment does not know yet where the first step
        led.
        """
        name, step = turned

        def further(_now: float) -> None:
            before = self._director.value_of("knob", name) or 0.0
            value = round(before + (step or 0.0), TURN_DIGITS)
            self._director.set_knob(name, max(-1.0, min(1.0, value)))

        self._leave(further)

    def volume(self, share: float) -> None:
        """Set the volume of all voices, 0 to 1."""
        self._leave(lambda _now: self._director.set_volume(share))

    def reroll(self) -> None:
        """Take the next seed: from the next round of a loop, else from the next downbeat."""
        self._leave(self._director.reroll)

    # Takes.

    def keep(self) -> None:
        """Mark the last take."""
        self._leave(lambda _now: self._director.keep())

    def undo(self) -> None:
        """Go back to the take before."""
        self._leave(self._director.undo)

    def save(self, path: str | None) -> None:
        """Write the last take into a file that is not there yet."""
        target = Path(path).expanduser() if path else None
        self._leave(lambda _now: self._director.save(target))
