"""An HTTP server on loopback that takes webhooks, and answers as it is told."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import msgspec

__all__ = ["Letter", "Receiver", "receiver"]


@dataclass(frozen=True)
class Letter:
    """A webhook as it came: the names of `headers` in lower case, `at` in seconds of the loop's clock."""

    target: str
    headers: dict[str, str]
    body: bytes
    at: float

    @property
    def event(self) -> dict[str, Any]:
        event: dict[str, Any] = msgspec.json.decode(self.body)
        return event


@dataclass
class Receiver:
    """Answers with `statuses`, one after the other, then 204; hangs up after each unless `keeps`."""

    statuses: list[int] = field(default_factory=list)
    letters: list[Letter] = field(default_factory=list)
    url: str = ""
    keeps: bool = False
    connections: int = 0

    @property
    def keys(self) -> list[str]:
        """Of the charges and refunds that were told of, as they came."""
        return [next(iter(letter.event["data"].values()))["key"] for letter in self.letters]

    async def has(self, count: int) -> bool:
        return len(self.letters) >= count

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            await self._take(reader, writer)
            while self.keeps:
                await self._take(reader, writer)
        except asyncio.IncompleteReadError:
            return
        finally:
            writer.close()

    async def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        headers = dict(line.split(": ", 1) for line in head[1:] if line)
        headers = {name.lower(): value for name, value in headers.items()}
        body = await reader.readexactly(int(headers["content-length"]))
        at = asyncio.get_running_loop().time()
        self.letters.append(Letter(head[0].split(" ")[1], headers, body, at))
        status = self.statuses.pop(0) if self.statuses else 204
        writer.write(f"HTTP/1.1 {status} So\r\nContent-Length: 0\r\n\r\n".encode())
        await writer.drain()


@asynccontextmanager
async def receiver(*statuses: int) -> AsyncIterator[Receiver]:
    taking = Receiver(list(statuses))
    server = await asyncio.start_server(taking.serve, "127.0.0.1", 0)
    taking.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/webhooks/sandbox?of=tests"
    async with server:
        yield taking
