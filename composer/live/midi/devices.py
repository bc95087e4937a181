"""Keyboards by name: which of their buttons, knobs and wheels does what. One small JSON file a
keyboard.
"""

from __future__ import annotations

import json
import re
from collections.abc import Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from itertools import pairwise
from pathlib import Path

from composer.catalog import bundled_profiles, learned_folder, learned_profiles
from composer.config import from_dict, to_dict
from composer.errors import ConfigError
from composer.files import atomic
from composer.live import commands
from composer.live.commands import is_button, is_setting
from composer.live.melody.capture import SUSTAIN_PEDAL, Event

# Of a keyboard that no profile matches.
GENERIC = "generic"
SUSTAIN = "sustain"
# Of a model whose knobs have other names: the first, the second ... that it has.
KNOBS = tuple(f"knob {number}" for number in range(1, 5))
ABSOLUTE = "absolute"
RELATIVE = "relative"
_CONTROL = re.compile(r"(cc|note) (\d{1,3})")


@dataclass(frozen=True)
class Profile:
    """A keyboard and what its controls do.

    match: patterns of port names, in any case (* is anything). usb: vendor and product, for
    information. lowest, highest: its keys before any octave shift. controls: "cc 106" or "note 36"
    to a line of `composer.live.commands` ("undo", "mode duet"), for a knob without its number
    ("tempo", "knob groove", "knob 2"), or to "sustain". relative: those of the controls that are
    endless encoders and say how far they were turned, 1 and 127 a step right and left. offset:
    seconds by which its keys come late, from calibration. about: a line for people.
    """

    name: str
    match: tuple[str, ...] = ()
    usb: str = ""
    lowest: int = 0
    highest: int = 127
    controls: dict[str, str] = field(default_factory=dict)
    relative: tuple[str, ...] = ()
    offset: float = 0.0
    about: str = ""

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[a-z0-9][a-z0-9-]{0,63}", self.name):
            raise ConfigError(
                f"a device is named in small letters, digits and hyphens, got {self.name!r}"
            )
        if not 0 <= self.lowest <= self.highest <= 127:
            raise ConfigError(
                f"keys are 0 to 127, lowest first, got {self.lowest} to {self.highest}"
            )
        if not -0.5 <= self.offset <= 0.5:
            raise ConfigError(f"offset is -0.5 to 0.5 s, got {self.offset!r}")
        for control, action in self.controls.items():
            _check_control(control)
            _check_action(control, action)
        for control in self.relative:
            if not is_setting(self.controls.get(control, "")):
                raise ConfigError(
                    f"relative are controls of knobs, tempo or volume, got {control!r}"
                )


@dataclass(frozen=True, slots=True)
class Action:
    """A command that a control asks for.

    name: as in `Profile.controls`. value: of a button 1.0, of a pedal 0.0 or 1.0; of a knob 0..1,
    or where it is `relative` the part of its way by which it was turned, with sign.
    """

    name: str
    value: float
    relative: bool = False


def action(profile: Profile, event: Event) -> Action | None:
    """Return what `event` asks for; None for keys that are played, for buttons that come up and for
    the rest.
    """
    control = control_of(event)
    name = profile.controls.get(control)
    if name is None:
        return None
    pressed = event.value > 0 and event.kind != "note_off"
    if name == SUSTAIN:
        return Action(name, float(event.value >= 64 and pressed))
    if is_button(name):
        return Action(name, 1.0) if pressed else None
    if control not in profile.relative:
        return Action(name, event.value / 127)
    # Two's complement of seven bits.
    steps = event.value if event.value < 64 else event.value - 128
    return Action(name, steps / 127, relative=True) if steps else None


def control_of(event: Event) -> str:
    """Return a control as a profile calls it: "cc 106", "note 36"."""
    return f"{'cc' if event.kind == 'control_change' else 'note'} {event.number}"


def profiles() -> dict[str, Profile]:
    """Return all profiles by name: the bundled ones, and over them the learned ones that are not
    damaged.
    """
    bundled = {name: load_profile(path) for name, path in bundled_profiles().items()}
    learned = {name: _loaded(path) for name, path in learned_profiles().items()}
    return bundled | {
        name: found for name, found in learned.items() if found is not None
    }


def _loaded(path: Path) -> Profile | None:
    try:
        return load_profile(path)
    except ConfigError:
        return None


