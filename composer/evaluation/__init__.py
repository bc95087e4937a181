"""What a model makes beside its dataset: `measure` both, `compare` them, and see its `responses` to melody and seed.

Pure functions for training, the command line and notebooks alike. `judging.judge` does it all for a name on the command
line, `files.write` writes what it gives.
"""

from composer.evaluation.compare import TITLES, Compared, Evaluation, compare
from composer.evaluation.listen import RESPONSES, dataset_responses, responses
from composer.evaluation.measure import ALL, MEASURES, Measured, measure

__all__ = [
    "ALL",
    "MEASURES",
    "RESPONSES",
    "TITLES",
    "Compared",
    "Evaluation",
    "Measured",
    "compare",
    "dataset_responses",
    "measure",
    "responses",
]
