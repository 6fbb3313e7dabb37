"""The checks between routing and handler: who is admitted, known parameters, content type, no forgery.

One middleware for all, since each layer costs, and not guards, for which Litestar copies the handler at each
request. Routes with `opt={"admit": False}` (health, documents, static files) are open to everyone.
"""

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from typing import Any, TypeAlias

import msgspec
from litestar import Litestar, Request, WebSocket
from litestar.enums import ScopeType
from litestar.routes import HTTPRoute
from litestar.types import ASGIApp, HTTPScope, Receive, Scope, Send

from threadly.platform.http.csrf import Csrf
from threadly.platform.http.edge import Edge
from threadly.platform.http.exchange import announced_bytes, announces_body, exchange_of
from threadly.platform.http.forms import FormRequest
from threadly.platform.http.parameters import refuse_unknown
from threadly.platform.http.refusals import UnsupportedMediaType
from threadly.platform.telemetry.spans import span

__all__ = ["Admit", "AdmitSocket", "Gate", "Receiving"]

# Finds out who sends a request and refuses who may not; what it learns it leaves in the scope's state.
Admit: TypeAlias = Callable[[Request[Any, Any, Any]], Awaitable[None]]

AdmitSocket: TypeAlias = Callable[[WebSocket[Any, Any, Any]], Awaitable[None]]

# Around a request whose body is larger than ORDINARY_BYTES, before any of it is read: who may send one, and
# how many at once.
Receiving: TypeAlias = Callable[[Edge], AbstractAsyncContextManager[None]]

# A body up to this size is received from anybody, where the route takes it.
ORDINARY_BYTES = 1_048_576
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
_JSON = "application/json"


class Expectation(msgspec.Struct, frozen=True):
    """What a handler takes: query parameters by name, the media type of its body, if it has one, and the size
    of it, None for any."""

    parameters: frozenset[str]
    media_type: str | None
    most_bytes: int | None


class Gate:
    def __init__(
        self,
        app: ASGIApp,
        *,
        csrf: Csrf,
        admit: Admit | None,
        admit_socket: AdmitSocket | None = None,
        receiving: Receiving | None = None,
    ) -> None:
        self.app = app
        self._csrf = csrf
        self._admit = admit
        self._admit_socket = admit_socket
        self._receiving = receiving
        self._expectations: dict[int, Expectation] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == ScopeType.HTTP:
            if self._admit and scope["route_handler"].opt.get("admit", True):
                with span("admit", kind="gate"):
                    await self._admit(FormRequest(scope, receive, send))
            if scope["path"].startswith("/api/"):
                self._check_api(scope)
            if scope["method"] not in SAFE_METHODS:
                await self._take(scope, receive, send)
                return
        elif self._admit_socket and scope["type"] == ScopeType.WEBSOCKET:
            with span("admit", kind="gate"):
                await self._admit_socket(WebSocket(scope, receive, send))
        await self.app(scope, receive, send)

    async def _take(self, scope: HTTPScope, receive: Receive, send: Send) -> None:
        """A request that may have a body."""
        if self._receiving is None or not self._is_large(scope):
            await self._csrf.check(scope, receive)
            await self.app(scope, receive, send)
            return
        async with self._receiving(scope["state"]["edge"]):
            await self._csrf.check(scope, receive)
            await self.app(scope, receive, send)

    def _is_large(self, scope: HTTPScope) -> bool:
        """Whether the body is, or may turn out to be, larger than one that anybody may send."""
        announced = announced_bytes(exchange_of(scope).headers)
        if announced is not None and announced <= ORDINARY_BYTES:
            return False
        most = self._expected_by(scope).most_bytes
        return most is None or most > ORDINARY_BYTES

    def _check_api(self, scope: HTTPScope) -> None:
        if scope["query_string"]:
            request: Request[Any, Any, Any] = Request(scope)
            refuse_unknown(request.query_params.keys(), self._expected_by(scope).parameters)
        if scope["method"] not in SAFE_METHODS:
            _refuse_other_media_type(scope, self._expected_by(scope).media_type)

    def _expected_by(self, scope: HTTPScope) -> Expectation:
        if not self._expectations:
            self._expectations.update(_read_expectations(scope["litestar_app"]))
        return self._expectations[id(scope["route_handler"])]


def _read_expectations(app: Litestar) -> dict[int, Expectation]:
    """By identity of the handler, which lives as long as the app."""
    found: dict[int, Expectation] = {}
    for route in app.routes:
        if not isinstance(route, HTTPRoute):
            continue
        for handler, takes in route.route_handler_map.values():
            parameters = frozenset(each.field_alias for each in takes.expected_query_params)
            form = takes.expected_form_data
            media_type = str(getattr(form[0], "value", form[0])) if form else _JSON
            found[id(handler)] = Expectation(
                parameters,
                media_type if handler.parsed_data_field else None,
                handler.resolve_request_max_body_size(),
            )
    return found


def _refuse_other_media_type(scope: HTTPScope, expected: str | None) -> None:
    headers = exchange_of(scope).headers
    if expected is None or not announces_body(headers):
        return
    sent = headers.get(b"content-type", b"").decode("latin-1").partition(";")[0].strip().lower()
    if sent == expected or (expected == _JSON and sent.startswith("application/") and sent.endswith("+json")):
        return
    raise UnsupportedMediaType(f"Send the body as {expected}, not {sent or 'without a Content-Type'}.")
