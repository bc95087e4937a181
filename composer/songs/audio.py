"""Songs to sound: a SoundFont (.sf2) played by midirenderer.

On machines for which midirenderer has no wheel, the `fluidsynth` command plays it.
"""

from __future__ import annotations

import io
import re
import shutil
import subprocess
import tempfile
import wave
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from composer import catalog
from composer.errors import ComposerError, ConfigError, MissingPackageError
from composer.files import atomic
from composer.songs.midi import to_bytes
from composer.songs.song import Song, Tempo

SAMPLE_RATE: Final = 48_000  # what midirenderer makes, and it makes no other
PEAK: Final = 10 ** (-1 / 20)  # -1 dBFS: room for what a player's filters add
SILENCE: Final = 10 ** (-60 / 20)  # of the peak; quieter than that at the end is cut
TAIL: Final = 4.0  # seconds that the last notes get at most to die away
MAX_MINUTES: Final = 30  # which takes 2 GB of memory
LOUDEST: Final = 32767  # of 16-bit samples
SHOWN_NAMES: Final = 8

Audio = NDArray[np.float32]


def render(song: Song, soundfont: str | Path | None = None) -> Audio:
    """Return the sound of a song: float32 [sample, 2], left and right, its peak at -1 dBFS.

    There are SAMPLE_RATE samples a second. Each track is played with its `program`, a drum track
    with the drum kit. The sound lasts until the song ends and its last notes have died away, TAIL
    seconds at most. soundfont: see `catalog.soundfont`.

    Raise ComposerError for a song without notes and for a SoundFont that is missing or damaged,
    MissingPackageError if neither midirenderer nor fluidsynth is installed.
    """
    seconds = song.seconds(song.end)
    if song.end <= 0:
        raise ComposerError("sound needs at least one note, the song has none")
    if seconds > 60 * MAX_MINUTES:
        raise ComposerError(
            f"sound is made of songs of {MAX_MINUTES} minutes at most, "
            f"this one has {seconds / 60:.0f}"
        )
    raw = _play(_with_tail(song), catalog.soundfont(soundfont))
    return _trim(_normalise(raw), seconds)


