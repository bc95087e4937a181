"""Make a melody in beats of keys in seconds. Pure functions, no ports, no clock."""
