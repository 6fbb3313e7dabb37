"""Posts webhooks: HTTP of which only the status matters, on connections that are kept for the next one.

By h11, which uvicorn serves with here: an HTTP client would be larger than this whole program.
"""

import asyncio
import contextlib
import time
from urllib.parse import SplitResult, urlsplit

import h11

from threadly.sandbox.signing import sign
from threadly.sandbox.types import Endpoint

__all__ = ["Postman"]

_ANSWER_TIMEOUT_S = 10.0
# Less than servers keep what is idle.
_KEPT_FOR_S = 4.0
_KEPT_MOST = 8
_BODY_LONGEST = 65_536
_READ_BYTES = 16_384


class _Connection:
    """To the endpoint at `url`, which has been idle since `since` (of the monotonic clock)."""

    def __init__(self, url: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.url = url
        self.since = 0.0
        self._reader = reader
        self._writer = writer
        self._http = h11.Connection(h11.CLIENT)

    def is_good(self) -> bool:
        is_fresh = self.since > time.monotonic() - _KEPT_FOR_S
        return is_fresh and not self._reader.at_eof() and not self._writer.is_closing()

    async def exchange(self, request: h11.Request, body: bytes) -> int:
        """The status of the answer."""
        for piece in (request, h11.Data(data=body), h11.EndOfMessage()):
            self._writer.write(self._http.send(piece) or b"")
        status = length = 0
        while length <= _BODY_LONGEST:
            event = self._http.next_event()
            if event is h11.NEED_DATA:
                self._http.receive_data(await self._reader.read(_READ_BYTES))
            elif isinstance(event, h11.Response):
                status = event.status_code
            elif isinstance(event, h11.Data):
                length += len(event.data)
            elif isinstance(event, h11.EndOfMessage):
                break
        return status

    def reuse(self) -> bool:
        """Whether it is good for another request."""
        if self._http.our_state is not h11.DONE or self._http.their_state is not h11.DONE:
            return False
        self._http.start_next_cycle()
        self.since = time.monotonic()
        return True

    def close(self) -> None:
        self._writer.close()


class Postman:
    def __init__(self) -> None:
        self._kept: list[_Connection] = []

    async def post(self, endpoint: Endpoint, body: bytes) -> bool:
        """Whether it was answered with a 2xx in time."""
        with contextlib.suppress(TimeoutError, OSError, ValueError, h11.ProtocolError):
            async with asyncio.timeout(_ANSWER_TIMEOUT_S):
                return 200 <= await self._post(endpoint, body) < 300
        return False

    def close(self) -> None:
        while self._kept:
            self._kept.pop().close()

    async def _post(self, endpoint: Endpoint, body: bytes) -> int:
        url = urlsplit(endpoint.url)
        request = _request(url, endpoint, body)
        kept = self._take(endpoint.url)
        if kept is not None:
            # It may have been closed as we began; whoever takes webhooks takes them twice.
            with contextlib.suppress(OSError, h11.RemoteProtocolError):
                return await self._exchange(kept, request, body)
        return await self._exchange(await _connect(endpoint.url, url), request, body)

    def _take(self, url: str) -> _Connection | None:
        """A connection to `url` that is still good; those that are not are closed on the way."""
        while self._kept:
            connection = self._kept.pop()
            if connection.url == url and connection.is_good():
                return connection
            connection.close()
        return None

    async def _exchange(self, connection: _Connection, request: h11.Request, body: bytes) -> int:
        try:
            status = await connection.exchange(request, body)
        except BaseException:
            connection.close()
            raise
        if connection.reuse() and len(self._kept) < _KEPT_MOST:
            self._kept.append(connection)
        else:
            connection.close()
        return status


async def _connect(address: str, url: SplitResult) -> _Connection:
    secure = url.scheme == "https"
    port = url.port or (443 if secure else 80)
    return _Connection(address, *await asyncio.open_connection(url.hostname, port, ssl=secure or None))


def _request(url: SplitResult, endpoint: Endpoint, body: bytes) -> h11.Request:
    return h11.Request(
        method="POST",
        target=(url.path or "/") + (f"?{url.query}" if url.query else ""),
        headers=[
            ("Host", endpoint.host or url.netloc.rpartition("@")[2]),
            ("Content-Type", "application/json"),
            ("Content-Length", str(len(body))),
            ("Sandbox-Signature", sign(endpoint.secret or "", at=int(time.time()), body=body)),
            ("User-Agent", "threadly-sandbox"),
        ],
    )
