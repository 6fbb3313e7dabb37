"""The SQL of operators' things, by subject."""
