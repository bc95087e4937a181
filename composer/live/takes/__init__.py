"""What stays of playing: takes on disk, written while one plays, played again, checked, given away."""
