"""What operators are refused, by subject."""
