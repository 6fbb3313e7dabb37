"""What no route takes is counted and limited as well, though no gate stands before it.

Who guesses addresses spends what whoever uses them spends, and reads in the same headers how much is left.
"""

from typing import Any

from litestar import Request
from litestar.enums import ScopeType
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from threadly.platform.http.gate import Admit

__all__ = ["Unrouted"]

_API = "/api/"


class Unrouted:
    """Around the router. `count` is awaited before an answer of the API that no handler has given, and may
    refuse it."""

    def __init__(self, app: ASGIApp, count: Admit) -> None:
        self.app = app
        self._count = count

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP or not scope["path"].startswith(_API):
            await self.app(scope, receive, send)
            return

        async def answer(message: Message) -> None:
            # The router names the handler once it has found one.
            if message["type"] == "http.response.start" and "route_handler" not in scope:
                request: Request[Any, Any, Any] = Request(scope, receive, send)
                await self._count(request)
            await send(message)

        await self.app(scope, receive, answer)
