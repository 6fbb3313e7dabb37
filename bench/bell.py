"""How soon the bell rings, and what open pages cost while it does not."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import httpx
import msgspec
import psutil

from bench.findings import Finding, Table, percentile
from bench.installation import Installation

__all__ = ["measure_bell", "measure_open_bells"]

STREAM = "/api/v1/notifications/stream"
RINGERS = 20
EVENTS_PER_S = 50
FOR_S = 20
LATE_AFTER_S = 15.0
SETTLE_TIMEOUT_S = 180.0
WAITING = "SELECT count(*) FROM platform.outbox WHERE done_at IS NULL"
RING_TARGET_MS = 300

IDLE = 2_000
# A member may have twelve streams open; a page that is loaded is an answer more.
OPENED_AT_ONCE = 50
OPEN_TIMEOUT_S = 60.0
SETTLE_S = 5.0
MEMORY_TARGET_MIB = 150


class Bell(msgspec.Struct):
    """What one member's open page hears: when each post of theirs that somebody liked was told of."""

    token: str
    told_at: dict[str, float] = {}
    told: asyncio.Event = msgspec.field(default_factory=asyncio.Event)

    async def heard(self, count: int) -> None:
        while len(self.told_at) < count:
            self.told.clear()
            await self.told.wait()


async def measure_bell(installation: Installation, tokens: dict[str, str]) -> Finding:
    """`tokens` are access tokens by the ids of their members. Each like is of another post, and so makes an
    entry of its own."""
    members = list(tokens.items())[: 2 * RINGERS]
    owners, fans = dict(members[:RINGERS]), [token for _, token in members[RINGERS:]]
    bells = {owner: Bell(token) for owner, token in owners.items()}
    events = EVENTS_PER_S * FOR_S
    async with (
        httpx.AsyncClient(base_url=installation.url, timeout=30.0) as client,
        _listening(installation, list(bells.values())),
    ):
        posts = await _publish(client, bells, events)
        await _settle(installation)
        began, answered_at = time.perf_counter(), dict[str, float]()

        async def like(number: int) -> None:
            _, post_id = posts[number]
            await asyncio.sleep(max(0.0, began + number / EVENTS_PER_S - time.perf_counter()))
            headers = {"Authorization": f"Bearer {fans[number % len(fans)]}"}
            answer = await client.post(f"/api/v1/posts/{post_id}/likes", headers=headers)
            answered_at[post_id] = time.perf_counter()
            answer.raise_for_status()

        await asyncio.gather(*map(like, range(events)))
        with suppress(TimeoutError):
            async with asyncio.timeout(LATE_AFTER_S):
                await asyncio.gather(*[bell.heard(own) for bell, own in _share(bells, posts)])
    took_ms = [
        (bells[owner].told_at[post_id] - answered_at[post_id]) * 1e3
        for owner, post_id in posts
        if post_id in bells[owner].told_at
    ]
    return _rang(took_ms, events)


async def _publish(client: httpx.AsyncClient, bells: dict[str, Bell], count: int) -> list[tuple[str, str]]:
    """So many posts, one after the other of each member; their authors and ids."""
    owners = list(bells)
    turns = asyncio.Semaphore(8)

    async def one(number: int) -> tuple[str, str]:
        owner = owners[number % len(owners)]
        headers = {"Authorization": f"Bearer {bells[owner].token}"}
        async with turns:
            answer = await client.post(
                "/api/v1/posts", json={"content": f"To be liked: {number}."}, headers=headers
            )
        return owner, answer.raise_for_status().json()["data"]["id"]

    return list(await asyncio.gather(*map(one, range(count))))


async def _settle(installation: Installation) -> None:
    """Until all that the posts themselves caused is over."""
    connection = await installation.connect()
    try:
        deadline = time.perf_counter() + SETTLE_TIMEOUT_S
        while await connection.fetchval(WAITING):
            assert time.perf_counter() < deadline, "the worker does not keep up"
            await asyncio.sleep(0.2)
    finally:
        await connection.close()


