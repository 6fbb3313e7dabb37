"""The Messages and Calls parts of the API, under /api/v1."""

from litestar.types import ControllerRouterHandler

from threadly.modules.messaging import socket
from threadly.modules.messaging.rest import calls, conversations, messages

__all__ = ["routes"]

routes: list[ControllerRouterHandler] = [
    *conversations.routes,
    *messages.routes,
    *calls.routes,
    *socket.routes,
]
