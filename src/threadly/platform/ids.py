"""Identifiers: UUIDv7, so that ordering by id is ordering by time (RFC 9562, section 5.7)."""

from datetime import datetime
from uuid import UUID

from uuid_utils.compat import uuid7

from threadly.platform.errors import Refusal

__all__ = ["FIRST_ID", "LAST_ID", "UUID", "id_at", "id_of", "new_id", "parse_id"]

# Below and above every id that there can be.
FIRST_ID = UUID(int=0)
LAST_ID = UUID(int=(1 << 128) - 1)


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


def id_of(text: str, missing: type[Refusal]) -> UUID:
    """The identifier in a path; what cannot be one names nothing. Raises `missing`."""
    found = parse_id(text)
    if found is None:
        raise missing
    return found
