"""Settings and constants of family `band`, and where the cells of its tracks lie."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np

from composer.errors import ConfigError
from composer.generators.latents import Array
from composer.songs.grid import Bools, Ints

MARGIN = 6  # semitones that a transposition to C can add at either end

# What is told of a pulse, by its number in `places`; see `codec.place_inputs`.
IN_BAR = 0  # eight places; one of them is 1
LAST_OF_BAR = 8
BAR_OF_FOUR = 9  # four places
COMPOUND = 13
FIRST_PULSE = 14
LAST_PULSE = 15
TRANSPOSED = 16  # twelve places
BAR_LENGTH = 28  # eight places
PLACES = 36


@dataclass(frozen=True)
class BandConfig:
    """The tracks to play, sizes of the networks, and settings of their decisions.

    `windows.configure` finds the fields without a default, and some others, in the training songs.
    Raise ConfigError for values that do not fit together.
    """

    names: tuple[str, ...]
    """Names of the added tracks, in the order in which they are decided."""

    programs: tuple[int, ...]
    """Their General MIDI programs."""

    drums: tuple[bool, ...]
    """True for the tracks that are drums."""

    lows: tuple[int, ...]
    """The lowest MIDI pitch of each; not looked at for drums."""

    highs: tuple[int, ...]
    """The highest one, an octave or more above it."""

    drum_pitches: tuple[int, ...] = ()
    """MIDI pitches of all drum tracks."""

    chords: tuple[int, ...] = (0,)
    """Pitch-class sets after transposition to C, as numbers with bit c set for class c."""

    melody_low: int = 57
    melody_high: int = 81

    channels: int = 64
    """Width of the generator's layers."""

    encoder_blocks: int = 3
    """Residual blocks, of two layers over pulses each, that read the melody."""

    plan_blocks: int = 2
    """Those of each round that plans chords."""

    track_blocks: int = 1
    """Those of each track and round on the pulses."""

    fine_blocks: int = 1
    """Those of each track between pulses."""

    critic_channels: int = 64
    dropout: float = 0.1

    strides: tuple[int, ...] = (4, 2, 1)
    """Pulses between those decided at once, coarse to fine; each half the one before."""

    temperature: float = 0.9
    """What logits are divided by when playing; training sees the bare distribution."""

    min_p: float = 0.05
    """What is less likely than this times the likeliest is left out when playing."""

    groove_share: float = 0.6
    """Share of latent `groove` in the variance of each number that decides rhythm."""

    style_share: float = 0.05
    """Share of latent `style` in that of every number."""

    def __post_init__(self) -> None:
        self._check_counts()
        self._check_ranges()
        self._check_midi()
        self._check_sizes()

    def _check_counts(self) -> None:
        fields = ("names", "programs", "drums", "lows", "highs")
        counts = {name: len(getattr(self, name)) for name in fields}
        if len(set(counts.values())) > 1 or not self.names:
            raise ConfigError(
                f"names, programs, drums, lows and highs have one value a track, got {counts}"
            )

    def _check_ranges(self) -> None:
        spans = {"the melody": (self.melody_low, self.melody_high)}
        ranges = zip(
            self.names,
            self.drums,
            self.lows,
            self.highs,
            strict=True,
        )
        for name, is_drum, low, high in ranges:
            if not is_drum:
                spans[name] = (low, high)
        for name, (low, high) in spans.items():
            if not 0 <= low <= high - 11 <= 116:
                raise ConfigError(
                    f"{name} needs an octave of pitches in 0..127, got {low}..{high}"
                )

    def _check_midi(self) -> None:
        if any(self.drums) and not self.drum_pitches:
            raise ConfigError("a drum track needs drum_pitches")
        if not all(
            0 <= number <= 127 for number in (*self.programs, *self.drum_pitches)
        ):
            raise ConfigError("programs and drum_pitches lie in 0..127")
        if not self.chords or not all(0 <= chord < 4096 for chord in self.chords):
            raise ConfigError(
                "chords are pitch-class sets, numbers of 0..4095, at least one"
            )

    def _check_sizes(self) -> None:
        after = (*self.strides[1:], 0.5)
        if any(
            stride != 2 * half for stride, half in zip(self.strides, after, strict=True)
        ):
            raise ConfigError(
                f"strides halve down to 1, like [4, 2, 1], got {list(self.strides)}"
            )
        shares_fit = 0 <= self.dropout < 1 and 0 <= self.min_p < 1
        if not shares_fit or self.temperature <= 0:
            raise ConfigError("dropout and min_p lie in 0..1, temperature above 0")
        least = min(self.groove_share, self.style_share)
        if least < 0 or self.groove_share + self.style_share > 1:
            raise ConfigError(
                "groove_share and style_share are 0 or more, together at most 1"
            )
        if min(self.channels, self.critic_channels) < 1:
            raise ConfigError(
                f"channels lie above 0, got {self.channels} and {self.critic_channels}"
            )

    @cached_property
    def cells(self) -> Cells:
        """Cells of all tracks; counted once, as every decision needs them."""
        return Cells(self)

    @property
    def melody_pitches(self) -> int:
        """Number of pitches that the networks know a melody to have."""
        return self.melody_high - self.melody_low + 1 + 2 * MARGIN


