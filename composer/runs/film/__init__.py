"""The film of a training run: piano rolls and growing curves, a frame for every snapshot."""

from composer.runs.film.film import MadeFilm, film
from composer.runs.film.growing import Film
from composer.runs.film.settings import FilmConfig, size_of
from composer.runs.run import FILM as VIDEO

__all__ = ["VIDEO", "Film", "FilmConfig", "MadeFilm", "film", "size_of"]
