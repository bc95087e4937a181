"""Arrange: one melody, a folder of them, and the way from one arrangement to another."""
