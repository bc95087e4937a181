"""Open what `composer play` needs: the model, the output, the keyboard, and the session that they
meet in.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from composer.errors import Mend, PortError
from composer.generators import Player, load_model
from composer.live.midi.devices import GENERIC, Profile, profile, profile_for
from composer.live.midi.echo import echoes
from composer.live.midi.keyboard import Keyboard
from composer.live.midi.outputs import Nowhere, Output, open_output_named
from composer.live.midi.ports import is_instrument, list_ports, plain
from composer.live.midi.sequencer import Sequencer
from composer.live.session.accompanist import Accompanist
from composer.live.session.director import ready_model
from composer.live.session.duet import check_partner
from composer.live.session.session import Session
from composer.live.session.state import SessionConfig
from composer.live.takes.saved import takes_folder
from composer.live.takes.writer import check_folder

# Between looks for a keyboard, while there is none.
LOOK_SECONDS = 0.5


@dataclass(frozen=True)
class PlayOptions:
    """Everything that `composer play` can be told."""

    session: SessionConfig = field(default_factory=SessionConfig)
    """How it listens and answers."""
    model: str = "jsb-chorales"
    """A name or folder."""
    port: str | None = None
    """The keyboard, or a part of its name; None for the one that is there or comes, else the
    computer's keyboard.
    """
    midi_api: str | None = None
    """As in `ports.list_ports`."""
    out: str | None = None
    """As in `outputs.open_output_named`."""
    audio: str | None = None
    """The audio driver of fluidsynth."""
    soundfont: Path | None = None
    takes: Path | None = None
    """The folder for takes; None for `takes.takes_folder()`."""
    device: str | None = None
    """The name or file of a profile; None for the one that fits the port."""
    plain: bool = False
    """Lines instead of a screen."""


@contextmanager
def open_session(
    options: PlayOptions, open_model: Callable[[str], Player] = load_model
) -> Iterator[Session]:
    """Open a session that listens and answers until the end of the block, and close all of it then.

    Raise PortError for a keyboard or an output that is named and not there, ModelError for the
    model, ConfigError for the profile. Without a name the keyboard may come later. open_model: from
    the name of a model to that model.
    """
    known = profile(options.device) if options.device else None
    model = ready_model(options.model, open_model)
    if options.session.mode == "duet":
        check_partner(Accompanist(model))
    folder = options.takes or takes_folder()
    check_folder(folder)
    # What is opened last is closed first: the session before the sequencer, and that before the
    # output.
    with ExitStack() as open_parts:
        output = open_output_named(
            options.out, options.midi_api, options.soundfont, options.audio
        )
        open_parts.callback(output.close)
        sequencer = Sequencer(output)
        open_parts.callback(sequencer.close)
        session = open_parts.enter_context(
            Session(
                options.session, model, sequencer, takes=folder, open_model=open_model
            )
        )
        finder = open_parts.enter_context(
            _KeyboardFinder(session, options, known, output)
        )
        text, mend = _welcome(output, finder, options.plain)
        session.tell(text, mend)
        yield session


def _welcome(
    output: Output, finder: _KeyboardFinder, plain: bool
) -> tuple[str, Mend | None]:
    """Return the first line that the player reads, and a way out of what it says."""
    letters = "" if plain else ", or Tab for the letters"
    mend = None
    if finder.keyboard is not None:
        keys = f"{finder.keyboard.name} is there{finder.others}"
        mend = Mend("port") if finder.others else None
    elif finder.missing:
        keys = f"no keyboard: {finder.missing}{letters}"
    else:
        keys = f"no keyboard yet: plug one in{letters}"
    if isinstance(output, Nowhere) and output.why:
        return (
            f"{keys}; no sound ({output.why}): takes are rendered to WAV",
            output.mend or mend,
        )
    return f"{keys}; space begins", mend


class _KeyboardFinder:
    """Connects a keyboard to a session: the one that is named, else the first that comes.

    A port that gives back what `output` is sent is no keyboard: it would play itself for ever. Nor
    is, if none is named, the instrument that sounds.
    """

    def __init__(
        self,
        session: Session,
        options: PlayOptions,
        known: Profile | None,
        output: Output,
    ) -> None:
        self._session = session
        self._options = options
        self._known = known
        self._output = output
        # Ports that give back what is sent.
        self._echoing: set[str] = set()
        self._left = threading.Event()
        self.keyboard: Keyboard | None = None
        # What to say of further keyboards.
        self.others = ""
        # Why there are no ports at all.
        self.missing = ""
        self._thread: threading.Thread | None = None

    def __enter__(self) -> _KeyboardFinder:
        if self._options.port is not None:
            self._connect_named(self._options.port)
        elif not self._look():
            self._thread = threading.Thread(
                target=self._wait, name="composer-keyboard", daemon=True
            )
            self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._left.set()
        if self._thread is not None:
            self._thread.join(5)
        if self.keyboard is not None:
            self.keyboard.close()

    def _connect_named(self, port: str) -> None:
        if echoes(port, self._options.midi_api, self._output):
            raise PortError(
                f"{port!r} gives back what is sent to {self._output.name}, and would play itself for ever: "
                "choose another keyboard or another output"
            )
        self._connect(port)

    def _wait(self) -> None:
        while not self._left.wait(LOOK_SECONDS) and not self._look():
            pass

    def _look(self) -> bool:
        """Connect a keyboard if one is there; of several one whose profile is known."""
        try:
            names = self._keyboards()
            if not names:
                return False
            self.others = f"; there is also {', '.join(names[1:])}" if names[1:] else ""
            self._connect(names[0])
        except PortError as error:
            # No MIDI system, or it went away between two looks.
            self.missing = str(error)
            return False
        mend = Mend("port") if self.others else None
        self._session.tell(f"{names[0]} is there{self.others}; space begins", mend)
        return True

    def _keyboards(self) -> list[str]:
        """Return the ports that may be keyboards, those with a profile first; the first one was
        tried for echoes.
        """
        api = self._options.midi_api
        names = [name for name in list_ports(api).inputs if self._may_be_keyboard(name)]
        names.sort(key=lambda name: profile_for(name).name == GENERIC)
        while names and echoes(names[0], api, self._output):
            self._echoing.add(names.pop(0))
        return names

    def _may_be_keyboard(self, name: str) -> bool:
        is_output = plain(name) == plain(self._output.name)
        return is_instrument(name) and not is_output and name not in self._echoing

    def _connect(self, name: str) -> None:
        session = self._session
        self.keyboard = keyboard = Keyboard(
            name,
            self._options.midi_api,
            on_event=session.hear,
            thru=session.thru,
            on_clock=session.on_clock,
            on_plug=session.on_plug,
        )
        session.attach(keyboard, self._known or profile_for(keyboard.name))
