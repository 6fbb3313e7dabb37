"""Conditional requests (RFC 9110, section 13): 304 for what the client has, 412 for what has changed.

Tags are strong: they stand for the bytes of one representation. The compression layer adds its encoding to a
tag (`"abc-br"`), since those are other bytes; comparisons here see through that.
"""

import re
from hashlib import blake2b

from threadly.platform.http.exchange import Connection, exchange_of
from threadly.platform.http.refusals import PreconditionFailed, PreconditionRequired

__all__ = ["etag_of", "is_unchanged", "kept_tag", "require_match"]

_TAG = re.compile(rb'(?:W/)?"([^"]*?)(?:-(?:br|gzip|zstd))?"')


def etag_of(body: bytes) -> str:
    """The tag of a representation, quotes included."""
    return f'"{blake2b(body, digest_size=12).hexdigest()}"'


def is_unchanged(request: Connection, etag: str) -> bool:
    """Whether `If-None-Match` names `etag`, so that 304 without a body is the answer."""
    header = exchange_of(request.scope).headers.get(b"if-none-match")
    return header is not None and _names(header, etag)


def kept_tag(request: Connection, etag: str) -> str:
    """`etag` as the client keeps it, with the encoding in which it was sent: what belongs on a 304."""
    header = exchange_of(request.scope).headers.get(b"if-none-match", b"")
    wanted = etag.strip('"').encode()
    kept = (tag for tag in _TAG.finditer(header) if tag[1] == wanted)
    return next((tag[0].removeprefix(b"W/").decode("ascii") for tag in kept), etag)


def require_match(request: Connection, etag: str, *, required: bool = False) -> None:
    """Before a change to what `etag` stands for: raises PreconditionFailed if `If-Match` names another state.

    Without the header it passes, or raises PreconditionRequired where it is `required`.
    """
    header = exchange_of(request.scope).headers.get(b"if-match")
    if header is None:
        if required:
            raise PreconditionRequired
        return
    if not _names(header, etag):
        raise PreconditionFailed


def _names(header: bytes, etag: str) -> bool:
    if header.strip() == b"*":
        return True
    return etag.strip('"').encode() in _TAG.findall(header)
