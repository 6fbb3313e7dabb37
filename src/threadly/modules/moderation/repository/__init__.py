"""All SQL that touches moderation's own schema."""
