"""From keys in seconds to a melody in beats: pure functions, no ports, no clock."""
