"""Ways to reach the sample application: in this process, or over a real server on loopback."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, cast

import httpx
import pytest
import uvicorn
from granian.constants import Interfaces
from granian.server import embed as granian

from tests.platform.http.sample import make_sample
from threadly.platform.http.front import Front

START_TIMEOUT_S = 30.0

Serve = Callable[..., AbstractAsyncContextManager[httpx.AsyncClient]]


def in_process(front: Front, **options: Any) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(app=cast(Any, front))  # httpx and Litestar type ASGI differently
    return httpx.AsyncClient(transport=transport, base_url="http://threadly.test", **options)


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    async with in_process(make_sample()) as client:
        yield client


@pytest.fixture(params=["granian", "uvicorn"])
def serve(request: pytest.FixtureRequest) -> Serve:
    """`async with serve(max_in_flight=1) as client:` the sample on each server that the settings offer."""
    run = {"granian": _run_granian, "uvicorn": _run_uvicorn}[request.param]

    @asynccontextmanager
    async def serving(**settings: Any) -> AsyncIterator[httpx.AsyncClient]:
        port = _free_port()
        async with run(make_sample(**settings), port):
            await _wait_for(port)
            async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=20) as client:
                yield client

    return serving


@asynccontextmanager
async def _run_granian(front: Front, port: int) -> AsyncIterator[None]:
    server = granian.Server(front, port=port, interface=Interfaces.ASGI, log_enabled=False, websockets=False)
    running = asyncio.create_task(server.serve())
    yield
    server.stop()  # type: ignore[no-untyped-call]  # the library left it unannotated
    await running


@asynccontextmanager
async def _run_uvicorn(front: Front, port: int) -> AsyncIterator[None]:
    app = cast(Any, front)  # uvicorn and Litestar type ASGI differently
    server = uvicorn.Server(uvicorn.Config(app, port=port, log_config=None, ws="none"))
    running = asyncio.create_task(server.serve())
    yield
    server.should_exit = True
    await running


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def _wait_for(port: int) -> None:
    async with asyncio.timeout(START_TIMEOUT_S):
        while True:
            with contextlib.suppress(OSError):
                _, writer = await asyncio.open_connection("127.0.0.1", port)
                writer.close()
                return
            await asyncio.sleep(0.02)
