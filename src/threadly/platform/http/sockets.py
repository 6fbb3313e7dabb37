"""WebSockets: who is let in, what may come in and go out, and when it ends.

Admission is as for requests: the community by the host's name, the member by session cookie or access token.
A browser sends the cookie along from any page, so a cookie counts only with our own Origin. A program may
send its token as a header, as a subprotocol (`threadly.v1`, `bearer.<token>`) or in its first frame.

Each command that comes in is a journey of its own, as a request is, and its refusals read the same.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager, suppress
from secrets import token_hex
from typing import Final, Protocol

import msgspec
import structlog
from litestar.exceptions import WebSocketDisconnect

from threadly.platform.errors import InvalidInput, Kind, Refusal
from threadly.platform.http.refusals import status_of
from threadly.platform.http.socket_guest import AnySocket, Guest, guest_of
from threadly.platform.http.socket_line import GONE, Bucket, Closing, Line
from threadly.platform.pubsub import Hint, Marker, News, Subscription
from threadly.platform.standing import ASK_S, SETTLED_S
from threadly.platform.telemetry import identify, metrics
from threadly.platform.telemetry.tracing import Journey, begin_journey, end_journey, follow

__all__ = [
    "BEAT_S",
    "MOST_FRAME_BYTES",
    "MOST_SOCKETS_PER_MEMBER",
    "PROTOCOL",
    "Answer",
    "AnySocket",
    "Guest",
    "Talk",
    "converse",
    "guest_of",
]

PROTOCOL: Final = "threadly.v1"
MOST_FRAME_BYTES: Final = 65_536
MOST_SOCKETS: Final = 4_096
MOST_SOCKETS_PER_MEMBER: Final = 12
# Of those who have not said yet who they are.
MOST_UNNAMED_PER_ADDRESS: Final = 32
# Commands of one socket; beyond come refusals, and after so many in a row the end.
COMMANDS_PER_S: Final = 20.0
COMMANDS_AT_ONCE: Final = 60.0
MOST_REFUSED_IN_A_ROW: Final = 100
BEAT_S: Final = 15.0
# A client answers each beat; one that says nothing at all for so many of them is gone.
SILENT_BEATS: Final = 4
NAME_YOURSELF_S: Final = 10.0
CLOSE_S: Final = 1.0

TOO_BIG: Final = Closing(1009, "A frame has at most 64 KiB.")
NO_TEXT: Final = Closing(1003, "Send text frames with JSON.")
STOPPING: Final = Closing(1012, "This server restarts. Connect again.")
FAILED: Final = Closing(1011, "Something went wrong on our side. Connect again.")
SIGN_IN: Final = Closing(4401, "Sign in, then connect again.")
SILENT: Final = Closing(4408, "Nothing was heard from you for a minute.")
TOO_FAST: Final = Closing(4429, "That was too much at once. Wait a moment, then connect again.")
TOO_MANY: Final = Closing(4503, "Too many connections are open. Close some, or try again shortly.")

_log = structlog.get_logger()


class TooFast(Refusal):
    code = "socket.too_fast"
    kind = Kind.LIMITED
    message = "That was a lot at once. This was not done; send it again in a moment."
    retry_after_s = 1


class Problem(msgspec.Struct, frozen=True, omit_defaults=True):
    code: str
    message: str
    field: str | None = None
    retry_after_s: int | None = None


class Trouble(msgspec.Struct, frozen=True, tag="error", omit_defaults=True):
    """Why the command `ref` was not done."""

    error: Problem
    ref: str | None = None


class Answer(msgspec.Struct, frozen=True, tag="answer"):
    """What came of the command `ref`."""

    ref: str | None
    data: object


class Ping(msgspec.Struct, frozen=True, tag="ping"):
    """Answer with `pong`."""


class Head(msgspec.Struct):
    """What every command has: its name, and what its answer shall be called."""

    type: str
    ref: str | None = None
    token: str | None = None


class Talk(Protocol):
    """What a module makes of an open socket."""

    @property
    def channels(self) -> Sequence[str]:
        """Whose hints it hears."""

    @property
    def commands(self) -> Collection[str]:
        """The names that it knows."""

    async def begin(self) -> None:
        """Once hints arrive."""

    async def obey(self, name: str, raw: bytes) -> object:
        """Do what the command says; what it returns is the answer. Raises Refusal,
        msgspec.ValidationError."""

    async def hear(self, item: News) -> None: ...
    async def beat(self) -> None: ...
    async def end(self) -> None: ...


async def converse(
    socket: AnySocket, guest: Guest, open_talk: Callable[[Guest, Line], Talk], *, beat_s: float = BEAT_S
) -> None:
    """Serve one socket from its handshake to its end."""
    await socket.accept(subprotocols=_chosen(socket))
    line = Line(socket.send)
    try:
        with _places.taken([(f"address {guest.address}", MOST_UNNAMED_PER_ADDRESS)]):
            if guest.actor.user_id is None:
                await _name(socket, guest, line)
        if line.closing is None:
            with _places.taken([(f"member {guest.actor.me}", MOST_SOCKETS_PER_MEMBER)]):
                await _Conversation(socket, guest, line, open_talk(guest, line), beat_s).hold()
    except NoPlace:
        line.end(TOO_MANY)
    except WebSocketDisconnect:
        line.end(GONE)
    await _close(socket, line.closing or GONE)


class _Conversation:
    """The tasks around one open socket: whoever of them ends first ends all."""

    def __init__(self, socket: AnySocket, guest: Guest, line: Line, talk: Talk, beat_s: float) -> None:
        self._socket = socket
        self._guest = guest
        self._standing = guest.standing
        self._line = line
        self._talk = talk
        self._beat_s = beat_s
        loop = asyncio.get_running_loop()
        self._heard_at = loop.time()
        factor = guest.runtime.settings.rate_limit_factor
        self._bucket = Bucket(COMMANDS_PER_S * factor, COMMANDS_AT_ONCE * factor)
        self._refused = 0

    async def hold(self) -> None:
        channels = (self._standing.channel, *self._talk.channels)
        async with self._guest.runtime.pubsub.subscribe(*channels) as news:
            tasks: list[asyncio.Task[None]] = []
            try:
                await self._talk.begin()
                acts = (self._line.run(), self._read(), self._listen(news), self._keep_time())
                tasks = [asyncio.create_task(act) for act in acts]
                done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
                for task in done:
                    self._explain(task.exception())
                # What was said last, a refusal say, is still sent.
                await asyncio.wait([tasks[0]], timeout=CLOSE_S if self._line.closing else 0)
            finally:
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)
                with suppress(Refusal):
                    await self._talk.end()

    def _explain(self, error: BaseException | None) -> None:
        if error is None or isinstance(error, WebSocketDisconnect):
            self._line.end(GONE)
        else:
            _log.error("bug in a socket", exc_info=error)
            self._line.end(FAILED)

    async def _read(self) -> None:
        while self._line.closing is None:
            raw = await _frame(self._socket, self._line)
            if raw is None:
                return
            self._heard_at = asyncio.get_running_loop().time()
            await self._take(raw)

    async def _take(self, raw: bytes) -> None:
        head = _head(raw)
        if head is not None and head.type == "pong":
            return
        if not self._bucket.take():
            self._refused += 1
            self._line.say(_trouble(TooFast(), head))
            if self._refused >= MOST_REFUSED_IN_A_ROW:
                self._line.end(TOO_FAST)
            return
        self._refused = 0
        if head is None:
            self._line.say(_trouble(InvalidInput("Send a JSON object with a `type`."), None))
        else:
            await self._obey(head, raw)

    async def _obey(self, head: Head, raw: bytes) -> None:
        """As a request: told, counted, recorded."""
        began, status = time.perf_counter(), 200
        name = head.type if head.type in self._talk.commands else "unknown"
        journey = begin_journey(None, request_id=token_hex(8), name=f"SOCKET {name}", from_outside=True)
        guest = self._guest
        identify(tenant=guest.tenant.slug, tenant_id=guest.tenant.id, user=str(guest.actor.user_id))
        if guest.follower:
            follow(follower=guest.follower)
        try:
            await guest.spend(guest.actor)
            answer = await self._talk.obey(head.type, raw)
            self._line.say(Answer(head.ref, answer))
        except Refusal as refusal:
            status = status_of(refusal)
            if journey.span:
                journey.span.fail(refusal)
            self._line.say(_trouble(refusal, head))
        except msgspec.ValidationError as error:
            status = 400
            self._line.say(_trouble(InvalidInput(f"{error}."), head))
        except Exception as bug:
            status = 500
            if journey.span:
                journey.span.fail(bug)
            _log.error("bug", method="SOCKET", path=name, exc_info=bug)
            self._line.say(_trouble(Bug(), head))
        finally:
            took_s = time.perf_counter() - began
            _record(journey, name, status, took_s)
            end_journey(journey)

    async def _listen(self, news: Subscription) -> None:
        async for item in news:
            doubted = isinstance(item, Hint) and item.channel == self._standing.channel
            # A doubt may be among the hints that were lost.
            if (doubted or isinstance(item, Marker)) and not await self._may_stay(doubted=doubted):
                self._line.end(SIGN_IN)
                return
            if not doubted:
                await self._talk.hear(item)
        self._line.end(STOPPING)

    async def _may_stay(self, *, doubted: bool) -> bool:
        """Nothing more is told until this is settled."""
        if not await self._standing.holds():
            return False
        if self._guest.bearer is None or not doubted:
            return True
        await asyncio.sleep(SETTLED_S)
        return await self._standing.holds()

    async def _keep_time(self) -> None:
        loop, pubsub = asyncio.get_running_loop(), self._guest.runtime.pubsub
        ask_at = loop.time() + ASK_S
        while True:
            await asyncio.sleep(self._beat_s)
            if loop.time() - self._heard_at > SILENT_BEATS * self._beat_s:
                self._line.end(SILENT)
                return
            if loop.time() >= ask_at or not pubsub.connected:
                if not await self._standing.holds():
                    self._line.end(SIGN_IN)
                    return
                ask_at = loop.time() + ASK_S
            self._line.say(Ping())
            with suppress(Refusal):
                await self._talk.beat()


def _record(journey: Journey, name: str, status: int, took_s: float) -> None:
    metrics.observe_request("SOCKET", name, status, took_s)
    if journey.span is not None:
        recording = journey.span.recording
        recording.route, recording.status = name, status
        journey.span.set(
            **{
                "http.request.method": "SOCKET",
                "http.route": name,
                "http.response.status_code": status,
            }
        )
    duration_ms = round(took_s * 1_000, 2)
    _log.info("request", method="SOCKET", path=name, route=name, status=status, duration_ms=duration_ms)


class Bug(Refusal):
    code = "server.error"
    kind = Kind.UNAVAILABLE
    message = "Something went wrong on our side. It has been recorded; please try again."


class NoPlace(Exception):
    """Too many are open."""


class _Places:
    def __init__(self) -> None:
        self._count = 0
        self._of: Counter[str] = Counter()

    @contextmanager
    def taken(self, holders: Sequence[tuple[str, int]]) -> Iterator[None]:
        """Raises NoPlace."""
        if self._count >= MOST_SOCKETS or any(self._of[name] >= most for name, most in holders):
            raise NoPlace
        self._count += 1
        self._of.update([name for name, _ in holders])
        try:
            yield
        finally:
            self._count -= 1
            for name, _ in holders:
                self._of[name] -= 1
                if not self._of[name]:
                    del self._of[name]

    @property
    def count(self) -> int:
        return self._count


_places = _Places()
metrics.watch("threadly_sockets_open", "WebSockets that are open.", lambda: float(_places.count))


async def _name(socket: AnySocket, guest: Guest, line: Line) -> None:
    """The first frame of a program that has not said yet who it is."""
    try:
        async with asyncio.timeout(NAME_YOURSELF_S):
            raw = await _frame(socket, line)
    except TimeoutError:
        raw = None
    head = _head(raw) if raw else None
    if head is None or head.type != "authenticate" or not head.token:
        line.end(SIGN_IN)
        return
    try:
        await guest.name(head.token)
        await guest.spend(guest.actor)
    except Refusal as refusal:
        await _say_at_once(socket, _trouble(refusal, head))
        line.end(SIGN_IN if refusal.kind is Kind.UNAUTHENTICATED else TOO_FAST)


async def _say_at_once(socket: AnySocket, frame: msgspec.Struct) -> None:
    await socket.send_text(msgspec.json.encode(frame).decode())


async def _frame(socket: AnySocket, line: Line) -> bytes | None:
    """The next frame; None when it ends the conversation. Raises WebSocketDisconnect."""
    message = await socket.receive()
    if message["type"] == "websocket.disconnect":
        raise WebSocketDisconnect(detail="left", code=message.get("code") or 1005)
    text = message.get("text")
    if not isinstance(text, str):
        line.end(NO_TEXT)
        return None
    raw = text.encode("utf-8", "surrogatepass")
    if len(raw) > MOST_FRAME_BYTES:
        line.end(TOO_BIG)
        return None
    return raw


async def _close(socket: AnySocket, closing: Closing) -> None:
    with suppress(TimeoutError, WebSocketDisconnect, Exception):
        async with asyncio.timeout(CLOSE_S):
            await socket.send({"type": "websocket.close", "code": closing.code, "reason": closing.reason})


def _chosen(socket: AnySocket) -> str | None:
    """Our subprotocol, if the client offers it: a browser insists on one of those that it named."""
    return PROTOCOL if PROTOCOL in socket.scope["subprotocols"] else None


def _head(raw: bytes) -> Head | None:
    try:
        return msgspec.json.decode(raw, type=Head)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def _trouble(refusal: Refusal, head: Head | None) -> Trouble:
    problem = Problem(refusal.code, refusal.message, refusal.field, refusal.retry_after_s)
    return Trouble(problem, head.ref if head else None)
