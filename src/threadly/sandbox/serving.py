"""The process of the sandbox: one loop that serves, one thread that stores."""

import asyncio
import contextlib
import os
import secrets
import socket
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any, cast

import msgspec
import uvicorn
import uvloop

from threadly.sandbox.api import Api
from threadly.sandbox.behaviour import Mood
from threadly.sandbox.calls import Calls
from threadly.sandbox.courier import Courier
from threadly.sandbox.storage import Storage
from threadly.sandbox.types import Endpoint

__all__ = ["HOST", "kept_key", "run_sandbox"]

HOST = "127.0.0.1"
"""Whoever has the key may make money up: it is for this machine only."""
_STOP_TIMEOUT_S = 3
_BACKLOG = 1024


def run_sandbox(
    storage: Path, *, port: int, key: str, webhook_url: str | None, on_ready: Callable[[str], None]
) -> None:
    """Serve until SIGTERM or SIGINT; `on_ready` gets the address.

    Raises OSError when the port is taken, and msgspec.ValidationError for a `webhook_url` that is none.
    """
    endpoint = msgspec.convert({"url": webhook_url}, Endpoint) if webhook_url else None
    # The protocol is named, else asyncio takes it for a socket that knows no TCP_NODELAY.
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((HOST, port))
        listener.listen(_BACKLOG)
        on_ready(f"http://{HOST}:{listener.getsockname()[1]}")
        with (
            contextlib.suppress(KeyboardInterrupt),
            asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner,
        ):
            runner.run(_serve(listener, storage, key, endpoint))


def kept_key(directory: Path) -> str:
    """The key of the storage in `directory`, made when it is first asked for."""
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = directory / "key"
    if not path.exists():
        with os.fdopen(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as file:
            file.write(secrets.token_hex(32))
    return path.read_text()


async def _serve(listener: socket.socket, directory: Path, key: str, endpoint: Endpoint | None) -> None:
    storage, mood, stopping = Storage(directory), Mood(), asyncio.Event()
    courier = Courier(storage, mood)
    calls = Calls(storage, mood, courier, key=key)
    if endpoint:
        await calls.send_webhooks_to(endpoint)
    delivering = asyncio.create_task(courier.run())
    try:
        await _Server(Api(calls, key=key, stopping=stopping), stopping).serve(sockets=[listener])
    finally:
        delivering.cancel()
        await asyncio.wait((delivering,))
        await courier.stop()
        await storage.close()


class _Server(uvicorn.Server):
    """Sets `stopping` when asked to stop, and then ends as if nothing had happened."""

    def __init__(self, api: Api, stopping: asyncio.Event) -> None:
        super().__init__(
            uvicorn.Config(
                cast(Any, api),
                http="h11",
                ws="none",
                lifespan="off",
                log_config=None,
                log_level="warning",
                access_log=False,
                proxy_headers=False,
                server_header=False,
                timeout_keep_alive=60,
                timeout_graceful_shutdown=_STOP_TIMEOUT_S,
            )
        )
        self._stopping = stopping
        self._loop = asyncio.get_running_loop()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        self._loop.call_soon_threadsafe(self._stopping.set)
        super().handle_exit(sig, frame)
        self._captured_signals.clear()  # else it sends them to this process again once it has stopped
