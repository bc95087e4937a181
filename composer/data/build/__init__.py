"""Build the bundled datasets from their sources: `python -m composer.data.build.jsb`."""
