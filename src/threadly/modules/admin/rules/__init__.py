"""Decisions without I/O, by subject."""
