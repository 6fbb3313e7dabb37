"""A client of the socket, on a real connection, that says what it likes."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

__all__ = ["OURS", "Client", "connected"]

PATIENCE_S = 20.0
# Stands for the origin of the community's own pages.
OURS = "http://ours"


class Client:
    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection
        self.heard: list[dict[str, Any]] = []
        self._number = 0

    async def tell(self, kind: str, **fields: object) -> str:
        """Says a command; returns its `ref`."""
        self._number += 1
        ref = f"r{self._number}"
        await self.connection.send(json.dumps({"type": kind, "ref": ref, **fields}))
        return ref

    async def ask(self, kind: str, **fields: object) -> dict[str, Any]:
        """Says a command; returns the answer, or the error."""
        ref = await self.tell(kind, **fields)
        return await self.hear(lambda frame: frame.get("ref") == ref)

    async def hear(self, wanted: Any) -> dict[str, Any]:
        """The next frame that is wanted, by a test or by its `type`; those before are kept in `heard`."""
        test = wanted if callable(wanted) else lambda frame: frame["type"] == wanted
        async with asyncio.timeout(PATIENCE_S):
            while True:
                frame: dict[str, Any] = json.loads(await self.connection.recv())
                self.heard.append(frame)
                if test(frame):
                    return frame

    async def end(self) -> int | None:
        """The code with which the server closes."""
        async with asyncio.timeout(PATIENCE_S):
            try:
                while True:
                    self.heard.append(json.loads(await self.connection.recv()))
            except ConnectionClosed as closed:
                return closed.rcvd.code if closed.rcvd else None


@asynccontextmanager
async def connected(
    url: str,
    host: str,
    *,
    cookie: str | None = None,
    origin: str | None = None,
    bearer: str | None = None,
    protocols: list[str] | None = None,
    **options: Any,
) -> AsyncIterator[Client]:
    """`host` is the community's, `url` where it is served. Raises websockets' InvalidStatus when the
    handshake is refused."""
    port = int(url.rpartition(":")[2])
    headers = {"Cookie": cookie} if cookie else {}
    headers |= {"Authorization": f"Bearer {bearer}"} if bearer else {}
    headers |= {"Origin": origin.replace(OURS, f"http://{host}:{port}")} if origin else {}
    async with connect(
        f"ws://{host}:{port}/api/v1/socket",
        host="127.0.0.1",
        port=port,
        additional_headers=headers,
        subprotocols=[Subprotocol(each) for each in protocols] if protocols else None,
        ping_interval=None,
        compression=None,
        close_timeout=1,
        proxy=None,
        **options,
    ) as connection:
        yield Client(connection)
