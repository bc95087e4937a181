"""The files of a take, and its header: how it was made and how it ended.

take.json: the header. events.jsonl: [seconds, kind, number, value] of all that the keyboard said.
played.jsonl: [seconds, bytes in hex] of all that was sent out. Seconds count from the start of the
take; both files grow while one plays. melody.mid and arrangement.mid are written when the take
ends.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

from composer.config import from_dict
from composer.generators import PLAYS
from composer.live.melody.capture import RecordConfig
from composer.songs.song import DEFAULT_QPM

HEADER = "take.json"
EVENTS = "events.jsonl"
PLAYED = "played.jsonl"
MELODY = "melody.mid"
ARRANGEMENT = "arrangement.mid"
# Only of a session without a synthesiser.
SOUND = "arrangement.wav"
FILES = (HEADER, EVENTS, PLAYED, MELODY, ARRANGEMENT)
# What `ended` says of a take that the player dropped.
UNDONE = "undone"


@dataclass(frozen=True)
class Header:
    """How a take was made, and how it ended."""

    when: str
    """ISO 8601, with the offset from UTC."""
    mode: str = "phrase"
    """"phrase", "duet" or "call"."""
    model: str = ""
    model_hash: str = ""
    """SHA-256 of the model's `generator.tflite`, in hex."""
    model_folder: str = ""
    seed: int = 0
    """Of the arrangement."""
    latents: dict[str, Any] = field(default_factory=dict)
    """Of the arrangement, as `latents.to_json` writes them."""
    qpm: float = DEFAULT_QPM
    beats_per_bar: int = 4
    bars: int | None = None
    """Bars asked for; None until stopped."""
    count_in: int = 0
    record: dict[str, Any] = field(default_factory=dict)
    """The RecordConfig with which the keys became the melody, as JSON."""
    programs: tuple[int, ...] = ()
    """General MIDI programs of the melody and the voices."""
    device: str = ""
    offset: float = 0.0
    """Seconds by which keys come late."""
    ended: str = ""
    """Why it ended; "" while it goes on."""
    seconds: float = 0.0
    """Of the arrangement, else the melody."""
    length: int = 0
    """The same in bars."""
    kept: bool = False
    """Marked by the player."""
    title: str = ""

    @property
    def record_config(self) -> RecordConfig:
        """Return the settings with which the keys become a melody."""
        plain = {
            "qpm": self.qpm,
            "bars": self.bars,
            "beats_per_bar": self.beats_per_bar,
            "count_in": self.count_in,
        }
        return from_dict(RecordConfig, self.record or plain)


def now() -> str:
    """Return the `when` of a take that begins now."""
    return datetime.now().astimezone().isoformat(timespec="seconds")


def model_fields(folder: Path) -> dict[str, str]:
    """Return the fields of a header that name the model in `folder`."""
    return {
        "model": folder.name,
        "model_hash": model_hash(folder),
        "model_folder": str(folder.absolute()),
    }


def model_hash(folder: Path) -> str:
    """Return the SHA-256 of the network that plays, in hex. Raise OSError if it is not there."""
    path = folder / PLAYS
    about = path.stat()
    return _sha256(path, about.st_mtime_ns, about.st_size)


@lru_cache(maxsize=16)
def _sha256(path: Path, _changed: int, _size: int) -> str:
    # A take begins while one plays: the file is hashed once, and again only if it changed.
    return hashlib.sha256(path.read_bytes()).hexdigest()
