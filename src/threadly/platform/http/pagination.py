"""Cursors of keyset pagination: opaque, typed, signed and bound to their list."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from hmac import compare_digest
from typing import Annotated, TypeAlias, TypeVar

import msgspec
from litestar.params import QueryParameter

from threadly.platform.http.refusals import InvalidCursor
from threadly.platform.keys import derive_key, sign

__all__ = [
    "DEFAULT_LIMIT",
    "SORT_PARAMETER",
    "CountParameter",
    "CursorParameter",
    "Cursors",
    "LimitParameter",
]

T = TypeVar("T")

MAX_CURSOR_LENGTH = 512
_MAC_LENGTH = 12

DEFAULT_LIMIT = 20
# Annotations of handler parameters: `limit: LimitParameter = 20, cursor: CursorParameter = None`.
LimitParameter: TypeAlias = Annotated[
    int, QueryParameter(ge=1, le=100, description="How many entries a page has.")
]
CursorParameter: TypeAlias = Annotated[
    str | None,
    QueryParameter(
        max_length=MAX_CURSOR_LENGTH,
        description="`next_cursor` of the page before; leave it out for the first page.",
    ),
]
# For the choices of one list: `sort: Annotated[ProductSort | None, SORT_PARAMETER] = None`, with a Literal.
SORT_PARAMETER = QueryParameter(description="What the list is sorted by; a minus turns the order round.")
CountParameter: TypeAlias = Annotated[bool, QueryParameter(description="Whether to add the `total`.")]


class Cursors:
    """Writes and reads cursors.

    A `name` says which list, in which order and under which filter (`"feed.home"`, `"users.posts:alex"`), so
    that a cursor of one list means nothing to another.
    """

    def __init__(self, secret: str) -> None:
        self._key = derive_key(secret, "cursor")

    def encode(self, name: str, values: object) -> str:
        """Text for the keyset `values`, usually a tuple such as (created_at, id)."""
        payload = msgspec.msgpack.encode(values)
        return urlsafe_b64encode(self._mac(name, payload) + payload).rstrip(b"=").decode()

    def decode(self, name: str, text: str, *, into: type[T]) -> T:
        """The keyset behind `text`. Raises InvalidCursor for anything we did not write for this list."""
        try:
            raw = urlsafe_b64decode(text + "=" * (-len(text) % 4))
        except ValueError:
            raise InvalidCursor from None
        mac, payload = raw[:_MAC_LENGTH], raw[_MAC_LENGTH:]
        if not compare_digest(mac, self._mac(name, payload)):
            raise InvalidCursor
        try:
            return msgspec.msgpack.decode(payload, type=into)
        except msgspec.DecodeError:
            raise InvalidCursor from None  # written by a version whose keyset had other columns

    def _mac(self, name: str, payload: bytes) -> bytes:
        return sign(self._key, name.encode() + b"\0" + payload)[:_MAC_LENGTH]
