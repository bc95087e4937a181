"""Families of generators behind one interface, and trained models, which play without
TensorFlow.
"""

from composer.catalog import CARD
from composer.generators.family import FAMILIES, Arrays, Family, Request, family
from composer.generators.player import (
    PLAYS,
    WEIGHTS,
    Model,
    Player,
    load_model,
)

__all__ = [
    "CARD",
    "FAMILIES",
    "PLAYS",
    "WEIGHTS",
    "Arrays",
    "Family",
    "Model",
    "Player",
    "Request",
    "family",
    "load_model",
]
