"""Live play: a keyboard comes in, an accompaniment goes out, in time; takes stay.

Here lie the pure parts: `capture` and `quantise` (keys to a melody), `transport` (seconds to beats), `accompanist` and
`dynamics` (what is added, and how loud). `midi` is what touches ports, `archive` what is kept on disk, `playing` the
session that brings them together; `opening` opens all of it for `composer play`.
"""
