"""One piano roll: its layout, palette and text, and the surfaces it is drawn on."""
