"""The outermost layer: everything that each request needs regardless of its route, in one pass.

Ids in and out, trace, metrics, access log, security headers, load shedding and the time limit, done by one
object per request that stands between the server and the application. Measured as separate wrappers these
cost several times as much.

The size of bodies is limited further inside, where routes may differ (`request_max_body_size`); here an
unread body is drained, since a client that is still sending would otherwise see a reset, not the answer.
"""

import asyncio
import re
import time
from typing import Any, Final
from urllib.parse import unquote_to_bytes

import structlog
from litestar import Litestar, Request
from litestar.enums import ScopeType
from litestar.types import ASGIApp, HTTPScope, Message, Receive, Scope, Send

from threadly.platform.errors import Refusal
from threadly.platform.http.errors import Answers
from threadly.platform.http.exchange import Exchange, announces_body, open_exchange
from threadly.platform.http.following import Tickets
from threadly.platform.http.refusals import (
    BrokenUtf8,
    Disconnected,
    MalformedHost,
    Overloaded,
    TimeLimitReached,
)
from threadly.platform.http.security import DATA_POLICY, fixed_headers, page_policy
from threadly.platform.telemetry import metrics
from threadly.platform.telemetry.tracing import Journey, Span, begin_journey, end_journey
from threadly.settings import Settings

__all__ = ["Front"]

# Asked by orchestrators and scrapers, above all when the site is overloaded.
NEVER_SHED: Final = frozenset({"/live", "/ready", "/metrics"})
UNROUTED: Final = "(none)"
SEE_OTHER: Final = (302, 303)
PERMISSIONS: Final = b"permissions-policy"
DRAIN_MAX_BYTES: Final = 67_108_864
DRAIN_TIMEOUT_S: Final = 10.0

_HOST = re.compile(rb"(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?")
_REQUEST_ID = re.compile(rb"[\w.~:/+=@-]{1,128}", re.ASCII)
_log = structlog.get_logger()


