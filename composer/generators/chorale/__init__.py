"""Family `chorale`: a melody in, three voices below it out."""
