"""Compression by `Accept-Encoding` (RFC 9110, section 12.5.3): br, zstd, gzip; never for event streams.

Litestar's own does not weigh q-values, knows no zstd and compresses event streams, hence this one.
"""

import zlib
from collections.abc import Callable
from typing import Any, Final, Protocol

import brotli  # type: ignore[import-untyped]  # ships no annotations
import zstandard
from litestar.enums import ScopeType
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from threadly.platform.http.exchange import exchange_of

__all__ = ["Compression", "choose_encoding"]

MIN_BYTES: Final = 1_024
# Higher levels cost more time than they save bytes on answers that are made anew for each request.
BROTLI_QUALITY: Final = 4
GZIP_LEVEL: Final = 5
ZSTD_LEVEL: Final = 3

_TYPES = (
    "application/json",
    "application/javascript",
    "application/xml",
    "image/svg+xml",
    "application/x-ndjson",
)
_BODILESS = frozenset({204, 304})


class Encoder(Protocol):
    def feed(self, chunk: bytes) -> bytes:
        """The bytes so far, flushed, so that a stream is not held back."""

    def finish(self, chunk: bytes) -> bytes: ...


class _Brotli:
    def __init__(self) -> None:
        self._compressor = brotli.Compressor(quality=BROTLI_QUALITY)

    def feed(self, chunk: bytes) -> bytes:
        return bytes(self._compressor.process(chunk) + self._compressor.flush())

    def finish(self, chunk: bytes) -> bytes:
        return bytes(self._compressor.process(chunk) + self._compressor.finish())


class _Gzip:
    def __init__(self) -> None:
        self._compressor = zlib.compressobj(GZIP_LEVEL, wbits=31)

    def feed(self, chunk: bytes) -> bytes:
        return self._compressor.compress(chunk) + self._compressor.flush(zlib.Z_SYNC_FLUSH)

    def finish(self, chunk: bytes) -> bytes:
        return self._compressor.compress(chunk) + self._compressor.flush()


class _Zstd:
    def __init__(self) -> None:
        self._compressor = zstandard.ZstdCompressor(level=ZSTD_LEVEL).compressobj()

    def feed(self, chunk: bytes) -> bytes:
        return self._compressor.compress(chunk) + self._compressor.flush(zstandard.COMPRESSOBJ_FLUSH_BLOCK)

    def finish(self, chunk: bytes) -> bytes:
        return self._compressor.compress(chunk) + self._compressor.flush()


# In our order of preference, for clients that have none.
ENCODERS: dict[str, Callable[[], Encoder]] = {"br": _Brotli, "zstd": _Zstd, "gzip": _Gzip}


class Compression:
    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP:
            await self.app(scope, receive, send)
            return
        accepted = exchange_of(scope).headers.get(b"accept-encoding")
        encoding = choose_encoding(accepted.decode("latin-1")) if accepted else None
        await self.app(scope, receive, _Compressed(send, encoding).send)


class _Compressed:
    """Holds the head of the answer back until its body shows whether compression pays."""

    __slots__ = ("_encoder", "_encoding", "_head", "_send")

    def __init__(self, send: Send, encoding: str | None) -> None:
        self._send = send
        self._encoding = encoding
        self._encoder: Encoder | None = None
        self._head: Any = None

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start" and _is_compressible(message):
            message["headers"] = _varying(message["headers"])
            if self._encoding:
                self._head = message
                return
        elif message["type"] == "http.response.body":
            message = await self._body(message)
        await self._send(message)

    async def _body(self, message: Any) -> Any:
        body, more = message.get("body", b""), message.get("more_body", False)
        if self._head is not None:
            body = await self._begin(body, more)
        elif self._encoder is not None:
            body = self._encoder.feed(body) if more else self._encoder.finish(body)
        return {**message, "body": body}

    async def _begin(self, body: bytes, more: bool) -> bytes:
        """Send the head; the body comes back as it is to be sent."""
        head, self._head = self._head, None
        if self._encoding and (more or len(body) >= MIN_BYTES):
            self._encoder = ENCODERS[self._encoding]()
            body = self._encoder.feed(body) if more else self._encoder.finish(body)
            head["headers"] = _encoded(head["headers"], self._encoding, None if more else len(body))
        await self._send(head)
        return body


def choose_encoding(accepted: str) -> str | None:
    """The best of our encodings by the client's q-values, then by our order; None for none."""
    weights: dict[str, float] = {}
    for part in accepted.split(","):
        name, _, parameters = part.partition(";")
        weights[name.strip().lower()] = _weight(parameters)
    anything = weights.get("*", 0.0)
    best = max(ENCODERS, key=lambda name: weights.get(name, anything))
    weight = weights.get(best, anything)
    return best if weight > 0 and weight >= weights.get("identity", 0.0) else None


def _weight(parameters: str) -> float:
    name, _, value = parameters.strip().partition("=")
    if name.strip().lower() != "q":
        return 1.0
    try:
        return float(value)
    except ValueError:
        return 0.0


def _is_compressible(message: Any) -> bool:
    if message["status"] in _BODILESS:
        return False
    kind = ""
    for name, value in message["headers"]:
        if name == b"content-type":
            kind = value.decode("latin-1").partition(";")[0].strip()
        elif name == b"content-encoding" or (name == b"cache-control" and b"no-transform" in value):
            return False
    is_text = kind.startswith("text/") or kind in _TYPES or kind.endswith(("+json", "+xml"))
    return is_text and kind != "text/event-stream"


def _varying(headers: Any) -> list[tuple[bytes, bytes]]:
    return [*headers, (b"vary", b"accept-encoding")]


def _encoded(headers: Any, encoding: str, length: int | None) -> list[tuple[bytes, bytes]]:
    """The length is another now (None while unknown), and a strong tag must be too."""
    kept = [
        (name, _tagged(value, encoding) if name == b"etag" else value)
        for name, value in headers
        if name != b"content-length"
    ]
    if length is not None:
        kept.append((b"content-length", str(length).encode()))
    return [*kept, (b"content-encoding", encoding.encode())]


def _tagged(etag: bytes, encoding: str) -> bytes:
    return etag[:-1] + f'-{encoding}"'.encode() if etag.endswith(b'"') else etag