@asynccontextmanager
async def _listening(installation: Installation, bells: list[Bell]) -> AsyncIterator[None]:
    """Meanwhile each of them has a page open."""
    limits = httpx.Limits(max_connections=None)
    async with httpx.AsyncClient(base_url=installation.url, timeout=None, limits=limits) as client:
        listening = []
        for start in range(0, len(bells), OPENED_AT_ONCE):
            some = bells[start : start + OPENED_AT_ONCE]
            tasks = [asyncio.create_task(_listen(client, bell)) for bell in some]
            listening += tasks
            async with asyncio.timeout(OPEN_TIMEOUT_S):
                for bell in some:
                    await bell.told.wait()
            assert not any(task.done() for task in tasks), "a stream ended"
        try:
            yield
        finally:
            for task in listening:
                task.cancel()
            await asyncio.gather(*listening, return_exceptions=True)


async def _listen(client: httpx.AsyncClient, bell: Bell) -> None:
    async with client.stream("GET", STREAM, headers={"Authorization": f"Bearer {bell.token}"}) as stream:
        stream.raise_for_status()
        async for line in stream.aiter_lines():
            if not line.startswith("data: "):
                continue
            told = json.loads(line.removeprefix("data: "))
            if told.get("kind") == "like":
                bell.told_at.setdefault(told["url"].rpartition("/")[2], time.perf_counter())
            bell.told.set()


def _share(bells: dict[str, Bell], posts: list[tuple[str, str]]) -> list[tuple[Bell, int]]:
    """How many posts each bell is to tell of."""
    return [(bell, sum(author == owner for author, _ in posts)) for owner, bell in bells.items()]


def _rang(took_ms: list[float], events: int) -> Finding:
    spread = [percentile(took_ms or [float("inf")], share) for share in (0.5, 0.95, 0.99, 1.0)]
    return Finding(
        title="Bell",
        target=f"95 of 100 within {RING_TARGET_MS} ms of the answer",
        measured=f"p95 {spread[1]:.0f} ms, {len(took_ms):,} of {events:,} heard",
        met=len(took_ms) == events and spread[1] <= RING_TARGET_MS,
        how=f"Members like posts of {RINGERS} others over the API, {EVENTS_PER_S} times a second for {FOR_S} "
        "s, each another post, with one web process and one worker. From the answer to the like until the "
        "author's open stream says it.",
        table=Table(
            ("Likes", "Heard", "p50, ms", "p95, ms", "p99, ms", "Most, ms"),
            [(f"{events:,}", f"{len(took_ms):,}", *(f"{each:.0f}" for each in spread))],
        ),
    )


async def measure_open_bells(installation: Installation, tokens: dict[str, str]) -> Finding:
    """`tokens` as in `measure_bell`, of at least a twelfth as many members as streams are opened."""
    web = _web_process(installation)
    before = _memory_mib(web)
    keys = list(tokens.values())
    bells = [Bell(keys[number % len(keys)]) for number in range(IDLE)]
    async with _listening(installation, bells):
        await asyncio.sleep(SETTLE_S)
        with_them = _memory_mib(web)
    more = with_them - before
    return Finding(
        title="Open bells",
        target=f"{IDLE:,} idle streams in ≤ {MEMORY_TARGET_MIB} MiB more",
        measured=f"{more:.0f} MiB more, {more * 1024 / IDLE:.0f} KiB each",
        met=more <= MEMORY_TARGET_MIB,
        how=f"{len(keys)} members open {IDLE:,} streams to one web process and do nothing. Its unique memory "
        f"before, and {SETTLE_S:.0f} s after the last was open.",
        table=Table(
            ("Before, MiB", f"With {IDLE:,} streams, MiB", "More, MiB", "Each, KiB"),
            [(f"{before:.0f}", f"{with_them:.0f}", f"{more:.0f}", f"{more * 1024 / IDLE:.1f}")],
        ),
    )


def _web_process(installation: Installation) -> psutil.Process:
    """The one that serves; the one above it only watches."""
    home = str(installation.home)
    serving = [each for each in psutil.process_iter() if _serves(each, home)]
    return max(serving, key=_memory_mib)


def _serves(process: psutil.Process, home: str) -> bool:
    try:
        parent = process.parent()
        lines = [" ".join(each.cmdline()) for each in (process, parent) if each is not None]
        return "threadly web" in "".join(lines) and process.environ().get("THREADLY_HOME") == home
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        return False


def _memory_mib(process: psutil.Process) -> float:
    return float(process.memory_full_info().uss) / 2**20
