"""Layers and losses that families share; none of them knows a family."""
