"""The latents of family `chorale`: what each of them feeds, and which way its knob goes."""

from __future__ import annotations

from math import sqrt

import numpy as np

from composer.generators.chorale.config import ChoraleConfig
from composer.generators.latents import Array, Origin, draw, uniform
from composer.songs.grid import PulseGrid

NAMES = ("chords", "style", "melody", "groove")

CELLS = 16  # steps of a bar that a latent tells apart; later steps begin again
PULSES = CELLS // 4
TOGETHER = 0.85  # how alike a bar's melody latents are for all voices: they rise and fall together
TURNS = 8  # variations of the groove; bars take them in turn

# Of each cell of the groove: a low number strikes a pitch again, a high one moves on. So a knob
# that is to make more notes pushes the first step of each pulse down and the others up.
_RHYTHM = np.where(np.arange(CELLS) % 4 == 0, -1.0, 1.0)

DIRECTIONS = {
    "chords": np.array([-1.0, 0.0, 0.0]),  # of bass, alto, tenor
    "style": np.array([0.7] * PULSES + [1.0] * CELLS)[:, None],
    "melody": np.ones(1),
    "groove": _RHYTHM,
}
"""How far each knob pushes its latent."""

# As measured over many melodies (`composer.evaluation.knobs`).
KNOB_HELP = {
    "chords": "close and plain to wide and richer, with a lower bass",
    "style": "calmer and lower to livelier and higher, a little",
    "melody": "voices low in their ranges to high and close together",
    "groove": "few notes to many, between the beats and struck again",
}


def sample_latents(seed: int, bars: int) -> dict[str, Array]:
    """Return standard normal latents, each from a random stream of its own.

    Bar n draws the same numbers however many bars there are.

    chords [bar, PULSES, 3]. style [PULSES + CELLS, 3]: for what is on pulses, and between. melody
    [bar, 3]: one number a voice. groove [1 + TURNS, 3, CELLS]: the pattern of all bars, then
    variations.
    """
    shapes = {
        "chords": (bars, PULSES, 3),
        "style": (PULSES + CELLS, 3),
        "melody": (bars, 3),
        "groove": (1 + TURNS, 3, CELLS),
    }
    drawn = {}
    for stream, (name, shape) in enumerate(shapes.items()):
        # A stream for each: a latent draws the same whatever the size of the others.
        rng = np.random.default_rng([seed, stream])
        drawn[name] = rng.standard_normal(shape, np.float32)
    return drawn


def draw_latents(origin: Origin, bars: int) -> dict[str, Array]:
    """Return the latents of `bars` bars as `origin` says. Raise ConfigError for a knob that is not
    there.
    """

    def sample(seed: int) -> dict[str, Array]:
        return sample_latents(seed, bars)

    return draw(origin, sample, DIRECTIONS)


def spread_latents(
    latents: dict[str, Array],
    grid: PulseGrid,
    config: ChoraleConfig,
) -> dict[str, Array]:
    """Return the number in 0..1 that each decision takes: on_pulse [pulse, 3], between [pulse, 4,
    3].

    On the pulse: chords, pulse by pulse, and melody, which holds the voices high or low for a bar,
    mostly together. Between pulses: groove, the same pattern in every bar and variations of it. A
    little style in all. between[:, 0] decides whether a repeated pitch is struck again. Each number
    is uniform.
    """
    return {
        "on_pulse": uniform(_on_pulse(latents, grid, config).astype(np.float32)),
        "between": uniform(_between(latents, grid, config).astype(np.float32)),
    }


def _on_pulse(
    latents: dict[str, Array],
    grid: PulseGrid,
    config: ChoraleConfig,
) -> Array:
    """Return a standard normal number for each pulse and voice: [pulse, 3]."""
    place = grid.place % PULSES
    of_bass, of_others = config.chords_share
    # Shares are of the variance, hence the square roots: the mix stays standard normal.
    chords_share = np.array([of_bass, of_others, of_others], np.float32)
    melody_share = 1 - config.style_share - chords_share
    chords = np.sqrt(chords_share) * latents["chords"][grid.bar, place]
    melody = np.sqrt(melody_share) * _together(latents["melody"])[grid.bar]
    style = sqrt(config.style_share) * latents["style"][place]
    return np.asarray(chords + melody + style)


def _together(melody: Array) -> Array:
    """Return melody latents [bar, 3], still standard normal, that are alike in a bar's voices."""
    common = melody.sum(1, keepdims=True) / sqrt(3)
    # What is left of each voice has a variance of 2/3, hence the 1.5 below.
    own = melody - common / sqrt(3)
    mixed = TOGETHER * common + sqrt(1.5 * (1 - TOGETHER**2)) * own
    return np.asarray(mixed)


def _between(
    latents: dict[str, Array],
    grid: PulseGrid,
    config: ChoraleConfig,
) -> Array:
    """Return a standard normal number for each step and voice: [pulse, 4, 3]."""
    first_cell = 4 * (grid.place % PULSES)
    cell = first_cell[:, None] + np.arange(4)  # [pulse, 4]
    pattern = latents["groove"][0]
    variations = latents["groove"][1:][grid.bar % TURNS]
    repeats = config.groove_repeats
    groove = (
        sqrt(repeats) * pattern + sqrt(1 - repeats) * variations
    )  # [pulse, 3, CELLS]
    own = np.take_along_axis(groove, cell[:, None], 2).transpose(0, 2, 1)
    style = latents["style"][PULSES + cell]
    own_share = sqrt(1 - config.style_share)
    mixed = own_share * own + sqrt(config.style_share) * style
    return np.asarray(mixed)
