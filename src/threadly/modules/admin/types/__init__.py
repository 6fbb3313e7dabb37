"""Values that operators see, by subject."""
