"""MIDI in and out: ports, and what to do when a plug comes out; keyboards and their controls;
messages sent in time.
"""
