"""Evaluate a model beside its dataset: `measure` both, `compare` them, test its `responses`.

Pure functions for training, the command line and notebooks alike. `judge.judge` does it all for
the name of a model, a run or a folder, and `report.write` writes what comes out.
"""

from composer.evaluation.compare import TITLES, Compared, Evaluation, compare
from composer.evaluation.listen import RESPONSES, dataset_responses, responses
from composer.evaluation.measure import ALL, METRICS, Measured, measure

__all__ = [
    "ALL",
    "METRICS",
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
