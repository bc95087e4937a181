"""Word the ways out of an error for those who type commands."""

from __future__ import annotations

from composer.errors import ComposerError, Remark

# Below the command line nobody knows a flag: an error says which way out there is by a name, and
# here, in the terminal's own words, is what to type for it.
MENDS = {
    "begin": "begin it without --resume",
    "room": "make room, then --resume goes on",
    "melodies": "composer melodies lists those",
    "wav": "for that kind of file add --wav",
    "png": "for that kind of file add --png",
    "musicxml": "for that kind of file add --musicxml",
    "out": "choose another place with -o",
    "soundfont": "name one with --soundfont",
    "track": "--track chooses another",
    "takes": "choose a folder with --takes",
    "model": "--model chooses another",
    "family": "--family chooses another",
    "ladder": "leave out --ladder or --reference",
    "reference": "choose another --reference, or its tracks with --track",
    "roles": "--track chooses the tracks of a folder",
    "other-roles": "--track chooses others",
    "own-tracks": "leave out --track, which is for a folder",
    "unplayed": "change its --track, or leave it out",
    "role": (
        "write --track NAME=PATTERN, with PATTERN a program (40), a range of them (24-31), drums, "
        "or a part of the track's name; | separates alternatives"
    ),
    "same-role": "give one --track with both patterns, A|B, or two names",
    "one-role": "name with --track at least one part to write for it",
    "melody-first": "put another --track first",
    "port": "--port chooses",
    "audio": "name its driver with --audio, or give a MIDI port with --out",
    "resume": "--resume goes on with it, or choose another --out",
}


def worded(said: BaseException | Remark) -> str:
    """Return the text of an error or a remark and, if it knows a way out, how to type it."""
    text = str(said)
    mend = getattr(said, "mend", None)
    if not isinstance(said, ComposerError | Remark) or mend is None:
        return text
    value = "" if mend.value is None else f" {mend.value}"
    return f"{text}; {MENDS[mend.way]}{value}"
