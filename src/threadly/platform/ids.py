"""Identifiers: UUIDv7, so that ordering by id is ordering by time (RFC 9562, section 5.7)."""

from uuid import UUID

from uuid_utils.compat import uuid7

__all__ = ["UUID", "new_id", "parse_id"]


def new_id() -> UUID:
    """A new time-ordered identifier."""
    return uuid7()


def parse_id(text: str) -> UUID | None:
    """The identifier that `text` spells in its canonical 36 characters, or None."""
    if len(text) != 36:
        return None
    try:
        return UUID(text)
    except ValueError:
        return None
