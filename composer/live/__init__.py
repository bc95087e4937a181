"""Live play: a keyboard comes in, an accompaniment goes out, in time; takes stay.

`commands` is the table of all that a player can ask. `melody` is pure: from keys in seconds to notes
in beats. `midi` touches ports, `takes` the disk; `session` brings them together, and `messages` and
`server` show it as JSON to the stage and to other clients.
"""