def profile(name: str) -> Profile:
    """Return the profile called `name`, or in that file. Raise ConfigError that names all, if there
    is none.
    """
    path = Path(name)
    learned = learned_folder() / f"{name}.json"
    if path.suffix == ".json":
        return load_profile(path)
    if learned.is_file():
        return load_profile(learned)
    found = profiles()
    if name not in found:
        raise ConfigError(
            f"no device {name!r}; there are {', '.join(found)}, and composer learn makes one"
        )
    return found[name]


def profile_for(port_name: str, known: Mapping[str, Profile] | None = None) -> Profile:
    """Return the profile whose pattern fits a port's name; a learned one comes first, the longest
    pattern next.

    known: by name, by default `profiles()`. Without a fit the generic one, which takes notes and
    the sustain pedal.
    """
    known = profiles() if known is None else known
    mine = learned_profiles()
    fits = [
        (name in mine, len(pattern), name)
        for name, one in known.items()
        for pattern in one.match
        if fnmatchcase(port_name.casefold(), pattern.casefold())
    ]
    return known[max(fits)[2]] if fits else known.get(GENERIC, Profile(GENERIC))


def load_profile(path: Path) -> Profile:
    """Return the profile in a JSON file. Raise ConfigError that names the file and what is wrong in
    it.
    """
    try:
        return from_dict(Profile, json.loads(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise ConfigError(f"cannot read device {path}: {error.strerror}") from error
    except ValueError as error:
        # ConfigError, JSON, UTF-8.
        raise ConfigError(f"device {path}: {error}") from error


def save_profile(made: Profile, folder: Path | None = None) -> Path:
    """Keep a learned profile for `profiles` to find, and return its path. Raise OutputError if that
    fails.
    """
    path = (folder or learned_folder()) / f"{made.name}.json"
    with atomic(path) as temporary:
        temporary.write_text(
            json.dumps(to_dict(made), indent=2, ensure_ascii=False) + "\n",
            encoding="utf-8",
        )
    return path


def profile_of(
    port_name: str, given: Profile | None = None, name: str | None = None
) -> Profile:
    """Return the profile to begin with to learn the keyboard at a port: `given`, else what fits,
    under a name.

    What fits keeps its own name, and so takes its place; the generic one is called after the port.
    """
    found = given or profile_for(port_name)
    called = name or (found.name if found.name != GENERIC else name_of(port_name))
    return replace(
        found,
        name=called,
        match=tuple(dict.fromkeys((pattern_of(port_name), *found.match))),
    )


def name_of(port_name: str) -> str:
    """Return a device's name from its port's: "MIDIPLUS AKM322:AKM322 MIDI 1 20:0" is
    "midiplus-akm322".
    """
    client = re.sub(r"\s+\d+:\d+$", "", port_name).partition(":")[0]
    return (
        re.sub(r"[^a-z0-9]+", "-", client.casefold()).strip("-")[:64].strip("-")
        or "keyboard"
    )


def pattern_of(port_name: str) -> str:
    """Return the pattern that fits the port again, whatever numbers ALSA gives it the next time."""
    plain = re.sub(r"\s+\d+:\d+$", "", port_name)
    return re.sub(r"([*?[])", r"[\1]", plain) + "*"


# MIDI learn

ENDS = LOWEST, HIGHEST = "lowest key", "highest key"
SKIP = "skip"
DONE = "done"
Answer = Event | str
"""What a player did when asked: moved a control (an Event), or said SKIP or DONE."""
# Values that differ, which only a knob sends.
TURNED = 3
# Messages of an endless encoder, which repeats small steps.
STEPS = 8
SMALL = frozenset((*range(1, 8), *range(121, 128)))


@dataclass(frozen=True, slots=True)
class Ask:
    """A control that the player is asked to move. remark: why again; "" the first time, and while a
    knob turns.
    """

    action: str
    remark: str = ""


Lesson = Generator[Ask, Answer, Profile]


def learned() -> tuple[str, ...]:
    """Return what MIDI learn asks for, in order: both ends of the keys, the knobs, then the
    commands.
    """
    names = (command.name for command in commands.COMMANDS if command.is_learned)
    return (*ENDS, *KNOBS, *names)


def explained(action: str) -> str:
    """Return what an action of `learned` does, for who is asked for it."""
    if action == LOWEST:
        return "play the leftmost key"
    if action == HIGHEST:
        return "play the rightmost key"
    if action in KNOBS:
        return f"turn the knob that is to be {action} of the model"
    return next((row.help for row in commands.COMMANDS if row.name == action), "")


def learn(began: Profile, actions: Iterable[str] | None = None) -> Lesson:
    """Learn a keyboard without a port: a generator that asks, is sent an Answer for each Ask, and
    returns the Profile.

    began: the profile that is bettered; what is learned anew loses its old place. actions: as in
    `Profile.controls`, LOWEST and HIGHEST, in order; None: `learned()`. A button is learned when it
    is pressed, a knob once it has said enough to tell it from a button and an endless encoder from
    one with an end. Keys are played: of notes only pads beyond the keys are learned.
    """
    made = began
    taken = dict[str, str]()
    for name in learned() if actions is None else actions:
        answer = yield from (_key_asked if name in ENDS else _control_asked)(
            made, name, taken
        )
        if isinstance(answer, Profile):
            made = answer
        elif answer == DONE:
            break
    return made


def _key_asked(
    made: Profile, name: str, _taken: dict[str, str]
) -> Generator[Ask, Answer, Profile | str]:
    """Return the profile with an end of its keys; or SKIP, or DONE."""
    while not isinstance(answer := (yield Ask(name)), str):
        if answer.is_press and name == LOWEST and answer.number <= made.highest:
            return replace(made, lowest=answer.number)
        if answer.is_press and name == HIGHEST and answer.number >= made.lowest:
            return replace(made, highest=answer.number)
    return answer


def _control_asked(
    made: Profile, name: str, taken: dict[str, str]
) -> Generator[Ask, Answer, Profile | str]:
    """Return the profile with a control that does `name`; or SKIP, or DONE. taken: what was learned
    so far; it grows.
    """
    heard: dict[str, list[int]] = {}
    remark = ""
    while not isinstance(answer := (yield Ask(name, remark)), str):
        control = control_of(answer)
        remark = ""
        if control in taken:
            # The one learned last may still be turning; of any other the player should know.
            remark = (
                ""
                if control == list(taken)[-1]
                else f"{control} is {taken[control]} already"
            )
        elif _is_control(made, answer):
            heard.setdefault(control, []).append(answer.value)
            way = _way(name, heard[control])
            if way:
                taken[control] = name
                return _with(made, name, control, way == RELATIVE)
    return answer


def _is_control(made: Profile, event: Event) -> bool:
    if event.kind == "control_change":
        return event.number != SUSTAIN_PEDAL
    return event.is_press and not made.lowest <= event.number <= made.highest


def _way(name: str, values: Sequence[int]) -> str:
    """Return ABSOLUTE or RELATIVE once one control's values are enough for the action; "" while
    they are not.
    """
    if not is_setting(name):
        return ABSOLUTE if values[-1] else ""
    has_turned = len(set(values)) >= TURNED
    is_small = SMALL.issuperset(values)
    if has_turned and not is_small:
        return ABSOLUTE
    if len(values) < STEPS:
        return ""
    # A knob with an end says nothing while it stands still; an encoder says the same step again.
    repeats = any(a == b for a, b in pairwise(values))
    if repeats and is_small:
        return RELATIVE
    return ABSOLUTE if has_turned else ""


def _with(made: Profile, name: str, control: str, relative: bool) -> Profile:
    """Return the profile with a control that does that, and nothing else that does."""
    controls = {c: a for c, a in made.controls.items() if c != control and a != name}
    endless = [c for c in made.relative if c in controls]
    controls[control] = name
    if relative:
        endless.append(control)
    return replace(made, controls=controls, relative=tuple(endless))


def _check_action(control: str, action: str) -> None:
    if action == SUSTAIN:
        if control != f"cc {SUSTAIN_PEDAL}":
            raise ConfigError(
                f"{SUSTAIN} is cc {SUSTAIN_PEDAL}, as MIDI has it, got {control!r}"
            )
        return
    if not is_button(action) and not is_setting(action):
        known = ", ".join((*(command.name for command in commands.COMMANDS), SUSTAIN))
        raise ConfigError(f"{control} does one of {known}, got {action!r}")


def _check_control(control: str) -> None:
    found = _CONTROL.fullmatch(control)
    if not found or int(found[2]) > 127:
        raise ConfigError(
            f'a control is "cc 0" to "cc 127" or "note 0" to "note 127", got {control!r}'
        )
