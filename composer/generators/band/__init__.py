"""Family `band`: a melody in, any number of tracks out, chords and drums included."""
