"""Takes on disk: written while one plays, read, played again, checked, exported."""
