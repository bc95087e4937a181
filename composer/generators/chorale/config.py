"""Settings and constants of family `chorale`."""

from __future__ import annotations

from dataclasses import dataclass

from composer.errors import ConfigError

PARTS = ("Soprano", "Alto", "Tenor", "Bass")
DECIDED = (3, 1, 2)  # the order in which the networks decide: bass, alto, tenor
REACH = (36, 81)  # pitches that the networks can hold in every key

MEMORY = 32  # pulses that are looked back on when playing ahead
# Pulses whose voices are told as they were played, when playing ahead; those before them are
# imagined in hindsight.
RECALL = 2

# What is told of a pulse, by its number in `place`.
DOWNBEAT = 0
METRE_KNOWN = 1
FIRST_PULSE = 2
LAST_PULSE = 3
TRANSPOSED = 4  # and 11 more: by how many semitones
HIDDEN = 16  # its melody is not known yet
PLACE = 17


@dataclass(frozen=True)
class ChoraleConfig:
    """Sizes of the networks, how they decide, and the voices.

    Raise ConfigError for values that do not fit together.
    """

    channels: int = 128
    """Width of the generator's layers."""

    encoder_blocks: int = 4
    """Residual blocks, of two layers over pulses each, that read the melody."""

    skeleton_blocks: int = 2
    """Those of each round that decides what sounds on the pulses."""

    fine_blocks: int = 2
    """Those that decide what moves between pulses."""

    critic_channels: int = 96
    dropout: float = 0.25

    mix: int = 96
    """Width of the layer that hears the voices decided before."""

    strides: tuple[int, ...] = (4, 2, 1)
    """Pulses between those decided at once, coarse to fine; each half the one before."""

    rethinks: int = 2
    """How often, when playing, every fourth pulse is decided again, each time others."""

    temperatures: tuple[float, ...] = (0.6, 0.75, 0.85)
    """What logits on the pulses are divided by in each round, when playing; training sees the bare
    distribution.
    """

    ahead_temperature: float = 0.7
    """The same in the last round, for pulses after which nothing is known yet, as when playing
    ahead.
    """

    strictness: float = 1.8
    """How much parallels are held back when playing; 1 is as learnt from Bach."""

    min_p: float = 0.08
    """What is less likely than this times the likeliest is left out when playing."""

    chords_share: tuple[float, ...] = (0.9, 0.15)
    """Share of latent `chords` in the numbers that decide the bass on the pulses, and the voices
    above it.
    """

    style_share: float = 0.04
    """Share of latent `style` in all numbers; what is left is `melody`'s on the pulses, `groove`'s
    between them.
    """

    groove_repeats: float = 0.7
    """What all bars share of the groove."""

    parts: tuple[str, ...] = PARTS
    """Names of the four voices, the melody first."""

    lowest: tuple[int, ...] = (57, 53, 48, 36)
    """Lowest pitch of each voice; those of the chorales."""

    highest: tuple[int, ...] = (81, 74, 69, 64)
    programs: tuple[int, ...] = ()
    """General MIDI programs of the added voices; without, the melody's."""

    def __post_init__(self) -> None:
        self._check_rounds()
        self._check_shares()
        self._check_voices()

    def _check_rounds(self) -> None:
        after = (*self.strides[1:], 0.5)
        if any(
            stride != 2 * half for stride, half in zip(self.strides, after, strict=True)
        ):
            raise ConfigError(
                f"strides halve down to 1, like [4, 2, 1], got {list(self.strides)}"
            )
        count = len(self.strides)
        coldest = min(*self.temperatures, self.ahead_temperature)
        if len(self.temperatures) != count or coldest <= 0:
            raise ConfigError(
                f"temperatures lie above 0, one for each of {count} strides"
            )
        shares_fit = 0 <= self.dropout < 1 and 0 <= self.min_p < 1
        if not shares_fit or min(self.rethinks, self.strictness) < 0:
            raise ConfigError(
                "dropout and min_p lie in 0..1, rethinks and strictness are 0 or more"
            )

    def _check_shares(self) -> None:
        shares = (*self.chords_share, self.groove_repeats)
        all_positive = min(*shares, self.style_share) >= 0
        add_up = max(shares) <= 1 - self.style_share
        if len(self.chords_share) != 2 or not all_positive or not add_up:
            raise ConfigError(
                "chords_share are two, of the bass and of the others; "
                "with style_share they reach 1 at most"
            )

    def _check_voices(self) -> None:
        counts = {len(self.parts), len(self.lowest), len(self.highest)}
        if counts != {4} or len(self.programs) not in (0, 3):
            raise ConfigError(
                "parts, lowest and highest are of four voices, programs of the three that are added"
            )
        for name, low, high in zip(self.parts, self.lowest, self.highest, strict=True):
            if not REACH[0] <= low <= high - 11 <= REACH[1] - 11:
                raise ConfigError(
                    f"the range of {name} is an octave or more within {REACH}, got {low}..{high}"
                )
