"""A browser that reads a stream of server-sent events, as far as the application sees it."""

import asyncio
from collections.abc import AsyncIterator, MutableMapping
from contextlib import asynccontextmanager
from typing import Any

from tests.conftest import eventually
from threadly.platform.http.front import Front

__all__ = ["Browser", "browsing"]


class Browser:
    """One open stream, at the level of ASGI, since the test client waits for an answer's end."""

    def __init__(self) -> None:
        self.status = 0
        self.sent: list[bytes] = []
        self.leaves = asyncio.Event()
        self._asked = 0

    async def receive(self) -> dict[str, object]:
        self._asked += 1
        if self._asked == 1:
            return {"type": "http.request", "body": b"", "more_body": False}
        await self.leaves.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: MutableMapping[str, Any]) -> None:
        self.status = message.get("status", self.status)
        self.sent.append(message.get("body", b""))

    async def is_open(self) -> bool:
        return len(self.sent) > 1


@asynccontextmanager
async def browsing(
    app: Front, host: str, cookie: str, *, path: str = "/stream", address: str = "127.0.0.1"
) -> AsyncIterator[Browser]:
    """An open stream, which the browser leaves at the end."""
    browser = Browser()
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": [(b"host", host.encode()), (b"cookie", cookie.encode())],
        "client": (address, 1),
        "server": ("127.0.0.1", 80),
    }
    serving = asyncio.create_task(app(scope, browser.receive, browser.send))  # type: ignore[arg-type]  # plain ASGI
    try:
        await eventually(browser.is_open, every_s=0.01)
        yield browser
    finally:
        browser.leaves.set()
        async with asyncio.timeout(5):
            await serving
