"""The latents of family `band`: what each of them feeds. They have seeds and no knobs."""

from __future__ import annotations

from math import sqrt

import numpy as np

from composer.generators.band.config import BandConfig
from composer.generators.latents import Array, Origin, draw, uniform
from composer.songs.grid import Ints, PulseGrid

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
    # The bars last: numbers for more of them come after all the others.
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
    latents: dict[str, Array],
    grid: PulseGrid,
    config: BandConfig,
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
    cell = (4 * grid.place[:, None] + np.arange(4)) % CELLS  # [pulse, 4]
    mixed = _mixed(latents, grid.bar, cell, config)
    first_inner = 2 * tracks
    first_again = first_inner + cells
    ends, inner, again = np.split(uniform(mixed), [first_inner, first_again], axis=-1)
    chord = _chord(latents, grid.bar, cell[:, 0], config)
    return {
        "chord": uniform(chord)[:, None],
        "ends": ends,
        "inner": inner,
        "again": again,
    }


def _mixed(
    latents: dict[str, Array],
    bar: Ints,
    cell: Ints,
    config: BandConfig,
) -> Array:
    """Return standard normal numbers of each step, [pulse, 4, W], W as in `sample_latents`.

    bar: int [pulse]. cell: int [pulse, 4].
    """
    tracks = len(config.names)
    cells = len(config.cells)
    kind = np.repeat([_ENDS, _INNER, _AGAIN], [2 * tracks, cells, tracks + cells])
    # Shares are of the variance, hence the square roots: the mix stays standard normal.
    groove_share = _groove_shares(config)
    own_share = 1 - groove_share - config.style_share
    own = np.sqrt(own_share) * latents["melody"][bar[:, None], cell]
    groove = np.sqrt(groove_share) * latents["groove"][cell]
    style = sqrt(config.style_share) * latents["style"][cell][:, :, kind]
    return np.asarray((own + groove + style).astype(np.float32))


def _chord(
    latents: dict[str, Array],
    bar: Ints,
    cell: Ints,
    config: BandConfig,
) -> Array:
    """Return a standard normal number for the chord of each pulse; bar, cell: int [pulse]."""
    own = sqrt(1 - config.style_share) * latents["chords"][bar, cell // 4]
    style = sqrt(config.style_share) * latents["style"][cell, _CHORD]
    return np.asarray(own + style)


def _groove_shares(config: BandConfig) -> Array:
    """Return how much of each number is the groove's: float [4, W]."""
    drums = np.array(config.drums)
    drum_cells = config.cells.drum
    struck_again = np.ones(len(drums) + len(drum_cells), bool)
    on_pulse = np.concatenate([np.tile(drums, 2), drum_cells, struck_again])
    between = np.ones_like(on_pulse)
    # What sounds between pulses is rhythm; on them only drums and striking again are.
    is_rhythm = np.stack([on_pulse, between, between, between])
    return np.float32(config.groove_share) * is_rhythm.astype(np.float32)
