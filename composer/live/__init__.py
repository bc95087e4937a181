"""The live edge: ports, the recorder, and what goes on between them in time."""
