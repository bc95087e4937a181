"""List the bundled models: `composer models`."""

from __future__ import annotations

from composer.cli.shared import (
    ARRANGE,
    app,
    new_table,
    show,
)
from composer.errors import ModelError


@app.command(rich_help_panel=ARRANGE)
def models() -> None:
    """List the bundled models. Their model.json has all that was measured of them."""
    from composer import catalog, generators

    table = new_table("model", "family", "duets", "Bach distance", "about")
    for name in catalog.models():
        model = generators.load_model(name)
        distance = model.card.get("scores", {}).get("bach_distance")
        # Asked by capability: no name of a family is known here.
        duets = "yes" if "plays_ahead" in model.family.capabilities else "no"
        shown = f"{distance:.3f}" if distance is not None else "–"
        table.add_row(
            name, model.card["family"], duets, shown, model.card.get("about", "")
        )
    if not table.row_count:
        raise ModelError(
            "no models are bundled; composer train and composer export make one"
        )
    show(table)
