"""Pure decisions of moderation: no I/O."""
