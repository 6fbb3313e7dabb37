"""What messaging can do."""
