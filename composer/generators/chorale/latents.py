"""The latents of family `chorale`: what each of them feeds, and which way its knob goes."""

from __future__ import annotations

from math import sqrt
from typing import TYPE_CHECKING

import numpy as np

from composer.generators.latents import Array, uniform
from composer.songs.grid import PulseGrid

if TYPE_CHECKING:
    from composer.generators.chorale.codec import ChoraleConfig

CELLS = 16  # steps of a bar that a latent tells apart; later steps begin again
PULSES = CELLS // 4
TOGETHER = 0.85  # how alike a bar's melody latents are for all voices: they rise and fall together
TURNS = 8  # variations of the groove, of which bars take turns

# Of voices bass, alto, tenor. What a knob at its upper end does, measured (`composer knobs`):
_RHYTHM = np.where(
    np.arange(CELLS) % 4 == 0, -1.0, 1.0
)  # a low number strikes again, a high one moves on
DIRECTIONS = {
    "chords": np.array([-1.0, 0.0, 0.0]),  # wider and richer: a lower bass, some more sevenths
    "style": np.array([0.7] * PULSES + [1.0] * CELLS)[:, None],  # livelier and higher, a little
    "melody": np.ones(1),  # every voice higher in its range, the spacing closer
    "groove": _RHYTHM,  # denser: more notes between beats, more repeated notes struck again
}


def sample_latents(seed: int, bars: int) -> dict[str, Array]:
    """Standard normal latents, each from a stream of its own; bar n draws the same numbers however many there are.

    chords [bar, PULSES, 3]. style [PULSES + CELLS, 3]: for what is on pulses, and between. melody [bar, 3]: one number
    a voice. groove [1 + TURNS, 3, CELLS]: the pattern of all bars, then variations.
    """
    chords, style, melody, groove = (np.random.default_rng([seed, stream]) for stream in range(4))
    return {
        "chords": chords.standard_normal((bars, PULSES, 3), np.float32),
        "style": style.standard_normal((PULSES + CELLS, 3), np.float32),
        "melody": melody.standard_normal((bars, 3), np.float32),
        "groove": groove.standard_normal((1 + TURNS, 3, CELLS), np.float32),
    }


def spread_latents(
    latents: dict[str, Array], grid: PulseGrid, config: ChoraleConfig
) -> dict[str, Array]:
    """The latents as the number in 0..1 that each decision takes: on_pulse [pulse, 3], between [pulse, 4, 3].

    On the pulse: chords, pulse by pulse, and melody, which holds the voices high or low for a bar, mostly together.
    Between pulses: groove, the same pattern in every bar and variations of it. A little style in all. between[:, 0]
    decides whether a repeated pitch is struck again. Each number is uniform.
    """
    place = grid.place % PULSES
    cell = 4 * place[:, None] + np.arange(4)
    melody = latents["melody"]
    common = melody.sum(1, keepdims=True) / sqrt(3)
    melody = TOGETHER * common + sqrt(1.5 * (1 - TOGETHER**2)) * (
        melody - common / sqrt(3)
    )  # still standard normal
    chords = np.array(config.chords_share, np.float32)[[0, 1, 1]]
    style = sqrt(config.style_share)
    on_pulse = (
        np.sqrt(chords) * latents["chords"][grid.bar, place]
        + np.sqrt(1 - config.style_share - chords) * melody[grid.bar]
        + style * latents["style"][place]
    )
    pattern, variations = latents["groove"][0], latents["groove"][1:][grid.bar % TURNS]
    groove = (
        sqrt(config.groove_repeats) * pattern + sqrt(1 - config.groove_repeats) * variations
    )  # [pulse, 3, CELLS]
    own = np.take_along_axis(groove, cell[:, None], 2).transpose(0, 2, 1)
    between = sqrt(1 - config.style_share) * own + style * latents["style"][PULSES + cell]
    return {
        "on_pulse": uniform(on_pulse.astype(np.float32)),
        "between": uniform(between.astype(np.float32)),
    }
