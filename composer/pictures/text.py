"""The words and numbers in a picture: names of pitches, drums and tracks, numbers, times."""

from __future__ import annotations

from math import isfinite, isnan
from typing import Final

from composer.songs.theory import pitch_class_name

# General MIDI's percussion, as far as it is in use.
DRUMS: Final = {
    35: "kick",
    36: "kick",
    37: "rim",
    38: "snare",
    39: "clap",
    40: "snare",
    41: "low tom",
    42: "hi-hat",
    43: "low tom",
    44: "pedal hat",
    45: "mid tom",
    46: "open hat",
    47: "mid tom",
    48: "high tom",
    49: "crash",
    50: "high tom",
    51: "ride",
    52: "china",
    53: "ride bell",
    54: "tambourine",
    55: "splash",
    56: "cowbell",
}
# From here on a number has an exponent: all its digits would fill a column.
LARGEST: Final = 1e6


def one_line(text: str, longest: int | None = None) -> str:
    """Return `text` on one line, without control characters, cut with "…" to `longest` characters.

    >>> one_line("Ode  to   Joy"), one_line("Ode to Joy", longest=5)
    ('Ode to Joy', 'Ode…')
    """
    printable = [sign if sign.isprintable() else " " for sign in text]
    text = " ".join("".join(printable).split())
    if longest is None or len(text) <= longest:
        return text
    return text[: longest - 1].rstrip() + "…"


def signs(name: str) -> str:
    """Return the name of a pitch, chord or key with real sharps and flats.

    >>> signs("Bbm7/F#")
    'B♭m7/F♯'
    """
    return name.replace("#", "♯").replace("b", "♭")


def pitch_name(pitch: int) -> str:
    """Return the name of a MIDI pitch with its octave.

    >>> pitch_name(60), pitch_name(66)
    ('C4', 'F♯4')
    """
    return f"{signs(pitch_class_name(pitch))}{pitch // 12 - 1}"


def drum_name(pitch: int) -> str:
    """Return the name of a drum of General MIDI, its number if it has none here."""
    return DRUMS.get(pitch, str(pitch))


def track_name(name: str, index: int) -> str:
    """Return the name of a track, or its number, counted from 1, if it has none."""
    return one_line(name) or f"Track {index + 1}"


def song_name(title: str, name: str) -> str:
    """Return the title of a watched melody, or its file's name in words.

    >>> song_name("", "ode-to-joy")
    'Ode to joy'
    """
    return one_line(title) or name.replace("-", " ").capitalize()


def metric_name(name: str) -> str:
    """Return the name of a metric or loss in words.

    >>> metric_name("own_key_ratio")
    'own key'
    """
    return name.replace("_", " ").removesuffix(" ratio")


def number(value: float, undefined: str = "–", minus: str = "−") -> str:
    """Return a number in four figures, six at most; `undefined` for NaN.

    >>> number(0.12345), number(-53.456), number(12345.6), number(2.5e7)
    ('0.123', '−53.46', '12,346', '2.5e+07')
    """
    if isnan(value):
        return undefined
    if not isfinite(value):
        return str(value).replace("-", minus)
    size = abs(value)
    if size >= LARGEST:
        return f"{value:.1e}".replace("-", minus)
    decimals = 3 if size < 10 else 2 if size < 100 else 1 if size < 1000 else 0
    # Adding zero takes the minus from -0.0.
    rounded = round(value, decimals) + 0.0
    return f"{rounded:,.{decimals}f}".replace("-", minus)


def clock(seconds: float) -> str:
    """Return minutes and seconds, with hours if there are any.

    >>> clock(7), clock(3723.4)
    ('0:07', '1:02:03')
    """
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours}:{minutes:02d}:{rest:02d}"
    return f"{minutes}:{rest:02d}"
