"""The film of a training run: piano rolls of the watched melodies and growing curves, a frame for every snapshot."""

from composer.runs.film.film import VIDEO, Film, FilmConfig, Made, film, size_of

__all__ = ["VIDEO", "Film", "FilmConfig", "Made", "film", "size_of"]
