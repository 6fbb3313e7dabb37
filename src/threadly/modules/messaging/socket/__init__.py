"""GET /api/v1/socket: conversations as they happen. docs/messaging.md is the protocol."""

from typing import Any

from litestar import websocket
from litestar.connection import WebSocket
from litestar.types import ControllerRouterHandler

from threadly.modules.messaging.socket.talk import open_talk
from threadly.platform.http.sockets import converse, guest_of

__all__ = ["routes"]


@websocket("/socket")
async def talk(socket: WebSocket[Any, Any, Any]) -> None:
    await converse(socket, guest_of(socket), open_talk)


routes: list[ControllerRouterHandler] = [talk]
