"""Errors: one root, so that the edges can catch them all and show one line."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Mend:
    """Name a way out of an error, which each edge words for itself.

    The terminal says `--track 2`, the page says "choose another track".

    >>> Mend("track", 2).value
    2
    """

    way: str  # one of the names that `composer.cli.mends` words
    value: object = None  # what to suggest, if anything


@dataclass(frozen=True)
class Remark:
    """A line for the user that is no error, and the way to another result if there is one.

    >>> str(Remark("track 2 is taken as the melody", Mend("track")))
    'track 2 is taken as the melody'
    """

    text: str
    mend: Mend | None = None

    def __str__(self) -> str:
        return self.text


class ComposerError(Exception):
    """An error that the caller can mend; its text says what was expected and what came.

    mend: the way out, which the edges word; a plain name stands for `Mend(name)`.

    >>> error = ComposerError("the song has no track 3", mend="track")
    >>> str(error), error.mend
    ('the song has no track 3', Mend(way='track', value=None))
    """

    def __init__(self, text: str = "", *, mend: Mend | str | None = None) -> None:
        super().__init__(text)
        self.mend = Mend(mend) if isinstance(mend, str) else mend


class ShapeError(ComposerError, ValueError):
    """An array of the wrong shape or type."""


class ConfigError(ComposerError, ValueError):
    """A setting that is unknown or out of range."""


class MidiError(ComposerError, ValueError):
    """A file that is not readable MIDI, or a song that MIDI cannot hold."""


class MelodyError(ComposerError, ValueError):
    """A song in which no melody can be found."""


class ModelError(ComposerError):
    """A model that is missing, damaged or of an unknown family."""


class PortError(ComposerError):
    """A MIDI port or a MIDI system that is not there."""


class OutputError(ComposerError):
    """A file that cannot be written."""


class MissingPackageError(ComposerError, ImportError):
    """An optional package that is not installed; the text names the extra that brings it."""
