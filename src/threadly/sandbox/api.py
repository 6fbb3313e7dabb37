"""The HTTP API: who may call, what goes wrong on purpose, and which call is which."""

import asyncio
import contextlib
import hmac
import sqlite3
from collections.abc import Awaitable, Callable
from typing import Any, NoReturn

import msgspec

from threadly.sandbox.calls import Call, Calls
from threadly.sandbox.cards import Fault
from threadly.sandbox.page import PAGE
from threadly.sandbox.types import FailsOnPurpose, Problem

__all__ = ["Api"]

Message = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Answer = Callable[[Call], Awaitable[tuple[int, Any]]]

_BODY_LONGEST = 65_536
_WAYS = {"/v1/charges", "/v1/charges/cancel", "/v1/refunds", "/v1/payouts", "/v1/movements"}


class Api:
    """The ASGI application. `stopping` ends the calls that are not answered on purpose."""

    def __init__(self, calls: Calls, *, key: str, stopping: asyncio.Event) -> None:
        self._calls = calls
        self._authorization = f"Bearer {key}".encode()
        self._stopping = stopping

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if (scope["method"], scope["path"]) == ("GET", "/"):
            await _respond(send, 200, PAGE.encode(), "text/html; charset=utf-8")
            return
        try:
            status, content = await self._answer(scope, receive)
        except Problem as problem:
            status, content = problem.status, {"error": problem.code, "message": problem.message}
        except (msgspec.DecodeError, UnicodeDecodeError, OverflowError) as error:  # they say what is wrong
            status, content = 400, {"error": "bad_request", "message": f"{error}."}
        except sqlite3.Error as error:
            message = f"The storage failed ({error}): look whether its disk is full, and repeat the call."
            status, content = 500, {"error": "storage", "message": message}
        await _respond(send, status, msgspec.json.encode(content), "application/json")

    async def _answer(self, scope: Message, receive: Receive) -> tuple[int, Any]:
        headers = dict(scope["headers"])
        if not hmac.compare_digest(headers.get(b"authorization", b""), self._authorization):
            raise Problem(401, "unauthorized", "Send the key of this sandbox: Authorization: Bearer <key>.")
        answer = _find_answer(self._calls, scope["method"], scope["path"])
        call = Call(
            scope["path"],
            scope["query_string"],
            headers.get(b"idempotency-key", b"").decode("latin-1"),
            await _read_body(receive),
        )
        if not _can_fail(scope["path"]):
            return await answer(call)
        return await self._answer_or_fail(scope["method"], call, answer, receive)

    async def _answer_or_fail(
        self, method: str, call: Call, answer: Answer, receive: Receive
    ) -> tuple[int, Any]:
        """As the behaviour and the card want it."""
        mood = self._calls.mood
        if mood.behaviour.down:
            raise Problem(
                503, "down", "The sandbox pretends to be down: this call was not looked at, nothing happened."
            )
        await asyncio.sleep(mood.behaviour.latency_ms / 1000)
        fault = mood.draw(f"{method} {call.path} {call.key or call.query or call.body!r}")
        try:
            if fault in ("error_before", "timeout_before"):
                raise FailsOnPurpose(fault)
            answered = await answer(call)
            if fault:
                raise FailsOnPurpose(fault)
        except FailsOnPurpose as reason:
            await self._fail(reason.fault, receive)
        return answered

    async def _fail(self, fault: Fault, receive: Receive) -> NoReturn:
        if fault.startswith("timeout"):
            hung_up = asyncio.create_task(_wait_for_hanging_up(receive))
            stopping = asyncio.create_task(self._stopping.wait())
            await asyncio.wait(
                (hung_up, stopping),
                timeout=self._calls.mood.behaviour.hang_s,
                return_when=asyncio.FIRST_COMPLETED,
            )
            hung_up.cancel()
            stopping.cancel()
            raise Problem(504, "timeout", "The sandbox was told not to answer this call in time.")
        raise Problem(
            500, "internal", "The sandbox was told to fail at this call, after or before its effect."
        )


def _find_answer(calls: Calls, method: str, path: str) -> Answer:
    answers = {
        ("POST", "/v1/charges"): calls.charge,
        ("GET", "/v1/charges"): calls.find_charges,
        ("POST", "/v1/charges/cancel"): calls.cancel,
        ("POST", "/v1/refunds"): calls.refund,
        ("POST", "/v1/payouts"): calls.pay_out,
        ("GET", "/v1/movements"): calls.list_movements,
        ("GET", "/v1/behaviour"): calls.get_behaviour,
        ("PUT", "/v1/behaviour"): calls.set_behaviour,
        ("PUT", "/v1/webhook_endpoint"): calls.set_endpoint,
        ("DELETE", "/v1/webhook_endpoint"): calls.forget_endpoint,
        ("POST", "/v1/webhooks/release"): calls.release_webhooks,
        ("GET", "/v1/audit"): calls.audit,
    }
    if (answer := answers.get((method, path))) is not None:
        return answer
    if path.startswith("/v1/charges/") and method == "GET":
        return calls.get_charge
    ways = ", ".join(f"{known} {way}" for known, way in answers)
    raise Problem(404, "not_found", f"There is no {method} {path}; there are {ways}.")


def _can_fail(path: str) -> bool:
    """What steers the sandbox, or proves what it did, works whatever the behaviour."""
    return path in _WAYS or path.startswith("/v1/charges/")


async def _read_body(receive: Receive) -> bytes:
    body = b""
    while True:
        message = await receive()
        body += bytes(message.get("body", b""))
        if len(body) > _BODY_LONGEST:
            raise Problem(413, "too_large", f"A body of {_BODY_LONGEST} bytes is the largest taken.")
        if not message.get("more_body", False):
            return body


async def _wait_for_hanging_up(receive: Receive) -> None:
    with contextlib.suppress(asyncio.CancelledError):
        while (await receive())["type"] != "http.disconnect":
            pass


async def _respond(send: Send, status: int, body: bytes, kind: str) -> None:
    headers = [(b"content-type", kind.encode()), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
