"""Keyset pages: stable while rows are inserted, because a page starts after a key and not at a count."""

from collections.abc import Callable
from typing import Generic, TypeVar

import msgspec

from threadly.platform.ids import FIRST_ID, LAST_ID, UUID

__all__ = ["Keyset", "Page", "id_after", "id_before", "page_of"]

T = TypeVar("T")

# The key of a page's last row, as text, in the order of the list's sort columns.
Keyset = tuple[str, ...]


class Page(msgspec.Struct, Generic[T], frozen=True):
    """`after` is the key to ask the next page with, None when there is none."""

    items: list[T]
    after: Keyset | None
    total: int | None = None


def page_of(rows: list[T], *, limit: int, key: Callable[[T], Keyset]) -> Page[T]:
    """A page of at most `limit` items from `limit + 1` fetched rows: the one too many says there is more."""
    items = rows[:limit]
    return Page(items, key(items[-1]) if len(rows) > limit else None)


def id_before(after: Keyset | None) -> UUID:
    """The id that a list of the newest first goes on below."""
    return UUID(after[0]) if after else LAST_ID


def id_after(after: Keyset | None) -> UUID:
    """The id that a list of the oldest first goes on above."""
    return UUID(after[0]) if after else FIRST_ID
