"""Keys of the computer's keyboard: what each does, and the piano on the letters; no screen is known here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple, Protocol

if TYPE_CHECKING:
    from pathlib import Path

    from composer.live.session.state import State


class Player(Protocol):
    """What the stage asks of a session: methods that return at once, from any thread, and the state to draw."""

    def state(self) -> State: ...  # noqa: D102
    def play(self) -> None: ...  # noqa: D102
    def stop(self) -> None: ...  # noqa: D102
    def set_loop(self, on: bool) -> None: ...  # noqa: D102
    def reroll(self) -> None: ...  # noqa: D102
    def keep(self) -> None: ...  # noqa: D102
    def undo(self) -> None: ...  # noqa: D102
    def save(self, path: str | Path) -> object: ...  # noqa: D102
    def panic(self) -> None: ...  # noqa: D102
    def set_tempo(self, qpm: float) -> None: ...  # noqa: D102
    def tap(self) -> None: ...  # noqa: D102
    def set_model(self, name: str) -> None: ...  # noqa: D102
    def set_knob(self, name: str, value: float | None) -> None: ...  # noqa: D102
    def set_mode(self, name: str) -> None: ...  # noqa: D102
    def set_metronome(self, on: bool) -> None: ...  # noqa: D102
    def set_with_melody(self, on: bool) -> None: ...  # noqa: D102
    def press(self, pitch: int, velocity: int) -> None: ...  # noqa: D102
    def release(self, pitch: int) -> None: ...  # noqa: D102
    def calibrate(self) -> None: ...  # noqa: D102


class Command(NamedTuple):
    """What a key does.

    name: of the method that does it. keys: as Textual names them. shown: as players read them. label: in the footer,
    "" for those that are only in the help; the highest `rank` gives way first. help: a sentence. everywhere: also
    while the letters are a piano.
    """

    name: str
    keys: tuple[str, ...]
    shown: str
    label: str
    rank: int
    help: str
    everywhere: bool = False


COMMANDS: Final = (
    Command("start", ("space",), "space", "play/stop", 0, "count in and listen; again: stop", True),
    Command("mode", ("m",), "m", "mode", 3, "phrase, duet, call and response: the next one"),
    Command("tap", ("t",), "t", "tap", 6, "tap the tempo, two times or more"),
    Command("faster", ("up", "plus", "equals_sign"), "↑ +", "", 9, "a little faster", True),
    Command("slower", ("down", "minus"), "↓ -", "", 9, "a little slower", True),
    Command("loop", ("l",), "l", "loop", 5, "play the arrangement round and round"),
    Command(
        "reroll",
        ("r",),
        "r",
        "re-roll",
        4,
        "another arrangement of the same melody, from the next downbeat",
    ),
    Command("keep", ("k",), "k", "keep", 7, "mark this take as one to keep"),
    Command(
        "undo", ("u", "backspace"), "u", "undo", 1, "drop the last take, back to the one before"
    ),
    Command("save", ("s",), "s", "save", 2, "write the arrangement into a file"),
    Command("panic", ("p", "escape"), "esc", "panic", 10, "all notes off, now", True),
    Command(
        "calibrate", ("c",), "c", "", 12, "play along 8 clicks: how late your keys come is measured"
    ),
    Command("metronome", ("n",), "n", "", 11, "the metronome on or off"),
    Command(
        "melody",
        ("w",),
        "w",
        "",
        11,
        "whether the arrangement repeats your melody or leaves it to you",
    ),
    Command("models", ("o",), "o", "", 11, "choose another model"),
    Command("choose", ("1", "2", "3", "4"), "1-4", "", 9, "choose a knob"),
    Command("turn_up", ("right",), "→", "", 9, "turn the chosen knob up", True),
    Command("turn_down", ("left",), "←", "", 9, "turn the chosen knob down", True),
    Command("let_go", ("0",), "0", "", 9, "let the chosen knob go"),
    Command(
        "piano", ("tab",), "tab", "piano", 4, "the letters become a piano; again: commands", True
    ),
    Command("light", ("i",), "i", "", 13, "light or dark"),
    Command("help", ("question_mark", "f1"), "?", "help", 1, "this page", True),
    Command("quit", ("q", "ctrl+q", "ctrl+c"), "q", "quit", 0, "end; every take is on disk"),
)
BY_KEY: Final = {key: command for command in COMMANDS for key in command.keys}
ALWAYS: Final = {
    key for command in COMMANDS if command.everywhere for key in command.keys if len(key) > 1
} | {
    "ctrl+q",
    "ctrl+c",
}  # a key of one letter or figure is a note of the piano

# Two rows of a piano, from C: black keys lie between the white ones, as on the real thing.
LOWER: Final = (
    "z",
    "s",
    "x",
    "d",
    "c",
    "v",
    "g",
    "b",
    "h",
    "n",
    "j",
    "m",
    "comma",
    "l",
    "full_stop",
    "semicolon",
    "slash",
)
UPPER: Final = ("q", "2", "w", "3", "e", "r", "5", "t", "6", "y", "7", "u", "i", "9", "o", "0", "p")
STEPS: Final = {
    **{key: 12 + i for i, key in enumerate(UPPER)},
    **{key: i for i, key in enumerate(LOWER)},
}
MIDDLE_C: Final = 60
OCTAVES: Final = {"left_square_bracket": -12, "right_square_bracket": 12}
VELOCITY: Final = 84
REPEATS: Final = (
    0.07  # seconds; the same key again within them is the machine's repetition of one held down
)
PIANO_HINTS: Final = (
    (2, "z s x…", "low"),
    (2, "q 2 w…", "high"),
    (4, "[ ]", "octave"),
    (1, "space", "play/stop"),
    (5, "esc", "panic"),
    (3, "f1", "help"),
    (0, "tab", "leave piano"),
    (0, "ctrl+q", "quit"),
)  # (rank, keys, label) of the footer while the letters are notes


def command_for(key: str, piano: bool) -> Command | None:
    """What a key means, or None; with the `piano` on only what is not a letter or figure."""
    return BY_KEY.get(key) if not piano or key in ALWAYS else None


def piano_pitch(key: str, lowest: int) -> int | None:
    """The pitch of a key of the piano whose lowest C is `lowest`; None where it has none."""
    pitch = lowest + STEPS[key] if key in STEPS else -1
    return pitch if 0 <= pitch <= 127 else None


class Letters:
    """The piano on the letters. A terminal says when a key goes down, and never when it comes up.

    So a note lasts until the next one, or for `hold` seconds (None: until the next one). A key held down is repeated
    by the machine, which makes its note longer, not struck again.
    """

    def __init__(self, player: Player, hold: float | None = 0.6, lowest: int = MIDDLE_C) -> None:
        self.player, self.hold, self.lowest = player, hold, lowest
        self.pitch: int | None = None
        self._key, self._last, self._ends = "", float("-inf"), float("inf")

    def strike(self, key: str, seconds: float) -> bool:
        """A key, at a time of the clock; whether it is one of the piano's."""
        if key in OCTAVES:
            self.lowest = min(max(self.lowest + OCTAVES[key], 0), 96)
            return True
        pitch = piano_pitch(key, self.lowest)
        if pitch is None:
            return key in STEPS
        is_held = key == self._key and self.pitch == pitch and seconds - self._last < REPEATS
        self._key, self._last = key, seconds
        self._ends = float("inf") if self.hold is None else seconds + self.hold
        if not is_held:
            self.release()
            self.pitch = pitch
            self.player.press(pitch, VELOCITY)
        return True

    def tick(self, seconds: float) -> None:
        """End the note that has lasted."""
        if self.pitch is not None and seconds >= self._ends:
            self.release()

    def release(self) -> None:
        """End the note that sounds, if there is one."""
        if self.pitch is not None:
            pitch, self.pitch = self.pitch, None
            self.player.release(pitch)
