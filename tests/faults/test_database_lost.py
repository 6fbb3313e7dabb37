"""Without the database: 503 with Retry-After, soon; and with its return everything goes on by itself."""

import asyncio
import signal
import time

import httpx
import psutil
import pytest

from tests.conftest import eventually
from tests.faults.installation import Installation, Member, halt, is_ready, resume

READERS = 6
# `request_timeout_s` of the installation, what asyncpg waits for a query to be cancelled, and some time on a
# machine that does other things.
ANSWERED_WITHIN_S = 3 + 5 + 5


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGQUIT], ids=["fast", "at once"])
async def test_a_database_restarted_under_load_gives_503_and_then_goes_on(
    installation: Installation, http: httpx.AsyncClient, number: signal.Signals
) -> None:
    members = [await installation.sign_up(http, f"{number.name.lower()}_{at}") for at in range(READERS)]
    before = [installation.server(name).pid for name in ("valkey", "worker", "web")]
    load = _Load(http, members)
    supervisor = psutil.Process(installation.pid)
    async with load:
        await eventually(lambda: load.has_seen(200, 20))
        halt([supervisor])  # so that the database stays away until it was missed
        installation.server("postgres").send_signal(number)
        await eventually(lambda: load.has_seen(503, 20))
        ready = await http.get("/ready")
        assert (ready.status_code, ready.json()["database"]) == (503, "down")
        assert (await http.get("/live")).status_code == 200
        page = await http.get("/explore", headers={"Accept": "text/html"})
        assert page.status_code == 503
        assert page.headers["content-type"].startswith("text/html")
        resume([supervisor])
        await eventually(lambda: is_ready(http))
        load.forget()
        await eventually(lambda: load.has_seen(201, 10))
    assert load.unexpected == []
    assert load.longest_s < ANSWERED_WITHIN_S
    assert [installation.server(name).pid for name in ("valkey", "worker", "web")] == before
    await _worker_goes_on(installation, http, members)


async def test_a_database_that_hangs_keeps_nobody_waiting_beyond_the_time_limit(
    installation: Installation, http: httpx.AsyncClient
) -> None:
    members = [await installation.sign_up(http, f"hang_{at}") for at in range(READERS)]
    before = [installation.server(name).pid for name in ("valkey", "worker", "web")]
    processes = installation.everything_of("postgres")
    load = _Load(http, members)
    async with load:
        halt(processes)
        try:
            await eventually(lambda: load.has_seen(503, READERS))
        finally:
            resume(processes)
    assert load.unexpected == []
    assert load.longest_s < ANSWERED_WITHIN_S
    await eventually(lambda: is_ready(http))
    assert [installation.server(name).pid for name in ("valkey", "worker", "web")] == before
    await _worker_goes_on(installation, http, members)


class _Load:
    """Members who read their feed and post, without a pause."""

    def __init__(self, http: httpx.AsyncClient, members: list[Member]) -> None:
        self._http = http
        self._members = members
        self._seen: dict[int, int] = {}
        self.unexpected: list[str] = []
        self.longest_s = 0.0
        self._stopped = False

    async def has_seen(self, status: int, times: int) -> bool:
        assert self.unexpected == []
        return self._seen.get(status, 0) >= times

    def forget(self) -> None:
        self._seen.clear()

    async def __aenter__(self) -> None:
        self._running = [asyncio.create_task(self._go_on(member)) for member in self._members]

    async def __aexit__(self, *_: object) -> None:
        self._stopped = True
        await asyncio.gather(*self._running)

    async def _go_on(self, member: Member) -> None:
        while not self._stopped:
            await self._try(member)

    async def _try(self, member: Member) -> None:
        for ask in (member.feed, lambda: member.post("Through thick and thin")):
            if self._stopped:
                return
            begun_at = time.monotonic()
            try:
                self._note(await ask())
            except httpx.TransportError as error:
                self.unexpected.append(repr(error))
            self.longest_s = max(self.longest_s, time.monotonic() - begun_at)

    def _note(self, answer: httpx.Response) -> None:
        self._seen[answer.status_code] = self._seen.get(answer.status_code, 0) + 1
        if answer.status_code in (200, 201):
            return
        failure = answer.json()
        if answer.status_code != 503 or not int(answer.headers.get("Retry-After", 0)) or failure["success"]:
            self.unexpected.append(f"{answer.status_code} {answer.text}")


async def _worker_goes_on(installation: Installation, http: httpx.AsyncClient, members: list[Member]) -> None:
    """Its relay and its jobs."""
    author, follower = members[:2]
    await follower.follow(author)
    content = f"The worker goes on {time.monotonic()}"
    assert (await author.post(content)).status_code == 201
    await eventually(lambda: _reads(follower, content))
    newcomer = await installation.sign_up(http, f"{author.username}_newcomer")
    async with installation.database() as database:
        asked = "SELECT count(*) > 0 FROM platform.mailbox WHERE recipient LIKE $1 || '%'"

        async def has_mail() -> bool:
            return bool(await database.fetchval(asked, newcomer.username))

        await eventually(has_mail)


async def _reads(member: Member, content: str) -> bool:
    return content in await member.feed_contents()
