"""Family `chorale`: a melody in, three voices below it out."""

from composer.generators.chorale.codec import FAMILY

__all__ = ["FAMILY"]
