"""What `composer play` opens: the model, where it sounds, the keyboard, and the session that they meet in."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from composer.errors import PortError
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

LOOK_SECONDS = 0.5  # between looks for a keyboard, where there is none yet


@dataclass(frozen=True)
class PlayOptions:
    """Everything that `composer play` can be told.

    session: how it listens and answers. model: a name or folder. port: of the keyboard, or a part of its name (None:
    the one that is there, or comes; else the computer's keyboard). midi_api: as in `ports.list_ports`. out: as in
    `outputs.open_output_named`; audio: fluidsynth's driver; soundfont: what it plays. takes: the folder for them
    (None: `takes.takes_folder()`). device: a profile's name or file (None: the one that fits the port). plain: lines
    instead of a screen.
    """

    session: SessionConfig = field(default_factory=SessionConfig)
    model: str = "jsb-chorales"
    port: str | None = None
    midi_api: str | None = None
    out: str | None = None
    audio: str | None = None
    soundfont: Path | None = None
    takes: Path | None = None
    device: str | None = None
    plain: bool = False


@contextmanager
def open_session(
    options: PlayOptions, open_model: Callable[[str], Player] = load_model
) -> Iterator[Session]:
    """A session that listens and answers until the end of the block; all is closed then.

    Raises PortError for a keyboard or an output that is named and not there, ModelError for the model, ConfigError for
    the profile. Without a name the keyboard may come later.
    open_model: from the name of a model to that model.
    """
    known = profile(options.device) if options.device else None
    model = ready_model(options.model, open_model)
    if options.session.mode == "duet":
        check_partner(Accompanist(model))
    folder = options.takes or takes_folder()
    check_folder(folder)
    with ExitStack() as open_parts:
        output = open_output_named(options.out, options.midi_api, options.soundfont, options.audio)
        open_parts.callback(output.close)
        sequencer = Sequencer(output)
        open_parts.callback(sequencer.close)
        session = open_parts.enter_context(
            Session(options.session, model, sequencer, takes=folder, open_model=open_model)
        )
        finder = open_parts.enter_context(_KeyboardFinder(session, options, known, output))
        session.tell(
            _welcome(output.why if isinstance(output, Nowhere) else "", finder, options.plain)
        )
        yield session


def _welcome(silent: str, finder: _KeyboardFinder, plain: bool) -> str:
    """The first line that the player reads."""
    letters = "" if plain else ", or Tab for the letters"
    none = (
        f"no keyboard: {finder.missing}{letters}"
        if finder.missing
        else f"no keyboard yet: plug one in{letters}"
    )
    keys = f"{finder.keyboard.name} is there{finder.others}" if finder.keyboard else none
    return (
        f"{keys}; no sound ({silent}): takes are rendered to WAV"
        if silent
        else f"{keys}; space begins"
    )


class _KeyboardFinder:
    """The keyboard's place in a session: for the one that is named, else the first that comes.

    No keyboard is what gives back what `output` is sent: it would play itself for ever. Nor is,
    where none is named, the instrument that sounds.
    """

    def __init__(
        self, session: Session, options: PlayOptions, known: Profile | None, output: Output
    ) -> None:
        self._session, self._options, self._known = session, options, known
        self._output = output
        self._echoing: set[str] = set()  # ports that were tried
        self._left = threading.Event()
        self.keyboard: Keyboard | None = None
        self.others = ""  # what to say of further keyboards
        self.missing = ""  # why there are no ports at all
        self._thread: threading.Thread | None = None

    def __enter__(self) -> _KeyboardFinder:
        if self._options.port is not None:
            if echoes(self._options.port, self._options.midi_api, self._output):
                raise PortError(
                    f"{self._options.port!r} gives back what is sent to {self._output.name}, and would "
                    "play itself for ever: choose another keyboard or another output"
                )
            self._take(self._options.port)
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

    def _wait(self) -> None:
        while not self._left.wait(LOOK_SECONDS) and not self._look():
            pass

    def _look(self) -> bool:
        """Take a keyboard if one is there; of several one whose profile is known."""
        try:
            api = self._options.midi_api
            names = [n for n in list_ports(api).inputs if self._may_be_keyboard(n)]
            names.sort(key=lambda name: profile_for(name).name == GENERIC)
            while names and echoes(names[0], api, self._output):
                self._echoing.add(names.pop(0))
            if names:
                self.others = (
                    f"; there is also {', '.join(names[1:])}: --port chooses" if names[1:] else ""
                )
                self._take(names[0])
                self._session.tell(f"{names[0]} is there{self.others}; space begins")
                return True
        except PortError as error:  # no MIDI system, or it went away between two looks
            self.missing = str(error)
        return False

    def _may_be_keyboard(self, name: str) -> bool:
        is_output = plain(name) == plain(self._output.name)
        return is_instrument(name) and not is_output and name not in self._echoing

    def _take(self, name: str) -> None:
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
