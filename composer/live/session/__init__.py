"""A session: phrases and duets from the count-in to the end, each part in a file; `session.Session`
is the way in.
"""
