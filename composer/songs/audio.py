"""Songs to sound: a SoundFont (.sf2) played by midirenderer, or by the `fluidsynth` command where that has no wheel."""

from __future__ import annotations

import io
import re
import shutil
import subprocess
import tempfile
import wave
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

Audio = NDArray[np.float32]


def render(song: Song, soundfont: str | Path | None = None) -> Audio:
    """The sound of `song`: float32 [sample, 2], left and right, at SAMPLE_RATE, its peak at -1 dBFS.

    Each track is played with its `program`, a drum track with the drum kit. The sound lasts until the song
    ends and its last notes have died away, TAIL seconds at most. `soundfont`: see `catalog.soundfont`.
    Raises ComposerError for a song without notes and for a SoundFont that is missing or damaged,
    MissingPackageError where neither midirenderer nor fluidsynth is installed.
    """
    if song.end <= 0:
        raise ComposerError("sound needs at least one note, the song has none")
    if song.seconds(song.end) > 60 * MAX_MINUTES:
        minutes = song.seconds(song.end) / 60
        raise ComposerError(
            f"sound is made of songs of {MAX_MINUTES} minutes at most, this one has {minutes:.0f}"
        )
    return _trim(
        _normalise(_play(_with_tail(song), catalog.soundfont(soundfont))), song.seconds(song.end)
    )


def write_wav(path: str | Path, song: Song, soundfont: str | Path | None = None) -> None:
    """Write the sound of `song` as a 16-bit stereo WAV file, whole or not at all.

    Raises what `render` raises, and OutputError.
    """
    samples = np.round(render(song, soundfont) * 32767).astype("<i2")
    with atomic(path) as temporary, wave.open(str(temporary), "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(SAMPLE_RATE)
        file.writeframes(samples.tobytes())


def program(text: str) -> int:
    """The General MIDI program, 0 to 127, of its number or of its name or a part of that: "40", "violin", "slow str".

    Raises ConfigError for a number out of range, and a name that fits none, or several and none exactly.
    """
    if re.fullmatch(r"[+-]?\d+", text.strip()):
        if not 0 <= int(text) <= 127:
            raise ConfigError(f"programs are 0 to 127, got {int(text)}")
        return int(text)
    from pretty_midi.constants import INSTRUMENT_MAP

    names = [name.casefold() for name in INSTRUMENT_MAP]
    wanted = text.strip().casefold()
    found = [name for name in names if name == wanted] or [
        name for name in names if wanted and wanted in name
    ]
    if len(found) != 1:
        choice = (
            f"it may be {', '.join(found[:8])}"
            if wanted and found
            else "try flute, violin, cello, church organ"
        )
        raise ConfigError(
            f"no instrument is called just {text.strip()!r}; {choice}, or a number, 0 to 127"
        )
    return names.index(found[0])


def _with_tail(song: Song) -> Song:
    """`song` with its tempo written out and a last tempo mark after the end: the renderers stop at the last event."""
    tempos = [t for t in song.tempos if 0 < t.onset < song.end]
    start = Tempo(0.0, next((t.qpm for t in reversed(song.tempos) if t.onset <= 0), song.qpm))
    last = (tempos or [start])[-1].qpm
    return replace(
        song,
        tempos=(start, *tempos, Tempo(song.end + TAIL * last / 60, last)),
        time_signatures=(),
        key_signatures=(),
    )


def _play(song: Song, soundfont: Path) -> Audio:
    """The raw sound, float32 [sample, 2]."""
    font = _soundfont_bytes(soundfont)
    try:
        from midirenderer import render_wave_from
    except ImportError:
        return _samples(_fluidsynth(to_bytes(song), soundfont))
    try:
        return _samples(render_wave_from(font, to_bytes(song)))
    except BaseException as error:
        # Where Rust panics, on some damaged SoundFonts, what comes is no Exception, and its class cannot be imported.
        if isinstance(error, RuntimeError) or type(error).__name__ == "PanicException":
            raise ComposerError(
                f"cannot play with {soundfont}: {error}; choose another SoundFont"
            ) from error
        raise


def _soundfont_bytes(soundfont: Path) -> bytes:
    try:
        data = soundfont.read_bytes()
    except OSError as error:
        raise ComposerError(f"cannot read SoundFont {soundfont}: {error.strerror}") from error
    if data[:4] + data[8:12] != b"RIFFsfbk":
        raise ComposerError(f"{soundfont} is not a SoundFont; give the path of an .sf2 file")
    return data


def _fluidsynth(midi: bytes, soundfont: Path) -> bytes:
    """WAV bytes made by the `fluidsynth` command."""
    command = shutil.which("fluidsynth")
    if command is None:
        raise MissingPackageError(
            "sound needs midirenderer (pip install midirenderer) or the fluidsynth command"
        )
    with tempfile.TemporaryDirectory() as folder:
        song, sound = Path(folder, "song.mid"), Path(folder, "song.wav")
        song.write_bytes(midi)
        arguments = [
            "-ni",
            "-q",
            "-r",
            str(SAMPLE_RATE),
            "-O",
            "s16",
            "-T",
            "wav",
            "-F",
            *map(str, (sound, soundfont, song)),
        ]
        done = subprocess.run(
            [command, *arguments], capture_output=True, text=True, errors="replace", check=False
        )
        if done.returncode or not sound.is_file():
            reason = (done.stderr.strip().splitlines() or [f"exit status {done.returncode}"])[-1]
            raise ComposerError(f"fluidsynth cannot play with {soundfont}: {reason}")
        return sound.read_bytes()


def _samples(data: bytes) -> Audio:
    with wave.open(io.BytesIO(data)) as file:
        frames = np.frombuffer(file.readframes(file.getnframes()), "<i2")
        return frames.reshape(-1, file.getnchannels()).astype(np.float32) / np.float32(32768)


def _normalise(audio: Audio) -> Audio:
    peak = max(float(audio.max(initial=0.0)), -float(audio.min(initial=0.0)))
    return audio * np.float32(PEAK / peak) if peak > 0 else audio


def _trim(audio: Audio, seconds: float) -> Audio:
    """`audio` without the silence at its end, but not shorter than `seconds`.

    Silence is what the last sample is: fluidsynth leaves a small constant.
    """
    least = round(seconds * SAMPLE_RATE)
    heard = np.flatnonzero(np.abs(audio[least:] - audio[-1:]).max(axis=1) > SILENCE * PEAK)
    return audio[: least + (int(heard[-1]) + 1 if len(heard) else 0)]
