"""What the atlas can do with journeys."""
