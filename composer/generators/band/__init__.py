"""Family `band`: a melody in, any number of tracks out, chords and drums included."""

from composer.generators.band.codec import FAMILY

__all__ = ["FAMILY"]
