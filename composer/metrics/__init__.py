"""Metrics of music: pure functions on arrays, numpy only; README.md says where other evaluators
differ.

Two exchange types: pianorolls, bool [step, 128, track], and voices, int [step, voice] from the
melody down, -1 for a rest. What is undefined is NaN.

`rolls` measures pianorolls of any tracks, `counterpoint`, `harmony`, `rhythm` and `melody` measure
voices, `response` and `aspects` compare two outputs, `copying` looks for pasted music, `samples`
compares two sets of numbers. `features` puts the metrics of chorales into one table, and `ladder`
compares such tables with Bach's.
"""

from composer.metrics.aspects import MOVES, Grid, character, moved, song_grid
from composer.metrics.copying import copied_share, phrase_index
from composer.metrics.counterpoint import (
    RANGES,
    crossing,
    hidden_parallels,
    out_of_range,
    outer_motion,
    parallels,
    voice_metrics,
    wide_spacing,
)
from composer.metrics.features import GROUPS, FeatureTable, feature_table, features
from composer.metrics.grids import check_grids
from composer.metrics.harmony import (
    chorale_key,
    chorale_keys,
    chord_distance,
    chord_numbers,
    chord_share,
    in_key,
    melody_chord_distance,
    melody_dissonance,
    pitch_consonance,
    root_position,
)
from composer.metrics.ladder import Ladder, accuracy, diversity
from composer.metrics.response import (
    changed_cells,
    changed_sounding,
    chord_agreement,
    key_agreement,
)
from composer.metrics.rhythm import homorhythm, note_lengths, offbeat_changes
from composer.metrics.rolls import (
    drum_pattern_ratio,
    empty_bar_ratio,
    histogram_distance,
    in_scale_ratio,
    key_scale,
    own_scale,
    pitch_class_histogram,
    pitch_classes_per_bar,
    pitch_histogram,
    pitches_per_bar,
    polyphonic_ratio,
    qualified_note_ratio,
    tonal_distance,
)
from composer.metrics.samples import (
    quantile_distance,
    roc_auc,
    two_sample_auc,
    wasserstein,
)

__all__ = [
    "GROUPS",
    "MOVES",
    "RANGES",
    "FeatureTable",
    "Grid",
    "Ladder",
    "accuracy",
    "changed_cells",
    "changed_sounding",
    "character",
    "check_grids",
    "chorale_key",
    "chorale_keys",
    "chord_agreement",
    "chord_distance",
    "chord_numbers",
    "chord_share",
    "copied_share",
    "crossing",
    "diversity",
    "drum_pattern_ratio",
    "empty_bar_ratio",
    "feature_table",
    "features",
    "hidden_parallels",
    "histogram_distance",
    "homorhythm",
    "in_key",
    "in_scale_ratio",
    "key_agreement",
    "key_scale",
    "melody_chord_distance",
    "melody_dissonance",
    "moved",
    "note_lengths",
    "offbeat_changes",
    "out_of_range",
    "outer_motion",
    "own_scale",
    "parallels",
    "phrase_index",
    "pitch_class_histogram",
    "pitch_classes_per_bar",
    "pitch_consonance",
    "pitch_histogram",
    "pitches_per_bar",
    "polyphonic_ratio",
    "qualified_note_ratio",
    "quantile_distance",
    "roc_auc",
    "root_position",
    "song_grid",
    "tonal_distance",
    "two_sample_auc",
    "voice_metrics",
    "wasserstein",
    "wide_spacing",
]
