"""Identifiers: UUIDv7, so that ordering by id is ordering by time (RFC 9562, section 5.7)."""

from datetime import datetime
from uuid import UUID

from uuid_utils.compat import uuid7

__all__ = ["UUID", "id_at", "new_id", "parse_id"]


def new_id() -> UUID:
    """A new time-ordered identifier."""
    return uuid7()


def id_at(at: datetime, bits: int) -> UUID:
    """The identifier of that instant with these 74 bits where chance would be: for seeds that repeat."""
    milliseconds = int(at.timestamp() * 1000)
    return UUID(int=milliseconds << 80 | 0x7 << 76 | (bits >> 62) << 64 | 0b10 << 62 | bits & (1 << 62) - 1)


def parse_id(text: str) -> UUID | None:
    """The identifier that `text` spells in its canonical 36 characters, or None."""
    if len(text) != 36:
        return None
    try:
        return UUID(text)
    except ValueError:
        return None