def write_wav(
    path: str | Path, song: Song, soundfont: str | Path | None = None
) -> None:
    """Write the sound of a song as a 16-bit stereo WAV file, whole or not at all.

    Raise what `render` raises, and OutputError for a place that cannot be written.
    """
    sound = render(song, soundfont)
    samples = np.round(sound * LOUDEST).astype("<i2")
    with atomic(path) as temporary, wave.open(str(temporary), "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(SAMPLE_RATE)
        file.writeframes(samples.tobytes())


# --- instruments -------------------------------------------------------------------------


def program(text: str) -> int:
    """Return the General MIDI program, 0 to 127, of its number, its name or a part of that.

    Raise ConfigError for a number out of range, and a name that fits none, or several and none
    exactly.

    >>> program("40"), program("violin"), program("church")
    (40, 40, 19)
    """
    text = text.strip()
    if re.fullmatch(r"[+-]?\d+", text):
        if not 0 <= int(text) <= 127:
            raise ConfigError(f"programs are 0 to 127, got {int(text)}")
        return int(text)
    from pretty_midi.constants import INSTRUMENT_MAP

    names = [name.casefold() for name in INSTRUMENT_MAP]
    found = _names_like(text.casefold(), names)
    if len(found) != 1:
        is_several = bool(text) and bool(found)
        shown = ", ".join(found[:SHOWN_NAMES])
        choice = (
            f"it may be {shown}"
            if is_several
            else "try flute, violin, cello, church organ"
        )
        raise ConfigError(
            f"no instrument is called just {text!r}; {choice}, or a number, 0 to 127"
        )
    return names.index(found[0])


def _names_like(wanted: str, names: Sequence[str]) -> list[str]:
    exact = [name for name in names if name == wanted]
    if exact or not wanted:
        return exact
    return [name for name in names if wanted in name]


# --- playing -----------------------------------------------------------------------------


def _with_tail(song: Song) -> Song:
    """Return a song with a last tempo mark after its end: the renderers stop at the last event.

    Its tempo is written out, as renderers take 120 for none.
    """
    inside = [tempo for tempo in song.tempos if 0 < tempo.onset < song.end]
    at_start = [tempo.qpm for tempo in song.tempos if tempo.onset <= 0]
    start = Tempo(0.0, at_start[-1] if at_start else song.qpm)
    tempos = [start, *inside]
    qpm = tempos[-1].qpm
    end = Tempo(song.end + TAIL * qpm / 60, qpm)
    return replace(song, tempos=(*tempos, end), time_signatures=(), key_signatures=())


def _play(song: Song, soundfont: Path) -> Audio:
    """Return the raw sound, float32 [sample, 2]."""
    font = _soundfont_bytes(soundfont)
    try:
        from midirenderer import render_wave_from
    except ImportError:
        return _samples(_fluidsynth(to_bytes(song), soundfont))
    try:
        return _samples(render_wave_from(font, to_bytes(song)))
    except BaseException as error:
        # On some damaged SoundFonts Rust panics: what comes is no Exception, and its class cannot
        # be imported.
        if isinstance(error, RuntimeError) or type(error).__name__ == "PanicException":
            raise ComposerError(
                f"cannot play with {soundfont}: {error}; choose another SoundFont"
            ) from error
        raise


def _soundfont_bytes(soundfont: Path) -> bytes:
    try:
        data = soundfont.read_bytes()
    except OSError as error:
        raise ComposerError(
            f"cannot read SoundFont {soundfont}: {error.strerror}"
        ) from error
    if data[:4] + data[8:12] != b"RIFFsfbk":
        raise ComposerError(
            f"{soundfont} is not a SoundFont; give the path of an .sf2 file"
        )
    return data


def _fluidsynth(midi: bytes, soundfont: Path) -> bytes:
    """Return WAV bytes made by the `fluidsynth` command."""
    command = shutil.which("fluidsynth")
    if command is None:
        raise MissingPackageError(
            "sound needs midirenderer (pip install midirenderer) or the fluidsynth command"
        )
    with tempfile.TemporaryDirectory() as folder:
        song = Path(folder, "song.mid")
        sound = Path(folder, "song.wav")
        song.write_bytes(midi)
        done = subprocess.run(
            [command, *_fluidsynth_arguments(song, sound, soundfont)],
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
        )
        if done.returncode or not sound.is_file():
            said = done.stderr.strip().splitlines()
            why = said[-1] if said else f"exit status {done.returncode}"
            raise ComposerError(f"fluidsynth cannot play with {soundfont}: {why}")
        return sound.read_bytes()


def _fluidsynth_arguments(song: Path, sound: Path, soundfont: Path) -> list[str]:
    options = ["-ni", "-q"]  # no MIDI input, no shell, few words
    rate = ["-r", str(SAMPLE_RATE)]
    kind = ["-O", "s16", "-T", "wav"]
    out = ["-F", str(sound)]
    return [*options, *rate, *kind, *out, str(soundfont), str(song)]


# --- samples -----------------------------------------------------------------------------


def _samples(data: bytes) -> Audio:
    """Return the samples of a 16-bit WAV file, -1 to 1."""
    with wave.open(io.BytesIO(data)) as file:
        data = file.readframes(file.getnframes())
        channels = file.getnchannels()
    by_channel = np.frombuffer(data, "<i2").reshape(-1, channels)
    return by_channel.astype(np.float32) / np.float32(LOUDEST + 1)


def _normalise(audio: Audio) -> Audio:
    highest = float(audio.max(initial=0.0))
    lowest = float(audio.min(initial=0.0))
    peak = max(highest, -lowest)
    # Silence stays what it is.
    if peak <= 0:
        return audio
    return audio * np.float32(PEAK / peak)


def _trim(audio: Audio, seconds: float) -> Audio:
    """Return the audio without the silence at its end, but not shorter than `seconds`.

    Silence is what the last sample is: fluidsynth leaves a small constant.
    """
    least = round(seconds * SAMPLE_RATE)
    apart = np.abs(audio[least:] - audio[-1:])
    loudest = apart.max(axis=1)
    heard = np.flatnonzero(loudest > SILENCE * PEAK)
    tail = int(heard[-1]) + 1 if len(heard) else 0
    return audio[: least + tail]
