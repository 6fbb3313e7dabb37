"""How soon a message is in the other browser, when that is connected to another web process."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress

import httpx
from websockets.asyncio.client import ClientConnection, connect

from bench.findings import Finding, Table, percentile
from bench.installation import Installation, free_port, serving

__all__ = ["measure_messages"]

PAIRS = 20
MESSAGES_PER_S = 200
FOR_S = 15
LATE_AFTER_S = 10.0
# As the page does: what was read is told so soon after, and once.
MARK_AFTER_S = 0.25
TARGET_S = 0.100


class Sent:
    """When each was sent; how long until the sender had the answer, and the other the message; and by
    conversation the numbers that came."""

    def __init__(self) -> None:
        self.at: dict[str, float] = {}
        self.answered_s: list[float] = []
        self.arrived_s: list[float] = []
        self.numbers: dict[str, list[int]] = {}
        self.all_arrived = asyncio.Event()


async def measure_messages(installation: Installation, tokens: Mapping[str, str]) -> Finding:
    """`tokens` by member, at least two for each pair."""
    port, sent = free_port(), Sent()
    with serving(
        ["-m", "threadly", "web"],
        environ={
            "THREADLY_HOME": str(installation.home),
            "THREADLY_PORT": str(port),
            # Of one installation: its tokens name its address.
            "THREADLY_BASE_URL": installation.url,
            "THREADLY_RATE_LIMIT_FACTOR": "1000000",
        },
        log=installation.home / "bench-web.log",
        ready=lambda _log: _answers(port),
    ):
        members = list(tokens.items())[: 2 * PAIRS]
        pairs = list(zip(members[::2], members[1::2], strict=True))
        async with AsyncExitStack() as stack:
            listening, writing = [], []
            for place, (one, other) in enumerate(pairs):
                where = await _begin(installation, one, other)
                writer = await stack.enter_async_context(_connected(installation.port, one[1]))
                reader = await stack.enter_async_context(_connected(port, other[1]))
                listening += [_listen(reader, where, sent, own=False), _listen(writer, where, sent, own=True)]
                writing.append(_write(writer, where, sent, place=place))
            tasks = [asyncio.create_task(each) for each in listening]
            await asyncio.gather(*writing)
            with suppress(TimeoutError):
                async with asyncio.timeout(LATE_AFTER_S):
                    await sent.all_arrived.wait()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
    return _found(sent)


def _answers(port: int) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/ready", timeout=1.0).status_code == httpx.codes.OK
    except httpx.TransportError:
        return False


async def _begin(installation: Installation, one: tuple[str, str], other: tuple[str, str]) -> str:
    headers = {"Authorization": f"Bearer {one[1]}"}
    async with httpx.AsyncClient(base_url=installation.url, headers=headers, timeout=10.0) as client:
        answer = await client.post("/api/v1/conversations", json={"members": [other[0]]})
        where = str(answer.raise_for_status().json()["data"]["id"])
        # From here on they are two who talk: nothing of it is screened.
        headers = {"Authorization": f"Bearer {other[1]}"}
        path = f"/api/v1/conversations/{where}/messages"
        (await client.post(path, json={"content": "Hello"}, headers=headers)).raise_for_status()
    return where


@asynccontextmanager
async def _connected(port: int, token: str) -> AsyncIterator[ClientConnection]:
    async with connect(
        f"ws://127.0.0.1:{port}/api/v1/socket",
        additional_headers={"Authorization": f"Bearer {token}"},
        ping_interval=None,
        compression=None,
        proxy=None,
    ) as connection:
        while json.loads(await connection.recv())["type"] != "hello":
            continue
        yield connection


async def _write(connection: ClientConnection, where: str, sent: Sent, *, place: int) -> None:
    """At their times, however long the answers take."""
    began, step = time.perf_counter() + place / MESSAGES_PER_S, PAIRS / MESSAGES_PER_S
    for number in range(FOR_S * MESSAGES_PER_S // PAIRS):
        await asyncio.sleep(max(0.0, began + number * step - time.perf_counter()))
        client_id = f"{place}-{number}"
        command = {
            "type": "message.send",
            "ref": client_id,
            "conversation_id": where,
            "client_id": client_id,
            "content": f"{client_id} A sentence of about the length that people write to each other.",
        }
        sent.at[client_id] = time.perf_counter()
        await connection.send(json.dumps(command))


async def _listen(connection: ClientConnection, where: str, sent: Sent, *, own: bool) -> None:
    mark_at, seq = 0.0, 0
    async for raw in connection:
        now, frame = time.perf_counter(), json.loads(raw)
        if frame["type"] == "ping":
            await connection.send('{"type":"pong"}')
        elif frame["type"] == "answer" and own:
            sent.answered_s.append(now - sent.at[frame["ref"]])
        elif frame["type"] == "message" and not own:
            message = frame["message"]
            sent.arrived_s.append(now - sent.at[message["content"].partition(" ")[0]])
            sent.numbers.setdefault(where, []).append(message["seq"])
            if len(sent.arrived_s) == FOR_S * MESSAGES_PER_S:
                sent.all_arrived.set()
            seq = message["seq"]
            if now >= mark_at:
                mark_at = now + MARK_AFTER_S
                await connection.send(json.dumps({"type": "mark", "conversation_id": where, "read_seq": seq}))


def _found(sent: Sent) -> Finding:
    complete = len(sent.arrived_s) == len(sent.at)
    in_order = all(
        numbers == list(range(numbers[0], numbers[0] + len(numbers))) for numbers in sent.numbers.values()
    )
    p95_s = percentile(sent.arrived_s, 0.95) if sent.arrived_s else float("inf")
    measured = f"{p95_s * 1e3:.0f} ms" if complete else f"{len(sent.arrived_s)} of {len(sent.at)} arrived"
    if not in_order:
        measured += ", out of order"
    return Finding(
        title="Messages",
        target=f"in the other browser, p95 ≤ {TARGET_S * 1e3:.0f} ms at {MESSAGES_PER_S} messages/s",
        measured=measured,
        met=complete and in_order and p95_s <= TARGET_S,
        how=f"{PAIRS} pairs of members, one of each connected to one web process and one to another, by "
        f"WebSocket. For {FOR_S} s the ones send {MESSAGES_PER_S} messages a second among them, at fixed "
        "times; the others say what they have read, as pages do. From before a message is sent until the "
        "other connection has received it, in one process and by one clock. All arrive once and in order.",
        table=Table(
            ("", "Count", "p50, ms", "p95, ms", "p99, ms", "Most, ms"),
            [
                _row("Answer to who sent it", sent.answered_s),
                _row("In the other browser", sent.arrived_s),
            ],
        ),
    )


def _row(name: str, seconds: list[float]) -> tuple[str, ...]:
    spread = [percentile(seconds, share) * 1e3 for share in (0.5, 0.95, 0.99, 1.0)]
    return (name, str(len(seconds)), *(f"{each:.0f}" for each in spread))
