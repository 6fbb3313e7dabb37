"""The application behind a real server on loopback, and applications with settings of a test's own."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Literal, cast

import msgspec
import uvicorn

from tests.conftest import eventually
from threadly.app import make_app
from threadly.platform.http.front import Front
from threadly.platform.runtime import Runtime
from threadly.settings import Settings

__all__ = ["other_app", "served"]


@asynccontextmanager
async def served(front: Front, *, ws: Literal["none", "auto"] = "none") -> AsyncIterator[str]:
    """The address of `front` while it is served on this loop; `ws` "auto" serves its sockets too."""
    # Of a socket that does not say TCP asyncio does not ask to send at once, and every answer takes 40 ms.
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP) as listener:
        listener.bind(("127.0.0.1", 0))
        # The runtime of the tests is started already, hence no lifespan.
        config = uvicorn.Config(cast(Any, front), log_config=None, ws=ws, lifespan="off")
        server = uvicorn.Server(config)
        running = asyncio.create_task(server.serve(sockets=[listener]))
        try:
            await eventually(lambda: _has_started(server))
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            with contextlib.suppress(asyncio.CancelledError):
                await running


@asynccontextmanager
async def other_app(settings: Settings, **changes: object) -> AsyncIterator[Front]:
    """The application with a runtime of its own under changed settings."""
    runtime = Runtime(msgspec.structs.replace(settings, **changes))
    await runtime.start()
    try:
        yield make_app(runtime)
    finally:
        await runtime.stop()


async def _has_started(server: uvicorn.Server) -> bool:
    return server.started
