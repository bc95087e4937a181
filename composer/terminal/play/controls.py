"""What the commands do to a session; a mistake becomes a message, never an end of the music."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

from composer.errors import ComposerError
from composer.generators.latents import NAMES
from composer.live.session.state import FASTEST, MODES, SLOWEST
from composer.terminal.play.keys import Player

TEMPO_STEP: Final = 2.0  # qpm a key
KNOB_STEP: Final = 0.1
UNHEARD: Final = (
    "count-in",
    "listening",
    "calibrating",
)  # phases in which another seed is not heard
Say = Callable[[str, bool], None]
"""(What to tell the player, whether something went wrong.)"""


class Controls:
    """The commands of `keys.COMMANDS` that need no dialog, by their names; `chosen` is the knob that is turned."""

    def __init__(self, player: Player, say: Say) -> None:
        self.player, self.say = player, say
        self.chosen = NAMES[0]

    def attempt(self, act: Callable[[], object]) -> bool:
        """Do it; whether it went well. What a player can mend is said."""
        try:
            act()
        except (ComposerError, OSError) as error:
            self.say(str(error) or type(error).__name__, True)
            return False
        return True

    def start(self) -> None:
        """Begin where nothing goes on, else stop."""
        self.player.play() if self.player.state().phase == "idle" else self.player.stop()

    def mode(self) -> None:
        """The next mode."""
        now = self.player.state().mode
        self.player.set_mode(
            MODES[(MODES.index(now) + 1) % len(MODES)] if now in MODES else MODES[0]
        )

    def tap(self) -> None:
        """A tap of the tempo."""
        self.player.tap()

    def faster(self, by: float = TEMPO_STEP) -> None:
        """A little faster, on whole numbers."""
        self.player.set_tempo(
            min(max(float(round(self.player.state().qpm + by)), SLOWEST), FASTEST)
        )

    def slower(self) -> None:
        """A little slower."""
        self.faster(-TEMPO_STEP)

    def loop(self) -> None:
        """The loop on or off."""
        self.player.set_loop(not self.player.state().loop)

    def metronome(self) -> None:
        """The metronome on or off."""
        self.player.set_metronome(not self.player.state().metronome)

    def melody(self) -> None:
        """The answer with the melody, or without it."""
        on = not self.player.state().with_melody
        self.player.set_with_melody(on)
        self.say(f"the arrangement sounds {'with' if on else 'without'} your melody", False)

    def reroll(self) -> None:
        """Another arrangement; where nothing is arranged yet only the seed changes, so that is said."""
        state = self.player.state()
        self.player.reroll()
        waits = (
            state.phase in UNHEARD and state.mode != "duet"
        )  # whose next beat is another already
        if waits or (state.phase == "idle" and not state.takes):
            self.say(f"seed {state.seed + 1}: the next answer uses it", False)

    def keep(self) -> None:
        """Mark the take."""
        self.player.keep()

    def undo(self) -> None:
        """Drop the take."""
        self.player.undo()

    def panic(self) -> None:
        """All notes off."""
        self.player.panic()

    def calibrate(self) -> None:
        """Eight clicks to play along."""
        self.player.calibrate()

    def choose(self, number: int) -> None:
        """The knob of a number key, 1 to 4."""
        self.chosen = NAMES[number - 1]

    def turn_up(self, by: float = KNOB_STEP) -> None:
        """Turn the chosen knob; where the model has none of that name, say so."""
        state = self.player.state()
        if self.chosen not in state.knobs:
            self.say(
                f"{state.model or 'this model'} has no knob {self.chosen}; o chooses another model",
                True,
            )
            return
        value = round((state.knobs[self.chosen] or 0.0) + by, 6)
        self.player.set_knob(self.chosen, min(max(value, -1.0), 1.0))

    def turn_down(self) -> None:
        """Turn the chosen knob down."""
        self.turn_up(-KNOB_STEP)

    def let_go(self) -> None:
        """The chosen knob has no say any more."""
        self.player.set_knob(self.chosen, None)

    def save(self, path: str) -> None:
        """Write the last arrangement; no path, no file."""
        target = Path(path.strip()).expanduser()
        if path.strip() and self.attempt(lambda: self.player.save(target)):
            self.say(f"saving {target}", False)

    def model(self, name: str) -> None:
        """Another model."""
        self.player.set_model(name)
        self.say(f"model {name}", False)


def free_path(takes: int, folder: Path | None = None) -> str:
    """A name for a file that is not there yet: "take-3.mid", else "take-3-2.mid"."""
    folder = folder or Path()
    name, number = f"take-{max(takes, 1)}.mid", 1
    while (folder / name).exists():
        number += 1
        name = f"take-{max(takes, 1)}-{number}.mid"
    return name