class Cells:
    """The cells of all tracks side by side, [F]: a row of binary pianoroll has one a pitch, or a
    drum.

    counts: cells of each track. spans: slice of each track. pitch: int [F], after transposition to
    C (drums: their own). track: int [F]. drum: bool [F]. low, high: int [F], the track's range as
    it is heard.
    """

    def __init__(self, config: BandConfig) -> None:
        drums = np.array(sorted(set(config.drum_pitches)), np.int64)
        pitches = []
        # A margin, because after transposition to C a track can lie higher or lower by it.
        for is_drum, low, high in zip(
            config.drums, config.lows, config.highs, strict=True
        ):
            pitches.append(
                drums if is_drum else np.arange(low - MARGIN, high + MARGIN + 1)
            )
        self.counts = tuple(len(each) for each in pitches)
        edges = np.cumsum([0, *self.counts]).tolist()
        self.spans = tuple(slice(first, last) for first, last in pairwise(edges))
        self.pitch = np.concatenate(pitches)
        self.track = np.repeat(np.arange(len(pitches)), self.counts)
        self.drum = np.array(config.drums)[self.track]
        self.low = np.array(config.lows)[self.track]
        self.high = np.array(config.highs)[self.track]

    def __len__(self) -> int:
        return len(self.pitch)

    def allowed(self, shift: int, present: Bools | None = None) -> Array:
        """Return 1 where a cell may sound, float [F]: in its track's range, `shift` semitones away
        from C.

        present: bool [track], the tracks that play at all; by default every one.
        """
        heard = self.pitch - shift
        inside = self.drum | ((heard >= self.low) & (heard <= self.high))
        if present is not None:
            inside = inside & present[self.track]
        return inside.astype(np.float32)

    def classes(self) -> Bools:
        """Return the pitch class of each cell as bool [F, 12]; drums have none."""
        by_class = np.equal.outer(self.pitch % 12, np.arange(12))
        return np.asarray(by_class & ~self.drum[:, None])

    def table(self) -> Ints:
        """Return the cell of each pitch + MARGIN (in C) in each track: int [track, any], -1 if it
        has none.
        """
        found = np.full((len(self.counts), 128 + 2 * MARGIN), -1, np.int64)
        found[self.track, self.pitch + MARGIN] = np.arange(len(self))
        return found


def chord_masks(chords: Sequence[int]) -> Bools:
    """Return numbers with bit c set for pitch class c as bool [chord, 12].

    >>> np.flatnonzero(chord_masks([0b10010001])[0]).tolist()
    [0, 4, 7]
    """
    return np.asarray((np.array(chords)[:, None] >> np.arange(12)) % 2 == 1)
