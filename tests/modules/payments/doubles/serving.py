"""An HTTP server in the test's own loop, with faults on demand."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any, Literal, cast
from urllib.parse import parse_qsl

import msgspec
import uvicorn

__all__ = ["Answer", "Double", "Fault", "Request", "Stage", "Unfit", "free_port", "serving", "staging"]

Fault = Literal["timeout_before", "timeout_after", "error_before", "error_after", "busy"]
"""`before`: without its effect. `after`: with it. `busy`: 429, not looked at."""
Message = dict[str, Any]


class Request(msgspec.Struct, frozen=True):
    method: str
    path: str
    headers: dict[str, str]
    query: list[tuple[str, str]]
    body: bytes


class Answer(msgspec.Struct, frozen=True):
    status: int
    content: Any
    headers: dict[str, str] = {}


class Unfit(Exception):
    """A request that the published API does not allow."""


class Double:
    """`fail` has the next call of an operation (`POST …/confirm`) go wrong. `violations` must stay empty."""

    def __init__(self) -> None:
        self.violations: list[str] = []
        self.calls: list[str] = []
        self._faults: dict[str, Fault] = {}

    def fail(self, ending: str, fault: Fault) -> None:
        self._faults[ending] = fault

    def take_fault(self, request: Request) -> Fault | None:
        for ending in self._faults:
            method, _, path = ending.partition(" …")
            if request.method == method and request.path.endswith(path):
                return self._faults.pop(ending)
        return None

    async def answer(self, request: Request) -> Answer:
        raise NotImplementedError

    def unfit(self, why: Unfit) -> Answer:
        raise NotImplementedError

    async def __call__(
        self,
        scope: Message,
        receive: Callable[[], Awaitable[Message]],
        send: Callable[[Message], Awaitable[None]],
    ) -> None:
        request = await _request_of(scope, receive)
        self.calls.append(f"{request.method} {request.path}")
        try:
            answer = await self.answer(request)
        except Unfit as why:
            self.violations.append(f"{request.method} {request.path}: {why}")
            answer = self.unfit(why)
        except TimeoutError:
            await _hung_up(receive)
            return
        await _respond(send, answer)


async def _request_of(scope: Message, receive: Callable[[], Awaitable[Message]]) -> Request:
    body, more = b"", True
    while more:
        message = await receive()
        body, more = body + message.get("body", b""), message.get("more_body", False)
    headers = {name.decode().lower(): value.decode() for name, value in scope["headers"]}
    query = parse_qsl(scope["query_string"].decode(), keep_blank_values=True)
    return Request(scope["method"], scope["path"], headers, query, body)


async def _hung_up(receive: Callable[[], Awaitable[Message]]) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _respond(send: Callable[[Message], Awaitable[None]], answer: Answer) -> None:
    body = b"" if answer.content is None else msgspec.json.encode(answer.content)
    headers: Mapping[str, str] = {"content-type": "application/json", "content-length": str(len(body))}
    pairs = [(name.encode(), value.encode()) for name, value in {**headers, **answer.headers}.items()]
    await send({"type": "http.response.start", "status": answer.status, "headers": pairs})
    await send({"type": "http.response.body", "body": body})


class Stage:
    """A served address at which one double after the other appears: servers take long to start and stop."""

    def __init__(self, url: str = "") -> None:
        self.url = url
        self.double: Double | None = None

    async def __call__(
        self,
        scope: Message,
        receive: Callable[[], Awaitable[Message]],
        send: Callable[[Message], Awaitable[None]],
    ) -> None:
        assert self.double, "nobody is on stage"
        await self.double(scope, receive, send)


@asynccontextmanager
async def staging() -> AsyncIterator[Stage]:
    stage = Stage()
    async with serving(stage) as stage.url:
        yield stage


def free_port() -> int:
    """A port that nobody listens at."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@asynccontextmanager
async def serving(app: object) -> AsyncIterator[str]:
    """The address at which `app` is served, in this loop."""
    config = uvicorn.Config(
        cast(Any, app), http="h11", ws="none", lifespan="off", log_config=None, access_log=False
    )
    server = uvicorn.Server(config)
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP) as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        running = asyncio.create_task(_serve(server, listener))
        while not server.started:  # noqa: ASYNC110  # uvicorn has no event for that
            await asyncio.sleep(0.01)
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = server.force_exit = True
            await running


async def _serve(server: uvicorn.Server, listener: socket.socket) -> None:
    server.capture_signals = contextlib.nullcontext  # type: ignore[method-assign,assignment]  # the signals are pytest's
    await server.serve(sockets=[listener])