class Front:
    """The ASGI application that the server runs; `app` is what it wraps around `litestar`."""

    def __init__(self, app: ASGIApp, *, litestar: Litestar, settings: Settings, answers: Answers) -> None:
        self.app = app
        self.litestar = litestar
        self.answers = answers
        self.headers = fixed_headers(settings)
        self.settings = settings
        self.time_limit_s = settings.request_timeout_s
        self.max_in_flight = settings.max_in_flight
        self.tickets = Tickets(settings)
        self.in_flight = 0
        metrics.watch(
            "threadly_requests_in_flight",
            "Requests being served, streams aside.",
            lambda: float(self.in_flight),
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == ScopeType.HTTP:
            await self._serve(scope, receive, send)
        elif scope["type"] == ScopeType.WEBSOCKET:
            await self._converse(scope, receive, send)
        else:
            await self.litestar(scope, receive, send)

    async def _serve(self, scope: HTTPScope, receive: Receive, send: Send) -> None:
        journey, exchange = _begin(scope)
        flight = _Flight(self, scope, receive, send, exchange)
        try:
            await self._fly(flight)
        finally:
            flight.land()
            _record(flight, journey)
            end_journey(journey)

    async def _fly(self, flight: "_Flight") -> None:
        try:
            self._refuse_early(flight)
            flight.count()
            async with asyncio.timeout(self.time_limit_s) as flight.limit:
                flight.exchange.end_at = flight.limit.reschedule
                await self.app(flight.scope, flight.receive, flight.send)
        except TimeoutError:
            if flight.status:
                raise
            await flight.answer(TimeLimitReached())
        except Refusal as refusal:
            await flight.answer(refusal)
        except Exception as bug:
            if flight.status:
                _log.error("bug while answering", path=flight.scope["path"], exc_info=bug)
                raise  # what was sent cannot be taken back: the server cuts the connection
            await flight.answer(bug)

    def _refuse_early(self, flight: "_Flight") -> None:
        scope, host = flight.scope, flight.exchange.headers.get(b"host")
        if host is not None and not _HOST.fullmatch(host):
            raise MalformedHost
        if _is_broken(scope):
            raise BrokenUtf8
        if self.in_flight >= self.max_in_flight and scope["path"] not in NEVER_SHED:
            metrics.SHED.inc()
            raise Overloaded

    async def _converse(self, scope: Scope, receive: Receive, send: Send) -> None:
        """A socket: its journey is the handshake, for what is said on it later are journeys of their own."""
        journey, _ = _begin(scope)
        open_yet = True

        def shake(status: int) -> None:
            nonlocal open_yet
            if open_yet:
                open_yet = False
                _record_handshake(journey, str(scope.get("path_template") or UNROUTED), status)
                end_journey(journey)

        async def answer(message: Message) -> None:
            if message["type"] in ("websocket.accept", "websocket.close"):
                shake(101 if message["type"] == "websocket.accept" else 403)
            await send(message)

        try:
            await self.app(scope, receive, answer)
        finally:
            shake(499)


class _Flight:
    """One request on its way: stands in for the server's `receive` and `send`."""

    __slots__ = (
        "_counted",
        "_ended",
        "_front",
        "_head_only",
        "_receive",
        "_send",
        "_unread",
        "begun_at",
        "exchange",
        "limit",
        "method",
        "path",
        "scope",
        "started_at",
        "status",
        "streams",
    )

    def __init__(
        self, front: Front, scope: HTTPScope, receive: Receive, send: Send, exchange: Exchange
    ) -> None:
        self._front = front
        self.scope = scope
        self._receive = receive
        self._send = send
        self.exchange = exchange
        self.method = str(scope["method"])
        self.path = scope["path"]
        self.begun_at = time.perf_counter()
        self.started_at = self.begun_at
        self.status = 0
        self.streams = False
        self.limit: asyncio.Timeout | None = None
        self._counted = False
        self._ended = False
        self._unread = announces_body(exchange.headers)
        self._head_only = scope["method"] == "HEAD"
        if self._head_only:
            scope["method"] = "GET"  # a HEAD is a GET whose body stays here (RFC 9110, section 9.3.2)

    def count(self) -> None:
        self._counted = True
        self._front.in_flight += 1

    def land(self) -> None:
        if self._counted:
            self._counted = False
            self._front.in_flight -= 1

    async def receive(self) -> Any:
        if self._head_only and self.streams:
            return {"type": "http.disconnect"}  # a stream would go on for nobody
        message = await self._receive()
        if message.get("more_body"):
            return message
        unfinished, self._unread = self._unread, False
        if unfinished and message["type"] == "http.disconnect":
            raise Disconnected
        return message

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            if self._unread:
                await self._drain()
            self._start(message)
        elif self._head_only and message["type"] == "http.response.body":
            if self._ended:
                return
            self._ended = self.streams
            more = message.get("more_body", False) and not self.streams
            message = {**message, "body": b"", "more_body": more}
        await self._send(message)

    async def answer(self, error: Exception) -> None:
        """Answer in place of the application; too late once it has begun to answer itself."""
        if self.status:
            return
        self.limit = None  # it is over
        self.scope["app"] = self.scope["litestar_app"] = self._front.litestar
        request: Request[Any, Any, Any] = Request(self.scope, self.receive, self.send)
        answers = self._front.answers
        response = (
            answers.to_refusal(request, error)
            if isinstance(error, Refusal)
            else answers.to_bug(request, error)
        )
        await response.to_asgi_response(app=None, request=request)(self.scope, self.receive, self.send)

    def _start(self, message: Any) -> None:
        self.started_at = time.perf_counter()
        self.status = message["status"]
        kind, has_policy = _look(message["headers"])
        # What the limit interrupts may still answer by itself: the database was slow to let go, say.
        if self.limit is not None and not self.limit.expired():
            self.limit.reschedule(None)
        if kind.startswith(b"text/event-stream"):
            self.streams = True
            self.land()
        own = self._own_headers(kind, has_policy)
        if any(name == PERMISSIONS for name, _ in message["headers"]):
            own = [each for each in own if each[0] != PERMISSIONS]  # a page that may use the camera, say
        message["headers"] = [*message["headers"], *own]

    def _own_headers(self, kind: bytes, has_policy: bool) -> list[tuple[bytes, bytes]]:
        exchange, trail = self.exchange, self.exchange.trail
        headers = [
            *self._front.headers,
            *exchange.extra,
            (b"x-request-id", trail.request_id.encode()),
            (b"x-trace-id", trail.trace_id.encode()),
            (b"traceparent", trail.traceparent.encode()),
        ]
        if trail.recording is not None and trail.recording.follower:
            # The page that the browser goes to now shows where this click went.
            leads_on = self.status in SEE_OTHER
            headers += self._front.tickets.headers(trail.recording, leads_on=leads_on)
        if trail.outside_s:
            # https://www.w3.org/TR/server-timing/
            headers.append((b"server-timing", b"outside;dur=%.1f" % (trail.outside_s * 1e3)))
        if not has_policy:
            is_page = kind.startswith(b"text/html")
            policy = page_policy(exchange.nonce, self._front.settings) if is_page else DATA_POLICY
            headers.append((b"content-security-policy", policy))
        return headers

    async def _drain(self) -> None:
        """Take and drop what the client still sends, within limits; then it reads the answer."""
        if b"expect" in self.exchange.headers:
            return  # it waits for our word before it sends
        dropped = 0
        try:
            async with asyncio.timeout(DRAIN_TIMEOUT_S):
                while self._unread and dropped < DRAIN_MAX_BYTES:
                    message = await self.receive()
                    dropped += len(message.get("body", b""))
        except (TimeoutError, Disconnected):
            return


def _begin(scope: Scope) -> tuple[Journey, Exchange]:
    headers = dict(scope["headers"])
    wanted = headers.get(b"x-request-id")
    journey = begin_journey(
        headers.get(b"traceparent", b"").decode("latin-1"),
        request_id=wanted.decode() if wanted and _REQUEST_ID.fullmatch(wanted) else None,
        name="request",
        from_outside=True,
    )
    exchange = Exchange(journey.trail, headers)
    open_exchange(scope, exchange)
    return journey, exchange


def _record(flight: _Flight, journey: Journey) -> None:
    """The metrics, the span and the log line of a request that is over."""
    now = time.perf_counter()
    route = str(flight.scope.get("path_template") or UNROUTED)
    status = flight.status or 499  # the client left before there was an answer
    # A stream lasts as long as its reader likes; what counts is when it began.
    until = flight.started_at if flight.streams else now
    metrics.observe_request(metrics.method_label(flight.method), route, status, until - flight.begun_at)
    if journey.span is not None:
        _describe(journey.span, flight, route, status)
    log = _log.debug if flight.path in NEVER_SHED else _log.info
    log(
        "request",
        method=flight.method,
        path=flight.path,
        route=route,
        status=status,
        duration_ms=round((now - flight.begun_at) * 1_000, 2),
    )


def _record_handshake(journey: Journey, route: str, status: int) -> None:
    _log.info("socket", route=route, status=status)
    if journey.span is not None:
        journey.span.name = f"SOCKET {route}"
        journey.span.attributes = {"http.route": route, "http.response.status_code": status}
        journey.span.recording.route, journey.span.recording.status = route, status


def _describe(whole: Span, flight: _Flight, route: str, status: int) -> None:
    method = metrics.method_label(flight.method)
    whole.name = f"{method} {route}"
    whole.attributes = {
        "http.request.method": method,
        "http.route": route,
        "http.response.status_code": status,
        "url.path": flight.path,
    }
    recording = whole.recording
    recording.route, recording.status, recording.streams = route, status, flight.streams


def _look(headers: Any) -> tuple[bytes, bool]:
    """The content type, and whether the handler set a content security policy of its own."""
    kind, has_policy = b"", False
    for name, value in headers:
        if name == b"content-type":
            kind = value
        elif name == b"content-security-policy":
            has_policy = True
    return kind, has_policy


def _is_broken(scope: HTTPScope) -> bool:
    path, query = scope.get("raw_path") or b"", scope["query_string"]
    if b"%" in path and not _is_text(path):
        return True
    return bool(query) and (b"%" in query or not query.isascii()) and not _is_text(query)


def _is_text(quoted: bytes) -> bool:
    """Whether it decodes to UTF-8 without NUL, which no text column can hold."""
    raw = unquote_to_bytes(quoted)
    try:
        raw.decode()
    except UnicodeDecodeError:
        return False
    return b"\0" not in raw
