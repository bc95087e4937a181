"""The latents of family `band`: what each of them feeds. They have seeds and no knobs."""

from __future__ import annotations

from math import sqrt

import numpy as np

from composer.generators.band.config import BandConfig
from composer.generators.latents import Array, Origin, draw, uniform
from composer.songs.grid import PulseGrid

NAMES = ("chords", "style", "melody", "groove")

CELLS = 32  # steps of a bar that a latent tells apart; later steps begin again
_PULSES = CELLS // 4

# The kinds of numbers that `style` tells apart.
_CHORD = 0
_ENDS = 1  # lowest and highest cell
_INNER = 2  # cells between
_AGAIN = 3  # striking again
_KINDS = 4


def sample_latents(seed: int, bars: int, config: BandConfig) -> dict[str, Array]:
    """Return standard normal latents; bar n draws the same numbers however many bars there are.

    chords [bar, CELLS / 4], style [CELLS, 4], melody [bar, CELLS, W], groove [CELLS, W]. W is the
    numbers of a step, in the order of `spread_latents`: two ends a track, the cells, then tracks
    and cells again.
    """
    width = 3 * len(config.names) + 2 * len(config.cells)
    rng = np.random.default_rng(seed)
    style = rng.standard_normal((CELLS, _KINDS), np.float32)
    groove = rng.standard_normal((CELLS, width), np.float32)
    per_bar = rng.standard_normal((bars, _PULSES + CELLS * width), np.float32)
    return {
        "chords": per_bar[:, :_PULSES],
        "style": style,
        "melody": per_bar[:, _PULSES:].reshape(bars, CELLS, width),
        "groove": groove,
    }


def draw_latents(origin: Origin, bars: int, config: BandConfig) -> dict[str, Array]:
    """Return the latents of `bars` bars as `origin` says. Raise ConfigError if a knob is turned."""

    def sample(seed: int) -> dict[str, Array]:
        return sample_latents(seed, bars, config)

    return draw(origin, sample, {})


def spread_latents(
    latents: dict[str, Array], grid: PulseGrid, config: BandConfig
) -> dict[str, Array]:
    """Return the number in 0..1 that each decision takes.

    chord [pulse, 1]: the chord of the pulse (chords). ends [pulse, 4, 2 T]: lowest and highest cell
    of each track; inner [pulse, 4, F]: the cells between; again [pulse, 4, T + F]: whether notes
    that go on are struck again, and which (melody; groove too where it is rhythm: between pulses,
    in striking again, in drums). A little style in all. Each is uniform, and independent of the
    others but for what the shared latents make alike from bar to bar.
    """
    tracks = len(config.names)
    cells = len(config.cells)
    cell = (4 * grid.place[:, None] + np.arange(4)) % CELLS
    kind = np.repeat([_ENDS, _INNER, _AGAIN], [2 * tracks, cells, tracks + cells])
    groove_share = _groove_shares(config)
    own_share = 1 - groove_share - config.style_share
    mixed = (
        np.sqrt(own_share) * latents["melody"][grid.bar[:, None], cell]
        + np.sqrt(groove_share) * latents["groove"][cell]
        + sqrt(config.style_share) * latents["style"][cell][:, :, kind]
    ).astype(np.float32)
    ends, inner, again = np.split(uniform(mixed), [2 * tracks, 2 * tracks + cells], axis=-1)
    pulse = cell[:, 0]
    chord = sqrt(1 - config.style_share) * latents["chords"][grid.bar, pulse // 4]
    chord = chord + sqrt(config.style_share) * latents["style"][pulse, _CHORD]
    return {"chord": uniform(chord)[:, None], "ends": ends, "inner": inner, "again": again}


def _groove_shares(config: BandConfig) -> Array:
    """Return how much of each number is the groove's: float [4, W]."""
    drums = np.array(config.drums)
    drum_cells = config.cells.drum
    struck_again = np.ones(len(drums) + len(drum_cells), bool)
    on_pulse = np.concatenate([np.tile(drums, 2), drum_cells, struck_again])
    between = np.ones_like(on_pulse)
    is_rhythm = np.stack([on_pulse, between, between, between])
    return np.float32(config.groove_share) * is_rhythm.astype(np.float32)
