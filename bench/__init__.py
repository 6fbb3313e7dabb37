"""`make bench`: measures speed and size on this machine and writes RESULTS.md. See `__main__.py`."""
