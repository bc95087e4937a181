"""The ways to train, by name: `adversarial`, `likelihood` and `variational`.

A family names its recipe. A new one is a file here with a class on top of `recipe.Recipe`, and a
line in RECIPES.
"""

from __future__ import annotations

from importlib import import_module

from composer.errors import ConfigError
from composer.training.recipes.recipe import Recipe

RECIPES = {
    "adversarial": "composer.training.recipes.adversarial:Adversarial",
    "likelihood": "composer.training.recipes.likelihood:Likelihood",
    "variational": "composer.training.recipes.variational:Variational",
}


def find_recipe(name: str) -> type[Recipe]:
    """Return the recipe of that name. Raise ConfigError for a name that is not in RECIPES."""
    if name not in RECIPES:
        raise ConfigError(f"no recipe {name!r}; there are {', '.join(sorted(RECIPES))}")
    # By name, so that a new recipe is one more line in the table.
    module, attribute = RECIPES[name].split(":")
    found: type[Recipe] = getattr(import_module(module), attribute)
    return found
