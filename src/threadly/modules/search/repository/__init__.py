"""All the SQL that touches the search's schema. What of the other modules can be found is in `sources.py`."""
