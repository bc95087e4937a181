"""What can go wrong: one root, so that the edges can catch it and print one line."""

from __future__ import annotations


class ComposerError(Exception):
    """Anything that the caller can mend; its text says what was expected, what came, and how to mend it."""


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
