"""A whole family in under 100 lines: it adds one voice, one pitch a beat. Nothing outside knows it."""

from tests.support.toy_family.codec import ToyFamily

FAMILY = ToyFamily()
